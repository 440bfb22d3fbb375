"""The acts of staff on a service: its units and start changed, its end, its queue cleared. Locked, looked at, done by the room
of benefits, settled, and one line of the audit log."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit.chain import Act as Line
from loyalty.audit.chain import Actor
from loyalty.audit.operations import append
from loyalty.audit.queries import by_key
from loyalty.audit.tables import AuditLine
from loyalty.benefits.clearing import clear
from loyalty.benefits.locking import classes_of, is_due, lock_services
from loyalty.benefits.queues import live_rows
from loyalty.benefits.reasons import STATES
from loyalty.benefits.services import Change, change, note_cleared, service_id
from loyalty.benefits.tables import Request, Service, ServiceChange
from loyalty.benefits.waitlist import Id
from loyalty.clock import instant_at
from loyalty.desk.effect import State, changed
from loyalty.desk.inputs import ChangeServiceInput, RequestInput, ServiceInput, read_input
from loyalty.desk.performing import Approved, Done, Sent, again, stated, taken_back
from loyalty.errors import Refused
from loyalty.i18n import Text, _
from loyalty.members.finding import numbers_by_id
from loyalty.program.load import Program
from loyalty.settle import settle_services
from loyalty.store import Store, pairs

CHANGE, CLEAR = "service.change", "service.clear"
#: The acts on a service, each with what it takes. `Sent.number` of them is empty.
ON_SERVICES: Mapping[str, type[ServiceInput]] = {CHANGE: ChangeServiceInput, CLEAR: ServiceInput}
#: What each way of changing a service needs beside the service.
NEEDED = {"units": "units", "move": "starts", "replace": "replaced_by"}


@dataclass(frozen=True)
class Fate:
    """What an act comes to for one live request: its row as it is then; `before` its state, `service` where it stood."""

    number: str
    row: Any
    before: str
    service: int

    @property
    def moved(self) -> bool:
        """Whether anything becomes of it."""
        return bool(self.row.state != self.before or self.row.service_id != self.service)


@dataclass(frozen=True)
class ServiceDone(Done):
    """What an act on a service came to; `fates` of its live requests in the order of the queues, where it was done just now."""

    fates: tuple[Fate, ...] = ()


def service_understood(sent: Sent) -> ServiceInput:
    """What an act on a service takes, read. Raises Refused: `reason_missing`, `missing_field`, `unknown_field`, `bad_field`."""
    stated(sent.reason, sent.key)
    read: Any = read_input(ON_SERVICES[sent.act], sent.raw)
    needed = NEEDED.get(getattr(read, "how", ""), "")
    if needed and not getattr(read, needed):
        raise Refused("missing_field", field=needed, allowed="a value")
    return read  # type: ignore[no-any-return]


def service_named(session: Session, read: ServiceInput) -> Service:
    """The service that an act is on, to read. Raises Refused: `unknown_service`."""
    return session.get(Service, service_id(read.kind, read.service)) or _unknown(read.service, read.kind)


def _unknown(key: str, kind: str) -> Any:
    raise Refused("unknown_service", kind=kind or Text(_("service")), key=key)


def size_on_service(session: Session, sent: Sent) -> int:
    """The size of an act on a service as it is now: by how many units it changes, all of them where the whole service is
    changed; clearing has none."""
    read = service_understood(sent)
    if not isinstance(read, ChangeServiceInput):
        return 0
    service = service_named(session, read)
    units = {name: row.units for name, row in classes_of(session, [service.service_id])[service.service_id].items()}
    if read.how != "units":
        return sum(units.values())
    return sum(abs(int(count) - units.get(name, 0)) for name, count in read.units.items() if count.isdecimal())


def perform_on_service(
    session: Session, program: Program, by: Actor, sent: Sent, now: datetime, approved: Approved | None = None
) -> ServiceDone:
    """Do an act on a service, settle what follows, and note it in the audit log. Roles are not looked at.

    The same key with the same input is answered as the first time. Where it was approved, its author is who asked for it.
    Raises Refused: `unknown_service`, `key_reused`, `service_ended`, what `service_understood` raises and the room refuses.
    """
    read = service_understood(sent)
    locked = lock_for(session, read)
    first = by_key(session, sent.key)
    if first is not None:
        return _again(first, sent, read)
    done = _do(session, program, by, sent, read, locked, now, approved)
    if not done.fresh:
        return done
    what: dict[str, Any] = {"before": done.before, "after": done.after, "input": read.told}
    if approved is not None:
        what |= {"asked_by": approved.asked_by, "approved_by": by.name, "approval": approved.approval_id}
    append(session, by, Line(sent.act, what, sent.reason, None, sent.key), now)
    return done


def preview_on_service(store: Store, program: Program, by: Actor, sent: Sent, now: datetime) -> ServiceDone:
    """What `perform_on_service` would come to: the same, in a transaction of its own that is taken back."""
    read = service_understood(sent)
    with store.transaction() as session, taken_back(session):
        locked = lock_for(session, read)
        first = by_key(session, sent.key)
        return _again(first, sent, read) if first else _do(session, program, by, sent, read, locked, now, None)


def lock_for(session: Session, read: ServiceInput) -> list[Service]:
    """The service that an act is on and, after it, the one that is to take its place, locked at once.

    Raises Refused: `unknown_service`.
    """
    other = getattr(read, "replaced_by", None)
    keys = [read.service, *([other] if other else [])]
    found = lock_services(session, [service_id(read.kind, key) for key in keys])
    return [found.get(service_id(read.kind, key)) or _unknown(key, read.kind) for key in keys]


def _again(line: AuditLine, sent: Sent, read: ServiceInput) -> ServiceDone:
    return ServiceDone(False, *again(line, sent, None, read.told))


def _do(
    session: Session, program: Program, by: Actor, sent: Sent, read: ServiceInput, locked: list[Service], now: datetime,
    approved: Approved | None,
) -> ServiceDone:  # fmt: skip
    author = approved.asked_by if approved else by.name
    if isinstance(read, ChangeServiceInput):
        for one in locked:  # what was due before is no effect of the change
            if is_due(one, now):
                clear(session, program, one, now)
    ranked = [(row, one.service_id) for one in locked for _, _, row in live_rows(session, program, one, now)[1]]
    ids = [(row.member_id, row.request_id) for row, _ in ranked]
    numbers = numbers_by_id(session, (member_id for member_id, _ in ids))
    before = _state(locked, _classes(session, locked), _rows(session, ids), numbers)
    wanted, fresh = Change(author, sent.reason, sent.key), True
    if isinstance(read, ChangeServiceInput):
        fresh = _change(session, program, read, locked, wanted, now)
    else:
        _clear(session, program, locked[0], wanted, now)
    rows = _rows(session, ids)
    after = _state(locked, _classes(session, locked), rows, numbers)
    fates = tuple(
        Fate(numbers[row.member_id], rows[row.member_id, row.request_id], row.state, service) for row, service in ranked
    )
    return ServiceDone(fresh, *changed(before, after), fates=fates)


def _change(
    session: Session, program: Program, read: ChangeServiceInput, locked: list[Service], stated: Change, now: datetime
) -> bool:
    """Change a service; False where its log has the key already."""
    service = locked[0]
    ways: dict[str, dict[str, Any]] = {
        "units": {"units": read.units}, "move": {"starts_at": _placed(read.starts, service)}, "close": {"closed": True},
        "cancel": {"cancelled": True}, "replace": {"replaced_by": locked[-1].service_id},
    }  # fmt: skip
    wanted = Change(stated.author, stated.reason, stated.key, **ways[read.how])
    fresh = change(session, program, service.service_id, wanted, now)
    settle_services(session, program, [one.service_id for one in locked], now)
    return fresh


def _placed(moment: datetime | None, service: Service) -> datetime | None:
    """The instant of a time: by its own offset, else by the clock of the service's place."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return instant_at(moment.date(), moment.time(), ZoneInfo(service.zone))


