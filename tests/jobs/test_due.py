"""Due moments: on every night of the year, on the nights when clocks change, and over days that never were."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.clock import day_of, start_of
from loyalty.jobs.due import BACK, Cron, due_moments, newest_due, next_due, read_cron
from tests.conftest import day

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PARIS, CHICAGO, KATHMANDU, APIA = map(ZoneInfo, ("Europe/Paris", "America/Chicago", "Asia/Kathmandu", "Pacific/Apia"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(text: str, zone: ZoneInfo, first: str, last: str = "") -> list[str]:
    """The due moments of a day, or of days from the first through the last, as the zone's clock shows them, with the offset."""
    begins, ends = start_of(day(first), zone), start_of(day(last or first) + DAY, zone)
    moments = due_moments(read_cron(text, zone), begins - MINUTE, ends - MINUTE)
    return [f"{moment.astimezone(zone):%d %H:%M %z}" for moment in moments]


# --- nights when clocks change ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cron", "zone", "of", "moments"),
    [
        ("30 2 * * *", PARIS, "2026-03-29", ["29 03:30 +0200"]),
        ("30 2 * * *", PARIS, "2026-10-25", ["25 02:30 +0200"]),
        ("30 1 * * *", CHICAGO, "2026-11-01", ["01 01:30 -0500"]),
        ("30 2 * * *", CHICAGO, "2026-03-08", ["08 03:30 -0500"]),
        ("30 2 * * *", KATHMANDU, "2026-03-29", ["29 02:30 +0545"]),
        # the clock was put forward by 15 minutes at midnight
        ("5 0 * * *", KATHMANDU, "1986-01-01", ["01 00:20 +0545"]),
        ("30 2 * * *", APIA, "2011-12-29", ["29 02:30 -1000"]),
        ("30 2 * * *", APIA, "2011-12-31", ["31 02:30 +1400"]),
        # midnight itself is skipped, so the day begins at one
        ("0 0 * * *", ZoneInfo("America/Santiago"), "2026-09-06", ["06 01:00 -0300"]),
        # the last hour of the day is skipped: that day's moment falls on the next, which has its own
        ("30 23 * * *", ZoneInfo("America/Nuuk"), "2026-03-28", []),
        ("30 23 * * *", ZoneInfo("America/Nuuk"), "2026-03-29", ["29 00:30 -0100", "29 23:30 -0100"]),
        # two times of day that fall on one instant are one moment
        ("30 2,3 * * *", PARIS, "2026-03-29", ["29 03:30 +0200"]),
        ("0 */2 * * *", CHICAGO, "2026-03-08", [f"08 {h:02}:00 -0{6 if h < 3 else 5}00" for h in (0, 3, *range(4, 23, 2))]),
    ],
)
def test_a21_a_time_of_day_comes_once_on_a_night_when_the_clock_changes(
    cron: str, zone: ZoneInfo, of: str, moments: list[str]
) -> None:
    assert on(cron, zone, of) == moments


@pytest.mark.parametrize("cron", ["30 2 * * *", "*/15 * * * *", "0 0 30 12 *", "*/15 1 30 * *"])
def test_a21_a_day_that_never_was_has_no_moment(cron: str) -> None:
    """Apia went from December 29 to 31 in 2011."""
    moments = on(cron, APIA, "2011-12-29", "2011-12-31")
    assert not any(moment.startswith("30 ") for moment in moments)
    assert len(moments) == {"30 2 * * *": 2, "*/15 * * * *": 192}.get(cron, 0)


@pytest.mark.parametrize(
    ("zone", "of", "hours"),
    [
        (PARIS, "2026-03-29", 23),
        (PARIS, "2026-10-25", 25),
        (CHICAGO, "2026-03-08", 23),
        (CHICAGO, "2026-11-01", 25),
        (KATHMANDU, "2026-03-29", 24),
        (APIA, "2011-12-31", 24),
    ],
)
def test_a21_what_comes_every_15_minutes_goes_on_by_elapsed_time(zone: ZoneInfo, of: str, hours: int) -> None:
    begins = start_of(day(of), zone)
    moments = due_moments(read_cron("*/15 * * * *", zone), begins - MINUTE, start_of(day(of) + DAY, zone) - MINUTE)
    assert moments == [begins + n * 15 * MINUTE for n in range(hours * 4)]


