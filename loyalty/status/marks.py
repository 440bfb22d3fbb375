"""Milestones met on the way: how many times, in which window, on which day."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from loyalty.program.gifts import Deadline
from loyalty.status.claims import Award, Window
from loyalty.status.compiled import Mark, Path

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


class Marks:
    """The awards of a fold, as it goes along."""

    def __init__(self, walk: "Walk") -> None:
        self.walk = walk
        self.awards: list[Award] = []
        self.due: list[Window] = []
        self.lowered: list[Window] = []

    def follow(self, windows: Iterable[Window], before: int, at: int) -> None:
        """At the end of a day or of its opening: withdraw what reversals have taken, award what windows have come to.

        Who held a rank before and has risen to a higher one is looked at in all that is open.
        """
        for window in self.lowered:
            self._take_back(window, at)
        self._look([*windows, *self.due], at)
        if self.walk.current.rank > before:
            self._look(self.walk.counts.open_on(at), at)
        self.due, self.lowered = [], []

    def _look(self, windows: Iterable[Window], at: int) -> None:
        """Award what windows have come to since they were last looked at."""
        for window in windows:
            for mark in window.ladder.marks if window.track is not None and not window.waits(at) else ():
                before = window.marks.get(mark.id, 0)
                if mark.track != window.track.place or _times(mark, window) <= before:  # type: ignore[union-attr]
                    continue
                now = _times(mark, window, lambda path: self.walk.allowed(path, at))
                if now > before:
                    self._award(mark, window, before, now, at)

    def _award(self, mark: Mark, window: Window, before: int, now: int, at: int) -> None:
        window.marks[mark.id] = now
        by = deadline(mark.by, window.first, at) if mark.by is not None else None
        edition, first, last = window.ladder.edition, window.first, window.last
        self.awards += [Award(mark.id, window.key, n, at, None, edition, first, last, by) for n in range(before + 1, now + 1)]

    def _take_back(self, window: Window, at: int) -> None:
        """After a reversal: withdraw what totals no longer meet. Guards are not asked again."""
        for mark in window.ladder.marks if window.track is not None else ():
            now = _times(mark, window)
            if not mark.takes_back or mark.track != window.track.place or now >= window.marks.get(mark.id, 0):  # type: ignore[union-attr]
                continue
            window.marks[mark.id] = now
            for place, award in enumerate(self.awards):
                same = (award.milestone, award.window, award.withdrawn) == (mark.id, window.key, None)
                if same and award.n > now:
                    self.awards[place] = award._replace(withdrawn=at)


def _times(mark: Mark, window: Window, allowed: Callable[[Path], bool] | None = None) -> int:
    """How many times a milestone is met by a window's totals: by that of its paths which is met most often."""
    times = 0
    for path, every in mark.paths:
        if path.met(window.totals) and (allowed is None or allowed(path)):
            place, threshold = path.needs[0]
            times = max(times, 1 + (window.totals[place] - threshold) // every if every else 1)
    return min(times, mark.most)


def deadline(by: Deadline, first: int, at: int) -> int:
    """The last day of a choice in a window that begins on a day, met on another; the month's last where it has no such day."""
    if by.days is not None:
        return at + by.days
    month = date(date.fromordinal(first).year + by.years_after, by.month or 1, 1)
    after = (month + timedelta(days=31)).replace(day=1)
    return min(month + timedelta(days=by.day - 1), after - timedelta(days=1)).toordinal()
