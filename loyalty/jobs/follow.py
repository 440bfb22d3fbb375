"""What benefits bring with time: shared status follows the member who shares it, picks made ahead are booked when they count.

It runs every day after the recalculation. A pair of members is locked in a transaction of its own, in one order with everybody
who locks two, so that no two of them wait for each other.
"""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from loyalty.benefits.picking import with_units
from loyalty.benefits.queries import companions_of
from loyalty.benefits.sharing import follow, named, rules_on, runs_on, tier_to_share
from loyalty.benefits.tables import BenefitPick, Companion
from loyalty.clock import start_of
from loyalty.jobs import runs
from loyalty.jobs.chunked import run_chunks
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.tables import RunChunk
from loyalty.program.load import Program
from loyalty.settle import settle_for
from loyalty.status.claims import History
from loyalty.status.ladder import rules_of
from loyalty.status.queries import histories, lock_numbers, read_accounts

JOB = "benefits"


def follow_benefits(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Run, or go on with, the day's run over the members who share their status or whose picks wait.

    What it does is brought up to the day, so a run that is killed goes on, and one that runs twice changes nothing more.
    A run that has ended already is answered as it ended. One failing member is recorded and passed over.
    """
    return run_chunks(deployment, key, now, workers, progress, _members(deployment.program, key.as_of), _chunk)


def _members(program: Program, day: date) -> Select[tuple[int]]:
    """Who shares the status on a day, or has a pick that waits to be booked in a period that has begun."""
    unbooked = (BenefitPick.booked_on.is_(None), BenefitPick.choice.in_(sorted(with_units(program))))
    waiting = select(BenefitPick.member_id).where(*unbooked, BenefitPick.period_on <= day)
    both = select(Companion.member_id).where(*_shares(day)).union(waiting).subquery()
    return select(both.c.member_id).order_by(both.c.member_id)


def _shares(day: date) -> tuple[ColumnElement[bool], ...]:
    return Companion.sharing.is_not(None), Companion.begins <= day, Companion.until > day, Companion.ended_on.is_(None)


class Task(NamedTuple):
    """A member whose companion, named under a key, may have to be given another tier, or, without one, whose pick waits."""

    member_id: int
    number: str
    companion: str | None = None
    key: str = ""


def _chunk(deployment: Deployment, key: RunKey, n: int, now: datetime) -> None:
    with deployment.store.reading() as session:
        chunk = session.get_one(RunChunk, (key.job, key.due, n))
        tasks = _tasks(session, deployment.program, chunk, key.as_of)
    failures: dict[int, Exception] = {}
    changed = 0
    for one in tasks:
        try:
            with deployment.store.transaction() as session:
                changed += _do(session, deployment, one, key.as_of, now)
        except Exception as error:
            failures[one.member_id] = error
    with deployment.store.transaction() as session:
        claimed = runs.claim(session, key, n)
        if claimed is None:
            return
        for member_id, failure in failures.items():
            runs.fail(session, key, member_id, failure)
        claimed.items, claimed.changes, claimed.done_at = len(tasks) - len(failures), changed, now


def _tasks(session: Session, program: Program, chunk: RunChunk, day: date) -> list[Task]:
    """What is to be done for a chunk's members, looked for without a lock and in a constant number of statements."""
    members = _members(program, day).subquery()
    within = select(members.c.member_id).where(members.c.member_id.between(chunk.first, chunk.last))
    ids = list(session.scalars(within.order_by(members.c.member_id)))
    accounts = read_accounts(session, ids)
    known = histories(session, rules_of(program), accounts)
    shared = companions_of(session, ids)
    found = [Task(account.member_id, account.number) for account in accounts] if with_units(program) else []
    for account in accounts:
        for row in shared.get(account.member_id, ()):
            if row.sharing is not None and row.tier != _tier(program, known[account.member_id], row, day):
                found.append(Task(account.member_id, account.number, row.number, row.key))
    return found


def _tier(program: Program, history: History, row: Companion, day: date) -> str | None:
    """What a companion is to have now; what is there already where the sharing does not run on the day."""
    if not runs_on(row, day):
        return row.tier
    rule = next((rule for rule in rules_on(program, day) if rule.id == row.sharing), None)
    return tier_to_share(program, history, rule, day) if rule is not None else None


def _do(session: Session, deployment: Deployment, task: Task, as_of: date, now: datetime) -> int:
    """Do a task with its members locked, if it is still to be done; what a late run records is known from its day."""
    program = deployment.program
    accounts = lock_numbers(session, [number for number in (task.number, task.companion) if number is not None])
    account = accounts[task.number]
    if task.companion is None:
        return settle_for(session, program, [account], as_of, now).changes
    companion = accounts.get(task.companion)
    row = named(session, account, task.key)
    tier = _tier(program, histories(session, rules_of(program), [account])[account.member_id], row, as_of)
    at = now if as_of == deployment.today(now) else start_of(as_of, program.zone)
    if companion is None or not follow(session, program, account, companion, row, tier, at):
        return 0
    settle_for(session, program, [companion], as_of, now)
    return 1
