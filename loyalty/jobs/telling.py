"""The jobs of messages: made for members with something new, and once a month for everyone; sent from the outbox."""

from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, select, union
from sqlalchemy.orm import Session

from loyalty.jobs import runs
from loyalty.jobs.chunked import run_chunks
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.tables import Run, RunChunk
from loyalty.members.tables import Member, Telling
from loyalty.messages.building import CALENDAR, NEWS, Plan, build, plan_for, taken_notes
from loyalty.messages.calendar import due_members

MESSAGES, STATEMENTS = "messages", "statements"
#: Members looked at in one transaction: it holds the contexts of so many.
CHUNK = 250
#: The calendar of so many days is caught up with where the job has not run.
LATE = 31


def messages(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Make the messages of members about whom something is new, and of the calendar's days since the last run.

    Chunks commit one by one. One failing member is recorded and passed over, and looked at again.
    """
    plan = _news_plan(deployment, key)
    members = None if plan is None else _members(deployment, plan, now)
    return run_chunks(deployment, key, now, workers, progress, members, _chunk, CHUNK)


def statements(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Make the statement of the month that ended before the run's day, for everyone. Chunks commit one by one."""
    plan = plan_for(deployment.program, key.as_of, (), ("period",))
    everyone = select(Member.member_id).order_by(Member.member_id)
    return run_chunks(deployment, key, now, workers, progress, None if plan is None else everyone, _chunk, CHUNK)


def _news_plan(deployment: Deployment, key: RunKey) -> Plan | None:
    return plan_for(deployment.program, key.as_of, _days(deployment, key), {*NEWS, *CALENDAR})


def _days(deployment: Deployment, key: RunKey) -> list[date]:
    """The days whose calendar is to be looked at: those since the last run that ended; none where that was for the same day."""
    ended = (Run.job == key.job, Run.due < key.due, Run.status != "running")
    with deployment.store.reading() as session:
        last = session.scalar(select(func.max(Run.as_of)).where(*ended))
    first = key.as_of if last is None else max(last + timedelta(days=1), key.as_of - timedelta(days=LATE))
    return [first + timedelta(days=n) for n in range((key.as_of - first).days + 1)]


def _members(deployment: Deployment, plan: Plan, now: datetime) -> Select[int]:
    noted = select(Telling.member_id).where(Telling.noted_at <= now)
    found = union(noted, *due_members(plan)).subquery()
    return select(found.c.member_id).order_by(found.c.member_id)


# --- runs in chunks -----------------------------------------------------------------------------------------------


def _chunk(deployment: Deployment, key: RunKey, n: int, now: datetime) -> None:
    with deployment.store.transaction() as session:
        chunk = runs.claim(session, key, n)
        if chunk is not None:
            _build(session, deployment, key, chunk, now)


def _build(session: Session, deployment: Deployment, key: RunKey, chunk: RunChunk, now: datetime) -> None:
    plan = _news_plan(deployment, key) if key.job == MESSAGES else plan_for(deployment.program, key.as_of, (), ("period",))
    assert plan is not None
    ids = _stretch(session, deployment, key, plan, chunk, now)
    if key.job == MESSAGES:
        taken_notes(session, ids, now)
    built = build(session, plan, ids, now)
    for member_id, error in built.failures.items():
        runs.fail(session, key, member_id, error)
    chunk.items, chunk.changes, chunk.done_at = built.members, built.made, now


def _stretch(session: Session, deployment: Deployment, key: RunKey, plan: Plan, chunk: RunChunk, now: datetime) -> list[int]:
    """The members of a chunk: those of its stretch who are due."""
    if key.job != MESSAGES:
        return list(session.scalars(select(Member.member_id).where(Member.member_id.between(chunk.first, chunk.last))))
    due = _members(deployment, plan, now).subquery()
    return list(session.scalars(select(due.c.member_id).where(due.c.member_id.between(chunk.first, chunk.last))))
