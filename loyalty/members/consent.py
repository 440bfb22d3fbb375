"""What members want to be told: consents given and withdrawn, and how activity is taken together. Both are logs."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.members.tables import ConsentChange, DigestChange, Member
from loyalty.store import among

#: How activity may be taken together.
DIGESTS = ("each", "day", "week", "month")


def consents_of(session: Session, member_ids: Sequence[int]) -> dict[int, dict[str, bool]]:
    """Of some members: consent -> given or withdrawn, for those about which they said something."""
    query = select(ConsentChange.member_id, ConsentChange.consent, ConsentChange.given)
    query = query.where(among(session, ConsentChange.member_id, member_ids)).order_by(ConsentChange.member_id, ConsentChange.n)
    found: dict[int, dict[str, bool]] = {}
    for member_id, consent, given in session.execute(query):
        found.setdefault(member_id, {})[consent] = given
    return found


def consent(session: Session, member_id: int, name: str, given: bool, source: str, now: datetime) -> bool:
    """Give or withdraw a consent; False where the member had said the same last. `source` is where it was said."""
    _locked(session, member_id)
    if consents_of(session, [member_id]).get(member_id, {}).get(name) is given:
        return False
    n = _next(session, ConsentChange, member_id)
    session.add(ConsentChange(member_id=member_id, n=n, consent=name, given=given, source=source, at=now))
    session.flush()
    return True


def digests_of(session: Session, member_ids: Sequence[int]) -> dict[int, list[tuple[datetime, str]]]:
    """Of some members: what they chose, each with the instant from which it holds, first to last."""
    table = DigestChange.__table__
    query = select(table.c.member_id, table.c.at, table.c.digest).where(among(session, table.c.member_id, member_ids))
    rows = session.execute(query.order_by(table.c.member_id, table.c.n))
    return {member_id: [(at, digest) for _, at, digest in mine] for member_id, mine in groupby(rows, lambda row: int(row[0]))}


def choose_digest(session: Session, member_id: int, digest: str, source: str, now: datetime) -> bool:
    """Choose how activity is told from now on, one of DIGESTS; False where it was so already."""
    _locked(session, member_id)
    known = digests_of(session, [member_id]).get(member_id, [])
    if known and known[-1][1] == digest:
        return False
    n = _next(session, DigestChange, member_id)
    session.add(DigestChange(member_id=member_id, n=n, digest=digest, source=source, at=now))
    session.flush()
    return True


def _locked(session: Session, member_id: int) -> None:
    session.execute(select(Member.member_id).where(Member.member_id == member_id).with_for_update())


def _next(session: Session, table: type[ConsentChange] | type[DigestChange], member_id: int) -> int:
    last = session.scalar(select(func.max(table.n)).where(table.member_id == member_id))
    return 0 if last is None else last + 1
