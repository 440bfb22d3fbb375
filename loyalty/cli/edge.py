"""What commands share: the deployment, the moment they work at, the account they work on."""

from collections.abc import Sequence
from datetime import date, datetime, time

import click
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment, read_deployment
from loyalty.jobs.timetable import jobs
from loyalty.status.queries import Account, lock_numbers


def chosen() -> Deployment:
    """The deployment of the settings, its connections closed when the command ends."""
    deployment = read_deployment()
    jobs(deployment.settings)  # a bad time of any job is told by every command
    click.get_current_context().call_on_close(deployment.store.close)
    return deployment


def opened(as_of: date | None = None) -> tuple[Deployment, datetime]:
    """The deployment, fit for use, and the moment to work at: now, or noon of a stated day."""
    deployment = chosen()
    now = clock.now()
    deployment.ready(now)
    return deployment, now if as_of is None else clock.instant_at(as_of, time(12), deployment.program.zone)


def account_of(session: Session, number: str) -> Account:
    """A member's account, locked. Raises Refused: `unknown_member`."""
    return accounts_of(session, [number])[number]


def accounts_of(session: Session, numbers: Sequence[str]) -> dict[str, Account]:
    """Some members' accounts, locked in one order. Raises Refused: `unknown_member`."""
    accounts = lock_numbers(session, numbers)
    for number in numbers:
        if number not in accounts:
            raise Refused("unknown_member", number=number)
    return accounts
