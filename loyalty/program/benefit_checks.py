"""Cross-checks of a chart: categories, parameters, and every cell by its kind, so that every value can be looked up."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

from loyalty.program.catalog import Benefit, BenefitsFile, Like, Parameter
from loyalty.program.cells import read_value
from loyalty.program.conditions import Tell
from loyalty.program.ladder import LadderFile
from loyalty.program.names import Names, once, unknown
from loyalty.program.problems import listed, shown
from loyalty.program.reader import Way
from loyalty.program.window_checks import check_validity

#: The parts of benefits.yaml whose entries have an id, and what one of them is called.
NAMED = {"categories": "category", "benefits": "benefit", "instruments": "instrument", "choices": "choice",
         "campaigns": "campaign", "sharing": "sharing"}  # fmt: skip
#: Words of a benefit that go with some kinds alone.
ONLY = {"words": ("text", "set"), "better": ("count", "percent", "money", "duration", "rank"), "quota": ("count",),
        "granted": ("grant",), "expires": ("grant",)}  # fmt: skip


def check_chart(file: BenefitsFile, decimals: int | None, tell: Tell) -> None:
    """What a chart says of itself. `decimals` are those of the program's money, none where they could not be read."""
    for part, what in NAMED.items():
        _ids(part, what, file, tell)
    for name, parameter in file.parameters.items():
        _parameter(parameter, ("parameters", name), tell)
    for n, benefit in enumerate(file.benefits):
        _benefit(benefit, file, ("benefits", n), tell)
        for way, raw in _cells(benefit, ("benefits", n)):
            _cell(benefit, raw, file, decimals, way, tell)
    for n, like in enumerate(file.like):
        _like(like, file, decimals, ("like", n), tell)


def _ids(part: str, what: str, file: BenefitsFile, tell: Tell) -> None:
    once([named.id for named in getattr(file, part)], what, lambda n: (part, n, "id"), tell)


def check_holders(file: BenefitsFile, ladder: LadderFile, names: Names) -> None:
    """The tiers of a chart's cells, and what of them needs the ladder's windows."""
    for n, benefit in enumerate(file.benefits):
        way: Way = ("benefits", n)
        names.by_tier(benefit.cells, (*way, "cells"))
        if benefit.quota is not None and benefit.quota.per == "window":
            check_per_window(ladder, names, (*way, "quota", "per"), benefit.quota.per)
        if benefit.granted == "tier":
            check_per_window(ladder, names, (*way, "granted"), "tier")
        if benefit.expires is not None:
            check_validity(benefit.expires, [ladder.main], (*way, "expires"), names)
        _standard(benefit, names, (*way, "standard"))
    for n, like in enumerate(file.like):
        names.tier(like.tier, ("like", n, "tier"))
        names.tier(like.same, ("like", n, "as"))


def check_per_window(ladder: LadderFile, names: Names, way: Way, found: str) -> None:
    """What comes with each window of the ladder needs windows laid one after another."""
    if ladder.main.personal or ladder.main.overlapping:
        kind = "windows that a change of tier opens" if ladder.main.personal else "overlapping windows"
        names.tell(way, f"found {found} with {kind}; allowed: where windows are laid one after another")


def _standard(benefit: Benefit, names: Names, way: Way) -> None:
    """What is used up is given with a tier, so what everyone has of it is the base tier's."""
    if benefit.standard is not None and (benefit.quota is not None or benefit.kind == "grant"):
        counted = "a quota" if benefit.quota is not None else "a grant"
        names.tell(way, f"found {counted}, which comes with a tier; allowed: a cell for {names.tiers[0]}, which everyone has")


# --- rows -------------------------------------------------------------------------------------------------------


def _parameter(parameter: Parameter, way: Way, tell: Tell) -> None:
    limits = [(name, value.below) for name, value in parameter.values.items()]
    if parameter.of == "word":
        for name, below in limits:
            if below is not None:
                tell((*way, "values", name, "below"), f"found {below}; allowed: below of days_before only")
        return
    for name, below in limits[:-1]:
        if below is None:
            tell((*way, "values", name), f"found no below; allowed: none only for the last value, {limits[-1][0]}")
    if limits[-1][1] is not None:
        tell((*way, "values", limits[-1][0], "below"),
             f"found {limits[-1][1]}; allowed: no below for the last value, which holds for all other days")  # fmt: skip
    for (_lower, before), (name, below) in pairwise(limits[:-1]):
        if before is not None and below is not None and below <= before:
            tell((*way, "values", name, "below"), f"found {below}; allowed: above {before}, for values rise")


