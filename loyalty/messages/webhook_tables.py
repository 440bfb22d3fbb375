"""Webhooks' rows: endpoints with their secrets and the log of what was done to them, deliveries and their attempts."""

from datetime import datetime

from sqlalchemy import BigInteger as Big
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: What has still to be sent.
OPEN = text("state IN ('waiting', 'sending')")


class WebhookEndpoint(Base):
    """A system that is told of facts. It is no member's.

    `types` is JSON: each pattern of types with the instant from which it is wanted. `state` is active, disabled or removed,
    `reason` why. `failures` counts the attempts that failed since one succeeded, `failing_since` is the first of them.
    Nothing is sent before `paused_until`, which the receiver asked for. `acts` and `secrets` count the rows of each.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (CheckConstraint("state IN ('active', 'disabled', 'removed')", "state"),)

    endpoint_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    types: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="active")
    reason: Mapped[str] = mapped_column(Text, default="")
    failures: Mapped[int] = mapped_column(Integer, default=0)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    acts: Mapped[int] = mapped_column(Integer, default=0)
    secrets: Mapped[int] = mapped_column(Integer, default=0)


class WebhookSecret(Base):
    """The n-th secret of an endpoint: it signs until `expires_at`, for ever without. Deleted when it has expired."""

    __tablename__ = "webhook_secret"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.endpoint_id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    secret: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)

    def __repr__(self) -> str:
        """A secret is shown once, to whoever made it, and never logged."""
        return f"WebhookSecret({self.endpoint_id}, {self.n})"


class WebhookAct(Base):
    """The n-th thing that was done to an endpoint, by whom and why; `details` is JSON. Never updated, never deleted."""

    __tablename__ = "webhook_act"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.endpoint_id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    act: Mapped[str] = mapped_column(String(12))
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text, default="{}")
    at: Mapped[datetime] = mapped_column(Instant)


class WebhookDelivery(Base):
    """One fact for one endpoint, the n-th of its member there: sent in that order. `fact_id` is the digest of the fact's key.

    `body` is what is sent, as it was when the fact was found. `state` is waiting, sending (claimed by `claimed_by` until
    `next_at`), delivered, failed or dropped. `known_at` is when the fact became known. `tries` counts all attempts, `failed`
    those in a row since it was last put in line: they tell the next wait. `done_at` is when it was delivered or given up.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'sending', 'delivered', 'failed', 'dropped')", "state"),
        Index("ix_webhook_delivery_open", "endpoint_id", "next_at", postgresql_where=OPEN, sqlite_where=OPEN),
        Index("ix_webhook_delivery_line", "endpoint_id", "member_id", "n", unique=True),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.endpoint_id"), primary_key=True)
    fact_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer)
    type: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    known_at: Mapped[datetime] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(String(9))
    next_at: Mapped[datetime] = mapped_column(Instant)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    failed: Mapped[int] = mapped_column(SmallInteger, default=0)
    claimed_by: Mapped[str] = mapped_column(String(40), default="")
    made_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)


class WebhookAttempt(Base):
    """The n-th attempt at a delivery: when, the status of the answer or the error, for how long, the start of the answer.

    One that was killed has no row: its number is missing.
    """

    __tablename__ = "webhook_attempt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "endpoint_id", "fact_id"],
            ["webhook_delivery.member_id", "webhook_delivery.endpoint_id", "webhook_delivery.fact_id"],
            name="fk_webhook_attempt_webhook_delivery",
        ),
    )

    member_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    endpoint_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    fact_id: Mapped[int] = mapped_column(Big, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    error: Mapped[str] = mapped_column(Text, default="")
    took: Mapped[int] = mapped_column(Integer)
    answer: Mapped[str] = mapped_column(Text, default="")
