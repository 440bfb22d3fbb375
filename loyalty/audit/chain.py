"""How a line is spelt and hashed, and what it is to follow from the one before. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loyalty.keys import dumps

#: Keys and reasons are no longer than this.
LONGEST_KEY, LONGEST_REASON = 120, 2000
#: What the hash of a line is over, in this order.
HASHED = ("n", "at", "kind", "actor_id", "actor", "place", "act", "member_id", "what", "reason", "key", "previous")


@dataclass(frozen=True)
class Actor:
    """Who acts: staff by name and number, from a network address; or a command, or a job, which have no number."""

    kind: str
    name: str
    actor_id: int = 0
    place: str = ""


@dataclass(frozen=True)
class Act:
    """What was done: its name, for which member, what it came to (any JSON), why, and the key that it was sent with."""

    name: str
    what: Any
    reason: str = ""
    member_id: int | None = None
    key: str = ""


def line_hash(line: Any) -> str:
    """SHA-256 of a line's fields in one spelling, in hex."""
    return hashlib.sha256(dumps([_spelt(getattr(line, name)) for name in HASHED]).encode()).hexdigest()


def fault(line: Any, n: int, previous: str) -> str:
    """What is wrong with a line that is to be the n-th and to follow the hash `previous`; empty where nothing is."""
    if line.n != n:
        return f"line {n} is missing"
    if line.previous != previous:
        return f"line {n} does not follow line {n - 1}"
    if line.hash != line_hash(line):
        return f"line {n} is not as it was written"
    return ""


def _spelt(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value
