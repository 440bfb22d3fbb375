"""Windows in which counters are counted, and how long a tier then holds. Days are ordinals; spans are half-open."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from functools import lru_cache

from loyalty.program.ladder import Validity

#: Later than any day: the end of what never ends.
FAR = date.max.toordinal() + 1


@lru_cache(maxsize=100_000)
def calendar_year(day: int) -> int:
    """The window of a day: its year."""
    return date.fromordinal(day).year


@lru_cache(maxsize=10_000)
def first_day(year: int) -> int:
    """The first day of a calendar-year window."""
    return date(year, 1, 1).toordinal()


@lru_cache(maxsize=10_000)
def last_day(year: int) -> int:
    """The last day of a calendar-year window."""
    return date(year, 12, 31).toordinal()


def after_months(day: int, months: int) -> int:
    """The same day of the month, months later; the month's last where it has no such day (31 January + 1 -> 28)."""
    start = date.fromordinal(day)
    years, month = divmod(start.month - 1 + months, 12)
    year = start.year + years
    if year > date.max.year:
        return FAR
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1])).toordinal()


def after_month_end(year: int, month: int) -> int:
    """The day after a month's last: (2014, 1) -> 2014-02-01, leap days included."""
    return date(year + month // 12, month % 12 + 1, 1).toordinal()


#: (window, day of the activity that met the path) -> the day on which the tier no longer holds
Until = Callable[[int, int], int]


def compile_validity(validity: Validity) -> Until:
    """The end of a tier's validity, by the program's formula.

    `through_end_of`: month 1, two years after, for 2012 -> 2014-02-01. `months` counts from the day of the activity,
    `window_end` whole windows after the one counted.
    """
    if validity.through_end_of is not None:
        end = validity.through_end_of
        return lambda window, _day: after_month_end(window + end.years_after, end.month)
    if validity.months is not None:
        months = validity.months
        return lambda _window, day: after_months(day, months)
    more = validity.window_end or 0
    return lambda window, _day: first_day(window + more + 1)
