"""What a member sets about coming in: password, second step, passkeys, sign-ins, the address. And "it was not me"."""

from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access import passkeys
from loyalty.access.links import about, find_link
from loyalty.access.passwords import SHORTEST, hashed, weakness
from loyalty.access.security import (
    ask_address,
    confirm_address,
    login_of,
    not_me,
    renew_codes,
    set_password,
    switch_off,
    switch_on,
)
from loyalty.access.signed import begun_lately, end
from loyalty.access.steps import app_address, fresh_secret, opened, sealed, step_of
from loyalty.access.tables import Link
from loyalty.access.tokens import read_not_me
from loyalty.i18n import _
from loyalty.web.guarding import limiter, open_to_all
from loyalty.web.portal.entering import LIMIT, keep_challenge, party, secret, taken_challenge, told_place
from loyalty.web.portal.joining import is_address
from loyalty.web.portal.proving import is_own, needs_proof, proved
from loyalty.web.portal.security_told import RENEWING, qr, security_told
from loyalty.web.portal.signing import is_proved, over
from loyalty.web.posting import soon
from loyalty.web.site import back, form, here

pages = Blueprint("security", __name__)
limiter.limit(LIMIT, methods=["POST"])(pages)


@pages.get("/me/security")
def security() -> str:
    return _page({})


def _page(wrong: dict[str, str]) -> str:
    site = here()
    told = security_told(site.reading, site.viewer, site.now, site.language)
    return render_template("security.html", told=told, wrong=wrong, least=SHORTEST, proved=proved())


def _refused(field: str, said: str, **fields: Any) -> tuple[str, int]:
    return _page({field: here().language.say(said, **fields)}), 422


# --- the password -------------------------------------------------------------------------------------------------


@pages.post("/me/security/password")
def password() -> AnyResponse | tuple[str, int]:
    site, who = here(), here().viewer
    kept = login_of(site.reading, who.member_id).password
    if not kept and not proved():
        return redirect(url_for("proving.prove", after=url_for("security.security")), 303)
    renews = begun_lately(site.reading, who, site.now) in RENEWING
    if kept and not renews and not is_own(kept, secret("old")):
        return _refused("old", _("This is not your password. After several failures wait a quarter of an hour."))
    weak = weakness(secret("new"), who.number, who.email)
    if weak:
        return _refused("new", weak, count=SHORTEST)
    fresh = hashed(secret("new"))
    with site.writing() as transaction:
        set_password(transaction, who.member_id, fresh, site.now, told_place(), but=who.sign_in_id)
    return back("security.security", site.language.say(_("Your password is set. All other sign-ins have ended.")))


# --- the second step ----------------------------------------------------------------------------------------------


@pages.get("/me/security/step")
@needs_proof("security.step")
def step() -> str | AnyResponse:
    site = here()
    if login_of(site.reading, site.viewer.member_id).totp:
        return redirect(url_for("security.security"), 303)
    shared = fresh_secret()
    session["step"] = sealed(site.deployment.settings, shared)
    return _step(shared, "")


def _step(shared: str, wrong: str) -> str:
    site = here()
    address = app_address(shared, site.viewer.number, site.language.own(site.program.file.name))
    spaced = " ".join(shared[at : at + 4] for at in range(0, len(shared), 4))
    return render_template("step.html", picture=qr(address), shared=spaced, address=address, wrong=wrong)


@pages.post("/me/security/step")
@needs_proof("security.step")
def step_on() -> str | AnyResponse | tuple[str, int]:
    site, who = here(), here().viewer
    shared = opened(site.deployment.settings, session.get("step", ""))
    if shared is None:
        return redirect(url_for("security.step"), 303)
    used = step_of(shared, form("code", 20), site.now, None)
    if used is None:
        return _step(shared, site.language.say(_("This code does not work. Is the clock of your phone right?"))), 422
    session.pop("step")
    kept = sealed(site.deployment.settings, shared)
    with site.writing() as transaction:
        codes = switch_on(transaction, who.member_id, kept, used, site.now, told_place())
    return render_template("codes.html", codes=codes)


@pages.post("/me/security/step/off")
def step_off() -> AnyResponse | tuple[str, int]:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        right = is_proved(transaction, who.member_id, form("code", 40))
        if right:
            switch_off(transaction, who.member_id, site.now, told_place())
    if not right:
        return _refused("code", _("This code does not work, or was used. After several failures wait a quarter of an hour."))
    return back("security.security", site.language.say(_("No second step is asked for any more.")))


@pages.post("/me/security/step/codes")
def codes() -> str | tuple[str, int]:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        right = is_proved(transaction, who.member_id, form("code", 40))
        fresh = renew_codes(transaction, who.member_id, site.now, told_place()) if right else []
    if not right:
        return _refused("code", _("This code does not work, or was used. After several failures wait a quarter of an hour."))
    return render_template("codes.html", codes=fresh)


