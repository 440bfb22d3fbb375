"""Windows: to the second, and on the nights on which clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from loyalty.benefits.windows import opens_at, processed
from loyalty.clock import day_of
from loyalty.program.cells import ANY_TIME, Ahead, ahead

ASKED = datetime(2010, 1, 1, tzinfo=UTC)


def at(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


#: By zone: a service just after its clock has changed, and the first instants of its day and of three days before, in UTC.
NIGHTS = [
    # put forward, March 29, 2026 at 02:00
    ("Europe/Paris", "2026-03-29 12:00", "2026-03-28 23:00", "2026-03-25 23:00"),
    # put back, October 25, 2026 at 03:00
    ("Europe/Paris", "2026-10-26 12:00", "2026-10-25 23:00", "2026-10-22 22:00"),
    ("America/Chicago", "2026-03-08 12:00", "2026-03-08 06:00", "2026-03-05 06:00"),
    ("America/Chicago", "2026-11-02 12:00", "2026-11-02 06:00", "2026-10-30 05:00"),
    # five hours and three quarters, all the year
    ("Asia/Kathmandu", "2026-06-10 18:00", "2026-06-09 18:15", "2026-06-06 18:15"),
    # December 30, 2011 never was: three days before January 1 is December 29, whose day began ten hours behind UTC
    ("Pacific/Apia", "2012-01-01 12:00", "2011-12-31 10:00", "2011-12-29 10:00"),
    ("Pacific/Apia", "2011-12-31 12:00", "2011-12-30 10:00", "2011-12-28 10:00"),
]


@pytest.mark.parametrize(("zone", "starts", "day", "three"), NIGHTS)
def test_windows_of_days_begin_with_the_local_day(zone: str, starts: str, day: str, three: str) -> None:
    start, place = at(starts, zone), ZoneInfo(zone)
    assert opens_at([ahead("day_of_service")], start, place, ASKED) == at(day, "UTC")
    assert opens_at([ahead("3d")], start, place, ASKED) == at(three, "UTC")


@pytest.mark.parametrize(("zone", "starts", "day", "three"), NIGHTS)
def test_windows_of_hours_are_exact_whatever_the_clock_shows(zone: str, starts: str, day: str, three: str) -> None:
    start = at(starts, zone)
    assert opens_at([Ahead(hours=48)], start, ZoneInfo(zone), ASKED) == start - timedelta(hours=48)


def test_a_day_that_never_was_opens_with_the_day_after_it() -> None:
    place, start = ZoneInfo("Pacific/Apia"), at("2012-01-02 12:00", "Pacific/Apia")
    opens = opens_at([ahead("3d")], start, place, ASKED)
    assert opens is not None and day_of(opens, place) == date(2011, 12, 31)


def test_the_earliest_of_several_counts_and_any_time_is_that_of_the_request() -> None:
    start, place = at("2013-05-20 18:00", "America/Chicago"), ZoneInfo("America/Chicago")
    # 2 days are from midnight, and so earlier than 48 hours
    assert opens_at([ahead("48h"), ahead("2d")], start, place, ASKED) == at("2013-05-18 00:00", "America/Chicago")
    assert opens_at([ahead("48h"), ANY_TIME], start, place, ASKED) == ASKED
    assert opens_at([], start, place, ASKED) is None


def test_the_tier_of_a_party() -> None:
    ranks = {"member": 0, "silver": 1, "diamond": 2}
    assert processed("lowest", "diamond", ["silver"], ranks) == "silver"
    assert processed("highest", "silver", ["diamond", "member"], ranks) == "diamond"
    assert processed("own", "silver", ["diamond", "member"], ranks) == "silver"
