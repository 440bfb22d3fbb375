"""A ladder as the fold works on it: tiers as ranks, counters as places in a list, paths as plain functions over it."""

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

from loyalty.program.gifts import Deadline
from loyalty.program.ladder import Lapse, Window
from loyalty.program.models import Attribute
from loyalty.status.windows import Track, Until

Totals = list[int]
#: What a member's attributes must be.
When = Callable[[tuple[Any, ...]], bool]


class Path(NamedTuple):
    """One way to a tier: met where every counter's total reaches its threshold (in the unit's smallest step).

    Its guards: `holds` a tier of at least this rank, has `held` one for so long, `when` the attributes are such; `asks` is
    that condition as it was written.
    """

    met: Callable[[Totals], bool]
    needs: tuple[tuple[int, int], ...]
    holds: int = 0
    held: "HeldFor | None" = None
    when: When | None = None
    asks: Any = None

    def counts(self, places: Collection[int]) -> bool:
        """Whether a threshold of it is of one of some counters."""
        return any(place in places for place, _ in self.needs)


class HeldFor(NamedTuple):
    """Whole calendar years, or days, before today on which the standing was of a rank or higher."""

    rank: int
    years: int
    days: int
    unbroken: bool


#: (rank, paths), lowest rank first.
Paths = tuple[tuple[int, tuple[Path, ...]], ...]


class Ways(NamedTuple):
    """The paths of one ladder that are counted in one kind of window.

    `rising`: whoever meets a path of a tier meets one of the tier below, so that only the next tier need be watched.
    `waits`: what the member holds may be what a path waits for, so that it is asked again when that is another.
    """

    reach: Paths = ()
    keep: Paths = ()
    rising: bool = True
    waits: bool = True


class Term(NamedTuple):
    """A validity compiled: the end of the tier, and by how many months an earlier end is put off, if it is near enough."""

    until: Until
    more: int = 0
    in_last: int = 0
    whole: bool = False
    windows: int | None = None

    def after(self, first: int, last: int, months: int, at: int) -> int:
        """The end of a tier that goes on from the day on which another ended: whole months begin with that day's."""
        return self.until(first, last, months, at - 1 if self.whole else at)


class Fate(NamedTuple):
    """What becomes of a counter: `met` is keep, zero or pay; the rest is what rolls over (amounts in the smallest step)."""

    met: str
    of: str | None = None
    percent: Decimal = Decimal(100)
    most: Mapping[int, int] | int | None = None
    once: bool = False
    earned: int = 0
    unless_fallen: bool = False


class Goal(NamedTuple):
    """What confirms an offer's tier, and how long it holds then."""

    path: Path
    then: Until


class Mark(NamedTuple):
    """A milestone compiled: its paths counted in a track, each met again `every` so much more of its first counter, if above 0.

    `by` is the deadline of its choice, if it has one.
    """

    id: str
    track: int
    paths: tuple[tuple[Path, int], ...]
    most: int
    takes_back: bool
    by: Deadline | None = None


class Changed(NamedTuple):
    """An override compiled: for [first, last], thresholds in percent, or the end of validity put off."""

    first: int
    last: int
    when: When | None
    percent: Decimal | None
    until: int

    def applies(self, day: int, traits: tuple[Any, ...]) -> bool:
        """Whether it is for a day, and for a member with these attributes."""
        return self.first <= day <= self.last and (self.when is None or self.when(traits))


class Deposits(NamedTuple):
    """A deposit compiled: so much of a unit, by rank or for all."""

    id: str
    unit: str
    amount: Mapping[int, int] | int
    when: When | None


@dataclass(frozen=True, eq=False)
class Ladder:
    """One edition's ladder: its own track, the ways of every track, validity by rank, and what happens at ends."""

    begins: int
    edition: str
    track: int
    named: tuple[int, ...]
    ways: tuple[Ways, ...]
    scaled: tuple[tuple[Ways, ...], ...]
    keep_window: Window | None
    keep_track: int | None
    lifetime: Ways
    terms: tuple[Term, ...]
    landing: tuple[Term, ...]
    keeping: tuple[Term, ...]
    lapse: Lapse
    floor: int
    at_end: bool
    strict: bool
    fates: Mapping[int, Fate]
    all_ranks: tuple[int, ...]
    layers: Mapping[int, int]
    accruals: tuple[tuple[int, Mapping[int, int], int], ...]
    marks: tuple[Mark, ...]
    goals: Mapping[str, Goal | None]
    changed: tuple[Changed, ...]
    deposits: tuple[Deposits, ...]

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        """The ranks of this edition's tiers that are not layers, lowest first."""
        return tuple(rank for rank in self.all_ranks if rank not in self.layers)

    @cached_property
    def tracks(self) -> frozenset[int]:
        """The tracks that it counts in."""
        counted = [place for place, ways in enumerate(self.ways) if ways.reach or ways.keep]
        kept = [] if self.keep_track is None else [self.keep_track]
        return frozenset((self.track, *counted, *kept, *self.named, *(mark.track for mark in self.marks)))

    @cached_property
    def judges_ends(self) -> bool:
        """Whether anything but the fall follows the end of a claim."""
        return self.at_end or self.lapse.grace is not None or self.lapse.to == "one_tier_down"

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """All its paths."""
        ways = [*self.ways, self.lifetime]
        return tuple(path for way in ways for kind in (way.reach, way.keep) for _, paths in kind for path in paths)


