"""Whom the calendar brings: members one of whose days is among those looked at."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, extract, or_, select

from loyalty.members.tables import Member
from loyalty.messages.building import Plan
from loyalty.program.catalog import Choice
from loyalty.program.windows import YearDay
from loyalty.status.marks import deadline
from loyalty.status.tables import StatusAward, TierSpan


def due_members(plan: Plan) -> Iterator[Select[int]]:
    """For each source that the calendar brings: the members whom it may have something to tell. Facts are looked at later."""
    for kind in plan.kinds if plan.days else ():
        if kind.of == "ending":
            # the last day is the day before `until`
            ends = [day + timedelta(days=ahead + 1) for day in plan.days for ahead in kind.days or ()]
            yield select(TierSpan.member_id).where(TierSpan.until.in_(ends))
        elif kind.of == "choosing":
            last = [day + timedelta(days=ahead) for day in plan.days for ahead in kind.days or ()]
            yield select(StatusAward.member_id).where(StatusAward.choose_by.in_(last), StatusAward.settled.is_(False))
            yield from _choosing(plan, last)
        elif kind.of == "award":
            yield from _opening(plan)
        elif kind.of == "birthday" and plan.frame.born is not None:
            yield select(Member.member_id).where(or_(*(_born(plan.frame.born, day) for day in plan.days)))
        elif kind.of == "anniversary":
            yield select(Member.member_id).where(or_(*(_enrolled(day) for day in plan.days)))


def _choosing(plan: Plan, last: Sequence[date]) -> Iterator[Select[int]]:
    """Who may have a choice of a tier whose last day is among some: of a day of a year, holders of such a tier; of so many days
    from its opening, whose tier, or period, began so long ago."""
    for choice in plan.edition.benefits.choices:
        if choice.by.days is None:
            if any(_last_of_year(choice, day) for day in last):
                yield select(TierSpan.member_id).where(*_holding(choice, plan.today))
        else:
            yield from _opened(plan, choice, [day - timedelta(days=choice.by.days) for day in last])


def _opening(plan: Plan) -> Iterator[Select[int]]:
    """Who may have a choice of a tier that opens with a period: a rise within one is a fact of its own."""
    for choice in plan.edition.benefits.choices:
        yield from _opened(plan, choice, plan.days)


def _last_of_year(choice: Choice, day: date) -> bool:
    """Whether a day is that of the year on which a choice ends; the month's last where it has no such day."""
    ends = deadline(choice.by.model_copy(update={"years_after": 0}), day.toordinal(), 0)
    return date.fromordinal(ends) == day


def _opened(plan: Plan, choice: Choice, days: Sequence[date]) -> Iterator[Select[int]]:
    """Holders of a tier with picks, of whom a period may begin on one of some days, or the tier began."""
    holding = _holding(choice, plan.today)
    begins = plan.edition.ladder.main.begins if choice.per == "window" else None
    if choice.per == "membership_year" or begins == "enrolment":
        mine = select(Member.member_id).where(extract("day", Member.enrolled_on).in_({day.day for day in days}))
        yield select(TierSpan.member_id).where(*holding, TierSpan.member_id.in_(mine))
    elif any(day.day == (begins.day if isinstance(begins, YearDay) else 1) for day in days):
        yield select(TierSpan.member_id).where(*holding)
    yield select(TierSpan.member_id).where(*holding, TierSpan.begins.in_(days))


def _holding(choice: Choice, day: date) -> tuple[ColumnElement[bool], ...]:
    held = TierSpan.until.is_(None) | (TierSpan.until > day)
    return TierSpan.tier.in_(choice.picks), TierSpan.begins <= day, held


def _born(attribute: str, day: date) -> ColumnElement[bool]:
    """Attributes are kept as JSON in one spelling."""
    return or_(*(Member.attributes.like(f'%"{attribute}":"____-{month:02}-{of_month:02}"%') for month, of_month in _same(day)))


def _enrolled(day: date) -> ColumnElement[bool]:
    month, of_month = extract("month", Member.enrolled_on), extract("day", Member.enrolled_on)
    return or_(*((month == wanted) & (of_month == on) for wanted, on in _same(day)))


def _same(day: date) -> list[tuple[int, int]]:
    """The days that return on a day; February 28 brings the 29th as well where the year has none."""
    days = [(day.month, day.day)]
    return [*days, (2, 29)] if days == [(2, 28)] and (day + timedelta(days=1)).month == 3 else days
