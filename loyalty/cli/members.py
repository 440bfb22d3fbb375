"""Commands about members."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from loyalty.access.links import hand_out
from loyalty.access.tokens import link_address
from loyalty.care.filing import end_membership
from loyalty.cli.edge import account_of, changing, opened
from loyalty.cli.imports import import_command
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals
from loyalty.desk.effect import FORGOTTEN
from loyalty.errors import Refused
from loyalty.members.operations import Enrolment, change_attributes, enrol_one
from loyalty.members.tables import Member
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import export as export_rows


@click.group()
def members() -> None:
    """Members: enrol, import, show, export, end."""


members.add_command(import_command("members"))


@members.command()
@click.option("--number", default=None, help="The member number; made by the program without it.")
@click.option("--enrolled-on", type=DAY, default=None, help="The day of enrolment; today without it.")
@click.option("--name", default="")
@click.option("--email", default="")
@click.option("--phone", default="")
@click.option("--language", default="")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@as_of_option
@json_option
@refusals
def add(enrolled_on: date | None, attributes: tuple[str, ...], as_of: date | None, as_json: bool, **profile: Any) -> None:
    """Enrol a member. The same number with the same data changes nothing."""
    deployment, now = opened(as_of)
    pairs = dict(pair.partition("=")[::2] for pair in attributes)
    enrolment = Enrolment(enrolled_on or deployment.today(now), attributes=pairs, **profile)
    with deployment.store.transaction() as session:
        answer = enrol_one(session, deployment.program, enrolment, now)
        if answer.member_id is not None:
            open_standings(session, [(answer.member_id, enrolment.enrolled_on)])
            settle(session, deployment.program, [account_of(session, answer.number)], now)
    new = answer.member_id is not None
    if as_json:
        emit({"number": answer.number, "enrolled": new})
    else:
        click.echo(f"Member {answer.number} {'enrolled' if new else 'was enrolled already'}.")


@members.command()
@click.argument("number")
@json_option
@refusals
def show(number: str, as_json: bool) -> None:
    """Show a member's file."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        found = session.scalar(select(Member).where(Member.number == number))
    if found is None:
        raise Refused("unknown_member", number=number)
    values = {column.name: getattr(found, column.name) for column in Member.__table__.columns}
    if as_json:
        emit(values)
        return
    for name, value in values.items():
        click.echo(f"{name}: {'' if value is None else value}")


@members.command()
@click.argument("number")
@click.option("--minutes", type=click.IntRange(1, 1440), default=15, show_default=True, help="For so long it works, once.")
@refusals
def link(number: str, minutes: int) -> None:
    """Print a link that signs in as a member: for who has lost every other way, and proved to you who they are."""
    deployment, now = opened()
    if not deployment.settings.secret:
        raise Refused("secret_not_set")
    with changing(deployment, now, number) as one:
        found = hand_out(one.session, one.account.member_id, now, timedelta(minutes=minutes))
        one.fresh = True
    click.echo(link_address(deployment.settings, found))


@members.command()
@click.argument("number")
@click.argument("changes", metavar="NAME=VALUE...", nargs=-1, required=True)
@as_of_option
@refusals
def attributes(number: str, changes: tuple[str, ...], as_of: date | None) -> None:
    """Change attributes of a member from today; NAME= takes one away. What was judged before stays as it was."""
    deployment, now = opened(as_of)
    wanted = dict(_pair(change) for change in changes)
    with changing(deployment, now, number) as one:
        today = deployment.today(now)
        one.fresh = change_attributes(one.session, deployment.program, one.account.member_id, wanted, today)
        one.account.due(today)
        settle(one.session, deployment.program, [one.account], now)
    click.echo(one.said)


def _pair(change: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals:
        raise click.BadParameter(f"{change!r} names no value; allowed: NAME=VALUE, or NAME= to take it away")
    return name, value


@members.command()
@click.argument("number")
@click.option("--on", type=DAY, required=True, help="The first day after membership.")
@as_of_option
@refusals
def leave(number: str, on: date, as_of: date | None) -> None:
    """End a membership; the customer file is deleted."""
    deployment, now = opened(as_of)
    with changing(deployment, now, number) as one:
        one.fresh, one.hides = end_membership(one.session, one.account, on), FORGOTTEN
        settle(one.session, deployment.program, [account_of(one.session, number)], now)
    click.echo(f"Member {number} is a member through the day before {on}.")


@members.command()
@as_of_option
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file; stdout without it.")
@refusals
def export(as_of: date | None, out: Path | None) -> None:
    """Write every member with the tier of a day, one JSON object a line."""
    deployment, now = opened(as_of)
    with deployment.store.reading() as session, click.open_file(str(out) if out else "-", "w") as file:
        for line in export_rows(session, deployment.today(now)):
            file.write(line + "\n")
