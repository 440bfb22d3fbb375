"""The ladder compiled: tiers as ranks, counters as places in a list, paths as plain functions over it."""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from loyalty.program.conditions import compile_condition
from loyalty.program.ladder import ByTier, Held, LadderFile, Lapse, Milestone, Stretched, Validity, Window, guarded
from loyalty.program.load import Program, merged_order
from loyalty.program.models import Attribute, Unit
from loyalty.program.scope import scope_of_member
from loyalty.status.windows import Track, Until, compile_validity

Totals = list[int]
#: What a member's attributes must be.
When = Callable[[tuple[Any, ...]], bool]


class Path(NamedTuple):
    """One way to a tier: met where every counter's total reaches its threshold (in the unit's smallest step).

    Its guards: `holds` a tier of at least this rank, has `held` one for so long, `when` the attributes are such.
    """

    met: Callable[[Totals], bool]
    needs: tuple[tuple[int, int], ...]
    holds: int = 0
    held: "HeldFor | None" = None
    when: When | None = None


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
    """

    reach: Paths = ()
    keep: Paths = ()
    rising: bool = True


class Term(NamedTuple):
    """A validity compiled: the end of the tier, and by how many months an earlier end is put off, if it is near enough."""

    until: Until
    more: int = 0
    in_last: int = 0


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
    """A milestone compiled: its path counted in a track, again `every` so much more of the counter at a place."""

    id: str
    track: int
    path: Path
    every: int
    most: int
    takes_back: bool


class Changed(NamedTuple):
    """An override compiled: for [first, last], thresholds in percent, or the end of validity put off."""

    first: int
    last: int
    when: When | None
    percent: Decimal | None
    until: int


@dataclass(frozen=True, eq=False)
class Ladder:
    """One edition's ladder: its own track, the ways of every track, validity by rank, and what happens at ends."""

    begins: int
    edition: str
    track: int
    ways: tuple[Ways, ...]
    scaled: tuple[tuple[Ways, ...], ...]
    keep_window: Window | None
    keep_track: int | None
    lifetime: Ways
    terms: tuple[Term, ...]
    landing: tuple[Term, ...]
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

    @cached_property
    def ranks(self) -> tuple[int, ...]:
        """The ranks of this edition's tiers that are not layers, lowest first."""
        return tuple(rank for rank in self.all_ranks if rank not in self.layers)

    @cached_property
    def tracks(self) -> frozenset[int]:
        """The tracks that it counts in."""
        counted = [place for place, ways in enumerate(self.ways) if ways.reach or ways.keep]
        kept = [] if self.keep_track is None else [self.keep_track]
        return frozenset((self.track, *counted, *kept, *(mark.track for mark in self.marks)))

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
        odd = track.personal or track.every != track.months or track.at_end or track.closes_after is not None
        more = any(ladder.goals or ladder.accruals or ladder.keep_window for ladder in self.ladders)
        return len(self.tracks) == 1 and not (odd or more or track.stretched or self.levels)

    @cached_property
    def looks_again(self) -> bool:
        """Whether a tier that is held may be what a path waits for."""
        keeps = any(ways.keep for ladder in self.ladders for ways in ladder.ways)
        return keeps or any(path.holds for ladder in self.ladders for path in ladder.paths)

    @cached_property
    def times(self) -> bool:
        """Whether something happens at the end of windows and claims, or by time alone."""
        own = any(ladder.judges_ends or ladder.fates or ladder.accruals for ladder in self.ladders)
        return own or bool(self.helds) or any(track.at_end or track.personal for track in self.tracks)

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


@lru_cache(maxsize=32)
def rules_of(program: Program) -> Rules:
    """The compiled ladders of a program, made once."""
    editions = [(edition.begins, edition.ladder, edition.units.units) for edition in program.editions]
    return compile_rules(editions, program.file.members.attributes)


def compile_rules(
    editions: Sequence[tuple[date, LadderFile, Mapping[str, Unit]]], attributes: Mapping[str, Attribute] | None = None
) -> Rules:
    """Ladders compiled, oldest first: each with its first day and the units of its edition."""
    tiers = merged_order([[tier.id for tier in ladder.tiers] for _, ladder, _ in editions])
    kinds = {name: unit.kind for _, _, units in editions for name, unit in units.items() if unit.kind != "points"}
    tracks = _tracks([ladder for _, ladder, _ in editions])
    ladders = tuple(
        _Compiling(begins, ladder, units, tiers, tuple(kinds), tracks, attributes or {}).ladder()
        for begins, ladder, units in editions
    )
    levels = frozenset(place for place, kind in enumerate(kinds.values()) if kind == "level")
    return Rules(tiers, tuple(kinds), levels, tracks, ladders)


