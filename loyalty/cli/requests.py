"""Commands about requests: asked, withdrawn, cancelled, skipped, cleared, shown."""

import sys
from datetime import date, datetime
from typing import Any

import click

from loyalty.benefits.asking import Ask, Companion, ask_one, request_id
from loyalty.benefits.ending import Act, act
from loyalty.benefits.queues import queues_told
from loyalty.benefits.telling import find_service, request_row, request_told, requests_told, service_told
from loyalty.cli.edge import changing
from loyalty.cli.imports import import_command
from loyalty.cli.output import DAY, FOUND, emit, json_option, refusals, table
from loyalty.cli.services import at_option, kind_option, pairs_of, worked_at
from loyalty.errors import Refused
from loyalty.jobs.requests import clear_due, clear_one, open_windows
from loyalty.settle import settle_services
from loyalty.status.queries import account_read


@click.group()
def requests() -> None:
    """What members ask of services: ask, import, withdraw, cancel, skip, clear, show."""


requests.add_command(import_command("requests"))
source_option = click.option("--source", default="command", show_default=True, help="Who sends it.")


@requests.command()
@click.argument("number")
@click.argument("service")
@click.argument("from_class")
@click.argument("to_class")
@click.option("--key", required=True, help="The source's key: sent twice, it counts once.")
@source_option
@click.option("--request", "kind", default=None, help="The kind of request; where there is one, it need not be named.")
@click.option("--with", "members", multiple=True, metavar="NUMBER", help="A companion who is a member; several times.")
@click.option("--guest", "guests", multiple=True, metavar="NAME", help="A companion who is not; several times.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@click.option("--instrument", default=None, help="The instrument with which it is asked.")
@click.option("--booked", "booked_on", type=DAY, default=None, help="The day of booking.")
@click.option("--author", required=True)
@at_option
@json_option
@refusals
def ask(
    number: str, service: str, from_class: str, to_class: str, key: str, source: str, kind: str | None,
    members: tuple[str, ...], guests: tuple[str, ...], fields: tuple[str, ...], instrument: str | None,
    booked_on: date | None, author: str, at: datetime | None, as_json: bool,
) -> None:  # fmt: skip
    """Ask for a member, such as: requests ask SK0000001 SK1-0610 economy first --key R1 --author A"""
    deployment, now = worked_at(at)
    party = (*(Companion(number=one) for one in members), *(Companion(one) for one in guests))
    wanted = Ask(service, from_class, to_class, source, key, author, kind, party, pairs_of(fields), instrument, booked_on)
    with changing(deployment, now, number) as one:
        answer = ask_one(one.session, deployment.program, one.account, wanted, now)
        one.fresh = not answer.repeated
        settle_services(one.session, deployment.program, [answer.service_id], now, [answer.id] if one.fresh else [])
        told = request_told(request_row(one.session, *answer.id), deployment.program.zone.key)
    _say(told, as_json)


def _say(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(told)
    else:
        passed = f" {told['passed_why']}" if told["passed_why"] else ""
        click.echo(f"{told['key']}: {told['state']}. {told['why']}{passed}")


def _act(number: str, at: datetime | None, wanted: Act, as_json: bool) -> None:
    """Do something to a request, and settle its service."""
    deployment, now = worked_at(at)
    with changing(deployment, now, number) as one:
        service, one.fresh = act(one.session, deployment.program, one.account, wanted, now)
        settle_services(one.session, deployment.program, [service], now)
        row = request_row(one.session, one.account.member_id, request_id(wanted.source, wanted.key))
        told = request_told(row, deployment.program.zone.key)
    if not one.fresh and not as_json:
        click.echo("Recorded already; nothing changed.")
    _say(told, as_json)


def _named(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        json_option, at_option, click.option("--author", required=True), source_option, click.argument("key"),
        click.argument("number"),
    ):  # fmt: skip
        command = option(command)
    return command


@requests.command()
@_named
@refusals
def withdraw(number: str, key: str, source: str, author: str, at: datetime | None, as_json: bool) -> None:
    """End a request for its member."""
    _act(number, at, Act("withdraw", source, key, author), as_json)


@requests.command()
@_named
@click.option("--reason", required=True)
@click.option("--give-back", is_flag=True, help="Only if it was given: the unit is free again.")
@refusals
def cancel(
    number: str, key: str, source: str, author: str, reason: str, give_back: bool, at: datetime | None, as_json: bool
) -> None:
    """End a request by staff; what it was given is free again."""
    _act(number, at, Act("give_back" if give_back else "cancel", source, key, author, reason), as_json)


@requests.command()
@_named
@click.option("--reason", required=True)
@click.option("--undo", is_flag=True, help="Let it stand in the queue again.")
@refusals
def skip(number: str, key: str, source: str, author: str, reason: str, undo: bool, at: datetime | None, as_json: bool) -> None:
    """Let a request be passed over, until that is undone."""
    _act(number, at, Act("unskip" if undo else "skip", source, key, author, reason), as_json)


@requests.command()
@click.argument("service", required=False)
@kind_option
@at_option
@json_option
@refusals
def clear(service: str | None, kind: str | None, at: datetime | None, as_json: bool) -> None:
    """Open the windows whose time has come and look at every service that is due; or at one, due or not."""
    deployment, now = worked_at(at)
    if service is not None:
        with deployment.store.transaction() as session:
            found = find_service(session, deployment.program, kind, service)
            changes = clear_one(session, deployment, found.service_id, now, always=True)
        opened, failures = 0, {}
    else:
        opened = open_windows(deployment, now).changes
        done = clear_due(deployment, now)
        changes, failures = done.changes, done.failures
    if as_json:
        emit({"opened": opened, "changes": changes, "failures": {str(one): str(why) for one, why in failures.items()}})
    else:
        click.echo(f"{opened} windows opened; {changes} requests changed.")
        for one, error in failures.items():
            click.echo(f"service {one} failed: {type(error).__name__}: {error}", err=True)
    if failures:
        sys.exit(FOUND)


@requests.command()
@click.argument("service")
@kind_option
@at_option
@json_option
@refusals
def show(service: str, kind: str | None, at: datetime | None, as_json: bool) -> None:
    """Show the queue of each class of a service: who stands before whom, by which keys, and why one was passed over."""
    deployment, now = worked_at(at)
    with deployment.store.reading() as session:
        found = find_service(session, deployment.program, kind, service)
        told = service_told(session, found)
        queues = queues_told(session, deployment.program, found, now)
    if as_json:
        emit({**told, "queues": queues})
        return
    click.echo(f"{told['kind']} {told['key']}, {told['starts']} ({told['zone']}): {told['state']}")
    for name, units in told["classes"].items():
        click.echo(f"{name}: {units['left']} of {units['units']} units left")
        rows = [_line(place, n) for n, place in enumerate(queues.get(name, []), 1)]
        if rows:
            table(["", "request", "member", "travellers", "tier", "state", "queue", "keys", "why"], rows, (0, 3))


def _line(place: dict[str, Any], n: int) -> tuple[Any, ...]:
    keys = ", ".join(f"{name} {value}" for name, value in place["keys"].items())
    why = place["passed_why"] or place["why"]
    return n, place["key"], place["number"], place["size"], place["tier"], place["state"], place["queue"], keys, why


@requests.command("of")
@click.argument("number")
@json_option
@refusals
def of_(number: str, as_json: bool) -> None:
    """Show a member's requests: how each stands, and why."""
    deployment, _ = worked_at(None)
    with deployment.store.reading() as session:
        account = account_read(session, number)
        if account is None:
            raise Refused("unknown_member", number=number)
        told = requests_told(session, account.member_id)
    if as_json:
        emit(told)
        return
    rows = [(one["key"], one["service"], one["starts"], f"{one['from']} to {one['to']}", one["size"], one["state"],
             one["passed_why"] or one["why"]) for one in told]  # fmt: skip
    table(["request", "service", "starts", "asked", "travellers", "state", "why"], rows, (4,))