def _clear(session: Session, program: Program, service: Service, stated: Change, now: datetime) -> None:
    """Look at a service, due or not. Raises Refused: `service_ended`."""
    if service.state != "open":
        raise Refused("service_ended", key=service.key, state=STATES[service.state])
    looked = clear(session, program, service, now)
    note_cleared(session, service, stated, looked, now)


# --- what it changes --------------------------------------------------------------------------------------------


def _classes(session: Session, services: Iterable[Service]) -> Mapping[int, Any]:
    session.flush()
    return classes_of(session, [one.service_id for one in services])


def _rows(session: Session, ids: list[Id]) -> dict[Id, Any]:
    """Requests as they are now, wherever they stand."""
    table = Request.__table__
    if not ids:
        return {}
    wanted = pairs(session, ids)
    match = (wanted.c.a == table.c.member_id) & (wanted.c.b == table.c.request_id)
    return {(row.member_id, row.request_id): row for row in session.execute(select(table).join(wanted, match))}


def _state(services: list[Service], classes: Mapping[int, Any], rows: Mapping[Id, Any], numbers: Mapping[int, str]) -> State:
    """Services as acts may change them: JSON values by part and name."""
    keys = {one.service_id: one.key for one in services}
    return {
        "services": {one.key: {"state": one.state, "starts": one.starts_at.isoformat()} for one in services},
        "units": {
            f"{keys[number]} {name}": {"units": row.units, "taken": row.taken}
            for number, mine in classes.items() for name, row in mine.items()
        },
        "requests": {
            f"{numbers[row.member_id]} {row.source} {row.key}": {"state": row.state, "service": keys.get(row.service_id, "")}
            for row in rows.values()
        },
    }  # fmt: skip


# --- what the audit log has of it -------------------------------------------------------------------------------

#: The acts on a member that are on a request.
ON_REQUESTS = ("request.cancel", "request.skip", "request.unskip", "request.give_back")
#: So many lines on requests of the members of a service are looked through.
LOOKED_THROUGH = 500


def lines_on_service(session: Session, number: int, limit: int) -> list[AuditLine]:
    """The last lines of the audit log on a service and on its requests, the newest first. Three statements."""
    keys = select(ServiceChange.key).where(ServiceChange.service_id == number, ServiceChange.key.is_not(None))
    own = select(AuditLine).where(AuditLine.act.in_(ON_SERVICES), AuditLine.key.in_(keys))
    asked = {
        (member_id, source, key)
        for member_id, source, key in session.execute(
            select(Request.member_id, Request.source, Request.key).where(Request.service_id == number)
        )
    }
    members = select(Request.member_id).where(Request.service_id == number)
    theirs = select(AuditLine).where(AuditLine.act.in_(ON_REQUESTS), AuditLine.member_id.in_(members))
    found = list(session.scalars(own.order_by(AuditLine.n.desc()).limit(limit)))
    lines = session.scalars(theirs.order_by(AuditLine.n.desc()).limit(LOOKED_THROUGH))
    found += [line for line in lines if _request_of(line) in asked]
    return sorted(found, key=lambda line: -line.n)[:limit]


def _request_of(line: AuditLine) -> tuple[int | None, str, str]:
    """The request that a line is on; what was left to its default stands not in it."""
    told = json.loads(line.what)["input"]
    return line.member_id, told.get("source", RequestInput.model_fields["source"].default), told["request"]
