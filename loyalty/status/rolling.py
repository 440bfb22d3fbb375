"""Windows that end with each day of activity: each counted from the one before it, and found by their last days."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator

from loyalty.status.claims import Entry, Window
from loyalty.status.compiled import Totals
from loyalty.status.windows import Track

#: An entry by the day that it counts for: that day, day posted, place of the counter, amount in its smallest step.
Known = tuple[int, int, int, int]


class Entries:
    """The entries of one member that are known so far: by the days that they count for, and as they came."""

    def __init__(self) -> None:
        self.by_day: list[Known] = []
        self.came: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """Know one more; they come in the order of the days on which they were posted."""
        posted, on, place, amount = entry
        insort(self.by_day, (on, posted, place, amount))
        self.came.append(entry)

    def between(self, first: int, last: int) -> list[Known]:
        """Those that count for some days, first and last included."""
        return self.by_day[bisect_left(self.by_day, (first,)) : bisect_left(self.by_day, (last + 1,))]

    def posted_after(self, day: int) -> Iterator[Known]:
        """Those that became known later than a day."""
        for at in range(bisect_right(self.came, day, key=lambda entry: entry[0]), len(self.came)):
            posted, on, place, amount = self.came[at]
            yield on, posted, place, amount


class Rolling:
    """The windows of one track with `every: day`, first one first.

    One of them has nearly all that the one before it has. So a new one takes over the totals of that one, less what is of
    days that it no longer contains, and more what is of days since: the work follows the entries, not entries times
    windows. Nothing is paid, set back or rolled in such windows, so that their totals are plain sums.
    """

    def __init__(self, track: Track, known: Entries) -> None:
        self.track, self.known = track, known
        self.windows: list[Window] = []

    def open(self, window: Window) -> None:
        """Take in a new window, and count what is known in it."""
        place = bisect_left(self.windows, window.last, key=_last)
        before = self.windows[place - 1] if place else None
        if before is None or before.last < window.first:
            self._add(window.totals, window, window.first, window.last)
        else:
            self._take_over(window.totals, before, window)
        self.windows.insert(place, window)

    def containing(self, on: int) -> Iterator[Window]:
        """The windows that contain a day: that which ends with it, and those of later days that reach back to it."""
        for place in range(bisect_left(self.windows, on, key=_last), len(self.windows)):
            window = self.windows[place]
            if window.first > on:
                return
            yield window

    def _take_over(self, totals: Totals, before: Window, window: Window) -> None:
        totals[:] = before.totals
        self._add(totals, before, before.first, window.first - 1, sign=-1)
        self._add(totals, window, before.last + 1, window.last)
        closes = self.track.closes_after
        if closes is not None:  # what came too late for the one before may be in time for this one
            late = self.known.posted_after(before.last + closes)
            _sum(
                totals,
                (one for one in late if window.first <= one[0] <= before.last and in_time(self.track, window.last, one[1])),
            )

    def _add(self, totals: Totals, window: Window, first: int, last: int, sign: int = 1) -> None:
        """Add, or take off, what a window counts of some days."""
        known = self.known.between(first, last)
        _sum(totals, (one for one in known if in_time(self.track, window.last, one[1])), sign)


def in_time(track: Track, last: int, posted: int) -> bool:
    """Whether a window that ends with a day still takes what is posted on another."""
    return track.closes_after is None or posted <= last + track.closes_after


def _sum(totals: Totals, known: Iterable[Known], sign: int = 1) -> None:
    for _, _, place, amount in known:
        totals[place] += sign * amount


def _last(window: Window) -> int:
    return window.last
