"""Real schedulers as processes of their own: one leads, one is killed, the other goes on; and many at once do nothing twice."""

import signal
import subprocess
import time as clock_time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.tables import Run, RunChunk
from loyalty.status.tables import StatusChange
from tests.jobs import orbit

Process = subprocess.Popen[str]
MEMBERS = 60

#: Chunks of five members, each told when it is done; a job that mails each member who has risen, once.
BEFORE = """
import sys
from datetime import timedelta
from time import sleep
from sqlalchemy import text
import loyalty.jobs.recalculate as recalculate
import loyalty.jobs.runs as runs
import loyalty.jobs.timetable as timetable
from loyalty.jobs.running import each_item

runs.stretches.__defaults__ = (5,)
whole = recalculate._chunk

def chunk(*task):
    whole(*task)
    print('chunk', flush=True)
    sleep(0.4)

def due(session):
    risen = "SELECT DISTINCT member_id FROM status_change WHERE kind = 'raised'"
    return list(session.scalars(text(risen + " AND member_id NOT IN (SELECT member_id FROM mail) ORDER BY 1")))

def do(session, member):
    if session.scalar(text("SELECT count(*) FROM mail WHERE member_id = :member"), {'member': member}):
        return None
    session.execute(text("INSERT INTO mail VALUES (:member)"), {'member': member})
    return 1

def mail(deployment, key, now, workers, progress):
    return each_item(deployment, key, now, due, do, progress)

if 'schedule' in sys.argv:
    recalculate._chunk = chunk
late = timedelta(minutes=10)
mails = timetable.Job('mail', 'Mails.', '* * * * *', late=late, each=False, lane='mail', counts='members', run=mail)
timetable.TIMETABLE += (mails,)
"""


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Iterator[Deployment]:
    """Orbit with members who have all risen, not folded yet; and the mails that they were sent."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config"))
    numbers = [f"M{n:03}" for n in range(MEMBERS)]
    for number in numbers:
        orbit.enrolled(deployment, [number])
        orbit.travelled(deployment, number, "k", "2026-06-01", 150)
    with deployment.store.transaction() as session:
        session.execute(text("CREATE TABLE mail (member_id BIGINT NOT NULL)"))
        # as if all that is known of them had not been folded: they are due since they enrolled
        for table in ("tier_span", "status_change"):
            session.execute(text(f"DELETE FROM {table}"))
        fresh = (
            "tier = NULL, opening = NULL, begins = NULL, until = NULL, source = '', folded_on = NULL, spans = 0, changes = 0"
        )
        session.execute(text(f"UPDATE standing SET {fresh}, spans_digest = 0, review_on = '2026-01-01'"))
    yield deployment
    with deployment.store.transaction() as session:
        session.execute(text("DROP TABLE mail"))


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Callable[..., Process]]:
    """Starts `loyalty` commands, which end with the test."""
    started: list[Process] = []

    def begin(*arguments: str) -> Process:
        started.append(orbit.start(deployment, *arguments, before=BEFORE, LOYALTY_WORKERS="1", PYTHONUNBUFFERED="1"))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def line(process: Process, beginning: str) -> str:
    """The next line that a process says that begins so."""
    assert process.stdout is not None
    for said in process.stdout:
        if said.startswith(beginning):
            return said
    assert process.stderr is not None
    raise AssertionError(process.stderr.read())


def two_schedulers(start: Callable[..., Process]) -> tuple[Process, Process]:
    """One that leads, one that stands by."""
    both = [start("schedule"), start("schedule")]
    said = [line(process, "") for process in both]
    assert sorted(said) == ["Another process leads the schedule; standing by.\n", "Leading the schedule.\n"]
    return both[said.index("Leading the schedule.\n")], both[said.index("Another process leads the schedule; standing by.\n")]


def nights(deployment: Deployment) -> list[Run]:
    """The schedule's own runs of the recalculation."""
    with deployment.store.reading() as session:
        return list(session.scalars(select(Run).where(Run.job == "recalculate", Run.scheduled)))


