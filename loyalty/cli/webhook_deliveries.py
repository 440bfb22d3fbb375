"""Commands about the deliveries of webhooks: shown with their attempts, and sent again."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.cli.edge import account_of, opened
from loyalty.cli.output import DAY, emit, json_option, refusals, table
from loyalty.cli.webhooks import answered, by_whom, say
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.messages.webhook_announcing import members_after, put_failed_in_line, put_in_line, replay_facts
from loyalty.messages.webhook_keeping import delivery_of, known_id, listed_deliveries
from loyalty.messages.webhook_operations import By, endpoint_of, replayed
from loyalty.messages.webhook_posting import Answer
from loyalty.messages.webhooks import DeliveryId

#: Members whose facts are looked for in one transaction of a replay.
CHUNK = 500


@click.command("deliveries")
@click.argument("delivery", required=False)
@click.option("--endpoint", type=int, default=None)
@click.option("--state", type=click.Choice(("waiting", "sending", "delivered", "failed", "dropped")), default=None)
@click.option("--member", "number", default=None)
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="So many, the newest first.")
@json_option
@refusals
def deliveries(
    delivery: str | None, endpoint: int | None, state: str | None, number: str | None, last: int, as_json: bool
) -> None:
    """Deliveries; or one, by its webhook-id, with what was sent and every attempt."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        if delivery is not None:
            _one(*delivery_of(session, delivery), as_json)
            return
        found = [_told(row) for row in listed_deliveries(session, endpoint, state, number, last)]
    if as_json:
        emit(found)
        return
    names = ("delivery", "type", "member", "state", "tries", "known_at", "next_at")
    table(("delivery", "type", "member", "state", "tries", "known", "next"), [[one[name] for name in names] for one in found])


def _told(row: Any) -> dict[str, Any]:
    names = ("endpoint_id", "type", "state", "tries", "known_at", "made_at", "done_at")
    told = {name: getattr(row, name) for name in names}
    next_at = row.next_at if row.state in ("waiting", "sending") else None
    return {"delivery": str(DeliveryId(row.member_id, row.endpoint_id, row.fact_id)), "member": row.number, **told,
            "next_at": next_at}  # fmt: skip


def _one(row: Any, attempts: Sequence[Any], as_json: bool) -> None:
    names = ("n", "at", "status", "error", "took", "answer")
    told = {**_told(row), "body": json.loads(row.body),
            "attempts": [{name: getattr(one, name) for name in names} for one in attempts]}  # fmt: skip
    if as_json:
        emit(told)
        return
    for name, value in told.items():
        if name != "attempts":
            click.echo(f"{name}: {'' if value is None else value}")
    for one in attempts:
        click.echo(f"{one.n}. {one.at:%Y-%m-%d %H:%M:%S} UTC {answered(Answer(one.status, one.error, one.took, one.answer))}")


# --- replay -------------------------------------------------------------------------------------------------------


@click.command("replay")
@click.argument("endpoint", type=int)
@click.option("--delivery", "deliveries", multiple=True, metavar="WEBHOOK-ID", help="These deliveries; several times.")
@click.option("--failed-since", type=DAY, default=None, help="All that were given up on this day or later.")
@click.option(
    "--from", "first", type=DAY, default=None, help="All facts from this day on, also those from before the endpoint was."
)
@click.option("--through", type=DAY, default=None, help="The last day of facts; today without it.")
@click.option("--member", "number", default=None, help="Facts of this member alone.")
@by_whom
@json_option
@refusals
def replay(
    endpoint: int, deliveries: tuple[str, ...], failed_since: date | None, first: date | None, through: date | None,
    number: str | None, as_json: bool, **by: str,
) -> None:  # fmt: skip
    """Send again, under the same ids, so that who has taken them can tell: some deliveries, what was given up, or all facts
    of a time."""
    if sum((bool(deliveries), failed_since is not None, first is not None)) != 1:
        raise click.UsageError("say one of --delivery, --failed-since and --from")
    if first is None and (through or number):
        raise click.UsageError("--through and --member go with --from")
    deployment, now = opened()
    if first is not None:
        made, again = _facts_again(deployment, endpoint, (first, through), number, By(**by), now)
    else:
        since = None if failed_since is None else clock.start_of(failed_since, deployment.program.zone)
        made, again = 0, _deliveries_again(deployment, endpoint, deliveries, since, By(**by), now)
    say(as_json, {"endpoint": endpoint, "made": made, "again": again}, f"{again} are sent again, {made} for the first time.")


def _deliveries_again(
    deployment: Deployment, endpoint: int, ids: Sequence[str], since: datetime | None, by: By, now: datetime
) -> int:
    with deployment.store.transaction() as session:
        endpoint_of(session, endpoint)
        if since is not None:
            again = put_failed_in_line(session, endpoint, since, now)
        else:
            wanted = [_known(session, text, endpoint) for text in ids]
            again = put_in_line(session, wanted, now)
        replayed(session, endpoint, {"deliveries": list(ids), "failed_since": since, "again": again}, by, now)
    return again


def _known(session: Session, text: str, endpoint: int) -> DeliveryId:
    """A delivery of an endpoint. Raises Refused: `unknown_delivery`."""
    row, _attempts = delivery_of(session, text)
    if row.endpoint_id != endpoint:
        raise Refused("unknown_delivery", delivery=text)
    return known_id(text)


def _facts_again(
    deployment: Deployment, endpoint: int, days: tuple[date, date | None], number: str | None, by: By, now: datetime
) -> tuple[int, int]:
    """Member after member, in chunks that commit: done again after it was killed, it comes to the same."""
    first, last = days
    zone, program = deployment.program.zone, deployment.program
    until = now if last is None else clock.start_of(last + timedelta(days=1), zone)
    span = (clock.start_of(first, zone), until)
    made = again = at = 0
    while True:
        with deployment.store.transaction() as session:
            row = endpoint_of(session, endpoint)
            ids = members_after(session, at, CHUNK) if number is None else [account_of(session, number).member_id]
            counts = replay_facts(session, program, row, ids, span, now)
            made, again = made + counts[0], again + counts[1]
            if number is not None or not ids:
                details = {"from": first, "until": until, "member": number, "made": made, "again": again}
                replayed(session, endpoint, details, by, now)
                return made, again
        at = ids[-1]
