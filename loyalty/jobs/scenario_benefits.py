"""What a scenario says of benefits: what the member has of each, by the tiers of the day of use and of booking."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from loyalty.program.benefit_words import typed
from loyalty.program.catalog import Benefit
from loyalty.program.cells import Value, read_value
from loyalty.program.chart import Chart
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed, nearest
from loyalty.program.scenarios import ScenarioFailed
from loyalty.status.queries import tier_on


def benefits_found(program: Program, spans: Sequence[Row[Any]], day: date, expected: Mapping[str, Any]) -> dict[str, Any]:
    """What is found of the benefits that a line of `then` names, `booked` and all, as its files spell it; `none` of nothing.

    Raises ScenarioFailed where the edition of the day has no such benefit or parameter value.
    """
    edition = program.edition_on(day)
    booked = date.fromisoformat(expected["booked"]) if "booked" in expected else None
    tiers = tier_on(spans, day), tier_on(spans, booked) if booked else None
    asked = expected.get("benefits", {})
    found = (
        {name: _found(edition, name, wanted, tiers) for name, wanted in asked.items()}
        if edition
        else dict.fromkeys(asked, "none")
    )
    return {"benefits": found, **({"booked": expected["booked"]} if booked else {})}


def _found(edition: Edition, name: str, wanted: Any, tiers: tuple[str | None, str | None]) -> Any:
    chart = edition.chart
    if name not in chart.benefits:
        hint = nearest(name, chart.benefits)
        raise ScenarioFailed(f"then: benefits: {name} is unknown; allowed: {listed(chart.benefits)}.{hint}")
    benefit = chart.benefits[name]
    if benefit.by is None:
        return _said(benefit, _had(chart, benefit, tiers, None), wanted)
    known, asked = chart.parameters(benefit), wanted if isinstance(wanted, dict) else {}
    if not asked or not set(asked) <= set(known):
        raise ScenarioFailed(
            f"then: benefits: {name}: found {listed(asked)}; allowed: a block by {benefit.by}, {listed(known)}"
        )
    return {value: _said(benefit, _had(chart, benefit, tiers, value), one) for value, one in asked.items()}


def _had(chart: Chart, benefit: Benefit, tiers: tuple[str | None, str | None], parameter: str | None) -> Value | None:
    used, booked = tiers
    if used is None:
        return None  # who is no member has nothing, not even what every member has
    had = chart.has(benefit.id, chart.held(benefit.id, used, booked), parameter)
    return None if had is None else had.value


def _said(benefit: Benefit, value: Value | None, wanted: Any) -> Any:
    """The value as the scenario spells it where it is the same ("37.50", a set in another order), else as files do."""
    if value is None:
        return "none"
    try:
        same = read_value(benefit, wanted) == value
    except ValueError:
        same = False
    return texts(wanted if same else typed(benefit, value))


def texts(value: Any) -> Any:
    """Numbers and flags as the text that files have, also within blocks and lists; what a line of `then` is compared as."""
    if isinstance(value, dict):
        return {key: texts(inner) for key, inner in value.items()}
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value
