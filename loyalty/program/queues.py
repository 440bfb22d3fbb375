"""Which queues of a request can ever hold one: found by trying every kind of request that their conditions tell apart."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import product
from math import prod
from typing import Any

from loyalty.program.asking import RequestKind
from loyalty.program.conditions import Test, always, compile_condition
from loyalty.program.load import Edition
from loyalty.program.request_scope import BESIDE, request_scope
from loyalty.program.scope import Case, Scope, Subject

#: More kinds of requests than this are not tried, and no queue is suspected.
MOST = 50_000
#: A text that no condition names.
OTHER = "\0"


def unmatched(kind: RequestKind, edition: Edition) -> list[int]:
    """The queues in which no request can ever stand, by their place; empty where there are too many kinds to try."""
    scope = scope_in(kind, edition)
    given = [kind.when, *(queue.when for queue in kind.queues), *(use.when for use in kind.instruments)]
    values = _values(kind, scope, given)
    if prod(map(len, values.values())) > MOST:
        return []
    allowed, *queues = (_compiled(one, scope) for one in (kind.when, *(queue.when for queue in kind.queues)))
    uses = [(use.instrument, _compiled(use.when, scope)) for use in kind.instruments]
    empty = set(range(len(queues)))
    for case in _cases(kind, edition, values):
        instrument = case[0][-1]
        held = instrument is None or any(name == instrument and test(case) for name, test in uses)
        if held and allowed(case):
            empty.discard(next(n for n, test in enumerate(queues) if test(case)))
        if not empty:
            break
    return sorted(empty)


def scope_in(kind: RequestKind, edition: Edition) -> Scope:
    """What rules about a request of an edition may name."""
    instruments = [instrument.id for instrument in edition.benefits.instruments]
    head, service = edition.head, edition.requests.services[kind.service]
    return request_scope(kind, service, instruments, tuple(edition.ranks), head.members.attributes, head.money_decimals)


def _compiled(condition: Any, scope: Scope) -> Test:
    # what loads has no problem to tell
    return always if condition is None else compile_condition(condition, scope, (), lambda _way, _message: None)


def _cases(kind: RequestKind, edition: Edition, values: Mapping[str, list[Any]]) -> Iterator[Case]:
    attributes = [f"member.{name}" for name in edition.head.members.attributes]
    for chosen in product(*values.values()):
        one = dict(zip(values, chosen, strict=True))
        if one["to_class"] in kind.classes[one["from_class"]]:
            fields = tuple(one.get(name) for name in (*kind.fields, *BESIDE))
            yield fields, one.get("tier", 0), tuple(one.get(name) for name in attributes)


def _values(kind: RequestKind, scope: Scope, given: Iterable[Any]) -> dict[str, list[Any]]:
    """For each thing that conditions ask: every value that they can tell apart."""
    named: dict[str, set[Any]] = {name: set() for name in BESIDE}
    for condition in given:
        for name, literal in _literals(condition, scope):
            named.setdefault(name, set()).update(() if literal is None else (literal,))
    found = {name: _told_apart(scope[name], literals) for name, literals in named.items()}
    wanted = dict.fromkeys(name for asked in kind.classes.values() for name in asked)
    instruments = dict.fromkeys(use.instrument for use in kind.instruments)
    return {**found, "from_class": list(kind.classes), "to_class": list(wanted), "instrument": [None, *instruments]}


def _literals(condition: Any, scope: Scope) -> Iterator[tuple[str, Any]]:
    """The subjects of a condition with the values that it compares them with, as a case holds them."""
    for key, value in condition.items() if condition else ():
        if key in ("all", "any"):
            for inner in value:
                yield from _literals(inner, scope)
        elif key == "not":
            yield from _literals(value, scope)
        else:
            yield key, None
            yield from ((key, scope[key].literal(one)) for one in _compared(value))


def _compared(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for word, wanted in value.items():
            if word != "present":
                yield from wanted if isinstance(wanted, list) else [wanted]
    else:
        yield from value if isinstance(value, list) else [value]


def _told_apart(subject: Subject, literals: set[Any]) -> list[Any]:
    missing = [None] if subject.optional else []
    if subject.type == "tier":
        return list(range(len(subject.one_of or ())))
    if subject.type == "flag":
        return [True, False, *missing]
    if subject.type == "text":
        return [*(subject.one_of if subject.one_of is not None else [*sorted(literals), OTHER]), *missing]
    if subject.type == "day":
        days = {date.fromisoformat(one) + timedelta(days=n) for one in literals for n in (-1, 0, 1)}
        return [*sorted(one.isoformat() for one in days), *missing]
    return [*sorted({one + n for one in literals for n in (-1, 0, 1)}), *missing]
