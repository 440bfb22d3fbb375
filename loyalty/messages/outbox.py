"""The outbox: rows written once, claimed by guarded updates, marked by who claimed them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, delete, func, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.members.consent import consents_of
from loyalty.members.tables import Member
from loyalty.messages.rules import TRIES, wait_after
from loyalty.messages.tables import Bounce, Message, Suppression
from loyalty.store import among

COLUMNS = ("member_id", "message_id", "kind", "on", "consent", "priority", "locale", "zone", "address", "context", "state",
           "next_at", "attempts", "claimed_by", "error", "made_at", "sent_at")  # fmt: skip
#: For so long a claim holds; then whoever claimed is taken for dead, and what it had not marked is sent again.
LEASE = timedelta(minutes=10)
_MESSAGE = cast(Table, Message.__table__)


def write(session: Session, rows: Sequence[tuple[Any, ...]]) -> int:
    """Add messages, in the order of COLUMNS; those that are there already stay as they are. Returns how many were added."""
    if not rows:
        return 0
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    statement = dialect.insert(_MESSAGE).on_conflict_do_nothing().returning(_MESSAGE.c.message_id)
    return len(session.execute(statement, values).all())


@dataclass(frozen=True)
class Claim:
    """Messages claimed by one sender until the lease is over."""

    by: str
    until: datetime
    rows: tuple[Row[Any], ...]


def claim(session: Session, by: str, now: datetime, limit: int) -> Claim:
    """Claim the messages that are to be sent first: by priority, then those that wait longest. What another sender has claimed
    is passed over; what one that died had claimed comes back when its lease is over. The claim counts as an attempt."""
    first = (
        select(_MESSAGE.c.member_id, _MESSAGE.c.message_id)
        .where(_MESSAGE.c.state.in_(("waiting", "sending")), _MESSAGE.c.next_at <= now)
        .order_by(_MESSAGE.c.priority, _MESSAGE.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(_MESSAGE)
        .where(tuple_(_MESSAGE.c.member_id, _MESSAGE.c.message_id).in_(first))
        .values(state="sending", claimed_by=by, next_at=now + LEASE, attempts=_MESSAGE.c.attempts + 1)
        .returning(*_MESSAGE.c)
    )
    rows = sorted(session.execute(taken), key=lambda row: (row.priority, row.made_at, row.member_id, row.message_id))
    return Claim(by, now + LEASE, tuple(rows))


def refused_by(session: Session, rows: Sequence[Row[Any]]) -> dict[tuple[int, int], str]:
    """Which of some messages may not go out any more, and why: consent was withdrawn, or the address is suppressed."""
    said = consents_of(session, sorted({row.member_id for row in rows if row.consent is not None}))
    gone = suppressed(session, {row.address for row in rows})
    found = {}
    for row in rows:
        if row.consent is not None and said.get(row.member_id, {}).get(row.consent) is False:
            found[row.member_id, row.message_id] = "the member has withdrawn consent"
        elif row.address.lower() in gone:
            found[row.member_id, row.message_id] = "nothing is sent to this address any more"
    return found


# --- marks: only by who claimed -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mark:
    """What became of one claimed message: its new state, why, when it may be tried again. `attempts` is added to the count."""

    member_id: int
    message_id: int
    state: str
    error: str = ""
    next_at: datetime | None = None
    sent_at: datetime | None = None
    attempts: int = 0


def mark(session: Session, by: str, marks: Iterable[Mark]) -> None:
    """Write what became of messages; of those that another has claimed meanwhile, nothing."""
    values = [
        {"m": one.member_id, "i": one.message_id, "s": one.state, "e": one.error, "n": one.next_at, "t": one.sent_at,
         "a": one.attempts}
        for one in marks
    ]  # fmt: skip
    if not values:
        return
    mine = (_MESSAGE.c.member_id == bindparam("m"), _MESSAGE.c.message_id == bindparam("i"), _MESSAGE.c.claimed_by == by)
    at = _MESSAGE.c.next_at.type
    statement = (
        update(_MESSAGE)
        .where(*mine, _MESSAGE.c.state == "sending")
        .values(
            state=bindparam("s"), error=bindparam("e"), sent_at=bindparam("t", type_=at), claimed_by="",
            next_at=func.coalesce(bindparam("n", type_=at), _MESSAGE.c.next_at), attempts=_MESSAGE.c.attempts + bindparam("a"),
        )
    )  # fmt: skip
    session.connection().execute(statement, values)


def retried(row: Row[Any], error: str, now: datetime, random: Random) -> Mark:
    """A failure that may pass: tried again later, or, after the last try, failed."""
    if row.attempts >= TRIES:
        return Mark(row.member_id, row.message_id, "failed", error)
    return Mark(row.member_id, row.message_id, "waiting", error, now + wait_after(row.attempts, random))


def put_back(row: Row[Any], at: datetime, error: str = "") -> Mark:
    """Not tried after all: it waits until an instant, and the claim does not count."""
    return Mark(row.member_id, row.message_id, "waiting", error or row.error, at, attempts=-1)


def retry(session: Session, now: datetime, kinds: Collection[str] = (), message_ids: Collection[int] = ()) -> int:
    """Let failed messages be tried again from now, from the first attempt on; all of them, or some. Returns how many."""
    again = update(Message).where(Message.state == "failed")
    if kinds:
        again = again.where(Message.kind.in_(kinds))
    if message_ids:
        again = again.where(Message.message_id.in_(message_ids))
    done = session.execute(again.values(state="waiting", next_at=now, attempts=0).returning(Message.message_id))
    return len(done.all())


def resend(session: Session, member_id: int, message_id: int, now: datetime) -> bool:
    """Let a message be sent again as it was written, to the member's address of now; False where it waits to be sent already.

    Raises Refused: `unknown_message_of`.
    """
    row = session.get(Message, (member_id, message_id), with_for_update=True)
    if row is None:
        raise Refused("unknown_message_of", message=message_id)
    if row.state in ("waiting", "sending"):
        return False
    row.address = session.scalar(select(Member.email).where(Member.member_id == member_id)) or row.address
    row.state, row.next_at, row.attempts, row.error, row.sent_at = "waiting", now, 0, "", None
    session.flush()
    return True


def waiting_count(session: Session, now: datetime) -> int:
    """How many messages may be sent now."""
    open_ = (Message.state.in_(("waiting", "sending")), Message.next_at <= now)
    return session.scalar(select(func.count()).select_from(Message).where(*open_)) or 0


# --- addresses ----------------------------------------------------------------------------------------------------


def suppressed(session: Session, addresses: Collection[str]) -> set[str]:
    """Which of some addresses take no mail, in small letters."""
    wanted = sorted({address.lower() for address in addresses if address})
    return set(session.scalars(select(Suppression.address).where(among(session, Suppression.address, wanted))))


def suppress(session: Session, address: str, reason: str, now: datetime) -> bool:
    """Send nothing to an address any more; False where that was so already."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"address": address.lower(), "reason": reason[:200], "at": now}
    statement = dialect.insert(cast(Table, Suppression.__table__)).on_conflict_do_nothing()
    return len(session.execute(statement.returning(Suppression.address), [row]).all()) > 0


