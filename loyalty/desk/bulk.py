"""One act for the members of a file: read, tried, asked for or let run, and a row of it done. Its job is jobs/bulk.py."""

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.access.staff import actor
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Act as Line
from loyalty.audit.chain import Actor
from loyalty.audit.operations import append
from loyalty.desk.approvals import BULK, Asked, Who, not_allowed, record
from loyalty.desk.performing import Approved, Done, Read, Sent, perform, preview, understood
from loyalty.desk.tables import Approval, Bulk, BulkRow
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.program.load import Program
from loyalty.store import Store, insert

#: The column that names the member.
NUMBER = "number"
#: A file has no more rows.
MOST = 100_000


@dataclass(frozen=True)
class Row:
    """A row of a file: its line, the member, the input as it stands there with what is the same for all."""

    line: int
    number: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class Tried:
    """What a row would come to: what it changes, or why it is refused."""

    row: Row
    done: Done | None
    refusal: Refused | None


def read_rows(path: Path, for_all: Mapping[str, Any]) -> list[Row]:
    """The rows of a CSV file with a header: a column `number`, and one for each field that is not the same for all.

    Raises Refused: `missing_field` without such a column or a number, `bad_field` where it cannot be read or has too many rows.
    """
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if NUMBER not in (reader.fieldnames or ()):
                raise Refused("missing_field", field=NUMBER, allowed="a column of this name")
            for found in reader:
                rows.append(_row(reader.line_num, found, for_all))
                if len(rows) > MOST:
                    raise _unreadable(reader.line_num, f"more than {MOST} rows", f"at most {MOST} rows")
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise _unreadable(len(rows) + 2, str(error), "a CSV file in UTF-8") from None
    return rows


def _row(line: int, found: dict[Any, Any], for_all: Mapping[str, Any]) -> Row:
    number = (found.pop(NUMBER) or "").strip()
    if None in found or None in found.values():
        raise _unreadable(line, "another number of columns", "as many as the header has")
    if not number:
        raise Refused("missing_field", field=f"{NUMBER} in line {line}", allowed="a member number")
    return Row(line, number, {**for_all, **found})


def _unreadable(line: int, found: str, allowed: str) -> Refused:
    return Refused("bad_field", field=f"line {line}", found=found, allowed=allowed, nearest="")


@dataclass(frozen=True)
class Many:
    """An act for the members of a file, as it is sent: one reason, and a key from which each row has its own."""

    act: str
    rows: Sequence[Row]
    reason: str
    key: str

    def sent(self, row: Row) -> Sent:
        """A row as an act of its own."""
        return Sent(self.act, row.number, row.raw, self.reason, row_key(self.key, row.line))


def row_key(key: str, line: int) -> str:
    """The key under which the row of a line is done."""
    return f"{key} line {line}"


def try_rows(store: Store, program: Program, who: Who, many: Many, now: datetime) -> Iterator[Tried]:
    """A dry run: what each row by itself would come to. Nothing is written."""
    for row in many.rows:
        try:
            yield Tried(row, preview(store, program, who.actor, many.sent(row), now), None)
        except Refused as refusal:
            yield Tried(row, None, refusal)


def submit_bulk(
    session: Session, program: Program, roles: Roles, who: Who, many: Many, now: datetime
) -> tuple[Bulk, Asked | None]:
    """Write down a bulk: the job does it, soon or, where it is asked for, once another approves it.

    The same key with the same rows is answered as the first time. Raises Refused: `not_allowed`, `unknown_act`, `key_reused`,
    `reason_missing`, `missing_field` for a file without rows, and for the first row whose input is bad.
    """
    read = [_read(many, row) for row in many.rows]
    if not read:
        raise Refused("missing_field", field="rows", allowed="at least one")
    told = [(row.line, row.number, dumps(one.input.told)) for row, one in zip(many.rows, read, strict=True)]
    input_hash = hashlib.sha256(dumps([many.act, many.reason, told]).encode()).hexdigest()
    before = session.scalar(select(Bulk).where(Bulk.key == many.key))
    if before is not None:
        return _again(session, before, input_hash)
    largest = max(one.size(program, now) for one in read)
    asks = _judged(roles, who, many.act, largest, len(read))
    bulk = Bulk(
        act=many.act, reason=many.reason, key=many.key, input_hash=input_hash, rows=len(read), largest=largest,
        asked_by=who.actor.actor_id, asked_at=now, state="waiting" if asks else "approved",
    )  # fmt: skip
    _write(session, bulk, told)
    if asks:
        return bulk, record(session, who, _approval(bulk), None, now)
    append(session, who.actor, Line(BULK, {"bulk": bulk.bulk_id, "act": bulk.act, "rows": bulk.rows}, bulk.reason), now)
    return bulk, None


def _write(session: Session, bulk: Bulk, told: Sequence[tuple[int, str, str]]) -> None:
    session.add(bulk)
    session.flush()
    rows = [(bulk.bulk_id, *row, "todo", "") for row in told]
    insert(session, BulkRow, ("bulk_id", "line", "number", "input", "state", "error"), rows)


