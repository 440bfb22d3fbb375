"""What there is of webhooks to look at, and for how long it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.members.tables import Member
from loyalty.messages.webhook_announcing import BACK
from loyalty.messages.webhook_operations import drop_expired
from loyalty.messages.webhook_tables import WebhookAct, WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookSecret
from loyalty.messages.webhooks import DeliveryId, delivery_id

_D, _A = WebhookDelivery.__table__, WebhookAttempt.__table__


@dataclass(frozen=True)
class Standing:
    """How an endpoint stands: its deliveries by state, and since when the oldest of those that wait has been known."""

    endpoint: WebhookEndpoint
    counts: dict[str, int]
    waits_since: datetime | None

    @property
    def healthy(self) -> bool:
        """Whether it is active and the last attempt did not fail."""
        return self.endpoint.state == "active" and self.endpoint.failing_since is None


def standings(session: Session, removed: bool = False) -> list[Standing]:
    """Every endpoint and how it stands; those that were removed where asked for."""
    states: dict[int, dict[str, int]] = {}
    for endpoint_id, state, count in session.execute(
        select(_D.c.endpoint_id, _D.c.state, func.count()).group_by(_D.c.endpoint_id, _D.c.state)
    ):
        states.setdefault(endpoint_id, {})[state] = count
    open_ = _D.c.state.in_(("waiting", "sending"))
    oldest = select(_D.c.endpoint_id, func.min(_D.c.known_at).label("known_at")).where(open_).group_by(_D.c.endpoint_id)
    since: dict[int, datetime] = {row.endpoint_id: row.known_at for row in session.execute(oldest)}
    endpoints = session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.endpoint_id))
    return [
        Standing(one, states.get(one.endpoint_id, {}), since.get(one.endpoint_id))
        for one in endpoints
        if removed or one.state != "removed"
    ]


def standing_of(session: Session, endpoint_id: int) -> Standing:
    """How one endpoint stands, also one that was removed. Raises Refused: `unknown_webhook`."""
    for one in standings(session, removed=True):
        if one.endpoint.endpoint_id == endpoint_id:
            return one
    raise Refused("unknown_webhook", endpoint=endpoint_id)


def acts_of(session: Session, endpoint_id: int) -> Sequence[WebhookAct]:
    """What was done to an endpoint, first to last."""
    return session.scalars(select(WebhookAct).where(WebhookAct.endpoint_id == endpoint_id).order_by(WebhookAct.n)).all()


def secret_spans(session: Session, endpoint_id: int) -> Sequence[Row[int, datetime, datetime | None]]:
    """When each secret of an endpoint was made and until when it signs; never the secret itself."""
    columns = (WebhookSecret.n, WebhookSecret.created_at, WebhookSecret.expires_at)
    return session.execute(select(*columns).where(WebhookSecret.endpoint_id == endpoint_id).order_by(WebhookSecret.n)).all()


def listed_deliveries(
    session: Session, endpoint_id: int | None, state: str | None, number: str | None, limit: int
) -> Sequence[Row[Any]]:
    """Deliveries with the member's number, the newest first."""
    query = select(_D, Member.number).join(Member, Member.member_id == _D.c.member_id)
    for column, value in ((_D.c.endpoint_id, endpoint_id), (_D.c.state, state), (Member.number, number)):
        if value is not None:
            query = query.where(column == value)
    return session.execute(query.order_by(_D.c.made_at.desc(), _D.c.n.desc(), _D.c.member_id).limit(limit)).all()


def delivery_of(session: Session, text: str) -> tuple[Row[Any], Sequence[Row[Any]]]:
    """A delivery by its `webhook-id`, with its attempts. Raises Refused: `unknown_delivery`."""
    id_ = known_id(text)
    mine = (_D.c.member_id == id_.member_id, _D.c.endpoint_id == id_.endpoint_id, _D.c.fact_id == id_.fact_id)
    row = session.execute(select(_D, Member.number).join(Member, Member.member_id == _D.c.member_id).where(*mine)).one_or_none()
    if row is None:
        raise Refused("unknown_delivery", delivery=text)
    same = (_A.c.member_id == id_.member_id, _A.c.endpoint_id == id_.endpoint_id, _A.c.fact_id == id_.fact_id)
    return row, session.execute(select(_A).where(*same).order_by(_A.c.n)).all()


def known_id(text: str) -> DeliveryId:
    """A delivery's key from its `webhook-id`. Raises Refused: `unknown_delivery` where it is none."""
    id_ = delivery_id(text)
    if id_ is None:
        raise Refused("unknown_delivery", delivery=text)
    return id_


def trim_deliveries(session: Session, before: datetime, now: datetime) -> int:
    """Delete deliveries that became known before an instant, with their attempts, but not those that an active endpoint is
    still to be sent, nor any that could be found again; and secrets that have expired. Returns how many deliveries."""
    active = select(WebhookEndpoint.endpoint_id).where(WebhookEndpoint.state == "active")
    open_ = _D.c.state.in_(("waiting", "sending")) & _D.c.endpoint_id.in_(active)
    old = select(_D.c.member_id, _D.c.endpoint_id, _D.c.fact_id).where(_D.c.made_at < min(before, now - 2 * BACK), ~open_)
    gone = old.subquery()
    match = [gone.c[name] == _A.c[name] for name in ("member_id", "endpoint_id", "fact_id")]
    session.execute(delete(WebhookAttempt).where(select(gone.c.fact_id).where(*match).exists()))
    same = (_D.c.made_at < min(before, now - 2 * BACK), ~open_)
    drop_expired(session, now)
    return len(session.execute(delete(WebhookDelivery).where(*same).returning(_D.c.fact_id)).all())
