"""Reads of status: accounts to work on, histories to fold, the tier of any day."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from loyalty.clock import ticks
from loyalty.ledger.queries import counted
from loyalty.members.rules import attribute_values
from loyalty.members.tables import AttributeChange, Member
from loyalty.program.models import Attribute
from loyalty.status.claims import Entry, Fact, History
from loyalty.status.compiled import Rules
from loyalty.status.evidence import read_evidence
from loyalty.status.tables import Standing, StatusChange, StatusFact, TierSpan
from loyalty.status.windows import FAR
from loyalty.store import among


@dataclass(slots=True)
class Account:
    """A member with the standing last folded: what an operation works on, locked until the transaction ends."""

    member_id: int
    number: str
    enrolled_on: date
    left_on: date | None
    attributes: str
    tier: str | None
    opening: str | None
    begins: date | None
    until: date | None
    source: str
    review_on: date | None
    folded_on: date | None
    facts: int
    spans: int
    changes: int
    spans_digest: int

    def due(self, day: date) -> None:
        """Note, here and not in the database, that facts of a day are still to be folded."""
        self.review_on = day if self.review_on is None else min(self.review_on, day)


#: Values of attributes with the day from which they are known.
Traits = list[tuple[int, tuple[Any, ...]]]
_FIELDS = tuple(Account.__dataclass_fields__)
_MEMBER, _STANDING = Member.__table__, Standing.__table__
_ACCOUNT = (
    select(*(_MEMBER.c[name] for name in _FIELDS[:5]), *(_STANDING.c[name] for name in _FIELDS[5:]))
    .join(_STANDING, _STANDING.c.member_id == _MEMBER.c.member_id)
    .order_by(_MEMBER.c.member_id)
)


def lock_numbers(session: Session, numbers: Sequence[str]) -> dict[str, Account]:
    """The accounts of some member numbers, locked in one order; unknown numbers are left out."""
    query = _ACCOUNT.where(among(session, _MEMBER.c.number, numbers)).with_for_update(of=_STANDING)
    return {row.number: Account(*row) for row in session.execute(query)}


def lock_stretch(session: Session, first: int, last: int, due_on: date | None) -> list[Account]:
    """The accounts of a stretch of members, locked; with `due_on`, of those to review by that day."""
    query = _ACCOUNT.where(_STANDING.c.member_id.between(first, last)).with_for_update(of=_STANDING)
    if due_on is not None:
        query = query.where(_STANDING.c.review_on <= due_on)
    return [Account(*row) for row in session.execute(query)]


def read_stretch(session: Session, first: int, last: int) -> list[Account]:
    """The accounts of a stretch of members to read, not locked."""
    return [Account(*row) for row in session.execute(_ACCOUNT.where(_STANDING.c.member_id.between(first, last)))]


def read_accounts(session: Session, ids: Sequence[int]) -> list[Account]:
    """The accounts of some members to read, by member_id, not locked."""
    return [Account(*row) for row in session.execute(_ACCOUNT.where(among(session, _MEMBER.c.member_id, ids)))]


def histories(session: Session, rules: Rules, accounts: Sequence[Account], whole: bool = False) -> dict[int, History]:
    """The whole history of each account, by member_id. `whole` reads the stretch from the first to the last at once."""
    if not accounts:
        return {}
    ids = [] if whole else [account.member_id for account in accounts]
    entries = _entries(session, rules, accounts[0].member_id, accounts[-1].member_id, ids)
    facts = _facts(session, rules, [account.member_id for account in accounts if account.facts])
    traits = traits_of(session, rules, accounts)
    return {
        account.member_id: History(
            account.enrolled_on.toordinal(),
            account.left_on.toordinal() if account.left_on else None,
            entries.get(account.member_id, ()),
            facts.get(account.member_id, ()),
            traits.get(account.member_id, ()),
        )
        for account in accounts
    }


def _entries(session: Session, rules: Rules, first: int, last: int, ids: Sequence[int]) -> dict[int, list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for member_id, mine in counted(session, first, last, rules.counters, ids):
        mine.sort()
        found[member_id] = mine
    return found


def traits_of(session: Session, rules: Rules, accounts: Sequence[Account]) -> dict[int, Traits]:
    """Each member's attributes with the days from which they are known, where a rule of the ladder asks for them."""
    return attributes_of(session, rules.attributes, accounts) if rules.asks else {}


def attributes_of(session: Session, known: Mapping[str, Attribute], accounts: Sequence[Account]) -> dict[int, Traits]:
    """Each member's attributes, in the program's order, with the days from which they are known."""
    found: dict[int, Traits] = {
        account.member_id: [(account.enrolled_on.toordinal(), attribute_values(known, account.attributes))]
        for account in accounts
    }
    table = AttributeChange.__table__
    changed = select(table).where(among(session, table.c.member_id, list(found))).order_by(table.c.member_id, table.c.n)
    for member_id, rows in groupby(session.execute(changed), itemgetter(0)):
        found[member_id] = [(row.known_on.toordinal(), attribute_values(known, row.attributes)) for row in rows]
    return found


def _facts(session: Session, rules: Rules, ids: Sequence[int]) -> dict[int, list[Fact]]:
    if not ids:
        return {}
    found: dict[int, list[Fact]] = {}
    for row in session.scalars(select(StatusFact).where(among(session, StatusFact.member_id, ids))):
        found.setdefault(row.member_id, []).append(_fact(rules, row))
    return found


