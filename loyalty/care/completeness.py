"""How complete a customer file is, and when it is to be reviewed again. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from loyalty.program.models import CustomerFile, Review
from loyalty.status.windows import FAR, after_months


@dataclass(frozen=True)
class Completeness:
    """The percent of the weights that is there, rounded down, and what is missing, what weighs most first; no percent where the
    program weighs nothing."""

    percent: int | None
    missing: tuple[str, ...]


def completeness(file: CustomerFile, there: Collection[str]) -> Completeness:
    """How complete a file is that has some facts."""
    weights = file.completeness
    whole = sum(weights.values())
    missing = sorted((name for name in weights if name not in there), key=lambda name: -weights[name])
    have = whole - sum(weights[name] for name in missing)
    return Completeness(have * 100 // whole if whole else None, tuple(missing))


def due_on(review: Review, tier: str | None, managed: bool, reviewed_on: date | None, today: date) -> date | None:
    """The day from which a file is to be reviewed: today where it never was; none where no rule asks for it."""
    months = [review.tiers[tier]] if tier in review.tiers else []
    months += [review.managed] if managed and review.managed is not None else []
    if not months:
        return None
    return today if reviewed_on is None else later(reviewed_on, min(months))


def later(day: date, months: int) -> date:
    """The same day of the month, months later; the month's last where it has no such day."""
    found = after_months(day.toordinal(), months)
    return date.max if found >= FAR else date.fromordinal(found)


def latest_due(day: date, months: int) -> date:
    """The latest day from which so many months are over by a day: by 28 February that is 31 January, of one month."""
    found = later(day, -months)
    while later(found + timedelta(days=1), months) <= day:
        found += timedelta(days=1)
    return found
