"""Snapshots taken: members per tier, the moves between tiers and points outstanding, for each day that is over.

They are read from the cached timelines, which tell the tier of any day, and from the books, which tell what was known on it:
a day that was missed is taken later as it would have been in time.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from itertools import accumulate

from sqlalchemy import case, delete, func, literal, select
from sqlalchemy.orm import Session, aliased

from loyalty.insight.tables import Snapshot, SnapshotMove, SnapshotPoints, SnapshotTier
from loyalty.ledger.tables import Entry
from loyalty.status.queries import due_count, ladder_count
from loyalty.status.tables import StatusChange, TierSpan
from loyalty.store import insert

DAY = timedelta(days=1)
#: (tier, source) -> members; (old tier, new tier) -> members.
Held = Counter[tuple[str, str]]
Moves = Counter[tuple[str, str]]


def days_to_take(session: Session, since: date, until: date) -> list[date]:
    """The days in [since, until) of which there is no snapshot, from the first on which anybody was a member; and those whose
    snapshot is behind: a change of that day or an earlier one was recorded since (the night was late, history was loaded), or
    fewer members are waiting to be folded than when it was taken."""
    first = session.scalar(select(func.min(TierSpan.begins)))
    if first is None:
        return []
    rows = session.scalars(select(Snapshot).where(Snapshot.day >= since, Snapshot.day < until))
    taken = {row.day: row for row in rows}
    changed = _last_recorded(session, until) if taken else lambda _day: None
    first = max(first, since)
    days = (first + n * DAY for n in range((until - first).days))
    return [day for day in days if day not in taken or _behind(session, taken[day], changed(day))]


def _behind(session: Session, snapshot: Snapshot, changed: datetime | None) -> bool:
    if changed is not None and changed > snapshot.taken_at:
        return True
    return snapshot.waiting > 0 and due_count(session, snapshot.day) < snapshot.waiting


def _last_recorded(session: Session, until: date) -> Callable[[date], datetime | None]:
    """Tells when the last change of status that takes effect on a day or before it was recorded."""
    last = func.max(StatusChange.recorded_at)
    query = select(StatusChange.effective_on, last).where(StatusChange.effective_on < until)
    rows = list(session.execute(query.group_by(StatusChange.effective_on).order_by(StatusChange.effective_on)))
    days, latest = [row[0] for row in rows], list(accumulate((row[1] for row in rows), max))

    def recorded(day: date) -> datetime | None:
        n = bisect_right(days, day)
        return latest[n - 1] if n else None

    return recorded


def take_snapshots(session: Session, days: list[date], points: Collection[str], now: datetime) -> int:
    """Write the snapshots of some days, in order, over those that are there, with what is held of the units `points`.

    Returns how many were written.
    """
    for table in (SnapshotPoints, SnapshotMove, SnapshotTier, Snapshot):
        session.execute(delete(table).where(table.day.in_(days)))
    held, moves = _held(session, days[0], days[-1]), _moves(session, days[0], days[-1])
    insert(session, Snapshot, ("day", "taken_at", "waiting"), [(day, now, due_count(session, day)) for day in days])
    for table, columns, found in (
        (SnapshotTier, ("day", "tier", "source", "members"), held),
        (SnapshotMove, ("day", "old", "new", "members"), moves),
    ):
        rows = [(day, *key, members) for day in days for key, members in found.get(day, {}).items() if members]
        insert(session, table, columns, rows)
    kept = set(days)
    amounts = [row for row in _points(session, points, days[0], days[-1]) if row[0] in kept]
    insert(session, SnapshotPoints, ("day", "unit", "held", "came", "went"), amounts)
    return len(days)


def _points(session: Session, units: Collection[str], first: date, last: date) -> list[tuple[date, str, int, int, int]]:
    """What was held of each unit at the end of each day, what came and what went on it; from the first entry of a unit on.

    An entry belongs to the day on which it became known, so a day that is over changes no more.
    """
    of_units = Entry.unit.in_(sorted(units))
    total, came = func.sum(Entry.amount), func.sum(case((Entry.amount > 0, Entry.amount), else_=0))
    before = select(Entry.unit, total).where(of_units, Entry.posted_on < first).group_by(Entry.unit)
    held = {unit: int(amount) for unit, amount in session.execute(before)}
    within = select(Entry.posted_on, Entry.unit, total, came).where(of_units, Entry.posted_on.between(first, last))
    moved = {(day, unit): (int(amount), int(more))
             for day, unit, amount, more in session.execute(within.group_by(Entry.posted_on, Entry.unit))}  # fmt: skip
    found = []
    for day in (first + n * DAY for n in range((last - first).days + 1)):
        for unit in sorted(units):
            amount, more = moved.get((day, unit), (0, 0))
            if unit in held or amount or more:
                held[unit] = held.get(unit, 0) + amount
                found.append((day, unit, held[unit], more, more - amount))
    return found


def _held(session: Session, first: date, last: date) -> dict[date, Held]:
    """Who held what on each day: those of the first, then what begins and what ends."""
    held: Held = Counter({(row.tier, row.source): row.members for row in ladder_count(session, first, by_source=True)})
    found = {first: Counter(held)}
    changed: dict[date | None, Held] = {}
    for column, sign in ((TierSpan.begins, 1), (TierSpan.until, -1)):
        parts = (column, TierSpan.tier, TierSpan.source)
        query = select(*parts, func.count()).where(column > first, column <= last).group_by(*parts)
        for on, tier, source, members in session.execute(query):
            changed.setdefault(on, Counter())[tier, source] += sign * members
    for n in range(1, (last - first).days + 1):
        day = first + n * DAY
        held.update(changed.get(day, {}))
        found[day] = Counter(held)
    return found


def _moves(session: Session, first: date, last: date) -> dict[date | None, Moves]:
    """Who went from one tier to another on each day. Spans touch, so the one before, or after, is the next by number."""
    span, other = TierSpan, aliased(TierSpan)
    before = (other.member_id == span.member_id) & (other.n == span.n - 1)
    after = (other.member_id == span.member_id) & (other.n == span.n + 1)
    came = (
        select(span.begins, func.coalesce(other.tier, ""), span.tier, func.count())
        .join(other, before, isouter=True)
        .where(span.begins.between(first, last), other.tier.is_distinct_from(span.tier))
        .group_by(span.begins, other.tier, span.tier)
    )
    left = (
        select(span.until, span.tier, literal(""), func.count())
        .join(other, after, isouter=True)
        .where(span.until.between(first, last), other.member_id.is_(None))
        .group_by(span.until, span.tier)
    )
    found: dict[date | None, Moves] = {}
    for day, was, new, members in (row for query in (came, left) for row in session.execute(query)):
        found.setdefault(day, Counter())[was, new] += members
    return found
