"""How everybody books: entries are added, and undone by entries; nothing is ever changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import LARGEST, digest
from loyalty.ledger.tables import Adjustment, Entry
from loyalty.program.load import Program
from loyalty.program.models import Unit
from loyalty.program.problems import listed, nearest
from loyalty.store import insert, pairs

COLUMNS = ("member_id", "cause_id", "n", "unit", "amount", "on", "posted_on", "posted_at", "kind", "account", "line",
           "reverses", "basis")  # fmt: skip
#: A row of entry in the order of COLUMNS.
Row = tuple[int, int, int, str, int, date, date, datetime, str, str, str | None, int | None, str | None]


def post(session: Session, rows: Sequence[Row]) -> None:
    """Add entries. Raises Refused: `amount_too_large` beyond 63 bits; the key of (member, cause, n) guards a repeat."""
    beyond = [row for row in rows if not -LARGEST <= row[4] <= LARGEST]
    if beyond:
        raise Refused("amount_too_large", unit=beyond[0][3], amount=beyond[0][4])
    insert(session, Entry, COLUMNS, rows)


def undo(session: Session, causes: Mapping[tuple[int, int], date], now: datetime) -> None:
    """Reverse every entry of some causes, (member_id, cause_id) -> the day from which it is known.

    New entries with the same `on`, posted now; known from that day, but never before what they undo.
    """
    keys = pairs(session, list(causes))
    table = Entry.__table__
    found = session.execute(
        select(*(table.c[name] for name in COLUMNS))
        .join(keys, (table.c.member_id == keys.c.a) & (table.c.cause_id == keys.c.b))
        .order_by(table.c.member_id, table.c.cause_id, table.c.n)
    ).all()
    last = {(row.member_id, row.cause_id): row.n for row in found}
    undone = {(row.member_id, row.cause_id, row.reverses) for row in found if row.kind == "reversal"}
    rows: list[Row] = []
    for row in found:
        key = (row.member_id, row.cause_id)
        if row.kind == "reversal" or (*key, row.n) in undone:
            continue
        last[key] += 1
        rows.append(
            (
                *key,
                last[key],
                row.unit,
                -row.amount,
                row.on,
                max(causes[key], row.posted_on),
                now,
                "reversal",
                row.account,
                row.line,
                row.n,
                None,
            )
        )
    post(session, rows)


@dataclass(frozen=True)
class Correction:
    """Amounts to book by hand, by unit in decimal text, with a key, who and why; `kind` is adjustment or opening."""

    amounts: Mapping[str, str | int]
    on: date
    author: str
    reason: str
    key: str
    kind: str = "adjustment"


def adjust(
    session: Session,
    program: Program,
    member_id: int,
    correction: Correction,
    now: datetime,
    posted_on: date | None = None,
) -> bool:
    """Book a correction or an opening balance; False where the same key had booked the same before.

    Raises Refused: `unknown_unit`, `bad_amount`, `edition_missing`, or `key_reused` for another input under the key.
    """
    units = _units(program, correction.on)
    amounts = [(unit, smallest(units, unit, amount)) for unit, amount in correction.amounts.items()]
    cause = digest("adjustment", correction.key)
    told = digest(str(amounts), str(correction.on), correction.author, correction.reason, correction.kind)
    before = session.get(Adjustment, (member_id, cause))
    if before is not None:
        if before.input_hash != told:
            raise Refused("key_reused", key=correction.key, source="adjustment")
        return False
    session.add(Adjustment(
        member_id=member_id, cause_id=cause, key=correction.key, input_hash=told, author=correction.author,
        reason=correction.reason, posted_at=now,
    ))  # fmt: skip
    session.flush()
    day = posted_on or day_of(now, program.zone)
    post(session, [
        (member_id, cause, n, unit, amount, correction.on, day, now, correction.kind, correction.kind, None, None, None)
        for n, (unit, amount) in enumerate(amounts) if amount
    ])  # fmt: skip
    return True


def _units(program: Program, on: date) -> Mapping[str, Unit]:
    edition = program.edition_on(on)
    if edition is None:
        raise Refused("edition_missing", program=program.id, on=on, first=program.editions[0].begins)
    return edition.units.units


def smallest(units: Mapping[str, Unit], unit: str, amount: Any) -> int:
    """A decimal text or whole number in the unit's smallest step. Raises Refused: `unknown_unit`, `bad_amount`."""
    if unit not in units:
        raise Refused("unknown_unit", unit=unit, allowed=listed(units), nearest=nearest(unit, units))
    decimals = units[unit].decimals
    try:
        steps = Decimal(amount).scaleb(decimals) if not isinstance(amount, float) else Decimal("nan")
    except (InvalidOperation, ValueError, TypeError):
        steps = Decimal("nan")
    if not steps.is_finite() or steps != steps.to_integral_value() or abs(steps) > LARGEST:
        raise Refused(
            "bad_amount",
            unit=Named(unit, units[unit].name),
            amount=amount,
            allowed=Text(_("a number with at most {decimals} decimals"), decimals=decimals),
        )
    return int(steps)


def shown(amount: int, decimals: int) -> str:
    """An amount for people and exports: 12345 of one decimal -> 1234.5, 20 -> 2."""
    return format((Decimal(amount).scaleb(-decimals)).normalize() + 0, "f") if amount else "0"
