"""The queue of a service's class: one total order of all requests, and the walk that gives out units along it. Pure.

docs/requests.md tells what each word does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from loyalty.program.asking import Key
from loyalty.program.scope import Case

#: A request by its member and number.
Id = tuple[int, int]
#: After every number and every text: where what is not given stands.
LAST = (1, 0)


class Waiting(NamedTuple):
    """A request in a queue. `order` is its place, smaller first, in no two the same; `bar` the reason for which it may not be
    given a unit, none where it may; `holds` whether nobody behind it is given any while it is too large."""

    id: Id
    size: int
    order: tuple[Any, ...]
    bar: str = ""
    holds: bool = False


class Passed(NamedTuple):
    """Why a request was passed over: a code of the catalogue of reasons, and the units that were left."""

    reason: str
    left: int


class GivenOut(NamedTuple):
    """What came of a walk: the requests that were given units, in order, and why each of the others was passed over."""

    given: tuple[Id, ...]
    passed: Mapping[Id, Passed]


def give_out(units: int, waiting: Iterable[Waiting]) -> GivenOut:
    """Walk the queue in its order and give units to each request that may have them, all that it asks for or none.

    So whoever is given a unit had none before them in the order who could have had it. One that is barred holds up nobody.
    """
    given: list[Id] = []
    passed: dict[Id, Passed] = {}
    held = False
    for one in sorted(waiting, key=lambda one: one.order):
        reason = one.bar or _lack(one, units, held)
        if reason:
            passed[one.id] = Passed(reason, units)
            held = held or (one.holds and reason == "too_few_units")
        else:
            given.append(one.id)
            units -= one.size
    return GivenOut(tuple(given), passed)


def _lack(one: Waiting, units: int, held: bool) -> str:
    if units == 0:
        return "no_units"
    return "held_up" if held else "too_few_units" if one.size > units else ""


# --- the order --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What an order asks of a request. `case` are the values that conditions see; ranks are places in the ladder, none for
    no tier; `counters` the member's totals by (counter, months)."""

    case: Case
    tier: int
    lifetime: int | None
    instrument: bool
    counters: Mapping[tuple[str, int], int]
    requested_at: datetime


#: The place of a request by one key: smaller first, comparable with that of every other request.
Place = Callable[[Facts], tuple[int, Any]]


def compile_key(key: Key, get: Callable[[Case], Any] | None) -> Place:
    """The function of one key of an order; `get` is the value of its field."""
    if key.tier is not None:
        return _directed(lambda facts: facts.tier, key.tier == "highest")
    if key.lifetime is not None:
        return _directed(lambda facts: -1 if facts.lifetime is None else facts.lifetime, key.lifetime == "highest")
    if key.instrument is not None:
        return _directed(lambda facts: int(facts.instrument), key.instrument == "first")
    if key.requested is not None:
        return _directed(lambda facts: _microseconds(facts.requested_at), key.requested == "latest")
    if key.counter is not None:
        sought = (key.counter, key.months)
        return _directed(lambda facts: facts.counters.get(sought, 0), key.first == "highest")
    assert get is not None
    return _ranked(get, key.ranked) if key.ranked is not None else _by_value(get, key.first == "highest")


def _directed(value: Callable[[Facts], int], falling: bool) -> Place:
    return (lambda facts: (0, -value(facts))) if falling else (lambda facts: (0, value(facts)))


def _ranked(get: Callable[[Case], Any], ranked: Sequence[str]) -> Place:
    places = {value: (0, n) for n, value in enumerate(ranked)}

    def place(facts: Facts) -> tuple[int, Any]:
        value = get(facts.case)
        return places.get(str(value).lower() if isinstance(value, bool) else value, LAST)

    return place


def _by_value(get: Callable[[Case], Any], falling: bool) -> Place:
    """By a number or a day; what is not given comes last, whichever comes first."""

    def place(facts: Facts) -> tuple[int, Any]:
        value = get(facts.case)
        if value is None:
            return LAST
        number = date.fromisoformat(value).toordinal() if isinstance(value, str) else value
        return (0, -number if falling else number)

    return place


def _microseconds(instant: datetime) -> int:
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond
