"""What would come of a request, and from when a member may be given something, told without asking: judged as asking
judges, nothing locked and nothing written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, asked_of, request_kind
from loyalty.benefits.asking import Ask, known_in, known_numbers, lacks, stands, wish_for
from loyalty.benefits.changes import Became
from loyalty.benefits.clearing import edition_for
from loyalty.benefits.judging import Judged, judge, party_of
from loyalty.benefits.locking import GIVEN, OPEN, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.refusing import Refusal, refusal_of
from loyalty.benefits.services import service_id
from loyalty.benefits.tables import Request, Service, ServiceClass
from loyalty.benefits.windows import companions_of, has_right
from loyalty.clock import day_of
from loyalty.earning.rules import read_with
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.status.queries import Account
from loyalty.store import among


@dataclass(frozen=True)
class Foreseen:
    """What a request would become, were it made now: refused, pending or waitlisted. Whether it would be given at once is not
    foreseen: that tells of units."""

    became: Became
    judged: Judged
    asked: Asked


class Way(NamedTuple):
    """Something that may be asked of a service: the kind of request, the class booked and the class wanted."""

    kind: str
    from_class: str
    to_class: str


State = Literal["open", "later", "never", "early", "no_right", "over"]


@dataclass(frozen=True)
class Window:
    """When a member may be given something that is asked now, alone and without an instrument.

    `state` is open; later, from `opens_at` on; never, where the tier has no window; early, where it may be asked only from
    `opens_at` on; no_right; or over. `companions` is how many may be of the party, `key` that of a request which asks it
    already.
    """

    way: Way
    state: State
    opens_at: datetime | None
    closes_at: datetime
    companions: int


def foresee(session: Session, program: Program, account: Account, wanted: Ask, now: datetime) -> Foreseen:
    """Judge a request as it would be, made now.

    Raises Refused where it could not be understood: what `loyalty.benefits.asking.ask` refuses, but for keys.
    """
    today = day_of(now, program.zone)
    asked = request_kind(edition_for(program, today), wanted.kind)
    read_with(asked.readers, wanted.fields)
    service = session.get(Service, service_id(asked.kind.service, wanted.service))
    if service is None:
        raise Refused("unknown_service", kind=asked.kind.service, key=wanted.service)
    known_in(asked, wanted, known_numbers(session, [one.number for one in wanted.companions]))
    wish, on = wish_for(account, wanted, asked, now), service_day(service)
    known = known_for(session, program, [(wish, asked, on)], today, fresh=True)
    judged = judge(asked, wish, known, today, service.starts_at, ZoneInfo(service.zone))
    classes = tuple(session.scalars(select(ServiceClass.class_).where(ServiceClass.service_id == service.service_id)))
    about = Refusal(asked, wish, known, judged, service, classes, today, now)
    refused = refusal_of(program, about, _same(session, account, service, wanted))
    refused = refused or lacks(session, program, account, asked, wish, on, today)
    return Foreseen(refused or stands(program, asked, judged, service.zone, now), judged, asked)


def _same(session: Session, account: Account, service: Service, wanted: Ask) -> str | None:
    """The key of the member's open or given request for the same service and class, if there is one."""
    mine = (Request.member_id == account.member_id, Request.service_id == service.service_id)
    states = (Request.to_class == wanted.to_class, Request.state.in_((*OPEN, *GIVEN)))
    return session.scalars(select(Request.key).where(*mine, *states)).first()


def windows_for(
    session: Session, program: Program, account: Account, services: Sequence[Service], now: datetime
) -> dict[int, list[Window]]:
    """By service: everything that may be asked of it, with the member's window. A constant number of statements."""
    today = day_of(now, program.zone)
    kinds = asked_of(edition_for(program, today))
    classes = _classes(session, services)
    found = [
        (service, way, kinds[way.kind])
        for service in services
        for way in _ways(kinds.values(), service, classes.get(service.service_id, set()))
    ]
    wishes = [wish_for(account, _plain(service, way), asked, now) for service, way, asked in found]
    wanted = [(wish, asked, service_day(service)) for wish, (service, _, asked) in zip(wishes, found, strict=True)]
    known = known_for(session, program, wanted, today, fresh=True)
    told: dict[int, list[Window]] = {service.service_id: [] for service in services}
    for wish, (service, way, asked) in zip(wishes, found, strict=True):
        judged = judge(asked, wish, known, today, service.starts_at, ZoneInfo(service.zone))
        party = party_of(asked, wish, known, today)
        may = has_right(asked.edition.chart, asked.kind, party), companions_of(asked.edition.chart, asked.kind, party)
        told[service.service_id].append(_window(service, way, asked, judged, *may, now))
    return told


def _window(service: Service, way: Way, asked: Asked, judged: Judged, right: bool, companions: int, now: datetime) -> Window:
    asked_from = asked.opens.opens_at(service.starts_at, ZoneInfo(service.zone))
    if now < asked_from < judged.closes_at:
        return Window(way, "early", asked_from, judged.closes_at, companions)
    return Window(way, _state(service, judged, right, now), judged.opens_at, judged.closes_at, companions)


def _state(service: Service, judged: Judged, right: bool, now: datetime) -> State:
    if service.state != "open" or now >= judged.closes_at:
        return "over"
    if not right:
        return "no_right"
    if judged.opens_at is None:
        return "never"
    return "open" if judged.opens_at <= now else "later"


def _ways(kinds: Iterable[Asked], service: Service, classes: set[str]) -> Iterator[Way]:
    for asked in kinds:
        if asked.kind.service == service.kind:
            for booked, wanted in asked.kind.classes.items():
                yield from (Way(asked.kind.id, booked, name) for name in wanted if name in classes)


def _plain(service: Service, way: Way) -> Ask:
    """A request without companions, fields and instrument."""
    return Ask(service.key, way.from_class, way.to_class, "", "", "", way.kind)


def _classes(session: Session, services: Sequence[Service]) -> dict[int, set[str]]:
    query = select(ServiceClass.service_id, ServiceClass.class_)
    rows = session.execute(query.where(among(session, ServiceClass.service_id, [one.service_id for one in services])))
    found: dict[int, set[str]] = {}
    for number, name in rows:
        found.setdefault(number, set()).add(name)
    return found
