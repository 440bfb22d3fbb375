"""The schedule: which job is due when, run once for each due moment by whichever process leads."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from time import sleep
from typing import IO
from zoneinfo import ZoneInfo

from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import func, select, text

from loyalty import clock
from loyalty.errors import Refused
from loyalty.jobs import recalculate, runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Result, RunKey
from loyalty.jobs.tables import Run
from loyalty.program.problems import listed

#: A number of ours among PostgreSQL's advisory locks: whoever holds it leads.
LEADER_LOCK = 7101002
#: After this long without a finished run of its due moment a job is late.
LATE_AFTER = timedelta(hours=26)

Runner = Callable[[Deployment, RunKey, datetime, int, runs.Progress], Result]


@dataclass(frozen=True)
class Job:
    """A job of the schedule: once on every local day, at `at` by the program's clock."""

    name: str
    at: time
    run: Runner


def jobs(deployment: Deployment) -> dict[str, Job]:
    """All jobs of the schedule, by name."""
    at = time.fromisoformat(deployment.settings.recalculate_at)
    return {recalculate.JOB: Job(recalculate.JOB, at, recalculate.recalculate)}


def job_named(deployment: Deployment, name: str) -> Job:
    """A job by name. Raises Refused: `unknown_job`."""
    known = jobs(deployment)
    if name not in known:
        raise Refused("unknown_job", job=name, allowed=listed(known))
    return known[name]


def due_moments(at: time, zone: ZoneInfo, after: datetime, until: datetime) -> Iterator[datetime]:
    """The due moments in (after, until]: exactly one for every day that the zone has, also when its clock changes.

    A local time that is skipped falls as much later as the clock was put forward; one that comes twice is taken the
    first time; a day that never was (Apia, 2011-12-30) has none.
    """
    day = clock.day_of(after, zone) - timedelta(days=1)
    last = clock.day_of(until, zone) + timedelta(days=1)
    while day <= last:
        moment = clock.instant_at(day, at, zone)
        if after < moment <= until and clock.day_of(moment, zone) == day:
            yield moment
        day += timedelta(days=1)


def missed(deployment: Deployment, job: Job, now: datetime) -> list[datetime]:
    """The due moments since the job's last planned run, oldest first; with no run at all, the newest only."""
    with deployment.store.reading() as session:
        last = session.scalar(select(func.max(Run.due)).where(Run.job == job.name, Run.scheduled, Run.due <= now))
    zone = deployment.program.zone
    if last is not None:
        return list(due_moments(job.at, zone, last, now))
    return list(due_moments(job.at, zone, now - timedelta(days=2), now))[-1:]


def run_due(deployment: Deployment, job: Job, now: datetime, progress: runs.Progress) -> list[Result]:
    """Go on with what was killed, then catch up with every due moment, each for the day for which it was due."""
    with deployment.store.reading() as session:
        begun = runs.unfinished(session, job.name)
    keys = begun + [
        RunKey(job.name, due, clock.day_of(due, deployment.program.zone), scheduled=True)
        for due in missed(deployment, job, now)
    ]
    return [job.run(deployment, key, now, deployment.settings.workers, progress) for key in keys]


def next_due(deployment: Deployment, job: Job, now: datetime) -> datetime:
    """The first due moment after an instant."""
    return next(due_moments(job.at, deployment.program.zone, now, now + timedelta(days=4)))


# --- one leader -------------------------------------------------------------------------------------------------


@contextmanager
def leading(deployment: Deployment) -> Iterator[Callable[[], bool]]:
    """A question to ask until it is true: does this process lead? The lead ends with the process, however it ends."""
    if deployment.store.engine.dialect.name == "postgresql":
        engine = deployment.store.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield lambda: bool(connection.scalar(text("SELECT pg_try_advisory_lock(:n)"), {"n": LEADER_LOCK}))
            connection.execute(text("SELECT pg_advisory_unlock_all()"))
        return
    database = deployment.store.engine.url.database or "loyalty"
    with Path(f"{database}.leader").open("w") as file:
        yield lambda: _locked(file)


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def serve(deployment: Deployment, say: Callable[[str], None], poll: float = 1.0) -> None:
    """Keep the schedule until stopped: stand by until this process leads, catch up, then wake at each due moment."""
    scheduler = BlockingScheduler(timezone="UTC")
    with leading(deployment) as leads:
        if not leads():
            say("Another process leads the schedule; standing by.")
            while not leads():
                sleep(poll)
        say("Leading the schedule.")
        for job in jobs(deployment).values():
            _arm(scheduler, deployment, job, say, clock.now())
        scheduler.start()


def _arm(scheduler: BlockingScheduler, deployment: Deployment, job: Job, say: Callable[[str], None], at: datetime) -> None:
    """Wake for a job at an instant; after it, at the next due moment. The scheduler only wakes: what is due is worked out."""

    def wake() -> None:
        now = clock.now()
        try:
            for result in run_due(deployment, job, now, lambda _done, _all: None):
                say(f"{job.name} of {result.due:%Y-%m-%d %H:%M} UTC: {result.status}, {result.members} members, "
                    f"{result.changes} changes, {len(result.failures)} failures")  # fmt: skip
        finally:
            due = next_due(deployment, job, clock.now())
            say(f"{job.name} is due next at {due:%Y-%m-%d %H:%M} UTC")
            _arm(scheduler, deployment, job, say, due)

    trigger = DateTrigger(run_date=at)
    scheduler.add_job(wake, trigger, id=f"{job.name} {at.isoformat()}", misfire_grace_time=None, replace_existing=True)


# --- health -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Health:
    """How a job stands: `late` when no run has ended for too long, or a run's members failed."""

    job: str
    last_done: datetime | None
    last_status: str
    next_due: datetime
    late: bool


def health(deployment: Deployment, now: datetime) -> list[Health]:
    """Every job's health at an instant. Reads of status stay right while a job is late: spans carry their end."""
    found = []
    for job in jobs(deployment).values():
        with deployment.store.reading() as session:
            ended = (
                select(Run)
                .where(Run.job == job.name, Run.scheduled, Run.finished_at.is_not(None))
                .order_by(Run.finished_at.desc())
            )
            run = session.scalar(ended.limit(1))
        late = run is None or run.finished_at is None or now - run.finished_at > LATE_AFTER
        done, status = (run.finished_at, run.status) if run else (None, "never run")
        found.append(Health(job.name, done, status, next_due(deployment, job, now), late))
    return found
