"""Staff sign in by name and password, then by a code; the code again where an act takes a fresh one; and out."""

from flask import current_app, redirect, render_template, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.access.attempts import clear, count, subject_of
from loyalty.access.passwords import SHORTEST, hashed, matches, weakness
from loyalty.access.staff import judge_staff, set_password, set_step, try_staff, try_staff_code, use_step
from loyalty.access.staff_signed import StaffViewer, begin_staff, end_sign_ins, note_step
from loyalty.access.staff_tables import Staff
from loyalty.access.steps import app_address, fresh_secret, opened, sealed, step_of
from loyalty.i18n import _
from loyalty.web.guarding import inside, limiter
from loyalty.web.portal.entering import LIMIT, place, secret
from loyalty.web.portal.security_told import qr
from loyalty.web.site import back, form, here
from loyalty.web.staff.guard import HALF, OPEN, RECENT, TOKEN, WHOLE, needs, pages, signed, worker

Page = str | tuple[str, int] | Response
#: Keeps the sealed secret of a second step that is being set up.
SETTING = "staff_step"
#: The application keeps the identity provider, if there is one, under this key.
PROVIDER = "loyalty_provider"
WRONG = _("This did not match. After several failures a name is locked for a while.")
WRONG_CODE = _("This code does not work, or was used. After several failures wait a quarter of an hour.")


@pages.get("/sign-in")
@needs(OPEN)
def sign_in() -> str:
    return _sign_in("", "", inside(request.args.get("after")))


def _sign_in(name: str, wrong: str, wanted: str | None) -> str:
    provided = current_app.extensions[PROVIDER] is not None
    return render_template("staff/sign_in.html", after=wanted, name=name, wrong=wrong, provided=provided,
                           out="out" in request.args)  # fmt: skip


@pages.post("/sign-in")
@needs(OPEN)
@limiter.limit(LIMIT)
def by_password() -> Page:
    """The same words, the same status and one computation for every name; it is compared outside of any transaction."""
    site, name, password, wanted = here(), form("name", 254), secret("password"), inside(form("after"))
    with site.writing() as transaction:
        tried = try_staff(transaction, name, site.now)
    right = matches(tried.password, password)
    with site.writing() as transaction:
        judge_staff(transaction, tried, right, password)
        token = _begun(transaction, tried.staff_id) if right else ""
    if not right:
        return _sign_in(name, site.language.say(WRONG), wanted), 422
    forget()
    session[TOKEN] = token
    return redirect(url_for("staff.code", after=wanted), 303)


def _begun(transaction: Session, staff_id: int | None) -> str:
    assert staff_id is not None
    return begin_staff(transaction, staff_id, "password", here().now, place(), request.user_agent.string)


def forget() -> None:
    """Nothing of a sign-in before stays in the browser, nor the token of its forms."""
    for name in (TOKEN, RECENT, SETTING, "challenge", "csrf_token"):
        session.pop(name, None)


# --- the second step ----------------------------------------------------------------------------------------------


@pages.get("/code")
@needs(HALF)
def code() -> Page:
    """The code of the second step; who has none yet sets it up."""
    wanted = inside(request.args.get("after"))
    if worker().has_step:
        return render_template("staff/code.html", after=wanted, wrong="")
    shared = fresh_secret()
    session[SETTING] = sealed(here().deployment.settings, shared)
    return _set_up(shared, wanted, "")


@pages.post("/code")
@needs(HALF)
@limiter.limit(LIMIT)
def by_code() -> Page:
    site, wanted = here(), inside(form("after"))
    if not worker().has_step:
        return redirect(url_for("staff.code", after=wanted), 303)
    if not is_proved(form("code", 20)):
        return render_template("staff/code.html", after=wanted, wrong=site.language.say(WRONG_CODE)), 422
    return redirect(wanted or url_for("staff.start"), 303)


