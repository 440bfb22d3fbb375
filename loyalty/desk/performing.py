"""The one way in which an act is done: locked, settled, done by its room, settled, and one line of the audit log."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON, Actor
from loyalty.audit.chain import Act as Line
from loyalty.audit.operations import append
from loyalty.audit.queries import by_key
from loyalty.audit.tables import AuditLine
from loyalty.clock import day_of
from loyalty.desk.acts import Act, act_named
from loyalty.desk.doing import Doing
from loyalty.desk.effect import State, changed, state_of, without
from loyalty.desk.inputs import Input, read_input
from loyalty.errors import Refused, require_text
from loyalty.program.load import Program
from loyalty.settle import settle
from loyalty.status.queries import Account, account_read, lock_numbers
from loyalty.store import Store


@dataclass(frozen=True)
class Sent:
    """An act as a page, a file or a command sends it: for the member of a number, with an input that is still to be read, a
    reason, and a key under which it is done once."""

    act: str
    number: str
    raw: Mapping[str, Any]
    reason: str
    key: str


@dataclass(frozen=True)
class Read:
    """An act that was sent, understood."""

    sent: Sent
    act: Act
    input: Input

    def size(self, program: Program, now: datetime) -> int:
        """Its size against limits."""
        return self.act.size(program, self.input, day_of(now, program.zone))


@dataclass(frozen=True)
class Done:
    """What an act came to: whether it is new, and what it changed, as it was before and as it is after; in a preview also what
    of others, `beside`, was and is."""

    fresh: bool
    before: State
    after: State
    beside: tuple[State, State] = field(default=({}, {}), compare=False)


@dataclass(frozen=True)
class Approved:
    """Who asked for an act that another does by approving it."""

    asked_by: str
    approval_id: int


def understood(sent: Sent) -> Read:
    """An act that was sent, its input read.

    Raises Refused: `unknown_act`, `reason_missing`, `missing_field`, `unknown_field`, `bad_field`.
    """
    act = act_named(sent.act)
    stated(sent.reason, sent.key)
    return Read(sent, act, read_input(act.shape, sent.raw))


def stated(reason: str, key: str) -> None:
    """Make sure that an act has a reason and a key. Raises Refused: `reason_missing`, `bad_field`."""
    if not reason.strip():
        raise Refused("reason_missing")
    require_text("reason", reason, LONGEST_REASON)
    require_text("key", key, LONGEST_KEY)


def perform(session: Session, program: Program, by: Actor, sent: Sent, now: datetime, approved: Approved | None = None) -> Done:
    """Do an act for a member, settle what follows, and note it in the audit log. Roles are not looked at: see `submit`.

    The same key with the same input is answered as the first time, and leaves no second line; nor does what changes nothing.
    Where it was approved, its author is who asked for it, and `by` who approved. Raises Refused: `unknown_member`,
    `key_reused`, what `understood` raises and what the operation refuses.
    """
    read = understood(sent)
    accounts = _everyone(session, read)
    account = accounts[sent.number]
    first = by_key(session, sent.key)
    if first is not None:
        return Done(False, *again(first, sent, account.member_id, read.input.told))
    done = _do(session, program, by, read, accounts, now, approved)
    if done.fresh:
        what: dict[str, Any] = {"before": done.before, "after": done.after, "input": read.input.told}
        if approved is not None:
            what |= {"asked_by": approved.asked_by, "approved_by": by.name, "approval": approved.approval_id}
        append(session, by, Line(sent.act, what, sent.reason, account.member_id, sent.key), now)
    return done


def preview(store: Store, program: Program, by: Actor, sent: Sent, now: datetime) -> Done:
    """What `perform` would come to: the same, in a transaction of its own that is taken back. Raises what `perform` raises."""
    with store.transaction() as session:
        return rehearse(session, program, by, sent, now)


def rehearse(session: Session, program: Program, by: Actor, sent: Sent, now: datetime) -> Done:
    """The same within a transaction, in which nothing of it stays. Raises what `perform` raises."""
    read = understood(sent)
    with taken_back(session):
        accounts = _everyone(session, read)
        first, account = by_key(session, sent.key), accounts[sent.number]
        if first:
            return Done(False, *again(first, sent, account.member_id, read.input.told))
        was = read.act.beside(session, account, read.input)
        done = _do(session, program, by, read, accounts, now, None)
        return replace(done, beside=changed(was, read.act.beside(session, account, read.input)))


@contextmanager
def taken_back(session: Session) -> Iterator[None]:
    """Within a transaction: nothing of what is done here stays, nor where it is refused."""
    nested = session.begin_nested()
    try:
        yield
    finally:
        nested.rollback()


def _do(
    session: Session, program: Program, by: Actor, read: Read, locked: dict[str, Account], now: datetime,
    approved: Approved | None,
) -> Done:  # fmt: skip
    sent, today = read.sent, day_of(now, program.zone)
    # what was due before is no effect of the act
    settle(session, program, list(locked.values()), now)
    accounts = _locked(session, list(locked))
    before = state_of(session, program, accounts[sent.number], today)
    others = {number: account for number, account in accounts.items() if number != sent.number}
    author, approver = (approved.asked_by, by.name) if approved else (by.name, "")
    about = (session, program, accounts[sent.number], others, read.input)
    fresh = read.act.do(Doing(*about, author, approver, sent.reason, sent.key, now))
    _settle_again(session, program, accounts, now)
    after = state_of(session, program, _locked(session, [sent.number])[sent.number], today)
    return Done(fresh, *changed(without(before, read.act.hides), without(after, read.act.hides)))


def _settle_again(session: Session, program: Program, accounts: dict[str, Account], now: datetime) -> None:
    """Settle by what the operation wrote, which accounts that are locked anew know, and noted, which the old ones do."""
    again = _locked(session, list(accounts))
    for number, account in again.items():
        noted = accounts[number].review_on
        if noted is not None:
            account.due(noted)
    settle(session, program, list(again.values()), now)


def _everyone(session: Session, read: Read) -> dict[str, Account]:
    """The accounts that an act is about, locked in one order. Raises Refused: `unknown_member`."""
    number = read.sent.number
    account = account_read(session, number)
    if account is None:
        raise Refused("unknown_member", number=number)
    return _locked(session, [number, *read.act.about(session, account, read.input)])


def _locked(session: Session, numbers: list[str]) -> dict[str, Account]:
    accounts = lock_numbers(session, numbers)
    for number in numbers:
        if number not in accounts:
            raise Refused("unknown_member", number=number)
    return accounts


def again(line: AuditLine, sent: Sent, member_id: int | None, told: Any) -> tuple[State, State]:
    """What the first answer to a key was: before and after. Raises Refused: `key_reused` where it was for something else."""
    what = json.loads(line.what)
    if (line.act, line.member_id, what.get("input"), line.reason) != (sent.act, member_id, told, sent.reason):
        raise Refused("key_reused", key=sent.key, source="desk")
    return what["before"], what["after"]
