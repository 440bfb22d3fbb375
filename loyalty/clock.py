"""Instants and days: the one place that reads the clock, and the arithmetic between UTC and a zone's days.

An instant is an aware UTC datetime, a day a date in the program's zone, a span half-open.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH, TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


def now() -> datetime:
    """The present instant, in UTC. Only an edge (request, job run, command) may call it."""
    return datetime.now(UTC)


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The day that an instant falls on in a zone."""
    return instant.astimezone(zone).date()


def instant_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The one instant of a day at which a zone's clock first shows `at` or, where that hour is skipped, later.

    In a gap (Europe/Paris, 2026-03-29 02:30) it is the same distance past the change (03:30); an hour shown twice
    (2026-10-25 02:30) gives the first. So each day has exactly one. A day that the zone never had (Apia, 2011-12-30) is
    one long gap: it gives the same time of the day after, and its first instant is that day's.
    """
    local = datetime.combine(day, at, tzinfo=zone)
    return local.astimezone(UTC)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day in a zone."""
    return instant_at(day, time(0), zone)


def through(until: date | None) -> date | None:
    """The last day of a span that ends before `until`: 2014-02-01 -> 2014-01-31; none for an open span."""
    return None if until is None else until - timedelta(days=1)


def ticks(instant: datetime) -> int:
    """An instant as whole microseconds since 1970."""
    return (instant - EPOCH) // TICK


def instant_of(ticks: int) -> datetime:
    """The instant of so many microseconds since 1970. Raises OverflowError beyond the calendar."""
    return EPOCH + ticks * TICK
