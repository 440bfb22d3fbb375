"""Activity that has not happened, or has not been judged so: judged in the order of its posting days, nothing written. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from loyalty.earning import rules
from loyalty.earning.rules import Used, cap_window, judge, read_fields
from loyalty.earning.tiers import Walked
from loyalty.errors import Refused
from loyalty.members.rules import attribute_values
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed, nearest
from loyalty.program.scope import Case
from loyalty.program.steps import CompiledKind
from loyalty.status.awards import Given
from loyalty.status.booked import Booked
from loyalty.status.claims import Entry, History
from loyalty.status.gifts import extended
from loyalty.status.ladder import rules_of
from loyalty.status.timeline import Folded


@dataclass(frozen=True)
class Planned:
    """An activity to be judged: its kind, its day, its fields, the day on which it becomes known.

    `undone_on` is the day on which it is reversed, if it is.
    """

    kind: str
    on: date
    fields: Mapping[str, Any]
    posted_on: date
    undone_on: date | None = None


@dataclass(frozen=True)
class Earned:
    """What a planned activity earns by one line: so much of a unit, in its smallest step; negative where it is undone."""

    on: date
    posted_on: date
    unit: str
    amount: int
    line: str


class Judged(NamedTuple):
    """A planned activity with what it was judged by, and what each line gave: enough to explain every step."""

    planned: Planned
    edition: Edition
    kind: CompiledKind
    case: Case
    lines: Sequence[rules.Earned]


@dataclass(frozen=True)
class Projected:
    """A history with what was planned and what the ladder gives for it, each also by itself; `unjudged` could not be.

    `said` is what its fold says, `judged` how each activity was judged, in the order of the days on which they become known.
    """

    history: History
    said: Folded
    earned: tuple[Earned, ...]
    given: tuple[Given, ...]
    unjudged: int = 0
    judged: tuple[Judged, ...] = ()

    def sums(self, before: Mapping[str, int]) -> dict[str, int]:
        """Balances with what is earned and given."""
        sums = dict(before)
        amounts = [(one.unit, one.amount) for one in self.earned]
        amounts += [(gift.unit, gift.amount) for gift in self.given if gift.unit is not None]
        for unit, amount in amounts:
            sums[unit] = sums.get(unit, 0) + amount
        return sums


class Known(NamedTuple):
    """What is known of a member beside the history: attributes as stored, what capped lines gave, what was given."""

    attributes: str = "{}"
    used: Mapping[tuple[str, int], int] | None = None
    booked: Sequence[Booked] = ()
    number: str = ""


def project(
    program: Program, history: History, known: Known, planned: Sequence[Planned], day: date, lenient: bool = False
) -> Projected:
    """A history through a day with planned activities and with what the ladder gives beside tiers, as if all were settled.

    Each activity is judged by the edition in force on its day, with the tier with which its day opened, as recording it
    would. Raises Refused: `unknown_kind`, `unknown_field`, `missing_field`, `bad_field`, `edition_missing`,
    `activity_before_enrolment`, `activity_after_leaving`; `lenient` leaves out what cannot be judged. `rewards_without_end`.
    """
    work = _Work(program, history, known, lenient)
    for posted_on, happenings in groupby(_in_order(planned), key=lambda one: one[0]):
        work.post(posted_on, [one for _, _, one in happenings])
    said = extended(program, work.rules, work.history, day.toordinal(), known.booked, known.number)
    return Projected(said.history, said.said, tuple(work.earned), said.given, work.unjudged, tuple(work.judged))


def _in_order(planned: Iterable[Planned]) -> list[tuple[date, int, Planned]]:
    """Activities on the days on which they become known, and again on those on which they are undone."""
    days = [(one.posted_on, n, one) for n, one in enumerate(planned)]
    days += [(one.undone_on, n, one) for _, n, one in days if one.undone_on is not None]
    return sorted(days, key=lambda day: day[:2])


class _Work:
    """One member's activities being judged."""

    def __init__(self, program: Program, history: History, known: Known, lenient: bool) -> None:
        self.program, self.history, self.known, self.lenient = program, history, known, lenient
        self.rules = rules_of(program)
        self.attributes = attribute_values(program.file.members.attributes, known.attributes)
        self.used: Used = dict(known.used or {})
        self.earned: list[Earned] = []
        self.lines: dict[int, list[Earned]] = {}
        self.walked: Walked | None = None
        self.unjudged = 0
        self.judged: list[Judged] = []

    def post(self, posted_on: date, happenings: Sequence[Planned]) -> None:
        """Judge, or undo, what becomes known on a day."""
        fresh: list[Earned] = []
        for planned in happenings:
            if id(planned) in self.lines:
                fresh += self._undone(planned, posted_on)
                continue
            try:
                self.lines[id(planned)] = self._judged(planned)
            except Refused:
                if not self.lenient:
                    raise
                self.lines[id(planned)] = []
                self.unjudged += 1
            fresh += self.lines[id(planned)]
        self.earned += fresh
        entries = list(self._entries(fresh))
        if entries:
            self.history = self.history._replace(entries=sorted([*self.history.entries, *entries]))
        if self.walked is not None:
            self.walked.fresh += entries

    def _entries(self, earned: Iterable[Earned]) -> Iterator[Entry]:
        place = self.rules.index
        for one in earned:
            if one.unit in place:
                yield one.posted_on.toordinal(), one.on.toordinal(), place[one.unit], one.amount

    def _judged(self, planned: Planned) -> list[Earned]:
        edition, kind = self._kind(planned)
        values = read_fields(edition, kind, planned.fields).values
        tier = self._opening_tier(planned) if kind.asks_tier else ""
        case = (values, edition.ranks.get(tier, 0), self.attributes)
        found = judge(kind, case, planned.on, self.used)
        self.judged.append(Judged(planned, edition, kind, case, found))
        return [Earned(planned.on, planned.posted_on, line.unit, amount, line.id) for line, amount, _ in found]

    def _kind(self, planned: Planned) -> tuple[Edition, CompiledKind]:
        edition = self.program.edition_on(planned.on)
        if edition is None:
            first = self.program.editions[0].begins
            raise Refused("edition_missing", program=self.program.id, on=planned.on, first=first)
        kind = edition.kinds.get(planned.kind)
        if kind is None:
            hint = nearest(planned.kind, edition.kinds)
            raise Refused("unknown_kind", kind=planned.kind, allowed=listed(edition.kinds), nearest=hint)
        if edition.activities.outside_membership == "refuse" and not self.lenient:
            self._within(planned.on)
        return edition, kind

    def _within(self, on: date) -> None:
        enrolled_on = date.fromordinal(self.history.enrolled)
        if on < enrolled_on:
            raise Refused("activity_before_enrolment", on=on, enrolled_on=enrolled_on)
        if self.history.left is not None and on.toordinal() >= self.history.left:
            raise Refused("activity_after_leaving", on=on, left_on=date.fromordinal(self.history.left))

    def _opening_tier(self, planned: Planned) -> str:
        """The tier with which the day opened, as known before the posting day, what was given by then included."""
        posted, on = planned.posted_on.toordinal(), planned.on.toordinal()
        if self.rules.rewards:
            before = extended(self.program, self.rules, self.history, posted - 1, self.known.booked, self.known.number)
            return self.program.tiers[Walked(self.rules, before.history).rank(posted, on)]
        if self.walked is None:
            self.walked = Walked(self.rules, self.history)
        return self.program.tiers[self.walked.rank(posted, on)]

    def _undone(self, planned: Planned, posted_on: date) -> list[Earned]:
        back = [Earned(one.on, posted_on, one.unit, -one.amount, one.line) for one in self.lines[id(planned)]]
        edition = self.program.edition_on(planned.on)
        lines = edition.kinds[planned.kind].lines if edition and planned.kind in edition.kinds else ()
        caps = {line.id: line.cap for line in lines if line.cap}
        for one in back:
            cap = caps.get(one.line)
            if cap is not None:
                self.used[(one.line, cap_window(cap, one.on))] += one.amount
        return back
