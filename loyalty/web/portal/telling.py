"""What pages on status say, as plain values for their templates: cards, ways with their measures, amounts by name. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Any

import segno
from markupsafe import Markup

from loyalty.i18n import Language
from loyalty.program.load import Program
from loyalty.status.words import tier_name, unit_of


def unit_name(program: Program, unit: str, language: Language) -> str:
    """A unit's name in a language, by the newest edition that has it."""
    about = unit_of(program, unit)
    return unit if about is None else language.own(about.name)


def card_of(program: Program, number: str, name: str, status: Mapping[str, Any], language: Language) -> dict[str, Any] | None:
    """The membership card of a member who holds a tier; none of one who holds none."""
    standing = status["standing"]
    if standing is None:
        return None
    return {
        "tier": standing["tier"], "tier_name": tier_name(program, standing["tier"], language.code), "number": number,
        "name": name, "through": standing["valid_through"], "since": status["enrolled_on"], "qr": qr_of(number),
    }  # fmt: skip


@lru_cache(maxsize=1000)
def qr_of(number: str) -> Markup:
    """A member number as a QR code, dark on what is below it."""
    code = segno.make(number, error="m", micro=False, boost_error=False)
    svg = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None, dark="#000")
    return Markup(svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1))  # noqa: S704 drawn from figures


# --- ways -------------------------------------------------------------------------------------------------------


def ways_of(
    program: Program, ways: Sequence[Mapping[str, Any]], purposes: Iterable[str], language: Language
) -> list[dict[str, Any]]:  # fmt: skip
    """What serves each of some purposes, tier by tier: all paths at once, each with its measures, its guards and its days."""

    def about(way: Mapping[str, Any]) -> tuple[str, str]:
        return way["purpose"], way["tier"]

    return [
        _group(program, purpose, tier, list(mine), language)
        for wanted in purposes
        for (purpose, tier), mine in groupby((way for way in ways if way["purpose"] == wanted), about)
    ]


def _group(
    program: Program, purpose: str, tier: str, ways: Sequence[Mapping[str, Any]], language: Language
) -> dict[str, Any]:  # fmt: skip
    days = {(way["first"], way["by"]) for way in ways}
    first, by = days.pop() if len(days) == 1 else (None, None)
    told = [_way(program, way, not (first or by), language) for way in ways]
    met = any(way["met"] for way in told)
    name = tier_name(program, tier, language.code)
    return {"purpose": purpose, "tier": tier, "name": name, "first": first, "by": by, "met": met, "ways": told}


def _way(program: Program, way: Mapping[str, Any], with_days: bool, language: Language) -> dict[str, Any]:
    """A path; its own days are told with it only where those of the group differ."""
    days = {"first": way["first"], "by": way["by"]} if with_days else {"first": None, "by": None}
    return {**days, "met": way["met"], "guards": way["guards"],
            "measures": list(measures_of(program, way["measures"], language))}  # fmt: skip


def measures_of(program: Program, measures: Iterable[Mapping[str, str]], language: Language) -> Iterator[dict[str, Any]]:
    """Counters against their thresholds, exact, and the percent of each bar."""
    for one in measures:
        have, need, missing = (Decimal(one[name]) for name in ("have", "need", "missing"))
        percent = max(0, min(100, int(have * 100 / need))) if need else 100
        yield {"name": unit_name(program, one["counter"], language), "have": have, "need": need, "missing": missing,
               "percent": percent}  # fmt: skip


def amounts_of(program: Program, amounts: Mapping[str, str], language: Language) -> list[tuple[str, Decimal]]:
    """Amounts by the names of their units, in the program's order of units."""
    order = list(dict.fromkeys(name for edition in reversed(program.editions) for name in edition.units.units))
    known = [name for name in order if name in amounts]
    return [(unit_name(program, name, language), Decimal(amounts[name])) for name in known]


def is_points(program: Program, unit: str) -> bool:
    """Whether a unit is spent."""
    about = unit_of(program, unit)
    return about is not None and about.kind == "points"


def soon(day: date | None, today: date, days: int = 60) -> bool:
    """Whether a day comes within so many days."""
    return day is not None and (day - today).days <= days
