"""What the fields of activities, services, requests and members are called, and their values, in a language. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from loyalty.i18n import Language
from loyalty.program.models import ActivityField, Attribute


class Label(NamedTuple):
    """What a field is called, and those of its values that have a name."""

    name: str
    values: Mapping[str, str] = {}


#: Labels by the name under which rules ask for a field: `fare_class`, `member.club`.
Labels = Mapping[str, Label]


def label(texts: Mapping[str, str] | None, name: str, language: Language) -> str:
    """A text of the program in a language; where there is none, the id with spaces."""
    return language.own(texts) if texts else name.removeprefix("member.").replace("_", " ")


def field_labels(fields: Mapping[str, ActivityField] | Mapping[str, Attribute], language: Language) -> dict[str, Label]:
    """The labels of fields, by field."""
    return {
        name: Label(label(about.name, name, language), {value: language.own(text) for value, text in about.names.items()})
        for name, about in fields.items()
    }


def member_labels(attributes: Mapping[str, Attribute], language: Language) -> dict[str, Label]:
    """The labels of what rules ask of a member."""
    return {f"member.{name}": one for name, one in field_labels(attributes, language).items()}