def _benefit(benefit: Benefit, file: BenefitsFile, way: Way, tell: Tell) -> None:
    categories = [category.id for category in file.categories]
    if benefit.category not in categories:
        tell((*way, "category"), unknown("category", benefit.category, categories))
    if benefit.by is not None and benefit.by not in file.parameters:
        tell((*way, "by"), unknown("parameter", benefit.by, list(file.parameters)))
    _words_of_kinds(benefit, way, tell)
    if benefit.kind == "text" and not benefit.words:
        tell(way, f"{benefit.id} is text; allowed: one that has words, the least first")
    if benefit.kind == "grant" and benefit.granted is None:
        tell(way, f"{benefit.id} is a grant; allowed: one with granted: tier, milestone")
    if benefit.expires is not None and benefit.granted == "milestone":
        tell((*way, "expires"), "found granted: milestone, whose gifts have an end of their own; allowed: expires with tier")
    if benefit.by is not None and (benefit.quota is not None or benefit.kind == "grant"):
        tell((*way, "by"), f"found {benefit.by}; allowed: no parameter for what is used up")
    if benefit.companions is not None:
        check_count(benefit.companions, file, (*way, "companions"), tell)


def _words_of_kinds(benefit: Benefit, way: Way, tell: Tell) -> None:
    for word, kinds in ONLY.items():
        if getattr(benefit, word) and benefit.kind not in kinds:
            tell((*way, word), f"{benefit.id} is {benefit.kind}; allowed: {word} for {listed(kinds)} only")


def check_count(name: str, file: BenefitsFile, way: Way, tell: Tell) -> None:
    """A benefit that says how many companions: a count without a parameter."""
    check_kind(name, "count", file, way, tell)


def check_kind(name: str, kind: str, file: BenefitsFile, way: Way, tell: Tell, by: bool = False) -> Benefit | None:
    """A benefit of one kind, without a parameter where `by` is not set; none where it is not one."""
    allowed = {benefit.id: benefit for benefit in file.benefits if benefit.kind == kind and (by or benefit.by is None)}
    found = next((benefit for benefit in file.benefits if benefit.id == name), None)
    if found is None:
        tell(way, unknown("benefit", name, list(allowed)))
    elif name not in allowed:
        what = found.kind if found.kind != kind else f"{found.kind} by {found.by}"
        tell(way, f"{name} is {what}; allowed: a {kind}{'' if by else ' without a parameter'}, {listed(allowed)}")
    return allowed.get(name)


# --- cells ------------------------------------------------------------------------------------------------------


def _cells(benefit: Benefit, way: Way) -> list[tuple[Way, Any]]:
    cells: list[tuple[Way, Any]] = [((*way, "cells", tier), raw) for tier, raw in benefit.cells.items()]
    return [((*way, "standard"), benefit.standard), *cells]


def _cell(benefit: Benefit, raw: Any, file: BenefitsFile, decimals: int | None, way: Way, tell: Tell) -> None:
    parameter = file.parameters.get(benefit.by or "")
    if benefit.by is None or raw is None:
        _value(benefit, raw, file, decimals, way, tell)
    elif not isinstance(raw, dict) or not raw:
        values = f", {listed(parameter.values)}" if parameter else ""
        tell(way, f"found {shown(raw)}; allowed: a block with a value for each {benefit.by}{values}")
    elif parameter is not None:
        for name, value in raw.items():
            if name not in parameter.values:
                tell((*way, name), unknown(benefit.by, name, list(parameter.values)))
            _value(benefit, value, file, decimals, (*way, name), tell)


def _value(benefit: Benefit, raw: Any, file: BenefitsFile, decimals: int | None, way: Way, tell: Tell) -> None:
    if raw is None or (benefit.kind == "text" and not benefit.words):
        return  # that a text has no words is told once, of the benefit
    try:
        value = read_value(benefit, raw)
    except ValueError as error:
        tell(way, f"found {shown(raw)} for {benefit.id}; {error}")
        return
    if benefit.kind == "money" and decimals is not None and isinstance(value, Decimal) and value.scaleb(decimals) % 1:
        tell(way, f"found {value}; allowed: at most {decimals} decimals, as the program's money has")
    if isinstance(value, Mapping):
        check_instruments(value, file, way, tell)


def check_instruments(found: Collection[str], file: BenefitsFile, way: Way, tell: Tell) -> None:
    """Instruments that are the keys of a block."""
    declared = [instrument.id for instrument in file.instruments]
    for name in found:
        if name not in declared:
            tell((*way, name), unknown("instrument", name, declared))


def _like(like: Like, file: BenefitsFile, decimals: int | None, way: Way, tell: Tell) -> None:
    alike = [other.tier for other in file.like]
    if like.same in alike:
        why = "itself" if like.same == like.tier else "like another"
        tell((*way, "as"), f"found {like.same}, which is {why}; allowed: a tier with cells of its own")
    if alike.index(like.tier) != way[1]:
        tell((*way, "tier"), f"the tier {like.tier} stands twice")
    for n, benefit in enumerate(file.benefits):
        if like.tier in benefit.cells and alike.index(like.tier) == way[1]:
            tell(("benefits", n, "cells", like.tier),
                 f"{like.tier} is like {like.same}; allowed: its own value under but, in like")  # fmt: skip
    benefits = {benefit.id: benefit for benefit in file.benefits}
    for name, raw in like.but.items():
        if name in benefits:
            _cell(benefits[name], raw, file, decimals, (*way, "but", name), tell)
        else:
            tell((*way, "but", name), unknown("benefit", name, list(benefits)))
