"""Commands about dated services: told, changed, cancelled, shown."""

from datetime import date, datetime, time, timedelta
from typing import Any

import click

from loyalty import clock
from loyalty.benefits.services import Change, Told, change, tell
from loyalty.benefits.telling import find_service, service_told, services_told
from loyalty.cli.edge import chosen
from loyalty.cli.imports import import_command
from loyalty.cli.output import DAY, emit, json_option, refusals, table
from loyalty.jobs.deployment import Deployment
from loyalty.settle import settle_services


class Moment(click.ParamType[Any]):
    """A day and time on the command line, with an offset or by a clock that the option names."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; allowed: 'YYYY-MM-DD HH:MM', with an offset if need be", param, ctx)


MOMENT = Moment()
at_option = click.option("--at", type=MOMENT, default=None, help="Work as if it were this time, by the program's clock.")
kind_option = click.option("--kind", default=None, help="The kind of service; where there is one, it need not be named.")


def worked_at(at: datetime | None) -> tuple[Deployment, datetime]:
    """The deployment, fit for use, and the moment to work at: now, or a stated one."""
    deployment = chosen()
    now = clock.now()
    deployment.ready(now)
    return deployment, now if at is None else placed(at, deployment.program.zone)


def placed(moment: datetime, zone: Any) -> datetime:
    """The instant of a time: by its own offset, else by the clock of a zone."""
    return moment if moment.tzinfo else clock.instant_at(moment.date(), moment.time(), zone)


def pairs_of(texts: tuple[str, ...]) -> dict[str, str]:
    """NAME=VALUE, several times."""
    return dict(text.partition("=")[::2] for text in texts)


@click.group()
def services() -> None:
    """Dated services of which members may ask: add, import, change, cancel, show."""


services.add_command(import_command("services"))


@services.command()
@click.argument("key")
@click.option("--starts", type=MOMENT, required=True, help="By the clock of its zone, or with an offset.")
@click.option("--zone", default=None, help="The time zone of its place; the program's without it.")
@kind_option
@click.option("--units", multiple=True, metavar="CLASS=NUMBER", help="Units that may be given out; several times.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@click.option("--author", required=True)
@at_option
@refusals
def add(
    key: str, starts: datetime, zone: str | None, kind: str | None, units: tuple[str, ...], fields: tuple[str, ...],
    author: str, at: datetime | None,
) -> None:  # fmt: skip
    """Tell of a service, such as: services add SK1-0610 --starts '2026-06-10 18:00' --units first=4 --author A"""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    from loyalty.errors import Refused

    deployment, now = worked_at(at)
    try:
        instant = placed(starts, ZoneInfo(zone) if zone else deployment.program.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("bad_zone", zone=zone) from None
    told = Told(key, instant, pairs_of(units), author, kind, zone, pairs_of(fields))
    with deployment.store.transaction() as session:
        _, fresh = tell(session, deployment.program, told, now)
    click.echo("Recorded." if fresh else "Recorded already; nothing changed.")


def _by_hand(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        at_option, kind_option,
        click.option("--key", "change_key", required=True, help="Sent twice, it counts once."),
        click.option("--reason", required=True), click.option("--author", required=True),
    ):  # fmt: skip
        command = option(command)
    return command


def _change(service: str, kind: str | None, at: datetime | None, replaced_by: str | None, wanted: dict[str, Any]) -> None:
    """Change a service, and draw the consequences for its requests."""
    deployment, now = worked_at(at)
    with deployment.store.transaction() as session:
        found = find_service(session, deployment.program, kind, service)
        other = find_service(session, deployment.program, kind, replaced_by) if replaced_by else None
        if wanted.get("starts_at") is not None:
            from zoneinfo import ZoneInfo

            wanted["starts_at"] = placed(wanted["starts_at"], ZoneInfo(found.zone))
        ids = [one.service_id for one in (found, other) if one is not None]
        change_ = Change(**wanted, replaced_by=other.service_id if other else None)
        fresh = change(session, deployment.program, found.service_id, change_, now)
        settle_services(session, deployment.program, ids, now)
    click.echo("Recorded." if fresh else "Recorded already; nothing changed.")


@services.command("change")
@click.argument("service")
@click.option("--units", multiple=True, metavar="CLASS=NUMBER", help="The units of a class; several times.")
@click.option("--starts", "starts_at", type=MOMENT, default=None, help="Another start, by the clock of its zone.")
@_by_hand
@refusals
def change_(
    service: str, units: tuple[str, ...], starts_at: datetime | None, kind: str | None, at: datetime | None,
    change_key: str, reason: str, author: str,
) -> None:  # fmt: skip
    """Change the units of a service, or move it to another start."""
    if not units and starts_at is None:
        raise click.UsageError("Nothing is changed; allowed: --units, --starts")
    wanted = {"units": pairs_of(units), "starts_at": starts_at, "author": author, "reason": reason, "key": change_key}
    _change(service, kind, at, None, wanted)


@services.command()
@click.argument("service")
@click.option("--replaced-by", default=None, help="The service to which its requests go over.")
@click.option("--closed", is_flag=True, help="Not cancelled: only its requests end.")
@_by_hand
@refusals
def cancel(
    service: str, replaced_by: str | None, closed: bool, kind: str | None, at: datetime | None, change_key: str, reason: str,
    author: str,
) -> None:  # fmt: skip
    """Cancel a service: its requests end and instruments come back, or go over to another service."""
    if closed and replaced_by:
        raise click.UsageError("--closed and --replaced-by exclude each other")
    ended = {"closed": closed, "cancelled": not closed and replaced_by is None}
    _change(service, kind, at, replaced_by, {**ended, "author": author, "reason": reason, "key": change_key})


@services.command()
@click.argument("service")
@kind_option
@json_option
@refusals
def show(service: str, kind: str | None, as_json: bool) -> None:
    """Show a service: its units, what is given out, every change."""
    deployment, _ = worked_at(None)
    with deployment.store.reading() as session:
        told = service_told(session, find_service(session, deployment.program, kind, service))
    if as_json:
        emit(told)
        return
    click.echo(f"{told['kind']} {told['key']}, {told['starts']} ({told['zone']}): {told['state']}")
    table(["class", "units", "taken", "left"], [(name, *one.values()) for name, one in told["classes"].items()], (1, 2, 3))
    for line in told["log"]:
        why = f"; {line['reason']}" if line["reason"] else ""
        click.echo(f"{line['at']:%Y-%m-%d %H:%M} UTC {line['kind']} {line['details'] or ''} by {line['author']}{why}")


@services.command("list")
@click.option("--from", "first", type=DAY, default=None, help="The first day, by the program's clock; today without it.")
@click.option("--through", type=DAY, default=None, help="The last day; a week later without it.")
@json_option
@refusals
def list_(first: date | None, through: date | None, as_json: bool) -> None:
    """List the services that start in some days."""
    deployment, now = worked_at(None)
    begins = first or deployment.today(now)
    last = (through or begins + timedelta(days=6)) + timedelta(days=1)
    zone = deployment.program.zone
    with deployment.store.reading() as session:
        told = services_told(session, *(clock.instant_at(day, time(0), zone) for day in (begins, last)))
    if as_json:
        emit(told)
        return
    rows = [
        (one["kind"], one["key"], one["starts"], one["zone"], one["state"],
         ", ".join(f"{name} {units['taken']}/{units['units']}" for name, units in one["classes"].items()))
        for one in told
    ]  # fmt: skip
    table(["kind", "key", "starts", "zone", "state", "taken"], rows)
