"""Members whom staff have frozen: they cannot sign in, ask, use, pick or choose; their activity still counts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.members.tables import Member, MemberFreeze
from loyalty.store import among


def freeze_of(session: Session, member_id: int) -> MemberFreeze | None:
    """The freeze that holds for a member."""
    return session.scalar(select(MemberFreeze).where(MemberFreeze.member_id == member_id, MemberFreeze.ended_at.is_(None)))


def freezes_of(session: Session, member_id: int) -> list[MemberFreeze]:
    """All freezes of a member, first to last."""
    return list(session.scalars(select(MemberFreeze).where(MemberFreeze.member_id == member_id).order_by(MemberFreeze.n)))


def frozen_of(session: Session, ids: Sequence[int]) -> set[int]:
    """Which of some members are frozen."""
    holds = select(MemberFreeze.member_id).where(MemberFreeze.ended_at.is_(None))
    return set(session.scalars(holds.where(among(session, MemberFreeze.member_id, ids))))


def free(session: Session, member_id: int) -> None:
    """Make sure that a member is not frozen. Raises Refused: `member_frozen`."""
    if freeze_of(session, member_id) is not None:
        raise Refused("member_frozen", number=session.scalar(select(Member.number).where(Member.member_id == member_id)))


def freeze(session: Session, member_id: int, author: str, reason: str, now: datetime) -> bool:
    """Freeze a locked member; False where a freeze holds already. Who calls ends the sign-ins."""
    if freeze_of(session, member_id) is not None:
        return False
    last = session.scalar(select(func.max(MemberFreeze.n)).where(MemberFreeze.member_id == member_id))
    n = 1 if last is None else last + 1
    session.add(MemberFreeze(member_id=member_id, n=n, frozen_at=now, author=author, reason=reason))
    session.flush()
    return True


def unfreeze(session: Session, member_id: int, author: str, reason: str, now: datetime) -> bool:
    """Lift the freeze of a locked member; False where none holds."""
    row = freeze_of(session, member_id)
    if row is None:
        return False
    row.ended_at, row.ended_by, row.end_reason = now, author, reason
    session.flush()
    return True
