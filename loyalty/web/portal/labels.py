"""What fields of activities and attributes of members are called, and their values as members read them."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.i18n import Language, _
from loyalty.program.models import ActivityField, Attribute

YES, NO = _("yes"), _("no")


def label_of(name: str, about: ActivityField | Attribute, language: Language) -> str:
    """What a field is called: its own name where the program gives it one, else its id as words."""
    texts: Mapping[str, str] | None = getattr(about, "name", None)
    return language.own(texts) if texts else name.replace("_", " ")


def value_of(about: ActivityField | Attribute, value: Any, language: Language, currency: str = "") -> str:
    """A value as it is read: money with its currency, days and numbers as the language writes them."""
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
    named: Mapping[str, Mapping[str, str]] = getattr(about, "names", {})
    return language.own(named[text]) if text in named else text
