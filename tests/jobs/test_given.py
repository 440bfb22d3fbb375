"""The night, where a ladder gives more than tiers: late, killed, two at once, and one member that fails."""

import signal
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from loyalty.jobs import recalculate, schedule
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import job_named
from loyalty.ledger.tables import Entry
from loyalty.members.operations import Enrolment, enrol
from loyalty.status import awards
from loyalty.status.operations import open_standings
from loyalty.status.tables import StatusAward
from tests.conftest import day
from tests.jobs import orbit
from tests.status import given

Deploy = Callable[..., Deployment]
SMALL = "import loyalty.jobs.runs as runs; runs.stretches.__defaults__ = (10,)"


def populated(deploy: Deploy, tmp_path: Path, members: int, more: str = given.ALL) -> Deployment:
    """Members who have all flown 220 km on a day of their own, not folded yet."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config", ladder=orbit.LADDER + more))
    first = date(2026, 1, 1)
    with deployment.store.transaction() as session:
        wanted = [Enrolment(first, f"M{n:04}") for n in range(members)]
        answers = enrol(session, deployment.program, wanted, orbit.noon("2026-01-01"))
        open_standings(session, [(answer.member_id or 0, first) for answer in answers])
    for n in range(members):
        on = str(first + timedelta(days=n % 50 + 1))
        given.flown(deployment, "a", on, 220, settled=False, number=f"M{n:04}")
    return deployment


def awarded(deployment: Deployment) -> dict[str, int]:
    """Awards of each name that stand, and entries of awards."""
    with deployment.store.reading() as session:
        standing = StatusAward.withdrawn_on.is_(None)
        rows = session.execute(select(StatusAward.name, func.count()).where(standing).group_by(StatusAward.name))
        entries = orbit.count(session, Entry, Entry.kind.in_(("milestone", "deposit")))
        return {**{row[0]: row[1] for row in rows}, "entries": entries}


#: 220 km: four steps, a boost of 15, a choice of two; a badge.
EACH = {"steps": 4, "boost": 1, "pick": 1, "badge": 1, "entries": 6}


def times(members: int, **more: int) -> dict[str, int]:
    return {name: count * members for name, count in {**EACH, **more}.items()}


def test_two_processes_at_once_book_each_award_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = populated(deploy, tmp_path, 60)
    arguments = ("recalculate", "--all", "--as-of", "2026-06-01", "--json")
    processes = [orbit.start(deployment, *arguments, before=SMALL) for _ in range(2)]
    answers = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [(err, code) for _out, err, code in answers] == [("", 0)] * 2
    assert awarded(deployment) == times(60)
    assert recalculate.verify(deployment, lambda _a, _b: None).differences == []


def test_a_process_killed_at_any_moment_books_nothing_twice(deploy: Deploy, tmp_path: Path) -> None:
    deployment = populated(deploy, tmp_path, 120)
    told = f"{SMALL}\nimport loyalty.jobs.recalculate as r; f = r._chunk\n"
    told += "def chunk(*task):\n f(*task); print('chunk', flush=True)\nr._chunk = chunk"
    for after in (2, 4):
        process = orbit.start(deployment, "recalculate", "--as-of", "2027-02-10", "--workers", "1", before=told)
        assert process.stdout is not None and process.stderr is not None
        for _n, _line in zip(range(after), process.stdout, strict=False):
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate()
    code, out, err = orbit.run(deployment, "recalculate", "--as-of", "2027-02-10", before=SMALL)
    assert (code, err) == (0, ""), out
    # two stars by default, and the deposit of 2027 for Low
    assert awarded(deployment) == times(120, welcome=1, entries=6 + 2 + 1)
    with deployment.store.reading() as session:
        assert set(session.scalars(select(Run.status))) == {"done"}
    assert recalculate.verify(deployment, lambda _a, _b: None).differences == []


def test_the_schedule_late_by_weeks_gives_what_it_would_have_given(deploy: Deploy, tmp_path: Path) -> None:
    """M0000 is settled on time, M0001 by the run that wakes on March 1."""
    deployment = populated(deploy, tmp_path, 2)
    for on in ("2026-01-02", "2027-01-01", "2027-02-01"):
        given.night(deployment, on, number="M0000")
    job = job_named(deployment.settings, "recalculate")
    schedule.run_due(deployment, job, orbit.noon("2027-03-01"), lambda _a, _b: None)
    assert awarded(deployment) == times(2, welcome=1, entries=6 + 2 + 1)
    assert _given(deployment, 1) == _given(deployment, 2)
    assert schedule.run_due(deployment, job, orbit.noon("2027-03-01"), lambda _a, _b: None) == []


def _given(deployment: Deployment, member: int) -> list[tuple[object, ...]]:
    """What a member was given, in the order in which it was written."""
    columns = (StatusAward.name, StatusAward.times, StatusAward.settled)
    with deployment.store.reading() as session:
        rows = session.execute(select(*columns).where(StatusAward.member_id == member).order_by(StatusAward.n))
        return [tuple(row) for row in rows]


ENDLESS = """
  - {id: endless, name: {en: endless}, at: {km: 600}, every: 10, gives: [{unit: km, amount: 10}]}
"""


@pytest.mark.parametrize("everyone", [False, True])
def test_a28_rules_that_feed_themselves_fail_for_that_member_and_stop_nobody(
    deploy: Deploy, tmp_path: Path, everyone: bool
) -> None:
    deployment = populated(deploy, tmp_path, 5, given.ALL + ENDLESS)
    given.flown(deployment, "far", "2026-03-01", 500, settled=False, number="M0002")
    at = orbit.noon("2026-03-02")
    key = RunKey("recalculate", at, day("2026-03-02"), everyone)
    result = recalculate.recalculate(deployment, key, at, 1, lambda _a, _b: None)
    assert (result.status, result.items) == ("failed", 4)
    assert list(result.failures.values()) == ["Refused: What member M0002 is given meets again and again what gives it."]
    assert awarded(deployment) == times(4)
    # nothing of that member was written, and it is tried again
    with deployment.store.reading() as session:
        assert orbit.count(session, StatusAward, StatusAward.member_id == 3) == 0
    again = RunKey("recalculate", at + timedelta(days=1), day("2026-03-03"))
    assert recalculate.recalculate(deployment, again, at, 1, lambda _a, _b: None).failures.keys() == {3}
    assert recalculate.verify(deployment, lambda _a, _b: None).differences == []


def test_an_error_in_what_one_member_is_given_stops_no_other(
    deploy: Deploy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = populated(deploy, tmp_path, 4)
    true_book = awards.Sheet._book

    def book(sheet: awards.Sheet, *arguments: object) -> bool:
        if sheet.number == "M0001":
            raise ZeroDivisionError("a gift that cannot be")
        return true_book(sheet, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(awards.Sheet, "_book", book)
    at = orbit.noon("2026-06-02")
    key = RunKey("recalculate", at, day("2026-06-02"))
    result = recalculate.recalculate(deployment, key, at, 1, lambda _a, _b: None)
    assert list(result.failures.values()) == ["ZeroDivisionError: a gift that cannot be"]
    assert awarded(deployment) == times(3)
    monkeypatch.undo()
    again = RunKey("recalculate", at + timedelta(hours=1), day("2026-06-02"))
    assert recalculate.recalculate(deployment, again, at, 1, lambda _a, _b: None).items == 1
    assert awarded(deployment) == times(4)
