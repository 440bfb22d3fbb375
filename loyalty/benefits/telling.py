"""Services, their queues and a member's requests told as data: every state with its sentence, every place with its keys."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, rules_for
from loyalty.benefits.clearing import edition_for
from loyalty.benefits.judging import Judged, Known, judge, wish_of
from loyalty.benefits.locking import GIVEN, OPEN, local, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.reasons import sentence
from loyalty.benefits.services import service_id
from loyalty.benefits.tables import Request, RequestChange, Service, ServiceChange, ServiceClass
from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.ledger.operations import shown
from loyalty.program.asking import Key
from loyalty.program.load import Program
from loyalty.program.words import english
from loyalty.status.words import tier_name
from loyalty.store import among


def find_service(session: Session, program: Program, kind: str | None, key: str) -> Service:
    """A service by its key, and its kind where there are several. Raises Refused: `unknown_service`."""
    kinds = [kind] if kind else list(dict.fromkeys(name for one in program.editions for name in one.requests.services))
    for name in kinds:
        found = session.get(Service, service_id(name, key))
        if found is not None:
            return found
    raise Refused("unknown_service", kind=" or ".join(kinds) or "service", key=key)


def service_told(session: Session, service: Service) -> dict[str, Any]:
    """A service with the units of its classes and the log of its changes."""
    classes = session.scalars(select(ServiceClass).where(ServiceClass.service_id == service.service_id))
    log = select(ServiceChange).where(ServiceChange.service_id == service.service_id).order_by(ServiceChange.n)
    return {
        "kind": service.kind, "key": service.key, "state": service.state, "starts_at": service.starts_at,
        "starts": local(service.starts_at, service.zone), "zone": service.zone, "fields": json.loads(service.fields),
        "look_at": service.look_at,
        "classes": {row.class_: {"units": row.units, "taken": row.taken, "left": row.units - row.taken} for row in classes},
        "log": [
            {"at": row.at, "kind": row.kind, "details": json.loads(row.details), "author": row.author, "reason": row.reason}
            for row in session.scalars(log)
        ],
    }  # fmt: skip


def services_told(session: Session, first: datetime, last: datetime) -> list[dict[str, Any]]:
    """The services that start in [first, last), by their start, without their logs."""
    query = select(Service).where(Service.starts_at >= first, Service.starts_at < last)
    services = list(session.scalars(query.order_by(Service.starts_at, Service.service_id)))
    rows = session.scalars(
        select(ServiceClass).where(among(session, ServiceClass.service_id, [one.service_id for one in services]))
    )
    units: dict[int, dict[str, Any]] = {}
    for row in rows:
        units.setdefault(row.service_id, {})[row.class_] = {"units": row.units, "taken": row.taken}
    return [
        {"kind": one.kind, "key": one.key, "state": one.state, "starts": local(one.starts_at, one.zone), "zone": one.zone,
         "classes": units.get(one.service_id, {})}
        for one in services
    ]  # fmt: skip


# --- the queue --------------------------------------------------------------------------------------------------


def queues_told(session: Session, program: Program, service: Service, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """By class: the requests of a service that are open or given, in the order in which they stand before each other."""
    table = Request.__table__
    mine = (table.c.service_id == service.service_id, table.c.state.in_((*OPEN, *GIVEN)))
    known, found = judged_rows(session, program, service, session.execute(select(table).where(*mine)).all(), now)
    told: dict[str, list[dict[str, Any]]] = {}
    for judged, asked, row in sorted(found, key=lambda one: one[0].order):
        told.setdefault(row.to_class, []).append(_place(program, known, judged, asked, row, service.zone))
    return told


def judged_rows(
    session: Session, program: Program, service: Service, rows: Sequence[Row[Any]], now: datetime
) -> tuple[Known, list[tuple[Judged, Asked, Row[Any]]]]:
    """Requests of a service as they are judged now, each with its rules, and what was known for it."""
    today = day_of(now, program.zone)
    edition = edition_for(program, today)
    rules = [rules_for(program, edition, row.kind, row.edition) for row in rows]
    wanted = [(wish_of(row), asked, service_day(service)) for row, asked in zip(rows, rules, strict=True)]
    known = known_for(session, program, wanted, today)
    return known, [
        (judge(asked, wish, known, today, service.starts_at, ZoneInfo(service.zone)), asked, row)
        for (wish, asked, _), row in zip(wanted, rows, strict=True)
    ]


def _place(program: Program, known: Known, judged: Judged, asked: Asked, row: Row[Any], zone: str) -> dict[str, Any]:
    line = next(line for line in asked.lines if line.queue.id == judged.queue)
    keys = [_key(program, asked, key, judged, row) for key in line.queue.order]
    number = known.people[row.member_id].number
    return {
        **request_told(row, zone), "number": number, "tier": tier_name(program, judged.tier), "queue": english(line.queue.name),
        "keys": dict(keys),
    }  # fmt: skip


def _key(program: Program, asked: Asked, key: Key, judged: Judged, row: Row[Any]) -> tuple[str, str]:
    """One key of an order as it is for a request: what it is called, and its value."""
    facts = judged.facts
    if key.tier is not None:
        return "tier", tier_name(program, judged.tier)
    if key.lifetime is not None:
        return "lifetime", "none" if facts.lifetime is None else tier_name(program, program.tiers[facts.lifetime])
    if key.instrument is not None:
        return "instrument", row.instrument or "none"
    if key.counter is not None:
        unit = asked.edition.units.units[key.counter]
        return f"{key.counter} of {key.months} months", shown(facts.counters.get((key.counter, key.months), 0), unit.decimals)
    if key.requested is not None:
        return "requested", f"{row.requested_at:%Y-%m-%d %H:%M:%S} UTC"
    values = {"from_class": row.from_class, "to_class": row.to_class, "instrument": row.instrument, **json.loads(row.fields)}
    return str(key.field), str(values.get(str(key.field), "none"))


def request_told(row: Any, zone: str) -> dict[str, Any]:
    """A request: what was asked, how it stands, and why."""
    passed = sentence(row.passed, row.passed_details) if row.passed else None
    return {
        "key": row.key, "source": row.source, "kind": row.kind, "from": row.from_class, "to": row.to_class, "size": row.size,
        "party": json.loads(row.party), "instrument": row.instrument, "fields": json.loads(row.fields),
        "requested_at": row.requested_at, "state": row.state, "reason": row.reason, "why": sentence(row.reason, row.details),
        "opens_at": row.opens_at, "opens": local(row.opens_at, zone) if row.opens_at else None,
        "passed": row.passed or None, "passed_why": passed, "skipped": row.skipped or None, "decided_at": row.decided_at,
    }  # fmt: skip


def requests_told(session: Session, member_id: int) -> list[dict[str, Any]]:
    """A member's requests, first to last, each with its service and the log of its changes."""
    table, service = Request.__table__, Service.__table__
    joined = select(table, service.c.key.label("service_key"), service.c.zone, service.c.starts_at)
    joined = joined.join(service, service.c.service_id == table.c.service_id).where(table.c.member_id == member_id)
    rows = session.execute(joined.order_by(table.c.requested_at, table.c.request_id)).all()
    log = _logs(session, member_id)
    return [
        {**request_told(row, row.zone), "service": row.service_key, "starts": local(row.starts_at, row.zone),
         "zone": row.zone, "log": log.get(row.request_id, [])}
        for row in rows
    ]  # fmt: skip


