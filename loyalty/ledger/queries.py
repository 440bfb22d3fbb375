"""Reads of the books. Balances are sums of entries, so they cannot drift from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from loyalty.ledger.tables import Adjustment, Entry
from loyalty.store import among


def balances(session: Session, member_id: int, until: date | None = None) -> dict[str, int]:
    """Unit -> sum of all its entries known, in its smallest step; with `until`, of those posted before that day."""
    query = select(Entry.unit, func.sum(Entry.amount)).where(Entry.member_id == member_id).group_by(Entry.unit)
    if until is not None:
        query = query.where(Entry.posted_on < until)
    return {unit: int(total) for unit, total in session.execute(query)}


def balances_of(session: Session, ids: Sequence[int], units: Sequence[str]) -> dict[int, dict[str, int]]:
    """The same of some members and units: member_id -> unit -> sum."""
    query = select(Entry.member_id, Entry.unit, func.sum(Entry.amount)).group_by(Entry.member_id, Entry.unit)
    found: dict[int, dict[str, int]] = {}
    for member_id, unit, total in session.execute(query.where(among(session, Entry.member_id, ids), Entry.unit.in_(units))):
        found.setdefault(member_id, {})[unit] = int(total)
    return found


def entries_of(session: Session, member_id: int, until: date | None = None) -> Sequence[Row[Any]]:
    """A member's entries in the order in which they became known; with `until`, those posted before that day."""
    table = Entry.__table__
    query = select(table).where(table.c.member_id == member_id)
    if until is not None:
        query = query.where(table.c.posted_on < until)
    return session.execute(query.order_by(table.c.posted_at, table.c.on, table.c.cause_id, table.c.n)).all()


#: Day posted, day it counts for, place of the unit among those asked for, amount; days as ordinals.
Counted = tuple[int, int, int, int]


def counted(
    session: Session, first: int, last: int, units: Sequence[str], ids: Sequence[int] = ()
) -> Iterator[tuple[int, list[Counted]]]:
    """Each member's entries of some units, unordered: of the members `ids`, or of a stretch; read from the index alone.

    On PostgreSQL the database gathers a member's entries into arrays: read row by row they would take twice as long.
    """
    table = Entry.__table__
    chosen = among(session, table.c.member_id, ids) if ids else table.c.member_id.between(first, last)
    if session.get_bind().dialect.name == "postgresql":
        place = case({unit: n for n, unit in enumerate(units)}, value=table.c.unit)
        arrays = [func.array_agg(part) for part in (_ordinal(table.c.posted_on), _ordinal(table.c.on), place, table.c.amount)]
        query = select(table.c.member_id, *arrays).where(chosen, table.c.unit.in_(units)).group_by(table.c.member_id)
        for member_id, posted, on, places, amounts in session.execute(query).all():
            yield member_id, list(zip(posted, on, places, amounts, strict=True))
        return
    columns = (table.c.member_id, table.c.posted_on, table.c.on, table.c.unit, table.c.amount)
    rows = session.execute(select(*columns).where(chosen, table.c.unit.in_(units)).order_by(table.c.member_id)).all()
    places = {unit: n for n, unit in enumerate(units)}
    ordinal = date.toordinal
    for member_id, mine in groupby(rows, itemgetter(0)):
        yield member_id, [(ordinal(posted), ordinal(on), places[unit], amount) for _, posted, on, unit, amount in mine]


def _ordinal(day: ColumnElement[date]) -> ColumnElement[int]:
    """A day as Python counts it: 0001-01-01 is 1."""
    return day.op("-", return_type=Integer())(literal_column("DATE '0001-01-01'")) + 1


def entries_since(session: Session, member_id: int, day: date) -> Sequence[Row[Any]]:
    """A member's entries that were posted after a day, unordered: unit, amount, on, posted_on."""
    table = Entry.__table__.c
    query: Select[Any] = select(table.unit, table.amount, table.on, table.posted_on)
    return session.execute(query.where(table.member_id == member_id, table.posted_on > day)).all()


def sums_through(session: Session, ids: Sequence[int], day: date) -> dict[int, tuple[int, dict[str, int]]]:
    """Of some members: how many entries were posted by the end of a day, and unit -> their sum."""
    query = select(Entry.member_id, Entry.unit, func.count(), func.sum(Entry.amount)).where(Entry.posted_on <= day)
    query = query.where(among(session, Entry.member_id, ids)).group_by(Entry.member_id, Entry.unit)
    found: dict[int, tuple[int, dict[str, int]]] = {}
    for member_id, unit, count, total in session.execute(query) if ids else ():
        before, sums = found.get(member_id, (0, {}))
        found[member_id] = (before + count, {**sums, unit: int(total)})
    return found


