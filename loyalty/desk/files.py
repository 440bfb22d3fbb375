"""Files of acts for many: the rows of one read, with the place of what is wrong."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from loyalty.errors import Refused

#: The column that names the member.
NUMBER = "number"
#: A file has no more rows.
MOST = 100_000


@dataclass(frozen=True)
class Row:
    """A row of a file: its line, the member, the input as it stands there with what is the same for all."""

    line: int
    number: str
    raw: Mapping[str, Any]


def read_rows(path: Path, for_all: Mapping[str, Any]) -> list[Row]:
    """The rows of a CSV file. Raises Refused as `rows_of` does, and `bad_field` where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return rows_of(file, for_all)
    except OSError as error:
        raise _unreadable(1, str(error), "a file that can be read") from None


def rows_of(file: IO[bytes], for_all: Mapping[str, Any]) -> list[Row]:
    """The rows of a CSV file with a header: a column `number`, and one for each field that is not the same for all. A cell that
    is empty is as it is for all.

    Raises Refused: `missing_field` without such a column or a number, `bad_field` where it cannot be read or has too many rows.
    """
    rows: list[Row] = []
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        reader = csv.DictReader(text, strict=True)
        header = list(reader.fieldnames or ())
        if NUMBER not in header:
            raise Refused("missing_field", field=NUMBER, allowed="a column of this name")
        if len(set(header)) < len(header):
            raise _unreadable(1, "two columns of one name", "each column once")
        for found in reader:
            rows.append(_row(reader.line_num, found, for_all))
            if len(rows) > MOST:
                raise _unreadable(reader.line_num, f"more than {MOST} rows", f"at most {MOST} rows")
    except (UnicodeDecodeError, csv.Error) as error:
        raise _unreadable(len(rows) + 2, str(error), "a CSV file in UTF-8") from None
    finally:
        text.detach()
    return rows


def rows_for(numbers: Iterable[str], for_all: Mapping[str, Any]) -> list[Row]:
    """A row for each of some members, the same for all."""
    return [Row(line, number, for_all) for line, number in enumerate(numbers, 1)]


def _row(line: int, found: dict[Any, Any], for_all: Mapping[str, Any]) -> Row:
    number = (found.pop(NUMBER) or "").strip()
    if None in found or None in found.values():
        raise _unreadable(line, "another number of columns", "as many as the header has")
    if not number:
        raise Refused("missing_field", field=f"{NUMBER} in line {line}", allowed="a member number")
    return Row(line, number, {**found, **{name: value for name, value in for_all.items() if not found.get(name)}})


def _unreadable(line: int, found: str, allowed: str) -> Refused:
    return Refused("bad_field", field=f"line {line}", found=found, allowed=allowed, nearest="")
