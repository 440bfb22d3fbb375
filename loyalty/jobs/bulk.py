"""Acts for many by file, row by row: each in a transaction of its own, so that one that was killed goes on where it stopped."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.desk.bulk_rows import due_rows, look_at
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.running import each_item
from loyalty.jobs.runs import Progress, Result, RunKey


def bulk(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Do the rows of every bulk that may run, and try those of others. What a row is refused for stops no other."""

    def do(session: Session, row_id: int) -> int | None:
        return look_at(session, deployment.program, row_id, now)

    return each_item(deployment, key, now, due_rows, do, progress)
