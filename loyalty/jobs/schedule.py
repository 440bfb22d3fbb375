"""What is due: worked out from the timetable and the runs that there are, and run."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, select

from loyalty import clock
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.due import Cron, due_moments, newest_due, next_due
from loyalty.jobs.running import attempt
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import Job


def missed(deployment: Deployment, job: Job, cron: Cron, now: datetime) -> list[datetime]:
    """The due moments since the job's last run, oldest first; the newest only where the job takes them as one, and where it
    has never run."""
    with deployment.store.reading() as session:
        last = session.scalar(select(func.max(Run.due)).where(Run.job == job.name, Run.scheduled, Run.due <= now))
    if last is not None and job.each:
        return due_moments(cron, last, now)
    newest = newest_due(cron, now)
    return [newest] if last is None or last < newest else []


def due_runs(deployment: Deployment, jobs: Iterable[Job], now: datetime) -> list[tuple[Job, RunKey]]:
    """The runs that are due of some jobs, by due moment and then by the timetable: those to go on with, and those missed."""
    found = [(job, key) for job in jobs for key in _due(deployment, job, now)]
    return sorted(found, key=lambda pair: pair[1].due)


def _due(deployment: Deployment, job: Job, now: datetime) -> list[RunKey]:
    zone = deployment.program.zone
    cron = job.at(zone)
    with deployment.store.reading() as session:
        begun = runs.unfinished(session, job.name, now)
    if cron is not None and not job.each:
        # what broke off is taken up by the moment that came after it
        begun = [run for run in begun if run.status == "running" or run.due >= newest_due(cron, now)]
    moments = missed(deployment, job, cron, now) if cron is not None else []
    fresh = [RunKey(job.name, due, clock.day_of(due, zone), scheduled=True) for due in moments]
    return [*map(runs.key_of, begun), *fresh]


def run_due(deployment: Deployment, job: Job, now: datetime, progress: Progress) -> list[Result]:
    """Go on with what was killed or broke off, then catch up with every due moment, each for the day for which it was due."""
    workers = deployment.settings.workers
    return [attempt(deployment, job.run, key, now, workers, progress) for _job, key in due_runs(deployment, [job], now)]


def run_now(deployment: Deployment, job: Job, now: datetime, progress: Progress) -> Result:
    """Run a job whether it is due or not. It counts for nothing that the schedule has to do."""
    key = RunKey(job.name, now, deployment.today(now))
    return attempt(deployment, job.run, key, now, deployment.settings.workers, progress)


def next_of(deployment: Deployment, job: Job, now: datetime) -> datetime | None:
    """The first due moment of a job after an instant; none where it is off."""
    cron = job.at(deployment.program.zone)
    return None if cron is None else next_due(cron, now)
