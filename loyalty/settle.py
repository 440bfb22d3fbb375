"""What follows from a fact, in its order: the status folded again. The one place that knows the order."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.program.load import Program
from loyalty.status.operations import Folded, refold
from loyalty.status.queries import Account


def settle(session: Session, program: Program, accounts: Sequence[Account], now: datetime) -> Folded:
    """Draw the consequences of new facts for locked accounts, in the transaction that recorded them."""
    return refold(session, program, accounts, day_of(now, program.zone), now)
