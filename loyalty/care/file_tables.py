"""The customer file: what staff keep of a member to look after them, who does, and whom else they know."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.audit.tables import OTHERS
from loyalty.store import Base, Instant


class MemberFile(Base):
    """A member's file: `fields` are JSON by the program's `customer_file`, `manager_id` is the account manager.

    `reviewed_at` and `reviewed_by` are of the last time that it was looked through. No row where nothing was ever kept.
    """

    __tablename__ = "member_file"
    __table_args__ = (Index("ix_member_file_manager_id_reviewed_at", "manager_id", "reviewed_at"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    fields: Mapped[str] = mapped_column(Text, default="{}")
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("staff.staff_id"), info=OTHERS)
    reviewed_at: Mapped[datetime | None] = mapped_column(Instant)
    reviewed_by: Mapped[str] = mapped_column(String(254), default="", info=OTHERS)


class MemberContact(Base):
    """Someone to turn to about a member: of a firm, or of the family. `contact_id` is the digest of the key it was kept under.

    How to reach them is theirs, and not in what the member takes along.
    """

    __tablename__ = "member_contact"

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    contact_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    relation: Mapped[str] = mapped_column(String(100))
    phone: Mapped[str] = mapped_column(String(40), info=OTHERS)
    email: Mapped[str] = mapped_column(String(254), info=OTHERS)
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


class MemberCompetitor(Base):
    """What is known of a member in another program: the tier there, and how much of what they spend goes there.

    `share` is a percent as staff guess it, `source` how it is known, `as_of` of which day. `competitor_id` is the digest of the
    key it was kept under.
    """

    __tablename__ = "member_competitor"
    __table_args__ = (CheckConstraint("share IS NULL OR share BETWEEN 0 AND 100", "percent"),)

    member_id: Mapped[int] = mapped_column(ForeignKey("member.member_id"), primary_key=True)
    competitor_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    program: Mapped[str] = mapped_column(String(100))
    tier: Mapped[str] = mapped_column(String(100))
    share: Mapped[int | None] = mapped_column(SmallInteger)
    source: Mapped[str] = mapped_column(String(200))
    as_of: Mapped[date]
    at: Mapped[datetime] = mapped_column(Instant)
