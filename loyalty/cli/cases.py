"""Commands about cases: what members ask of staff."""

from collections.abc import Callable
from datetime import date, datetime

import click
from sqlalchemy.orm import Session

from loyalty.care.operations import Answer, Claim, claim
from loyalty.care.operations import answer as answer_case
from loyalty.care.operations import close as close_case
from loyalty.care.queries import Told, cases_in, cases_of
from loyalty.cli.edge import account_of, changing, opened
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals, table
from loyalty.errors import Refused
from loyalty.status.queries import Account


@click.group()
def cases() -> None:
    """Cases: what members ask of staff. List, show, answer, close, add."""


@cases.command("list")
@click.option("--state", type=click.Choice(["open", "answered", "closed", "all"]), default="open", show_default=True)
@click.option("--limit", type=click.IntRange(1, 10000), default=100, show_default=True)
@json_option
@refusals
def list_(state: str, limit: int, as_json: bool) -> None:
    """The cases of all members, the oldest first."""
    deployment, _ = opened()
    with deployment.store.reading() as session:
        found = cases_in(session, None if state == "all" else state, limit)
    if as_json:
        emit([{name: value for name, value in vars(case).items() if name != "log"} for case in found])
        return
    table(
        ("member", "key", "state", "since", "about"),
        [(case.number, case.key, case.state, case.made_at.date(), case.subject) for case in found],
    )


@cases.command()
@click.argument("number")
@click.argument("key")
@json_option
@refusals
def show(number: str, key: str, as_json: bool) -> None:
    """Show a case with everything that was said."""
    deployment, _ = opened()
    with deployment.store.transaction() as session:
        account = account_of(session, number)
        found = next((case for case in cases_of(session, account.member_id) if case.key == key), None)
    if found is None:
        raise Refused("unknown_case", number=number, key=key)
    if as_json:
        emit(vars(found))
    else:
        _show(found)


def _show(case: Told) -> None:
    click.echo(f"Case {case.key} of member {case.number}, {case.state}: {case.subject}")
    for name, value in case.fields["fields"].items():
        click.echo(f"  {name}: {value}")
    for row in case.log:
        posted = f" [posted: {row['source']} {row['key']}]" if row["key"] else ""
        click.echo(f"  {row['at']:%Y-%m-%d %H:%M} {row['author']}, {row['state']}: {row['text']}{posted}")


def _change(number: str, as_of: date | None, act: Callable[[Session, Account, datetime], bool]) -> None:
    deployment, now = opened(as_of)
    with changing(deployment, now, number) as one:
        one.fresh = act(one.session, one.account, now)
    click.echo(one.said)


@cases.command()
@click.argument("number")
@click.argument("key")
@click.option("--author", required=True)
@click.option("--text", required=True, help="What the member reads.")
@click.option("--posted", default="", metavar="KEY", help="The key of the activity that was posted for it.")
@click.option("--source", default="command", show_default=True, help="The source of that activity.")
@as_of_option
@refusals
def answer(number: str, key: str, author: str, text: str, posted: str, source: str, as_of: date | None) -> None:
    """Answer a case; post the activity first (activities add), and name it."""
    said = Answer(author, text, source if posted else "", posted)
    _change(number, as_of, lambda session, account, now: answer_case(session, account, key, said, now))


@cases.command()
@click.argument("number")
@click.argument("key")
@click.option("--author", required=True)
@click.option("--text", default="", help="What the member reads.")
@as_of_option
@refusals
def close(number: str, key: str, author: str, text: str, as_of: date | None) -> None:
    """Close a case: nothing more is said to it."""

    def act(session: Session, account: Account, now: datetime) -> bool:
        close_case(session, account, key, author, text, now)
        return True

    _change(number, as_of, act)


@cases.command()
@click.argument("number")
@click.argument("kind")
@click.option("--on", type=DAY, required=True, help="The day of the activity.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="May be given several times.")
@click.option("--remark", default="")
@click.option("--author", required=True)
@click.option("--key", required=True, help="Sent twice, it is one case.")
@as_of_option
@refusals
def add(
    number: str, kind: str, on: date, fields: tuple[str, ...], remark: str, author: str, key: str, as_of: date | None
) -> None:
    """Claim an activity that a member misses, as told on the telephone or at a desk."""
    deployment, now = opened(as_of)
    wanted = Claim(kind, on, dict(field.partition("=")[::2] for field in fields), remark, key)
    with changing(deployment, now, number) as one:
        _, one.fresh = claim(one.session, deployment.program, one.account, wanted, author, now)
    click.echo(one.said)
