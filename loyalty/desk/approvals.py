"""Four eyes: who may do an act does it, who may only ask for it asks, and another approves or refuses; never one's own."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session, aliased

from loyalty.access.roles import Roles, Verdict
from loyalty.access.staff import actor, held
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Act as Line
from loyalty.audit.chain import Actor
from loyalty.audit.operations import append
from loyalty.audit.queries import by_key
from loyalty.desk.performing import Approved, Done, Sent, perform, understood
from loyalty.desk.publishing import PUBLISH, publish_draft
from loyalty.desk.services import (
    ON_SERVICES,
    ServiceDone,
    lock_for,
    perform_on_service,
    service_understood,
    size_on_service,
)
from loyalty.desk.tables import Approval, Bulk
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.program.load import Program
from loyalty.status.queries import account_read

#: The act for many; its input names the bulk.
BULK = "bulk.run"


@dataclass(frozen=True)
class Who:
    """Someone of the staff who acts, with the roles that they have now."""

    actor: Actor
    roles: tuple[str, ...]


def who_is(staff: Staff, place: str = "") -> Who:
    """Someone of the staff, as they act from a place."""
    return Who(actor(staff, place), tuple(held(staff)))


@dataclass(frozen=True)
class Asked:
    """An act that waits for another to approve it; not fresh where the key had asked for it before."""

    approval_id: int
    fresh: bool


def allowed(roles: Roles, who: Who, act: str) -> None:
    """Make sure that someone may do an act that has no size, such as reading. Raises Refused: `not_allowed`."""
    if roles.may(who.roles, act) != "yes":
        raise not_allowed(act)


def not_allowed(act: str) -> Refused:
    """The refusal of an act that roles do not allow."""
    return Refused("not_allowed", act=act)


def verdict(roles: Roles, program: Program, who: Who, sent: Sent, now: datetime) -> Verdict:
    """Whether someone may do an act as it was sent: yes, no, or only if another approves it. Raises what `understood` does."""
    return roles.may(who.roles, sent.act, understood(sent).size(program, now))


def submit(session: Session, program: Program, roles: Roles, who: Who, sent: Sent, now: datetime) -> Done | Asked:
    """Do an act for a member, or ask for it where another must approve it; the same key is answered as the first time.

    Raises Refused: `not_allowed`, and what `perform` and `ask` raise.
    """
    judged = verdict(roles, program, who, sent, now)
    if judged == "no":
        raise not_allowed(sent.act)
    if judged == "ask":
        return ask(session, program, who, sent, now)
    return perform(session, program, who.actor, sent, now)


def submit_on_service(
    session: Session, program: Program, roles: Roles, who: Who, sent: Sent, now: datetime
) -> ServiceDone | Asked:
    """Do an act on a service, or ask for it where another must approve it; the same key is answered as the first time.

    Raises Refused: `not_allowed`, `key_reused`, and what `perform_on_service` raises.
    """
    lock_for(session, service_understood(sent))  # its size stays what it is judged by
    size = size_on_service(session, sent)
    judged = roles.may(who.roles, sent.act, size)
    known = by_key(session, sent.key) is not None  # done: its size is another by now
    if judged == "no" and not known:
        raise not_allowed(sent.act)
    if judged == "yes" or known:
        return perform_on_service(session, program, who.actor, sent, now)
    told = dumps(service_understood(sent).told)
    row = Approval(act=sent.act, number="", input=told, size=size, reason=sent.reason, key=sent.key)
    return record(session, who, row, None, now)


def ask(session: Session, program: Program, who: Who, sent: Sent, now: datetime) -> Asked:
    """Ask for an act for a member; whether its operation would take it is judged when it is approved.

    Raises Refused: `unknown_member`, `key_reused`, and what `understood` raises.
    """
    read = understood(sent)
    account = account_read(session, sent.number)
    if account is None:
        raise Refused("unknown_member", number=sent.number)
    row = Approval(
        act=sent.act, number=sent.number, input=dumps(read.input.told), size=read.size(program, now), reason=sent.reason,
        key=sent.key,
    )  # fmt: skip
    return record(session, who, row, account.member_id, now)


def record(session: Session, who: Who, row: Approval, member_id: int | None, now: datetime) -> Asked:
    """Write down what is asked for, once under its key. Raises Refused: `key_reused`."""
    before = session.scalar(select(Approval).where(Approval.key == row.key))
    if before is not None:
        if any(getattr(before, name) != getattr(row, name) for name in ("act", "number", "input", "reason")):
            raise Refused("key_reused", key=row.key, source="approval")
        return Asked(before.approval_id, False)
    if by_key(session, row.key) is not None:
        raise Refused("key_reused", key=row.key, source="desk")
    row.asked_by, row.asked_at, row.state = who.actor.actor_id, now, "waiting"
    session.add(row)
    session.flush()
    _note(session, who.actor, "approval.ask", row, member_id, row.reason, now)
    return Asked(row.approval_id, True)


def approve(session: Session, program: Program, roles: Roles, who: Who, approval_id: int, why: str, now: datetime) -> Done:
    """Approve what another asked for: it is done in this transaction, and judged anew by its operation.

    A bulk is let run: nothing of it is done yet, but it was tried. Raises Refused: `unknown_approval`, `approval_decided`,
    `own_approval`, `no_approver`, `staff_ended`, `bulk_untried`, and what `perform` and `publish_draft` raise: it waits then.
    """
    row = _open(session, roles, program, who, approval_id, now)
    asked = session.get_one(Staff, row.asked_by)
    if not asked.active:
        raise Refused("staff_ended", name=asked.name)
    _decide(row, who, "approved", why, now)
    session.flush()
    if row.act == BULK:
        _let_run(_bulk(session, row))
        session.flush()
        _note(session, who.actor, "approval.approve", row, None, why, now)
        return Done(True, {}, {})
    about = Approved(asked.name, row.approval_id)
    if row.act == PUBLISH:
        return publish_draft(session, program, who.actor, json.loads(row.input)["draft"], (row.reason, row.key), about, now)
    doing = perform_on_service if row.act in ON_SERVICES else perform
    return doing(session, program, who.actor, sent_of(row), now, about)


def _let_run(bulk: Bulk) -> None:
    if bulk.tried_at is None:
        raise Refused("bulk_untried", bulk=bulk.bulk_id)
    bulk.state = "approved"


def sent_of(row: Approval) -> Sent:
    """An act that was asked for, as it was sent: to preview it, or to do it."""
    return Sent(row.act, row.number, json.loads(row.input), row.reason, row.key)


def refuse(session: Session, program: Program, roles: Roles, who: Who, approval_id: int, why: str, now: datetime) -> None:
    """Refuse what another asked for, and say why. Raises Refused: `reason_missing`, and as `approve` does."""
    if not why.strip():
        raise Refused("reason_missing")
    row = _open(session, roles, program, who, approval_id, now)
    _decide(row, who, "refused", why, now)
    if row.act == BULK:
        _bulk(session, row).state = "refused"
    session.flush()
    _note(session, who.actor, "approval.refuse", row, _member_id(session, row), why, now)


def withdraw(session: Session, who: Who, approval_id: int, now: datetime) -> None:
    """Take back what one asked for oneself. Raises Refused: `unknown_approval`, `approval_decided`, `not_allowed`."""
    row = _waiting(session, approval_id)
    if row.asked_by != who.actor.actor_id:
        raise not_allowed(row.act)
    _decide(row, who, "withdrawn", "", now)
    if row.act == BULK:
        _bulk(session, row).state = "refused"
    session.flush()
    _note(session, who.actor, "approval.withdraw", row, _member_id(session, row), "", now)


def _open(session: Session, roles: Roles, program: Program, who: Who, approval_id: int, now: datetime) -> Approval:
    """What waits, locked, for someone who may decide on it."""
    row = _waiting(session, approval_id)
    if row.asked_by == who.actor.actor_id:
        raise Refused("own_approval")
    if row.act in ON_SERVICES:
        lock_for(session, service_understood(sent_of(row)))  # its size stays what it is judged by
    if not may_decide(session, roles, program, who, row, now):
        raise Refused("no_approver", act=row.act)
    return row


def _waiting(session: Session, approval_id: int) -> Approval:
    row = session.get(Approval, approval_id, with_for_update=True)
    if row is None:
        raise Refused("unknown_approval", approval=approval_id)
    if row.state != "waiting":
        raise Refused("approval_decided", state=row.state)
    return row


def may_decide(session: Session, roles: Roles, program: Program, who: Who, row: Approval, now: datetime) -> bool:
    """Whether roles let someone decide on it, by the size that it has now; on a bulk also by its largest row."""
    if row.act == BULK:
        bulk = session.get_one(Bulk, json.loads(row.input)["bulk"])
        return roles.approves(who.roles, BULK, row.size) and (
            roles.approves(who.roles, bulk.act, bulk.largest) or roles.may(who.roles, bulk.act, bulk.largest) == "yes"
        )
    if row.act == PUBLISH:
        return roles.approves(who.roles, PUBLISH, row.size)
    sent = sent_of(row)
    size = size_on_service(session, sent) if row.act in ON_SERVICES else understood(sent).size(program, now)
    return roles.approves(who.roles, row.act, size)


def _bulk(session: Session, row: Approval) -> Bulk:
    return session.get_one(Bulk, json.loads(row.input)["bulk"], with_for_update=True)


def _decide(row: Approval, who: Who, state: str, why: str, now: datetime) -> None:
    row.state, row.decided_by, row.decided_at, row.why = state, who.actor.actor_id, now, why


def _member_id(session: Session, row: Approval) -> int | None:
    account = account_read(session, row.number) if row.number else None
    return account.member_id if account is not None else None


def _note(session: Session, by: Actor, act: str, row: Approval, member_id: int | None, reason: str, now: datetime) -> None:
    what = {"approval": row.approval_id, "act": row.act, "input": json.loads(row.input), "size": row.size}
    append(session, by, Line(act, what, reason, member_id), now)


def asked_for(session: Session, bulk: Bulk) -> Approval | None:
    """The approval that a bulk was asked for by; none where it was not."""
    return session.scalar(select(Approval).where(Approval.key == f"bulk {bulk.key}"))


# --- reads ------------------------------------------------------------------------------------------------------

_ASKED, _DECIDED = aliased(Staff), aliased(Staff)


def approvals(
    session: Session,
    state: str = "waiting",
    number: str = "",
    limit: int = 100,
    asked_by: int | None = None,
    newest: bool = False,
) -> list[Row[Any]]:
    """What was asked for, in a state, or decided (""), perhaps for a member or by someone: `Approval`, `asked` and
    `decided` (names); the oldest first, or the newest."""
    query = (
        select(Approval, _ASKED.name.label("asked"), _DECIDED.name.label("decided"))
        .join(_ASKED, _ASKED.staff_id == Approval.asked_by)
        .join(_DECIDED, _DECIDED.staff_id == Approval.decided_by, isouter=True)
        .where(Approval.state == state if state else Approval.state != "waiting")
    )
    if number:
        query = query.where(Approval.number == number)
    if asked_by is not None:
        query = query.where(Approval.asked_by == asked_by)
    order = (Approval.asked_at, Approval.approval_id)
    return list(session.execute(query.order_by(*(one.desc() if newest else one for one in order)).limit(limit)))
