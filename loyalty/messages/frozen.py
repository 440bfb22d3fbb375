"""What templates are given, as text and back: days, instants and exact amounts stay what they are."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_MARKS: dict[str, Callable[[str], Any]] = {"$day": date.fromisoformat, "$at": datetime.fromisoformat, "$amount": Decimal}


def freeze(context: dict[str, Any]) -> str:
    """A context as JSON."""
    return _JSON.encode(context)


def thaw(text: str) -> dict[str, Any]:
    """The context that was frozen."""
    context: dict[str, Any] = json.loads(text, object_hook=_thawed)
    return context


def _marked(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"$amount": format(value, "f")}
    raise TypeError(f"a context holds plain values only, found {type(value).__name__}")


def _thawed(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        ((mark, text),) = value.items()
        if mark in _MARKS:
            return _MARKS[mark](text)
    return value


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_marked)