def status_of(deployment: Deployment, job: str) -> list[str]:
    """How the schedule's runs of a job stand, the first of them."""
    with deployment.store.reading() as session:
        return list(session.scalars(select(Run.status).where(Run.job == job, Run.scheduled).order_by(Run.due).limit(1)))


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = clock_time.monotonic() + 60
    while not holds():
        assert clock_time.monotonic() < deadline, "it never came about"
        clock_time.sleep(0.1)


def all_done_once(deployment: Deployment) -> None:
    """One run of the night, done; everybody joined and rose once; nothing differs from the fold."""
    (run,) = nights(deployment)
    assert (run.status, run.items, run.changes, run.chunks) == ("done", MEMBERS, 2 * MEMBERS, MEMBERS // 5)
    with deployment.store.reading() as session:
        changes = session.execute(
            select(StatusChange.member_id, func.count()).group_by(StatusChange.member_id).order_by(StatusChange.member_id)
        )
        assert [tuple(row) for row in changes] == [(member, 2) for member in range(1, MEMBERS + 1)]
    assert recalculate.verify(deployment, lambda _done, _total: None).differences == []


def test_a22_the_leader_is_killed_in_a_run_and_the_other_ends_it(deployment: Deployment, start: Callable[..., Process]) -> None:
    leader, standby = two_schedulers(start)
    for _chunk in range(3):
        line(leader, "chunk")
    # the long night delays nothing that runs every minute
    until(lambda: status_of(deployment, "mail") == ["done"])
    assert status_of(deployment, "recalculate") == ["running"]
    leader.send_signal(signal.SIGKILL)
    leader.wait()
    with deployment.store.reading() as session:
        done = session.scalar(select(func.count()).select_from(RunChunk).where(RunChunk.done_at.is_not(None))) or 0
    assert 3 <= done < MEMBERS // 5
    line(standby, "Leading the schedule.")
    until(lambda: status_of(deployment, "recalculate") == ["done"])
    all_done_once(deployment)


def test_a_leader_that_is_told_to_stop_ends_between_two_chunks(deployment: Deployment, start: Callable[..., Process]) -> None:
    leader, standby = two_schedulers(start)
    line(leader, "chunk")
    leader.terminate()
    out, err = leader.communicate(timeout=60)
    assert (leader.returncode, err) == (0, "")
    assert out.splitlines()[-1] == "The schedule has stopped."
    line(standby, "Leading the schedule.")
    until(lambda: status_of(deployment, "recalculate") == ["done"])
    all_done_once(deployment)
    assert [run.crashes for run in nights(deployment)] == [0]


def test_a22_two_schedulers_and_four_workers_run_a_night_once_and_mail_each_member_once(
    deployment: Deployment, start: Callable[..., Process]
) -> None:
    schedulers = [start("schedule") for _ in range(2)]
    workers = [start("run", "recalculate") for _ in range(4)]
    for worker in workers:
        _out, err = worker.communicate(timeout=120)
        assert (worker.returncode, err) == (0, "")
    until(lambda: status_of(deployment, "recalculate") == ["done"])
    all_done_once(deployment)
    mailers = [start("run", "mail", "--now") for _ in range(2)]
    for mailer in mailers:
        _out, err = mailer.communicate(timeout=120)
        assert (mailer.returncode, err) == (0, "")
    with deployment.store.reading() as session:
        assert sorted(session.scalars(text("SELECT member_id FROM mail"))) == list(range(1, MEMBERS + 1))
    assert [process.poll() for process in schedulers] == [None, None]


def test_a_leader_whose_connection_is_lost_stands_by_and_leads_again(
    deployment: Deployment, start: Callable[..., Process]
) -> None:
    if deployment.store.engine.dialect.name == "sqlite":
        pytest.skip("a lock on a file is not lost while its process lives")
    leader = start("schedule")
    line(leader, "Leading the schedule.")
    until(lambda: status_of(deployment, "recalculate") == ["done"])
    with deployment.store.transaction() as session:
        held = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 7101002 AND granted"
        database = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        session.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({held} AND {database}) AS leader"))
    line(leader, "The lead is lost.")
    line(leader, "Leading the schedule.")
    all_done_once(deployment)
