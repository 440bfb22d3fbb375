"""Runs as rows: begun once for a due moment, worked in parts that commit one by one, resumed where they stopped."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from sqlalchemy import func, insert, select, update
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
    """What a run came to. `failures` maps the id of each item that was passed over (a member's, or that of whatever the
    job is about) to its error; `error` is why the run broke off as a whole."""

    job: str
    due: datetime
    as_of: date
    status: str
    items: int
    changes: int
    failures: dict[int, str]
    error: str | None = None


def begin(session: Session, key: RunKey, now: datetime) -> bool:
    """Write a run down, take one that was asked for, or open one again that was killed or broke off. False where it has ended,
    which it does once."""
    if session.get(Run, (key.job, key.due)) is None:
        try:
            with session.begin_nested():
                session.execute(insert(Run).values(
                    job=key.job, due=key.due, as_of=key.as_of, everyone=key.everyone, scheduled=key.scheduled,
                    status="running", started_at=now, items=0, changes=0, failures=0, crashes=0,
                ))  # fmt: skip
        except IntegrityError:
            pass  # another process came first
        else:
            return True
    run = _locked(session, key)
    if run.error is not None:
        run.status, run.finished_at = "running", None
    if run.waits:
        run.started_at, run.waits = now, False
    return run.status == "running"


def _locked(session: Session, key: RunKey) -> Run:
    return session.get_one(Run, (key.job, key.due), with_for_update=True, populate_existing=True)


def planned(session: Session, key: RunKey) -> bool:
    """Whether a run has been cut into chunks."""
    run = session.get(Run, (key.job, key.due))
    return run is not None and run.chunks is not None


def plan(session: Session, key: RunKey, stretches: list[tuple[int, int]]) -> None:
    """Cut a run that was begun into chunks, unless that was done already."""
    run = _locked(session, key)
    if run.chunks is not None:
        return
    run.chunks = len(stretches)
    chunks = [
        {"job": key.job, "due": key.due, "n": n, "first": first, "last": last, "items": 0, "changes": 0}
        for n, (first, last) in enumerate(stretches)
    ]
    if chunks:
        session.execute(insert(RunChunk), chunks)


def unfinished(session: Session, job: str, now: datetime) -> list[Run]:
    """The runs of a job to go on with, oldest first: those asked for, those killed, and those that broke off and are to be
    tried again by now. A run that broke off waits a minute, then two, four and so on, an hour at most."""
    found = session.scalars(
        select(Run).where(Run.job == job, (Run.status == "running") | Run.error.is_not(None)).order_by(Run.due)
    )
    return [run for run in found if run.finished_at is None or run.finished_at + _pause(run.crashes) <= now]


def _pause(crashes: int) -> timedelta:
    return timedelta(minutes=min(2 ** (crashes - 1), 60))


def key_of(run: Run) -> RunKey:
    """The key of a run."""
    return RunKey(run.job, run.due, run.as_of, run.everyone, run.scheduled)


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


def tally(session: Session, key: RunKey, items: int, changes: int) -> None:
    """Count what a run without chunks did, in the transaction in which it did it."""
    counted = {"items": Run.items + items, "changes": Run.changes + changes}
    session.execute(update(Run).where(Run.job == key.job, Run.due == key.due).values(counted))


def fail(session: Session, key: RunKey, item: int, error: Exception) -> None:
    """Record an item's error against the run, the first one to stay."""
    if session.get(RunFailure, (key.job, key.due, item)) is None:
        session.add(RunFailure(job=key.job, due=key.due, item=item, error=told(error)))


def told(error: Exception) -> str:
    """An error as it is recorded: its kind and what it says."""
    return f"{type(error).__name__}: {error}"


def finish(session: Session, key: RunKey, now: datetime) -> Result:
    """End a run all of whose chunks are done: failed where items were, else done. It stays `running` while another
    process is still at a chunk; one that has ended stays as it ended."""
    run = _locked(session, key)
    # asked first: a chunk that another process ends in between is then still open here, or counted
    still_open = open_chunks(session, key)
    failures = failures_of(session, key)
    if run.status == "running":
        if run.chunks is not None:
            mine = (RunChunk.job == key.job, RunChunk.due == key.due)
            items, changes = session.execute(select(func.sum(RunChunk.items), func.sum(RunChunk.changes)).where(*mine)).one()
            run.items, run.changes = items or 0, changes or 0
        run.failures = len(failures)
        if not still_open:
            run.status, run.finished_at, run.error = "failed" if failures else "done", now, None
    return _result(run, failures)


def ended(session: Session, key: RunKey, now: datetime, at: datetime) -> None:
    """Note when a run that was begun or gone on with at `now`, and has ended since, did so."""
    mine = (Run.job == key.job, Run.due == key.due, Run.finished_at == now)
    session.execute(update(Run).where(*mine).values(finished_at=at))


def crash(session: Session, key: RunKey, now: datetime, error: Exception) -> Result:
    """Record that a run broke off as a whole. It is gone on with later; one that has ended stays as it ended."""
    if begin(session, key, now):
        run = _locked(session, key)
        run.status, run.finished_at, run.error, run.crashes = "failed", now, told(error), run.crashes + 1
    return _result(_locked(session, key), failures_of(session, key))


def _result(run: Run, failures: dict[int, str]) -> Result:
    return Result(run.job, run.due, run.as_of, run.status, run.items, run.changes, failures, run.error)


def failures_of(session: Session, key: RunKey) -> dict[int, str]:
    """Item -> error, for a run."""
    rows = session.scalars(select(RunFailure).where(RunFailure.job == key.job, RunFailure.due == key.due))
    return {row.item: row.error for row in rows}


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
