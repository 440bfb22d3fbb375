"""Lines of CSV files that people open in a spreadsheet: no text in them is taken for a formula. Pure."""

import csv
from collections.abc import Iterable

#: What a formula may begin with.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Line:
    """What csv writes a line to."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def guarded(text: str) -> str:
    """A text that a spreadsheet takes for a text: what would begin a formula is quoted."""
    return f"'{text}" if text.startswith(FORMULA) else text


def csv_line(cells: Iterable[object]) -> str:
    """A line of a CSV file, each text of it guarded."""
    line = _Line()
    csv.writer(line).writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    return line.text
