"""Member numbers and attributes: pure rules."""

import json
from collections.abc import Mapping
from typing import Any

from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import dumps
from loyalty.program.models import Attribute, Numbering
from loyalty.program.problems import listed, nearest
from loyalty.program.values import day


def made_number(numbering: Numbering, count: int) -> str:
    """The number of the count-th member: prefix, digits, and a Luhn check digit, which finds every single wrong digit."""
    body = str(count).zfill(numbering.digits - 1)
    doubled = [int(digit) * (2 if n % 2 == 0 else 1) for n, digit in enumerate(reversed(body))]
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return f"{numbering.prefix}{body}{-total % 10}"


def checked_attributes(known: Mapping[str, Attribute], given: Mapping[str, Any]) -> str:
    """The attributes as JSON. Raises Refused: an unknown name, a value of another type or not in the list."""
    values = {}
    for name, value in given.items():
        if name not in known:
            raise Refused("unknown_field", field=name, allowed=listed(known), nearest=nearest(name, known))
        if value is not None and value != "":
            values[name] = _attribute(name, known[name], value)
    return dumps(values)


def _attribute(name: str, about: Attribute, value: Any) -> Any:
    if about.type == "integer":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and value.removeprefix("-").isdigit():
            return int(value)
    elif about.type == "flag":
        if isinstance(value, bool):
            return value
        if value in ("true", "false"):
            return value == "true"
    elif about.type == "day":
        try:
            return day(value).isoformat()
        except ValueError:
            pass
    elif isinstance(value, str) and (about.one_of is None or value in about.one_of):
        return value
    choices = about.one_of or ()
    named = [Named(value, about.names[value]) if value in about.names else value for value in choices]
    allowed = listed(named) if choices else ALLOWED[about.type]
    raise Refused(
        "bad_field", field=Named(name, about.name), found=repr(value), allowed=allowed, nearest=nearest(value, choices)
    )


#: What a value of a type must be.
ALLOWED = {
    "integer": Text(_("a whole number")),
    "flag": Text(_("true or false")),
    "day": Text(_("a day, YYYY-MM-DD")),
    "text": Text(_("a text")),
}


def attribute_values(known: Mapping[str, Attribute], stored: str) -> tuple[Any, ...]:
    """The stored attributes in the order of the program's list, None where missing: what rules see."""
    if not known:
        return ()
    values = json.loads(stored)
    return tuple([values.get(name) for name in known])
