"""What one tier gives and another does not, in words of a language. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from loyalty.i18n import Language, _
from loyalty.program.catalog import Benefit
from loyalty.program.cells import Ahead
from loyalty.program.chart import Addition
from loyalty.program.load import Edition, Program


def additions(program: Program, edition: Edition, lower: str, higher: str, language: Language) -> list[dict[str, Any]]:
    """What a tier gives that another does not, or better, or otherwise, in the order of the chart."""
    return [dict(row) for row in _told(program, edition, lower, higher, language) if row["how"] != "less"]


def losses(program: Program, edition: Edition, held: str, after: str, language: Language) -> list[dict[str, Any]]:
    """What is lost, or less, with another tier."""
    return [dict(row) for row in _told(program, edition, held, after, language) if row["how"] == "less"]


@cache
def _told(program: Program, edition: Edition, lower: str, higher: str, language: Language) -> tuple[Mapping[str, Any], ...]:
    """The difference of two tiers: as many as there are pairs of tiers and languages, and the same for every member."""
    known = edition.ranks.keys()
    found = edition.chart.adds(lower, higher) if {lower, higher} <= known else []
    return tuple([_row(program, edition, one, language) for one in found])


def _row(program: Program, edition: Edition, one: Addition, language: Language) -> dict[str, Any]:
    name = language.own(one.benefit.name)
    if one.parameter is not None and one.benefit.by is not None:
        about = edition.benefits.parameters[one.benefit.by].values[one.parameter]
        name = language.say(_("{name} ({parameter})"), name=name, parameter=language.own(about.name))
    before, after = (_said(program, edition, one.benefit, value, language) for value in (one.before, one.after))
    return {"name": name, "how": one.how, "before": before, "after": after}


def _said(program: Program, edition: Edition, benefit: Benefit, value: Any, language: Language) -> str:
    """A value in words; nothing for having it or not, which its being told says already."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, Ahead):
        return ahead(value, language)
    if isinstance(value, frozenset | str):
        named = [word for word in benefit.words if word in ({value} if isinstance(value, str) else value)]
        return language.listed(language.own(benefit.words[word]) for word in named) if named else str(value)
    if isinstance(value, Mapping):
        names = {one.id: language.own(one.name) for one in edition.benefits.instruments}
        return language.listed(f"{language.number(count)} × {names.get(what, what)}" for what, count in value.items())
    return _number(program, benefit, value, language)


def _number(program: Program, benefit: Benefit, value: int | Decimal, language: Language) -> str:
    if benefit.kind == "percent":
        return language.percent(value)
    return language.money(value, program.file.money) if benefit.kind == "money" else language.number(value)


def ahead(value: Ahead, language: Language) -> str:
    """A time before a service in words."""
    if value.hours is not None:
        return language.say(_("{hours} hours before"), hours=language.number(value.hours))
    if value.days is None:
        return language.say(_("at any time"))
    return language.say(_("{days} days before"), days=value.days) if value.days else language.say(_("on the day itself"))
