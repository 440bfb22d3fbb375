"""Members noted, in the transaction of the facts, for the webhooks that announce them."""

from collections.abc import Collection
from datetime import datetime
from secrets import randbits

from sqlalchemy.orm import Session

from loyalty.members.tables import Announcing
from loyalty.store import insert

COLUMNS = ("member_id", "note_id", "noted_at", "look_at")


def to_announce(session: Session, member_ids: Collection[int], at: datetime) -> None:
    """Note that something became known about members at an instant."""
    note_id = randbits(63)
    insert(session, Announcing, COLUMNS, [(member_id, note_id, at, at) for member_id in sorted(set(member_ids))])
