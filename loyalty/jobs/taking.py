"""Rows of a file taken, whatever they are about: counted, repeated, rejected."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.members.files import FileRow
from loyalty.members.mapping import BadRow

#: Repeated rows that are named in the answer; beyond it they are only counted.
NAMED = 20


@dataclass
class Tally:
    """What an import did: rows read, of which posted, known already (repeated), and rejected."""

    read: int = 0
    posted: int = 0
    repeated: int = 0
    rejected: int = 0
    repeated_lines: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Reject:
    """A row that was not taken, and why."""

    row: int
    line: int
    code: str
    reason: str
    values: dict[str, Any]


#: Takes a chunk's rows: fills the tally, answers the rows that were rejected.
Take = Callable[[Session, list[FileRow], Tally], list[Reject]]


def reject(row: FileRow, error: BadRow | Refused) -> Reject:
    """A row that is not taken, for the reason of an error."""
    code = error.code if isinstance(error, Refused) else "bad_row"
    return Reject(row.number, row.line, code, str(error), row.values)


def read_rows(rows: list[FileRow], read: Callable[[FileRow], Any], tally: Tally) -> tuple[list[Any], list[Reject]]:
    """The rows that can be read, each with what was read, and those that cannot."""
    taken, rejects = [], []
    for row in rows:
        try:
            taken.append((row, read(row)))
        except BadRow as error:
            rejects.append(reject(row, error))
    tally.read += len(rows)
    return taken, rejects


def repeat(tally: Tally, row: FileRow) -> None:
    """Count a row that was known already."""
    tally.repeated += 1
    if len(tally.repeated_lines) < NAMED:
        tally.repeated_lines.append(row.line)
