"""The demonstration: a database of seeded members, and what to look at first."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from secrets import token_urlsafe

import click
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty import clock
from loyalty.access.links import hand_out
from loyalty.access.staff import Hired, add
from loyalty.access.tokens import link_address
from loyalty.audit.chain import Actor
from loyalty.cli.output import progress_bar, refusals
from loyalty.cli.serving import HOST, PORT, serve_pages
from loyalty.cli.status import explain_member, show_ladder
from loyalty.i18n import translated
from loyalty.jobs import migrate, recalculate
from loyalty.jobs.demo import departures, draw, waiting
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.schedule import run_now
from loyalty.jobs.timetable import job_named
from loyalty.members.tables import Member
from loyalty.settings import read as read_settings
from loyalty.status.queries import lock_numbers
from loyalty.status.tables import StatusChange


@click.command()
@click.option("--members", type=click.IntRange(1, 100_000), default=2000, show_default=True)
@click.option("--file", "path", type=click.Path(path_type=Path, dir_okay=False), default=Path("demo.db"), show_default=True,
              help="The SQLite file to make; one that is there is replaced.")  # fmt: skip
@click.option("--no-serve", is_flag=True, help="End after the figures, without serving the pages.")
@refusals
def demo(members: int, path: Path, no_serve: bool) -> None:
    """Make a database of seeded members with two years of activity, show the ladder and three members on it, serve the pages.

    They are served on this machine alone, with a secret made for this run, until stopped.
    """
    for old in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        old.unlink(missing_ok=True)
    now = clock.now()
    deployment = Deployment(replace(read_settings(), database_url=f"sqlite:///{path}"))
    migrate.upgrade(deployment.store)
    deployment.ready(now)
    with progress_bar("Members and their activity", members) as step:
        drawn = draw(deployment, members, now, step)
    with progress_bar("Recalculating") as step:
        (result,) = recalculate.by_hand(deployment, None, False, now, deployment.settings.workers, step)
    with progress_bar("Members per tier, month by month") as step:
        run_now(deployment, job_named(deployment.settings, "snapshot"), now, step)
    departure = departures(deployment, now)
    click.echo(f"{drawn.members:,} members, {drawn.activities:,} activities, {result.changes:,} changes of status.\n")
    show_ladder(deployment, deployment.today(now), False)
    chosen = _three(deployment)
    waiting(deployment, chosen, now)
    for number in chosen:
        click.echo()
        explain_member(deployment, number, deployment.today(now), False)
    _next(deployment, chosen, departure)
    if not no_serve:
        _serve(deployment, chosen)


def _serve(deployment: Deployment, chosen: list[str]) -> None:
    """Serve the pages, with a link for each of some members that signs in as them."""
    here = replace(deployment.settings, secret=token_urlsafe(48), old_secrets="", web_address="", mail="", proxies=0, limits="")
    served = Deployment(here)
    with served.store.transaction() as session:
        ids = {account.number: account.member_id for account in lock_numbers(session, chosen).values()}
        links = {number: hand_out(session, ids[number], clock.now(), timedelta(hours=12)) for number in chosen}
        staff = _staff(session, served)
    click.echo("\nSign in as one of them; each link works once:")
    for number, link in links.items():
        click.echo(f"  {number}  {link_address(here, link)}")
    click.echo(f"\nOr as one of the staff, at http://{HOST}:{PORT}/staff; any app for codes will do as the second step:")
    for name, password in staff:
        click.echo(f"  {name:36}  {password}")
    click.echo(f"\nServing {served.program.id} at http://{HOST}:{PORT}; stop it with Ctrl-C.")
    serve_pages(served, HOST, PORT, 2)


def _staff(session: Session, served: Deployment) -> list[tuple[str, str]]:
    """One of the staff for each role: name and password."""
    by, now = Actor("command", "command"), clock.now()
    language = translated(served.program.file.languages[0])
    found = []
    for role, about in served.roles.file.roles.items():
        hired = Hired(f"{role}@demo.example", language.own(about.name), (role,), reason="the demonstration")
        staff, password = add(session, served.roles, by, hired, now)
        found.append((staff.name, password))
    return found


def _three(deployment: Deployment) -> list[str]:
    """One who climbed highest, one who fell, one who kept: members whose story is worth reading."""
    tiers = deployment.program.tiers
    with deployment.store.reading() as session:
        found: list[str] = []
        for wanted in (
            (StatusChange.kind == "raised") & StatusChange.new.in_(tiers[3:]),
            (StatusChange.kind == "lowered") & StatusChange.old.in_(tiers[2:]),
            StatusChange.source == "kept",
        ):
            rises = select(StatusChange.member_id).where(wanted)
            told = (
                select(Member.number)
                .join(StatusChange, StatusChange.member_id == Member.member_id)
                .where(Member.member_id.in_(rises), Member.number.not_in(found))
                .group_by(Member.member_id, Member.number)
                .order_by(func.abs(func.count() - 6), Member.member_id)
            )
            found += session.scalars(told.limit(1)).all()
        return found or list(session.scalars(select(Member.number).order_by(Member.member_id).limit(3)))


def _next(deployment: Deployment, chosen: list[str], departure: str | None) -> None:
    number = chosen[0]
    queue = (
        f"\n  loyalty requests show {departure}                 a departure: who is upgraded, who waits, and why"
        if departure
        else ""
    )
    click.echo(f"""
Try next:
  export LOYALTY_DATABASE_URL={deployment.settings.database_url}
  loyalty member {number}                     what a member is, and what is missing for more
  loyalty explain {number} --entries          why, down to every step of every entry
  loyalty benefits {number}                   what the tier gives, what is left, what the next would add{queue}
  loyalty ladder --as-of {deployment.program.editions[0].begins.replace(year=clock.now().year - 1)} --by-source
  loyalty ladder --history                     members per tier and the moves, day by day
  loyalty program show                         the rules; they are in config/programs/{deployment.program.id}
  loyalty activities add {number} KIND --key k1 --on DAY --field NAME=VALUE ...
  loyalty verify                               fold everyone again: no difference""")
