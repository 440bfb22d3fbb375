"""Runs of jobs: what was due, how far it is, what failed."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class Run(Base):
    """One execution of a job for one due moment. `as_of` is the day it works for; `scheduled` tells the schedule's own
    runs from those by hand."""

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
    members: Mapped[int] = mapped_column(BigInteger, default=0)
    changes: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)


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
    members: Mapped[int] = mapped_column(default=0)
    changes: Mapped[int] = mapped_column(default=0)


class RunFailure(Base):
    """A member whose part of a run failed, with the error; the others went on."""

    __tablename__ = "run_failure"
    __table_args__ = (ForeignKeyConstraint(["job", "due"], ["run.job", "run.due"]),)

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    due: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    error: Mapped[str] = mapped_column(Text)
