"""Activities from files: a row read by a mapping into a report."""

from collections.abc import Callable
from typing import NamedTuple

from loyalty.earning.operations import Report
from loyalty.members.files import FileRow
from loyalty.members.mapping import ActivitiesMapping, BadRow, day_of_source, key_of_source, text_of


class Taken(NamedTuple):
    """A row understood: whose it is, what it reports, and whether it takes the activity back."""

    number: str
    report: Report
    reverses: bool


def reader_of(mapping: ActivitiesMapping) -> Callable[[FileRow], Taken]:
    """The report of a row. BadRow where the row lacks the member, the key or the day."""
    member_of, on_of = text_of(mapping.member), day_of_source(mapping.on)
    fields = [(name, text_of(source)) for name, source in mapping.fields.items()]
    key_of = None if mapping.key == "row" else key_of_source(mapping.key)
    back = mapping.reversals
    same_day = mapping.posted == "same_day"

    def read(row: FileRow) -> Taken:
        if row.unreadable:
            raise BadRow(row.unreadable)
        values = row.values
        number, on = member_of(values), on_of(values)
        if number is None:
            raise BadRow("the member number is empty")
        if on is None:
            raise BadRow("the day is empty")
        key = str(row.number) if key_of is None else key_of(values)
        given = {**mapping.constants, **{name: get(values) for name, get in fields}}
        report = Report(mapping.kind, mapping.source, key, on, given, on if same_day else None)
        return Taken(str(number), report, back is not None and str(values.get(back.column)) in back.values)

    return read
