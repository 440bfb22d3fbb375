"""Reads of cases."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.care.tables import Case, CaseChange
from loyalty.members.tables import Member


@dataclass(frozen=True)
class Told:
    """A case as it stands: whose, what it asks for, and its log from the first to the last row."""

    number: str
    key: str
    kind: str
    subject: str
    fields: dict[str, Any]
    state: str
    made_at: datetime
    log: tuple[dict[str, Any], ...]


def cases_of(session: Session, member_id: int, limit: int = 200) -> list[Told]:
    """A member's cases with their logs, the newest first."""
    number = session.scalar(select(Member.number).where(Member.member_id == member_id)) or ""
    query = select(Case).where(Case.member_id == member_id).order_by(Case.made_at.desc(), Case.case_id).limit(limit)
    cases = session.scalars(query).all()
    logs = _logs(session, member_id, [case.case_id for case in cases])
    return [_told(number, case, logs.get(case.case_id, ())) for case in cases]


def cases_in(session: Session, state: str | None, limit: int) -> list[Told]:
    """Cases of all members in a state, or in any, the oldest first, without their logs: what staff have to do."""
    query = select(Member.number, Case).join(Member, Member.member_id == Case.member_id)
    if state is not None:
        query = query.where(Case.state == state)
    rows = session.execute(query.order_by(Case.made_at, Case.member_id, Case.case_id).limit(limit))
    return [_told(number, case, ()) for number, case in rows]


def _logs(session: Session, member_id: int, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    query = select(CaseChange).where(CaseChange.member_id == member_id, CaseChange.case_id.in_(ids))
    found: dict[int, list[dict[str, Any]]] = {}
    for row in session.scalars(query.order_by(CaseChange.case_id, CaseChange.n)):
        told = {name: getattr(row, name) for name in ("state", "author", "text", "source", "key", "at")}
        found.setdefault(row.case_id, []).append(told)
    return found


def _told(number: str, case: Case, log: Sequence[dict[str, Any]]) -> Told:
    fields = json.loads(case.fields)
    return Told(number, case.key, case.kind, case.subject, fields, case.state, case.made_at, tuple(log))