@pytest.mark.parametrize(
    ("zone", "year", "days"), [(PARIS, 2026, 365), (CHICAGO, 2026, 365), (KATHMANDU, 1986, 365), (APIA, 2011, 364)]
)
@pytest.mark.parametrize("at", ["30 0", "30 1", "30 2", "59 23"])
def test_a21_exactly_one_run_is_due_on_every_day_that_the_zone_has(zone: ZoneInfo, year: int, days: int, at: str) -> None:
    begins, ends = start_of(date(year, 1, 1), zone), start_of(date(year + 1, 1, 1), zone)
    moments = due_moments(read_cron(f"{at} * * *", zone), begins - MINUTE, ends - MINUTE)
    assert len(moments) == days == len({day_of(moment, zone) for moment in moments})


def test_a_zone_of_its_own_comes_before_the_programs() -> None:
    assert read_cron("0 4 1 * * Asia/Kathmandu", PARIS) == Cron("0 4 1 * *", KATHMANDU)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("30 2 * *", "4 fields"),
        ("", "0 fields"),
        ("0 30 2 * * * UTC", "7 fields"),
        ("60 2 * * *", "bad minute"),
        ("30 24 * * *", "bad hour"),
        ("30 2 30 2 *", "bad day-of-month"),
        ("30 2 * * mo", "bad day-of-week"),
        ("@daily", "1 fields"),
        ("30 2 * * * Europe/Pari", "there is no time zone Europe/Pari"),
        ("30 2 * * * /etc/passwd", "there is no time zone /etc/passwd"),
        ("30 2 * * * ../UTC", "there is no time zone ../UTC"),
    ],
)
def test_what_is_no_cron_line_is_told(text: str, wrong: str) -> None:
    with pytest.raises(ValueError) as refused:
        read_cron(text, PARIS)
    assert str(refused.value) == wrong


def test_days_of_the_week_are_those_of_cron() -> None:
    """0 and 7 are Sunday, 1 is Monday: June 15, 2026."""
    for text, of in (("0 9 * * 1", 15), ("0 9 * * mon", 15), ("0 9 * * 0", 21), ("0 9 * * 7", 21), ("0 9 * * 5#2", 12)):
        assert {moment[:2] for moment in on(text, PARIS, "2026-06-11", "2026-06-21")} >= {f"{of}"}
        assert len(on(text, PARIS, "2026-06-11", "2026-06-17")) <= 1


def test_the_next_and_the_newest_may_be_years_away() -> None:
    cron = read_cron("0 0 29 2 *", ZoneInfo("UTC"))
    assert next_due(cron, utc("2096-03-01")) == utc("2104-02-29")
    assert newest_due(cron, utc("2104-02-28")) == utc("2096-02-29")
    # a star in one of the two fields of the day: both must match, so a Sunday
    assert next_due(read_cron("0 0 29 2 */7", ZoneInfo("UTC")), utc("2004-03-01")) == utc("2032-02-29")


def test_no_zone_was_put_back_by_more_than_is_looked_for() -> None:
    steps = []
    for name in available_timezones() - {"localtime"}:
        zone, moment = ZoneInfo(name), utc("1970-01-01")
        offset = moment.astimezone(zone).utcoffset() or timedelta()
        while moment < utc("2038-01-01"):
            moment += 30 * DAY
            other = moment.astimezone(zone).utcoffset() or timedelta()
            steps.append(offset - other)
            offset = other
    assert max(steps) <= BACK


# --- properties ---------------------------------------------------------------------------------------------------