# --- passkeys -----------------------------------------------------------------------------------------------------


@pages.post("/me/security/passkeys/options")
@needs_proof("security.security")
def passkey_options() -> Response:
    site, who = here(), here().viewer
    options, challenge = passkeys.MEMBERS.options_to_add(site.reading, party(), who.member_id, who.number, who.name)
    keep_challenge(challenge, "add")
    return Response(options, mimetype="application/json")


@pages.post("/me/security/passkeys")
@needs_proof("security.security")
def add_passkey() -> Response | tuple[Response, int]:
    site, who, asked = here(), here().viewer, taken_challenge("add")
    name = form("name", 60) or site.language.say(_("Passkey of {day}"), day=site.language.day(site.today))
    answer = request.form.get("credential", "")
    with site.writing() as transaction:
        made = asked is not None and passkeys.add(
            transaction, party(), who.member_id, asked[0], answer, name, site.now, told_place()
        )
    if not made:
        return jsonify(said=site.language.say(_("The passkey could not be added."))), 422
    return jsonify(to=back("security.security", site.language.say(_("The passkey is added."))).location)


@pages.post("/me/security/passkeys/<int:passkey_id>/name")
def name_passkey(passkey_id: int) -> AnyResponse:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        done = passkeys.MEMBERS.rename(transaction, who.member_id, passkey_id, form("name", 60) or "–")
    return back("security.security", site.language.say(_("The passkey is named."))) if done else abort(404)


@pages.post("/me/security/passkeys/<int:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> AnyResponse:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        done = passkeys.remove(transaction, who.member_id, passkey_id, site.now, told_place())
    return back("security.security", site.language.say(_("The passkey is removed."))) if done else abort(404)


# --- sign-ins -----------------------------------------------------------------------------------------------------


@pages.post("/me/security/sign-ins/<int:sign_in_id>/end")
def end_one(sign_in_id: int) -> AnyResponse:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        done = end(transaction, who.member_id, site.now, only=sign_in_id)
    return back("security.security", site.language.say(_("This sign-in has ended."))) if done else abort(404)


@pages.post("/me/security/sign-ins/end")
def end_others() -> AnyResponse:
    site, who = here(), here().viewer
    with site.writing() as transaction:
        end(transaction, who.member_id, site.now, but=who.sign_in_id)
    return back("security.security", site.language.say(_("All other sign-ins have ended.")))


# --- the address --------------------------------------------------------------------------------------------------


@pages.post("/me/security/address")
@needs_proof("security.security")
def address() -> AnyResponse | tuple[str, int]:
    site, who, wanted = here(), here().viewer, form("email")
    if not is_address(wanted) or wanted == who.email:
        return _refused("email", _("This is no e-mail address, or is yours already."))
    with site.writing() as transaction:
        ask_address(transaction, who.member_id, who.email, wanted, site.language.code, site.now)
    soon()
    said = _("We have written to both addresses. The address changes when both letters are answered.")
    return back("security.security", site.language.say(said))


def _asked_for(transaction: Session, end_: str, token: str) -> Link | None:
    purpose = {"old": "email_old", "new": "email_new"}.get(end_) or abort(404)
    return find_link(transaction, here().deployment.settings, purpose, token, here().now)


@pages.get("/address/<end_>/<token>")
@open_to_all
def ask_confirm(end_: str, token: str) -> str | tuple[str, int]:
    found = _asked_for(here().reading, end_, token)
    return render_template("address.html", new=about(found)["new"], old=end_ == "old") if found else over()


@pages.post("/address/<end_>/<token>")
@open_to_all
def confirm(end_: str, token: str) -> str | tuple[str, int]:
    site = here()
    with site.writing() as transaction:
        found = _asked_for(transaction, end_, token)
        if found is None or found.member_id is None:
            return over()
        if end_ == "old" and form("answer") == "no":
            not_me(transaction, found.member_id, found.locale, site.now)
            state = "not_me"
        else:
            state = confirm_address(transaction, found, site.now)
    soon()
    return over() if state == "over" else render_template("said.html", what=state)


# --- it was not me ------------------------------------------------------------------------------------------------


@pages.get("/not-me/<token>")
@open_to_all
def ask_not_me(token: str) -> str | tuple[str, int]:
    site = here()
    return over() if read_not_me(site.deployment.settings, token, site.now) is None else render_template("not_me.html")


@pages.post("/not-me/<token>")
@open_to_all
def was_not_me(token: str) -> str | tuple[str, int]:
    site = here()
    member_id = read_not_me(site.deployment.settings, token, site.now)
    if member_id is None:
        return over()
    with site.writing() as transaction:
        not_me(transaction, member_id, site.language.code, site.now)
    soon()
    return render_template("said.html", what="not_me")
