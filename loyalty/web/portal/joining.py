"""Becoming a member: asked for here, confirmed by the link of a letter. Whose an address is, is told to it alone."""

from dataclasses import dataclass, field
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty.access.joining import Wish, admit, ask_to_join
from loyalty.access.links import about, find_link, use_link
from loyalty.access.passwords import SHORTEST, hashed, weakness
from loyalty.access.signed import begin
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _, fitting
from loyalty.members.rules import checked_attributes
from loyalty.program.models import Attribute
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers
from loyalty.web.guarding import limiter, open_to_all
from loyalty.web.portal.entering import LIMIT, come_in, place, secret
from loyalty.web.portal.signing import over
from loyalty.web.posting import soon
from loyalty.web.site import back, form, here, tell

pages = Blueprint("joining", __name__)
limiter.limit(LIMIT, methods=["POST"])(pages)


@dataclass
class Asked:
    """What was typed, and what is wrong with it, by field."""

    given: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


@pages.get("/join")
@open_to_all
def join() -> str:
    offered = here().edition.messages.consents
    return _page(Asked({f"c-{name}": consent.given for name, consent in offered.items()}))


def _page(asked: Asked) -> str:
    site, own = here(), here().language.own
    stated = [
        {"field": f"a-{name}", "label": own(one.name) if one.name else name, "type": one.type, "options": _options(one)}
        for name, one in site.program.file.members.attributes.items() if one.stated
    ]  # fmt: skip
    consents = [
        {"field": f"c-{name}", "label": own(one.name), "sentence": own(one.sentence) if one.sentence else ""}
        for name, one in site.edition.messages.consents.items() if not one.transactional
    ]  # fmt: skip
    return render_template(
        "joining.html", stated=stated, consents=consents, given=asked.given, wrong=asked.wrong, least=SHORTEST
    )


def _options(about: Attribute) -> dict[str, str]:
    """What may be chosen, by value, with nothing first; none where it is written."""
    own, say = here().language.own, here().language.say
    if about.type == "flag":
        return {"": "–", "true": say(_("Yes")), "false": say(_("No"))}
    values = about.one_of or ()
    return {"": "–", **{one: own(about.names[one]) if one in about.names else one for one in values}} if values else {}


@pages.post("/join")
@open_to_all
def ask() -> Response | tuple[str, int]:
    """The same answer, after the same work, for an address that is a member's and for one that is not."""
    site = here()
    asked = _asked()
    if asked.wrong:
        return _page(asked), 422
    password = secret("password")
    kept = hashed(password) if password else ""
    wish = Wish(asked.given["name"], asked.given["email"], asked.given["language"], _stated(asked), _consents(asked), kept)
    with site.writing() as transaction:
        ask_to_join(transaction, site.program, wish, site.now)
    soon()
    return redirect(url_for("joining.sent"), 303)


def _asked() -> Asked:
    site, say = here(), here().language.say
    known = site.program.file.members.attributes
    found = Asked({"name": form("name", 200), "email": form("email")})
    found.given["language"] = fitting(form("language") or site.language.code, site.program.file.languages)
    stated = [name for name, attribute in known.items() if attribute.stated]
    found.given |= {f"a-{name}": form(f"a-{name}") for name in stated}
    found.given |= {f"c-{name}": f"c-{name}" in request.form for name in site.edition.messages.consents}
    if not found.given["name"]:
        found.wrong["name"] = say(_("Please say what we may call you."))
    if not is_address(found.given["email"]):
        found.wrong["email"] = say(_("This is no e-mail address."))
    for name in stated:
        try:
            checked_attributes(known, {name: found.given[f"a-{name}"]})
        except Refused as refused:
            found.wrong[f"a-{name}"] = refusal_told(refused, site.language)
    weak = weakness(secret("password"), found.given["email"]) if secret("password") else ""
    if weak:
        found.wrong["password"] = say(weak, count=SHORTEST)
    return found


def is_address(text: str) -> bool:
    """Whether a text is an address to which mail can go; its server is not asked."""
    try:
        validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True


def _stated(asked: Asked) -> dict[str, Any]:
    return {name.removeprefix("a-"): value for name, value in asked.given.items() if name.startswith("a-") and value}


def _consents(asked: Asked) -> dict[str, bool]:
    """What was said of every message that can be refused."""
    offered = here().edition.messages.consents
    return {name: asked.given[f"c-{name}"] for name, consent in offered.items() if not consent.transactional}


@pages.get("/join/sent")
@open_to_all
def sent() -> str:
    return render_template("sent.html", what="join")


@pages.get("/join/<token>")
@open_to_all
def confirm(token: str) -> str | tuple[str, int]:
    site = here()
    found = find_link(site.reading, site.deployment.settings, "join", token, site.now)
    return render_template("confirm.html", wish=about(found)["wish"]) if found else over()


@pages.post("/join/<token>")
@open_to_all
def confirmed(token: str) -> Response | tuple[str, int]:
    site = here()
    with site.writing() as transaction:
        found = find_link(transaction, site.deployment.settings, "join", token, site.now)
        if found is None or not use_link(transaction, found, site.now):
            return over()
        enrolled = admit(transaction, site.program, found, site.now, site.today)
        if enrolled is not None and enrolled.member_id is not None:
            open_standings(transaction, [(enrolled.member_id, site.today)])
            settle(transaction, site.program, list(lock_numbers(transaction, [enrolled.number]).values()), site.now)
            kept = begin(transaction, enrolled.member_id, "link", site.now, place(), request.user_agent.string)
    if enrolled is None:
        return back("signing.sign_in", site.language.say(_("There is a membership with this address already: please sign in.")))
    answer = come_in(kept, None)
    tell(site.language.say(_("Welcome. Your member number is {number}."), number=enrolled.number))
    return answer
