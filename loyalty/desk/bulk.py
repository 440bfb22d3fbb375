"""One act for many members: written down as a draft, tried, asked for or let run. Its rows are done by bulk_rows.py."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.audit.chain import Act as Line
from loyalty.audit.operations import append
from loyalty.desk.approvals import BULK, Asked, Who, asked_for, not_allowed, record
from loyalty.desk.files import Row
from loyalty.desk.performing import Done, Read, Sent, preview, understood
from loyalty.desk.tables import Approval, Bulk, BulkRow
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.program.load import Program
from loyalty.store import Store, insert

#: Drafts that were not sent are kept for so long, with those that were dropped.
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Tried:
    """What a row would come to: what it changes, or why it is refused."""

    row: Row
    done: Done | None
    refusal: Refused | None


@dataclass(frozen=True)
class Many:
    """An act for the members of a file, as it is sent: one reason, and a key from which each row has its own.

    `chosen` tells how the members were chosen, `shared` what is the same for all: to be shown.
    """

    act: str
    rows: Sequence[Row]
    reason: str
    key: str
    chosen: Mapping[str, Any] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)

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


def faults(many: Many, most: int) -> Iterator[tuple[int, Refused]]:
    """The first rows whose input is bad: line, and what is wrong. Raises Refused for what is wrong with all of them."""
    found = 0
    for row in many.rows:
        try:
            understood(many.sent(row))
        except Refused as refusal:
            if "field" not in refusal.fields or refusal.fields["field"] in ("reason", "key"):
                raise
            yield row.line, refusal
            found += 1
            if found == most:
                return


def draft(session: Session, program: Program, roles: Roles, who: Who, many: Many, now: datetime) -> Bulk:
    """Write down a bulk that is still to be sent: the job tries it. The same key with the same rows is the same bulk.

    Raises Refused: `not_allowed`, `unknown_act`, `key_reused`, `reason_missing`, `missing_field` for a file without rows, and
    for the first row whose input is bad.
    """
    read = [_read(many, row) for row in many.rows]
    if not read:
        raise Refused("missing_field", field="rows", allowed="at least one")
    told = [(row.line, row.number, dumps(one.input.told)) for row, one in zip(many.rows, read, strict=True)]
    input_hash = hashlib.sha256(dumps([many.act, many.reason, told]).encode()).hexdigest()
    before = session.scalar(select(Bulk).where(Bulk.key == many.key))
    if before is not None:
        if before.input_hash != input_hash or before.asked_by != who.actor.actor_id:
            raise Refused("key_reused", key=before.key, source="bulk")
        return before
    bulk = Bulk(
        act=many.act, reason=many.reason, key=many.key, input_hash=input_hash, rows=len(read),
        largest=max(one.size(program, now) for one in read), chosen=dumps(many.chosen), shared=dumps(many.shared),
        asked_by=who.actor.actor_id, asked_at=now, state="draft",
    )  # fmt: skip
    is_asked(roles, who, bulk)
    _write(session, bulk, told)
    return bulk


def submit_bulk(
    session: Session, program: Program, roles: Roles, who: Who, many: Many, now: datetime
) -> tuple[Bulk, Asked | None]:
    """Write down a bulk and send it at once, without looking at a dry run. Raises what `draft` and `send` raise."""
    bulk = draft(session, program, roles, who, many, now)
    return bulk, send(session, roles, who, bulk.bulk_id, now)


def send(session: Session, roles: Roles, who: Who, bulk_id: int, now: datetime) -> Asked | None:
    """Let the job do a draft, or, where roles only let one ask, ask for it; sent again it is answered as the first time.

    Raises Refused: `unknown_bulk`, `not_allowed` for another's, `bulk_dropped`.
    """
    bulk = _own(session, who, bulk_id)
    if bulk.state == "dropped":
        raise Refused("bulk_dropped", bulk=bulk_id)
    if bulk.state != "draft":
        asked = asked_for(session, bulk)
        return None if asked is None else Asked(asked.approval_id, False)
    asks = is_asked(roles, who, bulk)
    bulk.state = "waiting" if asks else "approved"
    session.flush()
    if asks:
        return record(session, who, _approval(bulk), None, now)
    append(session, who.actor, Line(BULK, {"bulk": bulk.bulk_id, "act": bulk.act, "rows": bulk.rows}, bulk.reason), now)
    return None


def drop(session: Session, who: Who, bulk_id: int) -> None:
    """Give up a draft of one's own. Raises Refused: `unknown_bulk`, `not_allowed` for another's, `bulk_sent`."""
    bulk = _own(session, who, bulk_id)
    if bulk.state not in ("draft", "dropped"):
        raise Refused("bulk_sent", bulk=bulk_id)
    bulk.state = "dropped"
    session.flush()


def is_asked(roles: Roles, who: Who, bulk: Bulk) -> bool:
    """Whether it must be asked for: for the number of its rows, or for the largest of them. Raises Refused: `not_allowed`."""
    verdicts = {act: roles.may(who.roles, act, size) for act, size in ((BULK, bulk.rows), (bulk.act, bulk.largest))}
    for act, verdict in verdicts.items():
        if verdict == "no":
            raise not_allowed(act)
    return "ask" in verdicts.values()


def _own(session: Session, who: Who, bulk_id: int) -> Bulk:
    bulk = session.get(Bulk, bulk_id, with_for_update=True)
    if bulk is None:
        raise Refused("unknown_bulk", bulk=bulk_id)
    if bulk.asked_by != who.actor.actor_id:
        raise not_allowed(BULK)
    return bulk


def _write(session: Session, bulk: Bulk, told: Sequence[tuple[int, str, str]]) -> None:
    session.add(bulk)
    session.flush()
    rows = [(bulk.bulk_id, *row, "todo", "", "", "") for row in told]
    insert(session, BulkRow, ("bulk_id", "line", "number", "input", "state", "error", "tried", "told"), rows)


def _read(many: Many, row: Row) -> Read:
    """A row, understood; what is wrong with it is told with its line."""
    try:
        return understood(many.sent(row))
    except Refused as refusal:
        if "field" not in refusal.fields:
            raise
        raise Refused(refusal.code, **{**refusal.fields, "field": f"{refusal.fields['field']} in line {row.line}"}) from None


def _approval(bulk: Bulk) -> Approval:
    return Approval(
        act=BULK, number="", input=dumps({"bulk": bulk.bulk_id, "act": bulk.act}), size=bulk.rows, reason=bulk.reason,
        key=f"bulk {bulk.key}",
    )  # fmt: skip


def trim_drafts(session: Session, now: datetime) -> int:
    """Delete old drafts that nobody sent, and those that were dropped, with their rows. Returns how many were deleted."""
    old = (Bulk.state.in_(("draft", "dropped")), Bulk.asked_at < now - KEPT)
    gone = session.scalars(select(Bulk.bulk_id).where(*old)).all()
    session.execute(delete(BulkRow).where(BulkRow.bulk_id.in_(gone)))
    session.execute(delete(Bulk).where(Bulk.bulk_id.in_(gone)))
    return len(gone)
