"""Signing in and out."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, session, url_for
from flask_login import logout_user
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access.entering import ask_link, judge, judge_code, members_of, try_code, try_name
from loyalty.access.keyring import options_to_sign_in
from loyalty.access.links import about, find_link, use_link
from loyalty.access.passkeys import MEMBERS
from loyalty.access.passwords import matches
from loyalty.access.security import login_of, use_code, use_step
from loyalty.access.signed import end, enter
from loyalty.access.steps import opened, step_of
from loyalty.access.tables import Link
from loyalty.i18n import _, fitting
from loyalty.members.operations import change
from loyalty.web.guarding import inside, limiter, open_to_all
from loyalty.web.portal.entering import (
    LIMIT,
    admitted,
    come_in,
    credential_id,
    go_on,
    half,
    keep_challenge,
    party,
    place,
    secret,
    taken_challenge,
    told_place,
)
from loyalty.web.posting import soon
from loyalty.web.site import back, form, here, tell
from loyalty.web.speaking import COOKIE

pages = Blueprint("signing", __name__)
limiter.limit(LIMIT, methods=["POST"])(pages)

#: Said of every name and password that do not go together, whatever the reason.
WRONG = _(
    "This did not match. Where several share an address, sign in with your number, or have a link sent. After several failures "
    "a name is locked for a while; a link works all the same."
)


@pages.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("sign_in.html", after=inside(request.args.get("after")), name="", wrong="")


@pages.post("/sign-in")
@open_to_all
def by_password() -> AnyResponse | tuple[str, int]:
    """The same words, the same status and one computation for every name; it is compared outside of any transaction."""
    site = here()
    name, password, after = form("name", 254), secret("password"), inside(form("after"))
    with site.writing() as transaction:
        tried = try_name(transaction, name, site.now)
    right = matches(tried.password, password)
    with site.writing() as transaction:
        judge(transaction, tried, right, password, site.now, told_place())
        token = admitted(transaction, tried.member_id, "password") if right else None
    if not right:
        return render_template("sign_in.html", after=after, name=name, wrong=site.language.say(WRONG)), 422
    return go_on(token, tried.member_id, "password", after)


# --- by a link ----------------------------------------------------------------------------------------------------


@pages.post("/sign-in/link")
@open_to_all
def ask() -> AnyResponse:
    site = here()
    with site.writing() as transaction:
        ask_link(transaction, site.program, form("name", 254), site.language.code, site.now, inside(form("after")))
    soon()
    return redirect(url_for("signing.sent"), 303)


@pages.get("/sign-in/sent")
@open_to_all
def sent() -> str:
    return render_template("sent.html", what="sign_in")


@pages.get("/sign-in/link/<token>")
@open_to_all
def link(token: str) -> str | tuple[str, int]:
    """Opening a link uses up nothing: scanners of mail open every one."""
    site = here()
    found = find_link(site.reading, site.deployment.settings, "sign_in", token, site.now)
    members = members_of(site.reading, found) if found else []
    return render_template("link.html", members=members, wrong="") if members else over()


def over() -> tuple[str, int]:
    """The page for every link that does not work, whatever the reason."""
    return render_template("over.html"), 410


@pages.post("/sign-in/link/<token>")
@open_to_all
def by_link(token: str) -> AnyResponse | tuple[str, int]:
    site = here()
    with site.writing() as transaction:
        found = find_link(transaction, site.deployment.settings, "sign_in", token, site.now)
        members = members_of(transaction, found) if found else []
        chosen = [one for one in members if len(members) == 1 or one.number == form("number")]
        if members and not chosen:
            return render_template("link.html", members=members, wrong=site.language.say(_("Please choose a member."))), 422
        if found is None or not chosen or not use_link(transaction, found, site.now):
            return over()
        token_kept = admitted(transaction, chosen[0].member_id, "link")
    return _after_link(found, token_kept, chosen[0].member_id)


def _after_link(found: Link, token: str | None, member_id: int) -> AnyResponse:
    said = about(found)
    renew = said.get("says") == "renew"
    answer = go_on(token, member_id, "link", url_for("security.security") if renew else said.get("after"))
    if renew:
        tell(here().language.say(_("Please choose a new password, and look at what is set here.")))
    return answer


# --- the second step ----------------------------------------------------------------------------------------------


@pages.get("/sign-in/code")
@open_to_all
def code() -> str | AnyResponse:
    return render_template("code.html", wrong="") if half() else redirect(url_for("signing.sign_in"), 303)


@pages.post("/sign-in/code")
@open_to_all
def by_code() -> AnyResponse | tuple[str, int]:
    site, begun = here(), half()
    if begun is None:
        return redirect(url_for("signing.sign_in"), 303)
    member_id, how, after = begun
    with site.writing() as transaction:
        right = is_proved(transaction, member_id, form("code", 40))
        token = enter(transaction, member_id, how, site.now, place(), request.user_agent.string) if right else ""
    if not right:
        wrong = site.language.say(_("This code does not work, or was used. After several failures wait a quarter of an hour."))
        return render_template("code.html", wrong=wrong), 422
    return come_in(token, after)


def is_proved(transaction: Session, member_id: int, given: str) -> bool:
    """Whether a code proves a member's second step: one of the app, once for each step, or a recovery code, once."""
    site = here()
    counted = try_code(transaction, member_id, site.now)
    right = not counted.locked and _is_right(transaction, member_id, given)
    judge_code(transaction, counted, member_id, right, site.now, told_place())
    return right