def _tracks(ladders: Sequence[LadderFile]) -> tuple[Track, ...]:
    shapes: dict[str, tuple[Window, list[Stretched]]] = {}
    for ladder in ladders:
        own = shapes.setdefault(ladder.main.model_dump_json(), (ladder.main, []))
        own[1].extend(one for one in ladder.stretched if one not in own[1])
        kept = [ladder.keep_window] if ladder.keep_window and ladder.keep_window.before_end is None else []
        for shape in [*kept, *ladder.windows.values()]:
            shapes.setdefault(shape.model_dump_json(), (shape, []))
    return tuple(Track(n, shape, tuple(stretched)) for n, (shape, stretched) in enumerate(shapes.values()))


class _Compiling:
    """One ladder being compiled."""

    def __init__(
        self, begins: date, file: LadderFile, units: Mapping[str, Unit], tiers: tuple[str, ...], counters: tuple[str, ...],
        tracks: tuple[Track, ...], attributes: Mapping[str, Attribute],
    ) -> None:  # fmt: skip
        self.begins, self.file, self.units = begins, file, units
        self.tiers, self.counters, self.tracks = tiers, counters, tracks
        self.scope = scope_of_member(attributes)
        self.places = {track.shape.model_dump_json(): track.place for track in tracks}

    def ladder(self) -> Ladder:
        file = self.file
        lapse = Lapse() if file.lapse == "fall_to_earned" else file.lapse
        ways = tuple(self._ways(track.place, None) for track in self.tracks)
        own = _term(file.validity)
        terms = {self.rank(tier.id): _term(tier.validity) for tier in file.tiers if tier.validity}
        landing = _term(lapse.validity) if lapse.validity else None
        ranks = range(len(self.tiers))
        keep_window = file.keep_window
        bound = keep_window is not None and keep_window.before_end is not None
        return Ladder(
            self.begins.toordinal(), self.begins.isoformat(), self._place(file.main), ways, self._scaled(),
            keep_window if bound else None, None if keep_window is None or bound else self._place(keep_window),
            self._lifetime(), tuple(terms.get(rank, own) for rank in ranks),
            tuple(landing or terms.get(rank, own) for rank in ranks), lapse, self.rank(lapse.floor) if lapse.floor else 0,
            file.keep == "at_end", file.reversal == "strict", self._fates(),
            tuple(sorted(self.rank(tier.id) for tier in file.tiers)),
            {self.rank(tier.id): self.rank(tier.layer_on) for tier in file.tiers if tier.layer_on},
            self._accruals(), tuple(self._mark(milestone) for milestone in file.milestones), self._goals(), self._changed(),
        )  # fmt: skip

    def rank(self, tier: str) -> int:
        return self.tiers.index(tier)

    def _place(self, window: Window) -> int:
        return self.places[window.model_dump_json()]

    def _amount(self, counter: str, amount: Decimal) -> int:
        return int(amount.scaleb(self.units[counter].decimals))

    def _when(self, condition: Any) -> When | None:
        if condition is None:
            return None
        test = compile_condition(condition, self.scope, (), lambda _way, _message: None)
        return lambda traits: test(((), 0, traits))

    def _held(self, held: Held | None) -> HeldFor | None:
        return None if held is None else HeldFor(self.rank(held.tier), held.years or 0, held.days or 0, held.unbroken)

    def _path(self, given: Any, percent: Decimal | None = None) -> Path:
        path = guarded(given)
        needs = tuple(
            (self.counters.index(name), _percent(self._amount(name, threshold), percent))
            for name, threshold in path.needs.items()
        )
        holds = self.rank(path.holds) if path.holds else 0
        return Path(_met(needs), needs, holds, self._held(path.held), self._when(path.when))

    def _track_of(self, given: Any, keep: bool) -> int:
        name = guarded(given).window
        if name is not None:
            return self._place(self.file.windows[name])
        kept = self.file.keep_window
        return self._place(kept if keep and kept is not None and kept.before_end is None else self.file.main)

    def _ways(self, track: int, percent: Decimal | None) -> Ways:
        def paths(kind: str) -> Paths:
            found = sorted((self.rank(tier.id), n) for n, tier in enumerate(self.file.tiers))
            counted = [
                (rank, tuple(self._path(path, percent) for path in getattr(self.file.tiers[n], kind)
                             if self._track_of(path, kind == "keep") == track))
                for rank, n in found
            ]  # fmt: skip
            return tuple((rank, ways) for rank, ways in counted if ways)

        reach = paths("reach")
        simple = not self.file.counters and all(not _is_guarded(path) for _, ways in reach for path in ways)
        return Ways(reach, paths("keep"), simple and _rising([ways for _, ways in reach]))

    def _scaled(self) -> tuple[tuple[Ways, ...], ...]:
        return tuple(
            tuple(self._ways(track.place, override.thresholds) for track in self.tracks) if override.thresholds else ()
            for override in self.file.overrides
        )

    def _lifetime(self) -> Ways:
        given = sorted((self.rank(life.tier), n) for n, life in enumerate(self.file.lifetime))
        paths = tuple((rank, (self._path(self.file.lifetime[n].path),)) for rank, n in given)
        simple = all(not _is_guarded(path) for _, ways in paths for path in ways)
        return Ways(paths, (), simple and _rising([ways for _, ways in paths]))

    def _fates(self) -> dict[int, Fate]:
        found = {}
        for name, counter in self.file.counters.items():
            roll = counter.rollover
            fate = Fate(counter.when_met)
            if roll is not None:
                earned = self.rank(roll.earned) if roll.earned else 0
                most = self._by_tier(name, roll.most)
                fate = Fate(counter.when_met, roll.of, roll.percent, most, roll.once, earned, roll.unless_fallen)
            found[self.counters.index(name)] = fate
        return found

    def _by_tier(self, counter: str, amount: Any) -> Mapping[int, int] | int | None:
        if isinstance(amount, ByTier):
            return {self.rank(tier): self._amount(counter, one) for tier, one in amount.tier.items()}
        return None if amount is None else self._amount(counter, amount)

    def _accruals(self) -> tuple[tuple[int, Mapping[int, int], int], ...]:
        return tuple(
            (self.counters.index(one.counter),
             {self.rank(tier): self._amount(one.counter, amount) for tier, amount in one.per_day.items()},
             one.through.toordinal() if one.through else date.max.toordinal())
            for one in self.file.accruals
        )  # fmt: skip

    def _mark(self, milestone: Milestone) -> Mark:
        path = self._path(milestone.at)
        first = next(iter(guarded(milestone.at).needs))
        every = self._amount(first, milestone.every) if milestone.every is not None else 0
        most = milestone.most or (10_000 if every else 1)
        track = self._track_of(milestone.at, keep=False)
        return Mark(milestone.id, track, path, every, most, milestone.reversal == "take_back")

    def _goals(self) -> dict[str, Goal | None]:
        return {
            offer.id: Goal(self._path(offer.goal), compile_validity(offer.then)) if offer.goal and offer.then else None
            for offer in self.file.offers
        }

    def _changed(self) -> tuple[Changed, ...]:
        return tuple(
            Changed(
                one.first.toordinal(), one.through.toordinal(), self._when(one.when), one.thresholds,
                one.extend.toordinal() + 1 if one.extend else 0,
            )
            for one in self.file.overrides
        )  # fmt: skip


