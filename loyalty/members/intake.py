"""Members from files: a chunk of rows read by a mapping."""

from collections.abc import Callable

from loyalty.members.files import FileRow
from loyalty.members.mapping import BadRow, MembersMapping, day_of_source, text_of
from loyalty.members.operations import PROFILE, Enrolment


def reader_of(mapping: MembersMapping) -> Callable[[FileRow], Enrolment]:
    """The enrolment of a row. BadRow where the row lacks a number or a day."""
    number_of, enrolled_of, left_of = (
        text_of(mapping.number),
        day_of_source(mapping.enrolled_on),
        day_of_source(mapping.left_on),
    )
    profile = {name: text_of(getattr(mapping, name)) for name in PROFILE}
    attributes = {name: text_of(source) for name, source in mapping.attributes.items()}

    def read(row: FileRow) -> Enrolment:
        if row.unreadable:
            raise BadRow(row.unreadable)
        values = row.values
        number, enrolled_on = number_of(values), enrolled_of(values)
        if number is None:
            raise BadRow("the member number is empty")
        if enrolled_on is None:
            raise BadRow("the day of enrolment is empty")
        return Enrolment(
            enrolled_on, str(number), left_of(values),
            **{name: str(get(values) or "") for name, get in profile.items()},
            attributes={name: get(values) for name, get in attributes.items()},
        )  # fmt: skip

    return read
