"""The night: runs that fail for one, that are killed, that take those who are due."""

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from loyalty.jobs import recalculate, runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.jobs.tables import Run, RunChunk
from loyalty.ledger.operations import Correction, adjust
from loyalty.members.operations import Enrolment, enrol
from loyalty.status import folds
from loyalty.status.operations import mark_due, open_standings
from loyalty.status.tables import Standing, StatusChange
from tests.conftest import NOON, day

FIRST = day("2026-01-01")


def populated(deployment: Deployment, members: int, miles: int = 60_000) -> None:
    """Members who have all flown to Gold on June 1, not folded yet."""
    with deployment.store.transaction() as session:
        answers = enrol(session, deployment.program, [Enrolment(FIRST, f"M{n:06}") for n in range(members)], NOON)
        open_standings(session, [(answer.member_id or 0, FIRST) for answer in answers])
        for answer in answers if members <= 100 else ():
            wanted = Correction({"qualifying_miles": miles, "own_segments": 4}, day("2026-06-01"), "test", "test", "k")
            adjust(session, deployment.program, answer.member_id or 0, wanted, NOON, day("2026-06-01"))


def night(deployment: Deployment, at: datetime = NOON) -> runs.Result:
    return recalculate.recalculate(deployment, RunKey("recalculate", at, deployment.today(at)), at, 1, lambda _a, _b: None)


def test_a28_one_failing_member_is_recorded_and_stops_nobody(
    deploy: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy()
    populated(deployment, 5)
    true_fold = folds.fold
    folded = iter(range(100))

    def fold(rules: object, history: object) -> object:
        if next(folded) == 2:
            raise ZeroDivisionError("a rule that cannot be")
        return true_fold(rules, history)  # type: ignore[arg-type]

    monkeypatch.setattr(folds, "fold", fold)
    result = night(deployment)
    assert (result.status, result.items) == ("failed", 4)
    assert list(result.failures.values()) == ["ZeroDivisionError: a rule that cannot be"]
    monkeypatch.undo()
    assert night(deployment, NOON + timedelta(hours=1)).items == 1


def test_a19_a_killed_run_goes_on_and_takes_everyone_once(
    deploy: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment = deploy()
    populated(deployment, 60)
    monkeypatch.setattr(runs, "CHUNK", 10)
    monkeypatch.setattr(recalculate.runs.stretches, "__defaults__", (10,))
    key = RunKey("recalculate", NOON, deployment.today(NOON))

    def killed(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        recalculate.recalculate(deployment, key, NOON, 1, killed)
    with deployment.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(RunChunk).where(RunChunk.done_at.is_not(None))) == 3
        assert [runs.key_of(run) for run in runs.unfinished(session, "recalculate", NOON)] == [key]
    result = recalculate.recalculate(deployment, key, NOON, 1, lambda _a, _b: None)
    assert (result.status, result.items, result.changes) == ("done", 60, 120)
    with deployment.store.reading() as session:
        assert session.scalar(select(func.count()).select_from(StatusChange)) == 120


def test_a19_a_process_killed_at_any_moment_leaves_a_run_that_can_go_on(
    deploy: Callable[..., Deployment], database_url: str
) -> None:
    deployment = deploy()
    populated(deployment, 3000)
    code = f"""
import loyalty.jobs.runs as runs
runs.stretches.__defaults__ = (100,)
from loyalty import clock
from loyalty.jobs.deployment import Deployment
from loyalty.jobs import recalculate
from loyalty.settings import Settings
deployment = Deployment(Settings(database_url={database_url!r}, config={deployment.settings.config!r}))
recalculate.by_hand(deployment, None, False, clock.now(), 1, lambda done, total: print(done, flush=True))
"""
    for after in (2, 5):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= after:
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
        process.stdout.close()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    with deployment.store.reading() as session:
        assert set(session.scalars(select(Run.status))) == {"done"}
        assert session.scalar(select(func.sum(Run.items))) == 3000
        assert session.scalar(select(func.count()).select_from(StatusChange)) == 3000
    assert recalculate.verify(deployment, lambda _a, _b: None).differences == []


def test_a18_the_night_after_a_rise_demotes_nobody(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    populated(deployment, 1)
    night(deployment)
    with deployment.store.reading() as session:
        standing = session.get_one(Standing, 1)
    assert (standing.tier, standing.until) == ("gold", day("2028-02-01"))
    assert night(deployment, NOON + timedelta(days=1)).items == 0


def test_members_with_new_facts_are_due_and_no_others(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    populated(deployment, 4)
    night(deployment)
    with deployment.store.transaction() as session:
        mark_due(session, [2], deployment.today(NOON))
    assert night(deployment, NOON + timedelta(minutes=1)).items == 1
