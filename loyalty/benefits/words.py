"""Why a member is entitled to something, in words with the figures. English; pages translate from the same figures."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from loyalty.benefits.periods import Period, choice_in
from loyalty.benefits.rights import Entitlement, last_day
from loyalty.program.load import Edition, Program
from loyalty.program.words import english
from loyalty.status.booked import edition_of, milestone_of
from loyalty.status.words import tier_name


def reason(program: Program, one: Entitlement) -> str:
    """One sentence: what gave it, with the figures and the edition of the rules, and what was done to it since."""
    kind = one.why["of"] if one.kind == "returned" else one.kind
    told = _REASONS[kind](program, one)
    if one.kind == "returned":
        told = f"came back on {_day(one.why['returned'])}; first {told}"
    for change, begins, until, author, why in one.why.get("changes", ()):
        end = f"extended through {last_day(until)}" if change == "extension" else f"revoked on {_day(begins)}"
        told += f"; {end} by {author}: {why}"
    if one.taken_back is not None and one.kind == "milestone" and not one.why.get("changes"):
        told += f"; taken back on {_day(one.taken_back)} by a reversal"
    return told


def _quota(program: Program, one: Entitlement) -> str:
    if one.kind == "returned":
        return f"quota {_period(one)} (rules of {one.why['edition']})"
    steps = [f"{step.amount} for {tier_name(program, step.tier or '')} since {_day(step.on)}" for step in one.steps]
    return f"quota {_period(one)}: {', '.join(steps)} (rules of {one.why['edition']})"


def _tier(program: Program, one: Entitlement) -> str:
    tier = one.steps[0].tier
    told = f"given with {tier_name(program, tier)} on {_day(one.begins)}" if tier is not None else "given with a tier"
    less = f", {one.why['amount']} less the {one.why['before']} of a lower tier" if one.why["before"] else ""
    return f"{told}, {_period(one)}{less} (rules of {one.why['edition']})"


def _milestone(program: Program, one: Entitlement) -> str:
    why = one.why
    name = english(milestone_of(program, why["edition"], why["award"]).name)
    times = f", time {why['times']}" if why["times"] > 1 else ""
    window = f"in the window from {_day(why['window_on'])}"
    return f"milestone {name}{times}, met on {_day(why['awarded_on'])} {window} (rules of {why['edition']})"


def _choice(program: Program, one: Entitlement) -> str:
    why = one.why
    choice = choice_in(edition_of(program, why["edition"]), why["choice"])
    name = english(choice.name) if choice is not None else why["choice"]
    option = english(choice.options[why["option"]].name) if choice is not None else why["option"]
    how = "by default" if why["picked"] is None else f"picked on {_day(why['picked'])}"
    return f"{option}, {how}, of the choice {name} {_period(one)} (rules of {why['edition']})"


def _campaign(program: Program, one: Entitlement) -> str:
    why = one.why
    name = next(english(known.name) for known in _edition(program, why).benefits.campaigns if known.id == why["campaign"])
    return f"campaign {name}, as {tier_name(program, why['tier'])} (rules of {why['edition']})"


def _staff(_program: Program, one: Entitlement) -> str:
    approver = f", approved by {one.why['approver']}" if one.why["approver"] else ""
    return f"granted on {_day(one.why['on'])} by {one.why['author']}{approver}: {one.why['reason']}"


_REASONS: Mapping[str, Callable[[Program, Entitlement], str]] = {
    "quota": _quota, "tier": _tier, "milestone": _milestone, "choice": _choice, "campaign": _campaign, "staff": _staff,
}  # fmt: skip


def _edition(program: Program, why: Mapping[str, Any]) -> Edition:
    return edition_of(program, why["edition"])


def _period(one: Entitlement) -> str:
    return f"for {period_told(Period(one.why['first'], one.why['last'], 12))}"


def period_told(period: Period) -> str:
    """A period in words: a year, or its first and last day."""
    first, last = _day(period.first), _day(period.last)
    whole = (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year
    return str(first.year) if whole else f"{first} through {last}"


def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
