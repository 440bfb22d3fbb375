"""Earn lines in words: how an amount is worked out, and the figures by tier, attribute, band and table."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from loyalty.program.models import Lookup, Step, Table
from loyalty.program.words import Words, number

OTHERS = "all others"


def steps(given: tuple[Step, ...], words: Words) -> str:
    """The steps of a line: `distance, at least 500, times 2`."""
    return ", ".join(step(one, words) for one in given)


def step(given: Step, words: Words) -> str:
    """One step with its figure."""
    figure = getattr(given, given.verb)
    if given.verb == "field":
        return str(figure).replace("_", " ")
    if given.cap is not None:
        return f"at most {number(given.cap.amount)} per {given.cap.per.replace('_', ' ')}"
    if given.verb == "round":
        return f"rounded {str(figure).replace('_', ' ')}"
    told = said(figure, words)
    return {
        "amount": told,
        "minimum": f"at least {told}",
        "maximum": f"at most {told}",
        "rate": f"times {told}",
        "percent": f"{told} % of it",
        "bonus": f"plus {told} %",
    }[given.verb]


def said(figure: Decimal | Lookup, words: Words) -> str:
    """A figure: a number, or what it depends on with every row."""
    if not isinstance(figure, Lookup):
        return number(figure)
    if figure.table is not None:
        return f"(by {figure.table.replace('_', ' ')})"
    return f"({', '.join(f'{name} {number(value)}' for _key, name, value in rows(figure, words))})"


def rows(figure: Lookup, words: Words) -> Iterator[tuple[str, str, Decimal]]:
    """The figure for each tier, value of an attribute, or band: its key, its name, the figure."""
    field = (figure.member or figure.band or "").replace("_", " ")
    for tier, value in (figure.tier or {}).items():
        yield tier, words.tier(tier), value
    for name, value in (figure.values or {}).items():
        yield name, f"{field} {name}", value
    for n, row in enumerate(figure.rows or ()):
        yield f"row {n}" if row.below is None else str(row.below), _band(field, row.below), row.value
    if figure.otherwise is not None:
        yield OTHERS, OTHERS, figure.otherwise


def _band(field: str, below: Decimal | None) -> str:
    return f"more {field}" if below is None else f"{field} below {number(below)}"


def table_rows(table: Table, words: Words) -> dict[str, Decimal]:
    """The figure for each way through a table."""
    found = {", ".join(names): value for names, value in _rows(table.rows, table.by, words)}
    return found if table.otherwise is None else found | {OTHERS: table.otherwise}


def _rows(block: Mapping[str, Any], by: tuple[str, ...], words: Words) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    for name, inner in block.items():
        here = words.tier(name) if by[:1] == ("tier",) else name
        if isinstance(inner, Mapping):
            yield from (((here, *rest), value) for rest, value in _rows(inner, by[1:], words))
        else:
            yield (here,), Decimal(str(inner))