def _term(validity: Validity) -> Term:
    """A validity with what puts an end off."""
    if validity.from_end is None:
        return Term(compile_validity(validity))
    return Term(compile_validity(validity), validity.from_end.months, validity.from_end.in_last or 0)


def _is_guarded(path: Path) -> bool:
    return bool(path.holds or path.held or path.when)


def _percent(amount: int, percent: Decimal | None) -> int:
    return amount if percent is None else int((amount * percent / 100).to_integral_value(rounding=ROUND_CEILING))


def _rising(ways: list[tuple[Path, ...]]) -> bool:
    def implied(upper: Path, lower: Path) -> bool:
        more = dict(upper.needs)
        return all(more.get(place, 0) >= threshold for place, threshold in lower.needs)

    return all(any(implied(path, below) for below in lower) for lower, upper in itertools.pairwise(ways) for path in upper)


def _met(needs: tuple[tuple[int, int], ...]) -> Callable[[Totals], bool]:
    """The test of a path. One and two thresholds, the common cases, are spelt out: they run for every posting."""
    if len(needs) == 1:
        ((a, least),) = needs
        return lambda totals: totals[a] >= least
    if len(needs) == 2:
        (a, least), (b, other) = needs
        return lambda totals: totals[a] >= least and totals[b] >= other
    return lambda totals: all(totals[place] >= threshold for place, threshold in needs)
