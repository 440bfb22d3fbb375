"""Passkeys of staff: to sign in with, to take the second step with; added, named and removed by who is signed in."""

from flask import Response, abort, jsonify, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access.keyring import options_to_sign_in
from loyalty.access.staff_passkeys import STAFF, add, remove, rename
from loyalty.access.staff_signed import begin_staff, is_fresh, note_step
from loyalty.access.staff_tables import Staff
from loyalty.errors import Refused
from loyalty.i18n import _
from loyalty.web.guarding import NUMBER, inside, limiter
from loyalty.web.portal.entering import LIMIT, credential_id, keep_challenge, party, place, taken_challenge
from loyalty.web.site import back, form, here
from loyalty.web.staff.guard import HALF, OPEN, TOKEN, WHOLE, needs, pages, worker
from loyalty.web.staff.signing import forget

#: What a challenge is for: one cannot be answered in the place of another.
SIGN_IN, STEP, ADD = "staff sign in", "staff step", "staff add"
WRONG = _("This passkey does not work here.")
Answer = Response | tuple[Response, int]


def _asked(what: str) -> Response:
    options, challenge = options_to_sign_in(party())
    keep_challenge(challenge, what)
    return Response(options, mimetype="application/json")


def _wrong(said: str) -> Answer:
    return jsonify(said=here().language.say(said)), 422


# --- signing in, and the second step ------------------------------------------------------------------------------


@pages.post("/sign-in/passkey/options")
@needs(OPEN)
@limiter.limit(LIMIT)
def sign_in_options() -> Response:
    return _asked(SIGN_IN)


@pages.post("/sign-in/passkey")
@needs(OPEN)
@limiter.limit(LIMIT)
def by_passkey() -> Answer:
    """Answers with where to go on, for the script. A passkey asks for face, finger or PIN: it is both steps."""
    site, asked, answer = here(), taken_challenge(SIGN_IN), request.form.get("credential", "")
    token = ""
    with site.writing() as transaction:
        staff_id = asked and STAFF.signed_by(transaction, party(), *asked, credential_id(answer), answer, site.now)
        if staff_id and transaction.get_one(Staff, staff_id).active:
            agent = request.user_agent.string
            token = begin_staff(transaction, staff_id, "passkey", site.now, place(), agent, stepped=True)
    if not token:
        return _wrong(WRONG)
    forget()
    session[TOKEN] = token
    return jsonify(to=inside(form("after")) or "/staff")


@pages.post("/code/passkey/options")
@needs(HALF)
def step_options() -> Response:
    return _asked(STEP)


@pages.post("/code/passkey")
@needs(HALF)
@limiter.limit(LIMIT)
def step_by_passkey() -> Answer:
    """The second step, by a passkey of who is signed in and nobody else's."""
    site, who, asked, answer = here(), worker(), taken_challenge(STEP), request.form.get("credential", "")
    with site.writing() as transaction:
        staff_id = asked and STAFF.signed_by(transaction, party(), *asked, credential_id(answer), answer, site.now)
        if staff_id == who.staff_id:
            note_step(transaction, who.sign_in_id, site.now)
    return jsonify(to=inside(form("after")) or "/staff") if staff_id == who.staff_id else _wrong(WRONG)


# --- what one has -------------------------------------------------------------------------------------------------


def _fresh() -> None:
    """Whoever finds a browser left open leaves no way in. Raises Refused: `step_up_needed`."""
    if not is_fresh(here().deployment.roles, worker(), here().now):
        raise Refused("step_up_needed")


@pages.get("/passkeys")
@needs(WHOLE)
def passkeys() -> str:
    site, who = here(), worker()
    fresh = is_fresh(site.deployment.roles, who, site.now)
    return render_template("staff/passkeys.html", keys=STAFF.of(site.reading, who.staff_id), fresh=fresh,
                           zone=site.program.zone.key)  # fmt: skip


@pages.post("/passkeys/options")
@needs(WHOLE)
def passkey_options() -> Response:
    _fresh()
    site, who = here(), worker()
    options, challenge = STAFF.options_to_add(site.reading, party(), who.staff_id, who.name, who.shown)
    keep_challenge(challenge, ADD)
    return Response(options, mimetype="application/json")


@pages.post("/passkeys")
@needs(WHOLE)
def add_passkey() -> Answer:
    _fresh()
    site, who, asked = here(), worker(), taken_challenge(ADD)
    name = form("name", 60) or site.language.say(_("Passkey of {day}"), day=site.language.day(site.today))
    with site.writing() as transaction:
        answer = request.form.get("credential", "")
        made = asked is not None and add(transaction, party(), who.actor, asked[0], answer, name, site.now)
    if not made:
        return _wrong(_("The passkey could not be added."))
    return jsonify(to=back("staff.passkeys", site.language.say(_("The passkey is added."))).location)


@pages.post(f"/passkeys/<{NUMBER}:number>/name")
@needs(WHOLE)
def name_passkey(number: int) -> AnyResponse:
    site = here()
    with site.writing() as transaction:
        done = rename(transaction, worker().actor, number, form("name", 60) or "–", site.now)
    return back("staff.passkeys", site.language.say(_("The passkey is named."))) if done else abort(404)


@pages.post(f"/passkeys/<{NUMBER}:number>/remove")
@needs(WHOLE)
def remove_passkey(number: int) -> AnyResponse:
    _fresh()
    site = here()
    with site.writing() as transaction:
        done = remove(transaction, worker().actor, number, site.now)
    return back("staff.passkeys", site.language.say(_("The passkey is removed."))) if done else abort(404)