def is_proved(given: str) -> bool:
    """Whether a code proves the second step of who is signed in, which is then fresh; one counts once, failures lock."""
    site, who = here(), worker()
    with site.writing() as transaction:
        counted = try_staff_code(transaction, who.staff_id, site.now)
        right = not counted.locked and _is_right(transaction, who, given)
        if right:
            clear(transaction, [counted.subject])
            note_step(transaction, who.sign_in_id, site.now)
    return right


def _is_right(transaction: Session, who: StaffViewer, given: str) -> bool:
    site, staff = here(), transaction.get_one(Staff, who.staff_id)
    shared = opened(site.deployment.settings, staff.totp) if staff.totp else None
    step = step_of(shared, given, site.now, staff.totp_step) if shared else None
    return step is not None and use_step(transaction, who.staff_id, step)


def _set_up(shared: str, wanted: str | None, wrong: str) -> str:
    site = here()
    address = app_address(shared, worker().name, site.language.own(site.program.file.name))
    spaced = " ".join(shared[at : at + 4] for at in range(0, len(shared), 4))
    return render_template("staff/set_up.html", picture=qr(address), shared=spaced, after=wanted, wrong=wrong)


@pages.post("/code/new")
@needs(HALF)
@limiter.limit(LIMIT)
def set_up() -> Page:
    """Set up the second step by a code of the app; only for who has none."""
    site, who, wanted = here(), worker(), inside(form("after"))
    shared = opened(site.deployment.settings, session.get(SETTING, ""))
    if who.has_step or shared is None:
        return redirect(url_for("staff.code", after=wanted), 303)
    used = step_of(shared, form("code", 20), site.now, None)
    if used is None:
        return _set_up(shared, wanted, site.language.say(_("This code does not work. Is the clock of your phone right?"))), 422
    with site.writing() as transaction:
        staff = transaction.get_one(Staff, who.staff_id, with_for_update=True)
        if not staff.totp:
            set_step(transaction, who.actor, staff, sealed(site.deployment.settings, shared), used, site.now)
            note_step(transaction, who.sign_in_id, site.now)
    session.pop(SETTING)
    return redirect(wanted or url_for("staff.start"), 303)


# --- the password, and out ------------------------------------------------------------------------------------------


@pages.get("/password")
@needs(WHOLE)
def password() -> str:
    return _password({})


def _password(wrong: dict[str, str]) -> str:
    return render_template("staff/password.html", wrong=wrong, least=SHORTEST, first=not worker().chose_password)


@pages.post("/password")
@needs(WHOLE)
@limiter.limit(LIMIT)
def choose_password() -> Page:
    """Choose a password; every other sign-in ends. Who has only the one that was made for them was just asked for it."""
    site, who = here(), worker()
    if who.chose_password and not _is_own(who):
        return _password({"old": site.language.say(WRONG)}), 422
    weak = weakness(secret("new"), who.name)
    if weak:
        return _password({"new": site.language.say(weak, count=SHORTEST)}), 422
    fresh = hashed(secret("new"))
    with site.writing() as transaction:
        staff = transaction.get_one(Staff, who.staff_id, with_for_update=True)
        set_password(transaction, who.actor, staff, fresh, site.now, but=who.sign_in_id)
    return back("staff.start", site.language.say(_("Your password is set. All other sign-ins have ended.")))


def _is_own(who: StaffViewer) -> bool:
    """Whether the password that was typed is theirs; counted, for a browser left open is in anyone's hands."""
    site, subject = here(), subject_of("own staff password", str(who.staff_id))
    with site.writing() as transaction:
        locked = count(transaction, subject, site.now).locked
        kept = transaction.get_one(Staff, who.staff_id).password
    right = matches("" if locked else kept, secret("old"))
    if right:
        with site.writing() as transaction:
            clear(transaction, [subject])
    return right


@pages.post("/sign-out")
@needs(OPEN)
def sign_out() -> Response:
    site, who = here(), signed()
    if who is not None:
        with site.writing() as transaction:
            end_sign_ins(transaction, who.staff_id, site.now, only=who.sign_in_id)
    forget()
    out = "1" if who is not None and who.how == "provider" else None
    return redirect(url_for("staff.sign_in", out=out), 303)
