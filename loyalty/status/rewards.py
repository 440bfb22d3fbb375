"""What a ladder gives beside its tiers, booked: milestones and deposits, choices made or left to their default."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.keys import digest, dumps
from loyalty.ledger.operations import post, undo
from loyalty.program.ladder import Choice, Gift
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.claims import Award
from loyalty.status.compiled import Rules
from loyalty.status.gifts import (
    Booked,
    Deposited,
    Key,
    deadline,
    deposits_due,
    edition_of,
    end_of_gift,
    milestone_of,
    next_deposit,
)
from loyalty.status.operations import Fold, mark_due
from loyalty.status.queries import Account, traits_of
from loyalty.status.tables import StatusAward
from loyalty.store import among


def reward(
    session: Session, program: Program, rules: Rules, accounts: Sequence[Account], folds: Mapping[int, Fold], now: datetime
) -> list[Account]:
    """Book what the folds of some members say they are given beyond what is booked; take back what they are not.

    Tells the accounts whose counters were changed by that: they are to be folded again.
    """
    ids = list(folds)
    rows = session.scalars(
        select(StatusAward).where(among(session, StatusAward.member_id, ids)).order_by(StatusAward.member_id, StatusAward.n)
    )
    known = {member_id: list(mine) for member_id, mine in groupby(rows, attrgetter("member_id"))}
    traits = traits_of(session, rules, accounts) if rules.deposits else {}
    work = _Work(session, program, now)
    again = []
    for account in accounts:
        fold = folds[account.member_id]
        mine = known.get(account.member_id, [])
        counted = work.member(account, fold, mine, deposits_due(
            rules, account.enrolled_on.toordinal(), fold.spans, traits.get(account.member_id, []), fold.day
        ) if rules.deposits else [])  # fmt: skip
        look = [row.choose_by + timedelta(days=1) for row in mine if not row.settled and row.choose_by]
        following = next_deposit(rules, account.enrolled_on.toordinal(), fold.day)
        look += [date.fromordinal(following)] if following else []
        if counted:
            again.append(account)
        elif look and (account.left_on is None or min(look) < account.left_on):
            work.look.setdefault(min(look), []).append(account.member_id)
    work.flush()
    return again


class _Work:
    """The rows and entries that rewards write, for all members of a chunk."""

    def __init__(self, session: Session, program: Program, now: datetime) -> None:
        self.session, self.program, self.now = session, program, now
        self.entries: list[Any] = []
        self.look: dict[date, list[int]] = {}

    def flush(self) -> None:
        self.session.flush()
        post(self.session, self.entries)
        for day, members in self.look.items():
            mark_due(self.session, members, day)

    def member(self, account: Account, fold: Fold, known: list[StatusAward], deposits: list[Deposited]) -> bool:
        """One member's rewards; tells whether a counter was changed."""
        booked = {(row.name, row.window, row.times, row.awarded_on): row for row in known}
        changed = False
        wanted = set()
        for award in fold.said.awards:
            if award.on > fold.day:
                continue
            key = (award.milestone, award.window, award.n, date.fromordinal(award.on))
            wanted.add(key)
            row = booked.get(key)
            if row is None and award.withdrawn is None:
                row = self._award(account, award, known)
                changed |= self._give(row, _gifts(self.program, row), award.first, award.last)
            elif row is not None and award.withdrawn is not None and row.withdrawn_on is None:
                changed |= self._withdraw(row, date.fromordinal(award.withdrawn))
        for row in known:
            if row.kind == "milestone" and (row.name, row.window, row.times, row.awarded_on) not in wanted:
                changed |= row.withdrawn_on is None and self._withdraw(row, date.fromordinal(fold.day))
        kept = {(row.name, row.window) for row in known if row.kind == "deposit"}
        for one in deposits:
            if (one.id, one.window) not in kept:
                changed |= self._deposit(account, one, known)
        for row in known:
            if not row.settled and row.choose_by is not None and row.choose_by < date.fromordinal(fold.day):
                changed |= self._default(row)
        return changed

    def _row(self, account: Account, known: list[StatusAward], **values: Any) -> StatusAward:
        n = len(known)
        cause = digest("award", values["name"], str(values["window"]), str(values["times"]), str(n))
        row = StatusAward(member_id=account.member_id, n=n, cause_id=cause, recorded_at=self.now, **values)
        self.session.add(row)
        known.append(row)
        return row

    def _award(self, account: Account, award: Award, known: list[StatusAward]) -> StatusAward:
        milestone = milestone_of(self.program, award.edition, award.milestone)
        row = self._row(
            account, known, kind="milestone", name=award.milestone, edition=award.edition, window=award.window,
            window_on=date.fromordinal(award.first), times=award.n, awarded_on=date.fromordinal(award.on), gifts="[]",
            chosen="[]", settled=milestone.choice is None,
        )  # fmt: skip
        if milestone.choice is not None:
            row.choose_by = deadline(milestone.choice.by, row.window_on, row.awarded_on)
        return row

    def _deposit(self, account: Account, one: Deposited, known: list[StatusAward]) -> bool:
        on = date.fromordinal(one.on)
        row = self._row(
            account, known, kind="deposit", name=one.id, edition=one.edition, window=one.window, chosen="[]",
            window_on=date.fromordinal(one.first), times=1, awarded_on=on, gifts="[]", settled=True,
        )  # fmt: skip
        row.gifts = dumps([{"unit": one.unit, "amount": one.amount}])
        return self._book(row, 0, one.unit, one.amount, on)

    def _give(self, row: StatusAward, gifts: Sequence[Gift], first: int, last: int, on: date | None = None) -> bool:
        """Add gifts to an award: units are booked, instruments noted with their end. Tells whether a counter changed."""
        on = on or row.awarded_on
        given = json.loads(row.gifts)
        edition = edition_of(self.program, row.edition)
        changed = False
        for gift in gifts:
            if gift.unit is not None:
                amount = int(gift.amount.scaleb(edition.units.units[gift.unit].decimals))
                changed |= self._book(row, len(given), gift.unit, amount, on)
                given.append({"unit": gift.unit, "amount": amount})
            else:
                given.append(
                    {"instrument": gift.instrument, "amount": int(gift.amount), "through": end_of_gift(gift, first, last, on)}
                )
        row.gifts = dumps(given)
        return changed

    def _book(self, row: StatusAward, n: int, unit: str, amount: int, on: date) -> bool:
        self.entries.append(
            (row.member_id, row.cause_id, n, unit, amount, on, on, self.now, row.kind, row.kind, row.name, None, None)
        )
        return edition_of(self.program, row.edition).units.units[unit].kind != "points"

    def _withdraw(self, row: StatusAward, on: date) -> bool:
        row.withdrawn_on, row.settled = on, True
        self.session.flush()
        undone = undo(self.session, [(row.member_id, row.cause_id)], self.now, on)
        units = edition_of(self.program, row.edition).units.units
        return any(units[entry[3]].kind != "points" for entry in undone)

    def _default(self, row: StatusAward) -> bool:
        """The deadline of a choice is over: what was not picked falls to the default."""
        choice = _choice(self.program, row)
        row.settled = True
        assert row.choose_by is not None
        picked = json.loads(row.chosen)
        changed = False
        while choice.default is not None and len(picked) < choice.pick:
            picked.append(choice.default)
            window = row.window_on.toordinal()
            changed |= self._give(row, choice.options[choice.default], window, window, row.choose_by + timedelta(days=1))
        row.chosen = dumps(picked)
        return changed


