"""Activity: what was reported of members, and what was taken back."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, PrimaryKeyConstraint, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class Activity(Base):
    """A fact from outside, judged once. `activity_id` is the digest of source, key and version.

    `fields` is JSON as reported; `edition` and `tier` are what it was judged by. A corrected activity is a new row of
    the next version. Never updated, never deleted.
    """

    __tablename__ = "activity"
    __table_args__ = (
        PrimaryKeyConstraint("member_id", "activity_id", name="pk_activity"),
        Index("ix_activity_key", "key"),
        Index("ix_activity_member_id_on", "member_id", "on"),
        {"sqlite_with_rowid": False},
    )

    member_id: Mapped[int] = mapped_column(BigInteger)
    activity_id: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(String(40))
    on: Mapped[date]
    posted_at: Mapped[datetime] = mapped_column(Instant)
    fields: Mapped[str] = mapped_column(Text)
    input_hash: Mapped[int] = mapped_column(BigInteger)
    edition: Mapped[date]
    tier: Mapped[str] = mapped_column(String(40))


class Reversal(Base):
    """The end of an activity: all its entries undone, once; `corrected` where a new version follows."""

    __tablename__ = "reversal"
    __table_args__ = (ForeignKeyConstraint(["member_id", "activity_id"], ["activity.member_id", "activity.activity_id"]),)

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    activity_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    posted_at: Mapped[datetime] = mapped_column(Instant)
    corrected: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
