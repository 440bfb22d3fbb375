"""Windows worked out again when tiers change: for a chunk of members, in a constant number of statements."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, rules_for
from loyalty.benefits.changes import Became, Changes
from loyalty.benefits.clearing import ENGINE, edition_for, waits
from loyalty.benefits.judging import Judged, judge, wish_of
from loyalty.benefits.locking import OPEN, lock_services, note_look, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.tables import Request, RequestCompanion, Service
from loyalty.clock import day_of
from loyalty.program.load import Program
from loyalty.status.queries import Account
from loyalty.store import among


def work_windows_again(session: Session, program: Program, accounts: Sequence[Account], now: datetime) -> int:
    """Work out again the windows of the open requests in whose parties some locked accounts are; how many requests changed.

    Who may be given a unit by it is seen when the service is looked at, which is noted.
    """
    if not any(edition.requests.requests for edition in program.editions):
        return 0
    table, mine = Request.__table__, _open_of(session, accounts)
    services = lock_services(session, list(session.scalars(select(table.c.service_id).where(mine).distinct())))
    rows = [row for row in session.execute(select(table).where(mine)) if row.service_id in services] if services else []
    return _worked(session, program, services, rows, now)


def _open_of(session: Session, accounts: Sequence[Account]) -> Any:
    request, companion = Request.__table__, RequestCompanion.__table__
    with_them = (companion.c.member_id == request.c.member_id) & (companion.c.request_id == request.c.request_id)
    ids, numbers = [account.member_id for account in accounts], [account.number for account in accounts]
    theirs = select(companion.c.n).where(with_them, among(session, companion.c.number, numbers)).exists()
    return request.c.state.in_(OPEN) & or_(among(session, request.c.member_id, ids), theirs)


def _worked(session: Session, program: Program, services: dict[int, Service], rows: Sequence[Row[Any]], now: datetime) -> int:
    if not rows:
        return 0
    today = day_of(now, program.zone)
    edition = edition_for(program, today)
    found = [(row, wish_of(row), rules_for(program, edition, row.kind, row.edition), services[row.service_id]) for row in rows]
    known = known_for(session, program, [(wish, asked, service_day(service)) for _, wish, asked, service in found], today)
    changes = Changes(session, program, ENGINE, today, now)
    for row, wish, asked, service in found:
        judged = judge(asked, wish, known, today, service.starts_at, ZoneInfo(service.zone))
        _note(changes, row, judged, asked, service)
    written = changes.write()
    session.flush()
    return written


def _note(changes: Changes, row: Row[Any], judged: Judged, asked: Asked, service: Service) -> None:
    if judged.closes_at <= changes.now:
        return  # the next look ends it
    if judged.open_at(changes.now):
        became = Became("waitlisted", "window_open", {"queue": asked.queue(judged.queue)})
        moment: datetime | None = changes.now
    else:
        became = waits(changes.program, judged, service.zone, row.state == "waitlisted" or row.reason == "window_closed")
        moment = judged.opens_at
    if became.state != row.state or judged.opens_at != row.opens_at:
        note_look(service, moment)
    changes.add(row, became, became.state != row.state or judged.opens_at != row.opens_at, opens_at=judged.opens_at)
