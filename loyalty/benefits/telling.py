"""Services, their queues and a member's requests told as data: every state with its sentence, every place with its keys."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
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
from loyalty.i18n import ENGLISH, Language, Text, _
from loyalty.ledger.operations import shown
from loyalty.program.asking import Key
from loyalty.program.benefit_words import telling
from loyalty.program.load import Program
from loyalty.program.request_words import labels_of
from loyalty.program.words import months, words_of
from loyalty.status.words import thing, tier_named
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


# --- the queue --------------------------------------------------------------------------------------------------


def queues_told(
    session: Session, program: Program, service: Service, now: datetime, language: Language = ENGLISH
) -> dict[str, list[dict[str, Any]]]:
    """By class: the requests of a service that are open or given, in the order in which they stand before each other."""
    table = Request.__table__
    mine = (table.c.service_id == service.service_id, table.c.state.in_((*OPEN, *GIVEN)))
    known, found = judged_rows(session, program, service, session.execute(select(table).where(*mine)).all(), now)
    told: dict[str, list[dict[str, Any]]] = {}
    for judged, asked, row in sorted(found, key=lambda one: one[0].order):
        told.setdefault(row.to_class, []).append(_place(program, known, judged, asked, row, service.zone, language))
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


def _place(
    program: Program, known: Known, judged: Judged, asked: Asked, row: Row[Any], zone: str, language: Language
) -> dict[str, Any]:
    line = next(line for line in asked.lines if line.queue.id == judged.queue)
    keys = _Keys(program, asked, judged, row, language)
    return {
        **request_told(row, zone, language), "number": known.people[row.member_id].number,
        "tier": language.told(tier_named(program, judged.tier)), "queue": language.own(line.queue.name),
        "keys": dict(keys.told(key) for key in line.queue.order),
    }  # fmt: skip


@dataclass(frozen=True)
class _Keys:
    """The keys of an order as they are for a request, in a language."""

    program: Program
    asked: Asked
    judged: Judged
    row: Row[Any]
    language: Language

    def told(self, key: Key) -> tuple[str, str]:
        """What one key is called, and its value."""
        say, row = self.language.say, self.row
        if key.tier is not None:
            return say(_("tier")), self.tier(self.judged.tier)
        if key.lifetime is not None:
            rank = self.judged.facts.lifetime
            return say(_("lifetime")), say(_("none")) if rank is None else self.tier(self.program.tiers[rank])
        if key.instrument is not None:
            name = self.language.told(thing(self.program, row.instrument)) if row.instrument else say(_("none"))
            return say(_("instrument")), name
        if key.counter is not None:
            return self.counter(key.counter, key.months)
        if key.requested is not None:
            return say(_("requested")), f"{row.requested_at:%Y-%m-%d %H:%M:%S} UTC"
        return self.field(str(key.field))

    def tier(self, name: str) -> str:
        return self.language.told(tier_named(self.program, name))

    def counter(self, name: str, span: int) -> tuple[str, str]:
        unit = self.asked.edition.units.units[name]
        amount = shown(self.judged.facts.counters.get((name, span), 0), unit.decimals)
        called = _("{counter} of {span}")
        return self.language.say(called, counter=self.language.own(unit.name), span=months(span, self.language)), amount

    def field(self, name: str) -> tuple[str, str]:
        row, asked = self.row, self.asked
        beside = {"from_class": row.from_class, "to_class": row.to_class, "instrument": row.instrument}
        value = {**beside, **json.loads(row.fields)}.get(name)
        words = words_of(asked.edition, self.language)
        labels = labels_of(
            asked.kind, asked.service, telling(asked.edition.chart, asked.edition.head, self.language.code), words
        )
        if value is None:
            return labels[name].name, self.language.say(_("none"))
        told = self.language.told(value) if isinstance(value, bool) else labels[name].values.get(str(value), str(value))
        return labels[name].name, told


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
