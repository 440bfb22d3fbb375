"""What became known of some members in a time, read in a constant number of statements."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.tables import Request, RequestChange, Service
from loyalty.earning.tables import Activity, Reversal
from loyalty.ledger.tables import Entry
from loyalty.members.tables import Member
from loyalty.messages.webhook_facts import Known
from loyalty.status.rewards import awards_of
from loyalty.status.tables import StatusChange
from loyalty.store import among, pairs

_MEMBER, _CHANGE, _ACTIVITY = Member.__table__, StatusChange.__table__, Activity.__table__
_REVERSAL, _ENTRY = Reversal.__table__, Entry.__table__
_REQUEST, _LOG, _SERVICE = Request.__table__, RequestChange.__table__, Service.__table__


def known_of(session: Session, ids: Sequence[int], since: datetime) -> dict[int, Known]:
    """The logs of some members from an instant on, by member_id; all of their awards, which are few."""
    numbers = session.execute(select(_MEMBER.c.member_id, _MEMBER.c.number).where(among(session, _MEMBER.c.member_id, ids)))
    found = {member_id: Known(number) for member_id, number in numbers}
    activities, reversals = _activities(session, ids, since), _reversals(session, ids, since)
    amounts = _amounts(session, {(row.member_id, row.activity_id) for row in (*activities, *reversals)})
    columns: tuple[tuple[str, dict[int, Any]], ...] = (
        ("changes", _by_member(_changes(session, ids, since))),
        ("activities", _by_member(activities)),
        ("reversals", _by_member(reversals)),
        ("amounts", amounts),
        ("awards", awards_of(session, ids)),
        ("requests", _by_member(_requests(session, ids, since))),
    )
    for name, values in columns:
        for member_id, mine in values.items():
            setattr(found[member_id], name, mine)
    return found


def _by_member(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.member_id, []).append(row)
    return found


def _changes(session: Session, ids: Sequence[int], since: datetime) -> Sequence[Any]:
    mine = (among(session, _CHANGE.c.member_id, ids), _CHANGE.c.recorded_at >= since)
    return session.execute(select(_CHANGE).where(*mine)).all()


def _activities(session: Session, ids: Sequence[int], since: datetime) -> Sequence[Any]:
    mine = (among(session, _ACTIVITY.c.member_id, ids), _ACTIVITY.c.posted_at >= since)
    return session.execute(select(_ACTIVITY).where(*mine)).all()


def _reversals(session: Session, ids: Sequence[int], since: datetime) -> Sequence[Any]:
    """What was taken back, with the activity that it was."""
    same = (_REVERSAL.c.member_id == _ACTIVITY.c.member_id) & (_REVERSAL.c.activity_id == _ACTIVITY.c.activity_id)
    query = select(_ACTIVITY, _REVERSAL.c.posted_at.label("reversed_at"), _REVERSAL.c.corrected).join(_REVERSAL, same)
    mine = (among(session, _REVERSAL.c.member_id, ids), _REVERSAL.c.posted_at >= since)
    return session.execute(query.where(*mine)).all()


def _amounts(session: Session, causes: set[tuple[int, int]]) -> dict[int, dict[int, list[Any]]]:
    """The entries of some activities: by member and activity."""
    if not causes:
        return {}
    wanted = pairs(session, sorted(causes))
    match = (_ENTRY.c.member_id == wanted.c.a) & (_ENTRY.c.cause_id == wanted.c.b)
    found: dict[int, dict[int, list[Any]]] = {}
    for row in session.execute(select(_ENTRY).join(wanted, match)):
        found.setdefault(row.member_id, {}).setdefault(row.cause_id, []).append(row)
    return found


def _requests(session: Session, ids: Sequence[int], since: datetime) -> Sequence[Any]:
    query = (
        select(
            _LOG.c.member_id, _LOG.c.request_id, _LOG.c.n, _LOG.c.state, _LOG.c.reason, _LOG.c.at, _REQUEST.c.kind,
            _REQUEST.c.source, _REQUEST.c.key, _REQUEST.c.from_class, _REQUEST.c.to_class, _REQUEST.c.size,
            _SERVICE.c.kind.label("service_kind"), _SERVICE.c.key.label("service_key"), _SERVICE.c.starts_at, _SERVICE.c.zone,
        )
        .join(_REQUEST, (_REQUEST.c.member_id == _LOG.c.member_id) & (_REQUEST.c.request_id == _LOG.c.request_id))
        .join(_SERVICE, _SERVICE.c.service_id == _REQUEST.c.service_id)
        .where(among(session, _LOG.c.member_id, ids), _LOG.c.at >= since)
    )  # fmt: skip
    return session.execute(query).all()
