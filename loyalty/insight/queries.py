"""Reads of a backtest: entries that would stand under a draft, and the activities that it would judge."""

import json
from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.earning.projection import Planned
from loyalty.earning.tables import Activity, Reversal
from loyalty.ledger.tables import Entry
from loyalty.program.load import Program
from loyalty.status.claims import Entry as Posted
from loyalty.status.compiled import Rules

#: The accounts of what a ladder gives: under a draft it is worked out anew.
GIVEN = ("milestone", "deposit")


def entries_without(
    session: Session, rules: Rules, stretch: tuple[int, int], begins: date, judged: tuple[date, date] | None
) -> Mapping[int, list[Posted]]:
    """Entries of counters by member, without what the ladder gave from a day on, or what the activity of `judged` earned."""
    table = Entry.__table__
    gone = table.c.account.in_(GIVEN) & (table.c.posted_on >= begins)
    if judged is not None:
        gone |= (table.c.account == "issuance") & (table.c.on >= judged[0]) & (table.c.on < judged[1])
    columns = (table.c.member_id, table.c.posted_on, table.c.on, table.c.unit, table.c.amount)
    mine = (table.c.member_id.between(*stretch), table.c.unit.in_(rules.counters), ~gone)
    found: dict[int, list[Posted]] = {}
    for member_id, posted, on, unit, amount in session.execute(select(*columns).where(*mine)):
        entry = (posted.toordinal(), on.toordinal(), rules.index[unit], amount)
        found.setdefault(member_id, []).append(entry)
    return {member_id: sorted(entries) for member_id, entries in found.items()}


def activities_in(
    session: Session, program: Program, stretch: tuple[int, int], judged: tuple[date, date]
) -> Mapping[int, list[Planned]]:
    """Activities of some days by member, in the order in which they became known, with the day on which they were undone."""
    table, undone = Activity.__table__, Reversal.__table__
    match = (undone.c.member_id == table.c.member_id) & (undone.c.activity_id == table.c.activity_id)
    query = (
        select(table.c.member_id, table.c.kind, table.c.on, table.c.fields, table.c.posted_at, undone.c.posted_at)
        .join(undone, match, isouter=True)
        .where(table.c.member_id.between(*stretch), table.c.on >= judged[0], table.c.on < judged[1])
        .order_by(table.c.member_id, table.c.posted_at, table.c.activity_id)
    )
    found: dict[int, list[Planned]] = {}
    for member_id, kind, on, fields, posted_at, undone_at in session.execute(query):
        undone_on = day_of(undone_at, program.zone) if undone_at is not None else None
        posted_on = day_of(posted_at, program.zone)
        found.setdefault(member_id, []).append(Planned(kind, on, json.loads(fields), posted_on, undone_on))
    return found
