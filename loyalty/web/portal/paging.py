"""Where a page of rows goes on: the place of its last row, as it stands in an address."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from flask import abort, request

from loyalty.clock import instant_of, ticks
from loyalty.keys import LARGEST
from loyalty.ledger.queries import Place

T = TypeVar("T")


def read_place(text: str, read: Callable[[list[str]], T]) -> T | None:
    """The place that an address names; none for none. Ends the request with 404 where it names nothing."""
    if not text:
        return None
    try:
        return read(text.split("."))
    except (ValueError, IndexError, OverflowError):
        abort(404)


def cause_of(parts: list[str]) -> tuple[date, int]:
    """A record: day and cause."""
    on, cause = parts
    return date.fromisoformat(on), int(cause)


def entry_of(parts: list[str]) -> Place:
    """An entry: the day and the instant at which it was posted, cause and number."""
    posted_on, at, cause, n = parts
    return Place(date.fromisoformat(posted_on), instant_of(int(at)), int(cause), int(n))


def entry_written(place: Place) -> str:
    """An entry's place as an address has it."""
    return f"{place.posted_on.isoformat()}.{ticks(place.posted_at)}.{place.cause_id}.{place.n}"


def before_given() -> int | None:
    """The number of the row before which a page goes on; none for the first page, and for what is no number of a row."""
    before = request.args.get("before", type=int)
    return before if before is not None and 0 < before <= LARGEST else None