def _fact(rules: Rules, row: StatusFact) -> Fact:
    until = row.until.toordinal() if row.until else FAR
    return Fact(
        row.posted_on.toordinal(), row.fact_id, row.kind, rules.tiers.index(row.tier), row.begins.toordinal(), until,
        row.revokes, ticks(row.posted_at), read_evidence(row.evidence).get("window"),
        row.offer,
    )  # fmt: skip


def history_from(session: Session, rules: Rules, account: Account, facts: Mapping[int, StatusFact]) -> History:
    """One member's history without entries, from the facts about status that are read already."""
    told = [_fact(rules, row) for row in facts.values()]
    left = account.left_on.toordinal() if account.left_on else None
    traits = traits_of(session, rules, [account]).get(account.member_id, ())
    return History(account.enrolled_on.toordinal(), left, (), told, traits)


def history_of(session: Session, rules: Rules, account: Account) -> tuple[History, dict[int, StatusFact]]:
    """One member's whole history, and the facts about status in it by id, each read once; always as many statements."""
    facts = facts_of(session, account.member_id)
    history = history_from(session, rules, account, facts)
    mine = account.member_id
    return history._replace(entries=_entries(session, rules, mine, mine, [mine]).get(mine, ())), facts


# --- what is known now ------------------------------------------------------------------------------------------


def spans_of(session: Session, ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    """The cached timeline of each member, first span first."""
    table = TierSpan.__table__
    rows = session.execute(select(table).where(among(session, table.c.member_id, ids)).order_by(table.c.member_id, table.c.n))
    return {member_id: list(mine) for member_id, mine in groupby(rows, itemgetter(0))}


def tier_on(spans: Sequence[Row[Any]], day: date) -> str | None:
    """The tier of a day by the cached timeline; none before enrolment and after leaving."""
    return next((span.tier for span in spans if span.begins <= day and (span.until is None or day < span.until)), None)


def opening_tier(spans: Sequence[Row[Any]], day: date, base: str) -> str:
    """The tier with which a day opened: what activity of that day is judged with; the base tier outside membership."""
    for span in spans:
        if span.begins <= day and (span.until is None or day < span.until):
            return str(span.opening if span.begins == day else span.tier)
    return base


def ladder_count(session: Session, day: date, by_source: bool = False) -> list[Row[Any]]:
    """(tier, source where asked for, members) on a day: each member in exactly one tier, those who had left in none."""
    holds = (TierSpan.begins <= day, or_(TierSpan.until.is_(None), TierSpan.until > day))
    parts = [TierSpan.tier, TierSpan.source] if by_source else [TierSpan.tier]
    return list(session.execute(select(*parts, func.count().label("members")).where(*holds).group_by(*parts)))


def changes_of(session: Session, member_id: int) -> list[StatusChange]:
    """The log of a member's status changes, first to last."""
    return list(session.scalars(select(StatusChange).where(StatusChange.member_id == member_id).order_by(StatusChange.n)))


def changes_since(session: Session, ids: Sequence[int], day: date) -> dict[int, list[Row[Any]]]:
    """The status changes of some members that took effect on a day or later, by member_id, first to last."""
    table = StatusChange.__table__
    query = select(table).where(among(session, table.c.member_id, ids), table.c.effective_on >= day)
    rows = session.execute(query.order_by(table.c.member_id, table.c.n))
    return {member_id: list(mine) for member_id, mine in groupby(rows, itemgetter(0))}


def due_count(session: Session, day: date) -> int:
    """How many members are to be reviewed by a day."""
    return session.scalar(select(func.count()).select_from(Standing).where(Standing.review_on <= day)) or 0


def export(session: Session, day: date) -> Iterator[str]:
    """Every member with the tier of a day as one JSON object a line, by member_id; tier null outside membership."""
    span = TierSpan.__table__
    holds = (span.c.begins <= day) & (span.c.until.is_(None) | (span.c.until > day))
    rows = session.execute(
        select(_MEMBER, span.c.tier)
        .join(span, (span.c.member_id == _MEMBER.c.member_id) & holds, isouter=True)
        .order_by(_MEMBER.c.member_id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        values = {name: getattr(row, name) for name in ("number", "enrolled_on", "left_on", "tier")}
        yield json.dumps({**values, "attributes": json.loads(row.attributes)}, ensure_ascii=False, default=str)


def account_read(session: Session, number: str) -> Account | None:
    """A member's account to read, not locked."""
    row = session.execute(_ACCOUNT.where(_MEMBER.c.number == number)).one_or_none()
    return None if row is None else Account(*row)


def facts_of_all(session: Session, ids: Sequence[int]) -> dict[int, dict[int, StatusFact]]:
    """The facts about status of some members, by member_id and id."""
    found: dict[int, dict[int, StatusFact]] = {}
    for row in session.scalars(select(StatusFact).where(among(session, StatusFact.member_id, ids))):
        found.setdefault(row.member_id, {})[row.fact_id] = row
    return found


def facts_of(session: Session, member_id: int) -> dict[int, StatusFact]:
    """A member's facts about status, by id."""
    return {row.fact_id: row for row in session.scalars(select(StatusFact).where(StatusFact.member_id == member_id))}
