"""Figures of earn lines: a number, or one looked up by table, band, tier or member, compiled to an exact fraction."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import lcm
from typing import Any

from loyalty.program.conditions import Tell
from loyalty.program.models import Lookup, Table
from loyalty.program.problems import listed, nearest, shown
from loyalty.program.reader import Way
from loyalty.program.scope import Case, Scope, Subject
from loyalty.program.values import exact

Pick = Callable[[Case], Any]


@dataclass(frozen=True)
class Figure:
    """A compiled figure: numerator of a case over a fixed denominator; `constant` where it does not depend, else `by` is what
    it is looked up by."""

    over: int
    pick: Callable[[Case], int]
    values: tuple[Decimal, ...]
    constant: int | None = None
    by: tuple[Subject, ...] = ()

    def value(self, case: Case) -> Decimal:
        return Decimal(self.pick(case)) / self.over


def compile_figure(given: Any, scope: Scope, tables: Mapping[str, Table], way: Way, tell: Tell) -> Figure:
    """The figure of a step. Problems (an unknown name, a row that will be missing) are told with their path."""
    if not isinstance(given, Lookup):
        return _over([given], lambda numbers: lambda _case: numbers[given], given)
    if given.table is not None:
        return _table(given, scope, tables, way, tell)
    if given.band is not None:
        return _band(given, scope, way, tell)
    subject, values = _keyed(given, scope, way, tell)
    if subject is None:
        return _nothing()
    rows: Way = (*way, "tier" if given.tier is not None else "values")
    by_value = {_literal(subject, key, (*rows, key), tell): value for key, value in values.items()}
    _complete(subject, by_value, given.otherwise, rows, tell)
    by_key = {(key,): value for key, value in by_value.items()}
    return replace(_mapped(lambda case: (subject.get(case),), by_key, given.otherwise), by=(subject,))


def _keyed(given: Lookup, scope: Scope, way: Way, tell: Tell) -> tuple[Subject | None, Mapping[str, Decimal]]:
    if given.tier is not None:
        return scope["tier"], given.tier
    return _subject(f"member.{given.member}", scope, (*way, "member"), tell), given.values or {}


def _subject(name: str, scope: Scope, way: Way, tell: Tell) -> Subject | None:
    if name not in scope:
        tell(way, f"the field {name} is unknown; allowed: {listed(scope)}.{nearest(name, scope)}")
    return scope.get(name)


def _literal(subject: Subject, key: Any, way: Way, tell: Tell) -> Any:
    try:
        return subject.literal(key == "true" if subject.type == "flag" and key in ("true", "false") else key)
    except ValueError as error:
        tell(way, f"found {shown(key)} for {subject.name}; {error}.{nearest(key, subject.one_of or ())}")
        return key


def _complete(subject: Subject, rows: Mapping[Any, Any], otherwise: Any, way: Way, tell: Tell) -> None:
    """A row for every value that can be asked for, or `otherwise`."""
    if otherwise is not None:
        return
    names = ("true", "false") if subject.type == "flag" else subject.one_of
    if names is None or subject.optional:
        why = "may be anything" if names is None else "may be left out"
        tell(way, f"{subject.name} {why}, so the row it asks for may be missing: add otherwise")
        return
    missing = [name for name in names if _literal(subject, name, way, tell) not in rows]
    if missing:
        tell(way, f"no row for {subject.name} {listed(missing)}: add it, or otherwise")


def _table(given: Lookup, scope: Scope, tables: Mapping[str, Table], way: Way, tell: Tell) -> Figure:
    table = tables.get(given.table or "")
    if table is None:
        tell(way, f"the table {given.table} is unknown; allowed: {listed(tables)}.{nearest(given.table, tables)}")
        return _nothing()
    subjects = [_subject(name, scope, way, tell) for name in table.by]
    if None in subjects:
        return _nothing()
    known = [subject for subject in subjects if subject is not None]
    otherwise = table.otherwise if given.otherwise is None else given.otherwise
    rows: dict[tuple[Any, ...], Decimal] = {}
    here: Way = ("tables", given.table or "", "rows")
    _collect(table.rows, known, (), rows, otherwise, here, tell)
    mapped = _mapped(lambda case: tuple([subject.get(case) for subject in known]), rows, otherwise)
    return replace(mapped, by=tuple(known))


def _collect(
    block: Any,
    subjects: list[Subject],
    key: tuple[Any, ...],
    rows: dict[Any, Any],
    otherwise: Any,
    way: Way,
    tell: Tell,
) -> None:
    if not subjects:
        try:
            rows[key] = exact(block)
        except ValueError as error:
            tell(way, f"found {shown(block)}; {error}")
        return
    if not isinstance(block, dict):
        tell(way, f"found {shown(block)}; allowed: a block of rows by {subjects[0].name}")
        return
    values = {name: _literal(subjects[0], name, (*way, name), tell) for name in block}
    _complete(subjects[0], dict.fromkeys(values.values()), otherwise, way, tell)
    for name, inner in block.items():
        _collect(inner, subjects[1:], (*key, values[name]), rows, otherwise, (*way, name), tell)


def _band(given: Lookup, scope: Scope, way: Way, tell: Tell) -> Figure:
    subject = _subject(given.band or "", scope, (*way, "band"), tell)
    rows = given.rows or ()
    if subject is None or not subject.numeric:
        if subject is not None:
            tell((*way, "band"), f"{subject.name} is no number; allowed: a number field")
        return _nothing()
    if not rows or any(row.below is None for row in rows[:-1]) or rows[-1].below is not None:
        tell((*way, "rows"), "allowed: rows with below, then one last row without it")
        return _nothing()
    limits = [_literal(subject, row.below, (*way, "rows", n, "below"), tell) for n, row in enumerate(rows[:-1])]
    if limits != sorted(set(limits)):
        tell((*way, "rows"), "the limits of the band must rise from row to row")
    values = [row.value for row in rows]
    band = _over(values, lambda numbers: _by_band(subject, limits, [numbers[value] for value in values]))
    return replace(band, by=(subject,))


def _by_band(subject: Subject, limits: list[int], numbers: list[int]) -> Pick:
    return lambda case: numbers[bisect_right(limits, subject.get(case) or 0)]


def _mapped(key: Pick, rows: Mapping[Any, Decimal], otherwise: Decimal | None) -> Figure:
    default = Decimal(0) if otherwise is None else otherwise

    def build(numbers: Mapping[Decimal, int]) -> Pick:
        by_key, missing = {k: numbers[value] for k, value in rows.items()}, numbers[default]
        return lambda case: by_key.get(key(case), missing)

    return _over([*rows.values(), default], build)


def _over(values: list[Decimal], build: Callable[[Mapping[Decimal, int]], Pick], constant: Any = None) -> Figure:
    """A figure over the common denominator of all values it can take."""
    over = lcm(*(value.as_integer_ratio()[1] for value in values))
    numbers = {value: int(value * over) for value in values}
    return Figure(over, build(numbers), tuple(values), None if constant is None else numbers[constant])


def _nothing() -> Figure:
    return _over([Decimal(0)], lambda _numbers: lambda _case: 0)
