"""Time in a tier: years and days for which it was held, and counters that grow by the day."""

from datetime import date
from typing import TYPE_CHECKING

from loyalty.status.compiled import HeldFor
from loyalty.status.windows import FAR, after_months, whole_years

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


class Time:
    """What a member's days in tiers come to, as the fold goes along; `due` is the next day on which they may tell."""

    def __init__(self, walk: "Walk") -> None:
        self.walk = walk
        self.due = FAR
        self.accrued = walk.enrolled
        self.fallen = (-1, False)

    def accrue(self, at: int) -> None:
        """Add what the days before a day have brought; the standing has not changed since the last time."""
        walk = self.walk
        if not walk.rules.accrues or at <= self.accrued or walk.life is None:
            return
        for place, per_day, last in walk.rules.ladder_on(self.accrued).accruals:
            days = max(min(at, last + 1) - self.accrued, 0)
            walk.life.totals[place] += per_day.get(walk.current.rank, 0) * days
        self.accrued = at

    def met(self, held: HeldFor, at: int) -> bool:
        """Whether a tier was held for so long before a day."""
        runs = self._runs(held.rank, at)
        if held.unbroken:
            runs = [run for run in runs[-1:] if run[1] == at]
        if held.days:
            return sum(until - begins for begins, until in runs) >= held.days
        return sum(whole_years(begins, until) for begins, until in runs) >= held.years

    def plan(self, at: int) -> int:
        """The next day after a day on which time alone may meet a path, if the standing stays."""
        rules = self.walk.rules
        days = [self._full(held, at) for held in rules.helds if self.walk.current.rank >= held.rank]
        if rules.accrues:
            days += self._grown(at)
        self.due = min([day for day in days if day > at], default=FAR)
        return self.due

    def _runs(self, rank: int, at: int) -> list[tuple[int, int]]:
        """The stretches of days before a day that ended at a rank or higher."""
        walk = self.walk
        found: list[tuple[int, int]] = []
        spans = [(span.begins, span.until, span.rank) for span in walk.spans]
        for begins, ends, held in [*spans, (walk.begins, at, walk.current.rank)]:
            until = min(ends, at)
            if held >= rank and begins < until:
                joins = bool(found) and found[-1][1] == begins
                found.append((found.pop()[0] if joins else begins, until))
        return found

    def _full(self, held: HeldFor, at: int) -> int:
        """The day on which a time in a tier is full, if it is held on from a day."""
        runs = self._runs(held.rank, at)
        now = runs.pop() if runs and runs[-1][1] == at else (at, at)
        before = [] if held.unbroken else runs
        if held.days:
            return now[0] + held.days - sum(until - begins for begins, until in before)
        missing = held.years - sum(whole_years(begins, until) for begins, until in before)
        return after_months(_new_year(now[0]), 12 * missing) if missing > 0 else FAR

    def _grown(self, at: int) -> list[int]:
        """The days on which a growing counter reaches the thresholds of lifetime paths."""
        walk = self.walk
        if walk.life is None:
            return []
        found = []
        growing = {place: per_day.get(walk.current.rank, 0) for place, per_day, _ in walk.rules.ladder_on(at).accruals}
        for _, paths in walk.life.ways.reach:
            for place, need in (need for path in paths for need in path.needs):
                if growing.get(place, 0) > 0 and need > walk.life.totals[place]:
                    found.append(self.accrued + -(-(need - walk.life.totals[place]) // growing[place]))
        return found


def _new_year(day: int) -> int:
    """The first New Year's Day from a day on."""
    on = date.fromordinal(day)
    return day if (on.month, on.day) == (1, 1) else date(on.year + 1, 1, 1).toordinal()
