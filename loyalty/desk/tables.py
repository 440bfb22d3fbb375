"""Approvals, acts for many, notes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: Approvals that are to be decided on.
WAITING = text("state = 'waiting'")
#: Rows that are to be done, and rows that no dry run has looked at.
TODO, UNTRIED = text("state = 'todo'"), text("tried = ''")


class Approval(Base):
    """An act that someone asked for and another decides on. `number` is the member's, empty for a bulk or a draft to be
    published, which `input` names.

    `size` is the size when it was asked for. `state` is waiting, approved, refused or withdrawn; `why` what who decided said.
    """

    __tablename__ = "approval"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'refused', 'withdrawn')", "state"),
        Index("ix_approval_waiting", "asked_at", postgresql_where=WAITING, sqlite_where=WAITING),
    )

    approval_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    act: Mapped[str] = mapped_column(String(40))
    number: Mapped[str] = mapped_column(String(40), index=True)
    input: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.staff_id"), index=True)
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(9), default="waiting")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.staff_id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    why: Mapped[str] = mapped_column(Text, default="")


class Bulk(Base):
    """One act for the members of a file or a segment. `largest` is the largest size of a row.

    `chosen` is JSON: the name of the file, or the conditions of the segment; `shared` what is the same for all rows. `state` is
    draft until it is sent, waiting for approval, approved or refused, or dropped. The job tries what is not let run yet:
    `tried_at` is when each row was tried, `effect` JSON, what all of them came to (`totals.py`). It is over when it is approved
    and no row is to be done.
    """

    __tablename__ = "bulk"
    __table_args__ = (CheckConstraint("state IN ('draft', 'waiting', 'approved', 'refused', 'dropped')", "state"),)

    bulk_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    act: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    input_hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(Integer)
    largest: Mapped[int] = mapped_column(BigInteger)
    chosen: Mapped[str] = mapped_column(Text, default="{}")
    shared: Mapped[str] = mapped_column(Text, default="{}")
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.staff_id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(8))
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    effect: Mapped[str] = mapped_column(Text, default="")


class BulkRow(Base):
    """The `line` of a bulk's file, or of its segment: its member and input.

    `state` is todo, done, repeated (changed nothing), or refused. `tried` is what a dry run found: changes, same, refused, or
    nothing yet. `told` is JSON: what it would change, or the code and fields of the last refusal, whose words are `error`.
    """

    __tablename__ = "bulk_row"
    __table_args__ = (
        CheckConstraint("state IN ('todo', 'done', 'repeated', 'refused')", "state"),
        CheckConstraint("tried IN ('', 'changes', 'same', 'refused')", "tried"),
        Index("ix_bulk_row_todo", "bulk_id", "row_id", postgresql_where=TODO, sqlite_where=TODO),
        Index("ix_bulk_row_untried", "bulk_id", "row_id", postgresql_where=UNTRIED, sqlite_where=UNTRIED),
        Index("ix_bulk_row_bulk_id_line", "bulk_id", "line", unique=True),
    )

    row_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.bulk_id"))
    line: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(String(40))
    input: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="todo")
    error: Mapped[str] = mapped_column(Text, default="")
    tried: Mapped[str] = mapped_column(String(8), default="")
    told: Mapped[str] = mapped_column(Text, default="")


class Note(Base):
    """What staff wrote down about a member. `note_id` is the digest of its key. Never updated, never deleted."""

    __tablename__ = "note"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    note_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)
