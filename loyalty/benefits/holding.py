"""Instruments and quotas held for requests, within the request's own transaction: taken when asked, used or given back later.

A request is named by (member_id, request_id). Whoever calls holds the members' standings locked, in one order.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.program.load import Program
from loyalty.status.queries import Account

#: (member_id, request_id).
RequestKey = tuple[int, int]


def left_for(session: Session, program: Program, account: Account, what: str, day: date, today: date) -> int:
    """How many of an instrument, or of a benefit with a quota, the member may take today for a service on a day; 0 of none."""
    raise NotImplementedError


def hold(
    session: Session, program: Program, account: Account, what: str, amount: int, day: date, request_id: int, author: str,
    now: datetime,
) -> list[int]:  # fmt: skip
    """Take `amount` of `what` for a request for a service on `day` (in its own zone); the numbers of the entitlements it took.

    A request may be held for again after it was given back. Raises Refused, and takes nothing: `unknown_entitlement`,
    `nothing_left`, `not_held`, `not_yet`, `entitlement_ended`.
    """
    raise NotImplementedError


def capture(session: Session, requests: Sequence[RequestKey]) -> None:
    """What is held for some requests is used. Requests that hold nothing are passed over. One statement."""
    raise NotImplementedError


def give_back(
    session: Session, program: Program, requests: Sequence[RequestKey], today: date, author: str, reason: str
) -> None:
    """What some requests hold or used comes back, as the instruments' `returned` says. Again, it changes nothing.

    Two statements, however many requests there are.
    """
    raise NotImplementedError


def lost(
    session: Session, program: Program, accounts: Sequence[Account], services: Mapping[RequestKey, date], today: date
) -> set[RequestKey]:
    """Of some requests with something held, each with the day of its service: those whose entitlement does not hold any more
    (taken back, revoked, the membership over). A constant number of statements."""
    raise NotImplementedError
