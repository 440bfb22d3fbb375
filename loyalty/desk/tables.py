"""Approvals, acts for many, notes."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: Approvals that are to be decided on.
WAITING = text("state = 'waiting'")
#: Rows that are to be done.
TODO = text("state = 'todo'")


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
    """One act for the members of a file. `largest` is the largest size of a row; `state` is waiting for approval, approved or
    refused. It is over when no row is to be done."""

    __tablename__ = "bulk"
    __table_args__ = (CheckConstraint("state IN ('waiting', 'approved', 'refused')", "state"),)

    bulk_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    act: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    input_hash: Mapped[str] = mapped_column(String(64))
    rows: Mapped[int] = mapped_column(Integer)
    largest: Mapped[int] = mapped_column(BigInteger)
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.staff_id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(8))


class BulkRow(Base):
    """The `line` of a bulk's file: its member and input. `state` is todo, done, repeated (changed nothing), or refused with the
    error."""

    __tablename__ = "bulk_row"
    __table_args__ = (
        CheckConstraint("state IN ('todo', 'done', 'repeated', 'refused')", "state"),
        Index("ix_bulk_row_todo", "row_id", postgresql_where=TODO, sqlite_where=TODO),
        Index("ix_bulk_row_bulk_id_line", "bulk_id", "line", unique=True),
    )

    row_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    bulk_id: Mapped[int] = mapped_column(ForeignKey("bulk.bulk_id"))
    line: Mapped[int] = mapped_column(Integer)
    number: Mapped[str] = mapped_column(String(40))
    input: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="todo")
    error: Mapped[str] = mapped_column(Text, default="")


class Note(Base):
    """What staff wrote down about a member. `note_id` is the digest of its key. Never updated, never deleted."""

    __tablename__ = "note"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    note_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime] = mapped_column(Instant)
