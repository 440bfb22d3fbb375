"""Runs as rows: planned once for a due moment, worked in chunks that commit one by one, resumed where they stopped."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from loyalty.jobs.tables import Run, RunChunk, RunFailure
from loyalty.store import Store

#: Members looked at in one transaction.
CHUNK = 1000

#: Does one chunk in a transaction of its own: (run, chunk number) -> nothing; what it did is in the chunk's row.
Work = Callable[[Any], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RunKey:
    """A run: the job, the moment for which it is due, the day it works for, and whether it takes everyone or those due."""

    job: str
    due: datetime
    as_of: date
    everyone: bool = False
    scheduled: bool = False


@dataclass(frozen=True)
class Result:
    """What a run came to. `failures` maps member_id to the error of each member that was passed over."""

    job: str
    due: datetime
    as_of: date
    status: str
    members: int
    changes: int
    failures: dict[int, str]


def plan(session: Session, key: RunKey, stretches: list[tuple[int, int]], now: datetime) -> bool:
    """Write a run and its chunks; False where the run is there already, planned by whoever came first."""
    try:
        with session.begin_nested():
            session.execute(insert(Run).values(
                job=key.job, due=key.due, as_of=key.as_of, everyone=key.everyone, scheduled=key.scheduled,
                status="running", started_at=now, members=0, changes=0, failures=0,
            ))  # fmt: skip
    except IntegrityError:
        return False
    chunks = [
        {"job": key.job, "due": key.due, "n": n, "first": first, "last": last, "members": 0, "changes": 0}
        for n, (first, last) in enumerate(stretches)
    ]
    if chunks:
        session.execute(insert(RunChunk), chunks)
    return True


def unfinished(session: Session, job: str) -> list[RunKey]:
    """The runs of a job that were begun and not ended, oldest first."""
    rows = session.scalars(select(Run).where(Run.job == job, Run.status == "running").order_by(Run.due))
    return [RunKey(run.job, run.due, run.as_of, run.everyone, run.scheduled) for run in rows]


def open_chunks(session: Session, key: RunKey) -> list[int]:
    """The numbers of the chunks that are still to be done."""
    mine = (RunChunk.job == key.job, RunChunk.due == key.due, RunChunk.done_at.is_(None))
    return list(session.scalars(select(RunChunk.n).where(*mine).order_by(RunChunk.n)))


def claim(session: Session, key: RunKey, n: int) -> RunChunk | None:
    """The chunk, locked until the transaction ends; none where it is done, or another process is at it."""
    query = select(RunChunk).where(
        RunChunk.job == key.job, RunChunk.due == key.due, RunChunk.n == n, RunChunk.done_at.is_(None)
    )
    return session.scalar(query.with_for_update(skip_locked=True))


def fail(session: Session, key: RunKey, member_id: int, error: Exception) -> None:
    """Record a member's error against the run, the first one to stay."""
    if session.get(RunFailure, (key.job, key.due, member_id)) is None:
        text = f"{type(error).__name__}: {error}"
        session.add(RunFailure(job=key.job, due=key.due, member_id=member_id, error=text))


def finish(session: Session, key: RunKey, now: datetime) -> Result:
    """End a run all of whose chunks are done: failed where members were, else done. It stays `running` while another
    process is still at a chunk; one that has ended stays as it ended."""
    run = session.get_one(Run, (key.job, key.due), with_for_update=True)
    failures = failures_of(session, key)
    if run.status == "running":
        mine = (RunChunk.job == key.job, RunChunk.due == key.due)
        members, changes = session.execute(select(func.sum(RunChunk.members), func.sum(RunChunk.changes)).where(*mine)).one()
        run.members, run.changes, run.failures = members or 0, changes or 0, len(failures)
        if not open_chunks(session, key):
            run.status, run.finished_at = "failed" if failures else "done", now
    return Result(key.job, key.due, key.as_of, run.status, run.members, run.changes, failures)


def failures_of(session: Session, key: RunKey) -> dict[int, str]:
    """member_id -> error, for a run."""
    rows = session.scalars(select(RunFailure).where(RunFailure.job == key.job, RunFailure.due == key.due))
    return {row.member_id: row.error for row in rows}


# --- many at once -----------------------------------------------------------------------------------------------


@contextmanager
def pool(workers: int, initializer: Callable[..., None], arguments: tuple[Any, ...]) -> Iterator[Executor | None]:
    """Processes for chunks, each begun by `initializer`; none for one worker, which works here."""
    if workers < 2:
        yield None
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (initializer, arguments)) as executor:
        yield executor


def _begin(initializer: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """In a worker process. It ends with the process that started it, which may be killed without a word."""
    Thread(target=_end_with, args=(parent_process(),), daemon=True).start()
    initializer(*arguments)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def map_chunks(executor: Executor | None, work: Work, tasks: list[Any], progress: Progress) -> None:
    """Do every task; the first error is raised when those under way have ended. Few are in hand at a time."""
    total = len(tasks)
    if executor is None:
        for done, task in enumerate(tasks, 1):
            work(task)
            progress(done, total)
        return
    waiting = iter(tasks)
    under_way: set[Future[None]] = {executor.submit(work, task) for task in islice(waiting, 8)}
    done = 0
    while under_way:
        ended, under_way = wait(under_way, return_when=FIRST)
        for future in ended:
            future.result()
            done += 1
            progress(done, total)
            under_way |= {executor.submit(work, task) for task in islice(waiting, 1)}


def stretches(store: Store, ids: Any, size: int = CHUNK) -> list[tuple[int, int]]:
    """Stretches [first, last] that hold `size` of the members that a query of ids (ordered) finds."""
    with store.reading() as session:
        listed = ids.subquery()
        numbered = select(listed.c.member_id, func.row_number().over(order_by=listed.c.member_id).label("at")).subquery()
        group = (numbered.c.at - 1) // size
        rows = session.execute(
            select(func.min(numbered.c.member_id), func.max(numbered.c.member_id)).group_by(group).order_by(group)
        )
        return [(first, last) for first, last in rows]
