"""Commands for acts for many by file: tried, sent, looked at. The job `bulk` does them."""

import json
from pathlib import Path
from typing import Any

import click

from loyalty.cli.desk import pairs_given
from loyalty.cli.edge import opened
from loyalty.cli.output import FOUND, emit, json_option, refusals, table
from loyalty.cli.staff import staff_who
from loyalty.desk.bulk import Many, Tried, submit_bulk, try_rows
from loyalty.desk.bulk_rows import bulk_of, bulks, errors_of, progress, progress_of
from loyalty.desk.files import read_rows

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def bulk() -> None:
    """One act for the members of a file: a column `number`, and one for each field that is not the same for all."""


def _many(command: click.decorators.FC) -> click.decorators.FC:
    for option in reversed([
        click.argument("act"),
        click.argument("file", type=FILE),
        click.argument("for_all", metavar="[NAME=VALUE]...", nargs=-1),
        click.option("--author", required=True, help="A staff name."),
        click.option("--reason", required=True),
        json_option,
    ]):  # fmt: skip
        command = option(command)
    return command


@bulk.command("try")
@_many
@refusals
def try_(act: str, file: Path, for_all: tuple[str, ...], author: str, reason: str, as_json: bool) -> None:
    """Tell what each row by itself would come to; nothing is written. Exit code 1 where one would be refused."""
    deployment, now = opened()
    many = Many(act, read_rows(file, pairs_given(for_all)), reason, "dry run")
    with deployment.store.reading() as session:
        who = staff_who(session, author)
    tried = [_tried(one) for one in try_rows(deployment.store, deployment.program, who, many, now)]
    if as_json:
        emit(tried)
    else:
        for row in tried:
            click.echo(f"line {row['line']}, {row['number']}: {row['refused'] or row['after'] or 'nothing changes'}")
    if any(row["refused"] for row in tried):
        click.get_current_context().exit(FOUND)


def _tried(one: Tried) -> dict[str, Any]:
    before, after = (one.done.before, one.done.after) if one.done else ({}, {})
    refused = "" if one.refusal is None else str(one.refusal)
    return {"line": one.row.line, "number": one.row.number, "before": before, "after": after, "refused": refused}


@bulk.command()
@_many
@click.option("--key", required=True, help="Sent twice, it counts once.")
@refusals
def send(act: str, file: Path, for_all: tuple[str, ...], author: str, reason: str, key: str, as_json: bool) -> None:
    """Let the job `bulk` do the rows, or, where another must approve it, ask for that."""
    deployment, now = opened()
    many = Many(act, read_rows(file, pairs_given(for_all)), reason, key)
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        made, asked = submit_bulk(session, deployment.program, deployment.roles, who, many, now)
        told = {"bulk": made.bulk_id, "rows": made.rows, "approval": asked.approval_id if asked else None}
    if as_json:
        emit(told)
    elif asked:
        click.echo(f"Bulk {told['bulk']}, {told['rows']} rows: waits for approval {told['approval']}.")
    else:
        click.echo(f"Bulk {told['bulk']}, {told['rows']} rows: the job bulk does them (loyalty run bulk --now).")


@bulk.command("list")
@json_option
@refusals
def list_(as_json: bool) -> None:
    """The newest bulks, with how far they are."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        newest = bulks(session)
        counts = progress(session, [one.bulk_id for one in newest])
        rows = [
            {"bulk": one.bulk_id, "act": one.act, "state": one.state, "asked_at": one.asked_at, "reason": one.reason,
             **counts[one.bulk_id].rows}
            for one in newest
        ]  # fmt: skip
    if as_json:
        emit(rows)
        return
    header = ("bulk", "act", "state", "todo", "done", "repeated", "refused", "reason")
    table(header, [[row[name] for name in header] for row in rows], right=(0, 3, 4, 5, 6))


@bulk.command()
@click.argument("bulk_id", type=int)
@json_option
@refusals
def show(bulk_id: int, as_json: bool) -> None:
    """How far a bulk is, and what a dry run of it came to."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        found = bulk_of(session, bulk_id)
        counts = progress_of(session, bulk_id)
    told = {"bulk": bulk_id, "act": found.act, "state": found.state, "rows": found.rows, **counts}
    if found.tried_at is not None:
        told |= {"tried_at": found.tried_at, "effect": json.loads(found.effect)}
    if as_json:
        emit(told)
    else:
        click.echo("\n".join(f"{name}: {value}" for name, value in told.items()))


@bulk.command()
@click.argument("bulk_id", type=int)
@click.option("--out", type=FILE, default=None, help="A file; stdout without it.")
@refusals
def errors(bulk_id: int, out: Path | None) -> None:
    """Write the rows that were refused, and why, as CSV."""
    deployment, _ = opened()
    with deployment.store.reading() as session, click.open_file(str(out) if out else "-", "w") as file:
        for line in errors_of(session, bulk_of(session, bulk_id)):
            file.write(line)
