"""Services, their queues and a member's requests told as data: every state with its sentence, every place with its keys."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from loyalty.benefits.locking import GIVEN, OPEN, local, service_day
from loyalty.benefits.reasons import sentence
from loyalty.benefits.services import service_id
from loyalty.benefits.tables import Request, RequestChange, Service, ServiceChange, ServiceClass
from loyalty.errors import Refused
from loyalty.i18n import ENGLISH, Language, Text, _
from loyalty.program.load import Program
from loyalty.store import among


def find_service(session: Session, program: Program, kind: str | None, key: str) -> Service:
    """A service by its key, and its kind where there are several. Raises Refused: `unknown_service`."""
    kinds = [kind] if kind else list(dict.fromkeys(name for one in program.editions for name in one.requests.services))
    for name in kinds:
        found = session.get(Service, service_id(name, key))
        if found is not None:
            return found
    raise Refused("unknown_service", kind=_either(kinds), key=key)


def _either(kinds: Sequence[str]) -> str:
    return reduce(lambda one, other: Text(_("{one} or {other}"), one=one, other=other), kinds) if kinds else Text(_("service"))


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


def service_history(
    session: Session, number: int, limit: int
) -> tuple[Sequence[ServiceChange], Sequence[tuple[RequestChange, str, int]]]:
    """The last changes of a service, and those of its requests, each with the request's key and member, the newest first."""
    service = select(ServiceChange).where(ServiceChange.service_id == number).order_by(ServiceChange.n.desc()).limit(limit)
    match = (Request.member_id == RequestChange.member_id) & (Request.request_id == RequestChange.request_id)
    log = select(RequestChange, Request.key, Request.member_id).join(Request, match).where(Request.service_id == number)
    order = (RequestChange.at.desc(), RequestChange.request_id, RequestChange.n.desc())
    rows = session.execute(log.order_by(*order).limit(limit))
    return session.scalars(service).all(), [(row[0], row[1], row[2]) for row in rows]


def ended_requests(session: Session, number: int, limit: int) -> Sequence[Row[Any]]:
    """The requests of a service that were refused or have ended, the last first."""
    table = Request.__table__
    mine = (table.c.service_id == number, table.c.state.not_in((*OPEN, *GIVEN)))
    order = (func.coalesce(table.c.decided_at, table.c.requested_at).desc(), table.c.request_id)
    return session.execute(select(table).where(*mine).order_by(*order).limit(limit)).all()


# --- requests ---------------------------------------------------------------------------------------------------


def request_told(row: Any, zone: str, language: Language = ENGLISH) -> dict[str, Any]:
    """A request: what was asked, how it stands, and why, in a language."""
    passed = sentence(row.passed, row.passed_details, language) if row.passed else None
    return {
        "key": row.key, "source": row.source, "kind": row.kind, "from": row.from_class, "to": row.to_class, "size": row.size,
        "party": json.loads(row.party), "instrument": row.instrument, "fields": json.loads(row.fields),
        "requested_at": row.requested_at, "state": row.state, "reason": row.reason,
        "why": sentence(row.reason, row.details, language),
        "opens_at": row.opens_at, "opens": local(row.opens_at, zone) if row.opens_at else None,
        "passed": row.passed or None, "passed_why": passed, "skipped": row.skipped or None, "decided_at": row.decided_at,
    }  # fmt: skip


def requests_told(session: Session, member_id: int, language: Language = ENGLISH) -> list[dict[str, Any]]:
    """A member's requests, first to last, each with its service and the log of its changes."""
    table, service = Request.__table__, Service.__table__
    joined = select(table, service.c.key.label("service_key"), service.c.zone, service.c.starts_at)
    joined = joined.join(service, service.c.service_id == table.c.service_id).where(table.c.member_id == member_id)
    rows = session.execute(joined.order_by(table.c.requested_at, table.c.request_id)).all()
    log = _logs(session, member_id, language)
    return [
        {**request_told(row, row.zone, language), "service": row.service_key, "starts": local(row.starts_at, row.zone),
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


def members_by_request(session: Session, key: str) -> list[int]:
    """Whose requests have a key: the member_ids, at most 25."""
    return list(session.scalars(select(Request.member_id).where(Request.key == key).distinct().limit(25)))


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


def _logs(session: Session, member_id: int, language: Language) -> Mapping[int, Sequence[dict[str, Any]]]:
    query = (
        select(RequestChange).where(RequestChange.member_id == member_id).order_by(RequestChange.request_id, RequestChange.n)
    )
    found: dict[int, list[dict[str, Any]]] = {}
    for row in session.scalars(query):
        line = {
            "at": row.at,
            "state": row.state,
            "reason": row.reason,
            "why": sentence(row.reason, row.details, language),
            "by": row.author,
        }
        found.setdefault(row.request_id, []).append(line)
    return found


def request_row(session: Session, member_id: int, number: int) -> Any:
    """A request's row as it is now."""
    table = Request.__table__
    return session.execute(select(table).where(table.c.member_id == member_id, table.c.request_id == number)).one()
