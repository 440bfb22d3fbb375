"""The job that sends what is in the outbox."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from time import monotonic
from uuid import uuid4

from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.messages.delivery import Sender, Sent
from loyalty.messages.outbox import claim, mark, refused_by, suppress, waiting_count
from loyalty.messages.transports import Unreachable, transport_of
from loyalty.settings import Settings

DELIVER = "deliver"
#: Messages claimed at a time, and marked at a time: what is sent twice at most where a sender is killed.
BATCH, MARKED = 100, 10
#: More processes than one are worth their start from so many messages on.
MANY = 500


def deliver(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Send what may be sent now, until nothing is left. Several may run at once: each message is claimed by one.

    Where the settings name no place for mail, messages wait. Raises Refused: `mail_not_set` where they name one and lack what
    it needs; Unreachable where the server took nothing any more: what is left waits.
    """
    wanted = bool(deployment.settings.mail)
    if wanted:
        transport_of(deployment.settings).close()
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
        waiting = waiting_count(session, now) if wanted else 0
    if begun and wanted:
        many = workers if waiting >= MANY else 1
        tasks = [(replace(deployment.settings, workers=many), key, now)] * many
        with runs.pool(many, _begin, ()) as executor:
            if executor is None:
                drain(deployment, key, now, 1, progress, waiting)
            else:
                runs.map_chunks(executor, _drain, tasks, progress)
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def _begin() -> None:
    """In a worker process there is nothing to prepare."""


def _drain(task: tuple[Settings, RunKey, datetime]) -> None:
    settings, key, now = task
    drain(Deployment(settings), key, now, settings.workers, lambda _done, _all: None, 0)


def drain(deployment: Deployment, key: RunKey, now: datetime, shares: int, progress: Progress, waiting: int) -> None:
    """Claim and send until nothing is left. `shares` is among how many the rate is shared out."""
    clock = ticking(now)
    transport = transport_of(deployment.settings)
    sender = Sender(deployment.program, deployment.settings, transport, deployment.settings.mail_per_second / shares)
    done = 0
    try:
        while batch := _batch(deployment, key, sender, clock):
            done += batch
            progress(done, max(waiting, done))
    finally:
        transport.close()


def ticking(now: datetime) -> Callable[[], datetime]:
    """The clock of a job that works for longer: the moment it was begun for, and as much later as it has run."""
    begun = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - begun)


def _batch(deployment: Deployment, key: RunKey, sender: Sender, clock: Callable[[], datetime]) -> int:
    """One batch: claimed in a transaction, sent, marked a few at a time. Returns how many were claimed."""
    with deployment.store.transaction() as session:
        claimed = claim(session, uuid4().hex, clock(), BATCH)
        refused = refused_by(session, claimed.rows)
    results = sender.send_all(claimed, refused, clock)
    unreachable: Unreachable | None = None
    while some := _some(results):
        marks = [one for one in some if isinstance(one, Sent)]
        unreachable = next((one for one in some if isinstance(one, Unreachable)), unreachable)
        with deployment.store.transaction() as session:
            mark(session, claimed.by, [one.mark for one in marks])
            for one in marks:
                if one.suppress is not None:
                    suppress(session, one.address, one.suppress, clock())
            runs.tally(session, key, len(marks), sum(one.mark.state == "sent" for one in marks))
    if unreachable is not None:
        raise unreachable
    return len(claimed.rows)


def _some(results: Iterator[Sent]) -> list[Sent | Unreachable]:
    """The next few results; a server that cannot be reached is the last."""
    found: list[Sent | Unreachable] = []
    try:
        for one in islice(results, MARKED):
            found.append(one)
    except Unreachable as error:
        found.append(error)
    return found
