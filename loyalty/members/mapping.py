"""Import mappings: how the columns of somebody's file become members and activities, read and checked like a program."""

from collections.abc import Callable, Mapping, Sequence
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


class ServicesMapping(Part):
    """Columns of a file of dated services. A service that is known already is changed to what its row says."""

    kind: str | None = None
    """The kind of service; where the program has one, it need not be named."""
    key: tuple[str, ...]
    """The columns that make up the key of a service."""
    starts: Source
    """The start by the clock of its place, or with an offset; `format` in strptime's letters, else ISO."""
    zone: Source | None = None
    """The time zone of its place; the program's without it."""
    units: Annotated[dict[str, Source], Field(min_length=1)]
    """The units of each class."""
    fields: dict[str, Source] = Field(default_factory=dict)
    constants: dict[str, str | int | bool] = Field(default_factory=dict)


class RequestsMapping(Part):
    """Columns of a file of requests."""

    source: Annotated[str, Field(min_length=1, max_length=80)]
    """The name under which the keys of this file are kept."""
    key: Literal["row"] | tuple[str, ...]
    member: Source
    kind: str | None = None
    """The kind of request; where the program has one, it need not be named."""
    service: tuple[str, ...]
    """The columns that make up the key of the service."""
    from_class: Source
    to_class: Source
    companions: Source | None = None
    """Member numbers, or names in small letters, with `;` between them."""
    instrument: Source | None = None
    booked_on: Source | None = None
    requested: Source | None = None
    """When it was made, by the program's clock or with an offset; without it, when the file is read."""
    fields: dict[str, Source] = Field(default_factory=dict)
    constants: dict[str, str | int | bool] = Field(default_factory=dict)


class MappingFile(Part):
    """config/imports/<name>.yaml."""

    program: str
    """The program that it is for."""
    format: Literal["csv", "ndjson"] = "csv"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    members: MembersMapping | None = None
    activities: ActivitiesMapping | None = None
    services: ServicesMapping | None = None
    requests: RequestsMapping | None = None

    @property
    def about(self) -> MembersMapping | ActivitiesMapping | ServicesMapping | RequestsMapping:
        """The one thing that the file is about."""
        return next(part for part in (self.members, self.activities, self.services, self.requests) if part is not None)

    @model_validator(mode="after")
    def _one(self) -> "MappingFile":
        if sum(part is not None for part in (self.members, self.activities, self.services, self.requests)) != 1:
            raise ValueError("allowed: exactly one of members, activities, services, requests")
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


def time_of_source(source: Source | None) -> Callable[[Row], datetime | None]:
    """The date and time of a source, with an offset if it was written with one; None where nothing was given."""
    get = text_of(source)
    form = source.format if isinstance(source, Column) else None

    def moment(row: Row) -> datetime | None:
        value = get(row)
        try:
            return None if value is None else _time(str(value), form)
        except ValueError:
            raise BadRow(f"found {value!r}; allowed: a day and time, {form or 'YYYY-MM-DD HH:MM'}") from None

    return moment


def _time(value: str, form: str | None) -> datetime:
    return datetime.strptime(value, form) if form else datetime.fromisoformat(value)  # noqa: DTZ007 the place's clock


def key_of_source(names: Sequence[str]) -> Get:
    """The key made up of some columns, with `|` between them. BadRow where one is empty."""
    columns = [(name, text_of(name)) for name in names]
    return lambda row: "|".join(_part(name, get(row)) for name, get in columns)


def _part(name: str, value: object) -> str:
    if value is None:
        raise BadRow(f"column {name} of the key is empty")
    return str(value).replace("\\", "\\\\").replace("|", "\\|")


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
    about = mapping.about
    found: list[str] = []
    for name in type(about).model_fields:
        value = getattr(about, name)
        if name in ("source", "kind", "posted", "constants"):
            continue
        if name in ("key", "service"):
            found += [] if value == "row" else list(value)
            continue
        for source in value.values() if name in ("fields", "attributes", "units") else (value,):
            found += _named(source)
    return list(dict.fromkeys(found))


def _named(source: Any) -> list[str]:
    """The columns that a source names."""
    if isinstance(source, str):
        return [source]
    if isinstance(source, Months):
        return [source.year, source.month]
    return [source.column] if isinstance(source, Column | Reversals) else []
