"""The command that projects: a member with activity that has not happened yet. Nothing is written."""

import shlex
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from loyalty.cli.edge import opened
from loyalty.cli.output import DAY, as_of_option, emit, json_option, refusals, table
from loyalty.cli.telling import say_standing, say_ways
from loyalty.earning.planning import projected
from loyalty.earning.projection import Planned
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.program.reader import read
from loyalty.status.queries import account_read


@click.command()
@click.argument("number")
@click.option(
    "--activity",
    "activities",
    multiple=True,
    metavar="'KIND KEY=VALUE ...'",
    help="A planned activity with its fields, and its day as on=DAY (today without it). May be given several times.",
)
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A YAML or JSON file with a list of planned activities, each KIND: {on: DAY, FIELD: VALUE}.",
)
@click.option("--on", type=DAY, default=None, help="The day to look at; without it the last day of the plan.")
@as_of_option
@json_option
@refusals
def plan(
    number: str, activities: tuple[str, ...], file: Path | None, on: date | None, as_of: date | None, as_json: bool
) -> None:  # fmt: skip
    """What a member would be with planned activities: tier, counters and what is missing, now and then.

    Such as: plan SW123 --activity 'flight on=2026-12-01 carrier=SK distance=900'
    """
    deployment, now = opened(as_of)
    today = deployment.today(now)
    planned = [_spoken(text, today) for text in activities] + (list(_read(file, today)) if file else [])
    day = max([on or today, *([] if on else [one.posted_on for one in planned])])
    planned = [one for one in planned if one.posted_on <= day]
    with deployment.store.reading() as session:
        account = account_read(session, number)
        if account is None:
            raise Refused("unknown_member", number=number)
        told = projected(session, deployment.program, account, planned, today, day)
    if as_json:
        emit({name: part for name, part in told.items() if name != "judged"})
    else:
        _say(deployment.program, told)


# --- a plan read ------------------------------------------------------------------------------------------------


def _spoken(text: str, today: date) -> Planned:
    """`flight on=2026-12-01 distance=900`: values with spaces in quotes."""
    try:
        kind, *pairs = shlex.split(text)
    except ValueError:
        raise Refused("bad_plan", why=f"found {text!r}; allowed: KIND KEY=VALUE ...") from None
    wrong = [pair for pair in pairs if "=" not in pair]
    if wrong:
        raise Refused("bad_plan", why=f"found {wrong[0]!r} in {text!r}; allowed: KEY=VALUE")
    return _planned(kind, dict(pair.partition("=")[::2] for pair in pairs), today)


def _read(file: Path, today: date) -> Iterator[Planned]:
    try:
        document = read(file.name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            "bad_plan", why=f"{file} cannot be read, {getattr(error, 'strerror', None) or 'it is not UTF-8'}"
        ) from None
    if document.problems:
        raise Refused("bad_plan", why=str(document.problems[0]))
    items = document.value
    if not isinstance(items, list) or not all(_is_item(item) for item in items):
        raise Refused("bad_plan", why=f"{file.name}: allowed: a list of KIND: {{on: DAY, FIELD: VALUE}}")
    for item in items:
        ((kind, given),) = item.items()
        yield _planned(kind, given, today)


def _is_item(item: Any) -> bool:
    return isinstance(item, dict) and len(item) == 1 and all(isinstance(given, dict) for given in item.values())


def _planned(kind: str, given: Mapping[str, Any], today: date) -> Planned:
    fields = dict(given)
    try:
        on = date.fromisoformat(str(fields.pop("on", today)))
    except ValueError:
        raise Refused("bad_plan", why=f"found on={given['on']!r}; allowed: YYYY-MM-DD") from None
    return Planned(kind, on, fields, max(on, today))


# --- in plain lines ---------------------------------------------------------------------------------------------


def _say(program: Program, told: Mapping[str, Any]) -> None:
    before, after = told["before"], told["after"]
    rows = [(name, str(_value(before, name)), str(_value(after, name))) for name in ("tier", "through")]
    rows += [(name, before["counters"][name], after["counters"][name]) for name in after["counters"]]
    units = sorted(set(after["balances"]) - set(after["counters"]))
    rows += [(unit, before["balances"].get(unit, "0"), after["balances"][unit]) for unit in units]
    table(("", str(before["as_of"]), str(after["as_of"])), rows)
    for one in told["earned"]:
        click.echo(f"  {one['on']}: {one['amount']} {one['unit']} ({one['line']})")
    for one in told["given"]:
        click.echo(f"  {one['on']}: given {one['amount']} {one['unit']} ({one['name']})")
    say_standing(after)
    say_ways(program, after)


def _value(data: Mapping[str, Any], name: str) -> Any:
    standing = data["standing"]
    if standing is None:
        return "none"
    return standing["name"] if name == "tier" else standing["through"] or "ever"
