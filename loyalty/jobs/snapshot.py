"""The daily snapshot of members per tier."""

from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy.orm import Session

from loyalty.insight.operations import days_to_take, take_snapshots
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.running import each_item
from loyalty.jobs.runs import Progress, Result, RunKey


def snapshot(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Take every day before the run's day that is still to be taken. Its items are months, by their first day's ordinal."""

    units = (unit for edition in deployment.program.editions for unit in edition.units.units.items())
    points = {name for name, about in units if about.kind == "points"}

    def take(session: Session, month: int) -> int | None:
        begins = date.fromordinal(month)
        days = days_to_take(session, begins, min(_next_month(begins), key.as_of))
        return take_snapshots(session, days, points, now) if days else None

    def due(session: Session) -> list[int]:
        months = (day.replace(day=1) for day in days_to_take(session, date.min, key.as_of))
        return [month.toordinal() for month, _days in groupby(months)]

    return each_item(deployment, key, now, due, take, progress)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
