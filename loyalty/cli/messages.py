"""Commands about messages: make them, send them, look at them, take in what came back."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from loyalty.cli.edge import account_of, opened
from loyalty.cli.jobs import say_results
from loyalty.cli.output import FOUND, as_of_option, emit, json_option, progress_bar, refusals, table
from loyalty.errors import Refused
from loyalty.jobs.delivering import DELIVER
from loyalty.jobs.schedule import run_now
from loyalty.jobs.telling import MESSAGES, STATEMENTS
from loyalty.jobs.timetable import job_named
from loyalty.members.tables import Member
from loyalty.members.telling import notice as record_notice
from loyalty.messages import outbox
from loyalty.messages.bounces import Malformed, bounces_of, read_report, take
from loyalty.messages.delivery import message_id_of
from loyalty.messages.frozen import thaw
from loyalty.messages.rendering import render
from loyalty.messages.tables import Message, Suppression
from loyalty.messages.transports import transport_of


@click.group()
def messages() -> None:
    """Messages: made from facts, sent from the outbox; what came back, and what takes no mail."""


@messages.command()
@click.option("--statements", "monthly", is_flag=True, help="The statements of the month that is over, for everyone.")
@as_of_option
@json_option
@refusals
def build(monthly: bool, as_of: date | None, as_json: bool) -> None:
    """Make the messages of what is new about members, and of the calendar. Nothing is told twice."""
    deployment, now = opened(as_of)
    job = job_named(deployment.settings, STATEMENTS if monthly else MESSAGES)
    with progress_bar("Messages") as step:
        result = run_now(deployment, job, now, step)
    say_results([result], job.counts, as_json)


@messages.command()
@as_of_option
@json_option
@refusals
def send(as_of: date | None, as_json: bool) -> None:
    """Send what waits in the outbox. Any number of these may run at once."""
    deployment, now = opened(as_of)
    transport_of(deployment.settings).close()
    job = job_named(deployment.settings, DELIVER)
    with progress_bar("Sending") as step:
        result = run_now(deployment, job, now, step)
    say_results([result], job.counts, as_json)


@messages.command("list")
@click.option("--state", type=click.Choice(["waiting", "sending", "sent", "failed", "dropped"]), default=None)
@click.option("--member", "number", default=None, help="Those of one member.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@json_option
@refusals
def list_(state: str | None, number: str | None, limit: int, as_json: bool) -> None:
    """List messages, the newest first; how many there are of each kind and state without --member and --state."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        if state is None and number is None:
            rows = [row._asdict() for row in outbox.counts(session)]
        else:
            member_id = None if number is None else _member(session, number).member_id
            rows = [_listed(row) for row in outbox.listed(session, state, member_id, limit)]
    if as_json:
        emit(rows)
    elif rows:
        table(tuple(rows[0]), [tuple("" if value is None else value for value in row.values()) for row in rows])


def _listed(row: Any) -> dict[str, Any]:
    """A message as it is listed: without address and words."""
    names = ("kind", "on", "state", "attempts", "next_at", "sent_at", "error")
    shown = {name: getattr(row, name) for name in names}
    return {"message": key_of(row), **shown}


def key_of(row: Any) -> str:
    """A message as commands name it: as its Message-ID does."""
    return f"{row.member_id:x}.{row.message_id:x}"


def _member(session: Any, number: str) -> Member:
    found: Member | None = session.scalar(select(Member).where(Member.number == number))
    if found is None:
        raise Refused("unknown_member", number=number)
    return found


def _identity(text: str) -> tuple[int, int]:
    member, _, message = text.strip("<>").partition("@")[0].partition(".")
    try:
        return int(member, 16), int(message, 16)
    except ValueError:
        raise Refused("unknown_message", message=text) from None


