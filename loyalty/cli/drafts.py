"""Commands about drafts of editions: sent in, tried, published; the same operations as the pages of staff."""

from datetime import date
from pathlib import Path
from typing import Any

import click

from loyalty.cli.edge import opened
from loyalty.cli.output import DAY, emit, json_option, refusals, table
from loyalty.cli.staff import staff_who
from loyalty.desk.approvals import allowed
from loyalty.desk.proposing import propose
from loyalty.insight import trials as rows
from loyalty.insight.trial_tables import DraftTrial
from loyalty.published.drafts import Draft, add_draft, draft_of, drafts_with_editions
from loyalty.published.upload import read_upload

author_option = click.option("--author", required=True, help="A staff name.")
draft_argument = click.argument("draft", type=int)
trial_argument = click.argument("trial", type=int)


@click.group()
def drafts() -> None:
    """Drafts of editions: send one in, try it on everyone, see who would move; `program publish` asks for the rest."""


@drafts.command()
@click.argument("where", type=click.Path(path_type=Path, exists=True))
@click.option("--from", "begins", type=DAY, required=True, help="From which day it is to hold.")
@click.option("--note", required=True, help="What it is for.")
@click.option("--key", required=True, help="Sent twice, it counts once.")
@author_option
@json_option
@refusals
def add(where: Path, begins: date, note: str, key: str, author: str, as_json: bool) -> None:
    """Send in an edition: a folder with its files, or a ZIP. Every problem is told with its place."""
    deployment, now = opened()
    files = sorted(path for path in where.iterdir() if path.is_file()) if where.is_dir() else [where]
    texts = read_upload([(path.name, path.read_bytes()) for path in files])
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        allowed(deployment.roles, who, "program.draft")
        kept = add_draft(session, deployment.program, who.actor, Draft(begins, texts, note, key), now)
    told = {"draft": kept.draft_id, "begins": kept.begins, "hash": kept.hash}
    if as_json:
        emit(told)
    else:
        click.echo(f"Draft {kept.draft_id}, from {kept.begins} ({kept.hash[:12]}): loyalty program drafts try {kept.draft_id}")


@drafts.command("list")
@json_option
@refusals
def list_(as_json: bool) -> None:
    """The newest drafts, with the day from which each was published."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        found = drafts_with_editions(session)
    if as_json:
        emit([{"draft": one.draft_id, "begins": one.begins, "hash": one.hash, "author": one.author, "at": one.at,
               "published": published, "note": one.note} for one, published in found])  # fmt: skip
        return
    lines = [(one.draft_id, one.begins, one.hash[:12], one.author, published or "", one.note) for one, published in found]
    table(("draft", "begins", "hash", "author", "published", "note"), lines, right=(0,))


@drafts.command("try")
@draft_argument
@click.option("--from", "begins", type=DAY, default=None, help="As if it began on another day than its own.")
@author_option
@json_option
@refusals
def try_(draft: int, begins: date | None, author: str, as_json: bool) -> None:
    """Ask the job `trials` to try a draft on all members and to play the scenarios; one trial at a time."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        allowed(deployment.roles, who, "program.draft")
        row = rows.ask_trial(session, who.actor, draft_of(session, draft), begins, deployment.today(now), now)
    if as_json:
        emit({"trial": row.trial_id, "draft": draft, "begins": row.begins, "on": row.on})
    else:
        click.echo(f"Trial {row.trial_id}: the job trials does it (loyalty run trials --now).")


@drafts.command()
@trial_argument
@author_option
@refusals
def stop(trial: int, author: str) -> None:
    """Stop a trial; what it has found so far stays."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        allowed(deployment.roles, who, "program.draft")
        rows.stop_trial(session, who.actor, trial, now)
    click.echo("Stopped.")


@drafts.command()
@trial_argument
@json_option
@refusals
def trial(trial: int, as_json: bool) -> None:
    """How far a trial is, and what it came to."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        row = rows.trial_of(session, trial)
        far = rows.progress_of(session, trial)
        wrong = [{"scenario": one.name, "file": one.file, "found": one.found}
                 for one in rows.scenarios_played(session, trial, failed=True)]  # fmt: skip
    told = {**_told(row), **vars(far), "wrong": wrong}
    if as_json:
        emit(told)
        return
    click.echo(
        f"Trial {trial} of draft {row.draft_id or '-'}: {row.state}, {far.done} of {far.parts} stretches of members, "
        f"{far.played} of {far.scenarios} scenarios, {far.failed} do not hold.{f' {row.error}' if row.error else ''}"
    )
    if row.result:
        kinds = rows.read(row.result).kinds
        click.echo(", ".join(f"{kinds[name]:,} {name}" for name in (*rows.MOVES, "stay")))
    for one in wrong:
        click.echo(f"FAILED {one['file']}: {one['scenario']}\n  {one['found']}")


def _told(row: DraftTrial) -> dict[str, Any]:
    result = rows.read(row.result) if row.result else None
    return {
        "trial": row.trial_id, "draft": row.draft_id, "begins": row.begins, "on": row.on, "state": row.state,
        "error": row.error, "members": result.members if result else None, "kinds": dict(result.kinds) if result else None,
    }  # fmt: skip


@drafts.command()
@trial_argument
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="A file; stdout without it.")
@refusals
def moves(trial: int, out: Path | None) -> None:
    """Write who moves in a trial, as CSV."""
    deployment, _ = opened()
    with deployment.store.reading() as session, click.open_file(str(out) if out else "-", "w") as file:
        rows.trial_of(session, trial)
        file.writelines(rows.moves_csv(session, trial))


@click.command()
@draft_argument
@click.option("--reason", required=True)
@click.option("--key", required=True, help="Sent twice, it counts once.")
@author_option
@json_option
@refusals
def publish(draft: int, reason: str, key: str, author: str, as_json: bool) -> None:
    """Ask for a draft to be published; another of the staff approves it (loyalty desk approve)."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        who = staff_who(session, author)
        asked = propose(session, deployment.program, deployment.roles, who, draft, reason, key, now)
    if as_json:
        emit({"draft": draft, "approval": asked.approval_id})
    else:
        click.echo(f"It waits for approval {asked.approval_id}.")
