"""Commands about webhooks: endpoints, their secrets, their deliveries."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import click
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.cli.edge import opened
from loyalty.cli.output import FOUND, emit, json_option, refusals, table
from loyalty.jobs.deployment import Deployment
from loyalty.messages.webhook_keeping import (
    Standing,
    acts_of,
    secret_spans,
    standing_of,
    standings,
)
from loyalty.messages.webhook_operations import (
    By,
    add,
    change,
    disable,
    enable,
    endpoint_of,
    patterns_of,
    remove,
    rotate,
    secrets_of,
    tested,
)
from loyalty.messages.webhook_posting import Answer, Caller
from loyalty.messages.webhook_sending import call
from loyalty.messages.webhooks import TEST, body_of, delivered
from loyalty.settings import networks

#: What is said with a secret.
ONCE = "It is not shown again: give it to the receiver now."


@click.group()
def webhooks() -> None:
    """Systems that are told of facts: endpoints, secrets, deliveries, replay."""


def by_whom(command: click.decorators.FC) -> click.decorators.FC:
    """Who does it, and why."""
    for option in (click.option("--reason", required=True), click.option("--author", required=True)):
        command = option(command)
    return command


def _act(act: Callable[[Deployment, Session, datetime], Any]) -> Any:
    deployment, now = opened()
    with deployment.store.transaction() as session:
        return act(deployment, session, now)


def say(as_json: bool, data: dict[str, Any], *lines: str) -> None:
    if as_json:
        emit(data)
    else:
        for line in lines:
            click.echo(line)


# --- endpoints ----------------------------------------------------------------------------------------------------


@webhooks.command("add")
@click.argument("url")
@click.option("--type", "types", multiple=True, required=True, help="A type, a group (status.*), or * for all; several times.")
@click.option("--description", default="")
@by_whom
@json_option
@refusals
def add_(url: str, types: tuple[str, ...], description: str, as_json: bool, **by: str) -> None:
    """Tell a system of facts from now on; prints the secret that signs them, once."""

    def act(deployment: Deployment, session: Session, now: datetime) -> tuple[int, str]:
        allowed = networks(deployment.settings.webhook_networks)
        endpoint, secret = add(session, url, list(dict.fromkeys(types)), description, allowed, By(**by), now)
        return endpoint.endpoint_id, secret

    endpoint_id, secret = _act(act)
    say(as_json, {"endpoint": endpoint_id, "secret": secret}, f"Endpoint {endpoint_id}. Its secret: {secret}", ONCE)


@webhooks.command("change")
@click.argument("endpoint", type=int)
@click.option("--url", default=None)
@click.option("--type", "types", multiple=True, help="All types that it is to be told from now on, in place of those it has.")
@click.option("--description", default=None)
@by_whom
@json_option
@refusals
def change_(endpoint: int, url: str | None, types: tuple[str, ...], description: str | None, as_json: bool, **by: str) -> None:
    """Give an endpoint another address, other types, another description."""

    def act(deployment: Deployment, session: Session, now: datetime) -> bool:
        allowed = networks(deployment.settings.webhook_networks)
        return change(session, endpoint, url, list(dict.fromkeys(types)), description, allowed, By(**by), now)

    changed = _act(act)
    say(as_json, {"endpoint": endpoint, "changed": changed}, "Changed." if changed else "It is so already; nothing changed.")


@webhooks.command("enable")
@click.argument("endpoint", type=int)
@click.option("--skip", is_flag=True, help="Do not send what has waited meanwhile.")
@by_whom
@json_option
@refusals
def enable_(endpoint: int, skip: bool, as_json: bool, **by: str) -> None:
    """Send to an endpoint again: first what has waited, in its order."""
    fresh, waited = _act(lambda _deployment, session, now: enable(session, endpoint, skip, By(**by), now))
    told = f"Enabled; {waited} deliveries {'are dropped' if skip else 'wait to be sent'}." if fresh else "It is active already."
    say(as_json, {"endpoint": endpoint, "enabled": fresh, "dropped" if skip else "waiting": waited}, told)


@webhooks.command("disable")
@click.argument("endpoint", type=int)
@by_whom
@json_option
@refusals
def disable_(endpoint: int, as_json: bool, **by: str) -> None:
    """Send nothing to an endpoint until it is enabled; what happens meanwhile waits."""
    fresh = _act(lambda _deployment, session, now: disable(session, endpoint, By(**by), now))
    say(as_json, {"endpoint": endpoint, "disabled": fresh}, "Disabled." if fresh else "It is disabled already.")


@webhooks.command("rotate")
@click.argument("endpoint", type=int)
@click.option(
    "--hours", type=click.IntRange(0, 24 * 365), default=24, show_default=True, help="How long the old one still signs."
)
@by_whom
@json_option
@refusals
def rotate_(endpoint: int, hours: int, as_json: bool, **by: str) -> None:
    """Give an endpoint a new secret, printed once; what it had signs beside it for some hours."""
    secret = _act(lambda _deployment, session, now: rotate(session, endpoint, timedelta(hours=hours), By(**by), now))
    told = f"The new secret of endpoint {endpoint}: {secret}"
    say(as_json, {"endpoint": endpoint, "secret": secret, "hours": hours}, told, ONCE, f"The old one signs for {hours} hours.")


@webhooks.command("remove")
@click.argument("endpoint", type=int)
@by_whom
@json_option
@refusals
def remove_(endpoint: int, as_json: bool, **by: str) -> None:
    """End an endpoint for good: its secrets are deleted, what waits is dropped."""
    dropped = _act(lambda _deployment, session, now: remove(session, endpoint, By(**by), now))
    say(as_json, {"endpoint": endpoint, "dropped": dropped}, f"Removed; {dropped} deliveries are dropped.")


@webhooks.command("test")
@click.argument("endpoint", type=int)
@by_whom
@json_option
@refusals
def test_(endpoint: int, as_json: bool, **by: str) -> None:
    """Send an endpoint a signed event of no meaning, now; exit code 1 where it is not taken."""
    deployment, now = opened()
    with deployment.store.reading() as session:
        url = endpoint_of(session, endpoint, lock=False).url
        secrets = tuple(secrets_of(session, endpoint, now))
    id_ = f"test_{uuid4().hex}"
    caller = Caller(networks(deployment.settings.webhook_networks))
    answer = call(caller, url, id_, body_of(TEST, now, {"endpoint": endpoint}), secrets, clock.now())
    caller.close()
    told = {"endpoint": endpoint, "id": id_, "taken": delivered(answer.status), "status": answer.status,
            "error": answer.error, "milliseconds": answer.took, "answer": answer.text}  # fmt: skip
    with deployment.store.transaction() as session:
        tested(session, endpoint, {"id": id_, "status": answer.status, "error": answer.error}, By(**by), now)
    say(as_json, told, answered(answer))
    if not delivered(answer.status):
        sys.exit(FOUND)


def answered(answer: Answer) -> str:
    what = f"answered {answer.status}" if answer.status is not None else answer.error
    return f"{what} after {answer.took} ms{f': {answer.text[:200]}' if answer.text else ''}"


# --- what there is ------------------------------------------------------------------------------------------------


@webhooks.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that were removed.")
@json_option
@refusals
def list_(everything: bool, as_json: bool) -> None:
    """Every endpoint: what it is told, how it stands, what waits for it."""
    _show(_standings(everything), as_json)


@webhooks.command("health")
@json_option
@refusals
def health_(as_json: bool) -> None:
    """The endpoints that fail or are disabled; exit code 1 where there is one."""
    ill = [one for one in _standings(False) if not one.healthy]
    _show(ill, as_json)
    if ill:
        sys.exit(FOUND)


def _standings(everything: bool) -> list[Standing]:
    deployment, _ = opened()
    with deployment.store.reading() as session:
        return standings(session, everything)


def _show(found: Sequence[Standing], as_json: bool) -> None:
    if as_json:
        emit([_data(one) for one in found])
        return
    rows = []
    for one in found:
        row, counts = one.endpoint, one.counts
        waits = counts.get("waiting", 0) + counts.get("sending", 0)
        numbers = (counts.get("delivered", 0), waits, counts.get("failed", 0), row.failures)
        rows.append((row.endpoint_id, _state(row), *numbers, " ".join(patterns_of(row)), row.url))
    table(("id", "state", "delivered", "waiting", "failed", "failing", "types", "address"), rows, right=(0, 2, 3, 4, 5))
    for one in found:
        if one.endpoint.reason and one.endpoint.state != "active":
            click.echo(f"{one.endpoint.endpoint_id}: {one.endpoint.state}: {one.endpoint.reason}")


def _state(row: Any) -> str:
    if row.state != "active":
        return str(row.state).upper()
    return f"failing since {row.failing_since:%Y-%m-%d %H:%M}" if row.failing_since else "active"


def _data(one: Standing) -> dict[str, Any]:
    row = one.endpoint
    names = ("url", "description", "state", "reason", "failures", "failing_since", "delivered_at", "paused_until", "created_at")
    told = {name: getattr(row, name) for name in names}
    counts = {"deliveries": one.counts, "waiting_since": one.waits_since}
    return {"endpoint": row.endpoint_id, **told, "types": patterns_of(row), **counts}


@webhooks.command("show")
@click.argument("endpoint", type=int)
@json_option
@refusals
def show_(endpoint: int, as_json: bool) -> None:
    """One endpoint, when its secrets were made and until when they sign, and all that was done to it."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        told = _data(standing_of(session, endpoint))
        told["secrets"] = [
            {"n": n, "created_at": made, "expires_at": until} for n, made, until in secret_spans(session, endpoint)
        ]
        names = ("at", "act", "author", "reason")
        acts = acts_of(session, endpoint)
        told["acts"] = [{**{name: getattr(one, name) for name in names}, "details": json.loads(one.details)} for one in acts]
    if as_json:
        emit(told)
        return
    for name, value in told.items():
        if name not in ("secrets", "acts"):
            click.echo(f"{name}: {'' if value is None else value}")
    for one in told["secrets"]:
        click.echo(f"secret {one['n']}: made {one['created_at']}, signs until {one['expires_at'] or 'rotated'}")
    table(("at", "act", "author", "reason"), [[one[name] for name in names] for one in told["acts"]])
