"""Services as the desk sees them: their units, who waits and why there, what happened; plain values for the pages."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from loyalty.benefits.departures import Stock, stocks
from loyalty.benefits.locking import GIVEN
from loyalty.benefits.places import place_among
from loyalty.benefits.queues import Ranked, keys_told, live_rows
from loyalty.benefits.reasons import STATES as SERVICE_STATES
from loyalty.benefits.tables import Service, ServiceChange
from loyalty.benefits.telling import ended_requests, service_history
from loyalty.i18n import _
from loyalty.members.tables import Member
from loyalty.status.words import tier_name
from loyalty.store import among
from loyalty.web.portal.asked import STATES, placed_told
from loyalty.web.portal.asking import Names, ServiceTold, change_told, service_told, span_told
from loyalty.web.site import Site

#: Requests of one class on a page; those that have ended, and changes, that are shown.
PAGE, ENDED, CHANGES = 50, 20, 50
#: What the changes of a service are called.
KINDS = {
    "told": _("made known"), "changed": _("units changed"), "moved": _("moved"), "replaced": _("replaced"),
    "cancelled": _("cancelled"), "closed": _("closed"), "cleared": _("cleared by staff"),
}  # fmt: skip


@dataclass(frozen=True)
class ClassTold:
    """A class of a service with its stock, and when its first window opened, or opens, in words."""

    id: str
    name: str
    stock: Stock
    opens: str
    is_open: bool


@dataclass(frozen=True)
class Departure:
    """A service in a list: `span` how long until it starts."""

    service: ServiceTold
    state: str
    span: str
    classes: list[ClassTold]


@dataclass(frozen=True)
class Queued:
    """A live request. `place` counts from 1, none for one that does not stand in the queue or may not be given anything;
    `before` says why others stand before it, `why` why it stands as it does, `keys` are those of its queue's order."""

    number: str
    person: str
    tier: str
    key: str
    source: str
    change: str
    size: int
    state: str
    words: str
    lit: str
    place: int | None
    queue: str
    keys: list[tuple[str, str]]
    before: list[str]
    why: str
    skipped: str
    acts: tuple[str, ...]


@dataclass(frozen=True)
class QueueTold:
    """The live requests of a class, as many as a page shows: those in the queue, those that wait for their window, those that
    were given. `start` is the first that is shown, `more` where the next page begins."""

    id: str
    name: str
    waiting: list[Queued]
    pending: list[Queued]
    given: list[Queued]
    start: int
    more: int | None
    total: int


def names_of(site: Site) -> Names:
    """What the program calls its services, classes and requests."""
    return Names(site.program, site.edition, site.language)


def state_told(site: Site, state: str) -> str:
    """The state of a service in words."""
    return site.language.told(SERVICE_STATES[state])


# --- services ---------------------------------------------------------------------------------------------------


def departures_told(site: Site, names: Names, services: Sequence[Service]) -> list[Departure]:
    """Services with their stock. Two statements."""
    found = stocks(site.reading, [one.service_id for one in services])
    return [departure_told(site, names, one, found[one.service_id]) for one in services]


def departure_told(site: Site, names: Names, service: Service, stock: Mapping[str, Stock]) -> Departure:
    """A service with its stock, its classes in the order of the program."""
    told = service_told(names, service.service_id, service)
    span = span_told(service.starts_at - site.now, site.language) if service.starts_at > site.now else ""
    classes = [_class(site, names, service, name, stock[name]) for name in _ordered(names, service.kind, stock)]
    return Departure(told, state_told(site, service.state), span, classes)


def _ordered(names: Names, kind: str, found: Iterable[str]) -> list[str]:
    known = list(names.services[kind].classes) if kind in names.services else []
    return sorted(found, key=lambda name: (known.index(name) if name in known else len(known), name))


def _class(site: Site, names: Names, service: Service, name: str, stock: Stock) -> ClassTold:
    opens = site.language.instant(stock.opens_at, ZoneInfo(service.zone)) if stock.opens_at else ""
    is_open = stock.opens_at is not None and stock.opens_at <= site.now
    return ClassTold(name, names.class_(service.kind, name), stock, opens, is_open)


# --- the queues of one ------------------------------------------------------------------------------------------


def queues_told(site: Site, names: Names, service: Service, only: str, start: int) -> list[QueueTold]:
    """The live requests of a service by class, in order; of one class from a place on. As many statements whatever there is."""
    _known, rows = live_rows(site.reading, site.program, service, site.now)
    classes: dict[str, list[Ranked]] = {}
    for one in rows:
        classes.setdefault(one[2].to_class, []).append(one)
    wanted = [name for name in _ordered(names, service.kind, classes) if only in ("", name)]
    shown = {name: _sorted(site, classes[name])[start : start + PAGE] for name in wanted}
    people = _people(site, {row.member_id for mine in shown.values() for _, _, row in mine})
    return [_queue(site, names, service, name, classes[name], shown[name], people, start) for name in wanted]


