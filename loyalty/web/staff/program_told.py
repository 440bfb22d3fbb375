"""What a trial came to, in words: counts, the matrix as a table and a drawing, what is given, what benefits change and cost."""

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from loyalty.i18n import Language, _
from loyalty.insight.backtest import Trial, Tried
from loyalty.insight.gains import Cost, Gain, costs, gains
from loyalty.program.benefit_words import telling
from loyalty.program.load import Edition, Program
from loyalty.status.words import tier_name
from loyalty.web.drawing_moves import Tier, moves_drawn
from loyalty.web.portal.telling import unit_name
from loyalty.web.site import Site
from loyalty.web.staff.effect import benefits_named

#: One thing on both sides: its name, how many now, how many under the draft.
Sides = list[tuple[str, int, int]]


def result_told(site: Site, result: Tried, about: Trial | None) -> dict[str, Any]:
    """All that a trial came to but who moves; what benefits change only where the draft can still be loaded."""
    program = about.then if about else site.program
    held = {tier for pair in result.matrix for tier in pair}
    tiers = [tier for tier in reversed(program.tiers) if tier in held]
    language = site.language
    return {
        "members": result.members, "kinds": result.kinds, "judged": result.judged, "unjudged": result.unjudged,
        "again": about is not None and about.judged is not None, "failures": result.failures,
        "tiers": [tier_name(program, tier, language.code) for tier in tiers],
        "matrix": _matrix(program, result, tiers, language), "drawing": _drawing(program, result, tiers, language),
        "milestones": _sides(result.milestones, _milestones(program, language)),
        "gifts": _sides(result.gifts, _gifts(program, language)), **_benefits(site, result, about),
    }  # fmt: skip


def _matrix(program: Program, result: Tried, tiers: Sequence[str], language: Language) -> list[tuple[str, list[int]]]:
    return [(tier_name(program, now, language.code), [result.matrix[now, then] for then in tiers]) for now in tiers]


def _drawing(program: Program, result: Tried, tiers: Sequence[str], language: Language) -> Any:
    brand = program.file.brand
    names = {tier: tier_name(program, tier, language.code) for tier in tiers}

    def count(side: int, tier: str) -> str:
        return language.number(sum(members for pair, members in result.matrix.items() if pair[side] == tier))

    drawn = [Tier(tier, names[tier], brand.cards.get(tier, brand).colour, count(0, tier), count(1, tier)) for tier in tiers]
    told = {
        pair: language.say(_("{now} to {then}: {members}"), now=names[pair[0]], then=names[pair[1]],
                           members=language.number(members))
        for pair, members in result.matrix.items()
    }  # fmt: skip
    words = (language.say(_("Moves between tiers")), language.say(_("Left: the tier now. Right: the tier under the draft.")))
    return moves_drawn(drawn, result.matrix, words, told)


def _sides(sides: tuple[Counter[str], Counter[str]], names: Mapping[str, str]) -> Sides:
    found = sorted({*sides[0], *sides[1]})
    return [(names.get(name, name.replace("_", " ")), sides[0][name], sides[1][name]) for name in found]


def _milestones(program: Program, language: Language) -> dict[str, str]:
    return {one.id: language.own(one.name) for edition in program.editions for one in edition.ladder.milestones}


def _gifts(program: Program, language: Language) -> dict[str, str]:
    """What milestones give: instruments, and units of points."""
    names = {unit: unit_name(program, unit, language) for edition in program.editions for unit in edition.units.units}
    for edition in program.editions:
        names |= benefits_named(edition, language)
    return names


def _benefits(site: Site, result: Tried, about: Trial | None) -> dict[str, Any]:
    """What benefits change: how many members gain and lose, for whom what, and what it comes to for all of them together."""
    edition = about.then.edition_on(about.on) if about else None
    if about is None or edition is None:
        return {"gains": None, "gain": 0, "lose": 0, "costs": []}
    found = gains(about, result.matrix)
    words = telling(edition.chart, edition.head, site.language.code)
    told = [(_of(site, about, one), one.members, [words.addition(change) for change in one.changes]) for one in found]
    return {
        "gains": told, "gain": sum(one.members for one in found if one.gained),
        "lose": sum(one.members for one in found if one.lost),
        "costs": [_cost(site, edition, one) for one in costs(found)],
    }  # fmt: skip


def _of(site: Site, about: Trial, gain: Gain) -> str:
    code = site.language.code
    now, then = tier_name(about.now, gain.now, code), tier_name(about.then, gain.then, code)
    if gain.now == gain.then:
        return site.language.say(_("stay {tier}"), tier=then)
    return site.language.say(_("from {now} to {then}"), now=now, then=then)


def _cost(site: Site, edition: Edition, one: Cost) -> tuple[str, int, str]:
    """A benefit, the members whom it touches, and what it comes to: pieces, or money."""
    language = site.language
    name = language.own(one.benefit.name)
    if one.what is not None:
        what = benefits_named(edition, language).get(one.what, one.what)
        name = language.say(_("{name} ({parameter})"), name=name, parameter=what)
    return name, one.members, _signed(language, one.amount, edition.head.money if one.benefit.kind == "money" else "")


def _signed(language: Language, amount: Decimal, money: str) -> str:
    told = language.money(abs(amount), money) if money else language.number(abs(amount))
    return f"{'+' if amount > 0 else '−'}{told}"
