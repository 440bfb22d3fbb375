"""The oracle's own calendar: months, and the windows that are laid over the days."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from loyalty.program.ladder import Stretched, Window, YearDay

EVER = date.max.toordinal() + 1


@lru_cache(maxsize=100_000)
def moved(day: int, months: int) -> int:
    """The same day of the month so many months later, or earlier; the month's last where it has no such day."""
    start = date.fromordinal(day)
    year, month = start.year, start.month + months
    while month > 12:
        year, month = year + 1, month - 12
    while month < 1:
        year, month = year - 1, month + 12
    return date(year, month, min(start.day, monthrange(year, month)[1])).toordinal()


def month_of(day: int) -> int:
    """The first day of the month of a day."""
    return date.fromordinal(day).replace(day=1).toordinal()


def after_month_of(day: int) -> int:
    """The day after the last day of the month of a day."""
    return moved(month_of(day), 1)


@dataclass(frozen=True, eq=False)
class Layout:
    """How windows of one kind are laid, for one member. `name` is empty for the ladder's own."""

    name: str
    window: Window
    stretched: tuple[Stretched, ...]
    enrolled: int

    @property
    def months(self) -> int:
        return self.window.months or 0

    @property
    def at_end(self) -> bool:
        return self.window.judged == "at_end"

    @property
    def daily(self) -> bool:
        return self.window.every == "day"

    @property
    def step(self) -> int:
        every = self.window.every
        return every if isinstance(every, int) else self.months


class Frame(NamedTuple):
    """One window: its place in the layout, first and last day."""

    layout: Layout | None
    place: int
    first: int
    last: int


#: All that ever was.
LIFE = Frame(None, 0, 1, EVER)


def laid(layout: Layout, place: int) -> Frame:
    """The window of months at a place in the sequence."""
    first, last = _grid(layout, place)
    for other in layout.stretched:
        if first <= other.day.toordinal() <= last:
            return Frame(layout, place, other.first.toordinal(), other.through.toordinal())
    return Frame(layout, place, first, last)


def _grid(layout: Layout, place: int) -> tuple[int, int]:
    origin = _origin(layout)
    first = moved(origin, place * layout.step)
    return first, moved(origin, place * layout.step + layout.months) - 1


def _origin(layout: Layout) -> int:
    begins = layout.window.begins
    if begins == "enrolment":
        return layout.enrolled
    if begins == "enrolment_month":
        return month_of(layout.enrolled)
    at = begins if isinstance(begins, YearDay) else YearDay(month=1)
    return date(2000, at.month, at.day).toordinal()


@lru_cache(maxsize=50_000)
def containing(layout: Layout, day: int) -> tuple[Frame, ...]:
    """The windows of months that contain a day, in their order."""
    start, today = date.fromordinal(_origin(layout)), date.fromordinal(day)
    apart = (today.year - start.year) * 12 + today.month - start.month
    near = range((apart - layout.months) // layout.step - 1, apart // layout.step + 2)
    # a stretched window may reach further than the others
    far = [place for other in layout.stretched for place in near_to(layout, other.day.toordinal())]
    frames = [laid(layout, place) for place in sorted({*near, *far})]
    return tuple(frame for frame in frames if frame.first <= day <= frame.last)


def near_to(layout: Layout, day: int) -> list[int]:
    """The places whose windows, not stretched, contain a day."""
    start, today = date.fromordinal(_origin(layout)), date.fromordinal(day)
    apart = (today.year - start.year) * 12 + today.month - start.month
    places = range((apart - layout.months) // layout.step - 1, apart // layout.step + 2)
    return [place for place in places if _grid(layout, place)[0] <= day <= _grid(layout, place)[1]]


@lru_cache(maxsize=50_000)
def ending_with(layout: Layout, day: int) -> Frame:
    """The window of `every: day` that ends with a day: what is between it and the day after, so long before."""
    if layout.window.days is not None:
        return Frame(layout, day, day - layout.window.days + 1, day)
    return Frame(layout, day, moved(day + 1, -layout.months), day)


def tied_to(layout: Layout, end: int) -> Frame:
    """The window of `before_end` for a tier that no longer holds on day `end`."""
    last_month = moved(month_of(end - 1), -(layout.window.before_end or 0))
    return Frame(layout, end, moved(last_month, 1 - layout.months), moved(last_month, 1) - 1)


def windows_later(frame: Frame, more: int) -> Frame:
    """The window so many after this one; of windows that end with a day, only the window itself is known."""
    assert frame.layout is not None
    if more == 0 or frame.layout.daily or frame.layout.window.before_end is not None:
        return frame
    return laid(frame.layout, frame.place + more)
