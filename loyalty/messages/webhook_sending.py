"""Deliveries claimed by guarded updates, sent outside any transaction, marked by who claimed them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import Row, Table, Update, exists, func, select, tuple_, update
from sqlalchemy.orm import Session, aliased

from loyalty import __version__
from loyalty.messages.webhook_operations import ENGINE, By, disable, secrets_of
from loyalty.messages.webhook_posting import Answer, Caller
from loyalty.messages.webhook_tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from loyalty.messages.webhooks import BUSY, GONE, LONGEST_PAUSE, DeliveryId, asked_wait, delivered, headers, next_try

#: For so long a claim holds; then whoever claimed is taken for dead, and what it had not marked is sent again.
LEASE = timedelta(minutes=5)
#: Claimed at a time: all of them time out, and their names are looked for in vain, within the lease.
BATCH = 3
OPEN = ("waiting", "sending")
_D = cast(Table, WebhookDelivery.__table__)


@dataclass(frozen=True)
class Claim:
    """Deliveries of one endpoint, claimed by one sender until the lease is over; where they go, and the valid secrets."""

    by: str
    url: str
    rows: tuple[Row[Any], ...]
    secrets: tuple[str, ...] = field(repr=False)


def endpoints_due(session: Session, now: datetime) -> list[int]:
    """The endpoints for which something may be sent now."""
    due = exists().where(_D.c.endpoint_id == WebhookEndpoint.endpoint_id, _D.c.state.in_(OPEN), _D.c.next_at <= now)
    query = select(WebhookEndpoint.endpoint_id).where(due, *_sendable(now))
    return list(session.scalars(query.order_by(WebhookEndpoint.endpoint_id)))


def next_due(session: Session, now: datetime) -> datetime | None:
    """When something may be sent next, of what has been tried before; none where nothing waits."""
    waits = (_D.c.state == "waiting", _D.c.failed > 0, _D.c.endpoint_id == WebhookEndpoint.endpoint_id)
    found: datetime | None = session.scalar(select(func.min(_D.c.next_at)).where(*waits, *_sendable(now)))
    return found


def _sendable(now: datetime) -> tuple[Any, ...]:
    paused = WebhookEndpoint.paused_until
    return WebhookEndpoint.state == "active", paused.is_(None) | (paused <= now)


def claim(session: Session, endpoint_id: int, by: str, now: datetime, limit: int = BATCH) -> Claim:
    """Claim deliveries of an endpoint that are due: of each member the first that is still to be sent, so that a member's facts
    arrive in their order. What another sender has claimed is passed over; what one that died had claimed comes back when its
    lease is over. The claim counts as a try."""
    earlier = aliased(WebhookDelivery)
    same = (earlier.endpoint_id == _D.c.endpoint_id, earlier.member_id == _D.c.member_id)
    ahead = exists().where(*same, earlier.n < _D.c.n, earlier.state.in_(OPEN))
    sendable = exists().where(WebhookEndpoint.endpoint_id == endpoint_id, *_sendable(now))
    keys = (_D.c.member_id, _D.c.endpoint_id, _D.c.fact_id)
    first = (
        select(*keys)
        .where(_D.c.endpoint_id == endpoint_id, _D.c.state.in_(OPEN), _D.c.next_at <= now, ~ahead, sendable)
        .order_by(_D.c.next_at, _D.c.member_id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=_D)
        .cte("first")  # worked out once: rows are locked for the claim and no others
    )
    values = {"state": "sending", "claimed_by": by, "next_at": now + LEASE, "tries": _D.c.tries + 1}
    taken = update(_D).where(tuple_(*keys).in_(select(first))).values(values).returning(*_D.c)
    rows = sorted(session.execute(taken).all(), key=lambda row: (row.known_at, row.member_id))
    url = session.scalar(select(WebhookEndpoint.url).where(WebhookEndpoint.endpoint_id == endpoint_id)) or ""
    return Claim(by, url, tuple(rows), tuple(secrets_of(session, endpoint_id, now)))


def send(caller: Caller, claim: Claim, row: Row[Any], at: datetime) -> Answer:
    """Send one claimed delivery: no transaction is open meanwhile."""
    id_ = DeliveryId(row.member_id, row.endpoint_id, row.fact_id)
    return call(caller, claim.url, str(id_), row.body, claim.secrets, at)


def call(caller: Caller, url: str, id_: str, body: str, secrets: tuple[str, ...], at: datetime) -> Answer:
    """Send a signed body."""
    plain = {"content-type": "application/json", "user-agent": f"loyalty/{__version__}"}
    return caller.post(url, {**plain, **headers(id_, at, body, secrets)}, body)


# --- marks: only by who claimed -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Marker:
    """Writes what became of attempts. An endpoint with failures alone for `patience` is disabled."""

    patience: timedelta
    random: Callable[[], Random] = Random

    def mark(self, session: Session, by: str, row: Row[Any], answer: Answer, at: datetime) -> bool:
        """Write an attempt, and what follows for its delivery and its endpoint; whether it was delivered.

        Of a delivery that another has claimed meanwhile, or that was dropped, only the attempt is written.
        """
        fine = delivered(answer.status)
        _endpoint_fine(session, row.endpoint_id, at) if fine else self._endpoint_failed(session, row.endpoint_id, answer, at)
        session.execute(self._become(row, answer, at).where(_D.c.claimed_by == by, _D.c.state == "sending"))
        session.add(WebhookAttempt(
            member_id=row.member_id, endpoint_id=row.endpoint_id, fact_id=row.fact_id, n=row.tries, at=at, status=answer.status,
            error=answer.error, took=answer.took, answer=answer.text,
        ))  # fmt: skip
        session.flush()
        return fine

    def _become(self, row: Row[Any], answer: Answer, at: datetime) -> Update:
        mine = (_D.c.member_id == row.member_id, _D.c.endpoint_id == row.endpoint_id, _D.c.fact_id == row.fact_id)
        values: dict[str, Any] = {"claimed_by": "", "state": "delivered", "failed": 0, "done_at": at}
        if answer.status == GONE:  # it waits, should the endpoint be enabled again
            values |= {"state": "waiting", "failed": row.failed + 1, "next_at": at, "done_at": None}
        elif not delivered(answer.status):
            again = next_try(row.failed + 1, at, asked_wait(answer.retry_after, at), self.random())
            values |= {"state": "waiting" if again else "failed", "failed": row.failed + 1, "next_at": again or at,
                       "done_at": None if again else at}  # fmt: skip
        return update(_D).where(*mine).values(values)

    def _endpoint_failed(self, session: Session, endpoint_id: int, answer: Answer, at: datetime) -> None:
        endpoint = session.get_one(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or at
        asked = asked_wait(answer.retry_after, at)
        if asked is not None and answer.status in BUSY:
            endpoint.paused_until = at + min(asked, LONGEST_PAUSE)
        session.flush()
        if endpoint.state != "active":
            return
        if answer.status == GONE:
            disable(session, endpoint_id, By(ENGINE, "it answered 410 Gone: it wants nothing any more"), at)
        elif at - endpoint.failing_since >= self.patience:
            since = f"{endpoint.failing_since:%Y-%m-%d %H:%M} UTC"
            told = f"{endpoint.failures} attempts in a row failed, since {since}; the last: {answer.error or answer.status}"
            disable(session, endpoint_id, By(ENGINE, told), at)


def _endpoint_fine(session: Session, endpoint_id: int, at: datetime) -> None:
    """Note that an endpoint takes what is sent; while it always does, once a minute is enough."""
    one = WebhookEndpoint
    stale = one.delivered_at.is_(None) | (one.delivered_at < at - timedelta(minutes=1)) | (one.failures > 0)
    values = {"failures": 0, "failing_since": None, "paused_until": None, "delivered_at": at}
    session.execute(update(one).where(one.endpoint_id == endpoint_id, stale).values(values))