@dataclass(frozen=True, eq=False)
class Rules:
    """Everything the fold needs of a program. Ranks count over the tiers of all editions, base 0."""

    tiers: tuple[str, ...]
    counters: tuple[str, ...]
    levels: frozenset[int]
    tracks: tuple[Track, ...]
    ladders: tuple[Ladder, ...]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    def ladder_on(self, day: int) -> Ladder:
        """The ladder in force on a day; the first one's before it begins."""
        if len(self.ladders) == 1:
            return self.ladders[0]
        place = bisect_right(self.ladders, day, key=lambda ladder: ladder.begins)
        return self.ladders[max(place - 1, 0)]

    def ladder_for(self, track: int, first: int, day: int) -> Ladder:
        """The ladder that judges a window on a day: the newest that has its track, or that of its first day."""
        for ladder in reversed(self.ladders):
            if ladder.begins <= day and track in ladder.tracks:
                return ladder
        return self.ladder_on(first)

    @cached_property
    def plain(self) -> bool:
        """Whether an entry counts in one window alone: one kind that does not overlap, the same in all editions."""
        track = self.tracks[0]
        odd = (
            track.personal or track.overlapping or track.every != track.months or track.at_end or track.closes_after is not None
        )
        more = any(ladder.goals or ladder.accruals or ladder.keep_window for ladder in self.ladders)
        return len(self.tracks) == 1 and not (odd or more or track.stretched or self.levels)

    @cached_property
    def looks_again(self) -> bool:
        """Whether a tier that is held may be what a path waits for."""
        keeps = any(ways.keep for ladder in self.ladders for ways in ladder.ways)
        return keeps or self.keeps_at_end or any(path.holds for ladder in self.ladders for path in ladder.paths)

    @cached_property
    def keeps_at_end(self) -> bool:
        """Whether paths to reach may have to wait until a tier is over."""
        return any(ladder.at_end for ladder in self.ladders)

    @cached_property
    def times(self) -> bool:
        """Whether something happens at the end of windows and claims, or by time alone."""
        own = any(ladder.judges_ends or ladder.fates or ladder.accruals for ladder in self.ladders)
        return own or bool(self.helds) or any(track.at_end or track.personal for track in self.tracks)

    @cached_property
    def asks(self) -> bool:
        """Whether a rule asks for the member's attributes."""
        paths = any(path.when for ladder in self.ladders for path in ladder.paths)
        marks = any(path.when for ladder in self.ladders for mark in ladder.marks for path, _ in mark.paths)
        marks = marks or any(goal and goal.path.when for ladder in self.ladders for goal in ladder.goals.values())
        return paths or marks or any(changed.when for ladder in self.ladders for changed in ladder.changed) or self.deposits

    @cached_property
    def deposits(self) -> bool:
        return any(ladder.deposits for ladder in self.ladders)

    @cached_property
    def rewards(self) -> bool:
        """Whether a ladder gives anything beside tiers."""
        return self.marks or self.deposits

    @cached_property
    def calm(self) -> bool:
        """Whether a posting can change nothing but by the paths of the windows that it counts in."""
        return not (self.waits or self.rolls or any(ladder.goals for ladder in self.ladders))

    @cached_property
    def remembers(self) -> bool:
        """Whether windows are laid afterwards, over days whose entries must be known."""
        return any(ladder.keep_window for ladder in self.ladders) or any(track.by_day for track in self.tracks)

    @cached_property
    def nothing(self) -> Totals:
        return [0] * len(self.counters)

    @cached_property
    def waits(self) -> bool:
        """Whether some windows are judged when they are over."""
        return any(track.at_end for track in self.tracks)

    @cached_property
    def judges_ends(self) -> bool:
        return any(ladder.judges_ends for ladder in self.ladders)

    @cached_property
    def rolls(self) -> bool:
        return any(fate.of for ladder in self.ladders for fate in ladder.fates.values())

    @cached_property
    def layers(self) -> bool:
        return any(ladder.layers for ladder in self.ladders)

    @cached_property
    def accrues(self) -> bool:
        return any(ladder.accruals for ladder in self.ladders)

    @cached_property
    def marks(self) -> bool:
        return any(ladder.marks for ladder in self.ladders)

    @cached_property
    def lives(self) -> bool:
        """Whether all-time totals matter."""
        return any(ladder.lifetime.reach for ladder in self.ladders) or self.accrues

    @cached_property
    def helds(self) -> tuple[HeldFor, ...]:
        """Every time in a tier that a path asks for."""
        return tuple(dict.fromkeys(path.held for ladder in self.ladders for path in ladder.paths if path.held))

    @property
    def index(self) -> Mapping[str, int]:
        """Counter -> its place in totals."""
        return {name: n for n, name in enumerate(self.counters)}
