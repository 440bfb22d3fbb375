"""Members per tier kept for each day: what is kept is what the timelines say, whenever and however often it is taken."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from loyalty.cli import main
from loyalty.insight.snapshots import SnapshotDay, last_snapshot, snapshots
from loyalty.insight.tables import Snapshot, SnapshotMove, SnapshotPoints, SnapshotTier
from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.running import attempt
from loyalty.jobs.runs import RunKey
from loyalty.jobs.schedule import run_due, run_now
from loyalty.jobs.snapshot import snapshot
from loyalty.jobs.timetable import job_named
from loyalty.ledger.operations import Correction, adjust
from loyalty.ledger.tables import Entry
from loyalty.members.operations import leave
from loyalty.members.tables import Member
from loyalty.settle import settle
from loyalty.status.operations import mark_due
from loyalty.status.queries import ladder_count, spans_of, tier_on
from tests.conftest import day
from tests.jobs import orbit

DAY = timedelta(days=1)
TABLES = (Snapshot, SnapshotTier, SnapshotMove, SnapshotPoints)


def silent(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Deployment:
    """Orbit with nine members: some join in between, some rise once or twice, one leaves, and tiers end in 2028."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config"))
    for n, (joined, trips) in enumerate(LIVES):
        orbit.enrolled(deployment, [f"M{n}"], joined)
        with deployment.store.transaction() as session:
            settle(session, deployment.program, [orbit.locked(session, f"M{n}")], orbit.noon(joined))
        for on, km in trips:
            orbit.travelled(deployment, f"M{n}", on, on, km)
    with deployment.store.transaction() as session:
        leave(session, "M8", day("2026-03-10"))
        settle(session, deployment.program, [orbit.locked(session, "M8")], orbit.noon("2026-03-10"))
    return deployment


LIVES: list[tuple[str, list[tuple[str, int]]]] = [
    ("2026-01-01", []),
    ("2026-01-01", [("2026-01-05", 150)]),
    ("2026-01-01", [("2026-01-05", 150), ("2026-02-28", 150)]),
    ("2026-01-20", [("2026-03-01", 400)]),
    ("2026-01-31", [("2026-01-31", 400)]),
    ("2026-02-01", []),
    ("2026-02-01", [("2026-02-01", 100), ("2026-02-02", 100), ("2026-02-03", 100)]),
    ("2026-03-30", []),
    ("2026-01-01", [("2026-02-10", 150)]),
]


def taken(deployment: Deployment, at: str) -> Any:
    """The snapshot's run of a day, whether it is due or not."""
    return run_now(deployment, job_named(deployment.settings, "snapshot"), orbit.noon(at), silent)


def kept(deployment: Deployment, first: str, last: str) -> list[SnapshotDay]:
    with deployment.store.reading() as session:
        return snapshots(session, day(first), day(last))


def looked_up(deployment: Deployment, on: date) -> tuple[dict[str, dict[str, int]], list[tuple[str, str, int]]]:
    """Members by tier and source, and moves, member by member."""
    with deployment.store.reading() as session:
        spans = spans_of(session, list(session.scalars(select(Member.member_id))))
        tiers: dict[str, dict[str, int]] = {}
        for row in ladder_count(session, on, by_source=True):
            tiers.setdefault(row.tier, {})[row.source] = row.members
    moves = Counter((tier_on(mine, on - DAY) or "", tier_on(mine, on) or "") for mine in spans.values())
    return tiers, sorted((old, new, members) for (old, new), members in moves.items() if old != new)


def right(deployment: Deployment, first: str, last: str) -> bool:
    """Every day of a span is kept, and as the timelines say."""
    days = kept(deployment, first, last)
    assert [found.day for found in days] == [day(first) + n * DAY for n in range((day(last) - day(first)).days + 1)]
    for found in days:
        assert (found.tiers, sorted(found.moves)) == looked_up(deployment, found.day), found.day
    with deployment.store.reading() as session:
        amounts = [(one.posted_on, one.amount) for one in session.scalars(select(Entry).where(Entry.unit == "stars"))]
        rows = session.scalars(select(SnapshotPoints).where(SnapshotPoints.day.between(day(first), day(last))))
        points = {row.day: row for row in rows}
    for found in days:
        today = [amount for on, amount in amounts if on == found.day]
        held = sum(amount for on, amount in amounts if on <= found.day)
        came, went = sum(one for one in today if one > 0), -sum(one for one in today if one < 0)
        row = points.get(found.day)
        assert (held, came, went) == ((row.held, row.came, row.went) if row else (0, 0, 0)), found.day
    return True


