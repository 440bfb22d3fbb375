"""What a ladder gives beside its tiers, recorded: milestones and deposits, choices made or left to their default."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.ledger.operations import post, undo
from loyalty.members.freezing import free
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.awards import Sheet
from loyalty.status.booked import Booked, choice_of, is_open
from loyalty.status.claims import Award, History
from loyalty.status.compiled import Rules
from loyalty.status.folds import Fold
from loyalty.status.ladder import rules_of
from loyalty.status.operations import fold_for, mark_due
from loyalty.status.queries import Account, histories
from loyalty.status.tables import StatusAward
from loyalty.store import among, upsert

COLUMNS = tuple(one.name for one in fields(Booked))


def awards_of(session: Session, ids: Sequence[int]) -> dict[int, list[Booked]]:
    """What some members were given beside tiers, first to last, by member_id."""
    table = StatusAward.__table__
    query = select(*(table.c[name] for name in COLUMNS)).where(among(session, table.c.member_id, ids))
    rows = session.execute(query.order_by(table.c.member_id, table.c.n))
    return {member_id: [_read(row) for row in mine] for member_id, mine in groupby(rows, lambda row: int(row[0]))}


#: Where the JSON stands among the columns.
GIFTS, CHOSEN = COLUMNS.index("gifts"), COLUMNS.index("chosen")


def _read(row: Any) -> Booked:
    values = list(row)
    for place in (GIFTS, CHOSEN):
        values[place] = [dict(one) for one in _parsed(values[place])]
    return Booked(*values)


@lru_cache(maxsize=10_000)
def _parsed(text: str) -> tuple[dict[str, Any], ...]:
    """The entries of a list of JSON: most awards give the same on the same days."""
    return tuple(json.loads(text))


class Rewards:
    """The awards of a chunk of locked members, read at once, and written at once by `flush`."""

    def __init__(self, session: Session, program: Program, rules: Rules, accounts: Sequence[Account], now: datetime) -> None:
        self.session, self.program, self.rules, self.now = session, program, rules, now
        self.known = awards_of(session, [account.member_id for account in accounts])
        self.sheets: dict[int, Sheet] = {}

    def follow(self, account: Account, history: History, fold: Fold, as_of: date) -> Fold:
        """Note what a member's fold gives beyond what is booked, and what it does not; tells the fold that this leads to."""
        sheet = self.sheet(account)
        return sheet.bring_up(fold, history, lambda more: fold_for(self.rules, account, more, as_of))

    def sheet(self, account: Account) -> Sheet:
        """A member's awards, to be written by `flush`."""
        rows = self.known.get(account.member_id, [])
        sheet = Sheet(self.program, self.rules, account.member_id, account.number, rows, self.now)
        self.sheets[account.member_id] = sheet
        return sheet

    def flush(self, without: Collection[int] = ()) -> None:
        """Write what was noted, but not that of some members: each table once."""
        sheets = [sheet for member_id, sheet in self.sheets.items() if member_id not in without]
        rows = [_written(row) for sheet in sheets for row in sheet.touched.values()]
        upsert(self.session, StatusAward, ("member_id", "n"), COLUMNS, rows)
        post(self.session, [entry for sheet in sheets for entry in sheet.entries])
        undone = {cause: day for sheet in sheets for cause, day in sheet.undone.items()}
        if undone:
            undo(self.session, undone, self.now)


def _written(row: Booked) -> tuple[Any, ...]:
    values = [getattr(row, name) for name in COLUMNS]
    return tuple(dumps(value) if isinstance(value, list) else value for value in values)


@dataclass(frozen=True)
class Pick:
    """A member's choice of an option of a milestone; `window_of` is a day of the window, where several are open."""

    milestone: str
    option: str
    author: str
    reason: str
    key: str
    window_of: date | None = None


def choose(session: Session, program: Program, account: Account, wanted: Pick, now: datetime) -> bool:
    """Take an option of the open choice that ends first; False where the same key had taken the same before.

    Raises Refused: `nothing_to_choose`, `unknown_option`, `key_reused`, `member_frozen`.
    """
    today = day_of(now, program.zone)
    rules = rules_of(program)
    rewards = Rewards(session, program, rules, [account], now)
    sheet = rewards.sheet(account)
    if _picked(sheet.rows, wanted):
        return False
    free(session, account.member_id)
    history = histories(session, rules, [account])[account.member_id]
    said = {(one.milestone, one.window, one.n, one.on): one for one in fold_for(rules, account, history, today).awards}
    open_ = [(row, said[row.identity]) for row in sheet.rows if row.identity in said and _may_pick(program, row, wanted, today)]
    open_ = [one for one in open_ if one[1].withdrawn is None and _in_window(one[1], wanted.window_of)]
    if not open_ or (account.left_on is not None and account.left_on <= today):
        raise Refused("nothing_to_choose", milestone=wanted.milestone, number=account.number)
    row, award = min(open_, key=lambda one: (one[1].choose_by or 0, one[0].n))
    options = choice_of(program, row).options
    if wanted.option not in options:
        hint = nearest(wanted.option, options)
        raise Refused("unknown_option", option=wanted.option, allowed=listed(options), nearest=hint)
    told = {"option": wanted.option, "author": wanted.author, "reason": wanted.reason, "key": wanted.key}
    sheet.pick(row, award, today, told)
    rewards.flush()
    account.due(today)
    mark_due(session, [account.member_id], today)
    return True


def _picked(rows: Sequence[Booked], wanted: Pick) -> bool:
    """Whether the key has picked already. Raises Refused: `key_reused` for another option under the key."""
    for row in rows:
        for one in row.chosen:
            if one.get("key") == wanted.key:
                if (row.name, one["option"]) != (wanted.milestone, wanted.option):
                    raise Refused("key_reused", key=wanted.key, source="choice")
                return True
    return False


def _may_pick(program: Program, row: Booked, wanted: Pick, today: date) -> bool:
    return row.name == wanted.milestone and not row.settled and is_open(program, row, today)


def _in_window(award: Award, day: date | None) -> bool:
    return day is None or award.first <= day.toordinal() <= award.last
