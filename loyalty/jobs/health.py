"""How the jobs stand: the last run of each, the next, and whether it is late."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.jobs.deployment import Deployment
from loyalty.jobs.due import Cron, next_due
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import OFF, Job, jobs

#: In place of the last run of a job that has none.
NEVER = Run(status="never run", items=0, changes=0, failures=0)


@dataclass(frozen=True)
class Health:
    """How a job stands. `last_*` tell of its newest run by the schedule, `last_done` when one last ended without breaking off.

    `late` when a due moment is further back than the job's limit and its run has not ended; `late_since` is that moment,
    none where it has never run. A job that is off is never late.
    """

    job: str
    does: str
    cron: str
    zone: str
    words: str
    last_due: datetime | None
    last_started: datetime | None
    last_ended: datetime | None
    last_status: str
    last_items: int
    last_changes: int
    last_failures: int
    last_error: str | None
    last_done: datetime | None
    next_due: datetime | None
    late: bool
    late_since: datetime | None


def health(deployment: Deployment, now: datetime) -> list[Health]:
    """Every job's health at an instant. Reads of status stay right while a job is late: spans carry their end."""
    with deployment.store.reading() as session:
        return [_health(session, deployment, job, now) for job in jobs(deployment.settings).values()]


def _health(session: Session, deployment: Deployment, job: Job, now: datetime) -> Health:
    cron = job.at(deployment.program.zone)
    mine = select(Run).where(Run.job == job.name, Run.scheduled, Run.due <= now).order_by(Run.due.desc()).limit(1)
    last = session.scalar(mine)
    done = session.scalar(mine.where(Run.finished_at.is_not(None), Run.error.is_(None)))
    late, since = (False, None) if cron is None else _late(session, job, cron, done, now)
    return Health(
        job=job.name, does=job.does, cron=cron.fields if cron else OFF, zone=str(cron.zone) if cron else "",
        words=cron.words if cron else OFF, **_last(last or NEVER), last_done=done.finished_at if done else None,
        next_due=next_due(cron, now) if cron else None, late=late, late_since=since,
    )  # fmt: skip


def _last(run: Run) -> dict[str, Any]:
    return {
        "last_due": run.due, "last_started": run.started_at, "last_ended": run.finished_at, "last_status": run.status,
        "last_items": run.items, "last_changes": run.changes, "last_failures": run.failures, "last_error": run.error,
    }  # fmt: skip


def _late(session: Session, job: Job, cron: Cron, done: Run | None, now: datetime) -> tuple[bool, datetime | None]:
    """Whether the oldest due moment without a run that has ended is further back than the limit, and that moment."""
    if done is None:
        return True, None
    oldest = next_due(cron, done.due)
    if job.each:
        left_behind = (
            Run.job == job.name,
            Run.scheduled,
            Run.due < done.due,
            Run.finished_at.is_(None) | Run.error.is_not(None),
        )
        oldest = min(oldest, session.scalar(select(func.min(Run.due)).where(*left_behind)) or oldest)
    late = oldest + job.late < now
    return late, oldest if late else None


def history(session: Session, job: str, last: int, before: datetime | None = None) -> list[Run]:
    """The newest runs of a job, by the schedule and by hand, newest first; those due before a moment, to go on from a page."""
    mine = select(Run).where(Run.job == job).order_by(Run.due.desc()).limit(last)
    return list(session.scalars(mine if before is None else mine.where(Run.due < before)))
