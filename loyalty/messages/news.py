"""What is new about a chunk of members, read in as many statements as there are kinds of rows, however many members."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.tables import Request, RequestChange, Service
from loyalty.clock import start_of
from loyalty.earning.tables import Activity
from loyalty.ledger.tables import Entry
from loyalty.members.consent import consents_of, digests_of
from loyalty.members.tables import Member, Notice
from loyalty.messages.facts import Choosing, Person, Posted
from loyalty.program.load import Program
from loyalty.status.booked import Booked, is_open
from loyalty.status.queries import changes_since, read_accounts
from loyalty.status.rewards import awards_of
from loyalty.store import among


@dataclass(frozen=True)
class Noted:
    """A notice, its fields read."""

    notice_id: int
    source: str
    fields: Mapping[str, Any]
    address: str
    at: datetime


def people(session: Session, program: Program, ids: Sequence[int], sources: Set[str], today: date, back: int) -> list[Person]:
    """Some members with what happened in the last `back` days, as far as some sources ask for it; in the order of member_id."""
    since = today - timedelta(days=back)
    found = {account.member_id: account for account in read_accounts(session, ids)}
    told = _profiles(session, ids)
    persons = {
        member_id: Person(account, *told[member_id][:3], json.loads(account.attributes)) for member_id, account in found.items()
    }
    _join(persons, "consents", consents_of(session, ids))
    if "status_change" in sources:
        _join(persons, "changes", changes_since(session, ids, since))
    if sources & {"award", "choosing"}:
        _awarded(session, program, persons, today)
    if sources & {"activity", "period"}:
        first = min(since, (today.replace(day=1) - timedelta(days=1)).replace(day=1))
        _join(persons, "posted", posted(session, program, ids, first))
        _join(persons, "digests", digests_of(session, ids))
    if "request" in sources:
        _join(persons, "requests", _requests(session, ids, start_of(since, program.zone)))
    if sources & {"security", "survey"}:
        _join(persons, "notices", _notices(session, ids, start_of(since, program.zone)))
    return list(persons.values())


def _join(persons: Mapping[int, Person], name: str, values: Mapping[int, Any]) -> None:
    for member_id, value in values.items():
        if member_id in persons:
            setattr(persons[member_id], name, value)


def _profiles(session: Session, ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    columns = (Member.member_id, Member.name, Member.email, Member.language)
    rows = session.execute(select(*columns).where(among(session, Member.member_id, ids)))
    return {member_id: (name, email, language) for member_id, name, email, language in rows}


def _awarded(session: Session, program: Program, persons: Mapping[int, Person], today: date) -> None:
    for member_id, rows in awards_of(session, list(persons)).items():
        persons[member_id].awards = rows
        persons[member_id].choices = [_choosing(row) for row in rows if is_open(program, row, today)]


def _choosing(row: Booked) -> Choosing:
    assert row.choose_by is not None
    return Choosing(row.name, str(row.n), row.awarded_on, row.choose_by, row)


def posted(session: Session, program: Program, ids: Sequence[int], first: date) -> dict[int, list[Posted]]:
    """The activity of some members posted on a day or later that has not been reversed, in the order of its days."""
    activity, entry = Activity.__table__, Entry.__table__
    amounts: dict[tuple[int, int], dict[str, int]] = {}
    booked: set[tuple[int, int]] = set()
    columns = (entry.c.member_id, entry.c.cause_id, entry.c.unit, entry.c.amount)
    for member_id, cause, unit, amount in session.execute(
        select(*columns).where(among(session, entry.c.member_id, ids), entry.c.posted_on >= first)
    ):
        mine = amounts.setdefault((member_id, cause), {})
        mine[unit] = mine.get(unit, 0) + amount
        booked.add((member_id, cause))
    found: dict[int, list[Posted]] = {}
    query = select(activity).where(among(session, activity.c.member_id, ids))
    for row in session.execute(query.where(activity.c.posted_at >= start_of(first, program.zone))):
        key = (row.member_id, row.activity_id)
        left = {unit: amount for unit, amount in amounts.get(key, {}).items() if amount}
        if left or key not in booked:
            one = Posted(row.activity_id, row.kind, row.on, row.posted_at, row.edition, json.loads(row.fields), left)
            found.setdefault(row.member_id, []).append(one)
    return {member_id: sorted(mine, key=lambda one: (one.on, one.activity_id)) for member_id, mine in found.items()}


def _requests(session: Session, ids: Sequence[int], since: datetime) -> dict[int, list[Any]]:
    log, asked, service = RequestChange.__table__, Request.__table__, Service.__table__
    query = (
        select(
            log.c.member_id, log.c.request_id, log.c.n, log.c.state, log.c.reason, log.c.details, log.c.at,
            asked.c.kind, asked.c.edition, asked.c.from_class, asked.c.to_class, asked.c.opens_at,
            service.c.kind.label("service"), service.c.key, service.c.starts_at, service.c.zone, service.c.fields,
        )
        .join(asked, (asked.c.member_id == log.c.member_id) & (asked.c.request_id == log.c.request_id))
        .join(service, service.c.service_id == asked.c.service_id)
        .where(among(session, log.c.member_id, ids), log.c.at >= since)
        .order_by(log.c.member_id, log.c.at, log.c.request_id, log.c.n)
    )  # fmt: skip
    return _grouped(session.execute(query), lambda row: row)


def _notices(session: Session, ids: Sequence[int], since: datetime) -> dict[int, list[Any]]:
    query = select(Notice.__table__).where(among(session, Notice.member_id, ids), Notice.at >= since).order_by(Notice.at)
    return _grouped(
        session.execute(query), lambda row: Noted(row.notice_id, row.source, json.loads(row.fields), row.address, row.at)
    )


def _grouped(rows: Iterable[Any], read: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(read(row))
    return found
