"""Verbs on endpoints of webhooks, each in its log with author and reason: add, change, enable, disable, rotate, remove."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.messages.webhook_tables import WebhookAct, WebhookDelivery, WebhookEndpoint, WebhookSecret
from loyalty.messages.webhooks import EVERY, TYPES, Network, known_pattern, new_secret, url_problem
from loyalty.program.problems import listed, nearest

#: The author of what is done to an endpoint because of how it answers.
ENGINE = "loyalty"


@dataclass(frozen=True)
class By:
    """Who does something, and why."""

    author: str
    reason: str


def add(
    session: Session, url: str, types: Sequence[str], description: str, networks: Sequence[Network], by: By, now: datetime
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint, told of facts of some types from now on. Returns it with its secret, which is not shown again.

    Raises Refused: `bad_webhook_url`, `webhook_exists` for an address that is told already, `unknown_webhook_type`.
    """
    _check_url(session, url, networks)
    _check_types(types)
    patterns = dict.fromkeys(types, now.isoformat())
    endpoint = WebhookEndpoint(
        url=url, description=description, types=dumps(patterns), state="active", reason="", failures=0, created_at=now, acts=0,
        secrets=0,
    )  # fmt: skip
    session.add(endpoint)
    session.flush()
    secret = _new_secret(session, endpoint, now)
    _log(session, endpoint, "added", by, now, {"url": url, "types": list(types)})
    return endpoint, secret


def change(
    session: Session, endpoint_id: int, url: str | None, types: Sequence[str], description: str | None,
    networks: Sequence[Network], by: By, now: datetime,
) -> bool:  # fmt: skip
    """Give an endpoint another address, description, or other types: what it had not asked for is told from now on.

    False where it is so already. Raises Refused: `unknown_webhook`, and what `add` refuses.
    """
    endpoint = endpoint_of(session, endpoint_id)
    before = (endpoint.url, endpoint.types, endpoint.description)
    if url is not None and url != endpoint.url:
        _check_url(session, url, networks)
        endpoint.url = url
    if types:
        _check_types(types)
        had = patterns_of(endpoint)
        endpoint.types = dumps({pattern: had.get(pattern, now.isoformat()) for pattern in types})
    if description is not None:
        endpoint.description = description
    if before == (endpoint.url, endpoint.types, endpoint.description):
        return False
    _log(session, endpoint, "changed", by, now, {"url": endpoint.url, "types": list(patterns_of(endpoint))})
    return True


def enable(session: Session, endpoint_id: int, skip: bool, by: By, now: datetime) -> tuple[bool, int]:
    """Send to an endpoint again: what has waited meanwhile at once, in its order, or, with `skip`, not at all.

    Returns whether it was disabled, and how many deliveries waited. Raises Refused: `unknown_webhook`.
    """
    endpoint = endpoint_of(session, endpoint_id)
    if endpoint.state == "active":
        return False, 0
    endpoint.state, endpoint.reason = "active", by.reason
    endpoint.failures, endpoint.failing_since, endpoint.paused_until = 0, None, None
    session.flush()
    waited = _drop(session, endpoint_id, now) if skip else _hurry(session, endpoint_id, now)
    _log(session, endpoint, "enabled", by, now, {"dropped" if skip else "waiting": waited})
    return True, waited


def disable(session: Session, endpoint_id: int, by: By, now: datetime) -> bool:
    """Send nothing to an endpoint until it is enabled; its deliveries are made and wait. False where it was so.

    Raises Refused: `unknown_webhook`.
    """
    endpoint = endpoint_of(session, endpoint_id)
    if endpoint.state == "disabled":
        return False
    endpoint.state, endpoint.reason = "disabled", by.reason
    _log(session, endpoint, "disabled", by, now, {"failures": endpoint.failures})
    return True


def rotate(session: Session, endpoint_id: int, keep: timedelta, by: By, now: datetime) -> str:
    """Give an endpoint a new secret; all it had sign for so long beside it. Returns the new one, which is not shown again.

    Raises Refused: `unknown_webhook`.
    """
    endpoint = endpoint_of(session, endpoint_id)
    until = now + keep
    mine = WebhookSecret.endpoint_id == endpoint_id
    longer = WebhookSecret.expires_at.is_(None) | (WebhookSecret.expires_at > until)
    session.execute(update(WebhookSecret).where(mine, longer).values(expires_at=until))
    drop_expired(session, now)
    secret = _new_secret(session, endpoint, now)
    _log(session, endpoint, "rotated", by, now, {"old_until": until})
    return secret


def remove(session: Session, endpoint_id: int, by: By, now: datetime) -> int:
    """End an endpoint for good: its secrets are deleted, what waits is dropped, its log stays. Returns how many waited.

    Raises Refused: `unknown_webhook`.
    """
    endpoint = endpoint_of(session, endpoint_id)
    endpoint.state, endpoint.reason = "removed", by.reason
    session.flush()
    dropped = _drop(session, endpoint_id, now)
    session.execute(delete(WebhookSecret).where(WebhookSecret.endpoint_id == endpoint_id))
    _log(session, endpoint, "removed", by, now, {"dropped": dropped})
    return dropped


