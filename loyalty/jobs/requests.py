"""The jobs of requests: windows opened for all whose time has come, services looked at one by one.

Each commits in parts that are whole by themselves: killed at any moment and run again, it ends the same.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from loyalty.benefits.clearing import ENGINE, clear
from loyalty.benefits.locking import is_due, lock_services
from loyalty.benefits.tables import Request, RequestChange, Service
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.members.telling import note
from loyalty.store import among

WINDOWS, CLEAR = "windows", "clear"
#: Requests opened in one transaction, at about.
CHUNK = 10_000
#: Services taken up at a time.
SERVICES = 500
_REQUEST, _SERVICE = cast(Table, Request.__table__), cast(Table, Service.__table__)


class Done(NamedTuple):
    """What a job did: items taken up, changes made, and the error of each item that failed."""

    items: int
    changes: int
    failures: dict[int, Exception]


def windows(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """The job `windows`: every request whose window has opened by `now` stands in its queue."""
    return _run(deployment, key, now, lambda: open_windows(deployment, now, progress))


def clearing(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """The job `clear`: every service that is to be looked at by `now` is, each in a transaction of its own.

    One that fails is recorded and stops no other; it is looked at again by the next run.
    """
    return _run(deployment, key, now, lambda: clear_due(deployment, now, progress))


def _run(deployment: Deployment, key: RunKey, now: datetime, work: Callable[[], Done]) -> Result:
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    done = work() if begun else Done(0, 0, {})
    with deployment.store.transaction() as session:
        for item, error in done.failures.items():
            runs.fail(session, key, item, error)
        if begun:
            runs.tally(session, key, done.items, done.changes)
        return runs.finish(session, key, now)


def _silent(_done: int, _total: int) -> None:
    """No progress told."""


# --- windows ----------------------------------------------------------------------------------------------------


def open_windows(deployment: Deployment, now: datetime, progress: Progress = _silent, size: int = CHUNK) -> Done:
    """Open every window whose time has come; the services are then to be looked at from the moment of the first."""
    opened = 0
    while True:
        with deployment.store.transaction() as session:
            more = open_some(session, now, size)
        opened += more
        progress(opened, opened)
        if not more:
            return Done(opened, opened, {})


def open_some(session: Session, now: datetime, size: int) -> int:
    """Open the windows of about so many requests, those of the earliest first; how many. A constant number of statements."""
    due = (_REQUEST.c.state == "pending", _REQUEST.c.opens_at <= now)
    first = select(_REQUEST.c.service_id).where(*due).order_by(_REQUEST.c.opens_at).limit(size).subquery()
    found = session.execute(select(first.c.service_id).distinct().order_by(first.c.service_id)).scalars().all()
    if not found:
        return 0
    services = select(_SERVICE.c.service_id).where(among(session, _SERVICE.c.service_id, found))
    session.execute(services.order_by(_SERVICE.c.service_id).with_for_update()).all()
    _note(session, found, due)
    return _opened(session, (among(session, _REQUEST.c.service_id, found), *due), now)


def _note(session: Session, found: Sequence[int], due: Sequence[Any]) -> None:
    """Note that services are to be looked at from the moment at which the first window opened."""
    first = select(func.min(_REQUEST.c.opens_at)).where(_REQUEST.c.service_id == _SERVICE.c.service_id, *due).scalar_subquery()
    later = or_(_SERVICE.c.look_at.is_(None), _SERVICE.c.look_at > first)
    theirs = (among(session, _SERVICE.c.service_id, found), _SERVICE.c.state == "open", later)
    session.execute(update(_SERVICE).where(*theirs).values(look_at=first))


def _opened(session: Session, theirs: Sequence[Any], now: datetime) -> int:
    """Log and change the same requests: under the lock of their services they stay the same from one statement to the next."""
    came = {"state": "waitlisted", "reason": "window_come", "details": "{}"}
    log = {**came, "author": ENGINE, "at": now}
    values = [literal(value, RequestChange.__table__.c[name].type) for name, value in log.items()]
    lines = select(_REQUEST.c.member_id, _REQUEST.c.request_id, _REQUEST.c.changes, *values).where(*theirs)
    session.execute(insert(RequestChange).from_select(["member_id", "request_id", "n", *log], lines))
    members = select(_REQUEST.c.member_id).where(*theirs).distinct().order_by(_REQUEST.c.member_id)
    note(session, list(session.scalars(members)), now)
    changed = session.connection().execute(update(_REQUEST).where(*theirs).values(**came, changes=_REQUEST.c.changes + 1))
    return changed.rowcount


# --- clearing ---------------------------------------------------------------------------------------------------


def clear_due(deployment: Deployment, now: datetime, progress: Progress = _silent) -> Done:
    """Look at every service that is due, the longest due first."""
    failures: dict[int, Exception] = {}
    looked = changes = 0
    while ids := _due(deployment, now, failures):
        for service_id in ids:
            try:
                with deployment.store.transaction() as session:
                    changes += clear_one(session, deployment, service_id, now)
            except Exception as error:
                failures[service_id] = error
            looked += 1
            progress(looked, looked)
    return Done(looked - len(failures), changes, failures)


def clear_one(session: Session, deployment: Deployment, service_id: int, now: datetime, always: bool = False) -> int:
    """Look at one service, if it is still due, or always; how many requests changed."""
    service = lock_services(session, [service_id]).get(service_id)
    if service is None or not (always or is_due(service, now)):
        return 0
    looked = clear(session, deployment.program, service, now)
    return looked.given + looked.changed


def _due(deployment: Deployment, now: datetime, failures: dict[int, Exception]) -> list[int]:
    query = select(_SERVICE.c.service_id).where(_SERVICE.c.look_at <= now)
    query = query.order_by(_SERVICE.c.look_at, _SERVICE.c.service_id).limit(SERVICES + len(failures))
    with deployment.store.reading() as session:
        return [service_id for service_id in session.scalars(query) if service_id not in failures]
