"""Cases: what a member asks of staff, and the log of what became of it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant

#: Cases that staff have still to answer.
OPEN = text("state = 'open'")


class Case(Base):
    """Something that a member asks of staff. `case_id` is the digest of its key, `fields` are JSON by its kind.

    `kind` is missing_activity: the fields are kind, on, fields and remark of the activity that is missing. `state` is that of
    the last change.
    """

    __tablename__ = "case"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'answered', 'closed')", "state"),
        Index("ix_case_open", "made_at", postgresql_where=OPEN, sqlite_where=OPEN),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(80))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(200))
    fields: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[datetime] = mapped_column(Instant)


class CaseChange(Base):
    """The n-th thing that became of a case, the first being that it was opened: its state, who, and what was said.

    `source` and `key` name the activity that was posted, empty where none was. Never updated, never deleted.
    """

    __tablename__ = "case_change"
    __table_args__ = (ForeignKeyConstraint(["member_id", "case_id"], ["case.member_id", "case.case_id"]),)

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    author: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text, default="")
    source: Mapped[str] = mapped_column(String(80), default="")
    key: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime] = mapped_column(Instant)
