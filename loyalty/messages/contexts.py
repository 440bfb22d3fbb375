"""What templates are given about a member and a fact: plain values in the member's language, as in docs/messages.md. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from loyalty.benefits.entitlements import Rights
from loyalty.i18n import Language
from loyalty.messages.facts import Fact, Person, Posted, next_way, percent_of, since_of, through_of
from loyalty.messages.rights import left_of, reason_of
from loyalty.program.additions import gained, lost
from loyalty.program.gifts import Gift
from loyalty.program.load import Edition, Program
from loyalty.status.booked import Booked, choice_of, edition_of, milestone_of
from loyalty.status.evidence import evidence, read_evidence
from loyalty.status.ladder import rules_of
from loyalty.status.tables import StatusFact
from loyalty.status.ways import Measure, Way
from loyalty.status.words import reason, unit_of


@dataclass(frozen=True)
class Around:
    """What a member's contexts are told from beside the facts: the program and its edition, the day, the language, the zone
    of the member, sums of points, what staff stated about status, and what is left of entitlements."""

    program: Program
    edition: Edition
    today: date
    language: Language
    zone: str
    sums: Mapping[str, int]
    stated: Mapping[int, StatusFact]
    left: Sequence[dict[str, Any]] = ()

    def tier(self, name: str | None) -> dict[str, Any] | None:
        """A tier by the name that the newest edition which has it gives it; none for none."""
        if name is None:
            return None
        editions = [self.edition, *reversed(self.program.editions)]
        texts = next(tier.name for edition in editions for tier in edition.ladder.tiers if tier.id == name)
        return {"tier": name, "name": self.language.own(texts)}

    def unit(self, name: str) -> str:
        """A unit's name."""
        unit = unit_of(self.program, name)
        return self.language.own(unit.name) if unit else name

    def exact(self, name: str, amount: int) -> Decimal:
        """An amount of a unit's smallest step, in the unit."""
        return Decimal(amount).scaleb(-getattr(unit_of(self.program, name), "decimals", 0))

    def thing(self, name: str) -> str:
        """The name of an instrument or a benefit with a quota, as the newest edition that has it calls it."""
        named = (one for edition in reversed(self.program.editions) for one in _named(edition) if one.id == name)
        texts = next((one.name for one in named), None)
        return name.replace("_", " ") if texts is None else self.language.own(texts)


def _named(edition: Edition) -> Iterable[Any]:
    return (*edition.benefits.instruments, *edition.benefits.benefits)


def left_told(mine: Rights, around: Around) -> list[dict[str, Any]]:
    """What may still be used, as a statement tells it."""
    return [{"name": around.thing(what), "amount": left, "through": through} for what, left, through in left_of(mine)]


