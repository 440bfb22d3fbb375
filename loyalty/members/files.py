"""Rows of a file: CSV or NDJSON, plain or gzip, each with its number and line; unreadable ones are kept as such."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from loyalty.errors import Refused
from loyalty.members.mapping import MappingFile, columns_of
from loyalty.program.problems import listed, nearest


class FileRow(NamedTuple):
    """A row: its number (from 1, without the header), the line it ends on, its values, or why it cannot be read."""

    number: int
    line: int
    values: dict[str, Any]
    unreadable: str = ""


def file_hash(path: Path) -> str:
    """SHA-256 of a file as it stands. Raises Refused: `no_config` where there is none."""
    if not path.is_file():
        raise Refused("no_config", path=path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def rows_of(path: Path, mapping: MappingFile) -> Iterator[FileRow]:
    """The rows of a file, first to last. Raises Refused: `bad_mapping` where the file lacks a column or is no text."""
    try:
        with _opened(path) as file:
            yield from (_csv(file, mapping) if mapping.format == "csv" else _ndjson(file))
    except UnicodeDecodeError as error:
        raise Refused("bad_mapping", why=f"{path.name} is not UTF-8 text: {error.reason}") from None
    except (gzip.BadGzipFile, EOFError) as error:
        raise Refused("bad_mapping", why=f"{path.name} is a broken gzip file: {error}") from None


def _opened(path: Path) -> IO[str]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    if packed:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open("rt", encoding="utf-8-sig", newline="")


def _csv(file: IO[str], mapping: MappingFile) -> Iterator[FileRow]:
    reader = csv.reader(file, delimiter=mapping.delimiter, strict=True)
    header = next(reader, [])
    for name in columns_of(mapping):
        if name not in header:
            raise Refused("bad_mapping", why=f"the file has no column {name}; it has: {listed(header)}.{nearest(name, header)}")
    if len(set(header)) < len(header):
        raise Refused("bad_mapping", why=f"a column stands twice: {listed(header)}")
    width, number = len(header), 0
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield FileRow(number, reader.line_num, {}, f"this is not CSV: {error}")
            continue
        if len(cells) == width:
            yield FileRow(number, reader.line_num, dict(zip(header, cells, strict=True)))
        else:
            row = dict(zip(header, cells, strict=False))
            yield FileRow(number, reader.line_num, row, f"found {len(cells)} columns; allowed: {width}")


def _ndjson(file: IO[str]) -> Iterator[FileRow]:
    for number, line in enumerate(file, 1):
        try:
            values = json.loads(line, parse_float=str)
        except ValueError as error:
            yield FileRow(number, number, {"text": line.rstrip("\n")}, f"this is not JSON: {error}")
            continue
        if isinstance(values, dict):
            yield FileRow(number, number, values)
        else:
            yield FileRow(number, number, {"value": values}, "allowed: one object a line")
