"""Instants and days, in zones from -12 to +14 and on the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.clock import day_of, instant_at, now, start_of, through

SECOND = timedelta(seconds=1)
ZONES = ("Etc/GMT+12", "Pacific/Apia", "America/Chicago", "America/Sao_Paulo", "UTC", "Europe/Paris", "Asia/Kathmandu",
         "Pacific/Chatham", "Pacific/Kiritimati")  # fmt: skip


def utc(text: str) -> datetime:
    """2026-03-29 01:30 as an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_now_is_the_present_in_utc() -> None:
    with time_machine.travel(utc("2026-06-15 12:00"), tick=False):
        assert now() == utc("2026-06-15 12:00")
        assert now().tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "day", "begins"),
    [
        ("Etc/GMT+12", "2026-01-01", "2026-01-01 12:00"),
        ("America/Chicago", "2026-01-01", "2026-01-01 06:00"),
        ("UTC", "2026-01-01", "2026-01-01 00:00"),
        ("Europe/Paris", "2026-01-01", "2025-12-31 23:00"),
        ("Asia/Kathmandu", "2026-01-01", "2025-12-31 18:15"),
        ("Pacific/Chatham", "2026-01-01", "2025-12-31 10:15"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31 10:00"),
        # the days on which clocks change begin before the change
        ("Europe/Paris", "2026-03-29", "2026-03-28 23:00"),
        ("Europe/Paris", "2026-03-30", "2026-03-29 22:00"),
        ("Europe/Paris", "2026-10-25", "2026-10-24 22:00"),
        ("Europe/Paris", "2026-10-26", "2026-10-25 23:00"),
        ("America/Chicago", "2026-03-08", "2026-03-08 06:00"),
        ("America/Chicago", "2026-03-09", "2026-03-09 05:00"),
        ("America/Chicago", "2026-11-01", "2026-11-01 05:00"),
        ("America/Chicago", "2026-11-02", "2026-11-02 06:00"),
        # the day begins with the change, at 01:00, or at 00:15
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00"),
        ("Asia/Kathmandu", "1986-01-01", "1985-12-31 18:30"),
        ("Asia/Kathmandu", "1986-01-02", "1986-01-01 18:15"),
        # Apia went over the date line: its December 29 was followed by December 31
        ("Pacific/Apia", "2011-12-29", "2011-12-29 10:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30 10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00"),
        ("Pacific/Apia", "2012-01-01", "2011-12-31 10:00"),
    ],
)
def test_a_day_begins_where_the_zone_says(zone: str, day: str, begins: str) -> None:
    assert start_of(date.fromisoformat(day), ZoneInfo(zone)) == utc(begins)


@pytest.mark.parametrize("zone", ZONES)
def test_the_last_second_of_a_day_is_that_day_and_the_next_is_the_next(zone: str) -> None:
    """A49: what expires on December 31 can be used at 23:59:59 there, and not at 00:00."""
    new_year = start_of(date(2027, 1, 1), ZoneInfo(zone))
    assert [day_of(new_year - SECOND, ZoneInfo(zone)), day_of(new_year, ZoneInfo(zone))] == [
        date(2026, 12, 31),
        date(2027, 1, 1),
    ]


def test_one_instant_falls_on_three_days_of_the_world() -> None:
    instant = utc("2026-06-15 10:30")
    days = [day_of(instant, ZoneInfo(zone)).day for zone in ("Etc/GMT+12", "UTC", "Pacific/Kiritimati")]
    assert days == [14, 15, 16]


@pytest.mark.parametrize(
    ("zone", "day", "at", "instant"),
    [
        ("Europe/Paris", "2026-03-28", "02:30", "2026-03-28 01:30"),
        ("Europe/Paris", "2026-03-29", "01:59", "2026-03-29 00:59"),
        ("Europe/Paris", "2026-03-29", "02:30", "2026-03-29 01:30"),  # skipped: 03:30 on the clock
        ("Europe/Paris", "2026-03-29", "03:00", "2026-03-29 01:00"),
        ("Europe/Paris", "2026-10-25", "02:30", "2026-10-25 00:30"),  # shown twice: the first
        ("Europe/Paris", "2026-10-25", "03:00", "2026-10-25 02:00"),
        ("America/Chicago", "2026-03-08", "02:30", "2026-03-08 08:30"),  # skipped
        ("America/Chicago", "2026-11-01", "01:30", "2026-11-01 06:30"),  # shown twice: the first
        ("America/Chicago", "2026-11-01", "02:30", "2026-11-01 08:30"),
        ("Asia/Kathmandu", "1986-01-01", "00:10", "1985-12-31 18:40"),  # skipped: 00:25 on the clock
        ("Asia/Kathmandu", "2026-03-29", "02:30", "2026-03-28 20:45"),
        ("Pacific/Apia", "2011-12-30", "02:30", "2011-12-30 12:30"),  # never was: 02:30 of December 31
        ("Pacific/Apia", "2011-12-31", "02:30", "2011-12-30 12:30"),
    ],
)
def test_a_time_of_day_has_one_instant_on_every_day(zone: str, day: str, at: str, instant: str) -> None:
    assert instant_at(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone)) == utc(instant)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [2011, 2018, 2026])
def test_days_follow_each_other_without_gap(zone: str, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(367)]
    for day in days:
        first = start_of(day, ZoneInfo(zone))
        if (zone, day) == ("Pacific/Apia", date(2011, 12, 30)):
            assert first == start_of(date(2011, 12, 31), ZoneInfo(zone))
        else:
            assert day_of(first, ZoneInfo(zone)) == day
            assert day_of(first - SECOND, ZoneInfo(zone)) < day
            assert timedelta(hours=23) <= start_of(day + timedelta(days=1), ZoneInfo(zone)) - first <= timedelta(hours=25)


@settings(deadline=None)
@given(st.integers(0, int(utc("2040-01-01 00:00").timestamp())), st.sampled_from(ZONES))
def test_an_instant_lies_within_its_day(seconds: int, zone: str) -> None:
    instant, where = datetime.fromtimestamp(seconds, UTC), ZoneInfo(zone)
    day = day_of(instant, where)
    assert start_of(day, where) <= instant < start_of(day + timedelta(days=1), where)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        (date(2014, 2, 1), date(2014, 1, 31)),
        (date(2024, 3, 1), date(2024, 2, 29)),
        (date(2023, 3, 1), date(2023, 2, 28)),
        (date(2027, 1, 1), date(2026, 12, 31)),
        (None, None),
    ],
)
def test_a_half_open_span_is_shown_through_its_last_day(until: date | None, last: date | None) -> None:
    assert through(until) == last