def test_points_are_kept_as_the_books_say_each_day(deployment: Deployment) -> None:
    for n, (on, amount) in enumerate(
        (("2026-01-10", "70.5"), ("2026-01-10", "-20"), ("2026-01-12", "-50.5"), ("2026-02-20", "8"))
    ):
        correction = Correction({"stars": Decimal(amount)}, day("2026-01-01"), "t", "t", f"k{n}")
        with deployment.store.transaction() as session:
            adjust(session, deployment.program, 1, correction, orbit.noon(on), day(on))
    taken(deployment, "2026-04-02")
    assert right(deployment, "2026-01-01", "2026-04-01")
    with deployment.store.reading() as session:
        assert {row.unit for row in session.scalars(select(SnapshotPoints))} == {"stars"}  # counters are no points
        last = session.get_one(SnapshotPoints, (day("2026-04-01"), "stars"))
        ups = session.get_one(SnapshotPoints, (day("2026-01-10"), "stars"))
    assert (ups.came, ups.went) == (705, 200) and last.held > 0 and (last.came, last.went) == (0, 0)


def test_every_day_from_the_first_member_on_is_kept_as_the_timelines_say(deployment: Deployment) -> None:
    result = taken(deployment, "2026-04-02")
    assert (result.status, result.items, result.changes) == ("done", 4, 31 + 28 + 31 + 1)
    assert right(deployment, "2026-01-01", "2026-04-01")
    found = {found.day: found for found in kept(deployment, "2025-12-01", "2026-12-31")}
    assert min(found) == day("2026-01-01") and max(found) == day("2026-04-01")
    assert found[day("2026-03-10")].moves == [("low", "", 1)]
    assert found[day("2026-01-31")].moves == [("", "high", 1)]
    assert found[day("2026-03-01")].moves == [("ground", "high", 1)]
    assert found[day("2026-01-02")].moves == []


def test_each_day_is_written_once_and_a_day_that_was_missed_is_made_up_for(deployment: Deployment) -> None:
    job = job_named(deployment.settings, "snapshot")
    for at, days in (("2026-01-03", 2), ("2026-01-03", 0), ("2026-01-04", 1), ("2026-02-10", 37), ("2026-02-11", 1)):
        assert sum(result.changes for result in run_due(deployment, job, orbit.noon(at), silent)) == days
    before = orbit.everything(deployment, *TABLES)
    assert taken(deployment, "2026-02-11").changes == 0
    assert orbit.everything(deployment, *TABLES) == before
    assert right(deployment, "2026-01-01", "2026-02-10")


