"""The small types that a program's files are made of."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema


class Part(BaseModel):
    """A part of a program: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)


def _exact(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError('allowed: a whole number, or a quoted decimal such as "1.5"')
    if isinstance(value, str) and not re.fullmatch(r"-?\d{1,15}(\.\d{1,9})?", value):
        raise ValueError('allowed: a whole number, or a quoted decimal such as "1.5"')
    if abs(Decimal(value)) >= 10**15:
        raise ValueError("allowed: fewer than 16 digits before the point")
    return Decimal(value)


def _day(value: Any) -> date:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
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
    BeforeValidator(_exact),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"^-?\d{1,15}(\.\d{1,9})?$"}]}),
]
#: A day of the program's zone.
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
#: The name by which one part of a program calls another.
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")]
#: A text in every language of the program.
Texts = Annotated[dict[str, str], AfterValidator(_texts)]
#: A whole number from zero on.
Count = Annotated[int, Field(ge=0, lt=10**15)]
#: A condition: `field: value`, `field: [values]`, `field: {at_least: ...}`, under `all`, `any`, `not`; see conditions.py.
Condition = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "minProperties": 1})]
