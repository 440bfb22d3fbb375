"""What tiers give, printed: the chart as tables by category, or what one tier adds to the one below it and has."""

import textwrap
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import click

from loyalty.cli.output import emit, table
from loyalty.program import promise_words, request_words
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.catalog import Benefit, Category
from loyalty.program.chart_told import additions_told, below, chart_told
from loyalty.program.load import Edition, Program
from loyalty.program.problems import listed, nearest
from loyalty.program.words import Words, english

#: Letters in a line of a cell, and of the name of a benefit.
CELL, NAME = 26, 36


def show_chart(loaded: Program, edition: Edition, as_json: bool) -> None:
    """Print what all tiers of an edition give."""
    told = telling(edition.chart, edition.head)
    if as_json:
        emit({"program": loaded.id, "edition": edition.name, **chart_told(told)})
        return
    words = Words(edition.ladder, edition.units)
    click.echo(f"{english(loaded.file.name)}, edition from {edition.name}: {promise_words.totals(told, words)}")
    for category in edition.benefits.categories:
        _category(told, words, category)
    lines = [*promise_words.alike(told, words), *promise_words.lines(told, words)]
    lines += request_words.lines(edition.requests, told, words)
    click.echo("".join(f"\n{line}" for line in lines), nl=bool(lines))


def show_tier(loaded: Program, edition: Edition, tier: str, as_json: bool) -> None:
    """Print what one tier adds to the one below it, and all that it has. Raises UsageError where there is no such tier."""
    told, words = telling(edition.chart, edition.head), Words(edition.ladder, edition.units)
    if tier not in edition.ranks:
        raise click.UsageError(
            f"There is no tier {tier} in edition {edition.name} of {loaded.id}; allowed: {listed(edition.ranks)}."
            f"{nearest(tier, edition.ranks)}"
        )
    lower, adds = below(told, tier), additions_told(told, tier)
    has = {benefit.id: told.cell(benefit, tier) for benefit in _had(told, tier)}
    if as_json:
        head = {"program": loaded.id, "edition": edition.name, "tier": tier, "name": words.tier(tier), "below": lower}
        emit({**head, "adds": adds, "has": has})
        return
    if lower is not None:
        click.echo(f"{words.tier(tier)} adds to {words.tier(lower)}:")
        click.echo("\n".join(f"  {one['text']}" for one in adds) or "  nothing")
    click.echo(f"{words.tier(tier)} has:")
    lines = [f"  {told.text(edition.chart.benefits[name].name)}: {text}" for name, text in has.items()]
    click.echo("\n".join(lines) or "  nothing")


def _had(told: Telling, tier: str) -> list[Benefit]:
    chart = told.chart
    return [
        benefit
        for benefit in chart.file.benefits
        if any(chart.given(benefit.id, tier, parameter) is not None for parameter in chart.parameters(benefit))
    ]


def _category(told: Telling, words: Words, category: Category) -> None:
    rows = [row for benefit in told.chart.file.benefits if benefit.category == category.id for row in _rows(told, benefit)]
    if rows:
        click.echo("")
        table((told.text(category.name), *(words.tier(tier) for tier in told.chart.tiers)), rows)


def _rows(told: Telling, benefit: Benefit) -> Iterator[tuple[str, ...]]:
    """A benefit's lines of the table: one, or one for each value of its parameter; long texts go on in further lines."""
    chart, name = told.chart, told.text(benefit.name)
    if benefit.by is not None:
        yield from _wrapped([name, *("" for _tier in chart.tiers)])
    for parameter in chart.parameters(benefit):
        values = [told.value(benefit, chart.given(benefit.id, tier, parameter)) for tier in chart.tiers]
        yield from _wrapped([name if parameter is None else f"  {told.parameter(benefit, parameter)}", *values])


def _wrapped(row: list[Any]) -> Iterator[tuple[str, ...]]:
    name, *cells = row
    # what goes on of a name is set in, so that it is no row of its own
    lines = textwrap.wrap(name, NAME, subsequent_indent="    ", drop_whitespace=True) or [""]
    if name.startswith(" "):
        lines[0] = f"  {lines[0].strip()}"
    yield from zip_longest(lines, *(textwrap.wrap(cell, CELL) for cell in cells), fillvalue="")
