"""What waits for another's approval: listed, previewed, approved or refused with a reason, taken back by who asked."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, redirect, render_template, url_for
from sqlalchemy import Row, select
from werkzeug.wrappers import Response

from loyalty.access.staff_tables import Staff
from loyalty.benefits.services import service_id
from loyalty.desk.approvals import BULK, approvals, approve, may_decide, refuse, sent_of, withdraw
from loyalty.desk.bulk_rows import bulk_of
from loyalty.desk.performing import preview
from loyalty.desk.publishing import PUBLISH
from loyalty.desk.services import ON_SERVICES, preview_on_service
from loyalty.desk.tables import Approval
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.web.failing import STATUS
from loyalty.web.guarding import NUMBER
from loyalty.web.site import Site, back, form, here
from loyalty.web.staff.bulk_told import bulk_told
from loyalty.web.staff.effect import preview_told
from loyalty.web.staff.guard import acting, is_stale, needs, pages, worker
from loyalty.web.staff.input_told import input_told
from loyalty.web.staff.member_told import act_told, counts_told
from loyalty.web.staff.service_acting import fates_told, service_effect

Page = str | tuple[str, int] | Response
#: What the states are called.
STATES = {"waiting": _("waiting"), "approved": _("approved"), "refused": _("refused"), "withdrawn": _("taken back")}


@dataclass(frozen=True)
class Waiting:
    """An approval in a list; `number` is the member's, or the key of the service that it is on."""

    approval_id: int
    label: str
    number: str
    size: int
    reason: str
    asked_by: str
    asked_at: datetime
    state: str
    mine: bool
    why: str
    decided_by: str


def waiting_told(site: Site, row: Row[Any]) -> Waiting:
    """A row of `approvals`."""
    one, state = row.Approval, site.language.say(STATES[row.Approval.state])
    mine = one.asked_by == worker().staff_id
    number = json.loads(one.input)["service"] if one.act in ON_SERVICES else one.number
    return Waiting(one.approval_id, label_told(site, one), number, one.size, one.reason, row.asked, one.asked_at, state,
                   mine, one.why, row.decided or "")  # fmt: skip


def label_told(site: Site, one: Approval) -> str:
    """What the act is called; of one for many, which it is."""
    label = act_told(site, one.act)
    return f"{label}: {act_told(site, json.loads(one.input)['act'])}" if one.act == BULK else label


@pages.get("/approvals", endpoint="approvals")
@needs("approval.read")
def approvals_() -> str:
    """What waits, the oldest first; and what one asked for oneself that was decided last."""
    site = here()
    waiting = [waiting_told(site, row) for row in approvals(site.reading)]
    mine = [waiting_told(site, row) for row in approvals(site.reading, "", asked_by=worker().staff_id, newest=True, limit=20)]
    return render_template("staff/approvals.html", others=[one for one in waiting if not one.mine],
                           waiting=[one for one in waiting if one.mine], decided=mine, zone=site.program.zone.key)  # fmt: skip


@pages.get(f"/approvals/<{NUMBER}:number>")
@needs("approval.read")
def approval(number: int) -> Page:
    """What was asked for, and its effect if it were done now."""
    return _page(number, "")


def _row(number: int) -> Approval:
    return here().reading.get(Approval, number) or abort(404)


def _page(number: int, wrong: str) -> str:
    site, row = here(), _row(number)
    who = acting()
    own = row.asked_by == who.actor.actor_id
    roles, open_ = site.deployment.roles, row.state == "waiting"
    decides = open_ and not own and may_decide(site.reading, roles, site.program, who, row, site.now)
    asked_by = site.reading.scalars(select(Staff.name).where(Staff.staff_id == row.asked_by)).one()
    effect, fates, refused = _effect(row) if open_ and (row.number or row.act in ON_SERVICES) else (None, [], "")
    many = bulk_told(site, bulk_of(site.reading, json.loads(row.input)["bulk"])) if row.act == BULK else None
    return render_template(
        "staff/approval.html", row=row, label=label_told(site, row), many=many, asked_by=asked_by, own_one=own, decides=decides,
        effect=effect, refused=refused, wrong=wrong, zone=site.program.zone.key, state=site.language.say(STATES[row.state]),
        fields=[] if many else input_told(site, row.act, json.loads(row.input)), counts=counts_told(site, row.act), fates=fates,
        service=_service(row), draft=_draft(row), stale=decides and is_stale(row.act),
    )  # fmt: skip


def _service(row: Approval) -> int | None:
    """The number of the service that it is on, if it is on one."""
    told = json.loads(row.input)
    return service_id(told["kind"], told["service"]) if row.act in ON_SERVICES else None


def _draft(row: Approval) -> int | None:
    """The draft that is to be published; none where it is about something else."""
    return int(json.loads(row.input)["draft"]) if row.act == PUBLISH else None


def _effect(row: Approval) -> tuple[list[dict[str, str]] | None, list[dict[str, Any]], str]:
    """What it would change now, of a service also what becomes of its requests; none, and why, where its operation would not
    take it."""
    site, sent, store, by = here(), sent_of(row), here().deployment.store, acting().actor
    site.done()
    try:
        if row.act in ON_SERVICES:
            of_service = preview_on_service(store, site.program, by, sent, site.now)
            return service_effect(site, of_service), fates_told(site, of_service), ""
        done = preview(store, site.program, by, sent, site.now)
    except Refused as refusal:
        return None, [], refusal_told(refusal, site.language)
    return preview_told(site, done), [], ""


@pages.post(f"/approvals/<{NUMBER}:number>")
@needs("approval.read")
def decide(number: int) -> Page:
    """Approve, refuse or take back; whether one may is judged when it is done. The second step must be fresh to approve."""
    site, row = here(), _row(number)
    decision, why = form("decision"), form("why", 2000)
    if decision == "approve" and is_stale(row.act):
        return redirect(url_for("staff.code", after=url_for("staff.approval", number=number)), 303)
    publishes = _draft(row) is not None
    try:
        if publishes:
            site.renew()
        said = _decided(row, decision, why)
    except Refused as refusal:
        return _page(number, refusal_told(refusal, site.language)), STATUS.get(refusal.code, 422)
    if publishes:
        site.renew()
    return back("staff.approvals", site.language.say(said))


def _decided(row: Approval, decision: str, why: str) -> str:
    site, who, number = here(), acting(), row.approval_id
    roles, program = site.deployment.roles, site.program
    with site.writing() as session:
        if decision == "approve":
            approve(session, program, roles, who, number, why, site.now)
            return _("Approved: the job bulk does it, row by row.") if row.act == BULK else _("Approved, and done.")
        if decision == "refuse":
            refuse(session, program, roles, who, number, why, site.now)
            return _("Refused.")
        if decision == "withdraw":
            withdraw(session, who, number, site.now)
            return _("Taken back.")
    abort(400)
