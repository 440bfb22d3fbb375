"""What happens to members of a portal under test: flights, grants, the end of a membership, each settled."""

from collections.abc import Callable
from datetime import date
from typing import Any

from loyalty.earning.operations import Report, record_one
from loyalty.members.operations import leave
from loyalty.settle import settle
from loyalty.status.facts import Grant, grant
from loyalty.status.queries import lock_numbers
from tests.web.portal import Portal


def act(portal: Portal, number: str, done: Callable[..., Any]) -> None:
    """An operation on a member, with what follows from it."""
    program = portal.deployment.program
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        done(session, program, account, portal.now)
        settle(session, program, [account], portal.now)


def report(portal: Portal, number: str, kind: str, key: str, on: date, fields: dict[str, Any]) -> None:
    """An activity posted."""
    told = Report(kind, "test", key, on, fields)
    act(portal, number, lambda session, program, account, now: record_one(session, program, account, told, now))


def fly(portal: Portal, number: str, key: str, on: str, distance: int = 6000, booking_class: str = "J") -> None:
    """A flight posted."""
    fields = {"carrier": "SK", "origin": "ORD", "destination": "TPE", "distance": distance, "booking_class": booking_class}
    report(portal, number, "flight", key, date.fromisoformat(on), fields)


def end(portal: Portal, number: str, left_on: date) -> None:
    """A membership that ends."""
    with portal.deployment.store.transaction() as session:
        leave(session, number, left_on)
        settle(session, portal.deployment.program, list(lock_numbers(session, [number]).values()), portal.now)


def give(portal: Portal, number: str, tier: str) -> None:
    """A tier granted for ever."""
    wanted = Grant(tier, portal.now.date(), None, key=f"g-{tier}", author="Ada", reason="test")
    act(portal, number, lambda session, program, account, now: grant(session, program, account, wanted, now))
