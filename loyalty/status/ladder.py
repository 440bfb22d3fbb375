"""Ladders compiled: everything that can be decided before the fold is decided here, once."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any

from loyalty.program.conditions import compile_condition
from loyalty.program.ladder import (
    ByTier,
    Held,
    LadderFile,
    Lapse,
    Milestone,
    Stretched,
    Validity,
    Window,
    first_counter,
    guarded,
)
from loyalty.program.load import Program, merged_order
from loyalty.program.models import Attribute, Unit
from loyalty.program.scope import member_scope
from loyalty.status.compiled import (
    Changed,
    Deposits,
    Fate,
    Goal,
    HeldFor,
    Ladder,
    Mark,
    Path,
    Paths,
    Rules,
    Term,
    Totals,
    Ways,
    When,
)
from loyalty.status.windows import Track, compile_validity


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
    return Rules(tiers, tuple(kinds), levels, tracks, ladders, attributes or {})


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
        self.scope = member_scope(attributes)
        self.places = {track.shape.model_dump_json(): track.place for track in tracks}

    def ladder(self) -> Ladder:
        file = self.file
        lapse = Lapse() if file.lapse == "fall_to_earned" else file.lapse
        ways = tuple(self._ways(track.place, None) for track in self.tracks)
        own = _term(file.validity)
        terms = {self.rank(tier.id): _term(tier.validity) for tier in file.tiers if tier.validity}
        named = tuple(self._place(window) for window in file.windows.values())
        keeping = _term(file.keep_validity) if file.keep_validity else None
        landing = _term(lapse.validity) if lapse.validity else None
        ranks = range(len(self.tiers))
        keep_window = file.keep_window
        bound = keep_window is not None and keep_window.before_end is not None
        return Ladder(
            self.begins.toordinal(), self.begins.isoformat(), self._place(file.main), named, ways, self._scaled(),
            keep_window if bound else None, None if keep_window is None or bound else self._place(keep_window),
            self._lifetime(), tuple(terms.get(rank, own) for rank in ranks),
            tuple(landing or terms.get(rank, own) for rank in ranks), tuple(keeping or terms.get(rank, own) for rank in ranks),
            lapse, self.rank(lapse.floor) if lapse.floor else 0,
            file.keep == "at_end", file.reversal == "strict", self._fates(),
            tuple(sorted(self.rank(tier.id) for tier in file.tiers)),
            {self.rank(tier.id): self.rank(tier.layer_on) for tier in file.tiers if tier.layer_on},
            self._accruals(), tuple(self._mark(milestone) for milestone in file.milestones), self._goals(), self._changed(),
            self._deposits(),
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
        return Path(_met(needs), needs, holds, self._held(path.held), self._when(path.when), path.when)

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

        reach, keep = paths("reach"), paths("keep")
        waits = bool(keep) or self.file.keep == "at_end" or _asks_what_is_held(reach)
        simple = not self.file.counters and all(not _is_guarded(path) for _, ways in reach for path in ways)
        return Ways(reach, keep, simple and _rising([ways for _, ways in reach]), waits)

    def _scaled(self) -> tuple[tuple[Ways, ...], ...]:
        return tuple(
            tuple(self._ways(track.place, override.thresholds) for track in self.tracks) if override.thresholds else ()
            for override in self.file.overrides
        )

    def _lifetime(self) -> Ways:
        given = sorted((self.rank(life.tier), n) for n, life in enumerate(self.file.lifetime))
        paths = tuple((rank, (self._path(self.file.lifetime[n].path),)) for rank, n in given)
        simple = all(not _is_guarded(path) for _, ways in paths for path in ways)
        return Ways(paths, (), simple and _rising([ways for _, ways in paths]), _asks_what_is_held(paths))

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
        paths = []
        for path in milestone.paths:
            every = milestone.every_of(path)
            paths.append((self._path(path), self._amount(first_counter(path) or "", every) if every else 0))
        most = milestone.most or (10_000 if milestone.every else 1)
        track = self._track_of(milestone.paths[0], keep=False)
        by = milestone.choice.by if milestone.choice else None
        return Mark(milestone.id, track, tuple(paths), most, milestone.reversal == "take_back", by)

    def _goals(self) -> dict[str, Goal | None]:
        return {
            offer.id: Goal(self._path(offer.goal), compile_validity(offer.then)) if offer.goal and offer.then else None
            for offer in self.file.offers
        }

    def _deposits(self) -> tuple[Deposits, ...]:
        return tuple(
            Deposits(one.id, one.unit, self._by_tier(one.unit, one.amount) or 0, self._when(one.when))
            for one in self.file.deposits
        )

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
    more = validity.from_end
    months, in_last = (more.months, more.in_last or 0) if more is not None else (0, 0)
    return Term(compile_validity(validity), months, in_last, validity.whole_months, validity.window_end)


def _is_guarded(path: Path) -> bool:
    return bool(path.holds or path.held or path.when)


def _asks_what_is_held(paths: Paths) -> bool:
    return any(path.holds for _, ways in paths for path in ways)


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
