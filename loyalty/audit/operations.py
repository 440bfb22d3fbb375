"""A line is added; nothing else can be done to the log."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit.chain import Act, Actor, line_hash
from loyalty.audit.tables import AuditLine
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.store import take_turns


def append(session: Session, by: Actor, act: Act, now: datetime) -> AuditLine:
    """Add a line, in the transaction of the act. Writers take turns until they commit, so it is the last thing to do in one.

    Raises Refused: `key_reused` where the log has the key already.
    """
    take_turns(session, "audit")
    if act.key and session.scalar(select(AuditLine.n).where(AuditLine.key == act.key)) is not None:
        raise Refused("key_reused", key=act.key, source="audit")
    last = session.execute(select(AuditLine.n, AuditLine.hash).order_by(AuditLine.n.desc()).limit(1)).one_or_none()
    line = AuditLine(
        n=last.n + 1 if last else 1, at=now, kind=by.kind, actor_id=by.actor_id, actor=by.name, place=by.place[:45],
        act=act.name, member_id=act.member_id, what=dumps(act.what), reason=act.reason, key=act.key,
        previous=last.hash if last else "",
    )  # fmt: skip
    line.hash = line_hash(line)
    session.add(line)
    session.flush()
    return line
