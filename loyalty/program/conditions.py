"""Conditions: structured rows, compiled once to plain functions.

    carrier: SK                         equal
    booking_class: [Y, B]               one of
    distance: {at_least: 500, below: 1000}
    departed: {present: true}           given at all
    tier: {at_least: gold}              by the order of the ladder
    all: [...]  any: [...]  not: {...}  joined; the keys of one block are all required

A comparison with a missing value is false; `not` turns it round.
"""

import operator
from collections.abc import Callable
from typing import Any

from loyalty.program.problems import listed, nearest, shown
from loyalty.program.reader import Way
from loyalty.program.scope import Case, Scope, Subject

Test = Callable[[Case], bool]
Tell = Callable[[Way, str], None]

ORDERED = {"at_least": operator.ge, "above": operator.gt, "at_most": operator.le, "below": operator.lt}
WORDS = (*ORDERED, "one_of", "present")


def always(_case: Case) -> bool:
    """No condition."""
    return True


def compile_condition(condition: Any, scope: Scope, way: Way, tell: Tell) -> Test:
    """The function of a condition. Every problem is told with its path; a block with problems becomes `always`."""
    if not isinstance(condition, dict) or not condition:
        tell(way, f"found {shown(condition)}; allowed: a block of field: value, all, any, not")
        return always
    tests = [_row(key, value, scope, (*way, key), tell) for key, value in condition.items()]
    return tests[0] if len(tests) == 1 else _all(tests)


def _row(key: str, value: Any, scope: Scope, way: Way, tell: Tell) -> Test:
    if key in ("all", "any"):
        if not isinstance(value, list) or not value:
            tell(way, f"found {shown(value)}; allowed: a list of conditions")
            return always
        tests = [compile_condition(item, scope, (*way, n), tell) for n, item in enumerate(value)]
        return _all(tests) if key == "all" else _any(tests)
    if key == "not":
        inner = compile_condition(value, scope, way, tell)
        return lambda case: not inner(case)
    subject = scope.get(key)
    if subject is None:
        tell(way, f"the field {key} is unknown; allowed: {listed([*scope, 'all', 'any', 'not'])}.{nearest(key, scope)}")
        return always
    return _test(subject, value, way, tell)


def _test(subject: Subject, value: Any, way: Way, tell: Tell) -> Test:
    if isinstance(value, dict):
        unknown = [word for word in value if word not in WORDS]
        for word in unknown:
            tell((*way, word), f"{word} is no comparison; allowed: {listed(WORDS)}.{nearest(word, WORDS)}")
        if not value:
            tell(way, f"found an empty block; allowed: a comparison of {listed(WORDS)}")
        known = [(word, wanted) for word, wanted in value.items() if word in WORDS]
        return _all([_compare(subject, word, wanted, (*way, word), tell) for word, wanted in known])
    return _compare(subject, "one_of", value if isinstance(value, list) else [value], way, tell)


def _compare(subject: Subject, word: str, wanted: Any, way: Way, tell: Tell) -> Test:
    get = subject.get
    if word == "present":
        if not isinstance(wanted, bool):
            tell(way, f"found {shown(wanted)}; allowed: true or false")
        return (lambda case: get(case) is not None) if wanted else (lambda case: get(case) is None)
    if word == "one_of":
        values = frozenset(_literals(subject, wanted, way, tell))
        return lambda case: get(case) in values
    if not (subject.numeric or subject.type in ("tier", "day")):
        tell(way, f"{subject.name} has no order, so {word} cannot be asked of it; allowed: a value or a list")
        return always
    limits = _literals(subject, [wanted], way, tell)
    return _ordered(get, ORDERED[word], limits[0]) if limits else always


def _ordered(get: Callable[[Case], Any], compare: Callable[[Any, Any], bool], limit: Any) -> Test:
    def test(case: Case) -> bool:
        value = get(case)
        return value is not None and compare(value, limit)

    return test


def _literals(subject: Subject, wanted: Any, way: Way, tell: Tell) -> list[Any]:
    values: list[Any] = []
    if not isinstance(wanted, list) or not wanted:
        tell(way, f"found {shown(wanted)}; allowed: a list of values")
        return values
    for item in wanted:
        try:
            values.append(subject.literal(item))
        except ValueError as error:
            tell(way, f"found {shown(item)} for {subject.name}; {error}.{nearest(item, subject.one_of or ())}")
    return values


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:  # the common case, without a generator
        first, second = tests
        return lambda case: first(case) and second(case)
    return lambda case: all(test(case) for test in tests)


def _any(tests: list[Test]) -> Test:
    return lambda case: any(test(case) for test in tests)
