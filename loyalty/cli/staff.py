"""Commands about staff: who may sign in, with which roles."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from loyalty.access import staff as people
from loyalty.access.staff_signed import holds, staff_sign_ins
from loyalty.audit.chain import Actor
from loyalty.cli.edge import opened, shell
from loyalty.cli.output import emit, json_option, refusals, table
from loyalty.desk.approvals import Who, allowed, who_is
from loyalty.jobs.deployment import Deployment

author_option = click.option("--author", default="", help="A staff name who may change staff; the command itself without it.")
role_option = click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")


@click.group()
def staff() -> None:
    """Staff: add, list, change roles, end, see sign-ins; acts for many by file."""


def staff_who(session: Session, name: str) -> Who:
    """Someone of the staff who acts by command. Raises Refused: `unknown_staff`, `staff_ended`."""
    return who_is(people.staff_named(session, name), "command")


def _by(session: Session, deployment: Deployment, author: str) -> Actor:
    if not author:
        return shell()
    who = staff_who(session, author)
    allowed(deployment.roles, who, "staff.change")
    return who.actor


@staff.command()
@click.argument("name", metavar="MAIL")
@click.option("--shown", required=True, help="What pages call them.")
@role_option
@click.option("--subject", default="", help="Who they are to the identity provider; a password is made without it.")
@author_option
@json_option
@refusals
def add(name: str, shown: str, roles: tuple[str, ...], subject: str, author: str, as_json: bool) -> None:
    """Add someone. The password that is made is told once, and is to be changed at the first sign-in."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        by = _by(session, deployment, author)
        wanted = people.Hired(name, shown, roles, subject)
        added, password = people.add(session, deployment.roles, by, wanted, now)
    if as_json:
        emit({"name": added.name, "roles": list(roles), "password": password})
        return
    click.echo(f"{added.name} is staff: {', '.join(roles)}.")
    if password:
        click.echo(f"Password, told this once: {password}")


@staff.command("list")
@json_option
@refusals
def list_(as_json: bool) -> None:
    """Everyone, with roles; those who have ended too."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        rows: list[dict[str, Any]] = [
            {"name": one.name, "shown": one.shown, "roles": people.held(one), "second_step": bool(one.totp),
             "since": one.created_at, "ended_at": one.ended_at}
            for one in people.all_staff(session)
        ]  # fmt: skip
    if as_json:
        emit(rows)
        return
    table(("name", "shown", "roles", "second step", "ended"), [
        (row["name"], row["shown"], ", ".join(row["roles"]), "yes" if row["second_step"] else "no",
         _day(row["ended_at"])) for row in rows
    ])  # fmt: skip


def _day(at: datetime | None) -> str:
    return "" if at is None else str(at.date())


@staff.command("roles")
@click.argument("name", metavar="MAIL")
@role_option
@click.option("--reason", required=True)
@author_option
@refusals
def roles_(name: str, roles: tuple[str, ...], reason: str, author: str) -> None:
    """Give someone these roles and no others."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        by = _by(session, deployment, author)
        fresh = people.change_roles(session, deployment.roles, by, name, roles, reason, now)
    click.echo("Recorded." if fresh else "They have these roles already; nothing changed.")


@staff.command()
@click.argument("name", metavar="MAIL")
@click.option("--reason", required=True)
@author_option
@refusals
def renew(name: str, reason: str, author: str) -> None:
    """Make a new password for someone who lost theirs; the second step is to be set up anew."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        password = people.renew_password(session, _by(session, deployment, author), name, reason, now)
    click.echo(f"Password, told this once: {password}")


@staff.command("end")
@click.argument("name", metavar="MAIL")
@click.option("--reason", required=True)
@author_option
@refusals
def end_(name: str, reason: str, author: str) -> None:
    """End someone: they are out at once, everywhere."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        people.end(session, deployment.roles, _by(session, deployment, author), name, reason, now)
    click.echo("Recorded.")


@staff.command("sign-ins")
@click.argument("name", metavar="MAIL")
@json_option
@refusals
def sign_ins(name: str, as_json: bool) -> None:
    """Someone's sign-ins, the newest first: from where, until when, whether they hold still."""
    deployment, now = opened()
    with deployment.store.reading() as session:
        found = staff_sign_ins(session, people.staff_named(session, name).staff_id)
    rows = [(one.started_at, one.seen_at, one.how, one.place, one.agent, holds(one, now)) for one in found]
    header = ("started", "seen", "how", "place", "agent", "holds")
    if as_json:
        emit([dict(zip(header, row, strict=True)) for row in rows])
    else:
        table(header, rows)
