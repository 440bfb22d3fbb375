"""The ladder's rows: facts about status, the cached timeline, and the append-only log of changes."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class StatusFact(Base):
    """A grant of any kind, a waiver or a revocation, as it was stated. `fact_id` is the digest of its key.

    A grant holds in [`begins`, `until`), for ever without `until`. A revocation ends the grant `revokes`, or everything
    above `tier`. `posted_on` is the day from which it is known.
    """

    __tablename__ = "status_fact"
    __table_args__ = (CheckConstraint("until IS NULL OR until > begins", "span_forwards"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    fact_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(12))
    tier: Mapped[str] = mapped_column(String(40))
    begins: Mapped[date]
    until: Mapped[date | None]
    revokes: Mapped[int | None] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(String(100))
    approver: Mapped[str] = mapped_column(String(100), default="")
    reason: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text, default="{}")
    offer: Mapped[str | None] = mapped_column(String(40))
    posted_on: Mapped[date]
    posted_at: Mapped[datetime] = mapped_column(Instant)
    key: Mapped[str] = mapped_column(String(200))
    input_hash: Mapped[int] = mapped_column(BigInteger)


class Standing(Base):
    """What a member is, as last folded. Locked by whoever posts for the member, so that one member's facts are in a row.

    `review_on` is the next day on which the status could change, or the earliest day of facts not folded yet; before it
    nothing needs folding. `folded_on` is the last day that a fold changed something for; `begins`, `until`, `tier`,
    `opening` and `source` are of the span that holds on it. `facts`, `spans`, `changes` count the member's rows.
    """

    __tablename__ = "standing"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    tier: Mapped[str | None] = mapped_column(String(40))
    opening: Mapped[str | None] = mapped_column(String(40))
    begins: Mapped[date | None]
    until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(12), default="")
    review_on: Mapped[date | None] = mapped_column(index=True)
    folded_on: Mapped[date | None]
    facts: Mapped[int] = mapped_column(Integer, default=0)
    spans: Mapped[int] = mapped_column(Integer, default=0)
    changes: Mapped[int] = mapped_column(Integer, default=0)
    spans_digest: Mapped[int] = mapped_column(BigInteger, default=0)


class Waypoint(Base):
    """A long history folded through the end of the day `through`, so that only what was posted later need be read.

    It holds as long as `entries` of the member (of which `counted` count in the ladder) were posted through that day, `known`
    is the digest of the other facts of then, and `rules` that of the rules and the code. `sums` is JSON, unit -> sum.
    """

    __tablename__ = "waypoint"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    through: Mapped[date]
    entries: Mapped[int] = mapped_column(Integer)
    counted: Mapped[int] = mapped_column(Integer)
    known: Mapped[int] = mapped_column(BigInteger)
    rules: Mapped[str] = mapped_column(String(64))
    sums: Mapped[str] = mapped_column(Text)
    walk: Mapped[bytes] = mapped_column(LargeBinary, info={"secret": True})  # says nothing that the rest does not


class TierSpan(Base):
    """The n-th span of the cached timeline, [`begins`, `until`): tells the tier of any day, also when a job is late.

    `valid_until` is the end of the claim behind it, later than `until` where a better or longer claim takes over.

    `opening` is the tier with which its first day opened. `evidence` is JSON: the window, path, totals, edition, fact.
    """

    __tablename__ = "tier_span"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    begins: Mapped[date]
    until: Mapped[date | None]
    valid_until: Mapped[date | None]
    tier: Mapped[str] = mapped_column(String(40))
    opening: Mapped[str] = mapped_column(String(40))
    source: Mapped[str] = mapped_column(String(12))
    evidence: Mapped[str] = mapped_column(Text)


class StatusChange(Base):
    """One change of a member's standing, written once when it takes effect; `n` counts a member's changes.

    `kind` is joined, raised, kept, lowered, shortened or left; `old` and `new` are tiers, `new` is none after leaving.
    """

    __tablename__ = "status_change"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    old: Mapped[str | None] = mapped_column(String(40))
    new: Mapped[str | None] = mapped_column(String(40))
    effective_on: Mapped[date] = mapped_column(index=True)
    until: Mapped[date | None]
    source: Mapped[str] = mapped_column(String(12))
    evidence: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)


class StatusAward(Base):
    """Something that a ladder gave beside a tier: a milestone met for the `times`-th time in a window, or a deposit.

    `window` is the window's key, `window_on` its first day. `gifts` is JSON: what was granted and on which day, of a choice
    once it is made. `cause_id` is the cause of the entries that it booked. `choose_by` is the last day of a choice, `chosen`
    the options picked so far as JSON, by whom, why and under which key; `settled` once nothing is open. `withdrawn_on` is
    the day from which a reversal took it back, `withdrawn_at` the instant at which that became known; won again, it is another
    award.
    """

    __tablename__ = "status_award"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    edition: Mapped[str] = mapped_column(String(10))
    window: Mapped[int] = mapped_column(BigInteger)
    window_on: Mapped[date]
    times: Mapped[int] = mapped_column(Integer)
    awarded_on: Mapped[date]
    withdrawn_on: Mapped[date | None]
    gifts: Mapped[str] = mapped_column(Text, default="[]")
    cause_id: Mapped[int] = mapped_column(BigInteger)
    choose_by: Mapped[date | None]
    chosen: Mapped[str] = mapped_column(Text, default="[]")
    settled: Mapped[bool] = mapped_column(default=True)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant)
