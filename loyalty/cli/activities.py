"""Commands about activities and the entries they earn."""

from datetime import date
from pathlib import Path

import click

from loyalty.cli.edge import changing, opened
from loyalty.cli.imports import import_command
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals
from loyalty.earning.operations import Outcome, Report, correct, record_one
from loyalty.earning.operations import reverse as reverse_activity
from loyalty.earning.queries import export as export_entries
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.operations import Correction, shown
from loyalty.ledger.operations import adjust as adjust_by_hand
from loyalty.settle import settle
from loyalty.status.words import unit_of


@click.group()
def activities() -> None:
    """Activities: import, add, correct, reverse."""


activities.add_command(import_command("activities"))


def _reported(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed([
        click.argument("number"),
        click.argument("kind"),
        click.option("--source", default="command", show_default=True, help="Who reports it."),
        click.option("--key", required=True, help="The source's key: sent twice, it counts once."),
        click.option("--on", type=DAY, required=True, help="The day of the activity."),
        click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="May be given several times."),
        as_of_option, json_option,
    ]):  # fmt: skip
        command = option(command)
    return command


@activities.command()
@_reported
@refusals
def add(
    number: str, kind: str, source: str, key: str, on: date, fields: tuple[str, ...], as_of: date | None, as_json: bool
) -> None:
    """Report one activity of a member, such as: activities add SW123 flight --key AB1 --on 2026-03-01 --field distance=900"""
    deployment, now = opened(as_of)
    report = Report(kind, source, key, on, dict(field.partition("=")[::2] for field in fields))
    with changing(deployment, now, number) as one:
        outcome = record_one(one.session, deployment.program, one.account, report, now)
        settle(one.session, deployment.program, [one.account], now)
        one.fresh = not outcome.repeated
    _told(deployment, outcome, as_json)


@activities.command("correct")
@_reported
@click.option("--reason", required=True)
@refusals
def correct_(
    number: str,
    kind: str,
    source: str,
    key: str,
    on: date,
    fields: tuple[str, ...],
    as_of: date | None,
    as_json: bool,
    reason: str,
) -> None:
    """Put right an activity: its entries are undone, and it is judged anew."""
    deployment, now = opened(as_of)
    report = Report(kind, source, key, on, dict(field.partition("=")[::2] for field in fields))
    with changing(deployment, now, number) as one:
        outcome = correct(one.session, deployment.program, one.account, report, reason, now)
        settle(one.session, deployment.program, [one.account], now)
        one.fresh = not outcome.repeated
    _told(deployment, outcome, as_json)


def _told(deployment: Deployment, outcome: Outcome, as_json: bool) -> None:
    rows = [(row[3], row[4], row[10]) for row in outcome.rows]
    amounts = [
        (unit, shown(amount, getattr(unit_of(deployment.program, unit), "decimals", 0)), line) for unit, amount, line in rows
    ]
    if as_json:
        emit(
            {
                "repeated": outcome.repeated,
                "entries": [{"unit": u, "amount": a, "line": line} for u, a, line in amounts],
            }
        )
        return
    click.echo("Known already; nothing posted." if outcome.repeated else f"Posted, {len(amounts)} entries.")
    for unit, amount, line in amounts:
        click.echo(f"  {amount} {unit}  ({line})")


@activities.command()
@click.argument("number")
@click.option("--source", default="command", show_default=True)
@click.option("--key", required=True)
@click.option("--reason", required=True)
@as_of_option
@json_option
@refusals
def reverse(number: str, source: str, key: str, reason: str, as_of: date | None, as_json: bool) -> None:
    """Undo an activity: every entry is undone by a new one."""
    deployment, now = opened(as_of)
    with changing(deployment, now, number) as one:
        one.fresh = reverse_activity(one.session, deployment.program, one.account, source, key, reason, now)
        settle(one.session, deployment.program, [one.account], now)
    if as_json:
        emit({"repeated": not one.fresh})
    else:
        click.echo("Reversed." if one.fresh else "It was reversed already.")


@click.group()
def entries() -> None:
    """The books: export entries, adjust by hand."""


@entries.command()
@click.option("--unit", default=None, help="Only this unit.")
@click.option("--member", "number", default=None, help="Only this member.")
@click.option("--late", is_flag=True, help="Only those posted after the calendar year they count for had ended.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file; stdout without it.")
@refusals
def export(unit: str | None, number: str | None, late: bool, out: Path | None) -> None:
    """Write entries, one JSON object a line: member, unit, amount as text, on, posted_at, kind, source and key."""
    deployment, _ = opened()
    with deployment.store.reading() as session, click.open_file(str(out) if out else "-", "w") as file:
        for line in export_entries(session, deployment.program, unit, number, late):
            file.write(line + "\n")


@entries.command()
@click.argument("number")
@click.argument("unit")
@click.argument("amount")
@click.option("--on", type=DAY, default=None, help="The day it counts for; today without it.")
@click.option("--opening", is_flag=True, help="An opening balance, not a correction.")
@click.option("--author", required=True)
@click.option("--reason", required=True)
@click.option("--key", required=True, help="Sent twice, it counts once.")
@as_of_option
@refusals
def adjust(
    number: str,
    unit: str,
    amount: str,
    on: date | None,
    opening: bool,
    author: str,
    reason: str,
    key: str,
    as_of: date | None,
) -> None:
    """Book an amount by hand, with who and why. Put -- before a negative amount."""
    deployment, now = opened(as_of)
    day = on or deployment.today(now)
    wanted = Correction({unit: amount}, day, author, reason, key, "opening" if opening else "adjustment")
    with changing(deployment, now, number) as one:
        one.fresh = adjust_by_hand(one.session, deployment.program, one.account.member_id, wanted, now)
        one.account.due(deployment.today(now))
        settle(one.session, deployment.program, [one.account], now)
    click.echo("Booked." if one.fresh else "Booked already; nothing changed.")
