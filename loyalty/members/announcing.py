"""Members noted, in the transaction of the facts, for the webhooks that announce them."""

from collections.abc import Collection
from datetime import datetime
from secrets import randbits

from sqlalchemy import insert, literal, select
from sqlalchemy.orm import Session

from loyalty.members.tables import Announcing
from loyalty.store import Instant, pairs


def to_announce(session: Session, member_ids: Collection[int], at: datetime) -> None:
    """Note that something became known about members at an instant: one statement, however many they are."""
    if not member_ids:
        return
    note_id = randbits(63)
    ids = pairs(session, [(member_id, note_id) for member_id in sorted(set(member_ids))])
    instant = literal(at, Instant)
    rows = select(ids.c.a, ids.c.b, instant, instant)
    session.execute(insert(Announcing).from_select(["member_id", "note_id", "noted_at", "look_at"], rows))
