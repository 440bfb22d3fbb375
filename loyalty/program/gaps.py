"""Days that no window counts: between windows, after stretched ones, and where one edition gives way to another."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

from loyalty.program.ladder import LadderFile, YearDay
from loyalty.program.load import Edition
from loyalty.program.reader import Way
from loyalty.program.windows import Window
from loyalty.program.words import many, said, window

#: A window: its first and its last day.
Span = tuple[date, date]
#: So many years are laid out on either side of a day to see its neighbours.
YEARS = 12
#: Years in which the longest windows still lie within the calendar.
FIRST, LAST = 300, 9700


def within_edition(edition: Edition) -> Iterator[tuple[Way, str]]:
    """Days that the windows of one edition leave out."""
    main = edition.ladder.main
    for way, given in (("window",), main), *((("windows", name), given) for name, given in edition.ladder.windows.items()):
        if isinstance(given.every, int) and given.months is not None and given.every > given.months:
            left = many(given.every - given.months, "month")
            yield (*way, "every"), f"{left} of every {many(given.every, 'month')} count in no window"
    for n, stretched in enumerate(edition.ladder.stretched if _fixed(main) else ()):
        for first, last in gaps(_spans(edition.ladder, stretched.day.year)):
            # told once: by the stretched window that ends before the gap, or begins after it
            if stretched.through + timedelta(days=1) == first or stretched.first - timedelta(days=1) == last:
                yield ("stretched", n), _left_out(first, last, "the stretched window leaves them out")
                break


def between_editions(before: Edition, edition: Edition) -> Iterator[tuple[Way, str]]:
    """Days between the last window of one edition and the first of the next, where the two lay them in other ways.

    A window belongs to the edition in force on its first day.
    """
    if before.ladder.main == edition.ladder.main or not (_fixed(before.ladder.main) and _fixed(edition.ladder.main)):
        return
    if not FIRST <= edition.begins.year <= LAST:
        return
    closes = max(last for first, last in _spans(before.ladder, edition.begins.year) if first < edition.begins)
    opens = min(first for first, _last in _spans(edition.ladder, edition.begins.year) if first >= edition.begins)
    if opens > closes + timedelta(days=1):
        counted = f"this edition counts in {window(edition.ladder.main)}, the one before in {window(before.ladder.main)}"
        yield ("window",), _left_out(closes + timedelta(days=1), opens - timedelta(days=1), counted)


def gaps(spans: Iterable[Span]) -> Iterator[Span]:
    """The days between spans that are in none of them."""
    ordered = sorted(spans)
    reach = ordered[0][1]
    for _before, (first, last) in pairwise(ordered):
        if first > reach + timedelta(days=1):
            yield reach + timedelta(days=1), first - timedelta(days=1)
        reach = max(reach, last)


def _left_out(first: date, last: date, why: str) -> str:
    span = said(first) if first == last else f"{said(first)} through {said(last)}"
    return f"activity of {span} counts in no window: {why}"


def _fixed(given: Window) -> bool:
    """Whether its windows are laid one after another from a day of the year, so that their days are known."""
    return given.months is not None and given.every in (None, given.months) and not isinstance(given.begins, str)


def _spans(ladder: LadderFile, year: int) -> list[Span]:
    """The windows around a year, each stretched one in place of its usual span."""
    main = ladder.main
    months = main.months or 12
    begins = main.begins if isinstance(main.begins, YearDay) else YearDay(month=1)
    # laid from the year 2000, as the fold lays them
    count = (min(max(year, FIRST), LAST) - 2000) * 12 // months
    around = range(count - YEARS * 12 // months - 1, count + YEARS * 12 // months + 2)
    starts = [_months_after(date(2000, begins.month, begins.day), n * months) for n in around]
    usual = [(first, after - timedelta(days=1)) for first, after in pairwise(starts)]
    stretched = {span: (one.first, one.through) for one in ladder.stretched for span in usual if span[0] <= one.day <= span[1]}
    return [stretched.get(span, span) for span in usual]


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, day.day)
