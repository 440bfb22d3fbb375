"""What follows from a fact, in its order: the status folded again, then what the ladder gives beside it, which may count
for the status in its turn. The one place that knows the order."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.benefits.clearing import Looked, clear
from loyalty.benefits.locking import is_due, lock_services
from loyalty.benefits.picking import book_waiting
from loyalty.benefits.reworking import work_windows_again
from loyalty.benefits.waitlist import Id
from loyalty.clock import day_of
from loyalty.members.telling import note
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.operations import Folded, refold
from loyalty.status.queries import Account, lock_numbers
from loyalty.status.rewards import Rewards


def settle(session: Session, program: Program, accounts: Sequence[Account], now: datetime) -> Folded:
    """Draw the consequences of new facts for locked accounts, in the transaction that recorded them.

    The members are noted for those who tell them. Raises Refused: `rewards_without_end` where what is given meets again and
    again what gives it.
    """
    folded = _settled(session, program, accounts, day_of(now, program.zone), now, False, False)
    note(session, [account.member_id for account in accounts], now)
    return folded


def settle_for(
    session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime, whole: bool = False,
    isolate: bool = False,
) -> Folded:  # fmt: skip
    """Draw the consequences of a day, and of facts whose members are noted already; those for whom something follows are noted.

    See `refold` for `whole` and `isolate`: of a member that fails, nothing is written. Raises what `settle` raises.
    """
    folded = _settled(session, program, accounts, as_of, now, whole, isolate)
    note(session, sorted(folded.moved), now)
    return folded


def _settled(
    session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime, whole: bool, isolate: bool
) -> Folded:
    folded = _follow(session, program, accounts, as_of, now, whole, isolate)
    # picks made ahead that count by now: what they give is folded too, and may let the next one count
    while booked := book_waiting(session, program, accounts, as_of, now):
        again = lock_numbers(session, [account.number for account in booked])
        more = _follow(session, program, list(again.values()), as_of, now, False, isolate)
        failures, moved = {**folded.failures, **more.failures}, folded.moved | more.moved
        folded = Folded(folded.members, folded.changes + more.changes, failures, moved)
    if folded.changes:
        work_windows_again(session, program, accounts, now)
    return folded


def _follow(
    session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime, whole: bool, isolate: bool
) -> Folded:
    rules = rules_of(program)
    if not rules.rewards:
        return refold(session, program, accounts, as_of, now, whole, isolate)
    rewards = Rewards(session, program, rules, accounts, now)
    folded = refold(session, program, accounts, as_of, now, whole, isolate, rewards.follow)
    rewards.flush(folded.failures)
    given = {member_id for member_id, sheet in rewards.sheets.items() if sheet.touched}
    return folded._replace(moved=folded.moved | (given - folded.failures.keys()))


def settle_services(
    session: Session, program: Program, services: Collection[int], now: datetime, fresh: Collection[Id] = ()
) -> list[Looked]:
    """Draw the consequences of what was asked or ended of some services, or changed of them: their queues are given out.

    In the transaction that recorded it, which has them locked. Of the requests `fresh`, made in it, what is given is at once.
    """
    locked = lock_services(session, services)
    return [clear(session, program, service, now, fresh) for service in locked.values() if is_due(service, now)]
