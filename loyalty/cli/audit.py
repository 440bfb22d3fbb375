"""Commands about the audit log: verified, shown, exported."""

import sys
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.audit.queries import Wanted, found, told
from loyalty.audit.queries import export as export_lines
from loyalty.audit.queries import verify as verify_lines
from loyalty.cli.edge import opened
from loyalty.cli.output import DAY, FOUND, emit, json_option, refusals, table
from loyalty.clock import instant_at
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.members.finding import numbers_by_id
from loyalty.members.tables import Member


@click.group()
def audit() -> None:
    """The audit log: who did what, when, from where, why, on whose behalf."""


@audit.command()
@click.option(
    "--kept", metavar="N:HASH", default=None, help="What was told before: tells whether lines were cut off or remade."
)
@json_option
@refusals
def verify(kept: str | None, as_json: bool) -> None:
    """Walk the whole log; exit code 1 and the first line that is not in order, if any. Keep what it tells elsewhere."""
    before = None
    if kept is not None:
        n, _, hash_ = kept.partition(":")
        if not n.isdigit() or not hash_:
            raise click.BadParameter("allowed: a number, a colon, a hash")
        before = (int(n), hash_)
    deployment, _ = opened()
    with deployment.store.reading() as session:
        verified = verify_lines(session, before)
    if as_json:
        emit(vars(verified))
    elif verified.fault:
        click.echo(f"The audit log is not in order: {verified.fault}.", err=True)
    else:
        click.echo(f"{verified.lines} lines in order. Keep: {verified.lines}:{verified.hash}")
    if verified.fault:
        sys.exit(FOUND)


def _wanting(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed([
        click.option("--actor", default="", help="By name."),
        click.option("--act", default=""),
        click.option("--member", "number", default="", help="On whose behalf, by number."),
        click.option("--from", "first", type=DAY, default=None, help="First day."),
        click.option("--to", "last", type=DAY, default=None, help="Last day."),
    ]):  # fmt: skip
        command = option(command)
    return command


def _wanted(
    session: Session, deployment: Deployment, number: str, first: date | None, last: date | None, **more: str
) -> Wanted:
    member_id = session.scalar(select(Member.member_id).where(Member.number == number)) if number else None
    if number and member_id is None:
        raise Refused("unknown_member", number=number)
    zone, midnight = deployment.program.zone, time(0)
    since = instant_at(first, midnight, zone) if first else None
    until = instant_at(last + timedelta(days=1), midnight, zone) if last else None
    return Wanted(member_id=member_id, since=since, until=until, **more)


@audit.command()
@_wanting
@click.option("--limit", type=click.IntRange(1, 10000), default=50, show_default=True)
@json_option
@refusals
def show(limit: int, as_json: bool, **wanted: Any) -> None:
    """The newest lines, those of an actor, an act, a member, a span."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        lines = [told(line) for line in found(session, _wanted(session, deployment, **wanted), limit=limit)]
        numbers = numbers_by_id(session, (line["member_id"] for line in lines))
    if as_json:
        emit([{**line, "member": numbers.get(line["member_id"])} for line in lines])
        return
    rows = [(line["n"], f"{line['at']:%Y-%m-%d %H:%M:%S}", line["actor"], line["place"], line["act"],
             numbers.get(line["member_id"], ""), line["reason"]) for line in lines]  # fmt: skip
    table(("n", "at (UTC)", "actor", "place", "act", "member", "reason"), rows, right=(0,))


@audit.command()
@_wanting
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file; stdout without it.")
@refusals
def export(out: Path | None, **wanted: Any) -> None:
    """Write lines, one JSON object each, first to last, with their hashes."""
    deployment, _ = opened()
    with deployment.store.reading() as session, click.open_file(str(out) if out else "-", "w") as file:
        for line in export_lines(session, _wanted(session, deployment, **wanted)):
            file.write(line + "\n")
