"""A member's status told as data: standing, what comes next, ways up and ways to keep, each with its reason and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyalty.i18n import ENGLISH, Language, _
from loyalty.ledger.operations import shown
from loyalty.program.gifts import Gift
from loyalty.program.load import Program
from loyalty.status.booked import Booked, choice_of, is_open, milestone_of
from loyalty.status.claims import History, Span
from loyalty.status.evidence import evidence, read_evidence
from loyalty.status.ladder import rules_of
from loyalty.status.progress import Position, Start, Trial, position
from loyalty.status.queries import Account
from loyalty.status.tables import StatusFact
from loyalty.status.ways import Further, Measure, Way
from loyalty.status.windows import FAR
from loyalty.status.words import guard, reason, thing, tier_named, unit_of


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
    language: Language = ENGLISH,
    start: Start | None = None,
) -> Told:
    """Everything about a member's status on a day, as known then: amounts as decimal text, days as dates, names and reasons in
    a language."""
    where = position(program, history, day, start)
    telling = _Telling(program, facts, language)
    data = {
        "number": account.number,
        "enrolled_on": account.enrolled_on,
        "left_on": account.left_on,
        "as_of": day,
        "tier": rules_of(program).tiers[where.span.rank] if where.span else None,
        "standing": telling.span(where.span) if where.span else None,
        "next": telling.next(where),
        "counters": {name: _amount(program, name, total) for name, total in where.totals.items()},
        "lifetime": {name: _amount(program, name, total) for name, total in where.lifetime.items()},
        "window": where.window,
        "ways": [telling.way(way) for way in where.ways],
        "further": [_further(program, one) for one in where.further],
        "offers": [telling.trial(trial) for trial in where.trials],
        "awards": [telling.award(row, day) for row in awards if row.awarded_on <= day],
        "balances": {unit: _amount(program, unit, total) for unit, total in sorted(sums.items())},
        "timeline": [telling.span(span) for span in where.spans],
    }
    return Told(data, where)


@dataclass(frozen=True)
class _Telling:
    """Tells what has names and reasons: by the program, what was stated about the member, in a language."""

    program: Program
    facts: Mapping[int, StatusFact]
    language: Language

    def tier(self, name: str) -> str:
        return self.language.told(tier_named(self.program, name))

    def span(self, span: Span) -> dict[str, Any]:
        rules = rules_of(self.program)
        tier = rules.tiers[span.rank]
        kept = read_evidence(evidence(rules, span.hold))
        return {
            "tier": tier,
            "name": self.tier(tier),
            "from": date.fromordinal(span.begins),
            "through": None if span.until >= FAR else date.fromordinal(span.until - 1),
            "valid_through": None if span.hold.until >= FAR else date.fromordinal(span.hold.until - 1),
            "source": span.hold.source,
            "reason": reason(self.program, span.hold.source, kept, self.facts, self.language),
            "counters": [name for name, *_need in kept.get("needs", ())],
            "evidence": kept,
        }

    def next(self, where: Position) -> dict[str, Any] | None:
        """What comes after the tier held, if nothing more is known by then: which tier, from which day, and why."""
        if where.span is None or where.next is None:
            return None
        following = self.span(where.next)
        why = following["reason"]
        if where.next.rank < where.span.rank:
            last = self.language.day(date.fromordinal(where.next.begins - 1))
            held = self.tier(rules_of(self.program).tiers[where.span.rank])
            falls = _("{tier} ends on {day} unless it is kept; then {reason}")
            why = self.language.say(falls, tier=held, day=last, reason=why)
        return {**{name: following[name] for name in ("tier", "name", "from", "through", "source")}, "reason": why}

    def way(self, way: Way) -> dict[str, Any]:
        measures = _measures(self.program, way.measures)
        guards = [{"words": guard(self.program, one, self.language), "met": one.met} for one in way.guards]
        told = {"purpose": way.purpose, "tier": way.tier, "met": way.met, "measures": measures, "guards": guards}
        return {**told, "name": self.tier(way.tier), "first": way.first, "by": way.by}

    def trial(self, trial: Trial) -> dict[str, Any]:
        """A tier on trial and how far its goal is met."""
        stated = self.facts.get(trial.fact)
        return {
            "offer": trial.offer, "tier": trial.tier, "name": self.tier(trial.tier),
            "from": date.fromordinal(trial.begins), "through": date.fromordinal(trial.until - 1),
            "goal": _measures(self.program, trial.measures), "reason": stated.reason if stated is not None else "",
        }  # fmt: skip

    def award(self, row: Booked, day: date) -> dict[str, Any]:
        """Something given beside tiers, as known on a day."""
        name = milestone_of(self.program, row.edition, row.name).name if row.kind == "milestone" else None
        gifts = [gift for gift in row.gifts if gift["on"] <= day.isoformat()]
        over = row.withdrawn_on if row.withdrawn_on is not None and row.withdrawn_on <= day else None
        return {
            "kind": row.kind, "award": row.name, "name": row.name if name is None else self.language.own(name),
            "times": row.times, "window_from": row.window_on, "on": row.awarded_on, "taken_back_on": over,
            "gifts": [self.gift(gift) for gift in gifts], "choice": self.choice(row, day),
        }  # fmt: skip

    def gift(self, gift: Mapping[str, Any]) -> dict[str, Any]:
        if "unit" in gift:
            amount = _amount(self.program, gift["unit"], gift["amount"])
            return {"unit": gift["unit"], "name": self.thing(gift["unit"]), "amount": amount, "on": gift["on"]}
        return {**gift, "name": self.thing(gift["instrument"]), "amount": str(gift["amount"])}

    def thing(self, name: str) -> str:
        unit = unit_of(self.program, name)
        return self.language.own(unit.name) if unit else self.language.told(thing(self.program, name))

    def choice(self, row: Booked, day: date) -> dict[str, Any] | None:
        if row.choose_by is None:
            return None
        choice = choice_of(self.program, row)
        chosen = [one["option"] for one in row.chosen if one["on"] <= day.isoformat()]
        options = {option: [self.given(one) for one in gifts] for option, gifts in choice.options.items()}
        return {"open": is_open(self.program, row, day), "choose_by": row.choose_by, "pick": choice.pick, "chosen": chosen,
                "options": options, "default": choice.default}  # fmt: skip

    def given(self, gift: Gift) -> dict[str, str]:
        what = gift.unit or gift.instrument or ""
        return {"what": what, "name": self.thing(what), "amount": str(gift.amount)}


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


def _amount(program: Program, unit: str, amount: int) -> str:
    return shown(amount, getattr(unit_of(program, unit), "decimals", 0))