def _read(many: Many, row: Row) -> Read:
    """A row, understood; what is wrong with it is told with its line."""
    try:
        return understood(many.sent(row))
    except Refused as refusal:
        if "field" not in refusal.fields:
            raise
        raise Refused(refusal.code, **{**refusal.fields, "field": f"{refusal.fields['field']} in line {row.line}"}) from None


def _again(session: Session, before: Bulk, input_hash: str) -> tuple[Bulk, Asked | None]:
    if before.input_hash != input_hash:
        raise Refused("key_reused", key=before.key, source="bulk")
    asked = session.scalar(select(Approval.approval_id).where(Approval.key == _approval(before).key))
    return before, None if asked is None else Asked(asked, False)


def _approval(bulk: Bulk) -> Approval:
    return Approval(
        act=BULK, number="", input=dumps({"bulk": bulk.bulk_id, "act": bulk.act}), size=bulk.rows, reason=bulk.reason,
        key=f"bulk {bulk.key}",
    )  # fmt: skip


def _judged(roles: Roles, who: Who, act: str, largest: int, rows: int) -> bool:
    """Whether it must be asked for: for the number of its rows, or for the largest of them. Raises Refused: `not_allowed`."""
    verdicts = {roles.may(who.roles, BULK, rows), roles.may(who.roles, act, largest)}
    if "no" in verdicts:
        raise not_allowed(act if roles.may(who.roles, act, largest) == "no" else BULK)
    return "ask" in verdicts


# --- done -------------------------------------------------------------------------------------------------------


def due_rows(session: Session) -> Sequence[int]:
    """The rows of all bulks that may run, in the order in which they are done."""
    query = select(BulkRow.row_id).join(Bulk, Bulk.bulk_id == BulkRow.bulk_id)
    return session.scalars(query.where(BulkRow.state == "todo", Bulk.state == "approved").order_by(BulkRow.row_id)).all()


def do_row(session: Session, program: Program, row_id: int, now: datetime) -> int | None:
    """Do a row for who asked for the bulk: 1 where it changed something, 0 where not, none where it is not to be done any more.

    Its key is the bulk's and its line, so that it is done once. A refusal is kept with the row, and nothing else of it stays.
    """
    row = session.get_one(BulkRow, row_id, with_for_update=True)
    bulk = session.get_one(Bulk, row.bulk_id)
    if row.state != "todo" or bulk.state != "approved":
        return None
    try:
        by, approved = _by(session, bulk)
        with session.begin_nested():
            sent = Sent(bulk.act, row.number, json.loads(row.input), bulk.reason, row_key(bulk.key, row.line))
            done = perform(session, program, by, sent, now, approved)
        row.state = "done" if done.fresh else "repeated"
    except Refused as refusal:
        row.state, row.error = "refused", str(refusal)
    session.flush()
    return int(row.state == "done")


def _by(session: Session, bulk: Bulk) -> tuple[Actor, Approved | None]:
    """Who does the rows of a bulk: who approved it, for who asked, or who wrote it down. Raises Refused: `staff_ended`."""
    asked = session.get_one(Staff, bulk.asked_by)
    approval = session.scalar(select(Approval).where(Approval.key == _approval(bulk).key))
    if not asked.active:
        raise Refused("staff_ended", name=asked.name)
    if approval is None:
        return actor(asked), None
    return actor(session.get_one(Staff, approval.decided_by)), Approved(asked.name, approval.approval_id)


def bulk_of(session: Session, bulk_id: int) -> Bulk:
    """A bulk. Raises Refused: `unknown_bulk`."""
    bulk = session.get(Bulk, bulk_id)
    if bulk is None:
        raise Refused("unknown_bulk", bulk=bulk_id)
    return bulk


def progress_of(session: Session, bulk_id: int) -> dict[str, int]:
    """How many rows of a bulk are todo, done, repeated, refused."""
    query = select(BulkRow.state, func.count()).where(BulkRow.bulk_id == bulk_id).group_by(BulkRow.state)
    counts: dict[str, int] = {state: count for state, count in session.execute(query)}  # noqa: C416 a row is no pair
    return {"todo": 0, "done": 0, "repeated": 0, "refused": 0} | counts


def bulks(session: Session, limit: int = 50) -> Sequence[Bulk]:
    """The newest bulks."""
    return session.scalars(select(Bulk).order_by(Bulk.bulk_id.desc()).limit(limit)).all()


def errors_of(session: Session, bulk_id: int) -> Iterator[str]:
    """The error file: the rows that were refused as CSV lines of line, number, error, input; the header first."""
    yield _csv(("line", "number", "error", "input"))
    query = select(BulkRow).where(BulkRow.bulk_id == bulk_id, BulkRow.state == "refused").order_by(BulkRow.line)
    for row in session.scalars(query):
        yield _csv((row.line, row.number, row.error, row.input))


class _Line:
    """What csv writes a line to."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _csv(cells: Sequence[object]) -> str:
    line = _Line()
    # a cell that a spreadsheet would take for a formula is written as text
    csv.writer(line).writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "@", "-") else cell for cell in cells])
    return line.text
