"""The outbox, the bounces that came back, and the addresses that take no mail."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant

#: What has still to be sent.
OPEN = text("state IN ('waiting', 'sending')")


class Message(Base):
    """One message to one member. `message_id` is the digest of the fact's key, so that a fact is told once.

    `on` is the day of the fact. `context` is JSON: what the templates are given, frozen when the message was made. `consent` is
    none for what cannot be refused. `state` is waiting, sending (claimed by `claimed_by` until `next_at`), sent, failed or
    dropped; `next_at` is when it may be tried next, `error` why it was not sent the last time.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')", "state"),
        Index("ix_message_open", "priority", "next_at", postgresql_where=OPEN, sqlite_where=OPEN),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    on: Mapped[date]
    consent: Mapped[str | None] = mapped_column(String(40))
    priority: Mapped[int] = mapped_column(SmallInteger)
    locale: Mapped[str] = mapped_column(String(20))
    zone: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(254))
    context: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    next_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    error: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)


class Bounce(Base):
    """A report that a message was not delivered, or not yet. `bounce_id` is the digest of the report: it counts once."""

    __tablename__ = "bounce"
    __table_args__ = (ForeignKeyConstraint(["member_id", "message_id"], ["message.member_id", "message.message_id"]),)

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    bounce_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    permanent: Mapped[bool]
    status: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime] = mapped_column(Instant)


class Suppression(Base):
    """An address, in small letters, to which nothing is sent any more, and why. It is no member's: several may have it."""

    __tablename__ = "suppression"

    address: Mapped[str] = mapped_column(String(254), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
