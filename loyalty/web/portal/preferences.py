"""What a member wants to be told."""

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from loyalty.i18n import _
from loyalty.members.consent import DIGESTS, choose_digest, consent, consents_of, digests_of
from loyalty.web.site import Site, back, form, here

pages = Blueprint("preferences", __name__)

#: Where it was said, in the logs.
SOURCE = "portal"
#: How activity may be taken together.
TOGETHER = {"each": _("each by itself"), "day": _("once a day"), "week": _("once a week"), "month": _("once a month")}


@pages.get("/me/preferences")
def preferences() -> str:
    site = here()
    who, language = site.viewer.member_id, site.language
    said = consents_of(site.reading, [who]).get(who, {})
    chosen = digests_of(site.reading, [who]).get(who, [])
    usual = _usual(site)
    consents = [
        {"name": name, "title": language.own(about.name), "sentence": language.own(about.sentence) if about.sentence else "",
         "given": said.get(name, about.given), "always": about.transactional}
        for name, about in site.edition.messages.consents.items()
    ]  # fmt: skip
    digests = {name: language.say(TOGETHER[name]) for name in DIGESTS} if usual else {}
    return render_template("preferences.html", consents=consents, digests=digests, digest=chosen[-1][1] if chosen else usual)


def _usual(site: Site) -> str:
    """How the program tells activity to who chose nothing; nothing where it tells none."""
    kinds: list[Any] = [message for message in site.edition.messages.messages if message.of == "activity"]
    return str(kinds[0].digest) if kinds else ""


@pages.post("/me/preferences")
def preferences_sent() -> Response:
    """Take down what was said of each consent; the same again changes nothing."""
    site = here()
    wanted = {name: name in request.form.getlist("consent") for name in _refusable(site)}
    digest = form("digest")
    with site.writing() as session:
        who = site.viewer.member_id
        known = consents_of(session, [who]).get(who, {})
        for name, given in wanted.items():
            if known.get(name, site.edition.messages.consents[name].given) != given:
                consent(session, who, name, given, SOURCE, site.now)
        chosen = digests_of(session, [who]).get(who, [])
        if digest in DIGESTS and digest != (chosen[-1][1] if chosen else _usual(site)):
            choose_digest(session, who, digest, SOURCE, site.now)
    return back("preferences.preferences", site.language.say(_("We have noted what you want to hear.")))


def _refusable(site: Site) -> list[str]:
    """The consents that may be refused."""
    return [name for name, about in site.edition.messages.consents.items() if not about.transactional]
