"""Instruments and quotas held for requests, within the request's own transaction: taken when asked, used or given back later.

A request is named by (member_id, request_id). Whoever calls holds the members' standings locked, in one order.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Table, bindparam, func, select, tuple_, update
from sqlalchemy.orm import Session

from loyalty.benefits.instruments import good_again, valid_day
from loyalty.benefits.queries import rights
from loyalty.benefits.tables import BenefitUse, Request, Service
from loyalty.benefits.using import plan
from loyalty.clock import day_of
from loyalty.keys import digest
from loyalty.program.load import Program
from loyalty.status.queries import Account
from loyalty.store import among, insert, pairs

#: (member_id, request_id).
RequestKey = tuple[int, int]
#: The columns of what is held.
HELD = ("member_id", "use_id", "n", "entitlement_id", "what", "amount", "used_on", "service_on", "state", "request_id",
        "author", "reason", "key", "input_hash", "posted_at", "returned_by", "return_reason", "return_key")  # fmt: skip
_USE = cast(Table, BenefitUse.__table__)


def left_for(session: Session, program: Program, account: Account, what: str, day: date, today: date) -> int:
    """How many of an instrument, or of a benefit with a quota, the member may take today for a service on a day; 0 of none."""
    mine = rights(session, program, [account], today)[account.member_id]
    return mine.total(what, valid_day(program, what, day, today).toordinal())


def hold(
    session: Session, program: Program, account: Account, what: str, amount: int, day: date, request_id: int, author: str,
    now: datetime,
) -> list[int]:  # fmt: skip
    """Take `amount` of `what` for a request for a service on `day` (in its own zone); the numbers of the entitlements it took.

    A request may be held for again after it was given back. Raises Refused, and takes nothing: `unknown_entitlement`,
    `bad_amount`, `nothing_left`, `not_held`, `not_yet`, `entitlement_ended`.
    """
    today = day_of(now, program.zone)
    parts = plan(session, program, account, what, amount, day, today)
    use_id = digest("hold", str(request_id))
    mine = (BenefitUse.member_id == account.member_id, BenefitUse.use_id == use_id)
    count = session.scalar(select(func.count()).select_from(BenefitUse).where(*mine)) or 0
    rows = [
        (account.member_id, use_id, n, one.number, what, part, today, day, "held", request_id, author, "", "", use_id, now, "",
         "", "")
        for n, (one, part) in enumerate(parts, count)
    ]  # fmt: skip
    insert(session, BenefitUse, HELD, rows)
    return [one.number for one, _ in parts]


def capture(session: Session, requests: Sequence[RequestKey]) -> None:
    """What is held for some requests is used. Requests that hold nothing are passed over. One statement."""
    if requests:
        query = update(_USE).where(_of(session, requests), _USE.c.state == "held")
        session.connection().execute(query.values(state="used"))


def give_back(
    session: Session, program: Program, requests: Sequence[RequestKey], today: date, author: str, reason: str
) -> None:
    """What some requests hold or used comes back, as the instruments' `returned` says. Again, it changes nothing.

    Two statements, however many requests there are.
    """
    keys = [_USE.c.member_id, _USE.c.use_id, _USE.c.n]
    rows = _open(session, requests, *keys, _USE.c.what)
    if not rows:
        return
    told = {"state": "returned", "returned_on": today, "returned_by": author, "return_reason": reason, "return_key": ""}
    mine = [column == bindparam(f"k_{column.name}") for column in keys]
    statement = update(_USE).where(*mine).values(**told, until=bindparam("u"))
    ends = {what: good_again(program, what, today) for what in {row.what for row in rows}}
    values = [{**{f"k_{column.name}": row[n] for n, column in enumerate(keys)}, "u": ends[row.what]} for row in rows]
    session.connection().execute(statement, values)


def lost(
    session: Session, program: Program, accounts: Sequence[Account], services: Mapping[RequestKey, date], today: date
) -> set[RequestKey]:
    """Of some requests with something held, each with the day of its service: those whose entitlement does not hold any more
    (taken back, revoked, the membership over by then). A constant number of statements."""
    columns = (_USE.c.member_id, _USE.c.request_id, _USE.c.entitlement_id, _USE.c.what, _USE.c.used_on)
    rows = _open(session, list(services), *columns)
    mine = rights(session, program, accounts, today) if rows else {}
    gone = {account.member_id for account in accounts if account.left_on is not None and account.left_on <= today}
    found = set()
    for member_id, request_id, number, what, used_on in rows:
        on = valid_day(program, what, services[member_id, request_id], used_on)
        held = next((one for one in mine[member_id].entitlements if one.number == number), None)
        if member_id in gone or held is None or held.taken_back is not None or not held.holds(on.toordinal()):
            found.add((member_id, request_id))
    return found


def _open(session: Session, requests: Sequence[RequestKey], *columns: Any) -> Sequence[Any]:
    """What is held or used for some requests."""
    query = select(*columns).where(_of(session, requests), _USE.c.state != "returned")
    return session.execute(query.order_by(_USE.c.member_id, _USE.c.use_id, _USE.c.n)).all() if requests else ()


def _of(session: Session, requests: Sequence[RequestKey]) -> ColumnElement[bool]:
    """What was taken for some requests: found by its members, whose uses are few, not by going through all that there are."""
    keys = pairs(session, list(requests))
    mine = tuple_(_USE.c.member_id, _USE.c.request_id).in_(select(keys.c.a, keys.c.b))
    return among(session, _USE.c.member_id, sorted({member_id for member_id, _ in requests})) & mine


class HeldFor(NamedTuple):
    """So many of an entitlement that are held for a request, and the service that it is for."""

    entitlement: int
    amount: int
    request: int
    service: str


def held_for(session: Session, member_id: int) -> list[HeldFor]:
    """What a member's open requests hold. One statement."""
    request, service = Request.__table__, Service.__table__
    query = (
        select(_USE.c.entitlement_id, _USE.c.amount, _USE.c.request_id, service.c.key)
        .join(request, (request.c.member_id == _USE.c.member_id) & (request.c.request_id == _USE.c.request_id))
        .join(service, service.c.service_id == request.c.service_id)
        .where(_USE.c.member_id == member_id, _USE.c.state == "held")
    )
    return [HeldFor(*row) for row in session.execute(query.order_by(_USE.c.use_id, _USE.c.n))]
