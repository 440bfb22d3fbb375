"""What scenarios say of entitlements: given, extended, withdrawn, used, returned, picked, shares; has, until."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.benefits import operations, sharing, using
from loyalty.benefits.instruments import names
from loyalty.benefits.picking import Pick, pick
from loyalty.benefits.queries import companions_of, rights
from loyalty.benefits.rights import last_day
from loyalty.program.load import Program
from loyalty.settle import settle
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories, lock_numbers

AUTHOR = REASON = "scenario"


@dataclass(frozen=True)
class Act:
    """One step: the member's account, the day it counts for, the moment, its key."""

    session: Session
    program: Program
    account: Account
    on: date
    now: datetime
    key: str

    @property
    def by(self) -> dict[str, Any]:
        return {"author": AUTHOR, "reason": REASON, "key": self.key}


def act(verb: str, step: Act, given: dict[str, Any]) -> None:
    """Do what a step says. Raises Refused; KeyError or TypeError for keys that the word does not have."""
    _ACTS[verb](step, given)


def _given(step: Act, given: dict[str, Any]) -> None:
    begins, until = _day(given.pop("from", None)) or step.on, _after(given.pop("through", None))
    amount = given.pop("amount", 1)
    wanted = operations.Given(amount=amount, begins=begins, until=until, **given, **step.by)
    operations.grant(step.session, step.program, step.account, wanted, step.now)


def _extended(step: Act, given: dict[str, Any]) -> None:
    until = _after(given.pop("through"))
    wanted = operations.Change(until=until, **given, **step.by)
    operations.extend(step.session, step.program, step.account, wanted, step.now)


def _withdrawn(step: Act, given: dict[str, Any]) -> None:
    operations.revoke(step.session, step.program, step.account, operations.Change(**given, **step.by), step.now)


def _used(step: Act, given: dict[str, Any]) -> None:
    wanted = using.Use(service_on=_day(given.pop("for", None)) or step.on, **given, **step.by)
    using.use(step.session, step.program, step.account, wanted, step.now)


def _returned(step: Act, given: dict[str, Any]) -> None:
    wanted = using.Return(**given, **step.by)
    using.give_back(step.session, step.program, step.account, wanted, step.now)


def _picked(step: Act, given: dict[str, Any]) -> None:
    wanted = Pick(period_of=_day(given.pop("period", None)), **given, **step.by)
    pick(step.session, step.program, step.account, wanted, step.now)


def _shares(step: Act, given: dict[str, Any]) -> None:
    other = given.pop("with")
    companion = lock_numbers(step.session, [other])[other]
    begins = _day(given.pop("from", None)) or step.on
    sharing.share(
        step.session, step.program, step.account, companion, sharing.Shared(begins=begins, **given, **step.by), step.now
    )
    settle(step.session, step.program, [companion], step.now)


_ACTS = {
    "given": _given, "extended": _extended, "withdrawn": _withdrawn, "used": _used, "returned": _returned, "picked": _picked,
    "shares": _shares,
}  # fmt: skip
VERBS = tuple(_ACTS)


def follow_shared(session: Session, program: Program, account: Account, now: datetime, today: date) -> None:
    """Bring those with whom a member shares the status up to it, as the night does."""
    if not sharing.rules_on(program, today):
        return
    for row in companions_of(session, [account.member_id]).get(account.member_id, ()):
        rule = next((rule for rule in sharing.rules_on(program, today) if rule.id == row.sharing), None)
        if row.sharing is None or row.number is None or rule is None:
            continue
        history = histories(session, rules_of(program), [account])[account.member_id]
        companion = lock_numbers(session, [row.number])[row.number]
        tier = sharing.tier_to_share(program, history, rule, today)
        if sharing.follow(session, program, account, companion, row, tier, now):
            settle(session, program, [companion], now)


def found(session: Session, program: Program, account: Account, day: date) -> dict[str, Mapping[str, Any]]:
    """What is left of everything on a day, and the last day of what ends first of that."""
    mine = rights(session, program, [account], day)[account.member_id]
    at = day.toordinal()
    left = {what: mine.total(what, at) for what in names(program)}
    first = {what: next((one for one in mine.of(what) if mine.left(one, at)), None) for what in names(program)}
    ends = {what: str(last_day(one.until) or "ever") for what, one in first.items() if one is not None}
    return {"has": {what: str(n) for what, n in left.items()}, "until": ends}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _after(through: str | None) -> date | None:
    last = _day(through)
    return last + timedelta(days=1) if last is not None else None