def _is_right(transaction: Session, member_id: int, given: str) -> bool:
    site, login = here(), login_of(transaction, member_id)
    shared = opened(site.deployment.settings, login.totp) if login.totp else None
    step = step_of(shared, given, site.now, login.totp_step) if shared else None
    return use_step(transaction, member_id, step) if step is not None else use_code(transaction, member_id, given)


# --- by a passkey -------------------------------------------------------------------------------------------------


@pages.post("/sign-in/passkey/options")
@open_to_all
def passkey_options() -> Response:
    options, challenge = options_to_sign_in(party())
    keep_challenge(challenge, "sign in")
    return Response(options, mimetype="application/json")


@pages.post("/sign-in/passkey")
@open_to_all
def by_passkey() -> Response | tuple[Response, int]:
    """Answers with where to go on, for the script."""
    site, asked = here(), taken_challenge("sign in")
    answer = request.form.get("credential", "")
    with site.writing() as transaction:
        member_id = asked and MEMBERS.signed_by(transaction, party(), *asked, credential_id(answer), answer, site.now)
        token = admitted(transaction, member_id, "passkey") if member_id else None
    if token is None:
        return jsonify(said=site.language.say(_("This passkey does not work here."))), 422
    return jsonify(to=come_in(token, form("after")).location)


# --- out ----------------------------------------------------------------------------------------------------------


@pages.post("/sign-out")
@open_to_all
def sign_out() -> AnyResponse:
    site = here()
    who = site.signed_in
    if who is not None:
        with site.writing() as transaction:
            end(transaction, who.member_id, site.now, only=who.sign_in_id)
        logout_user()
    session.clear()
    return back("signing.sign_in")


@pages.post("/language")
@open_to_all
def language() -> AnyResponse:
    """Choose a language: kept by the browser, and for the member who is signed in."""
    site = here()
    code = fitting(request.form.get("language", ""), site.program.file.languages)
    answer = redirect(inside(request.form.get("after")) or url_for("home.home"), 303)
    who = site.signed_in
    if who is not None:
        with site.writing() as transaction:
            change(transaction, who.member_id, site.now, language=code)
    answer.set_cookie(COOKIE, code, max_age=31536000, samesite="Lax", httponly=True,
                      secure=site.deployment.settings.web_address.startswith("https://"))  # fmt: skip
    return answer
