"""Acts for many by file, row by row: each in a transaction of its own, so that one that was killed goes on where it stopped."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.desk.bulk import do_row, due_rows
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.running import each_item
from loyalty.jobs.runs import Progress, Result, RunKey


def bulk(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Do the rows of every bulk that may run. What a row is refused for is kept with it, and stops no other."""

    def do(session: Session, row_id: int) -> int | None:
        return do_row(session, deployment.program, row_id, now)

    return each_item(deployment, key, now, due_rows, do, progress)
