"""A chart as data for pages and JSON: by category, each benefit's values by tier, typed and in words."""

from typing import Any

from loyalty.program.benefit_words import Telling, typed
from loyalty.program.catalog import Benefit
from loyalty.program.chart import Addition


def chart_told(telling: Telling) -> dict[str, Any]:
    """The whole chart: totals, categories with their benefits, which tiers are like others, what each adds to that below.

    `values` are typed by tier, as their file spells them, those of a tier that is like another among them; a benefit with a
    parameter has a block by its values. `words` has every tier, with what everyone has.
    """
    chart = telling.chart
    return {
        "totals": dict(chart.totals),
        "categories": [
            {
                "id": category.id,
                "name": telling.text(category.name),
                "benefits": [_benefit(telling, benefit) for benefit in chart.file.benefits if benefit.category == category.id],
            }
            for category in chart.file.categories
        ],
        "like": [{"tier": like.tier, "as": like.same, "but": list(like.but)} for like in chart.file.like],
        "adds": {tier: additions_told(telling, tier) for tier in chart.tiers},
    }


def _benefit(telling: Telling, benefit: Benefit) -> dict[str, Any]:
    chart = telling.chart
    values = {tier: told for tier in chart.tiers if (told := _typed(telling, benefit, chart.raw(benefit, tier))) is not None}
    return {
        "id": benefit.id,
        "name": telling.text(benefit.name),
        "sentence": telling.text(benefit.sentence) if benefit.sentence else None,
        "small_print": telling.text(benefit.small_print) if benefit.small_print else None,
        "kind": benefit.kind,
        "by": benefit.by,
        "values": values,
        "standard": _typed(telling, benefit, benefit.standard),
        "words": {tier: telling.cell(benefit, tier) for tier in chart.tiers},
        "notes": list(telling.notes(benefit).values()),
    }


def _typed(telling: Telling, benefit: Benefit, raw: Any) -> Any:
    """A cell, or what everyone has, as JSON; none where there is none."""
    if raw is None or benefit.by is None:
        return None if raw is None else typed(benefit, telling.chart.read(benefit, raw, None))
    return {
        name: typed(benefit, value)
        for name in telling.chart.parameters(benefit)
        if (value := telling.chart.read(benefit, raw, name)) is not None
    }


def below(telling: Telling, tier: str) -> str | None:
    """The tier below one; none below the lowest. Raises ValueError where there is no such tier."""
    n = telling.chart.tiers.index(tier)
    return telling.chart.tiers[n - 1] if n else None


def additions_told(telling: Telling, tier: str) -> list[dict[str, Any]]:
    """What a tier adds to the one below it, or has otherwise; nothing for the lowest."""
    lower = below(telling, tier)
    return [] if lower is None else [addition_told(telling, one) for one in telling.chart.adds(lower, tier)]


def addition_told(telling: Telling, one: Addition) -> dict[str, Any]:
    """One difference of two tiers, typed and in words."""
    return {
        "benefit": one.benefit.id,
        "parameter": one.parameter,
        "how": one.how,
        "before": typed(one.benefit, one.before),
        "after": typed(one.benefit, one.after),
        "text": telling.addition(one),
    }
