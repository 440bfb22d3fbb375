"""A member's status told as data: standing, what comes next, ways up and ways to keep, each with its reason and figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyalty.ledger.operations import shown
from loyalty.program.load import Program
from loyalty.status.claims import History, Span
from loyalty.status.evidence import evidence, read_evidence
from loyalty.status.ladder import rules_of
from loyalty.status.progress import Position, position
from loyalty.status.queries import Account
from loyalty.status.tables import StatusFact
from loyalty.status.ways import Further, Way
from loyalty.status.windows import FAR
from loyalty.status.words import reason, tier_name, unit_of


@dataclass(frozen=True)
class Told:
    """The data, and the position that they were told from."""

    data: dict[str, Any]
    position: Position


def told_of(
    program: Program,
    account: Account,
    history: History,
    facts: Mapping[int, StatusFact],
    sums: Mapping[str, int],
    day: date,
) -> Told:
    """Everything about a member's status on a day, as known then: amounts as decimal text, days as dates."""
    where = position(program, history, day)
    data = {
        "number": account.number,
        "enrolled_on": account.enrolled_on,
        "left_on": account.left_on,
        "as_of": day,
        "tier": rules_of(program).tiers[where.span.rank] if where.span else None,
        "standing": _span(program, where.span, facts) if where.span else None,
        "next": _next(program, where, facts),
        "counters": {name: _amount(program, name, total) for name, total in where.totals.items()},
        "lifetime": {name: _amount(program, name, total) for name, total in where.lifetime.items()},
        "window": where.window,
        "ways": [_way(program, way) for way in where.ways],
        "further": [_further(program, one) for one in where.further],
        "balances": {unit: _amount(program, unit, total) for unit, total in sorted(sums.items())},
        "timeline": [_span(program, span, facts) for span in where.spans],
    }
    return Told(data, where)


def _span(program: Program, span: Span, facts: Mapping[int, StatusFact]) -> dict[str, Any]:
    rules = rules_of(program)
    tier = rules.tiers[span.rank]
    kept = read_evidence(evidence(rules, span.hold))
    return {
        "tier": tier,
        "name": tier_name(program, tier),
        "from": date.fromordinal(span.begins),
        "through": None if span.until >= FAR else date.fromordinal(span.until - 1),
        "valid_through": None if span.hold.until >= FAR else date.fromordinal(span.hold.until - 1),
        "source": span.hold.source,
        "reason": reason(program, span.hold.source, kept, facts),
        "counters": [name for name, _ in kept.get("needs", ())],
        "evidence": kept,
    }


def _next(program: Program, where: Position, facts: Mapping[int, StatusFact]) -> dict[str, Any] | None:
    """What comes after the tier held, if nothing more is known by then: which tier, from which day, and why."""
    if where.span is None or where.next is None:
        return None
    following = _span(program, where.next, facts)
    last = date.fromordinal(where.next.begins - 1)
    held = tier_name(program, rules_of(program).tiers[where.span.rank])
    falls = where.next.rank < where.span.rank
    why = f"{held} ends on {last} unless it is kept; then {following['reason']}" if falls else following["reason"]
    return {**{name: following[name] for name in ("tier", "name", "from", "through", "source")}, "reason": why}


def _way(program: Program, way: Way) -> dict[str, Any]:
    measures = [
        {"counter": one.counter, "have": _amount(program, one.counter, one.have),
         "need": _amount(program, one.counter, one.need), "missing": _amount(program, one.counter, one.missing)}
        for one in way.measures
    ]  # fmt: skip
    guards = [{"words": guard.words, "met": guard.met} for guard in way.guards]
    told = {"purpose": way.purpose, "tier": way.tier, "met": way.met, "measures": measures, "guards": guards}
    return {**told, "first": way.first, "by": way.by}


def _further(program: Program, one: Further) -> dict[str, Any]:
    amount = None if one.amount is None else _amount(program, one.counter, one.amount)
    told = {"purpose": one.purpose, "tier": one.tier, "counter": one.counter, "amount": amount}
    return {**told, "first": one.first, "by": one.by}


def _amount(program: Program, unit: str, amount: int) -> str:
    return shown(amount, getattr(unit_of(program, unit), "decimals", 0))
