"""A run over many members: cut into chunks once, each worked in a transaction of its own, here or in processes."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.settings import Settings

#: So many chunks are done in this process rather than in new ones, which take as long to start.
FEW = 4
#: Does the n-th chunk of a run in its own transactions; a function of a module, so that another process finds it.
Chunk = Callable[[Deployment, RunKey, int, datetime], None]
#: The deployment that this process's chunks work on.
_here: list[Deployment] = []


def run_chunks(
    deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress, members: Select[Any] | None,
    chunk: Chunk, size: int | None = None,
) -> Result:  # fmt: skip
    """Run, or go on with, a run over the members that a query of ids (ordered) finds, `size` to a chunk; none without a query.

    A run that was planned keeps its chunks, and one that has ended is answered as it ended.
    """
    with deployment.store.reading() as session:
        known = runs.planned(session, key)
    found = [] if known or members is None else runs.stretches(deployment.store, members, *(() if size is None else (size,)))
    with deployment.store.transaction() as session:
        if runs.begin(session, key, now):
            runs.plan(session, key, found)
    with deployment.store.reading() as session:
        todo = runs.open_chunks(session, key)
    if todo:
        _here[:] = [deployment]
        with runs.pool(workers if len(todo) > FEW else 1, _begin, (deployment.settings,)) as executor:
            runs.map_chunks(executor, _work, [(chunk, key, n, now) for n in todo], progress)
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def _begin(settings: Settings) -> None:
    """In a worker process: a deployment of its own."""
    _here[:] = [Deployment(settings)]


def _work(task: tuple[Chunk, RunKey, int, datetime]) -> None:
    chunk, key, n, now = task
    chunk(_here[0], key, n, now)
