"""Services by departure: found by day, key, kind, state and fields, a page at a time, each with its units and who waits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from loyalty.benefits.locking import GIVEN, OPEN
from loyalty.benefits.tables import Request, Service, ServiceClass
from loyalty.keys import dumps
from loyalty.store import among


@dataclass(frozen=True)
class Sought:
    """Which services: those that start in [`first`, `last`), whose key begins so, of a kind and a state if these are named, and
    whose fields begin so, by name."""

    first: datetime
    last: datetime
    key: str = ""
    kind: str = ""
    state: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stock:
    """One class of a service: its units, how many of them are `taken`, and its live requests: how many stand in the queue, for
    how many travellers, how many are pending, how many were given; `opens_at` is when the first window opened, or opens."""

    units: int = 0
    taken: int = 0
    waiting: int = 0
    travellers: int = 0
    pending: int = 0
    given: int = 0
    opens_at: datetime | None = None

    @property
    def free(self) -> int:
        """Units that are not given."""
        return self.units - self.taken


def departures(session: Session, sought: Sought, after: tuple[datetime, int] | None, limit: int) -> Sequence[Service]:
    """The first services that are sought, by their start and then their number; those after one, to go on from a page."""
    query = select(Service).where(Service.starts_at >= sought.first, Service.starts_at < sought.last)
    if sought.key:
        query = query.where(func.lower(Service.key).startswith(sought.key.lower(), autoescape=True))
    for name in ("kind", "state"):
        if getattr(sought, name):
            query = query.where(getattr(Service, name) == getattr(sought, name))
    for name, value in sought.fields.items():
        # fields are kept as JSON in one spelling: what is within a text has its quotes escaped, so this is the field itself
        text = f"{dumps(name)}:{dumps(value)[:-1]}"
        query = query.where(func.lower(Service.fields).contains(text.lower(), autoescape=True))
    if after is not None:
        query = query.where(tuple_(Service.starts_at, Service.service_id) > after)
    return session.scalars(query.order_by(Service.starts_at, Service.service_id).limit(limit)).all()


def stocks(session: Session, ids: Iterable[int]) -> dict[int, dict[str, Stock]]:
    """By service and class: its units and its live requests. Two statements."""
    wanted = sorted(set(ids))
    found: dict[int, dict[str, Stock]] = {number: {} for number in wanted}
    for row in session.scalars(select(ServiceClass).where(among(session, ServiceClass.service_id, wanted))):
        found[row.service_id][row.class_] = Stock(row.units, row.taken)
    table = Request.__table__
    live = (among(session, table.c.service_id, wanted), table.c.state.in_((*OPEN, *GIVEN)))
    by = (table.c.service_id, table.c.to_class, table.c.state)
    sums = (func.count().label("requests"), func.sum(table.c.size).label("size"), func.min(table.c.opens_at).label("opens_at"))
    for one in session.execute(select(*by, *sums).where(*live).group_by(*by)):
        _add(found[one.service_id].setdefault(one.to_class, Stock()), one.state, one.requests, int(one.size), one.opens_at)
    return found


def _add(stock: Stock, state: str, requests: int, size: int, opens_at: datetime | None) -> None:
    """Count the requests of one state."""
    if state in GIVEN:
        stock.given += requests
        return
    if state == "waitlisted":
        stock.waiting, stock.travellers = stock.waiting + requests, stock.travellers + size
    else:
        stock.pending += requests
    if opens_at is not None:
        stock.opens_at = opens_at if stock.opens_at is None else min(stock.opens_at, opens_at)
