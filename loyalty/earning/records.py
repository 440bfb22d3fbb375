"""What a member did, a page at a time: activity, and what was booked beside it, with the entries that came of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from loyalty.earning.queries import Explained, explained
from loyalty.earning.tables import Activity, Reversal
from loyalty.i18n import ENGLISH, Language
from loyalty.ledger.queries import below
from loyalty.ledger.tables import Adjustment, Entry
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.store import among, pairs

#: Accounts of entries by hand, and of those of activity; what is booked against others, the ladder or a tier gave.
BY_HAND = ("adjustment", "opening")
EARNED = "issuance"

#: A record's day and cause.
Cause = tuple[date, int]


@dataclass(frozen=True)
class Sought:
    """Which records are wanted: a kind of activity, `adjustment` or `award`; a unit; a year; those before a record."""

    kind: str = ""
    unit: str = ""
    year: int | None = None
    before: Cause | None = None


@dataclass(frozen=True)
class Record:
    """One thing that was recorded of a member: an activity, an adjustment, or neither where the ladder or a tier gave it."""

    on: date
    cause_id: int
    activity: Activity | None
    reversal: Reversal | None
    adjustment: Adjustment | None
    entries: tuple[Explained, ...]


def records(
    session: Session, program: Program, member: Member, sought: Sought, limit: int, language: Language = ENGLISH
) -> list[Record]:
    """The newest records by their day, explained in a language: so many statements, however many records there are."""
    causes = [(on, cause) for on, cause in session.execute(_causes(member.member_id, sought, limit))]
    ids = sorted({cause for _on, cause in causes})
    activities, adjusted = causes_of(session, member.member_id, ids)
    undone = session.scalars(_of(session, Reversal.activity_id, member.member_id, ids))
    reversals = {row.activity_id: row for row in undone}
    entries = _entries(session, program, member, ids, language)
    return [
        Record(on, cause, activities.get(cause), reversals.get(cause), adjusted.get(cause), tuple(entries.get((on, cause), ())))
        for on, cause in causes
    ]


def causes_of(session: Session, member_id: int, ids: Sequence[int]) -> tuple[dict[int, Activity], dict[int, Adjustment]]:
    """The activities and adjustments of some causes."""
    activities = session.scalars(_of(session, Activity.activity_id, member_id, ids))
    adjusted = session.scalars(_of(session, Adjustment.cause_id, member_id, ids))
    return {row.activity_id: row for row in activities}, {row.cause_id: row for row in adjusted}


def _causes(member_id: int, sought: Sought, limit: int) -> Any:
    """Day and cause of the records that are wanted: of activities, also those that earned nothing, and of entries."""
    branches: list[Select[date, int]] = []
    if not sought.unit and sought.kind not in ("adjustment", "award"):
        activities = select(Activity.on, Activity.activity_id.label("cause_id")).where(Activity.member_id == member_id)
        branches.append(activities.where(Activity.kind == sought.kind) if sought.kind else activities)
    if sought.unit or sought.kind in ("", "adjustment", "award"):
        branches.append(_booked(member_id, sought))
    rows = (union(*branches) if len(branches) > 1 else branches[0].distinct()).subquery()
    query = select(rows.c.on, rows.c.cause_id)
    if sought.year is not None:
        query = query.where(rows.c.on >= date(sought.year, 1, 1), rows.c.on <= date(sought.year, 12, 31))
    if sought.before is not None:
        query = query.where(below([rows.c.on, rows.c.cause_id], sought.before))
    return query.order_by(rows.c.on.desc(), rows.c.cause_id.desc()).limit(limit)


def _booked(member_id: int, sought: Sought) -> Select[date, int]:
    """The causes of entries."""
    query = select(Entry.on, Entry.cause_id).where(Entry.member_id == member_id)
    if sought.unit:
        query = query.where(Entry.unit == sought.unit)
    if sought.kind == "adjustment":
        return query.where(Entry.account.in_(BY_HAND))
    if sought.kind == "award":
        return query.where(Entry.account.not_in((*BY_HAND, EARNED)))
    if sought.kind:
        of_kind = select(Activity.activity_id).where(Activity.member_id == member_id, Activity.kind == sought.kind)
        return query.where(Entry.cause_id.in_(of_kind))
    return query


def _of(session: Session, column: Any, member_id: int, ids: Sequence[int]) -> Select[Any]:
    """The rows of one table of a member with some causes."""
    return select(column.class_).where(column.class_.member_id == member_id, among(session, column, ids))


def _entries(
    session: Session, program: Program, member: Member, ids: Sequence[int], language: Language
) -> dict[Cause, list[Explained]]:
    table = Entry.__table__
    wanted = pairs(session, [(member.member_id, cause) for cause in ids])
    match = (table.c.member_id == wanted.c.a) & (table.c.cause_id == wanted.c.b)
    order = (table.c.posted_on, table.c.posted_at, table.c.cause_id, table.c.n)
    rows = session.execute(select(table).join(wanted, match).order_by(*order)).all()
    found: dict[Cause, list[Explained]] = {}
    for row, told in zip(rows, explained(session, program, member, rows, language), strict=True):
        found.setdefault((row.on, row.cause_id), []).append(told)
    return found