def lift(session: Session, address: str) -> bool:
    """Send to an address again; False where it was not suppressed."""
    gone = delete(Suppression).where(Suppression.address == address.lower())
    return session.scalar(gone.returning(Suppression.address)) is not None


# --- reads --------------------------------------------------------------------------------------------------------


def listed(session: Session, state: str | None, member_id: int | None, limit: int) -> list[Row[Any]]:
    """Messages, the newest first: without their contexts."""
    columns = [_MESSAGE.c[name] for name in COLUMNS if name != "context"]
    query = select(*columns).order_by(_MESSAGE.c.made_at.desc(), _MESSAGE.c.member_id, _MESSAGE.c.message_id).limit(limit)
    if state is not None:
        query = query.where(_MESSAGE.c.state == state)
    if member_id is not None:
        query = query.where(_MESSAGE.c.member_id == member_id)
    return list(session.execute(query))


def counts(session: Session, since: datetime | None = None) -> list[Row[Any]]:
    """(kind, state, messages, bounced) of all messages, or of those made since an instant."""
    bounced = select(Bounce.member_id, Bounce.message_id).distinct().subquery()
    match = (bounced.c.member_id == _MESSAGE.c.member_id) & (bounced.c.message_id == _MESSAGE.c.message_id)
    columns = (_MESSAGE.c.kind, _MESSAGE.c.state)
    query = select(*columns, func.count().label("messages"), func.count(bounced.c.member_id).label("bounced"))
    if since is not None:
        query = query.where(_MESSAGE.c.made_at >= since)
    return list(session.execute(query.join(bounced, match, isouter=True).group_by(*columns).order_by(*columns)))
