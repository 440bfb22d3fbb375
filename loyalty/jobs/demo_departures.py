"""The demonstration's departures: flights of the days around today, and who asks to sit higher on them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Annotated

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asking import Ask, ask, ask_one
from loyalty.benefits.services import Told, tell
from loyalty.benefits.tables import Request, Service
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.requests import clear_due
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.program.values import Part
from loyalty.settle import settle_services
from loyalty.status.queries import Account, lock_numbers
from loyalty.status.tables import Standing
from loyalty.store import among

AUTHOR = "demo"


class Departures(Part):
    """`departures` of demo.yaml: services and the requests that are drawn for them."""

    service: str
    request: str
    count: Annotated[int, Field(ge=1, le=200)]
    days: Annotated[int, Field(ge=1, le=60)]
    key: str
    units: dict[str, tuple[int, ...]]
    fields: dict[str, tuple[str, ...]]
    requests: Annotated[tuple[int, ...], Field(min_length=2, max_length=2)]
    classes: Annotated[tuple[tuple[str, ...], ...], Field(min_length=1)]
    asked: dict[str, dict[str, int]]


def draw_departures(deployment: Deployment, about: Departures, random: Random, now: datetime) -> str:
    """Tell services of the coming days, each asked for by some members with a tier; the key of the first that has a queue.

    What was asked was asked before; then every window whose time has come is opened, and what is free given out.
    """
    asked_at = now - timedelta(days=about.days)
    with deployment.store.transaction() as session:
        numbers = _members(session, deployment.program)
    for n in range(about.count):
        starts_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=5 + n * about.days * 24 // about.count)
        with deployment.store.transaction() as session:
            _departure(session, deployment.program, about, random, (f"{about.key}{100 + n}", starts_at), numbers, asked_at)
    clear_due(deployment, now)
    return f"{about.key}{101}"


def let_wait(deployment: Deployment, about: Departures, random: Random, numbers: Sequence[str], now: datetime) -> str | None:
    """Let the first of some members who has to wait somewhere ask there, unless one of them waits already: there is a place in
    a queue to look at. The number of who waits; none where nobody has to."""
    program = deployment.program
    with deployment.store.transaction() as session:
        accounts = lock_numbers(session, numbers)
        for number in _waiting(session, accounts):
            return number
        ahead = select(Service).where(Service.kind == about.service, Service.starts_at > now, Service.state == "open")
        services = {one.key: one.service_id for one in session.scalars(ahead.order_by(Service.starts_at))}
        for number in (number for number in numbers if number in accounts):
            for key, service in services.items():
                with suppress(_NoQueue), session.begin_nested():
                    answer = ask_one(session, program, accounts[number], _ask(about, random, key, accounts[number]), now)
                    settle_services(session, program, [service], now, [answer.id])
                    if number not in _waiting(session, {number: accounts[number]}):
                        raise _NoQueue
                    return number
    return None


class _NoQueue(Exception):
    """A request that does not wait is taken back."""


def _waiting(session: Session, accounts: Mapping[str, Account]) -> dict[str, int]:
    """Those of some members who wait in a queue."""
    by_id = {account.member_id: number for number, account in accounts.items()}
    query = select(Request.member_id).where(among(session, Request.member_id, list(by_id)), Request.state == "waitlisted")
    return {by_id[member_id]: member_id for member_id in session.scalars(query)}


def _members(session: Session, program: Program) -> list[str]:
    """The numbers of members above the base tier."""
    above = [tier for tier in program.tiers if tier != program.editions[-1].ladder.base]
    query = select(Member.number).join(Standing, Standing.member_id == Member.member_id)
    return list(session.scalars(query.where(among(session, Standing.tier, above)).order_by(Member.member_id)))


def _departure(
    session: Session, program: Program, about: Departures, random: Random, service: tuple[str, datetime],
    numbers: list[str], at: datetime,
) -> None:  # fmt: skip
    key, starts_at = service
    units = {name: random.choice(counts) for name, counts in about.units.items()}
    fields = {name: random.choice(values) for name, values in about.fields.items()}
    number, _ = tell(session, program, Told(key, starts_at, units, AUTHOR, about.service, fields=fields), at)
    chosen = random.sample(numbers, min(len(numbers), random.randint(*about.requests)))
    accounts = lock_numbers(session, chosen)
    asks = [(accounts[one], _ask(about, random, key, accounts[one])) for one in chosen]
    answers = ask(session, program, asks, at)
    settle_services(session, program, [number], at, [answer.id for answer in answers if answer.refusal is None])


def _ask(about: Departures, random: Random, key: str, account: Account) -> Ask:
    booked, wanted = random.choice(about.classes)
    fields = {name: _drawn(random, weights) for name, weights in about.asked.items()}
    return Ask(key, booked, wanted, AUTHOR, f"{key}-{account.number}", AUTHOR, about.request, fields=fields)


def _drawn(random: Random, weights: Mapping[str, int]) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