@messages.command()
@click.argument("message")
@json_option
@refusals
def show(message: str, as_json: bool) -> None:
    """Show a message by its key or Message-ID: what became of it, and its words."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        found = session.get(Message, _identity(message))
        if found is None:
            raise Refused("unknown_message", message=message)
        came_back = [row for row in bounces_of(session, found.member_id) if row.message_id == found.message_id]
    links = {"portal": deployment.settings.web_address, "preferences": None, "unsubscribe": None}
    context = {**thaw(found.context), "links": links}
    rendered = render(found.kind, context, found.locale, deployment.program.file.brand)
    names = [name for name in outbox.COLUMNS if name not in ("context", "member_id")]
    values = {name: getattr(found, name) for name in names}
    values["bounces"] = [f"{row.status} {'for good' if row.permanent else 'may pass'}" for row in came_back]
    if as_json:
        emit({**values, "subject": rendered.subject, "text": rendered.text, "html": rendered.html})
        return
    for name, value in values.items():
        click.echo(f"{name}: {'' if value is None else value}")
    click.echo(f"Message-ID: {message_id_of(found, deployment.settings.mail_from)}")  # type: ignore[arg-type]
    click.echo(f"\n{rendered.subject}\n\n{rendered.text}")


@messages.command()
@click.argument("chosen", metavar="[MESSAGE]...", nargs=-1)
@click.option("--kind", "kinds", multiple=True, help="Those of a kind; may be given several times.")
@click.option("--all", "everything", is_flag=True, help="All that have failed.")
@refusals
def retry(chosen: tuple[str, ...], kinds: tuple[str, ...], everything: bool) -> None:
    """Let messages that have failed be tried again, from the first attempt on."""
    if not (chosen or kinds or everything):
        raise click.UsageError("name messages, a --kind, or --all")
    deployment, now = opened()
    ids = [_identity(one)[1] for one in chosen]
    with deployment.store.transaction() as session:
        again = outbox.retry(session, now, kinds, ids)
    click.echo(f"{again} message(s) wait to be sent again.")


@messages.command()
@click.argument("source", metavar="FOLDER|-")
@refusals
def bounces(source: str) -> None:
    """Read reports of mail that was not delivered: every file of a folder, or one mail from stdin. An address that failed for
    good takes no mail any more. What is no report is told and left; exit code 1 then."""
    deployment, now = opened()
    wrong = 0
    for name, data in _mails(source):
        try:
            report = read_report(data)
            with deployment.store.transaction() as session:
                taken = take(session, report, now)
        except Malformed as error:
            wrong += 1
            click.echo(f"{name}: {error}", err=True)
            continue
        what = "suppressed" if taken.suppressed else "counted" if taken.new else "known already"
        click.echo(f"{name}: {report.status} {'for good' if report.permanent else 'may pass'}: {what}.")
    if wrong:
        sys.exit(FOUND)


def _mails(source: str) -> list[tuple[str, bytes]]:
    if source == "-":
        return [("stdin", sys.stdin.buffer.read())]
    folder = Path(source)
    if not folder.is_dir():
        raise Refused("no_config", path=folder)
    return [(path.name, path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file()]


@messages.command()
@click.option("--add", default=None, metavar="ADDRESS", help="Send nothing to an address any more.")
@click.option("--lift", default=None, metavar="ADDRESS", help="Send to an address again.")
@json_option
@refusals
def suppressed(add: str | None, lift: str | None, as_json: bool) -> None:
    """List the addresses to which nothing is sent, add one, or lift one."""
    deployment, now = opened()
    with deployment.store.transaction() as session:
        if add is not None:
            done = outbox.suppress(session, add, "by hand", now)
            click.echo("Nothing is sent there any more." if done else "Nothing was sent there already.")
            return
        if lift is not None:
            click.echo("It is sent to again." if outbox.lift(session, lift) else "It was not suppressed.")
            return
        rows = list(session.scalars(select(Suppression).order_by(Suppression.at, Suppression.address)))
    if as_json:
        emit([{"address": row.address, "reason": row.reason, "at": row.at} for row in rows])
    else:
        table(("address", "reason", "since"), [(row.address, row.reason, f"{row.at:%Y-%m-%d %H:%M}") for row in rows])


@messages.command()
@click.argument("number")
@click.argument("source", type=click.Choice(["survey", "security"]))
@click.argument("fields", metavar="NAME=VALUE...", nargs=-1)
@click.option("--key", required=True, help="The same key again changes nothing.")
@as_of_option
@refusals
def notice(number: str, source: str, fields: tuple[str, ...], key: str, as_of: date | None) -> None:
    """Note something that a member is to be told: a survey (survey=, question=, link=), or about security (what=, from=)."""
    deployment, now = opened(as_of)
    values = dict(pair.partition("=")[::2] for pair in fields)
    with deployment.store.transaction() as session:
        fresh = record_notice(session, account_of(session, number).member_id, source, key, values, now)
    click.echo("Noted." if fresh else "Noted already; nothing changed.")
