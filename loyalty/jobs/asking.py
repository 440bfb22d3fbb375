"""A run that staff ask for: a row that waits until a schedule takes it, so that no page has to wait for a job."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append
from loyalty.audit.queries import by_key
from loyalty.desk.performing import stated
from loyalty.errors import Refused
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import Job
from loyalty.store import take_turns

#: The act, as roles and the audit log name it.
RUN = "jobs.run"


@dataclass(frozen=True)
class AskedRun:
    """A run that was asked for, by the moment for which it is due; not fresh where it was asked for before."""

    due: datetime
    fresh: bool


def ask_run(session: Session, job: Job, by: Actor, reason: str, key: str, today: date, now: datetime) -> AskedRun:
    """Let a job run once more, as soon as a schedule comes to it; it counts for nothing that the schedule has to do.

    One that waits already is answered in its place, and leaves no line in the log. The same key with the same input is answered
    as the first time. Raises Refused: `reason_missing`, `bad_field`, `key_reused`.
    """
    stated(reason, key)
    take_turns(session, "ask for a run")
    before = by_key(session, key)
    if before is not None:
        what = json.loads(before.what)
        if (before.act, what.get("job"), before.reason) != (RUN, job.name, reason):
            raise Refused("key_reused", key=key, source="desk")
        return AskedRun(datetime.fromisoformat(what["due"]), False)
    waiting = session.scalar(select(Run.due).where(Run.job == job.name, Run.waits))
    if waiting is not None:
        return AskedRun(waiting, False)
    due = _free(session, job, now)
    session.add(Run(job=job.name, due=due, as_of=today, status="running", started_at=now, asked_by=by.name, waits=True))
    append(session, by, Act(RUN, {"job": job.name, "due": due.isoformat()}, reason, key=key), now)
    return AskedRun(due, True)


def _free(session: Session, job: Job, now: datetime) -> datetime:
    """The first moment from now on for which there is no run of a job: the schedule's own may be due at this very one."""
    taken = set(session.scalars(select(Run.due).where(Run.job == job.name, Run.due >= now)))
    due = now
    while due in taken:
        due += timedelta(microseconds=1)
    return due
