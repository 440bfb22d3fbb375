"""Who is staff: listed, added, given roles, ended, their password and second step made anew; never one's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from loyalty.access import staff as people_
from loyalty.access.staff_passkeys import STAFF
from loyalty.access.staff_signed import holds, staff_sign_ins
from loyalty.access.staff_tables import Staff, StaffPasskey, StaffSignIn
from loyalty.audit.chain import LONGEST_REASON
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.web.failing import STATUS
from loyalty.web.guarding import NUMBER
from loyalty.web.site import Site, back, form, here
from loyalty.web.staff.guard import is_stale, may, needs, pages, worker

Page = str | tuple[str, int] | Response
CHANGE = "staff.change"
#: People of one page, and sign-ins of one person that are shown.
PAGE, SHOWN = 50, 20
#: What the ways to sign in are called.
HOW = {"password": _("password"), "passkey": _("passkey"), "provider": _("identity provider")}


@pages.get("/people")
@needs("staff.read")
def people() -> str:
    """By name, those who have ended last."""
    site, after = here(), request.args.get("after", 0, type=int)
    rows = site.reading.scalars(
        select(Staff).order_by(Staff.active.desc(), Staff.name).offset(max(min(after, 10**6), 0)).limit(PAGE + 1)
    ).all()  # fmt: skip
    older = after + PAGE if rows[PAGE:] else None
    return render_template("staff/people.html", rows=_listed(site, rows[:PAGE]), older=older, changes=may(CHANGE),
                           zone=site.program.zone.key)  # fmt: skip


def _listed(site: Site, rows: Sequence[Staff]) -> list[dict[str, Any]]:
    ids = [one.staff_id for one in rows]
    lasts = _by_person(site, func.max(StaffSignIn.started_at), StaffSignIn, ids)
    keys = _by_person(site, func.count(), StaffPasskey, ids)
    return [
        {"number": one.staff_id, "name": one.name, "shown": one.shown, "roles": roles_named(site, people_.held(one)),
         "last": lasts.get(one.staff_id), "step": bool(one.totp), "passkeys": keys.get(one.staff_id, 0), "active": one.active,
         "ended_at": one.ended_at, "provided": bool(one.subject)}
        for one in rows
    ]  # fmt: skip


def _by_person(site: Site, what: Any, table: Any, ids: Sequence[int]) -> Mapping[int, Any]:
    query = select(table.staff_id, what.label("found")).where(table.staff_id.in_(ids)).group_by(table.staff_id)
    return {row.staff_id: row.found for row in site.reading.execute(query)}


def roles_named(site: Site, roles: Sequence[str]) -> list[str]:
    """Roles as pages call them; one that the file has no more by its name."""
    names = site.deployment.roles.names()
    return [site.language.own(names[role]) if role in names else role for role in roles]


@pages.get(f"/people/<{NUMBER}:number>")
@needs("staff.read")
def person(number: int) -> Page:
    """One of them: roles, how they sign in, and what may be changed."""
    return _page(number)


def _page(number: int, wrong: str = "", password: str = "") -> str:
    site = here()
    row = site.reading.get(Staff, number) or abort(404)
    names = {role: site.language.own(name) for role, name in site.deployment.roles.names().items()}
    return render_template(
        "staff/person.html", one=_listed(site, [row])[0], held=people_.held(row), names=names, wrong=wrong, password=password,
        keys=STAFF.of(site.reading, number), sign_ins=_sign_ins(site, number), zone=site.program.zone.key,
        changes=may(CHANGE) and row.active and row.staff_id != worker().staff_id, own_one=row.staff_id == worker().staff_id,
        stale=is_stale(CHANGE),
    )  # fmt: skip


def _sign_ins(site: Site, number: int) -> list[dict[str, Any]]:
    return [
        {"at": one.started_at, "seen": one.seen_at, "how": site.language.say(HOW[one.how]), "place": one.place,
         "holds": holds(one, site.now)}
        for one in staff_sign_ins(site.reading, number)[:SHOWN]
    ]  # fmt: skip


# --- changed ------------------------------------------------------------------------------------------------------


@pages.get("/people/new")
@needs(CHANGE)
def person_new() -> Page:
    """The form; who must take the second step anew is led there first."""
    if is_stale(CHANGE):
        return redirect(url_for("staff.code", after=url_for("staff.person_new")), 303)
    return _form({}, "")


def _form(given: dict[str, Any], wrong: str) -> str:
    site = here()
    names = {role: site.language.own(name) for role, name in site.deployment.roles.names().items()}
    return render_template("staff/person_new.html", names=names, given=given, wrong=wrong)


@pages.post("/people/new")
@needs(CHANGE)
def person_added() -> Page:
    """Add someone; the password that is made for them is on the answer, and nowhere else."""
    site = here()
    given: dict[str, Any] = {name: form(name, 254) for name in ("name", "shown")} | {
        "roles": _roles(),
        "reason": form("reason", LONGEST_REASON),
    }
    try:
        _proved()
        if not given["reason"]:
            raise Refused("reason_missing")
        wanted = people_.Hired(given["name"], given["shown"], tuple(_some(given["roles"])), reason=given["reason"])
        with site.writing() as session:
            added, password = people_.add(session, site.deployment.roles, worker().actor, wanted, site.now)
    except Refused as refusal:
        return _form(given, refusal_told(refusal, site.language)), STATUS.get(refusal.code, 422)
    return _page(added.staff_id, password=password)


def _roles() -> list[str]:
    return [one.replace("\0", "")[:80] for one in request.form.getlist("roles")[:100]]


def _some(roles: list[str]) -> list[str]:
    if not roles:
        raise Refused("missing_field", field="roles", allowed="at least one")
    return roles


def _proved() -> None:
    if is_stale(CHANGE):
        raise Refused("step_up_needed")


@pages.post(f"/people/<{NUMBER}:number>")
@needs(CHANGE)
def person_changed(number: int) -> Page:
    """Give roles, end, or make the password and the second step anew, with a reason and a fresh second step."""
    site, step = here(), form("step")
    name = (site.reading.get(Staff, number) or abort(404)).name
    if is_stale(CHANGE):
        return redirect(url_for("staff.code", after=url_for("staff.person", number=number)), 303)
    reason, by, roles, password = form("reason", LONGEST_REASON), worker().actor, site.deployment.roles, ""
    try:
        with site.writing() as session:
            if step == "roles":
                people_.change_roles(session, roles, by, name, _some(_roles()), reason, site.now)
            elif step == "end":
                people_.end(session, roles, by, name, reason, site.now)
            elif step == "renew":
                password = people_.renew_password(session, by, name, reason, site.now)
            else:
                abort(400)
    except Refused as refusal:
        return _page(number, refusal_told(refusal, site.language)), STATUS.get(refusal.code, 422)
    return _page(number, password=password) if password else back("staff.person", site.language.say(_("Done.")), number=number)