def context_of(person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    """Everything that the templates of a fact are given, but for the links and the brand, which are the sender's."""
    return {
        "program": {"name": around.language.own(around.program.file.name), "url": around.program.file.brand.url},
        "member": {"number": person.account.number, "name": person.name, "zone": around.zone},
        "standing": standing(person, around),
        "next": next_tier(person, around),
        "points": points(around),
        "today": around.today,
        "fact": ABOUT[fact.source](person, fact, around),
    }


def standing(person: Person, around: Around) -> dict[str, Any] | None:
    """The tier held, since when and through when without a break, and why; none outside membership."""
    where = person.position
    if where is None or where.span is None:
        return None
    rules, span, day = rules_of(around.program), where.span, around.today.toordinal()
    kept = read_evidence(evidence(rules, span.hold))
    return {
        **(around.tier(rules.tiers[span.rank]) or {}), "since": since_of(where.spans, span.rank, day),
        "through": through_of(where.spans, span.rank, day),
        "reason": reason(around.program, span.hold.source, kept, around.stated, around.language),
    }  # fmt: skip


def next_tier(person: Person, around: Around) -> dict[str, Any] | None:
    """The next tier that activity reaches: how far, by when, and what it adds; none at the top."""
    found = next_way(person.position)
    if found is None or person.position is None or person.position.span is None:
        return None
    tier, percent, by = found
    held = rules_of(around.program).tiers[person.position.span.rank]
    ways = [way for way in person.position.ways if (way.purpose, way.tier) == ("reach", tier) and way.allowed]
    return {
        **(around.tier(tier) or {}), "by": by, "paths": paths(ways, around), "percent": percent,
        "adds": additions(around, held, tier),
    }  # fmt: skip


def additions(around: Around, lower: str, higher: str) -> list[dict[str, Any]]:
    """What a tier gives that another does not, or better, or otherwise."""
    return [one._asdict() for one in _gained(around.edition, lower, higher, around.language)]


def losses(around: Around, held: str, after: str) -> list[dict[str, Any]]:
    """What is lost, or less, with another tier."""
    return [one._asdict() for one in _lost(around.edition, held, after, around.language)]


#: Told once for each pair of tiers and language: it is the same for every member.
_gained, _lost = cache(gained), cache(lost)


def paths(ways: Iterable[Way], around: Around) -> list[list[dict[str, Any]]]:
    """Ways of which any is enough, each as the counters that it asks for; those that ask for time alone are left out."""
    return [[_measure(one, around) for one in way.measures] for way in ways if way.measures]


def _measure(one: Measure, around: Around) -> dict[str, Any]:
    figures = {name: around.exact(one.counter, getattr(one, name)) for name in ("have", "need", "missing")}
    return {"counter": one.counter, "name": around.unit(one.counter), **figures, "percent": percent_of(one.have, one.need)}


def points(around: Around) -> list[dict[str, Any]]:
    """The balance of each spendable unit of the edition, in its order."""
    units = [name for name, unit in around.edition.units.units.items() if unit.kind == "points"]
    return [{"unit": name, "name": around.unit(name), "amount": around.exact(name, around.sums.get(name, 0))} for name in units]


# --- by source ----------------------------------------------------------------------------------------------------


def _nothing(_person: Person, _fact: Fact, _around: Around) -> dict[str, Any]:
    return {}


def _activity(_person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    return {"entries": [entry(one, around) for one in fact.about]}


def entry(one: Posted, around: Around) -> dict[str, Any]:
    """One activity with what it came to; its details are the texts told of it, in the order of the edition."""
    language = around.language
    kind = edition_of(around.program, one.edition.isoformat()).activities.activities[one.kind]
    texts = [
        language.own(field.names[value]) if (value := one.fields.get(name)) in field.names else value
        for name, field in kind.fields.items()
        if field.type == "text"
    ]
    amounts = [{"name": around.unit(unit), "amount": around.exact(unit, amount)} for unit, amount in one.amounts.items()]
    return {
        "on": one.on, "name": around.language.own(kind.name), "details": " · ".join(str(text) for text in texts if text),
        "amounts": amounts,
    }  # fmt: skip


def _status_change(person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    row = fact.about
    change: dict[str, Any] = {"adds": [], "loses": []}
    if row.old is not None and row.new is not None and row.old != row.new:
        change = {"adds": additions(around, row.old, row.new), "loses": losses(around, row.old, row.new)}
    return {
        "old": around.tier(row.old), "new": around.tier(row.new), "on": row.effective_on, "through": _through(person, row),
        "reason": _reason(row, around), **change,
    }  # fmt: skip


def _through(person: Person, row: Any) -> date | None:
    """The last day of a change's tier, as known now where it still holds, else as it was known then."""
    where = person.position
    if where is not None and where.span is not None and row.new is not None:
        begins = row.effective_on.toordinal()
        held = next((span for span in where.spans if span.begins <= begins < span.until), None)
        if held is not None:
            return through_of(where.spans, held.rank, begins)
    return None if row.until is None else row.until - timedelta(days=1)


def _reason(row: Any, around: Around) -> str:
    if row.kind == "left":
        return ""
    return reason(around.program, row.source, read_evidence(row.evidence), around.stated, around.language)


def _award(_person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    row = fact.about
    if not isinstance(row, Booked):
        return {"name": _choice_name(row, around), "gifts": [], "choice": _choice(row, around)}
    gifts = [_gift(gift, around) for gift in row.gifts]
    return {"name": _award_name(row, around), "gifts": gifts, "choice": _picked(row, around) if row.choose_by else None}


def _award_name(row: Booked, around: Around) -> str:
    if row.kind == "milestone":
        return around.language.own(milestone_of(around.program, row.edition, row.name).name)
    return ", ".join(around.unit(gift["unit"]) for gift in row.gifts)  # a deposit has no name of its own


def _gift(gift: Mapping[str, Any], around: Around) -> dict[str, Any]:
    if "unit" in gift:
        return {"name": around.unit(gift["unit"]), "amount": around.exact(gift["unit"], gift["amount"]), "through": None}
    through = date.fromisoformat(gift["through"]) if gift.get("through") else None
    return {"name": around.thing(gift["instrument"]), "amount": gift["amount"], "through": through}


def _picked(row: Booked, around: Around) -> dict[str, Any]:
    """What there is to pick for a milestone; its options have no name but what they give."""
    choice = choice_of(around.program, row)
    options = [{"name": said, "gives": said} for said in (gives(gifts, around) for gifts in choice.options.values())]
    return {"by": row.choose_by, "pick": choice.pick - len(row.chosen), "options": options}


def gives(gifts: Sequence[Gift], around: Around) -> str:
    """What an option gives, in words: `25,000 miles`; nothing in words where it gives nothing."""
    said = [
        f"{around.language.number(gift.amount)} {around.unit(gift.unit) if gift.unit else around.thing(gift.instrument or '')}"
        for gift in gifts
    ]
    return around.language.listed(said) if said else "–"


def _choice_name(row: Any, around: Around) -> str:
    return around.language.own(row.about.name) if not isinstance(row.about, Booked) else _award_name(row.about, around)


def _choice(row: Any, around: Around) -> dict[str, Any]:
    """What there is to pick for a tier."""
    own = around.language.own
    options = [{"name": own(one.name), "gives": gives(one.gives, around)} for one in row.about.options.values()]
    return {"by": row.by, "pick": row.about.pick, "options": options}


def _choosing(_person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    row = fact.about
    days = (row.by - around.today).days
    if isinstance(row.about, Booked):
        default = choice_of(around.program, row.about).default
        gifts = choice_of(around.program, row.about).options[default] if default else ()
        told = gives(gifts, around) if default else None
        return {"name": _award_name(row.about, around), "days": days, **_picked(row.about, around), "default": told}
    default = row.about.options.get(row.about.default or "")
    told = around.language.own(default.name) if default else None
    return {"name": _choice_name(row, around), "days": days, **_choice(row, around), "default": told}


def _near(_person: Person, fact: Fact, _around: Around) -> dict[str, Any]:
    return {"percent": fact.values[1]}


def _ending(person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    where = person.position
    assert where is not None and where.span is not None and where.next is not None
    tiers = rules_of(around.program).tiers
    held, after = tiers[where.span.rank], tiers[where.next.rank]
    ways = [way for way in where.ways if way.purpose == "keep" and way.allowed]
    days = [way.by for way in ways if way.by is not None]
    return {
        "days": (fact.about - around.today).days, "through": fact.about, "paths": paths(ways, around),
        "by": max(days, default=None), "falls_to": around.tier(after),
        "loses": losses(around, held, after),
    }  # fmt: skip


def _period(_person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    begins, through, mine = fact.about
    where = _person.position
    counters = where.totals if where is not None else {}
    return {
        "begins": begins, "through": through, "entries": [entry(one, around) for one in mine],
        "counters": [{"name": around.unit(name), "amount": around.exact(name, total)} for name, total in counters.items()],
        "left": list(around.left),
    }  # fmt: skip


def _years(_person: Person, fact: Fact, _around: Around) -> dict[str, Any]:
    return {"years": fact.about}


def _survey(_person: Person, fact: Fact, _around: Around) -> dict[str, Any]:
    return {"question": fact.about.fields.get("question", ""), "link": fact.about.fields.get("link", "")}


def _security(_person: Person, fact: Fact, _around: Around) -> dict[str, Any]:
    return {"what": fact.about.fields.get("what", ""), "at": fact.about.at, "from": fact.about.fields.get("from", "")}


def _request(_person: Person, fact: Fact, around: Around) -> dict[str, Any]:
    row = fact.about
    asking = edition_of(around.program, row.edition.isoformat()).requests
    kind = next(one for one in asking.requests if one.id == row.kind)
    service = asking.services[row.service]
    classes = {name: around.language.own(text) for name, text in service.classes.items()}
    return {
        "name": around.language.own(kind.name),
        "service": {"name": around.language.own(service.name), "key": row.key, "starts": row.starts_at, "zone": row.zone},
        "from": classes.get(row.from_class, row.from_class), "to": classes.get(row.to_class, row.to_class),
        "state": row.state, "reason": reason_of(row, around.language), "opens": row.opens_at,
    }  # fmt: skip


#: What the context of a fact is told by, by source.
ABOUT: Mapping[str, Callable[[Person, Fact, Around], dict[str, Any]]] = {
    "joined": _nothing, "activity": _activity, "status_change": _status_change, "award": _award, "request": _request,
    "near": _near, "ending": _ending, "choosing": _choosing, "period": _period, "birthday": _years, "anniversary": _years,
    "survey": _survey, "security": _security,
}  # fmt: skip
