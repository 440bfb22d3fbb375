"""What the benefits say to messages: what is to be chosen, what is left, and why a request is as it is."""

from collections.abc import Callable, Iterator, Sequence, Set
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from loyalty.i18n import Language
from loyalty.messages.facts import Choosing, Person
from loyalty.program.load import Edition


def choices_of(
    _session: Session, _edition: Edition, _persons: Sequence[Person], _today: date, _sources: Set[str]
) -> Iterator[tuple[Person, list[Choosing]]]:
    """The choices of tiers that are open, by member."""
    return iter(())


def left_of(
    _session: Session, _edition: Edition, _persons: Sequence[Person], _today: date, _sources: Set[str]
) -> Callable[[Person, Any], list[dict[str, Any]]]:
    """What each member has left of benefits, as statements tell it."""
    return lambda _person, _around: []


def reason_of(row: Any, _language: Language) -> str:
    """Why a request is as it is, in a sentence."""
    return str(row.reason)
