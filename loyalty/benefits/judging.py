"""A request judged for a day: the party's tier, when it may be confirmed, whether it may be given a unit, its place. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from loyalty.benefits.asked import Asked
from loyalty.benefits.waitlist import Facts, Id
from loyalty.benefits.windows import Party, closes_at, has_right, is_at_once, opens_at, processed, windows_of
from loyalty.members.rules import attribute_values
from loyalty.program.scope import Case


class Person(NamedTuple):
    """A member of a party: the days of membership, the attributes as JSON, and the spans of the cached timeline as (begins,
    until, tier)."""

    member_id: int
    number: str
    attributes: str
    enrolled_on: date
    left_on: date | None
    spans: tuple[tuple[date, date | None, str], ...]

    def tier(self, day: date, base: str) -> str | None:
        """The tier of a day, none outside membership; the base tier for one whose timeline is still to be folded."""
        if not self.spans:
            return base if self.enrolled_on <= day and (self.left_on is None or day < self.left_on) else None
        return next((tier for begins, until, tier in self.spans if begins <= day and (until is None or day < until)), None)


@dataclass(frozen=True)
class Wish:
    """What is asked: of which classes, by whom with which companions (member numbers, none for others), since when."""

    id: Id
    kind: str
    from_class: str
    to_class: str
    companions: tuple[str | None, ...]
    fields: Mapping[str, Any]
    instrument: str | None
    booked_on: date | None
    requested_at: datetime
    skipped: str = ""

    @property
    def size(self) -> int:
        """Travellers of the party."""
        return 1 + len(self.companions)


@dataclass(frozen=True)
class Known:
    """What judging needs beside the request: everyone's tiers, counters by member, lifetime tiers as ranks, and the requests
    whose instrument does not hold any more."""

    people: Mapping[int, Person]
    numbers: Mapping[str, Person]
    counters: Mapping[int, Mapping[tuple[str, int], int]]
    lifetimes: Mapping[int, int | None]
    lost: frozenset[Id]


class Judged(NamedTuple):
    """A request as it is on a day. `bar` is why it may not be given a unit though its window be open; `own` the member's tier,
    none for no member; `tier` the one with which the party is processed. Without a window, `opens_at` is none."""

    opens_at: datetime | None
    closes_at: datetime
    at_once: bool
    bar: str
    own: str | None
    tier: str
    order: tuple[Any, ...]
    queue: str
    facts: Facts

    def open_at(self, moment: datetime) -> bool:
        """Whether it may be confirmed at an instant: from the very instant on, until its close."""
        return self.opens_at is not None and self.opens_at <= moment < self.closes_at


def party_of(asked: Asked, wish: Wish, known: Known, day: date) -> Party:
    """The tiers of a party on a day, and on that of booking where it is known; who is no member has the base tier."""
    own, processed_now = _tiers(asked, wish, known, day)
    if wish.booked_on is None:
        return Party(own, processed_now)
    own_booked, processed_booked = _tiers(asked, wish, known, wish.booked_on)
    return Party(own, processed_now, own_booked or asked.edition.ladder.base, processed_booked)


def _tiers(asked: Asked, wish: Wish, known: Known, day: date) -> tuple[str | None, str]:
    base, ranks = asked.edition.ladder.base, asked.edition.ranks
    own = known.people[wish.id[0]].tier(day, base)
    others = [_tier_of(known.numbers.get(number or ""), day, base) for number in wish.companions]
    return own, processed(asked.kind.party, own or base, others, ranks)


def _tier_of(companion: Person | None, day: date, base: str) -> str:
    return base if companion is None else companion.tier(day, base) or base


def case_of(asked: Asked, wish: Wish, known: Known, tier: str) -> Case:
    """What conditions and orders see of a request; a stored value that the rules cannot read any more is missing."""
    values = tuple(_typed(typed, wish.fields.get(name)) for name, (_, _, typed) in asked.readers.items())
    beside = (wish.from_class, wish.to_class, wish.instrument)
    attributes = attribute_values(asked.edition.head.members.attributes, known.people[wish.id[0]].attributes)
    return ((*values, *beside), asked.edition.ranks.get(tier, -1), attributes)


def _typed(typed: Any, found: Any) -> Any:
    try:
        return None if found is None or found == "" else typed(found)
    except ValueError:
        return None


def judge(asked: Asked, wish: Wish, known: Known, day: date, starts_at: datetime, zone: ZoneInfo) -> Judged:
    """Judge a request of a service for a day."""
    party = party_of(asked, wish, known, day)
    chart, kind, member = asked.edition.chart, asked.kind, wish.id[0]
    right = has_right(chart, kind, party)
    instrument = asked.instruments.get(wish.instrument or "")
    case = case_of(asked, wish, known, party.processed)
    at_once = kind.at_once is not None and is_at_once(chart, kind, party, wish.fields.get(kind.at_once.field))
    windows = windows_of(chart, kind, party, wish.to_class, right, instrument.window if instrument else None)
    opens = wish.requested_at if at_once else opens_at(windows, starts_at, zone, wish.requested_at)
    counters = known.counters.get(member, {})
    facts = Facts(case, case[1], known.lifetimes.get(member), instrument is not None, counters, wish.requested_at)
    order, queue = asked.order(facts)
    place = (*order, wish.id[1], member)
    bar = _bar(wish, party, right, known)
    return Judged(opens, closes_at(kind, starts_at), at_once, bar, party.own, party.processed, place, queue, facts)


def _bar(wish: Wish, party: Party, right: bool, known: Known) -> str:
    if party.own is None:
        return "membership_lost"
    if wish.instrument is not None:
        lost = "instrument_lost" if wish.id in known.lost else ""
    else:
        lost = "" if right else "benefit_lost"
    return lost or ("skipped" if wish.skipped else "")


def wish_of(row: Any) -> Wish:
    """A stored request."""
    companions = tuple(one.get("number") for one in json.loads(row.party))
    return Wish(
        (row.member_id, row.request_id), row.kind, row.from_class, row.to_class, companions, json.loads(row.fields),
        row.instrument, row.booked_on, row.requested_at, row.skipped,
    )  # fmt: skip
