"""What follows from a fact, in its order: the status folded again, then what the ladder gives beside it, which may count
for the status in its turn. The one place that knows the order."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.members.telling import note
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.operations import Folded, refold
from loyalty.status.queries import Account
from loyalty.status.rewards import Rewards


def settle(session: Session, program: Program, accounts: Sequence[Account], now: datetime) -> Folded:
    """Draw the consequences of new facts for locked accounts, in the transaction that recorded them."""
    return settle_for(session, program, accounts, day_of(now, program.zone), now)


def settle_for(
    session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime, whole: bool = False,
    isolate: bool = False,
) -> Folded:  # fmt: skip
    """The same for the facts of a day; see `refold` for `whole` and `isolate`: of a member that fails, nothing is written.

    Raises Refused: `rewards_without_end` where what is given meets again and again what gives it.
    """
    rules = rules_of(program)
    note(session, [account.member_id for account in accounts], now)
    if not rules.rewards:
        return refold(session, program, accounts, as_of, now, whole, isolate)
    rewards = Rewards(session, program, rules, accounts, now)
    folded = refold(session, program, accounts, as_of, now, whole, isolate, rewards.follow)
    rewards.flush(folded.failures)
    return folded