#: A zone and a day on which its clock changes.
CHANGES = [
    (PARIS, "2026-03-29"), (PARIS, "2026-10-25"), (CHICAGO, "2026-03-08"), (CHICAGO, "2026-11-01"), (KATHMANDU, "1986-01-01"),
    (APIA, "2011-12-30"), (APIA, "2011-09-24"), (ZoneInfo("Australia/Lord_Howe"), "2026-04-05"),
    (ZoneInfo("Australia/Lord_Howe"), "2026-10-04"), (ZoneInfo("America/Nuuk"), "2026-03-28"),
    (ZoneInfo("Antarctica/Casey"), "2010-03-05"), (ZoneInfo("America/Santiago"), "2026-09-06"),
    (ZoneInfo("Africa/Cairo"), "2026-10-30"), (ZoneInfo("UTC"), "2026-06-15"),
]  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """A cron line by what it matches, a zone, and a span around the night on which its clock changes."""

    minutes: frozenset[int]
    hours: frozenset[int] | None
    weekdays: frozenset[int] | None
    zone: ZoneInfo
    after: datetime
    until: datetime

    @property
    def cron(self) -> Cron:
        fields = [",".join(map(str, sorted(part))) if part is not None else "*" for part in (self.minutes, self.hours)]
        weekdays = ",".join(map(str, sorted(self.weekdays))) if self.weekdays is not None else "*"
        return read_cron(f"{' '.join(fields)} * * {weekdays}", self.zone)

    def matches(self, shown: datetime) -> bool:
        return (
            shown.minute in self.minutes
            and (self.hours is None or shown.hour in self.hours)
            and (self.weekdays is None or shown.isoweekday() % 7 in self.weekdays)
        )


def some(most: int) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(0, most), min_size=1, max_size=4)


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    zone, changes = draw(st.sampled_from(CHANGES))
    noon = datetime.combine(day(changes), time(12), UTC)
    after = noon + draw(st.integers(-2500, 1500)) * MINUTE
    hours, weekdays = draw(st.none() | some(23) | st.just(frozenset({0, 1, 2, 3, 23}))), draw(st.none() | some(6))
    return Drawn(draw(some(59)), hours, weekdays, zone, after, after + draw(st.integers(0, 3000)) * MINUTE)


def shown_minutes(zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Every minute of a span, with what the clock shows."""
    moment = after
    while moment <= until:
        yield moment, moment.astimezone(zone).replace(tzinfo=None)
        moment += MINUTE


def expected(line: Drawn) -> list[datetime]:
    """The due moments, found by looking at the clock in every minute of the days around."""
    minutes = list(shown_minutes(line.zone, line.after - 3 * DAY, line.until + 2 * DAY))
    found = {moment for moment, shown in minutes if line.matches(shown)} if line.hours is None else _once(line, minutes)
    return sorted(moment for moment in found if line.after < moment <= line.until)


def _once(line: Drawn, minutes: list[tuple[datetime, datetime]]) -> set[datetime]:
    days = {shown.date() for _moment, shown in minutes}
    first: dict[datetime, datetime] = {}
    for moment, shown in minutes:
        first.setdefault(shown, moment)
    for (_before, shown), (moment, then) in pairwise(minutes):
        # times that are skipped fall as much later as the clock was put forward
        for n in range(1, (then - shown) // MINUTE):
            first.setdefault(shown + n * MINUTE, moment + (n - 1) * MINUTE)
    return {moment for shown, moment in first.items() if line.matches(shown) and shown.date() in days}


@given(drawn())
def test_a21_the_moments_are_those_that_a_look_at_the_clock_in_every_minute_finds(line: Drawn) -> None:
    found = due_moments(line.cron, line.after, line.until)
    assert found == expected(line)
    assert all(earlier < later for earlier, later in pairwise(found))


@given(drawn(), st.lists(st.integers(0, 3000), max_size=4))
def test_spans_that_touch_give_what_the_whole_gives(line: Drawn, cuts: list[int]) -> None:
    edges = sorted({line.after, line.until, *(min(line.after + cut * MINUTE, line.until) for cut in cuts)})
    parts = [due_moments(line.cron, after, until) for after, until in pairwise(edges)]
    assert [moment for part in parts for moment in part] == due_moments(line.cron, line.after, line.until)


@given(drawn())
def test_no_moment_is_lost_going_from_one_to_the_next_or_back(line: Drawn) -> None:
    found = due_moments(line.cron, line.after, line.until)
    forward, at = [], line.after
    while (at := next_due(line.cron, at)) <= line.until:
        forward.append(at)
    backward, at = [], newest_due(line.cron, line.until)
    while at > line.after:
        backward.append(at)
        at = newest_due(line.cron, at - timedelta(microseconds=1))
    assert forward == found == backward[::-1]
