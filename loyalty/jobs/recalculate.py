"""The nightly recalculation, and the proof that what is cached is what the fold says."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.benefits.verify import faults as benefit_faults
from loyalty.jobs import runs
from loyalty.jobs.chunked import run_chunks
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.running import attempt
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.tables import RunChunk
from loyalty.ledger.queries import faults
from loyalty.settle import settle_for
from loyalty.status.operations import mark_all_due
from loyalty.status.queries import lock_stretch
from loyalty.status.tables import Standing
from loyalty.status.verify import differences

JOB = "recalculate"


def recalculate(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Run, or go on with, a recalculation: those due by its day, or everyone. Chunks commit one by one.

    On the first day of an edition that is everyone, for a process may have folded somebody by the old rules alone after it was
    published. A run that has ended already is answered as it ended. One failing member is recorded and passed over.
    """
    if any(one.begins == key.as_of for one in deployment.program.editions):
        with deployment.store.transaction() as session:
            if not runs.planned(session, key):
                mark_all_due(session, key.as_of)
    return run_chunks(deployment, key, now, workers, progress, _members(key), _chunk)


def _members(key: RunKey) -> Select[int]:
    members = select(Standing.member_id).order_by(Standing.member_id)
    return members if key.everyone else members.where(Standing.review_on <= key.as_of)


def _chunk(deployment: Deployment, key: RunKey, n: int, now: datetime) -> None:
    with deployment.store.transaction() as session:
        chunk = runs.claim(session, key, n)
        if chunk is not None:
            _refold(session, deployment, key, chunk, now)


def _refold(session: Session, deployment: Deployment, key: RunKey, chunk: RunChunk, now: datetime) -> None:
    accounts = lock_stretch(session, chunk.first, chunk.last, None if key.everyone else key.as_of)
    folded = settle_for(session, deployment.program, accounts, key.as_of, now, whole=key.everyone, isolate=True)
    for member_id, error in folded.failures.items():
        runs.fail(session, key, member_id, error)
    chunk.items, chunk.changes, chunk.done_at = folded.members, folded.changes, now


# --- verify -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verified:
    """What a verification found: members folded, and each difference as (member_id, what)."""

    members: int
    differences: list[tuple[int, str]]


def verify(deployment: Deployment, progress: Progress, size: int = runs.CHUNK) -> Verified:
    """Fold everyone from the entries and compare with what is cached; check that reversals undo what they name, and that
    what was used of entitlements was held."""
    members = select(Standing.member_id).order_by(Standing.member_id)
    chunks = runs.stretches(deployment.store, members, size)
    found: list[tuple[int, str]] = []
    seen = 0
    for n, (first, last) in enumerate(chunks, 1):
        with deployment.store.reading() as session:
            looked, wrong = differences(session, deployment.program, first, last)
            found += wrong
            found += [(fault.member_id, fault.what) for fault in faults(session, first, last)]
            found += benefit_faults(session, deployment.program, first, last)
            seen += looked
        progress(n, len(chunks))
    return Verified(seen, found)


def by_hand(
    deployment: Deployment, as_of: date | None, everyone: bool, now: datetime, workers: int, progress: Progress
) -> list[Result]:
    """Go on with the runs that were killed, then run for a day (today without one), due now."""
    day = as_of or clock.day_of(now, deployment.program.zone)
    with deployment.store.reading() as session:
        begun = [runs.key_of(run) for run in runs.unfinished(session, JOB, now)]
    keys = [*begun, RunKey(JOB, now, day, everyone)]
    return [attempt(deployment, recalculate, key, now, workers, progress) for key in keys]
