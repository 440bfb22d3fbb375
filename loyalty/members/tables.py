"""Who: the members, and the files that they and their activity came in."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Counted, Instant

#: Compared byte by byte on both databases, so that what begins alike stands together.
Word = String(60).with_variant(String(60, collation="C"), "postgresql")
#: Freezes that hold.
FROZEN = text("ended_at IS NULL")
#: Places in a household that are taken: one for a member.
JOINED = text("state = 'joined'")


class Member(Base):
    """A person or firm enrolled. `left_on` is the first day after membership; `attributes` is JSON by the program's list.

    A reference table where the database is sharded: its number is unique over all members.
    """

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint("left_on IS NULL OR left_on >= enrolled_on", "left_after_enrolled"),
        Index("ix_member_email", text("lower(email)")),
    )

    member_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    enrolled_on: Mapped[date]
    left_on: Mapped[date | None]
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(254), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(20), default="")
    attributes: Mapped[str] = mapped_column(Text, default="{}")
    created_at: Mapped[datetime] = mapped_column(Instant)


class MemberWord(Base):
    """A word by which a member is found: of the name, the mail address, or the last digits of the phone; as `finding` makes
    them. Written with the member, in the transaction that changes one of these."""

    __tablename__ = "member_word"
    __table_args__ = (Index("ix_member_word_word_member_id", "word", "member_id"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    word: Mapped[str] = mapped_column(Word, primary_key=True)


class AttributeChange(Base):
    """A member's attributes as they became known on a day; `n` counts, 0 are those of enrolment. None where none changed."""

    __tablename__ = "attribute_change"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    known_on: Mapped[date]
    attributes: Mapped[str] = mapped_column(Text)


class MemberFreeze(Base):
    """The n-th time that staff froze a member, and who lifted it; it holds until then. One holds at a time."""

    __tablename__ = "member_freeze"
    __table_args__ = (Index("uq_member_freeze_holds", "member_id", unique=True, postgresql_where=FROZEN, sqlite_where=FROZEN),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    frozen_at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_by: Mapped[str] = mapped_column(String(254), default="")
    end_reason: Mapped[str] = mapped_column(Text, default="")


class Announcing(Base):
    """A member about whom something became known at `noted_at`: what it is is still to be announced to systems.

    Written in the transaction of the facts, under a number that no other transaction draws, so that who takes it away takes
    away none that commits later. `look_at` is when it is to be looked at, later than `noted_at` where that failed before.
    """

    __tablename__ = "announcing"

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    note_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    noted_at: Mapped[datetime] = mapped_column(Instant)
    look_at: Mapped[datetime] = mapped_column(Instant, index=True)


class ImportFile(Base):
    """One reading of a file through a mapping: how far it came, so that a killed import goes on where it stopped."""

    __tablename__ = "import_file"

    import_id: Mapped[int] = mapped_column(Counted, primary_key=True, autoincrement=True)
    mapping: Mapped[str] = mapped_column(String(80), index=True)
    file_hash: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)
    posted: Mapped[int] = mapped_column(BigInteger, default=0)
    repeated: Mapped[int] = mapped_column(BigInteger, default=0)
    rejected: Mapped[int] = mapped_column(Integer, default=0)


class Telling(Base):
    """A member about whom something is new since `noted_at`, or is to be looked at from then on: messages are made for these.

    Written in the transaction of the facts, so that one that commits late is not missed; taken away by who has told them.
    """

    __tablename__ = "telling"

    member_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    noted_at: Mapped[datetime] = mapped_column(Instant, primary_key=True, index=True)


class Notice(Base):
    """Something to tell a member that no other table keeps: about signing in, the address, a survey. `notice_id` is the digest
    of its key.

    `source` is security or survey, `fields` what it says, as JSON. `address` is where it goes, where that is not the member's.
    """

    __tablename__ = "notice"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    notice_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(12))
    fields: Mapped[str] = mapped_column(Text, default="{}")
    address: Mapped[str] = mapped_column(String(254), default="")
    at: Mapped[datetime] = mapped_column(Instant)


class ConsentChange(Base):
    """The n-th time that a member gave or withdrew consent to a kind of message; the last of a consent holds."""

    __tablename__ = "consent_change"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    consent: Mapped[str] = mapped_column(String(40))
    given: Mapped[bool]
    source: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(Instant)


class DigestChange(Base):
    """The n-th time that a member chose how activity is told: each, by day, week or month; it holds from `at` on."""

    __tablename__ = "digest_change"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    n: Mapped[int] = mapped_column(Integer, primary_key=True)
    digest: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime] = mapped_column(Instant)


class HouseholdMember(Base):
    """A member's place in a household: invited, joined, declined or left. `household_id` is drawn at random.

    `head` may invite and remove. `invited_by` is the number of who invited, empty for who began it. `answered_at` is when the
    member joined or declined, `left_at` when they left or were removed. A member is in one household at most.
    """

    __tablename__ = "household_member"
    __table_args__ = (
        CheckConstraint("state IN ('invited', 'joined', 'declined', 'left')", "state"),
        Index("uq_household_member_joined", "member_id", unique=True, postgresql_where=JOINED, sqlite_where=JOINED),
    )

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    household_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    state: Mapped[str] = mapped_column(String(8))
    head: Mapped[bool] = mapped_column(default=False)
    invited_by: Mapped[str] = mapped_column(String(40), default="")
    invited_at: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    left_at: Mapped[datetime | None] = mapped_column(Instant)
