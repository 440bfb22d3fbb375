"""The benefits' rows: what was granted by hand, what was used, picked, shared; dated services and the requests for them."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant


class BenefitGrant(Base):
    """What staff did to a member's entitlements: a grant of `amount` of `what` for [`begins`, `until`), or an extension of an
    entitlement, `target`, to `until`, or its revocation from `begins` on. `grant_id` is the digest of its key.

    `kind` is grant, extension or revocation; `what` an instrument or a benefit with a quota.
    """

    __tablename__ = "benefit_grant"
    __table_args__ = (
        CheckConstraint("until IS NULL OR until > begins", "span_forwards"),
        CheckConstraint("amount >= 0", "amount_not_negative"),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    grant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    what: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(Integer, default=0)
    begins: Mapped[date]
    until: Mapped[date | None]
    target: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(100))
    approver: Mapped[str] = mapped_column(String(100), default="")
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    posted_on: Mapped[date]
    posted_at: Mapped[datetime] = mapped_column(Instant)


class BenefitUse(Base):
    """`amount` taken of one entitlement, `entitlement_id`; `use_id` is the digest of its key.

    `state` is held (for a request that is not decided), used or returned; what is returned no longer counts against the
    quota. `used_on` is the day on which it was taken, `service_on` that of the service it is for. `until` of a returned one is
    the end to which it is good again, where the program puts that off: it is then an entitlement of its own.
    """

    __tablename__ = "benefit_use"
    __table_args__ = (
        CheckConstraint("amount > 0", "amount_positive"),
        CheckConstraint("state IN ('held', 'used', 'returned')", "state"),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    use_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=0)
    entitlement_id: Mapped[int] = mapped_column(BigInteger)
    what: Mapped[str] = mapped_column(String(40))
    amount: Mapped[int] = mapped_column(Integer)
    used_on: Mapped[date]
    service_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(8))
    request_id: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    posted_at: Mapped[datetime] = mapped_column(Instant)
    returned_on: Mapped[date | None]
    returned_by: Mapped[str] = mapped_column(String(100), default="")
    return_reason: Mapped[str] = mapped_column(Text, default="")
    return_key: Mapped[str] = mapped_column(String(200), default="")
    until: Mapped[date | None]


class BenefitPick(Base):
    """The n-th option that a member picked of a tier's choice for the period that begins on `period_on`.

    One picked before the tier is held waits until it is. `booked_on` is the day on which the units that it gives were booked.
    """

    __tablename__ = "benefit_pick"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    choice: Mapped[str] = mapped_column(String(40), primary_key=True)
    period_on: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    option: Mapped[str] = mapped_column(String(40))
    picked_on: Mapped[date]
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(200))
    posted_at: Mapped[datetime] = mapped_column(Instant)
    booked_on: Mapped[date | None]


class Companion(Base):
    """Someone whom a member named: to share a benefit or, with `sharing`, the status, for [`begins`, `until`).

    `companion_id` is the digest of its key, `number` the companion's member number, where there is one. `tier` is the tier
    that is shared now, `tiers` counts those that were: the number of the last is part of the key of its fact.
    """

    __tablename__ = "companion"
    __table_args__ = (CheckConstraint("until IS NULL OR until > begins", "span_forwards"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    companion_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    sharing: Mapped[str | None] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    number: Mapped[str | None] = mapped_column(String(40))
    begins: Mapped[date]
    until: Mapped[date | None]
    ended_on: Mapped[date | None]
    tier: Mapped[str | None] = mapped_column(String(40))
    tiers: Mapped[int] = mapped_column(Integer, default=0)
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    ended_by: Mapped[str] = mapped_column(String(100), default="")
    end_reason: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    posted_at: Mapped[datetime] = mapped_column(Instant)


class Service(Base):
    """A dated service: a flight, a stay, a table. `service_id` is the digest of its kind and key.

    `starts_at` is its instant, `zone` the IANA zone of its place, in which its day is told. `look_at` is the next instant at
    which its requests are to be looked at: a window that opens, units that became free, or its close. `changes` counts its log.
    """

    __tablename__ = "service"
    __table_args__ = (CheckConstraint("state IN ('open', 'closed', 'cancelled')", "state"),)

    service_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(200))
    starts_at: Mapped[datetime] = mapped_column(Instant, index=True)
    zone: Mapped[str] = mapped_column(String(60))
    fields: Mapped[str] = mapped_column(Text, default="{}")
    state: Mapped[str] = mapped_column(String(12), default="open")
    look_at: Mapped[datetime | None] = mapped_column(Instant, index=True)
    input_hash: Mapped[int] = mapped_column(BigInteger)
    changes: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)


class ServiceClass(Base):
    """The units of one class of a service that may be given out, and how many are."""

    __tablename__ = "service_class"
    __table_args__ = (CheckConstraint("taken >= 0 AND taken <= units", "taken_within_units"),)

    service_id: Mapped[int] = mapped_column(ForeignKey("service.service_id"), primary_key=True)
    class_: Mapped[str] = mapped_column("class", String(40), primary_key=True)
    units: Mapped[int] = mapped_column(Integer)
    taken: Mapped[int] = mapped_column(Integer, default=0)


class ServiceChange(Base):
    """One change of a service, written once: told, changed, moved, replaced, cancelled, closed, or cleared by staff.

    `details` is JSON, `key` is that under which it was sent, none for what the engine does itself.
    """

    __tablename__ = "service_change"

    service_id: Mapped[int] = mapped_column(ForeignKey("service.service_id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    details: Mapped[str] = mapped_column(Text, default="{}")
    author: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str | None] = mapped_column(String(200))
    input_hash: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)


class Request(Base):
    """What a member asked of a service. `request_id` is the digest of its source and key; `kind` names its rules.

    `state` is refused, pending (its window is not open), waitlisted, confirmed (at once), cleared, not_cleared or cancelled;
    `reason` is a code of the catalogue of reasons and `details`, as JSON, the figures of its sentence. `size` counts the
    member and companions, `party` tells them. `opens_at` is when it may be confirmed; none where nothing but the tier that
    the member lacks by now would open it. `passed` is the reason for which it was passed over when the queue was last given
    out, with its figures; `skipped` is why staff pass it over, if they do. `changes` counts its log.
    """

    __tablename__ = "request"
    __table_args__ = (
        CheckConstraint(
            "state IN ('refused', 'pending', 'waitlisted', 'confirmed', 'cleared', 'not_cleared', 'cancelled')", "state"
        ),
        CheckConstraint("size > 0", "size_positive"),
        Index("ix_request_service_id_state", "service_id", "state"),
        Index("ix_request_key", "key"),
        Index(
            "ix_request_opens_at",
            "opens_at",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    request_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    service_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(40))
    edition: Mapped[date]
    from_class: Mapped[str] = mapped_column(String(40))
    to_class: Mapped[str] = mapped_column(String(40))
    size: Mapped[int] = mapped_column(SmallInteger)
    party: Mapped[str] = mapped_column(Text, default="[]")
    fields: Mapped[str] = mapped_column(Text, default="{}")
    instrument: Mapped[str | None] = mapped_column(String(40))
    booked_on: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40))
    details: Mapped[str] = mapped_column(Text, default="{}")
    passed: Mapped[str] = mapped_column(String(40), default="")
    passed_details: Mapped[str] = mapped_column(Text, default="{}")
    skipped: Mapped[str] = mapped_column(Text, default="")
    opens_at: Mapped[datetime | None] = mapped_column(Instant)
    requested_at: Mapped[datetime] = mapped_column(Instant)
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    source: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)
    changes: Mapped[int] = mapped_column(SmallInteger, default=0)


class RequestCompanion(Base):
    """A companion with a member number, the n-th of a request's party: a change of that tier finds the request by it."""

    __tablename__ = "request_companion"
    __table_args__ = (ForeignKeyConstraint(["member_id", "request_id"], ["request.member_id", "request.request_id"]),)

    member_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=False)
    request_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[str] = mapped_column(String(40), index=True)


class RequestChange(Base):
    """One change of a request's state, written once; what members are told of requests is read from here."""

    __tablename__ = "request_change"
    __table_args__ = (ForeignKeyConstraint(["member_id", "request_id"], ["request.member_id", "request.request_id"]),)

    member_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=False)
    request_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40))
    details: Mapped[str] = mapped_column(Text, default="{}")
    author: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
