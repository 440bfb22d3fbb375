"""The periods in which quotas are counted and choices made, and the stretches of days with one tier and one edition. Pure.

Days are ordinals; `last` is within the period.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from loyalty.program.catalog import Benefit, Choice, Per
from loyalty.program.load import Edition, Program
from loyalty.program.windows import Validity
from loyalty.status.ladder import rules_of
from loyalty.status.windows import FAR, Frame, after_months, compile_validity

#: A tier in [begins, until), as the cached timeline says.
TierDays = tuple[int, int, str]


class Period(NamedTuple):
    """The days from `first` through `last`, and the months from one such period to the next."""

    first: int
    last: int
    months: int


class Stretch(NamedTuple):
    """Days from `begins` on with one tier, by the rules of one edition."""

    begins: int
    tier: str
    edition: Edition


#: The kind of period that an edition has for something; none where it does not have it.
PerOf = Callable[[Edition], Per | None]


@lru_cache(maxsize=1000)
def quota_of(program: Program, name: str) -> PerOf:
    """The periods of a benefit's quota, by edition."""

    def per(edition: Edition) -> Per | None:
        benefit = edition.chart.benefits.get(name)
        return benefit.quota.per if benefit is not None and benefit.quota is not None else None

    return per


@lru_cache(maxsize=1000)
def grant_of(program: Program, name: str) -> PerOf:
    """The windows in which a tier gives the instruments of a benefit, by edition."""
    return lambda edition: "window" if given_by_tier(edition.chart.benefits.get(name)) else None


@lru_cache(maxsize=1000)
def choice_of(program: Program, name: str) -> PerOf:
    """The periods of a choice, by edition."""

    def per(edition: Edition) -> Per | None:
        choice = choice_in(edition, name)
        return None if choice is None else choice.per

    return per


def given_by_tier(benefit: Benefit | None) -> bool:
    """Whether a tier gives the instruments of a benefit."""
    return benefit is not None and benefit.kind == "grant" and benefit.granted != "milestone"


def choice_in(edition: Edition, name: str) -> Choice | None:
    """A choice of an edition by its name."""
    return next((choice for choice in edition.benefits.choices if choice.id == name), None)


def periods(program: Program, per_of: PerOf, enrolled: int, day: int) -> Iterator[Period]:
    """The periods of something that begin by a day, one after the other: each day lies in at most one.

    A period is laid by the edition in force on its first day, which is the day after the period before; the first one by
    the first edition that has it. Where editions follow each other with periods of another kind, the next begins with
    the end of the one before and ends where its own kind does.
    """
    found = _laid(program, per_of, enrolled if _by_member(program) else 0, date.fromordinal(day).year)
    return (period for period in found if period.first <= day)


def period_on(program: Program, per_of: PerOf, enrolled: int, day: int) -> Period | None:
    """The period that contains a day."""
    return next((period for period in periods(program, per_of, enrolled, day) if period.first <= day <= period.last), None)


@lru_cache(maxsize=1000)
def _by_member(program: Program) -> bool:
    """Whether the periods of two members may differ."""
    files = [edition.benefits for edition in program.editions]
    kinds = [benefit.quota.per for file in files for benefit in file.benefits if benefit.quota is not None]
    kinds += [choice.per for file in files for choice in file.choices]
    return "membership_year" in kinds or any(track.by_member for track in rules_of(program).tracks)


@lru_cache(maxsize=50_000)
def _laid(program: Program, per_of: PerOf, enrolled: int, year: int) -> tuple[Period, ...]:
    """The periods that begin by the end of a year."""
    at, end = program.editions[0].begins.toordinal(), date(year, 12, 31).toordinal()
    found: list[Period] = []
    while at <= end:
        n = _edition_at(program, at)
        per = per_of(program.editions[n])
        frame = None if per is None else _frame(program, n, per, enrolled, at)
        if frame is None:
            # not offered: on with the next edition; between stretched windows: on with the next day
            at = at + 1 if per is not None and _laid_out(program, n, per) else _next_edition(program, n)
            continue
        first, last, months = frame
        found.append(Period(max(first, found[-1].last + 1) if found else first, last, months))
        at = last + 1
    return tuple(found)


def window_on(program: Program, enrolled: int, day: int) -> Period:
    """The ladder's window of a day, by the edition in force; the calendar year where its windows are not laid side by side."""
    n = _edition_at(program, day)
    frame = _frame(program, n, "window", enrolled, day) or _frame(program, n, "calendar_year", enrolled, day)
    assert frame is not None
    return Period(*frame)


def period_end(period: Period, validity: Validity, on: int) -> int:
    """The day on which something given in a period on a day ends, by its own formula."""
    return compile_validity(validity)(period.first, period.last, period.months, on)


def _frame(program: Program, n: int, per: Per, enrolled: int, at: int) -> tuple[int, int, int] | None:
    """First and last day of the period of a kind that contains a day, and the months from one to the next."""
    if per == "calendar_year":
        year = date.fromordinal(at).year
        return date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal(), 12
    if per == "membership_year":
        years = date.fromordinal(at).year - date.fromordinal(enrolled).year
        if after_months(enrolled, 12 * years) > at:
            years -= 1
        return after_months(enrolled, 12 * years), after_months(enrolled, 12 * years + 12) - 1, 12
    rules = rules_of(program)
    track = rules.tracks[rules.ladders[n].track]
    frames: Sequence[Frame] = track.frames(at, enrolled) if _laid_out(program, n, per) else ()
    return (frames[0][1], frames[0][2], track.every) if frames else None


def _laid_out(program: Program, n: int, per: Per) -> bool:
    """Whether the periods of a kind are laid side by side, whatever the member does."""
    rules = rules_of(program)
    track = rules.tracks[rules.ladders[n].track]
    return per != "window" or not (track.personal or track.overlapping)


def _edition_at(program: Program, day: int) -> int:
    """The place of the edition in force on a day; that of the first before it begins."""
    return max(bisect_right(_begins(program), day) - 1, 0)


def _next_edition(program: Program, n: int) -> int:
    return _begins(program)[n + 1] if n + 1 < len(program.editions) else FAR


@lru_cache(maxsize=100)
def _begins(program: Program) -> tuple[int, ...]:
    return tuple(edition.begins.toordinal() for edition in program.editions)


def stretches(program: Program, spans: Sequence[TierDays], first: int, last: int) -> list[Stretch]:
    """The days from first through last cut where the tier or the edition changes; without those of no tier or edition."""
    starts = {first, *(begins for begins in _begins(program) if first < begins <= last)}
    starts |= {begins for begins, _, _ in spans if first < begins <= last}
    found = []
    for day in sorted(starts):
        tier = tier_at(spans, day)
        if tier is not None and day >= _begins(program)[0]:
            found.append(Stretch(day, tier, program.editions[_edition_at(program, day)]))
    return found


def edition_at(program: Program, day: int) -> Edition:
    """The edition in force on a day; the first before it begins."""
    return program.editions[_edition_at(program, day)]


def tier_at(spans: Sequence[TierDays], day: int) -> str | None:
    """The tier of a day; none outside membership."""
    return next((tier for begins, until, tier in spans if begins <= day < until), None)