def _sorted(site: Site, rows: Sequence[Ranked]) -> list[Ranked]:
    """Those in the queue, then those whose window is not open, then those that were given; each in their order."""
    return sorted(rows, key=lambda one: (one[2].state in GIVEN, not one[0].open_at(site.now)))


def _people(site: Site, members: set[int]) -> dict[int, tuple[str, str]]:
    query = select(Member.member_id, Member.number, Member.name).where(among(site.reading, Member.member_id, sorted(members)))
    return {row.member_id: (row.number, row.name) for row in site.reading.execute(query)}


def _queue(
    site: Site, names: Names, service: Service, class_: str, rows: Sequence[Ranked], shown: Sequence[Ranked],
    people: Mapping[int, tuple[str, str]], start: int,
) -> QueueTold:  # fmt: skip
    told = [_queued(site, names, service, one, rows, people) for one in shown]
    end = start + len(shown)
    return QueueTold(
        class_, names.class_(service.kind, class_),
        [one for one, (judged, _, row) in zip(told, shown, strict=True) if row.state not in GIVEN and judged.open_at(site.now)],
        [one for one, (judged, _, row) in zip(told, shown, strict=True)
         if row.state not in GIVEN and not judged.open_at(site.now)],
        [one for one, (_, _, row) in zip(told, shown, strict=True) if row.state in GIVEN],
        start, end if end < len(rows) else None, len(rows),
    )  # fmt: skip


def _queued(
    site: Site, names: Names, service: Service, one: Ranked, rows: Sequence[Ranked], people: Mapping[int, tuple[str, str]]
) -> Queued:
    judged, _asked, row = one
    number, person = people[row.member_id]
    open_ = [other for other in rows if other[2].state not in GIVEN]
    place = place_among(one, open_, site.now) if row.state not in GIVEN else None
    queue, keys = keys_told(site.program, one, site.language)
    words, lit = STATES[row.state]
    return Queued(
        number, person, tier_name(site.program, judged.own or judged.tier, site.language.code), row.key, row.source,
        change_told(names, service.kind, row), row.size, row.state, site.language.say(words), lit,
        place.total + 1 if place is not None and not judged.bar else None, queue, keys,
        placed_told(names, site.edition, row.kind, place) if place is not None else [], why_told(names, row), row.skipped,
        _acts(row),
    )  # fmt: skip


def why_told(names: Names, row: Any) -> str:
    """Why a request stands as it does: for what it was passed over, else the reason of its state; units and all."""
    return names.reason(row.passed, row.passed_details) if row.passed else names.reason(row.reason, row.details)


def _acts(row: Any) -> tuple[str, ...]:
    """The acts that may be done to a request as it stands."""
    if row.state in GIVEN:
        return ("request.give_back",)
    return ("request.unskip" if row.skipped else "request.skip", "request.cancel")


# --- what happened ----------------------------------------------------------------------------------------------


def ended_told(site: Site, names: Names, service: Service) -> list[dict[str, Any]]:
    """The requests of a service that have ended last."""
    rows = ended_requests(site.reading, service.service_id, ENDED)
    people = _people(site, {row.member_id for row in rows})
    return [
        {"number": people[row.member_id][0], "person": people[row.member_id][1], "key": row.key,
         "change": change_told(names, service.kind, row), "words": site.language.say(STATES[row.state][0]),
         "lit": STATES[row.state][1], "why": names.reason(row.reason, row.details)}
        for row in rows
    ]  # fmt: skip


def history_told(site: Site, names: Names, service: Service) -> list[dict[str, Any]]:
    """What happened to a service and its requests, the newest first."""
    changes, requests = service_history(site.reading, service.service_id, CHANGES)
    people = _people(site, {member_id for _, _, member_id in requests})
    zone = ZoneInfo(service.zone)
    found = [
        (one.at, {"what": _change(site, names, service, one), "number": "", "key": "", "why": one.reason, "by": one.author})
        for one in changes
    ]
    found += [
        (one.at, {"what": site.language.say(STATES[one.state][0]), "number": people[member_id][0], "by": one.author,
                  "why": names.reason(one.reason, one.details), "key": key})
        for one, key, member_id in requests
    ]  # fmt: skip
    newest = sorted(found, key=lambda pair: pair[0], reverse=True)[:CHANGES]
    return [{**one, "at": site.language.instant(at, zone)} for at, one in newest]


def _change(site: Site, names: Names, service: Service, one: ServiceChange) -> str:
    """A change of a service in words, with the units that its classes had after it, or the service that took its place."""
    language, details = site.language, json.loads(one.details)
    units = [
        language.say(_("{units} of {name}"), units=language.number(count), name=names.class_(service.kind, name))
        for name, count in details.get("units", {}).items()
    ]
    return language.clauses([language.say(KINDS[one.kind]), *units, details.get("by", "")])


def read_start(service: Service) -> str:
    """The start of a service as a field of a form has it, by the clock of its place."""
    return service.starts_at.astimezone(ZoneInfo(service.zone)).strftime("%Y-%m-%dT%H:%M")
