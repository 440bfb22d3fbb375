"""Commands about the database, the recalculation and its proof."""

import sys
from datetime import date

import click
from alembic.util import CommandError

from loyalty import clock
from loyalty.cli.edge import chosen, opened
from loyalty.cli.output import FOUND, as_of_option, emit, json_option, progress_bar, refusals
from loyalty.jobs import migrate
from loyalty.jobs import recalculate as recalculation
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
    say_results(results, "members", as_json)


def say_results(results: list[Result], counts: str, as_json: bool) -> None:
    """Tell what runs came to, `counts` being what their items are; exit code 1 where any failed, for one item or as a whole."""
    if as_json:
        emit([vars(result) for result in results] if len(results) != 1 else vars(results[0]))
    for result in results if not as_json else ():
        click.echo(f"{result.job} for {result.as_of}: {result.status}; {result.items} {counts}, {result.changes} changes.")
        for item, error in result.failures.items():
            click.echo(f"{counts}: {item} failed: {error}", err=True)
        if result.error:
            click.echo(f"broke off: {result.error}", err=True)
    if any(result.failures or result.error for result in results):
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
