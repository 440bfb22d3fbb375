"""A member's status told as data: standing, what comes next, ways up and ways to keep, each with its reason and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyalty.ledger.operations import shown
from loyalty.program.load import Program
from loyalty.status.booked import Booked, choice_of, is_open, milestone_of
from loyalty.status.claims import History, Span
from loyalty.status.evidence import evidence, read_evidence
from loyalty.status.ladder import rules_of
from loyalty.status.progress import Position, Trial, position
from loyalty.status.queries import Account
from loyalty.status.tables import StatusFact
from loyalty.status.ways import Further, Measure, Way
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
    awards: Sequence[Booked] = (),
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
        "offers": [_trial(program, trial, facts) for trial in where.trials],
        "awards": [_award(program, row, day) for row in awards if row.awarded_on <= day],
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
    measures = _measures(program, way.measures)
    guards = [{"words": guard.words, "met": guard.met} for guard in way.guards]
    told = {"purpose": way.purpose, "tier": way.tier, "met": way.met, "measures": measures, "guards": guards}
    return {**told, "first": way.first, "by": way.by}


def _measures(program: Program, measures: Sequence[Measure]) -> list[dict[str, str]]:
    return [
        {"counter": one.counter, "have": _amount(program, one.counter, one.have),
         "need": _amount(program, one.counter, one.need), "missing": _amount(program, one.counter, one.missing)}
        for one in measures
    ]  # fmt: skip


def _further(program: Program, one: Further) -> dict[str, Any]:
    amount = None if one.amount is None else _amount(program, one.counter, one.amount)
    told = {"purpose": one.purpose, "tier": one.tier, "counter": one.counter, "amount": amount}
    return {**told, "first": one.first, "by": one.by}


def _trial(program: Program, trial: Trial, facts: Mapping[int, StatusFact]) -> dict[str, Any]:
    """A tier on trial and how far its goal is met."""
    return {
        "offer": trial.offer, "tier": trial.tier, "name": tier_name(program, trial.tier),
        "from": date.fromordinal(trial.begins), "through": date.fromordinal(trial.until - 1),
        "goal": _measures(program, trial.measures), "reason": facts[trial.fact].reason if trial.fact in facts else "",
    }  # fmt: skip


def _award(program: Program, row: Booked, day: date) -> dict[str, Any]:
    """Something given beside tiers, as known on a day."""
    name = milestone_of(program, row.edition, row.name).name if row.kind == "milestone" else {}
    gifts = [gift for gift in row.gifts if gift["on"] <= day.isoformat()]
    over = row.withdrawn_on if row.withdrawn_on is not None and row.withdrawn_on <= day else None
    return {
        "kind": row.kind, "award": row.name, "name": name.get("en", next(iter(name.values()), row.name)),
        "times": row.times, "window_from": row.window_on, "on": row.awarded_on, "taken_back_on": over,
        "gifts": [_gift(program, gift) for gift in gifts], "choice": _choice(program, row, day),
    }  # fmt: skip


def _gift(program: Program, gift: Mapping[str, Any]) -> dict[str, Any]:
    if "unit" in gift:
        return {"unit": gift["unit"], "amount": _amount(program, gift["unit"], gift["amount"]), "on": gift["on"]}
    return {**gift, "amount": str(gift["amount"])}


def _choice(program: Program, row: Booked, day: date) -> dict[str, Any] | None:
    if row.choose_by is None:
        return None
    choice = choice_of(program, row)
    chosen = [one["option"] for one in row.chosen if one["on"] <= day.isoformat()]
    options = {
        name: [{"what": gift.unit or gift.instrument, "amount": str(gift.amount)} for gift in gifts]
        for name, gifts in choice.options.items()
    }
    return {"open": is_open(program, row, day), "choose_by": row.choose_by, "pick": choice.pick, "chosen": chosen,
            "options": options, "default": choice.default}  # fmt: skip


def _amount(program: Program, unit: str, amount: int) -> str:
    return shown(amount, getattr(unit_of(program, unit), "decimals", 0))
