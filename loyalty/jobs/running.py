"""How a run is done: attempted as a whole, and item by item where a job is a list of things that are due."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import perf_counter

from sqlalchemy.orm import Session

from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.store import take_turns

#: Does a run: (deployment, run, the moment it is, processes, progress) -> what it came to. It goes on with a run that was
#: killed, answers one that has ended as it ended, and raises only what breaks off the run as a whole.
Runner = Callable[[Deployment, RunKey, datetime, int, Progress], Result]
#: The ids of the items that are due, in the order in which to take them.
Due = Callable[[Session], Sequence[int]]
#: Does one item in a transaction: how much it changed, or none where the item is not due any more.
Do = Callable[[Session, int], int | None]


def attempt(deployment: Deployment, run: Runner, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Do a run. An error that breaks it off is recorded, and the run is gone on with later (`runs.unfinished`).

    It began at `now` and ended as much later as it took. Raises only where the database cannot be written.
    """
    begun = perf_counter()
    try:
        deployment.look(now)
        result = run(deployment, key, now, workers, progress)
    except Exception as error:
        with deployment.store.transaction() as session:
            return runs.crash(session, key, _later(now, begun), error)
    with deployment.store.transaction() as session:
        runs.ended(session, key, now, _later(now, begun))
    return result


def _later(now: datetime, begun: float) -> datetime:
    return now + timedelta(microseconds=round((perf_counter() - begun) * 1_000_000))


def each_item(deployment: Deployment, key: RunKey, now: datetime, due: Due, do: Do, progress: Progress) -> Result:
    """Run, or go on with, a job that is a list of due items: each in a transaction of its own.

    An item's error is recorded against it, nothing of it stays, and the others go on; it is not tried again by this run.
    Two processes take turns at the items of one job, so `do` need only look whether its item is still due.
    """
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    if begun:
        with deployment.store.reading() as session:
            failed = runs.failures_of(session, key)
            todo = [item for item in due(session) if item not in failed]
        for done, item in enumerate(todo, 1):
            _one(deployment, key, item, do)
            progress(done, len(todo))
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def _one(deployment: Deployment, key: RunKey, item: int, do: Do) -> None:
    try:
        with deployment.store.transaction() as session:
            take_turns(session, f"job {key.job}")
            changes = do(session, item)
            if changes is not None:
                runs.tally(session, key, 1, changes)
    except Exception as error:
        with deployment.store.transaction() as session:
            runs.fail(session, key, item, error)
