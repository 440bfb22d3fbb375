"""Drafts tried on everyone, with what came of it."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: A trial that is not over.
OPEN = text("state IN ('waiting', 'running')")


class DraftTrial(Base):
    """A draft tried on everyone as if it began on `begins`, told for the day `on`, with the program's scenarios; without a
    draft the scenarios alone, by what is published.

    `base` is the digest of the editions that it was tried against (`published.drafts.base_of`), none before it began. `parts`
    counts the stretches of members, none before they were made. `result` is what all parts came to together (`insight.trials`).
    """

    __tablename__ = "trial"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'stopped')", "state"),
        # one at a time
        Index("uq_trial_open", text("1"), unique=True, postgresql_where=OPEN, sqlite_where=OPEN),
    )

    trial_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("draft.draft_id"), index=True)
    begins: Mapped[date | None]
    on: Mapped[date | None]
    asked_by: Mapped[str] = mapped_column(String(254))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(8))
    base: Mapped[str] = mapped_column(String(64), default="")
    parts: Mapped[int | None]
    result: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(Text, default="")


class TrialPart(Base):
    """A stretch of members, [`first`, `last`], of a trial; `result` and `done_at` are set in the transaction that wrote its
    moves."""

    __tablename__ = "trial_part"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.trial_id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger)
    last: Mapped[int] = mapped_column(BigInteger)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    result: Mapped[str] = mapped_column(Text, default="")


class TrialMove(Base):
    """A member, by number, whose tier or its end would be another under the draft, with what would give it."""

    __tablename__ = "trial_move"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.trial_id"), primary_key=True)
    number: Mapped[str] = mapped_column(String(40), primary_key=True)
    move: Mapped[str] = mapped_column(String(8))
    now: Mapped[str] = mapped_column(String(40))
    through_now: Mapped[date | None]
    then: Mapped[str] = mapped_column(String(40))
    through_then: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(12))
    evidence: Mapped[str] = mapped_column(Text)


class TrialScenario(Base):
    """A scenario of the program in a trial: whether it holds, none before it was played, and what was found where it does
    not."""

    __tablename__ = "trial_scenario"

    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.trial_id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(Text)
    holds: Mapped[bool | None]
    found: Mapped[str] = mapped_column(Text, default="")
