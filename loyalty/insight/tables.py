"""Members per tier and points outstanding, kept for each day that is over."""

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from loyalty.store import Base, Instant


class Snapshot(Base):
    """A day of which the members per tier are kept. `waiting` members had facts of that day not folded yet when it was
    taken, at `taken_at`: it is taken again once fewer do, or a change of status by that day was recorded later."""

    __tablename__ = "snapshot"

    day: Mapped[date] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime] = mapped_column(Instant)
    waiting: Mapped[int] = mapped_column(BigInteger)


class SnapshotTier(Base):
    """The members who held a tier on a day, by what gave it; no row where there were none."""

    __tablename__ = "snapshot_tier"

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day"), primary_key=True)
    tier: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(12), primary_key=True)
    members: Mapped[int] = mapped_column(BigInteger)


class SnapshotMove(Base):
    """The members who went from one tier to another on a day; `old` is empty for those who joined, `new` for those who left."""

    __tablename__ = "snapshot_move"

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day"), primary_key=True)
    old: Mapped[str] = mapped_column(String(40), primary_key=True)
    new: Mapped[str] = mapped_column(String(40), primary_key=True)
    members: Mapped[int] = mapped_column(BigInteger)


class SnapshotPoints(Base):
    """The points of a unit that members held at the end of a day, and what came and went on it, in its smallest step."""

    __tablename__ = "snapshot_points"

    day: Mapped[date] = mapped_column(ForeignKey("snapshot.day"), primary_key=True)
    unit: Mapped[str] = mapped_column(String(40), primary_key=True)
    held: Mapped[int] = mapped_column(BigInteger)
    came: Mapped[int] = mapped_column(BigInteger)
    went: Mapped[int] = mapped_column(BigInteger)
