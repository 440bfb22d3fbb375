"""Reads of snapshots: members per tier and points outstanding over time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.insight.tables import Snapshot, SnapshotMove, SnapshotPoints, SnapshotTier


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


def waiting_on(session: Session, day: date) -> int:
    """How many members had facts not folded yet when a day was taken; none of a day that was not."""
    return session.scalar(select(Snapshot.waiting).where(Snapshot.day == day)) or 0


def tiers_on(session: Session, days: Collection[date]) -> dict[date, dict[str, int]]:
    """Day -> tier -> members, whatever gave it; of those of some days that have been taken."""
    members = func.sum(SnapshotTier.members)
    query = select(SnapshotTier.day, SnapshotTier.tier, members).where(SnapshotTier.day.in_(sorted(days)))
    found: dict[date, dict[str, int]] = {}
    for day, tier, count in session.execute(query.group_by(SnapshotTier.day, SnapshotTier.tier)):
        found.setdefault(day, {})[tier] = int(count)
    return found


def moves_between(session: Session, first: date, last: date) -> list[tuple[str, str, int]]:
    """(old, new, members) of those who moved on the days from `first` through `last`, most first."""
    members, parts = func.sum(SnapshotMove.members), (SnapshotMove.old, SnapshotMove.new)
    query = select(*parts, members).where(SnapshotMove.day.between(first, last)).group_by(*parts)
    return [(old, new, int(count)) for old, new, count in session.execute(query.order_by(members.desc(), *parts))]


def points_on(session: Session, days: Collection[date]) -> dict[str, dict[date, int]]:
    """Unit -> day -> what members held at its end, in the smallest step; of those of some days that have been taken."""
    query = select(SnapshotPoints.unit, SnapshotPoints.day, SnapshotPoints.held).where(SnapshotPoints.day.in_(sorted(days)))
    found: dict[str, dict[date, int]] = {}
    for unit, day, held in session.execute(query.order_by(SnapshotPoints.unit, SnapshotPoints.day)):
        found.setdefault(unit, {})[day] = held
    return found


def points_between(session: Session, first: date, last: date) -> dict[str, tuple[int, int]]:
    """Unit -> what came and what went on the days from `first` through `last`, in the smallest step."""
    sums = (func.sum(SnapshotPoints.came), func.sum(SnapshotPoints.went))
    query = select(SnapshotPoints.unit, *sums).where(SnapshotPoints.day.between(first, last)).group_by(SnapshotPoints.unit)
    return {unit: (int(came), int(went)) for unit, came, went in session.execute(query)}
