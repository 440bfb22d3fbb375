"""Facts that members may be told, found in what is known of them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from loyalty.clock import day_of
from loyalty.messages.rules import yearly
from loyalty.program.telling import MessageKind
from loyalty.status.booked import Booked
from loyalty.status.progress import Position
from loyalty.status.queries import Account
from loyalty.status.windows import FAR


class Fact(NamedTuple):
    """One thing to tell: what it is recognized by within its member, the day on which it happened, its fields in the order of
    the source's, and what its context is told from. `address` is where it goes, where that is not the member's."""

    source: str
    key: tuple[str, ...]
    on: date
    values: tuple[Any, ...]
    about: Any = None
    address: str = ""


class Posted(NamedTuple):
    """An activity with what it came to: amounts by unit, in their smallest step; none left where it was reversed."""

    activity_id: int
    kind: str
    on: date
    posted_at: datetime
    edition: date
    fields: Mapping[str, Any]
    amounts: Mapping[str, int]


class Choosing(NamedTuple):
    """Something to choose: `n` tells apart those of one name; `by` is the last day. `about` is what it is told from."""

    name: str
    n: str
    opened: date
    by: date
    about: Any


@dataclass(slots=True)
class Person:
    """A member with what is new about them."""

    account: Account
    name: str
    email: str
    language: str
    attributes: Mapping[str, Any]
    consents: Mapping[str, bool] = field(default_factory=dict)
    digests: Sequence[tuple[datetime, str]] = ()
    changes: Sequence[Any] = ()
    awards: Sequence[Booked] = ()
    posted: Sequence[Posted] = ()
    requests: Sequence[Any] = ()
    notices: Sequence[Any] = ()
    choices: Sequence[Choosing] = ()
    position: Position | None = None


class Frame(NamedTuple):
    """What facts are looked for in: the day that is worked for, the days whose calendar is looked at, the zone, the ranks of
    tiers, the attribute of the date of birth."""

    today: date
    days: Sequence[date]
    zone: ZoneInfo
    ranks: Mapping[str, int]
    born: str | None


def joined(person: Person, _kind: MessageKind, _frame: Frame) -> Iterator[Fact]:
    """The new member."""
    yield Fact("joined", (), person.account.enrolled_on, ())


def status_changes(person: Person, _kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The rows of the log of changes; the one of joining is told as such."""
    for row in person.changes:
        if row.kind != "joined" and row.effective_on <= frame.today:
            ranks = [None if tier is None else frame.ranks.get(tier) for tier in (row.old, row.new)]
            yield Fact("status_change", (str(row.n),), row.effective_on, (row.kind, row.source, *ranks), row)


