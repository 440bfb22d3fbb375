"""Commands about the database, runs and the schedule."""

import sys
from datetime import date

import click
from alembic.util import CommandError

from loyalty import clock
from loyalty.cli.edge import chosen, opened
from loyalty.cli.output import FOUND, as_of_option, emit, json_option, progress_bar, refusals
from loyalty.jobs import migrate
from loyalty.jobs import recalculate as recalculation
from loyalty.jobs import schedule as schedules
from loyalty.jobs.runs import Result


@click.group()
def db() -> None:
    """The database: bring its tables up to date, check them."""


@db.command()
@refusals
def upgrade() -> None:
    """Create or update the tables, and publish the program's editions in them."""
    deployment = chosen()
    migrate.upgrade(deployment.store)
    written = deployment.publish(clock.now())
    click.echo(f"The tables are up to date; {len(written)} edition(s) of {deployment.program.id} published.")


@db.command()
@refusals
def check() -> None:
    """Tell whether the tables are what this program needs, and its editions what was published."""
    deployment = chosen()
    deployment.ready(clock.now())
    try:
        migrate.check(deployment.store)
    except CommandError as error:
        click.echo(str(error), err=True)
        sys.exit(FOUND)
    click.echo("The database fits.")


@click.command()
@as_of_option
@click.option("--all", "everyone", is_flag=True, help="Everyone, not only those who are due.")
@click.option("--workers", type=click.IntRange(1, 64), default=None, help="Processes; the settings' number by default.")
@json_option
@refusals
def recalculate(as_of: date | None, everyone: bool, workers: int | None, as_json: bool) -> None:
    """Fold the members who are due, and log what changes. Goes on with a run that was killed."""
    deployment, _ = opened()
    now = clock.now()
    with progress_bar("Recalculating") as step:
        results = recalculation.by_hand(deployment, as_of, everyone, now, workers or deployment.settings.workers, step)
    _told(results, as_json)


def _told(results: list[Result], as_json: bool) -> None:
    if as_json:
        emit([vars(result) for result in results] if len(results) != 1 else vars(results[0]))
    for result in results if not as_json else ():
        click.echo(f"{result.job} for {result.as_of}: {result.status}; {result.members} members, {result.changes} changes.")
        for member_id, error in result.failures.items():
            click.echo(f"member_id {member_id} failed: {error}", err=True)
    if any(result.failures for result in results):
        sys.exit(FOUND)


@click.command()
@json_option
@refusals
def verify(as_json: bool) -> None:
    """Fold everyone again and compare with what is stored; exit code 1 where they differ."""
    deployment, _ = opened()
    with progress_bar("Verifying") as step:
        found = recalculation.verify(deployment, step)
    if as_json:
        emit(
            {
                "members": found.members,
                "differences": [{"member_id": who, "what": what} for who, what in found.differences],
            }
        )
    else:
        click.echo(f"{found.members} members folded again; {len(found.differences)} differences.")
        for member_id, what in found.differences:
            click.echo(f"member_id {member_id}: {what}", err=True)
    if found.differences:
        sys.exit(FOUND)


@click.command()
@click.argument("job")
@as_of_option
@json_option
@refusals
def run(job: str, as_of: date | None, as_json: bool) -> None:
    """Do what is due of a job: runs that were killed, then every due moment that was missed."""
    deployment, now = opened(as_of)
    known = schedules.job_named(deployment, job)
    with progress_bar(job) as step:
        results = schedules.run_due(deployment, known, now, step)
    if not results and not as_json:
        click.echo(f"Nothing is due of {job} before {schedules.next_due(deployment, known, now):%Y-%m-%d %H:%M} UTC.")
    _told(results, as_json)


@click.command()
@refusals
def schedule() -> None:
    """Keep the schedule: run each job at its due moments until stopped. Start two; one leads, the other stands by."""
    deployment, _ = opened()
    try:
        schedules.serve(deployment, click.echo)
    except (KeyboardInterrupt, SystemExit):
        click.echo("The schedule has stopped.")


@click.command()
@as_of_option
@json_option
@refusals
def health(as_of: date | None, as_json: bool) -> None:
    """Tell whether every job has run on time; exit code 1 where one is late."""
    deployment, now = opened(as_of)
    found = schedules.health(deployment, now)
    if as_json:
        emit([vars(job) for job in found])
    for job in found if not as_json else ():
        ended = f"{job.last_done:%Y-%m-%d %H:%M} UTC" if job.last_done else "never"
        click.echo(f"{job.job}: {'LATE' if job.late else 'on time'}; last ended {ended} ({job.last_status}); "
                   f"next due {job.next_due:%Y-%m-%d %H:%M} UTC")  # fmt: skip
    if any(job.late for job in found):
        sys.exit(FOUND)
