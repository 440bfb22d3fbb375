"""The order of locks: whoever changes requests first locks the members' standings, then the services, each kind once and in
order of its number. Nothing of a request is written but under the lock of its service."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.benefits.tables import Request, Service, ServiceClass
from loyalty.clock import day_of
from loyalty.i18n import At
from loyalty.store import among

#: The states of requests that are not at their end, and of those that hold units.
OPEN, GIVEN = ("pending", "waitlisted"), ("confirmed", "cleared")


def lock_services(session: Session, ids: Collection[int]) -> dict[int, Service]:
    """Services by number, locked until the transaction ends; unknown ones are left out.

    A transaction locks all services that it needs at once, after the standings of members and before anything else of
    requests. So no two can wait for each other.
    """
    query = select(Service).where(among(session, Service.service_id, sorted(set(ids)))).order_by(Service.service_id)
    found = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return {service.service_id: service for service in found}


def classes_of(session: Session, ids: Collection[int]) -> dict[int, dict[str, ServiceClass]]:
    """The classes of some services, by service and name, read under their lock."""
    query = select(ServiceClass).where(among(session, ServiceClass.service_id, sorted(set(ids))))
    found: dict[int, dict[str, ServiceClass]] = {service_id: {} for service_id in ids}
    for row in session.scalars(query.execution_options(populate_existing=True)):
        found[row.service_id][row.class_] = row
    return found


def requests_of(session: Session, ids: Collection[int], states: Sequence[str] = OPEN) -> list[Row[Any]]:
    """The requests of some services in some states, read under their lock."""
    table = Request.__table__
    query = select(table).where(among(session, table.c.service_id, sorted(set(ids))), table.c.state.in_(states))
    return list(session.execute(query.order_by(table.c.member_id, table.c.request_id)))


def note_look(service: Service, moment: datetime | None) -> None:
    """Note that a service is to be looked at by an instant."""
    if moment is not None and service.state == "open":
        service.look_at = moment if service.look_at is None else min(service.look_at, moment)


def is_due(service: Service, now: datetime) -> bool:
    """Whether a service is to be looked at by an instant."""
    return service.look_at is not None and service.look_at <= now


def service_day(service: Service) -> date:
    """The day of a service: that of its start in its own zone."""
    return day_of(service.starts_at, ZoneInfo(service.zone))


def local(instant: datetime, zone: str) -> At:
    """An instant as the clock of a service shows it."""
    return At(instant, zone)
