"""Why, in words: the reason of a span of tier, told from its evidence. English; pages translate from the same evidence."""

from collections.abc import Mapping
from typing import Any

from loyalty.ledger.operations import shown
from loyalty.program.load import Program
from loyalty.status.tables import StatusFact

_GIVEN = {"matched": "matched to another program's status by {author}: {reason}", "gifted": "a gift, {author}: {reason}",
          "bought": "bought, {author}: {reason}", "shared": "shared by a companion, {author}: {reason}",
          "trial": "on trial, {author}: {reason}",
          "granted": "granted by {author}: {reason}", "invited": "by invitation of the program, {author}: {reason}",
          "waived": "with a waiver by {author}, approved by {approver}: {reason}"}  # fmt: skip


#: Reasons without figures.
_BARE = {"landed": "one tier down at the end of a higher one", "grace": "in grace after the end of its validity",
         "floor": "the tier that one who rose so high never falls below"}  # fmt: skip


def reason(program: Program, source: str, evidence: Mapping[str, Any], facts: Mapping[int, StatusFact]) -> str:
    """One sentence: what gave the tier, with the figures, the window, and the edition of the rules."""
    if source == "base":
        return "the tier of every member"
    if source in _BARE:
        return _BARE[source]
    if source in _GIVEN:
        fact = facts.get(evidence.get("fact", -1))
        told = {"author": fact.author, "reason": fact.reason, "approver": fact.approver} if fact else {}
        return _GIVEN[source].format(**told) if fact else source
    figures = " and ".join(figure(program, name, evidence["totals"][name], need) for name, need in evidence["needs"])
    place = "in all" if source == "lifetime" else window_told(evidence)
    verb = {"earned": "reached", "kept": "kept", "lifetime": "for life", "confirmed": "confirmed"}[source]
    figures = figures or "time in the tier"
    short = "; kept to its end although a reversal took the total below" if evidence.get("short") else ""
    return f"{verb} with {figures} {place} (rules of {evidence['edition']}){short}"


def window_told(evidence: Mapping[str, Any]) -> str:
    """The window of a path in words: a year, or its first and last day."""
    counted = evidence.get("counted")
    return f"from {counted[0]} through {counted[1]}" if counted else f"in {evidence['window']}"


def figure(program: Program, counter: str, have: int, need: int) -> str:
    """One counter against its threshold: `52,300 of 50,000 qualifying miles`."""
    unit = unit_of(program, counter)
    name = unit.name.get("en", next(iter(unit.name.values()))) if unit else counter
    decimals = unit.decimals if unit else 0
    return f"{grouped(have, decimals)} of {grouped(need, decimals)} {name}"


def unit_of(program: Program, name: str) -> Any:
    """The newest definition of a unit."""
    return next((edition.units.units[name] for edition in reversed(program.editions) if name in edition.units.units), None)


def grouped(amount: int, decimals: int) -> str:
    """An amount with its thousands set apart: 12345.5 -> 12,345.5."""
    whole, point, rest = shown(amount, decimals).partition(".")
    return f"{int(whole):,}{point}{rest}" if whole not in ("-0",) else f"-0{point}{rest}"


def tier_name(program: Program, tier: str, language: str = "en") -> str:
    """A tier's name in a language, from the newest edition that has it."""
    for edition in reversed(program.editions):
        for known in edition.ladder.tiers:
            if known.id == tier:
                return known.name.get(language, next(iter(known.name.values())))
    return tier
