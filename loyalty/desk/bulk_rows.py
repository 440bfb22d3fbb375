"""Rows of bulks: tried, done, counted, and those that were refused written. The job jobs/bulk.py goes through them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from loyalty.access.staff import actor
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Actor
from loyalty.clock import day_of
from loyalty.desk.approvals import asked_for
from loyalty.desk.bulk import row_key
from loyalty.desk.performing import Approved, Sent, perform, rehearse
from loyalty.desk.tables import Bulk, BulkRow
from loyalty.desk.totals import Totals
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.program.load import Program
from loyalty.sheets import csv_line

#: Bulks whose rows are tried: what was not let run.
TRIED = ("draft", "waiting")


def due_rows(session: Session) -> Sequence[int]:
    """The rows of all bulks that may run, or are to be tried, in the order in which they were written."""
    runs = select(Bulk.bulk_id).where(Bulk.state == "approved")
    tries = select(Bulk.bulk_id).where(Bulk.state.in_(TRIED), Bulk.tried_at.is_(None))
    due = or_(and_(BulkRow.state == "todo", BulkRow.bulk_id.in_(runs)), and_(BulkRow.tried == "", BulkRow.bulk_id.in_(tries)))
    return session.scalars(select(BulkRow.row_id).where(due).order_by(BulkRow.row_id)).all()


def look_at(session: Session, program: Program, row_id: int, now: datetime) -> int | None:
    """Do a row, or try it: 1 where it changed something, 0 where not, none where nothing is to be done with it any more."""
    row = session.get_one(BulkRow, row_id, with_for_update=True)
    bulk = session.get_one(Bulk, row.bulk_id)
    if bulk.state == "approved" and row.state == "todo":
        return _do(session, program, bulk, row, now)
    if bulk.state in TRIED and not row.tried:
        return _try(session, program, bulk, row, now)
    return None


def _do(session: Session, program: Program, bulk: Bulk, row: BulkRow, now: datetime) -> int:
    """Do a row for who asked for the bulk. Its key is the bulk's and its line, so that it is done once.

    A refusal is kept with the row, and nothing else of it stays.
    """
    try:
        by, approved = _by(session, bulk)
        with session.begin_nested():
            done = perform(session, program, by, _sent(bulk, row), now, approved)
        row.state, row.error, row.told = "done" if done.fresh else "repeated", "", ""
    except Refused as refusal:
        row.state, row.error, row.told = "refused", str(refusal), _refusal(refusal)
    session.flush()
    return int(row.state == "done")


def _try(session: Session, program: Program, bulk: Bulk, row: BulkRow, now: datetime) -> int:
    """Do a row by itself, take it back, and note what it came to; the last one sums up. 0, for nothing has changed."""
    try:
        done = rehearse(session, program, actor(session.get_one(Staff, bulk.asked_by)), _sent(bulk, row), now)
        row.tried = "changes" if done.fresh and (done.before or done.after) else "same"
        row.told = dumps({"before": done.before, "after": done.after})
    except Refused as refusal:
        row.tried, row.error, row.told = "refused", str(refusal), _refusal(refusal)
    session.flush()
    if not session.scalar(select(exists().where(BulkRow.bulk_id == bulk.bulk_id, BulkRow.tried == ""))):
        bulk.effect, bulk.tried_at = dumps(_summed(session, program, bulk.bulk_id, now)), now
        session.flush()
    return 0


def _summed(session: Session, program: Program, bulk_id: int, now: datetime) -> dict[str, Any]:
    totals = Totals(day_of(now, program.zone))
    mine = select(BulkRow.told).where(BulkRow.bulk_id == bulk_id, BulkRow.tried == "changes")
    for told in session.scalars(mine.execution_options(yield_per=1000)):
        one = json.loads(told)
        totals.add(one["before"], one["after"])
    return totals.told


def _sent(bulk: Bulk, row: BulkRow) -> Sent:
    return Sent(bulk.act, row.number, json.loads(row.input), bulk.reason, row_key(bulk.key, row.line))


def _refusal(refusal: Refused) -> str:
    return dumps({"code": refusal.code, "fields": {name: str(value) for name, value in refusal.fields.items()}})


def _by(session: Session, bulk: Bulk) -> tuple[Actor, Approved | None]:
    """Who does the rows of a bulk: who approved it, for who asked, or who wrote it down. Raises Refused: `staff_ended`."""
    asked = session.get_one(Staff, bulk.asked_by)
    approval = asked_for(session, bulk)
    if not asked.active:
        raise Refused("staff_ended", name=asked.name)
    if approval is None:
        return actor(asked), None
    return actor(session.get_one(Staff, approval.decided_by)), Approved(asked.name, approval.approval_id)


# --- reads ------------------------------------------------------------------------------------------------------


def bulk_of(session: Session, bulk_id: int) -> Bulk:
    """A bulk. Raises Refused: `unknown_bulk`."""
    bulk = session.get(Bulk, bulk_id)
    if bulk is None:
        raise Refused("unknown_bulk", bulk=bulk_id)
    return bulk


def progress_of(session: Session, bulk_id: int) -> dict[str, int]:
    """How many rows of a bulk are todo, done, repeated, refused."""
    return progress(session, [bulk_id])[bulk_id].rows


class Progress:
    """How many rows of a bulk are in which state (`rows`), and how many a dry run has found to be what (`tried`)."""

    def __init__(self) -> None:
        self.rows = {"todo": 0, "done": 0, "repeated": 0, "refused": 0}
        self.tried = {"": 0, "changes": 0, "same": 0, "refused": 0}


def progress(session: Session, bulk_ids: Sequence[int]) -> Mapping[int, Progress]:
    """How far some bulks are."""
    found = {one: Progress() for one in bulk_ids}
    columns = (BulkRow.bulk_id, BulkRow.state, BulkRow.tried)
    query = select(*columns, func.count().label("rows")).where(BulkRow.bulk_id.in_(bulk_ids)).group_by(*columns)
    for bulk_id, state, tried, rows in session.execute(query):
        found[bulk_id].rows[state] += rows
        found[bulk_id].tried[tried] += rows
    return found


def bulks(session: Session, limit: int = 50, before: int | None = None) -> Sequence[Bulk]:
    """The newest bulks; those before one, to go on from a page."""
    query = select(Bulk).order_by(Bulk.bulk_id.desc()).limit(limit)
    return session.scalars(query if before is None else query.where(Bulk.bulk_id < before)).all()


def _is_refused(bulk: Bulk) -> ColumnElement[bool]:
    """The rows of a bulk that were refused: when it was done, or else when it was tried."""
    column = BulkRow.state if bulk.state == "approved" else BulkRow.tried
    return and_(BulkRow.bulk_id == bulk.bulk_id, column == "refused")


def refused_rows(session: Session, bulk: Bulk, after: int = 0, limit: int = 50) -> Sequence[BulkRow]:
    """The rows that were refused, by line; those after a line, to go on from a page."""
    mine = (_is_refused(bulk), BulkRow.line > after)
    return session.scalars(select(BulkRow).where(*mine).order_by(BulkRow.line).limit(limit)).all()


def errors_of(session: Session, bulk: Bulk) -> Iterator[str]:
    """The error file: the rows that were refused as CSV lines of line, number, error, input; the header first."""
    yield csv_line(("line", "number", "error", "input"))
    query = select(BulkRow).where(_is_refused(bulk)).order_by(BulkRow.line)
    for row in session.scalars(query.execution_options(yield_per=1000)):
        yield csv_line((row.line, row.number, row.error, row.input))
