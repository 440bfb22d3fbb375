"""Members noted, in the transaction of the facts, for those who tell them; and facts that no other table keeps."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ARRAY, BigInteger, Table, bindparam, func, literal, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from loyalty.keys import digest, dumps
from loyalty.members.announcing import to_announce
from loyalty.members.tables import Notice, Telling
from loyalty.store import Instant


def note(session: Session, member_ids: Sequence[int], at: datetime) -> None:
    """Note that something is new about members, for the messages to them and for the webhooks that announce it."""
    look_at(session, member_ids, at)
    to_announce(session, member_ids, at)


def look_at(session: Session, member_ids: Sequence[int], at: datetime) -> None:
    """Note that members are to be looked at for messages at an instant, which may be to come."""
    if not member_ids:
        return
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    if on_postgresql:
        listed = func.unnest(bindparam(None, list(member_ids), type_=ARRAY(BigInteger))).table_valued("value")
        ids = listed.render_derived()
    else:
        ids = func.json_each(json.dumps(list(member_ids))).table_valued("value")
    rows = select(ids.c.value, literal(at, Instant)).where(true())
    insert = (postgresql if on_postgresql else sqlite).insert(cast(Table, Telling.__table__))
    session.execute(insert.from_select(["member_id", "noted_at"], rows).on_conflict_do_nothing())


def notice(
    session: Session, member_id: int, source: str, key: str, fields: Mapping[str, Any], now: datetime, address: str = ""
) -> bool:
    """Record something that a member is to be told, once for each key; False where it was recorded before.

    `source` is security or survey; `fields` are those of its template, texts and whole numbers. `address` is where it goes,
    where that is not the member's: the old one, when it was changed.
    """
    identity = (member_id, digest("notice", source, key))
    if session.get(Notice, identity) is not None:
        return False
    session.add(Notice(
        member_id=member_id, notice_id=identity[1], source=source, fields=dumps(dict(fields)), address=address, at=now
    ))  # fmt: skip
    session.flush()
    look_at(session, [member_id], now)
    return True
