"""The last things that a member did, and what came of each; and who did something of a key."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.earning.tables import Activity, Reversal
from loyalty.ledger.tables import Entry


@dataclass
class Latest:
    """An activity and the amounts of each unit that it brought in all, in the smallest step; none of what was taken back."""

    kind: str
    on: date
    source: str
    key: str
    reversed: bool
    amounts: dict[str, int] = field(default_factory=dict)


def latest_of(session: Session, member_id: int, count: int) -> list[Latest]:
    """A member's last activities by day, the last first, in one statement; of a corrected one its newest version."""
    done, back, entry = Activity.__table__, Reversal.__table__, Entry.__table__
    ended = (back.c.member_id == done.c.member_id) & (back.c.activity_id == done.c.activity_id)
    mine = select(done, back.c.posted_at.label("reversed_at")).join(back, ended, isouter=True)
    mine = mine.where(done.c.member_id == member_id, back.c.corrected.is_not(True))
    last = mine.order_by(done.c.on.desc(), done.c.posted_at.desc(), done.c.activity_id).limit(count).subquery()
    booked = (entry.c.member_id == last.c.member_id) & (entry.c.cause_id == last.c.activity_id)
    rows = session.execute(
        select(last, entry.c.unit, entry.c.amount)
        .join(entry, booked, isouter=True)
        .order_by(last.c.on.desc(), last.c.posted_at.desc(), last.c.activity_id, entry.c.n)
    )
    found: dict[int, Latest] = {}
    for row in rows:
        one = found.setdefault(row.activity_id, Latest(row.kind, row.on, row.source, row.key, row.reversed_at is not None))
        if row.unit is not None:
            one.amounts[row.unit] = one.amounts.get(row.unit, 0) + row.amount
    return list(found.values())


def members_by_activity(session: Session, key: str) -> list[int]:
    """Of whom an activity of a key was reported, by any source: the member_ids, at most 25."""
    return list(session.scalars(select(Activity.member_id).where(Activity.key == key).distinct().limit(25)))
