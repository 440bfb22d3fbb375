"""Whom the calendar brings: members one of whose days is among those looked at."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, extract, or_, select

from loyalty.members.tables import Member
from loyalty.messages.building import Plan
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
        elif kind.of == "birthday" and plan.frame.born is not None:
            yield select(Member.member_id).where(or_(*(_born(plan.frame.born, day) for day in plan.days)))
        elif kind.of == "anniversary":
            yield select(Member.member_id).where(or_(*(_enrolled(day) for day in plan.days)))


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
