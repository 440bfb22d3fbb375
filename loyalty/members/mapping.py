"""Import mappings: how the columns of somebody's file become members and activities, read and checked like a program."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from loyalty.errors import Refused
from loyalty.program.load import parse
from loyalty.program.problems import ProgramInvalid, listed, nearest
from loyalty.program.reader import read
from loyalty.program.values import Part


class Column(Part):
    """A column, and what its values mean."""

    column: str
    format: str | None = None
    """How a day is written, in strptime's letters; YYYY-MM-DD without it."""
    values: dict[str, str] | None = None
    """Value in the file -> value meant. Others stay as they are."""
    empty: tuple[str, ...] = ("",)
    """Values that mean nothing was given."""


class Months(Part):
    """A day of which the file knows year and month: the first, or, with `after`, the first of the next month."""

    year: str
    month: str
    after: bool = False


def _form(value: Any) -> str:
    if isinstance(value, str):
        return "name"
    return "months" if isinstance(value, Months) or (isinstance(value, dict) and "year" in value) else "column"


Source = Annotated[
    Annotated[str, Tag("name")] | Annotated[Column, Tag("column")] | Annotated[Months, Tag("months")],
    Discriminator(_form),
]


class Reversals(Part):
    """Rows that take back the activity of the same key."""

    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]


class MembersMapping(Part):
    """Columns of a file of members. `left_on` is the first day after membership."""

    number: Source
    enrolled_on: Source
    left_on: Source | None = None
    name: Source | None = None
    email: Source | None = None
    phone: Source | None = None
    language: Source | None = None
    attributes: dict[str, Source] = Field(default_factory=dict)


class ActivitiesMapping(Part):
    """Columns of a file of activities."""

    source: Annotated[str, Field(min_length=1, max_length=80)]
    """The name under which the keys of this file are kept."""
    key: Literal["row"] | tuple[str, ...]
    """`row`: the number of the row, from 1, without the header; or the columns that make a row unique."""
    member: Source
    kind: str
    on: Source
    posted: Literal["now", "same_day"] = "now"
    """`same_day` when history is loaded: each activity was known on its own day."""
    fields: dict[str, Source] = Field(default_factory=dict)
    constants: dict[str, str | int | bool] = Field(default_factory=dict)
    reversals: Reversals | None = None


class MappingFile(Part):
    """config/imports/<name>.yaml."""

    program: str
    """The program that it is for."""
    format: Literal["csv", "ndjson"] = "csv"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    members: MembersMapping | None = None
    activities: ActivitiesMapping | None = None

    @model_validator(mode="after")
    def _one(self) -> "MappingFile":
        if (self.members is None) == (self.activities is None):
            raise ValueError("allowed: exactly one of members, activities")
        return self


def load_mapping(folder: Path, name: str) -> MappingFile:
    """The mapping of a name. Raises Refused: `unknown_mapping`; ProgramInvalid with every problem of the file."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        names = sorted(known.stem for known in folder.glob("*.yaml"))
        raise Refused("unknown_mapping", name=name, allowed=listed(names), nearest=nearest(name, names))
    document = read(path.name, path.read_text(encoding="utf-8"))
    mapping = parse(document, MappingFile)
    if not isinstance(mapping, MappingFile):
        raise ProgramInvalid(document.problems)
    return mapping


# --- values of a row --------------------------------------------------------------------------------------------

Row = Mapping[str, Any]
Get = Callable[[Row], Any]


class BadRow(Exception):
    """A row that cannot be read as the mapping says; the message says why."""


def text_of(source: Source | None) -> Get:
    """The value of a source as text or typed JSON value; None where nothing was given."""
    if source is None:
        return lambda _row: None
    if isinstance(source, Months):
        raise Refused("bad_mapping", why="year and month stand for a day only")
    if isinstance(source, str):
        return _plain(source)
    name, meant, empty = source.column, source.values or {}, frozenset(source.empty)
    plain = _plain(name)

    def get(row: Row) -> Any:
        value = plain(row)
        if not isinstance(value, str):
            return value
        return None if value in empty else meant.get(value, value)

    return get


def _plain(name: str) -> Get:
    def get(row: Row) -> Any:
        try:
            value = row[name]
        except KeyError:
            raise BadRow(f"column {name} is missing") from None
        return None if value == "" else value

    return get


def day_of_source(source: Source | None) -> Callable[[Row], date | None]:
    """The day of a source; None where nothing was given. BadRow where it is no day."""
    if isinstance(source, Months):
        return _months(source)
    get = text_of(source)
    form = source.format if isinstance(source, Column) else None
    seen: dict[str, date] = {}

    def day(row: Row) -> date | None:
        value = get(row)
        if value is None:
            return None
        found = seen.get(value) if isinstance(value, str) else None
        if found is None:
            found = seen[str(value)] = _parsed(str(value), form)
        return found

    return day


def _parsed(value: str, form: str | None) -> date:
    try:
        return datetime.strptime(value, form).date() if form else date.fromisoformat(value)  # noqa: DTZ007 a day has no zone
    except ValueError:
        raise BadRow(f"found {value!r}; allowed: a day, {form or 'YYYY-MM-DD'}") from None


def _months(source: Months) -> Callable[[Row], date | None]:
    year_of, month_of = text_of(source.year), text_of(source.month)

    def day(row: Row) -> date | None:
        year, month = year_of(row), month_of(row)
        if year is None and month is None:
            return None
        try:
            months = int(year) * 12 + int(month) - 1
            if not 1 <= int(month) <= 12:
                raise ValueError
            months += source.after
            return date(months // 12, months % 12 + 1, 1)
        except (TypeError, ValueError):
            raise BadRow(f"found year {year!r}, month {month!r}; allowed: a year and a month from 1 to 12") from None

    return day


def columns_of(mapping: MappingFile) -> list[str]:
    """Every column that a mapping names: a file without one of them cannot be read by it."""
    about = mapping.members or mapping.activities
    assert about is not None
    found: list[str] = []
    for name in type(about).model_fields:
        value = getattr(about, name)
        sources = list(value.values()) if name in ("fields", "attributes") else [value]
        if name in ("source", "kind", "posted", "constants"):
            continue
        for source in sources:
            if name == "key":
                found += [] if source == "row" else list(source)
            elif isinstance(source, str):
                found.append(source)
            elif isinstance(source, Column | Reversals):
                found.append(source.column)
            elif isinstance(source, Months):
                found += [source.year, source.month]
    return list(dict.fromkeys(found))