def _choice(program: Program, row: StatusAward) -> Choice:
    choice = milestone_of(program, row.edition, row.name).choice
    assert choice is not None
    return choice


def _gifts(program: Program, row: StatusAward) -> Sequence[Gift]:
    return milestone_of(program, row.edition, row.name).gives


@dataclass(frozen=True)
class Pick:
    """A member's choice of an option of a milestone; `window_of` is a day of the window, where several are open."""

    milestone: str
    option: str
    window_of: date | None = None


def choose(session: Session, program: Program, account: Account, pick: Pick, now: datetime) -> None:
    """Take an option of an open choice. Raises Refused: `nothing_to_choose`, `unknown_option`."""
    today = day_of(now, program.zone)
    rows = session.scalars(
        select(StatusAward)
        .where(StatusAward.member_id == account.member_id, StatusAward.name == pick.milestone, ~StatusAward.settled)
        .order_by(StatusAward.n)
    )
    open_ = [row for row in rows if row.choose_by is not None and row.choose_by >= today]
    if pick.window_of is not None:
        open_ = [row for row in open_ if row.window_on <= pick.window_of][-1:]
    if not open_:
        raise Refused("nothing_to_choose", milestone=pick.milestone, number=account.number)
    row = open_[0]
    choice = _choice(program, row)
    if pick.option not in choice.options:
        raise Refused("unknown_option", option=pick.option, allowed=listed(choice.options),
                      nearest=nearest(pick.option, choice.options))  # fmt: skip
    work = _Work(session, program, now)
    window = row.window_on.toordinal()
    work._give(row, choice.options[pick.option], window, window, today)
    row.chosen = dumps([*json.loads(row.chosen), pick.option])
    row.settled = len(json.loads(row.chosen)) >= choice.pick
    work.flush()
    account.due(today)
    mark_due(session, [account.member_id], today)


def awards_of(session: Session, member_id: int) -> list[StatusAward]:
    """What a member was given beside tiers, first to last."""
    return list(session.scalars(select(StatusAward).where(StatusAward.member_id == member_id).order_by(StatusAward.n)))


def booked(session: Session, program: Program, ids: Sequence[int]) -> dict[int, dict[Key, Booked]]:
    """What each of some members was given already, as `gifts.extended` asks for it."""
    found: dict[int, dict[Key, Booked]] = {}
    for row in session.scalars(select(StatusAward).where(among(session, StatusAward.member_id, ids))):
        key = (row.name, row.window, 0 if row.kind == "deposit" else row.times, row.awarded_on.toordinal())
        units = tuple((gift["unit"], gift["amount"]) for gift in json.loads(row.gifts) if "unit" in gift)
        picks = 0 if row.settled else _choice(program, row).pick - len(json.loads(row.chosen))
        found.setdefault(row.member_id, {})[key] = Booked(units, picks, row.withdrawn_on is not None)
    return found
