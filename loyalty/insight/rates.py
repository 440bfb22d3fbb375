"""How many of the requests that were decided were given, and how long those had waited."""

from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Float, Subquery, case, func, select, type_coerce
from sqlalchemy.orm import Session

from loyalty.benefits.locking import GIVEN
from loyalty.benefits.tables import Request, RequestChange
from loyalty.status.tables import Standing

#: What decides on a request. One that was refused never could be given, one that was cancelled was not decided on.
DECISIONS = (*GIVEN, "not_cleared")


class Decided(NamedTuple):
    """Requests that were decided, and those of them that were given."""

    decided: int
    given: int


def decided(session: Session, since: datetime, until: datetime) -> dict[tuple[str, str], Decided]:
    """Requests decided in [since, until), by their kind and the tier that the member holds now, empty for none. One statement.

    Of a request that was decided on twice, as after its service was replaced, the last decision counts; one that was given and
    taken back later was given.
    """
    found = _decisions(session, since, until)
    given = func.sum(case((found.c.state.in_(GIVEN), 1), else_=0))
    query = select(found.c.kind, found.c.tier, func.count(), given).group_by(found.c.kind, found.c.tier)
    return {(kind, tier): Decided(count, int(given)) for kind, tier, count, given in session.execute(query)}


def median_waits(
    session: Session, since: datetime, until: datetime, by: Literal["kind", "tier", "all"]
) -> dict[str, timedelta]:  # fmt: skip
    """How long half of the requests given in [since, until) had waited at most, from asking to the decision; of an even number
    the mean of the middle two. By kind, by tier, or of all, under the empty name. One statement."""
    found = _decisions(session, since, until)
    name: ColumnElement[Any] = found.c[by] if by != "all" else type_coerce("", found.c.kind.type)
    each: Any = found.c[by] if by != "all" else None
    nth = func.row_number().over(partition_by=each, order_by=found.c.wait).label("nth")
    ranked = select(name.label("name"), found.c.wait, nth, func.count().over(partition_by=each).label("n"))
    rows = ranked.where(found.c.state.in_(GIVEN)).subquery()
    middle = (rows.c.nth * 2 >= rows.c.n, rows.c.nth * 2 <= rows.c.n + 2)
    query = select(rows.c.name, func.avg(rows.c.wait)).where(*middle).group_by(rows.c.name)
    return {name: timedelta(seconds=round(float(wait))) for name, wait in session.execute(query)}


def _decisions(session: Session, since: datetime, until: datetime) -> Subquery:
    """The last decision on each request: kind, tier, state, and the wait in seconds."""
    log, request, standing = RequestChange.__table__, Request.__table__, Standing.__table__
    mine = (request.c.member_id == log.c.member_id) & (request.c.request_id == log.c.request_id)
    last = func.row_number().over(partition_by=(log.c.member_id, log.c.request_id), order_by=log.c.n.desc()).label("last")
    tier = func.coalesce(standing.c.tier, "").label("tier")
    rows = (
        select(request.c.kind, tier, log.c.state, _seconds(session, request.c.requested_at, log.c.at).label("wait"), last)
        .join(request, mine)
        .join(standing, standing.c.member_id == log.c.member_id, isouter=True)
        .where(log.c.at >= since, log.c.at < until, log.c.state.in_(DECISIONS))
        .subquery()
    )
    return select(rows).where(rows.c.last == 1).subquery()


def _seconds(session: Session, first: Any, last: Any) -> ColumnElement[Any]:
    """The seconds from one instant to another; the databases have no word for it in common."""
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce((func.julianday(last) - func.julianday(first)) * 86400, Float)
    return func.extract("epoch", last - first)
