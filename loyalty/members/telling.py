"""Members noted, in the transaction of the facts, for those who tell them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.members.announcing import to_announce


def note(session: Session, member_ids: Sequence[int], at: datetime) -> None:
    """Note that something is new about members."""
    to_announce(session, member_ids, at)
