"""The books: immutable entries, and the adjustments that staff and opening balances cause."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, PrimaryKeyConstraint, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class Entry(Base):
    """One line of the books: an amount of one unit for one member, in the unit's smallest step.

    `on` is the day it counts for, `posted_at` when it became known, `posted_on` the program's day of that. `cause_id`
    names the activity or adjustment that it comes from, `n` counts within the cause; a reversal has the cause of what
    it undoes and names its line in `reverses`. `account` is where the amount came from. `basis` holds, as JSON, what
    an explanation needs beyond the activity. Never updated, never deleted.
    """

    __tablename__ = "entry"
    __table_args__ = (
        # the columns that the fold and the balances read ride in the key's index: both read it alone
        PrimaryKeyConstraint(
            "member_id", "cause_id", "n", name="pk_entry", postgresql_include=["unit", "amount", "on", "posted_on"]
        ),
        CheckConstraint("amount <> 0", "amount_not_zero"),
        # what came last is read alone, and all of them are counted in it
        Index("ix_entry_member_id_posted_on", "member_id", "posted_on"),
        {"sqlite_with_rowid": False},
    )

    member_id: Mapped[int] = mapped_column(BigInteger)
    cause_id: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(SmallInteger)
    unit: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(BigInteger)
    on: Mapped[date]
    posted_on: Mapped[date]
    posted_at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(12))
    account: Mapped[str] = mapped_column(String(40))
    line: Mapped[str | None] = mapped_column(String(40))
    reverses: Mapped[int | None] = mapped_column(SmallInteger)
    basis: Mapped[str | None] = mapped_column(Text)


class Adjustment(Base):
    """A correction or opening balance booked by hand, with who and why. `cause_id` is the digest of its key."""

    __tablename__ = "adjustment"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    cause_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    posted_at: Mapped[datetime] = mapped_column(Instant)
