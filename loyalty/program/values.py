"""The small types that a program's files are made of."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema


class Part(BaseModel):
    """A part of a program: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def exact(value: Any) -> Decimal:
    """The exact number of a file's value, in one spelling: "1.50" is 1.5. Raises ValueError saying what is allowed."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError('allowed: a whole number, or a quoted decimal such as "1.5"')
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,9})?", value):
        raise ValueError('allowed: a whole number, or a quoted decimal such as "1.5"')
    if abs(Decimal(value)) >= 10**15:
        raise ValueError("allowed: fewer than 16 digits before the point")
    text = format(Decimal(value), "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text) + 0  # plus zero: -0 is 0


def day(value: Any) -> date:
    """The day of a file's value. Raises ValueError saying what is allowed."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("allowed: a day, YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("allowed: a day that the calendar has, YYYY-MM-DD") from None


def _texts(value: dict[str, str]) -> dict[str, str]:
    empty = [language for language, text in value.items() if not text.strip()]
    if empty:
        raise ValueError(f"the text in {', '.join(empty)} is empty")
    return value


#: An exact number: a whole number or a quoted decimal.
Exact = Annotated[
    Decimal,
    BeforeValidator(exact),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$"}]}),
]
#: A day of the program's zone.
Day = Annotated[date, BeforeValidator(day), WithJsonSchema({"type": "string", "format": "date"})]
#: The name by which one part of a program calls another.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
#: A text in every language of the program.
Texts = Annotated[dict[str, str], AfterValidator(_texts)]
#: A whole number from zero on.
Count = Annotated[int, Field(ge=0, lt=10**15)]
#: A condition: `field: value`, `field: [values]`, `field: {at_least: ...}`, under `all`, `any`, `not`; see conditions.py.
Condition = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "minProperties": 1})]