def test_a_killed_run_goes_on_and_keeps_what_a_whole_one_does(deployment: Deployment) -> None:
    key = RunKey("snapshot", orbit.noon("2026-04-02"), day("2026-04-02"))

    def killed(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        snapshot(deployment, key, key.due, 1, killed)
    assert right(deployment, "2026-01-01", "2026-02-28") and kept(deployment, "2026-03-01", "2026-04-01") == []
    result = attempt(deployment, snapshot, key, key.due, 1, silent)
    assert (result.status, result.items, result.changes) == ("done", 4, 91)
    assert right(deployment, "2026-01-01", "2026-04-01")


def test_a20_a_day_taken_before_the_night_has_folded_it_is_taken_again(deployment: Deployment) -> None:
    """M0 rises on January 3 by what is only folded on the 6th."""
    with deployment.store.transaction() as session:
        adjust(session, deployment.program, 1, Correction({"km": 120}, day("2026-01-03"), "t", "t", "k"),
               orbit.noon("2026-01-03"), day("2026-01-03"))  # fmt: skip
        mark_due(session, [1], day("2026-01-03"))
    taken(deployment, "2026-01-05")
    assert [found.waiting for found in kept(deployment, "2026-01-01", "2026-01-04")] == [0, 0, 1, 1]
    again = RunKey("snapshot", orbit.noon("2026-01-05") + timedelta(hours=1), day("2026-01-05"))
    assert attempt(deployment, snapshot, again, again.due, 1, silent).changes == 0
    key = RunKey("recalculate", orbit.noon("2026-01-06"), day("2026-01-06"))
    attempt(deployment, recalculate.recalculate, key, key.due, 1, silent)
    assert kept(deployment, "2026-01-03", "2026-01-03")[0].moves == []
    assert taken(deployment, "2026-01-06").changes == 2 + 1
    assert kept(deployment, "2026-01-03", "2026-01-03")[0].moves == [("ground", "low", 1)]
    assert right(deployment, "2026-01-01", "2026-01-05")
    assert {found.waiting for found in kept(deployment, "2026-01-01", "2026-01-05")} == {0}


def test_days_are_taken_again_when_history_is_loaded_for_them(deployment: Deployment) -> None:
    taken(deployment, "2026-02-10")
    assert taken(deployment, "2026-02-11").changes == 1
    with deployment.store.transaction() as session:
        adjust(session, deployment.program, 1, Correction({"km": 120}, day("2026-01-30"), "t", "t", "k"),
               orbit.noon("2026-02-11"), day("2026-01-30"))  # fmt: skip
        mark_due(session, [1], day("2026-01-30"))
    key = RunKey("recalculate", orbit.noon("2026-02-12"), day("2026-02-12"))
    attempt(deployment, recalculate.recalculate, key, key.due, 1, silent)
    # January 30 and 31, eleven days of February
    assert taken(deployment, "2026-02-12").changes == 2 + 11
    assert kept(deployment, "2026-01-30", "2026-01-30")[0].moves == [("ground", "low", 1)]
    assert right(deployment, "2026-01-01", "2026-02-11")
    assert taken(deployment, "2026-02-13").changes == 1


def test_two_processes_at_once_keep_each_day_once(deployment: Deployment) -> None:
    processes = [orbit.start(deployment, "run", "snapshot", "--now", "--as-of", "2026-04-02", "--json") for _ in range(3)]
    answers = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [answer[1:] for answer in answers] == [("", 0)] * 3
    assert right(deployment, "2026-01-01", "2026-04-01")


def test_nobody_yet_is_nothing_to_keep(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config"))
    assert taken(deployment, "2026-04-02").changes == 0
    with deployment.store.reading() as session:
        assert last_snapshot(session) is None


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def ladder(deployment: Deployment) -> Callable[..., Result]:
    """Runs `loyalty ladder --history`."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["ladder", *words], env=dict(orbit.environment(deployment)), catch_exceptions=False)

    return run


def test_the_ladder_over_time_is_shown(deployment: Deployment, ladder: Callable[..., Result]) -> None:
    nothing = ladder("--history")
    assert (nothing.exit_code, nothing.stdout) == (2, "") and "loyalty run snapshot --now" in nothing.stderr
    taken(deployment, "2026-04-02")
    assert ladder("--history", "--from", "2026-02-28", "--to", "2026-03-01").stdout.splitlines() == [
        "day         ground  low  high  rose  fell  joined  left",
        "2026-02-28       3    2     3     1     0       0     0",
        "2026-03-01       2    2     4     1     0       0     0",
    ]
    by_source = ladder("--history", "--from", "2026-03-10", "--to", "2026-03-10", "--by-source").stdout
    assert by_source.splitlines()[1].split() == ["2026-03-10", "base", "2", "earned", "1", "earned", "4", "0", "0", "0", "1"]
    # thirty days to the newest without a span
    assert [line.split()[0] for line in ladder("--history").stdout.splitlines()[1::29]] == ["2026-03-03", "2026-04-01"]
    told = json.loads(ladder("--history", "--from", "2026-03-30", "--to", "2026-03-31", "--json").stdout)
    assert told[0] == {
        "day": "2026-03-30", "tiers": {"ground": 3, "low": 1, "high": 4}, "waiting": 0,
        "moves": [{"old": None, "new": "ground", "members": 1}],
    }  # fmt: skip
    parted = json.loads(ladder("--history", "--from", "2026-03-31", "--by-source", "--json").stdout)
    assert parted[0]["tiers"] == {"ground": {"base": 3}, "low": {"earned": 1}, "high": {"earned": 4}}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--history", "--from", "2026-03-02", "--to", "2026-03-01"], "The span ends on 2026-03-01"),
        (["--from", "2026-03-02"], "--from and --to go with --history"),
        (["--history", "--as-of", "2026-03-02"], "--as-of without it"),
        (["--history", "--from", "soon"], "is no day"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    deployment: Deployment, ladder: Callable[..., Result], words: list[str], said: str
) -> None:
    taken(deployment, "2026-04-02")
    result = ladder(*words)
    assert (result.exit_code, result.stdout) == (2, "") and said in result.stderr
    assert "No day from 2027-01-01 to 2027-01-02" in ladder("--history", "--from", "2027-01-01", "--to", "2027-01-02").stdout
