"""What commands share: the deployment, the moment they work at, the account they work on."""

import getpass
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time

import click
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append
from loyalty.desk.effect import changed, state_of, without
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment, read_deployment
from loyalty.jobs.timetable import jobs
from loyalty.settle import settle
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


def shell() -> Actor:
    """Who acts by a command: the user of the machine, from that machine. Whom they name as author is not proved by anything."""
    user = "command"
    with suppress(OSError, KeyError):  # a container may have no name for its user
        user = getpass.getuser()
    return Actor("command", user[:254], 0, socket.gethostname())


@dataclass
class Change:
    """A change of a member by a command: in which session, of whose account, with all that are locked; `fresh` where it did.
    `hides` are parts of its effect that the log is not to keep."""

    session: Session
    account: Account
    accounts: dict[str, Account]
    fresh: bool = False
    hides: frozenset[str] = frozenset()

    @property
    def said(self) -> str:
        """What the command says when it has ended."""
        return "Recorded." if self.fresh else "Recorded already; nothing changed."


@contextmanager
def changing(deployment: Deployment, now: datetime, number: str, *others: str) -> Iterator[Change]:
    """A transaction in which a command changes a member, who is settled first. Whatever is fresh is a line of the audit log,
    in the same transaction: who, by which command with what, and what it changed.

    Raises Refused: `unknown_member`.
    """
    program, today, numbers = deployment.program, deployment.today(now), [number, *others]
    with deployment.store.transaction() as session:
        settle(session, program, list(accounts_of(session, numbers).values()), now)
        accounts = accounts_of(session, numbers)
        before = state_of(session, program, accounts[number], today)
        change = Change(session, accounts[number], accounts)
        yield change
        if change.fresh:
            after = state_of(session, program, account_of(session, number), today)
            was, is_ = changed(without(before, change.hides), without(after, change.hides))
            append(session, shell(), _line(change.account.member_id, {"before": was, "after": is_}), now)


def _line(member_id: int, what: dict[str, object]) -> Act:
    """The line of the command that is running: its name, and all that it was given."""
    context = click.get_current_context()
    name = context.command_path.partition(" ")[2]
    given = {key: value for key, value in context.params.items() if value not in (None, "", ()) and key != "as_json"}
    return Act(name[:40], {**what, "input": given}, str(given.get("reason", "")), member_id)
