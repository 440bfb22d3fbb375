"""Earn lines in words: how an amount is worked out, and the figures by tier, attribute, band and table."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loyalty.i18n import ENGLISH, _
from loyalty.program.labels import Label, field_labels
from loyalty.program.models import EarnLine, Lookup, Step, Table
from loyalty.program.words import Words, condition, title

if TYPE_CHECKING:
    from loyalty.program.load import Edition

OTHERS = "all others"
#: The steps whose figure is so many of a hundred.
SHARES = ("percent", "bonus")
#: A step with a figure.
FIGURES = {
    "amount": _("{figure}"),
    "minimum": _("at least {figure}"),
    "maximum": _("at most {figure}"),
    "rate": _("times {figure}"),
    "percent": _("{figure} of it"),
    "bonus": _("plus {figure}"),
}
ROUNDED = {
    "half_up": _("rounded half up"),
    "half_even": _("rounded half even"),
    "down": _("rounded down"),
    "up": _("rounded up"),
}
CAPS = {
    "calendar_year": _("at most {amount} per calendar year"),
    "calendar_month": _("at most {amount} per calendar month"),
    "lifetime": _("at most {amount} per lifetime"),
}


def lines(edition: "Edition", words: Words) -> Iterator[str]:
    """Every earn line of an edition, a line each."""
    for line in edition.earning.lines:
        yield line_told(edition, line, words)


def line_told(edition: "Edition", line: EarnLine, words: Words) -> str:
    """What an earn line gives for what, how it is worked out, and for which activity alone."""
    kind, language = edition.activities.activities[line.activity], words.language
    tiers = {tier.id: words.tier(tier.id) for tier in words.ladder.tiers}
    labels = {**words.labels, **field_labels(kind.fields, language), "tier": Label(words.say(_("tier")), tiers)}
    gives = words.say(_("{unit} for {activity}"), unit=words.unit(line.unit), activity=language.own(kind.name))
    tables = {
        name: language.joined([replace(words, labels=labels).label(one) for one in table.by])
        for name, table in edition.earning.tables.items()
    }
    worked = steps(line.steps, replace(words, labels=labels, tables=tables))
    text = words.say(_("{name}: {gives}: {steps}"), name=title(language.own(line.name)), gives=gives, steps=worked)
    parts = [words.say(_("from {day}"), day=language.day(line.first))] if line.first else []
    parts += [words.say(_("through {day}"), day=language.day(line.through))] if line.through else []
    when = condition(line.when, language, labels) if line.when else ""
    parts += [words.say(_("only for {condition}"), condition=when)] if when else []
    return language.sentences([text, language.clauses(parts)])


def steps(given: tuple[Step, ...], words: Words) -> str:
    """The steps of a line: `distance, at least 500, times 2`."""
    return words.language.clauses([step(one, words) for one in given])


def step(given: Step, words: Words) -> str:
    """One step with its figure."""
    figure = getattr(given, given.verb)
    if given.verb == "field":
        return words.label(str(figure))
    if given.cap is not None:
        return words.say(CAPS[given.cap.per], amount=words.language.number(given.cap.amount))
    if given.round is not None:
        return words.say(ROUNDED[given.round])
    return words.say(FIGURES[given.verb], figure=_shares(figure, words) if given.verb in SHARES else said(figure, words))


def _shares(figure: Decimal | Lookup, words: Words) -> str:
    if isinstance(figure, Lookup) and words.language is ENGLISH:
        return f"{said(figure, words)} %"
    return said(figure, words, words.language.share)


def said(figure: Decimal | Lookup, words: Words, tell: Callable[[Decimal], str] | None = None) -> str:
    """A figure: a number, or what it depends on with every row; `tell` writes a number in another way."""
    tell = tell or words.language.number
    if not isinstance(figure, Lookup):
        return tell(figure)
    if figure.table is not None:
        return words.say(_("(by {table})"), table=words.tables.get(figure.table, figure.table.replace("_", " ")))
    told = [words.say(_("{row} {value}"), row=name, value=tell(value)) for _key, name, value in rows(figure, words)]
    return words.say(_("({conditions})"), conditions=words.language.enumerated(told))


def rows(figure: Lookup, words: Words) -> Iterator[tuple[str, str, Decimal]]:
    """The figure for each tier, value of an attribute, or band: its key, its name, the figure."""
    name = f"member.{figure.member}" if figure.member else figure.band or ""
    field = words.label(name)
    for tier, value in (figure.tier or {}).items():
        yield tier, words.tier(tier), value
    for one, value in (figure.values or {}).items():
        called = words.labels[name].values.get(one, one) if name in words.labels else one
        yield one, words.say(_("{field} {value}"), field=field, value=called), value
    for n, row in enumerate(figure.rows or ()):
        yield f"row {n}" if row.below is None else str(row.below), _band(field, row.below, words), row.value
    if figure.otherwise is not None:
        yield OTHERS, words.say(_("all others")), figure.otherwise


def _band(field: str, below: Decimal | None, words: Words) -> str:
    if below is None:
        return words.say(_("more {field}"), field=field)
    return words.say(_("{field} below {value}"), field=field, value=words.language.number(below))


def table_rows(table: Table, words: Words) -> dict[str, Decimal]:
    """The figure for each way through a table."""
    found = {", ".join(names): value for names, value in _rows(table.rows, table.by, words)}
    return found if table.otherwise is None else found | {words.say(_("all others")): table.otherwise}


def _rows(block: Mapping[str, Any], by: tuple[str, ...], words: Words) -> Iterator[tuple[tuple[str, ...], Decimal]]:
    for name, inner in block.items():
        here = words.tier(name) if by[:1] == ("tier",) else name
        if isinstance(inner, Mapping):
            yield from (((here, *rest), value) for rest, value in _rows(inner, by[1:], words))
        else:
            yield (here,), Decimal(str(inner))
