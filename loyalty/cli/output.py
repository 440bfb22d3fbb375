"""How commands speak: plain lines or JSON on stdout, one plain line of error on stderr, an exit code."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import wraps
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loyalty.errors import Refused
from loyalty.program.problems import ProgramInvalid
from loyalty.settings import SettingsInvalid

#: Exit codes: 1 the work found something wrong, 2 the request was not understood or refused.
FOUND, REFUSED = 1, 2

F = TypeVar("F", bound=Callable[..., Any])


class Day(click.ParamType[Any]):
    """A day on the command line, YYYY-MM-DD."""

    name = "DAY"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day; allowed: YYYY-MM-DD", param, ctx)


DAY = Day()
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
as_of_option = click.option("--as-of", type=DAY, default=None, help="Work as if it were the end of this day.")


def refusals(command: F) -> F:
    """A refusal or an invalid program becomes its message on stderr and exit code 2: never a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (Refused, ProgramInvalid, SettingsInvalid) as error:
            click.echo(str(error), err=True)
            sys.exit(REFUSED)
        except BrokenPipeError:
            sys.stderr.close()
            sys.exit(0)

    return wrapped  # type: ignore[return-value]


def emit(value: Any) -> None:
    """Print a value as JSON; days and instants in ISO 8601."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], right: Sequence[int] = ()) -> None:
    """Print aligned columns; those in `right` flush right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[n]) for row in cells)]) for n, name in enumerate(header)]
    for row in [list(header), *cells]:
        padded = [
            cell.rjust(width) if n in right else cell.ljust(width)
            for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(padded).rstrip())


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A bar in a terminal, silence elsewhere. Call it with what is done and, if not known before, with the total."""
    console = Console(stderr=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)

        def step(done: int, of: int | None = None) -> None:
            progress.update(task, completed=done, total=of if of is not None else total)

        yield step
