"""What follows from a fact, in its order: the status folded again, then what the ladder gives beside it. The one place
that knows the order."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.status.gifts import ROUNDS
from loyalty.status.ladder import rules_of
from loyalty.status.operations import Folded, refold
from loyalty.status.queries import Account, refreshed
from loyalty.status.rewards import reward


def settle(session: Session, program: Program, accounts: Sequence[Account], now: datetime) -> Folded:
    """Draw the consequences of new facts for locked accounts, in the transaction that recorded them."""
    return settle_for(session, program, accounts, day_of(now, program.zone), now)


def settle_for(
    session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime, whole: bool = False,
    isolate: bool = False,
) -> Folded:  # fmt: skip
    """The same for the facts of a day; see `refold` for `whole` and `isolate`.

    Raises Refused: `rewards_without_end` where what is given meets again and again what gives it.
    """
    folded = refold(session, program, accounts, as_of, now, whole, isolate)
    rules = rules_of(program)
    again = [account for account in accounts if account.member_id in folded.folds]
    last = folded
    for _ in range(ROUNDS if again else 0):
        again = reward(session, program, rules, again, last.folds, now)
        if not again:
            return folded
        again = refreshed(session, again)
        last = refold(session, program, again, as_of, now)
        folded = folded._replace(changes=folded.changes + last.changes)
    if again:
        raise Refused("rewards_without_end", number=again[0].number)
    return folded
