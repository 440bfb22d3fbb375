"""The ladder compiled: tiers as ranks, counters as places in a list, paths as plain functions over it."""

import itertools
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from loyalty.program.load import Edition, Program
from loyalty.status.windows import Until, compile_validity

Totals = list[int]


class Path(NamedTuple):
    """One way to a tier: met where every counter's total reaches its threshold (in the unit's smallest step)."""

    met: Callable[[Totals], bool]
    needs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Ladder:
    """One edition's ladder. `reach` and `keep` hold, for each rank that has paths, its ways; lowest rank first."""

    begins: int
    edition: str
    reach: tuple[tuple[int, tuple[Path, ...]], ...]
    keep: tuple[tuple[int, tuple[Path, ...]], ...]
    lifetime: tuple[tuple[int, tuple[Path, ...]], ...]
    until: Until
    strict: bool
    rising: bool
    """Whoever meets a path of a tier meets one of the tier below: only the next tier need be watched."""


@dataclass(frozen=True, eq=False)
class Rules:
    """Everything the fold needs of a program. Ranks count over the tiers of all editions, base 0."""

    tiers: tuple[str, ...]
    counters: tuple[str, ...]
    ladders: tuple[Ladder, ...]

    def ladder_on(self, day: int) -> Ladder:
        """The ladder in force on a day; the first one's before it begins."""
        if len(self.ladders) == 1:
            return self.ladders[0]
        place = bisect_right(self.ladders, day, key=lambda ladder: ladder.begins)
        return self.ladders[max(place - 1, 0)]

    @property
    def index(self) -> Mapping[str, int]:
        """Counter -> its place in totals."""
        return {name: n for n, name in enumerate(self.counters)}


@lru_cache(maxsize=32)
def rules_of(program: Program) -> Rules:
    """The compiled ladders of a program, made once."""
    counters = tuple(dict.fromkeys(
        name for edition in program.editions for name, unit in edition.units.units.items() if unit.kind == "counter"
    ))  # fmt: skip
    ladders = tuple(_ladder(edition, program.tiers, counters) for edition in program.editions)
    return Rules(program.tiers, counters, ladders)


def _ladder(edition: Edition, tiers: tuple[str, ...], counters: tuple[str, ...]) -> Ladder:
    ladder = edition.ladder

    def compiled(path: Mapping[str, Decimal]) -> Path:
        needs = tuple(
            (counters.index(name), int(threshold.scaleb(edition.units.units[name].decimals)))
            for name, threshold in path.items()
        )
        return Path(_met(needs), needs)

    def ways(kind: str) -> tuple[tuple[int, tuple[Path, ...]], ...]:
        given = [(tiers.index(tier.id), getattr(tier, kind)) for tier in ladder.tiers]
        return tuple((rank, tuple(compiled(path) for path in paths)) for rank, paths in sorted(given) if paths)

    reach = ways("reach")
    lasting = sorted((tiers.index(life.tier), n) for n, life in enumerate(ladder.lifetime))
    lifetime = tuple((rank, (compiled(ladder.lifetime[n].path),)) for rank, n in lasting)
    return Ladder(
        date.toordinal(edition.begins),
        edition.name,
        reach,
        ways("keep"),
        lifetime,
        compile_validity(ladder.validity),
        ladder.reversal == "strict",
        _rising([paths for _, paths in reach]) and _rising([paths for _, paths in lifetime]),
    )


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
