"""The jobs of webhooks: facts made deliveries, deliveries sent. No transaction is open while the network is."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic, sleep
from uuid import uuid4

from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.messages.webhook_announcing import announce as announce_some
from loyalty.messages.webhook_posting import Caller
from loyalty.messages.webhook_sending import Marker, claim, endpoints_due, next_due, send
from loyalty.settings import networks

#: Members whose facts are made deliveries in one transaction.
CHUNK = 250
#: Senders at a time, and those of one endpoint.
SENDERS, EACH = 16, 4
#: So many failures in a row, and a sender lets its endpoint alone until the next run: one that is away costs little.
ENOUGH = 3
#: What is to be tried again so soon is waited for.
PATIENCE = timedelta(seconds=10)


def announce(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Make the deliveries of members about whom something is new, chunk by chunk, each in a transaction of its own.

    A member whose facts cannot be told is recorded, looked at again in an hour, and stops no other.
    """
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    looked = 0
    while begun:
        with deployment.store.transaction() as session:
            done = announce_some(session, deployment.program, now, CHUNK)
            for member_id, error in done.failures.items():
                runs.fail(session, key, member_id, error)
            runs.tally(session, key, done.members, done.made)
        begun = bool(done.members or done.failures)
        looked += done.members
        progress(looked, looked)
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def send_webhooks(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Send what is due, until nothing is any more. Several may run at once: each attempt is made by one."""
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    if begun:
        sender = Sending(deployment, key, ticking(now), progress)
        while sender.round():
            pass
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def ticking(now: datetime) -> Callable[[], datetime]:
    """The clock of a job that works for longer: the moment for which it was begun, and as much later as it has run."""
    begun = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - begun)


@dataclass
class Sending:
    """One run: rounds over the endpoints for which something is due."""

    deployment: Deployment
    key: RunKey
    clock: Callable[[], datetime]
    progress: Progress
    left: set[int] = field(default_factory=set)
    _done: int = 0
    _lock: Lock = field(default_factory=Lock)

    def round(self) -> bool:
        """Send what is due, several endpoints at a time; whether there may be more."""
        with self.deployment.store.reading() as session:
            due = [endpoint_id for endpoint_id in endpoints_due(session, self.clock()) if endpoint_id not in self.left]
        if not due:
            return self._wait()
        tasks = due * EACH  # one sender of every endpoint before the second of any
        with ThreadPoolExecutor(min(SENDERS, len(tasks))) as pool:
            sent = sum(pool.map(self._drain, tasks))
        return sent > 0

    def _wait(self) -> bool:
        """Wait for what is to be tried again very soon."""
        with self.deployment.store.reading() as session:
            at = next_due(session, self.clock())
        soon = at is not None and at - self.clock() <= PATIENCE
        if at is None or not soon or self.left:
            return False
        sleep(max((at - self.clock()).total_seconds(), 0.0))
        return True

    def _drain(self, endpoint_id: int) -> int:
        """Claim and send until nothing of an endpoint is due, or too much fails in a row. Returns how many were tried."""
        caller = Caller(networks(self.deployment.settings.webhook_networks))
        try:
            sent = failed = 0
            while endpoint_id not in self.left and (fine := self._batch(caller, endpoint_id)):
                sent += len(fine)
                failed = len(fine) + failed if not any(fine) else _tail(fine)
                if failed >= ENOUGH:
                    self.left.add(endpoint_id)
            return sent
        finally:
            caller.close()

    def _batch(self, caller: Caller, endpoint_id: int) -> list[bool]:
        """Claim a few deliveries in a transaction, send each with none open, mark each in one of its own."""
        with self.deployment.store.transaction() as session:
            claimed = claim(session, endpoint_id, uuid4().hex, self.clock())
        marker = Marker(timedelta(days=self.deployment.settings.webhook_patience))
        fine = []
        for row in claimed.rows:
            answer = send(caller, claimed, row, self.clock())
            with self.deployment.store.transaction() as session:
                fine.append(marker.mark(session, claimed.by, row, answer, self.clock()))
                runs.tally(session, self.key, 1, int(fine[-1]))
            self._tell(1)
        return fine

    def _tell(self, more: int) -> None:
        with self._lock:
            self._done += more
            self.progress(self._done, self._done)


def _tail(fine: list[bool]) -> int:
    """How many failed in a row at the end."""
    return next((n for n, one in enumerate(reversed(fine)) if one), len(fine))
