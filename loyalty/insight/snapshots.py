"""Reads of snapshots: members per tier over time."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.insight.tables import Snapshot, SnapshotMove, SnapshotTier


@dataclass(frozen=True)
class SnapshotDay:
    """A day: members by tier and by what gave it, and by old and new tier of those who moved (no old tier: joined; no
    new one: left). `waiting` members had facts not folded yet."""

    day: date
    waiting: int
    tiers: dict[str, dict[str, int]]
    moves: list[tuple[str, str, int]]

    def members(self, tier: str) -> int:
        """The members of a tier, whatever gave it."""
        return sum(self.tiers.get(tier, {}).values())


def last_snapshot(session: Session) -> date | None:
    """The newest day that has been taken."""
    return session.scalar(select(func.max(Snapshot.day)))


def snapshots(session: Session, first: date, last: date) -> list[SnapshotDay]:
    """The days from `first` through `last` that have been taken, in order."""
    rows = session.scalars(select(Snapshot).where(Snapshot.day.between(first, last)).order_by(Snapshot.day))
    found = {row.day: SnapshotDay(row.day, row.waiting, {}, []) for row in rows}
    for tier in session.scalars(select(SnapshotTier).where(SnapshotTier.day.between(first, last))):
        found[tier.day].tiers.setdefault(tier.tier, {})[tier.source] = tier.members
    moves = select(SnapshotMove).where(SnapshotMove.day.between(first, last)).order_by(SnapshotMove.old, SnapshotMove.new)
    for move in session.scalars(moves):
        found[move.day].moves.append((move.old, move.new, move.members))
    return list(found.values())
