"""The values of activities' fields and members' attributes as members read them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.i18n import Language, _
from loyalty.program.labels import field_labels
from loyalty.program.models import ActivityField, Attribute

YES, NO = _("yes"), _("no")


def value_of(about: ActivityField | Attribute, value: Any, language: Language, currency: str = "") -> str:
    """A value as it is read: money with its currency, days and numbers as the language writes them, else its name."""
    text = str(value)
    try:
        if about.type == "flag":
            return language.say(YES if value in (True, "true") else NO)
        if about.type == "day":
            return language.day(date.fromisoformat(text))
        if about.type == "money":
            return language.money(Decimal(text), currency)
        if about.type in ("integer", "decimal"):
            return language.number(Decimal(text))
    except (ValueError, InvalidOperation):
        return text  # kept as it was reported
    return language.own(about.names[text]) if text in about.names else text


def facts_told(known: Mapping[str, Attribute], values: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    """What is known of some facts, each with its name, in the order of the program."""
    labels = field_labels(known, language)
    told = [(name, about, values.get(name)) for name, about in known.items()]
    return [(labels[name].name, value_of(about, value, language)) for name, about, value in told if value is not None]


def inputs_of(
    fields: Mapping[str, ActivityField] | Mapping[str, Attribute], labels: Mapping[str, Any], language: Language
) -> list[dict[str, Any]]:
    """The fields of a form: name, label, type, and the options where there are some, each with its words."""
    return [
        {
            "name": name, "label": labels[name].name, "type": about.type,
            "options": _options(about, labels[name].values, language),
        }
        for name, about in fields.items()
    ]  # fmt: skip


def _options(about: ActivityField | Attribute, named: Mapping[str, str], language: Language) -> dict[str, str]:
    """What may be chosen, nothing first; empty where something is typed."""
    if about.type == "flag":
        return {"": "–", "true": language.say(YES), "false": language.say(NO)}
    return {"": "–", **{one: named.get(one, one) for one in about.one_of}} if about.one_of else {}