def replayed(session: Session, endpoint_id: int, details: Mapping[str, Any], by: By, now: datetime) -> None:
    """Log that deliveries of an endpoint were put in line again. Raises Refused: `unknown_webhook`."""
    _log(session, endpoint_of(session, endpoint_id), "replayed", by, now, details)


def tested(session: Session, endpoint_id: int, details: Mapping[str, Any], by: By, now: datetime) -> None:
    """Log that a test was sent to an endpoint. Raises Refused: `unknown_webhook`."""
    _log(session, endpoint_of(session, endpoint_id), "tested", by, now, details)


# --- parts --------------------------------------------------------------------------------------------------------


def endpoint_of(session: Session, endpoint_id: int, lock: bool = True) -> WebhookEndpoint:
    """An endpoint that has not been removed, locked unless it is only to be read. Raises Refused: `unknown_webhook`."""
    found = session.get(WebhookEndpoint, endpoint_id, with_for_update=lock, populate_existing=True)
    if found is None or found.state == "removed":
        raise Refused("unknown_webhook", endpoint=endpoint_id)
    return found


def live_endpoints(session: Session) -> list[WebhookEndpoint]:
    """The endpoints that have not been removed."""
    live = select(WebhookEndpoint).where(WebhookEndpoint.state != "removed")
    return list(session.scalars(live.order_by(WebhookEndpoint.endpoint_id)))


def patterns_of(endpoint: WebhookEndpoint) -> dict[str, str]:
    """The patterns of types that an endpoint asks for, each with the instant from which it does."""
    found: dict[str, str] = json.loads(endpoint.types)
    return found


def secrets_of(session: Session, endpoint_id: int, now: datetime) -> list[str]:
    """The secrets of an endpoint that are valid, the newest first."""
    valid = WebhookSecret.expires_at.is_(None) | (WebhookSecret.expires_at > now)
    query = select(WebhookSecret.secret).where(WebhookSecret.endpoint_id == endpoint_id, valid)
    return list(session.scalars(query.order_by(WebhookSecret.n.desc())))


def drop_expired(session: Session, now: datetime) -> None:
    """Delete the secrets that have expired."""
    session.execute(delete(WebhookSecret).where(WebhookSecret.expires_at <= now))


def _new_secret(session: Session, endpoint: WebhookEndpoint, now: datetime) -> str:
    secret = new_secret()
    session.add(WebhookSecret(endpoint_id=endpoint.endpoint_id, n=endpoint.secrets, secret=secret, created_at=now))
    endpoint.secrets += 1
    return secret


def _drop(session: Session, endpoint_id: int, now: datetime) -> int:
    """Send nothing of what is still to be sent."""
    open_ = (WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state.in_(("waiting", "sending")))
    changed = update(WebhookDelivery).where(*open_).values(state="dropped", done_at=now, claimed_by="")
    return len(session.execute(changed.returning(WebhookDelivery.fact_id)).all())


def _hurry(session: Session, endpoint_id: int, now: datetime) -> int:
    """Send at once what waits, as if it had never been tried; what is being sent is left to who sends it."""
    waiting = (WebhookDelivery.endpoint_id == endpoint_id, WebhookDelivery.state == "waiting")
    changed = update(WebhookDelivery).where(*waiting).values(next_at=now, failed=0)
    return len(session.execute(changed.returning(WebhookDelivery.fact_id)).all())


def _log(session: Session, endpoint: WebhookEndpoint, act: str, by: By, now: datetime, details: Mapping[str, Any]) -> None:
    session.add(WebhookAct(
        endpoint_id=endpoint.endpoint_id, n=endpoint.acts, act=act, author=by.author, reason=by.reason, details=dumps(details),
        at=now,
    ))  # fmt: skip
    endpoint.acts += 1
    session.flush()


def _check_url(session: Session, url: str, networks: Sequence[Network]) -> None:
    if problem := url_problem(url, networks):
        raise Refused("bad_webhook_url", why=problem)
    same = select(WebhookEndpoint.endpoint_id).where(WebhookEndpoint.url == url, WebhookEndpoint.state != "removed")
    if (endpoint_id := session.scalar(same)) is not None:
        raise Refused("webhook_exists", endpoint=endpoint_id)


def _check_types(types: Sequence[str]) -> None:
    for pattern in types:
        if not known_pattern(pattern):
            groups = sorted({f"{type_.partition('.')[0]}.*" for type_ in TYPES})
            allowed = listed([*TYPES, *groups, EVERY])
            raise Refused("unknown_webhook_type", type=pattern, allowed=allowed, nearest=nearest(pattern, TYPES))