def own_requests(session: Session, member_id: int, number: int | None = None) -> Sequence[Row[Any]]:
    """A member's requests, or the one of a number, by the start of the service, whose columns begin with `service_`."""
    table, service = Request.__table__, Service.__table__
    about = [service.c[name].label(f"service_{name}") for name in ("kind", "key", "zone", "starts_at", "state", "fields")]
    query = select(table, *about).join(service, service.c.service_id == table.c.service_id)
    query = query.where(table.c.member_id == member_id)
    if number is not None:
        query = query.where(table.c.request_id == number)
    return session.execute(query.order_by(service.c.starts_at, table.c.requested_at, table.c.request_id)).all()


def changes_of(session: Session, member_id: int, number: int) -> Sequence[RequestChange]:
    """The log of a member's request, first to last."""
    mine = (RequestChange.member_id == member_id, RequestChange.request_id == number)
    return session.scalars(select(RequestChange).where(*mine).order_by(RequestChange.n)).all()


#: A search for services reads so many, and tells no more than FOUND.
READ, FOUND = 500, 30


def services_found(
    session: Session, kinds: Sequence[str], key: str, day: date | None, now: datetime
) -> tuple[list[Service], bool]:
    """The open services to come whose key begins so, on a day in their own zone if one is given, by their start; and whether
    there are more than are told."""
    query = select(Service).where(among(session, Service.kind, kinds), Service.state == "open", Service.starts_at > now)
    if key:
        query = query.where(func.lower(Service.key).startswith(key.lower(), autoescape=True))
    if day is not None:
        # a day begins at most 14 hours before that of UTC, and ends at most 12 after
        midnight = datetime.combine(day, time(0), UTC)
        query = query.where(
            Service.starts_at >= midnight - timedelta(hours=14), Service.starts_at < midnight + timedelta(days=2)
        )
    rows = list(session.scalars(query.order_by(Service.starts_at, Service.service_id).limit(READ)))
    found = [one for one in rows if day is None or service_day(one) == day]
    return found[:FOUND], len(found) > FOUND or len(rows) == READ


def _logs(session: Session, member_id: int) -> Mapping[int, Sequence[dict[str, Any]]]:
    query = (
        select(RequestChange).where(RequestChange.member_id == member_id).order_by(RequestChange.request_id, RequestChange.n)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in session.scalars(query):
        line = {
            "at": row.at,
            "state": row.state,
            "reason": row.reason,
            "why": sentence(row.reason, row.details),
            "by": row.author,
        }
        found.setdefault(row.request_id, []).append(line)
    return found


def request_row(session: Session, member_id: int, number: int) -> Any:
    """A request's row as it is now."""
    table = Request.__table__
    return session.execute(select(table).where(table.c.member_id == member_id, table.c.request_id == number)).one()
