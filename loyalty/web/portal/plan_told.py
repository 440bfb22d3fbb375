"""What a plan brings, as plain values: before and after side by side, and what each activity earns, step by step."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from loyalty.earning.planning import amount_told
from loyalty.earning.projection import Judged
from loyalty.earning.queries import step_told
from loyalty.earning.rules import explain
from loyalty.i18n import Language
from loyalty.program.load import Program
from loyalty.status.words import tier_name
from loyalty.web.portal.telling import amounts_of, is_points, unit_name, ways_of


def plan_told(program: Program, without: Mapping[str, Any], told: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """The last day of a plan without it and with it, and today."""
    before, after = without["after"], told["after"]
    return {
        "today": _side(program, told["before"], language),
        "before": _side(program, before, language), "after": _side(program, after, language),
        "rises": _rank(program, after) > _rank(program, before),
        "amounts": list(_amounts(program, before, after, language)),
        "trips": [_trip(program, one, language) for one in told["judged"]],
        "given": [_given(program, one, language) for one in told["given"] if one not in without["given"]],
        "groups": ways_of(program, after["ways"], ("keep", "confirm", "reach"), language),
    }  # fmt: skip


def _rank(program: Program, status: Mapping[str, Any]) -> int:
    return program.tiers.index(status["tier"]) if status["tier"] else -1


def _side(program: Program, status: Mapping[str, Any], language: Language) -> dict[str, Any]:
    standing = status["standing"]
    if standing is None:
        return {"day": status["as_of"], "tier": None, "name": "", "since": None, "through": None, "reason": ""}
    name = tier_name(program, standing["tier"], language.code)
    return {"day": status["as_of"], "tier": standing["tier"], "name": name, "since": standing["from"],
            "through": standing["valid_through"], "reason": standing["reason"]}  # fmt: skip


def _amounts(
    program: Program, before: Mapping[str, Any], after: Mapping[str, Any], language: Language
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Points first, then counters of the window: before, after, and the difference."""
    points = {name for side in (before, after) for name in side["balances"] if is_points(program, name)}
    sides = [{**{name: side["balances"].get(name, "0") for name in points}, **side["counters"]} for side in (before, after)]
    first, second = (dict(amounts_of(program, side, language)) for side in sides)
    for name in second:
        yield {"name": name, "before": first.get(name, Decimal(0)), "after": second[name],
               "change": second[name] - first.get(name, Decimal(0))}  # fmt: skip


def _trip(program: Program, judged: Judged, language: Language) -> dict[str, Any]:
    about = judged.edition.activities.activities[judged.kind.name]
    lines = [_line(program, judged, one, language) for one in judged.lines]
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line["unit"]] = sums.get(line["unit"], Decimal(0)) + line["amount"]
    return {"name": language.own(about.name), "on": judged.planned.on, "lines": lines, "sums": sums}


def _line(program: Program, judged: Judged, earned: Any, language: Language) -> dict[str, Any]:
    line = next(one for one in judged.edition.earning.lines if one.id == earned.line.id)
    said = explain(judged.edition, judged.kind, line.id, judged.case, earned.used or 0)
    steps = [{"words": step_told(one, language), "value": one.value.normalize()} for one in said]
    return {"name": language.own(line.name), "unit": unit_name(program, line.unit, language), "steps": steps,
            "amount": Decimal(amount_told(program, line.unit, earned.amount))}  # fmt: skip


def _given(program: Program, one: Mapping[str, Any], language: Language) -> dict[str, Any]:
    instruments = {each.id: each.name for edition in program.editions for each in edition.benefits.instruments}
    what = language.own(instruments[one["unit"]]) if one["unit"] in instruments else unit_name(program, one["unit"], language)
    return {"what": what, "amount": Decimal(one["amount"]), "on": one["on"]}