@dataclass(frozen=True)
class Fault:
    """One place where the books contradict themselves."""

    member_id: int
    what: str


def faults(session: Session, first: int, last: int) -> list[Fault]:
    """Of a stretch of members: reversals that do not exactly undo the entry they name."""
    undo, done = aliased(Entry), aliased(Entry)
    match = (done.member_id == undo.member_id) & (done.cause_id == undo.cause_id) & (done.n == undo.reverses)
    wrong = session.execute(
        select(undo.member_id, undo.cause_id, undo.n)
        .join(done, match, isouter=True)
        .where(undo.member_id.between(first, last), undo.kind == "reversal")
        .where(done.member_id.is_(None) | (done.amount != -undo.amount) | (done.unit != undo.unit) | (done.on != undo.on))
    )
    return [Fault(member, f"entry {cause}/{n} does not undo what it names") for member, cause, n in wrong]


def booked_by(session: Session, ids: Sequence[int], accounts: Sequence[str]) -> dict[int, dict[tuple[int, str], int]]:
    """Of some members: (cause, unit) -> sum of the entries against some accounts, where it is not nothing."""
    total = func.sum(Entry.amount)
    query = select(Entry.member_id, Entry.cause_id, Entry.unit, total).where(Entry.account.in_(accounts)).having(total != 0)
    found: dict[int, dict[tuple[int, str], int]] = {}
    query = query.where(among(session, Entry.member_id, ids)).group_by(Entry.member_id, Entry.cause_id, Entry.unit)
    for member_id, cause, unit, amount in session.execute(query):
        found.setdefault(member_id, {})[cause, unit] = int(amount)
    return found


def adjustments_of(session: Session, member_id: int) -> dict[int, Adjustment]:
    """A member's adjustments by cause."""
    rows = session.scalars(select(Adjustment).where(Adjustment.member_id == member_id))
    return {row.cause_id: row for row in rows}


class Place(NamedTuple):
    """Where an entry stands in the order in which a member's entries became known."""

    posted_on: date
    posted_at: datetime
    cause_id: int
    n: int


_ORDER = [Entry.__table__.c[name] for name in Place._fields]


def place_of(row: Any) -> Place:
    """The place of an entry."""
    return Place(row.posted_on, row.posted_at, row.cause_id, row.n)


def entries_before(
    session: Session, member_id: int, limit: int, before: Place | None = None, units: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """A page of a member's entries, the newest first: those before a place, of some units or of all."""
    table = Entry.__table__
    query = select(table).where(table.c.member_id == member_id)
    if units:
        query = query.where(table.c.unit.in_(units))
    if before is not None:
        query = query.where(below(_ORDER, before))
    return session.execute(query.order_by(*(column.desc() for column in _ORDER)).limit(limit)).all()


def below(columns: Sequence[ColumnElement[Any]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Whether columns, compared one after the other, are below some values: what comes after a row in falling order."""
    (column, *more), (value, *rest) = columns, values
    return or_(column < value, and_(column == value, below(more, rest))) if more else column < value


def sums_below(session: Session, member_id: int, place: Place) -> dict[str, int]:
    """Unit -> sum of the entries that became known before the one at a place."""
    query = select(Entry.unit, func.sum(Entry.amount)).where(Entry.member_id == member_id, below(_ORDER, place))
    return {unit: int(total) for unit, total in session.execute(query.group_by(Entry.unit))}


def daily_sums(session: Session, member_id: int, units: Sequence[str]) -> dict[str, list[tuple[date, int]]]:
    """Unit -> what was posted on each day on which something was, first to last."""
    query = select(Entry.unit, Entry.posted_on, func.sum(Entry.amount)).where(Entry.member_id == member_id)
    query = query.where(Entry.unit.in_(units)).group_by(Entry.unit, Entry.posted_on).order_by(Entry.posted_on)
    found: dict[str, list[tuple[date, int]]] = {}
    for unit, day, total in session.execute(query):
        found.setdefault(unit, []).append((day, int(total)))
    return found


def entries_between(session: Session, member_id: int, first: date, until: date) -> Sequence[Row[Any]]:
    """A member's entries that were posted in [first, until), in the order in which they became known."""
    table = Entry.__table__
    span = (table.c.posted_on >= first, table.c.posted_on < until)
    return session.execute(select(table).where(table.c.member_id == member_id, *span).order_by(*_ORDER)).all()