def awards(person: Person, _kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """What the ladder gave beside tiers and has not taken back, and the choices of tiers that have opened."""
    for row in person.awards:
        if row.withdrawn_on is None and row.awarded_on <= frame.today:
            values = (row.kind, row.name, row.choose_by is not None)
            yield Fact("award", (row.name, str(row.n)), row.awarded_on, values, row)
    for choice in person.choices:
        if not isinstance(choice.about, Booked) and choice.opened <= frame.today:
            yield Fact("award", ("choice", choice.name, choice.n), choice.opened, ("choice", choice.name, True), choice)


def requests(person: Person, _kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The rows of the log of requests."""
    for row in person.requests:
        values = (row.state, row.reason, row.kind)
        yield Fact("request", (str(row.request_id), str(row.n)), day_of(row.at, frame.zone), values, row)


def notices(person: Person, kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """What was noted about signing in, the address, or a survey."""
    for row in person.notices:
        if row.source == kind.of:
            said = row.fields.get("what" if kind.of == "security" else "survey")
            yield Fact(kind.of, (str(row.notice_id),), day_of(row.at, frame.zone), (said,), row, row.address)


def choosing(person: Person, kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """Choices still open so many days before their last day; of several such days that are past, the latest."""
    for choice in person.choices:
        days = _reached(kind, choice.by, frame.today)
        if days is not None and choice.opened <= frame.today:
            key = (choice.name, choice.n, str(days))
            yield Fact("choosing", key, choice.by - timedelta(days=days), (days, choice.name), choice)


def ending(person: Person, kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The tier held, where it ends in so many days with a lower one after it."""
    where = person.position
    if where is None or where.span is None or where.next is None or where.next.rank >= where.span.rank:
        return
    through = date.fromordinal(where.next.begins - 1)
    days = _reached(kind, through, frame.today)
    if days is not None:
        key = (str(where.span.rank), through.isoformat(), str(days))
        yield Fact("ending", key, through - timedelta(days=days), (days, where.span.hold.source), through)


def _reached(kind: MessageKind, last: date, today: date) -> int | None:
    """The fewest of a message's days before a last day that have come by today; none before all of them and after that day."""
    left = (last - today).days
    return min((days for days in kind.days or () if days >= left), default=None) if left >= 0 else None


def near(person: Person, kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The next tier, where the way to it is done to so many percent."""
    way = next_way(person.position)
    if way is None:
        return
    tier, percent, by = way
    if percent >= (kind.near or 0):
        days = None if by is None else (by - frame.today).days
        yield Fact("near", (tier, frame.today.isoformat()), frame.today, (frame.ranks.get(tier), percent, days))


def next_way(where: Position | None) -> tuple[str, int, date | None] | None:
    """The next tier that activity reaches: its name, how many percent of the way are done, by when. Of several paths the one
    of which most is done, of one path the counter of which least is done. None at the top."""
    open_ways = [way for way in where.ways if way.purpose == "reach" and way.allowed and not way.met] if where else []
    if not open_ways:
        return None
    tier = open_ways[0].tier  # the lowest comes first
    best = max((way for way in open_ways if way.tier == tier), key=lambda way: done(way.measures))
    return tier, done(best.measures), best.by


def done(measures: Sequence[Any]) -> int:
    """How many percent of a path are done: those of the counter that lacks most."""
    return min((percent_of(one.have, one.need) for one in measures), default=0)


def percent_of(have: int, need: int) -> int:
    """So many whole percent, 0 to 100; 100 only for all of it."""
    return 100 if have >= need else max(have * 100 // need, 0)


def anniversaries(person: Person, kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The days among those looked at on which the member was born, or joined, in an earlier year."""
    text = person.attributes.get(frame.born or "") if kind.of == "birthday" else person.account.enrolled_on.isoformat()
    if not text:
        return
    first = date.fromisoformat(text)
    for day in frame.days:
        if day.year > first.year and day == yearly(first, day.year):
            yield Fact(kind.of, (str(day.year),), day, (day.year - first.year,), day.year - first.year)


def period(person: Person, _kind: MessageKind, frame: Frame) -> Iterator[Fact]:
    """The month that ended before today."""
    through = frame.today.replace(day=1) - timedelta(days=1)
    if person.account.enrolled_on <= through:
        begins = through.replace(day=1)
        mine = [one for one in person.posted if begins <= day_of(one.posted_at, frame.zone) <= through]
        yield Fact("period", (begins.isoformat(),), through, (through.month, len(mine)), (begins, through, mine))


FINDERS = {
    "joined": joined, "status_change": status_changes, "award": awards, "request": requests, "security": notices,
    "survey": notices, "choosing": choosing, "ending": ending, "near": near, "birthday": anniversaries,
    "anniversary": anniversaries, "period": period,
}  # fmt: skip


# --- activity -----------------------------------------------------------------------------------------------------


class Together(NamedTuple):
    """The activity of one stretch of days that is told together, [first, last] by the day of posting."""

    digest: str
    first: date
    last: date


def together(person: Person, kind: MessageKind, zone: ZoneInfo) -> dict[tuple[Together, int], list[Posted]]:
    """Activity by what it is told with; what is told each by itself stands alone, by its id.

    Each goes with what the member had chosen when it was posted, so that a choice made meanwhile tells nothing twice. A week
    begins on Monday.
    """
    found: dict[tuple[Together, int], list[Posted]] = {}
    for one in person.posted:
        day = day_of(one.posted_at, zone)
        digest = _chosen(person, kind, one.posted_at)
        alone = one.activity_id if digest == "each" else 0
        found.setdefault((Together(digest, *stretch(digest, day)), alone), []).append(one)
    return found


def _chosen(person: Person, kind: MessageKind, at: datetime) -> str:
    chosen = [digest for since, digest in person.digests if since <= at]
    return chosen[-1] if chosen else kind.digest or "day"


def stretch(digest: str, day: date) -> tuple[date, date]:
    """The first and last day of the day, week or month of a day."""
    if digest == "month":
        last = (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return day.replace(day=1), last
    if digest == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    return day, day


def through_of(spans: Sequence[Any], rank: int, day: int) -> date | None:
    """The last day through which a tier is held without a break from a day on; none for ever."""
    until = next((span.until for span in spans if span.begins <= day < span.until), FAR)
    for span in spans:
        if span.begins == until and span.rank == rank:
            until = span.until
    return None if until >= FAR else date.fromordinal(until - 1)


def since_of(spans: Sequence[Any], rank: int, day: int) -> date | None:
    """The first day from which a tier has been held without a break up to a day."""
    begins = next((span.begins for span in spans if span.begins <= day < span.until), None)
    for span in reversed(spans):
        if begins is not None and span.until == begins and span.rank == rank:
            begins = span.begins
    return None if begins is None else date.fromordinal(begins)
