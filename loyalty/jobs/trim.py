"""Old runs, deliveries, sign-ins, links and attempts deleted."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from loyalty.access.attempts import trim_attempts
from loyalty.access.links import trim_links
from loyalty.access.signed import trim_sign_ins
from loyalty.access.staff_signed import trim_staff_sign_ins
from loyalty.desk.bulk import trim_drafts
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.tables import Run, RunChunk, RunFailure
from loyalty.messages.webhook_keeping import trim_deliveries


def trim(deployment: Deployment, key: RunKey, now: datetime, _workers: int, _progress: Progress) -> Result:
    """Delete runs that ended long ago, sooner those that had nothing to do, deliveries of webhooks, and
    sign-ins, links and attempts that are over, drafts of bulks that nobody sent; all in one transaction.

    The newest run of each job by the schedule, and the newest that did not break off, stay: from them follows what is due.
    """
    chosen = deployment.settings
    with deployment.store.transaction() as session:
        if runs.begin(session, key, now):
            quiet, all_others = (key.due - timedelta(days=days) for days in (chosen.keep_quiet_runs, chosen.keep_runs))
            deleted = _delete(session, quiet, all_others)
            deleted += trim_links(session, now) + trim_attempts(session, now) + trim_sign_ins(session, now)
            deleted += trim_staff_sign_ins(session, now) + trim_drafts(session, now)
            deleted += trim_deliveries(session, key.due - timedelta(days=chosen.keep_deliveries), now)
            runs.tally(session, key, deleted, deleted)
        return runs.finish(session, key, now)


def _delete(session: Session, quiet: datetime, all_others: datetime) -> int:
    nothing = (Run.items == 0) & (Run.failures == 0) & (Run.crashes == 0)
    old = or_(Run.due < all_others, nothing & (Run.due < quiet)) & Run.finished_at.is_not(None)
    newest = [
        select(Run.job, func.max(Run.due)).where(Run.scheduled, *more).group_by(Run.job)
        for more in ((), (Run.finished_at.is_not(None), Run.error.is_(None)))
    ]
    kept = {tuple(row) for query in newest for row in session.execute(query)}
    gone = [tuple(row) for row in session.execute(select(Run.job, Run.due).where(old)) if tuple(row) not in kept]
    for start in range(0, len(gone), 500):
        for table in (RunChunk, RunFailure, Run):
            session.execute(delete(table).where(tuple_(table.job, table.due).in_(gone[start : start + 500])))
    return len(gone)
