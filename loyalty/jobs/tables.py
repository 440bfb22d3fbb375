"""Runs of jobs: what was due, how far it is, what failed."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Integer, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class Run(Base):
    """One execution of a job for one due moment. `as_of` is the day it works for; `scheduled` tells the schedule's own
    runs from those by hand.

    `items` counts what it took up (members, or what the job is about), `changes` what it changed, `failures` the items that
    failed while others went on. `error` is why it broke off as a whole, `crashes` how often it did. `chunks` is how many
    stretches of members it was cut into, none before that or where it goes item by item. `asked_by` is who of the staff asked
    for it; it `waits` until a schedule takes it.
    """

    __tablename__ = "run"
    __table_args__ = (CheckConstraint("status IN ('running', 'done', 'failed')", "status"),)

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    due: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    as_of: Mapped[date]
    everyone: Mapped[bool] = mapped_column(default=False)
    scheduled: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(8))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    items: Mapped[int] = mapped_column(BigInteger, default=0)
    changes: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    chunks: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(Text)
    crashes: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    asked_by: Mapped[str] = mapped_column(String(254), default="", server_default="")
    waits: Mapped[bool] = mapped_column(default=False, server_default=false())


class RunChunk(Base):
    """A stretch of members, [`first`, `last`], of a run; `done_at` is set in the transaction that did its work."""

    __tablename__ = "run_chunk"
    __table_args__ = (ForeignKeyConstraint(["job", "due"], ["run.job", "run.due"]),)

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    due: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    items: Mapped[int] = mapped_column(default=0)
    changes: Mapped[int] = mapped_column(default=0)


class RunFailure(Base):
    """An item of a run that failed, with the error; the others went on. `item` is the id of a member, or of whatever the
    job is about."""

    __tablename__ = "run_failure"
    __table_args__ = (ForeignKeyConstraint(["job", "due"], ["run.job", "run.due"]),)

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    due: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    item: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    error: Mapped[str] = mapped_column(Text)
