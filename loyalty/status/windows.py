"""Windows in which counters are counted, and how long a tier then holds. Days are ordinals; spans are half-open."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from loyalty.program.ladder import Grace, Stretched, Validity, Window, YearDay

#: Later than any day: the end of what never ends.
FAR = date.max.toordinal() + 1
#: (key, first day, last day) of a window.
Frame = tuple[int, int, int]
#: Windows of a track have keys from here on; the key of a calendar year is the year.
TRACK = 10_000_000


def after_months(day: int, months: int) -> int:
    """The same day of the month, months later; the month's last where it has no such day (31 January + 1 -> 28)."""
    if day >= FAR:
        return FAR
    start = date.fromordinal(day)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if year > date.max.year:
        return FAR
    if year < date.min.year:
        return date.min.toordinal()
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def after_month_end(year: int, month: int) -> int:
    """The day after a month's last: (2014, 1) -> 2014-02-01, leap days included."""
    return date(year + month // 12, month % 12 + 1, 1).toordinal()


def month_of(day: int) -> int:
    """The first day of a day's month."""
    return day - date.fromordinal(day).day + 1


@lru_cache(maxsize=100_000)
def _year_of(day: int) -> Frame:
    """The calendar year of a day as a window."""
    year = date.fromordinal(day).year
    return year, date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()


class Track:
    """One kind of window of a program and its place among them; windows of equal shape are of one track over all editions."""

    def __init__(self, place: int, shape: Window, stretched: tuple[Stretched, ...] = ()) -> None:
        self.place, self.shape, self.stretched = place, shape, stretched
        self.months = shape.months or 0
        self.every = shape.every if isinstance(shape.every, int) else self.months
        self.by_day = shape.every == "day"
        self.personal = shape.personal
        self.at_end = shape.judged == "at_end"
        self.closes_after = shape.closes_after
        self.by_member = isinstance(shape.begins, str)
        # months from the 31st do not add up: such windows are counted from where they are laid
        self.counted = bool(stretched) or (self.by_member and not self.personal)
        self.overlapping = self.by_day or self.every < self.months
        self.yearly = shape == Window(months=12) and not stretched

    def frame(self, on: int, enrolled: int) -> Frame:
        """The window that contains a day, where there is but one."""
        return _year_of(on) if self.yearly else self.frames(on, enrolled)[0]

    def frames(self, on: int, enrolled: int) -> tuple[Frame, ...]:
        """The windows that contain a day, first one first. Not for personal windows, nor for those that end with activity."""
        if self.yearly:
            return (_year_of(on),)
        return self._laid(on, enrolled if self.by_member else 0)

    def frame_before(self, on: int) -> Frame:
        """The window that ends with a day of activity."""
        first = after_months(on, -self.months) + 1 if self.months else on - (self.shape.days or 1) + 1
        return self.place * TRACK + on, first, on

    def end_of_personal(self, opened: int, follows: bool = False) -> int:
        """The last day of a personal window that begins on a day; `follows` says that it comes after one that was over."""
        later = self.shape.begins == "month_after_tier_change" and not follows
        start = after_months(month_of(opened), 1) if later else opened
        return after_months(start, self.months) - 1

    @lru_cache(maxsize=100_000)  # noqa: B019  tracks live as long as their program
    def _laid(self, on: int, enrolled: int) -> tuple[Frame, ...]:
        anchor = self._anchor(enrolled)
        found = []
        at = _month_number(on) - _month_number(anchor) + self.every
        step = at // self.every
        while after_months(anchor, step * self.every + self.months) > on:
            first = after_months(anchor, step * self.every)
            last = after_months(anchor, step * self.every + self.months) - 1
            first, last = self._stretch(first, last)
            if first <= on <= last:
                found.append((self.place * TRACK + first, first, last))
            step -= 1
        found += self._stretched_over(on, {frame[1] for frame in found})
        return tuple(sorted(found))

    def _anchor(self, enrolled: int) -> int:
        begins = self.shape.begins
        if begins == "enrolment":
            return enrolled
        if begins == "enrolment_month":
            return month_of(enrolled)
        start = begins if isinstance(begins, YearDay) else YearDay(month=1)
        return date(2000, start.month, start.day).toordinal()

    def _stretch(self, first: int, last: int) -> tuple[int, int]:
        for one in self.stretched:
            if first <= one.day.toordinal() <= last:
                return one.first.toordinal(), one.through.toordinal()
        return first, last

    def later(self, first: int, last: int, count: int, enrolled: int) -> int:
        """The day after the end of the count-th window after one, where windows may be stretched."""
        days = [
            one.day.toordinal() for one in self.stretched if (one.first.toordinal(), one.through.toordinal()) == (first, last)
        ]
        anchor = self._anchor(enrolled)
        step = (_month_number(days[0] if days else first) - _month_number(anchor)) // self.every
        while after_months(anchor, step * self.every) > (days[0] if days else first):
            step -= 1
        regular = after_months(anchor, (step + count) * self.every)
        return self._stretch(regular, after_months(anchor, (step + count) * self.every + self.months) - 1)[1] + 1

    def _stretched_over(self, on: int, known: set[int]) -> list[Frame]:
        """Windows that contain a day only because they are stretched."""
        spans = [(one.first.toordinal(), one.through.toordinal()) for one in self.stretched]
        return [
            (self.place * TRACK + first, first, last) for first, last in spans if first <= on <= last and first not in known
        ]


def _month_number(day: int) -> int:
    on = date.fromordinal(day)
    return on.year * 12 + on.month


def before_end(shape: Window, end: int) -> tuple[int, int]:
    """The first and last day of the window tied to a tier that no longer holds on a day.

    End 2026-08-01, 12 months, 1 before: 2025-07-01 and 2026-06-30.
    """
    after = after_months(month_of(end - 1), 1 - (shape.before_end or 0))
    return after_months(after, -(shape.months or 0)), after - 1


def end_of_grace(grace: Grace, end: int) -> int:
    """The day on which grace for a tier that ended on a day is over."""
    return after_months(end, grace.months) if grace.months is not None else end + (grace.days or 0)


#: (first and last day of a window, months to the next, day of the activity that met the path) -> the day on which the tier ends
Until = Callable[[int, int, int, int], int]


@lru_cache(maxsize=1000)
def _end_of_month(first: int, years_after: int, month: int) -> int:
    return after_month_end(date.fromordinal(first).year + years_after, month)


def compile_validity(validity: Validity) -> Until:
    """The end of a tier's validity, by the program's formula.

    `through_end_of`: month 1, two years after, for a window that begins in 2012 -> 2014-02-01. `months` counts from the day of
    the activity, `window_end` whole windows after the one counted.
    """
    if validity.through_end_of is not None:
        end = validity.through_end_of
        return lambda first, _last, _months, _on: _end_of_month(first, end.years_after, end.month)
    if validity.months is not None:
        months, whole = validity.months, validity.whole_months
        if whole:
            return lambda _first, _last, _months, on: _whole(after_months(on, months))
        return lambda _first, _last, _months, on: after_months(on, months)
    more = validity.window_end or 0
    return lambda _first, last, months, _on: _windows_later(last + 1, more * months)


@lru_cache(maxsize=10_000)
def _windows_later(day: int, months: int) -> int:
    return after_months(day, months) if months else day


def _whole(day: int) -> int:
    return FAR if day >= FAR else after_months(month_of(day), 1)


def whole_years(begins: int, until: int) -> int:
    """How many whole calendar years lie in [begins, until)."""
    first = date.fromordinal(begins)
    years = date.fromordinal(until).year - first.year - ((first.month, first.day) > (1, 1))
    return max(years, 0)
