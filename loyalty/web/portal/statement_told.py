"""A member's statement of a month or a year as plain values: balances, entries, status of the period."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from loyalty.earning.queries import Explained, explained
from loyalty.earning.records import Record, causes_of
from loyalty.ledger.queries import balances, entries_between
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.status.queries import spans_of
from loyalty.status.words import tier_name, unit_of
from loyalty.web.portal.activity_told import Teller


@dataclass(frozen=True)
class Period:
    """A month or a year: its days [first, until)."""

    first: date
    until: date

    @property
    def name(self) -> str:
        """How an address has it: 2026-05, 2026."""
        return self.first.strftime("%Y-%m" if self.is_month else "%Y")

    @property
    def is_month(self) -> bool:
        return (self.until - self.first).days < 32


def period_of(text: str) -> Period | None:
    """The period that an address names; none where it names none."""
    found = re.fullmatch(r"(20[0-9]{2})(?:-(0[1-9]|1[0-2]))?", text)
    if found is None:
        return None
    year, month = int(found[1]), int(found[2] or 0)
    if not month:
        return Period(date(year, 1, 1), date(year + 1, 1, 1))
    return Period(date(year, month, 1), date(year + month // 12, month % 12 + 1, 1))


@dataclass(frozen=True)
class Statement:
    """What a statement tells. `balances` are name, opening, change and closing of each spendable unit; `units` the names of
    those that `rows` have amounts of, each row a day, what it was, its fields, and an amount or none for each unit; `spans`
    are tier, first and last day in the period, the last none where it goes on."""

    period: Period
    balances: list[tuple[str, Decimal, Decimal, Decimal]]
    units: list[str]
    rows: list[dict[str, Any]]
    spans: list[tuple[str, date, date | None]]


def statement(session: Session, teller: Teller, member: Member, period: Period) -> Statement:
    """The statement of a member for a period, by the days on which entries were posted."""
    opening, closing = (balances(session, member.member_id, day) for day in (period.first, period.until))
    rows = entries_between(session, member.member_id, period.first, period.until)
    told = explained(session, teller.program, member, rows, teller.language)
    names = dict.fromkeys(name for edition in reversed(teller.program.editions) for name in edition.units.units)
    units = [name for name in names if any(row.unit == name for row in rows)]
    spendable = [name for name in names if unit_of(teller.program, name).kind == "points"]
    sums = [tuple(_exact(teller.program, unit, one.get(unit, 0)) for one in (opening, closing)) for unit in spendable]
    return Statement(
        period,
        [(teller.unit(unit), first, last - first, last) for unit, (first, last) in zip(spendable, sums, strict=True)],
        [teller.unit(name) for name in units],
        _rows(session, teller, member, rows, told, units),
        _spans(session, teller, member.member_id, period),
    )


def _exact(program: Program, unit: str, amount: int) -> Decimal:
    return Decimal(amount).scaleb(-unit_of(program, unit).decimals)


def _rows(
    session: Session, teller: Teller, member: Member, rows: Sequence[Any], told: Sequence[Explained], units: Sequence[str]
) -> list[dict[str, Any]]:
    """A row for each day and cause, in the order in which they became known."""
    activities, adjusted = causes_of(session, member.member_id, [row.cause_id for row in rows])
    groups: dict[tuple[date, date, int, bool], list[Explained]] = {}
    for row, entry in zip(rows, told, strict=True):
        groups.setdefault((row.posted_on, row.on, row.cause_id, row.kind == "reversal"), []).append(entry)
    found = []
    for (posted_on, on, cause, undone), entries in groups.items():
        activity = activities.get(cause)
        record = Record(on, cause, activity, None, adjusted.get(cause), tuple(entries))
        found.append({
            "posted_on": posted_on, "on": on, "what": teller.title(record), "undone": undone,
            "details": " · ".join(teller.brief(activity)) or entries[0].reason,
            "amounts": _amounts(entries, units),
        })  # fmt: skip
    return found


def _amounts(entries: Sequence[Explained], units: Sequence[str]) -> list[Decimal | None]:
    sums: Mapping[str, list[Decimal]] = {
        unit: [Decimal(entry.amount) for entry in entries if entry.unit == unit] for unit in units
    }
    return [sum(amounts, Decimal(0)) if amounts else None for amounts in sums.values()]


def _spans(session: Session, teller: Teller, member_id: int, period: Period) -> list[tuple[str, date, date | None]]:
    """The tiers held in the period, one after the other, spans of the same tier told as one."""
    found: list[tuple[str, date, date | None]] = []
    for span in spans_of(session, [member_id]).get(member_id, []):
        if span.begins < period.until and (span.until is None or span.until > period.first):
            name = tier_name(teller.program, span.tier, teller.language.code)
            last = None if span.until is None or span.until >= period.until else span.until - timedelta(days=1)
            begins = max(span.begins, period.first)
            if found and found[-1][0] == name:
                begins = found.pop()[1]
            found.append((name, begins, last))
    return found
