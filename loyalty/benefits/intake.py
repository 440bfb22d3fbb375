"""Services and requests from files: a row read by a mapping into what is told or asked."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from loyalty.benefits.asking import Ask, Companion
from loyalty.benefits.services import Told
from loyalty.clock import instant_at
from loyalty.members.files import FileRow
from loyalty.members.mapping import (
    BadRow,
    RequestsMapping,
    ServicesMapping,
    day_of_source,
    key_of_source,
    text_of,
    time_of_source,
)

#: The author of what files bring.
AUTHOR = "import"


class Asked(NamedTuple):
    """A row understood: whose it is, and what is asked."""

    number: str
    ask: Ask


def placed(moment: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a date and time: by its own offset, else by the clock of a zone."""
    return moment if moment.tzinfo else instant_at(moment.date(), moment.time(), zone)


def companions_of(text: str) -> tuple[Companion, ...]:
    """Companions named in a text: member numbers, or names where they begin with a small letter; `;` between them."""
    names = [name.strip() for name in text.split(";") if name.strip()]
    return tuple(Companion(name) if name[0].islower() else Companion(number=name) for name in names)


def services_reader(mapping: ServicesMapping, zone: ZoneInfo) -> Callable[[FileRow], Told]:
    """The service of a row; `zone` is the program's. BadRow where the row lacks the key or the start."""
    key_of, starts_of, zone_of = key_of_source(mapping.key), time_of_source(mapping.starts), text_of(mapping.zone)
    units = {name: text_of(source) for name, source in mapping.units.items()}
    fields = {name: text_of(source) for name, source in mapping.fields.items()}

    def read(row: FileRow) -> Told:
        values = _readable(row)
        starts, place = starts_of(values), zone_of(values)
        if starts is None:
            raise BadRow("the start is empty")
        told = {name: number for name, get in units.items() if (number := get(values)) is not None}
        given = {**mapping.constants, **{name: get(values) for name, get in fields.items()}}
        key = key_of(values)
        return Told(key, placed(starts, _zone(place) if place else zone), told, AUTHOR, mapping.kind, place, given)

    return read


def requests_reader(mapping: RequestsMapping, zone: ZoneInfo) -> Callable[[FileRow], Asked]:
    """The request of a row; `zone` is the program's. BadRow where the row lacks the member, the service or a class."""
    key_of = None if mapping.key == "row" else key_of_source(mapping.key)
    service_of, made_of = key_of_source(mapping.service), time_of_source(mapping.requested)
    booked_of = day_of_source(mapping.booked_on)
    texts = {name: text_of(getattr(mapping, name)) for name in ("member", "from_class", "to_class", "companions", "instrument")}
    fields = {name: text_of(source) for name, source in mapping.fields.items()}

    def read(row: FileRow) -> Asked:
        values = _readable(row)
        found = {name: get(values) for name, get in texts.items()}
        for name in ("member", "from_class", "to_class"):
            if found[name] is None:
                raise BadRow(f"the {name} is empty")
        made, given = made_of(values), {**mapping.constants, **{name: get(values) for name, get in fields.items()}}
        ask = Ask(
            service_of(values), str(found["from_class"]), str(found["to_class"]), mapping.source,
            str(row.number) if key_of is None else key_of(values), AUTHOR, mapping.kind,
            companions_of(str(found["companions"] or "")), given, found["instrument"], booked_of(values),
            None if made is None else placed(made, zone),
        )  # fmt: skip
        return Asked(str(found["member"]), ask)

    return read


def _readable(row: FileRow) -> Mapping[str, Any]:
    if row.unreadable:
        raise BadRow(row.unreadable)
    return row.values


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadRow(f"there is no time zone {name}; allowed: an IANA name such as Europe/Paris") from None
