"""Ways to a tier as they are told: measures, guards, the days they count from and through, and what is still to come. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """One counter of a path: what there is, what is needed; both in the counter's smallest step.

    `more` is what must still come: what is missing, or, of a level, by how much it must be higher from today to the end.
    """

    counter: str
    have: int
    need: int
    more: int

    @property
    def missing(self) -> int:
        return max(self.need - self.have, 0)


@dataclass(frozen=True)
class Guard:
    """What a path asks for beside totals, and whether it is so today.

    `holds` or `layer`: a tier or a higher one is held; `held`: it was for so long; `when`: a condition, as JSON, on the member.
    """

    kind: Literal["holds", "layer", "held", "when"]
    met: bool
    tier: str = ""
    years: int = 0
    days: int = 0
    unbroken: bool = False
    when: str = ""


@dataclass(frozen=True)
class Way:
    """One path: to `reach` or `keep` a tier, to have it for `lifetime`, or to `confirm` a trial; met when all of it is.

    It counts from `first` through `by`: the last day of the window, or the last one before the tier ends; of a window that ends
    with any day, the day before what counts now begins to drop out. Without `by` there is no last day.
    """

    purpose: str
    tier: str
    measures: tuple[Measure, ...]
    guards: tuple[Guard, ...] = ()
    first: date | None = None
    by: date | None = None

    @property
    def met(self) -> bool:
        return self.allowed and not any(measure.missing for measure in self.measures)

    @property
    def allowed(self) -> bool:
        return all(guard.met for guard in self.guards)

    def asks_less(self, other: "Way") -> bool:
        """Whether it asks for nothing that the other does not, and for less of something, in the same days."""
        same = (self.first, self.by) == (other.first, other.by) and set(self.guards) <= set(other.guards)
        fewer = all(need <= other.needs.get(counter, -1) for counter, need in self.needs.items())
        return same and fewer and (len(self.guards), self.needs) != (len(other.guards), other.needs)

    @property
    def needs(self) -> dict[str, int]:
        """What it asks for, by counter."""
        return {measure.counter: measure.need for measure in self.measures}


@dataclass(frozen=True)
class Further:
    """The least further amount of one counter that alone serves a purpose, in its smallest step; none where it cannot."""

    purpose: str
    tier: str
    counter: str
    amount: int | None
    first: date | None
    by: date | None


def further_of(ways: Sequence[Way], day: date) -> tuple[Further, ...]:
    """For each purpose and each counter of its paths, the least amount that gets there with nothing else."""
    found: dict[tuple[str, str, str], Further] = {}
    for way in ways:
        missing = [measure for measure in way.measures if measure.missing]
        over = way.by is not None and way.by < day
        for measure in way.measures:
            alone = way.allowed and not over and all(one is measure for one in missing)
            this = Further(way.purpose, way.tier, measure.counter, measure.more if alone else None, way.first, way.by)
            known = found.get((way.purpose, way.tier, measure.counter))
            if known is None or (this.amount is not None and (known.amount is None or this.amount < known.amount)):
                found[(way.purpose, way.tier, measure.counter)] = this
    return tuple(found.values())
