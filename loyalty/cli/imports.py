"""The import command, the same for members, activities, services and requests."""

from datetime import date
from pathlib import Path

import click

from loyalty import clock
from loyalty.cli.edge import opened
from loyalty.cli.output import as_of_option, emit, json_option, progress_bar, refusals
from loyalty.errors import Refused
from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.imports import Job, run_import
from loyalty.jobs.taking import Tally
from loyalty.members.mapping import load_mapping


def import_command(what: str) -> click.Command:
    """`loyalty members import`, or the same of activities, services, requests."""

    @click.command(
        "import", help=f"Read {what} in from a file (CSV or NDJSON, plain or gzip), by config/imports/<MAPPING>.yaml."
    )
    @click.argument("mapping")
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
    @click.option("--dry-run", is_flag=True, help="Do it all, say what came of it, and take it back.")
    @click.option("--rejects", type=click.Path(path_type=Path, dir_okay=False), default=None,
                  help="Where rejected rows go; <file>.rejected.ndjson here without it.")  # fmt: skip
    @click.option("--no-recalculate", is_flag=True, help="Leave the members due; do not fold them now.")
    @as_of_option
    @json_option
    @refusals
    def command(
        mapping: str,
        file: Path,
        dry_run: bool,
        rejects: Path | None,
        no_recalculate: bool,
        as_of: date | None,
        as_json: bool,
    ) -> None:
        deployment, now = opened(as_of)
        about = load_mapping(deployment.settings.config_folder / "imports", mapping)
        if getattr(about, what) is None:
            raise Refused("bad_mapping", why=f"{mapping} is not for {what}")
        rejected = rejects or Path(f"{file.name}.rejected.ndjson")
        with progress_bar("Importing") as step:
            tally = run_import(deployment, Job(mapping, about, file, rejected, dry_run), now, step)
        folded = what in ("members", "activities") and not (dry_run or no_recalculate)
        changes = _recalculated(deployment, as_of) if folded else None
        _tell(tally, rejected, changes, dry_run, as_json)

    return command


def _recalculated(deployment: Deployment, as_of: date | None) -> int:
    now = clock.now()
    with progress_bar("Recalculating") as step:
        results = recalculate.by_hand(deployment, as_of, False, now, deployment.settings.workers, step)
    return sum(result.changes for result in results)


def _tell(tally: Tally, rejects: Path, changes: int | None, dry_run: bool, as_json: bool) -> None:
    if as_json:
        counts = {"read": tally.read, "posted": tally.posted, "repeated": tally.repeated, "rejected": tally.rejected}
        emit({**counts, "repeated_lines": tally.repeated_lines, "rejects": str(rejects) if tally.rejected else None})
        return
    told = "Would have posted" if dry_run else "Posted"
    click.echo(f"{told} {tally.posted} of {tally.read} rows; {tally.repeated} known already, {tally.rejected} rejected.")
    if tally.repeated_lines:
        more = "" if tally.repeated <= len(tally.repeated_lines) else " ..."
        click.echo(f"Known already, lines: {', '.join(map(str, tally.repeated_lines))}{more}")
    if tally.rejected:
        click.echo(f"Rejected rows, with line and reason: {rejects}")
    if changes is not None:
        click.echo(f"Recalculated: {changes} status changes.")
