"""Contexts for previews and tests: an invented member of any tier of a real program, and a fact of every source. Pure.

Tiers, thresholds, what a tier adds and loses, units and instruments are the program's; the member and the amounts are made up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from loyalty.i18n import Language, _
from loyalty.members.rules import made_number
from loyalty.program.additions import Told, gained, lost
from loyalty.program.asking import RequestKind
from loyalty.program.gifts import Gift
from loyalty.program.ladder import guarded
from loyalty.program.load import Edition, Program
from loyalty.status.words import reason

#: How far the invented member is: percent of the first and the second counter of a path, and of each after them.
SHARES = (72, 100, 40)
SITE = "https://example.com"
#: Parts of a context.
Known = Mapping[str, Any]
#: Of the first unit, the second, and any other.
_AMOUNTS = (1_250, 1_175, 1)
#: Of the first counters.
_COUNTED = (11_250, 9, 7)


@dataclass(frozen=True)
class Sample:
    """What an example is made from: an edition of a program, the tier held, the language, the day."""

    program: Program
    edition: Edition
    tier: str
    language: Language
    today: date
    known: Known = field(default_factory=dict)

    @property
    def lower(self) -> str:
        """The tier below the one held, or the lowest itself."""
        return self.edition.chart.tiers[max(self.edition.ranks[self.tier] - 1, 0)]

    @property
    def higher(self) -> str | None:
        """The next tier that activity reaches; none at the top."""
        above = self.edition.ladder.tiers[self.edition.ranks[self.tier] + 1 :]
        return next((tier.id for tier in above if tier.reach), None)

    @property
    def through(self) -> date:
        """The last day of the tier held."""
        standing = self.known.get("standing") or {}
        return standing.get("through") or date(self.today.year + 1, 1, 31)

    def named(self, tier: str) -> dict[str, str]:
        """A tier as templates are given it."""
        texts = self.edition.ladder.tiers[self.edition.ranks[tier]].name
        return {"tier": tier, "name": self.language.own(texts)}

    def unit(self, name: str) -> str:
        """A unit's or an instrument's name."""
        instruments = {one.id: one.name for one in self.edition.benefits.instruments}
        units = {unit: about.name for unit, about in self.edition.units.units.items()}
        texts = (units | instruments).get(name)
        return name if texts is None else self.language.own(texts)


def source_of(program: Program, kind: str) -> str | None:
    """The source of the facts that a kind tells: that of its row in messages.yaml, else the one for which its templates were
    written; none for templates of a kind that no row names."""
    row = program.editions[-1].messages.message(kind)
    return row.of if row is not None else _KINDS.get(kind)


def variants(program: Program, kind: str) -> tuple[str, ...]:
    """The words by which facts of a kind differ: the states of a request; one empty word where they do not."""
    return _VARIANTS.get(source_of(program, kind) or "", ("",))


def example(
    program: Program, kind: str, tier: str, language: Language, today: date, variant: str = "", member: Known | None = None,
    edition: Edition | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What the templates of a kind are given, for an invented member of a tier, by an edition, the newest without one.

    `member` are parts that are known of a real one, who then holds `tier`; the fact is invented all the same. Raises KeyError
    for a tier that the edition does not have, and for a kind without a source.
    """
    known = member or {}
    sample = Sample(program, edition or program.editions[-1], tier, language, today, known)
    given = {**_member(sample), **known}
    fact = _FACTS[source_of(program, kind) or ""](sample, variant or kind)
    if "percent" in fact and given["next"]:
        fact["percent"] = given["next"]["percent"]
    return {**given, "fact": fact}


def _member(sample: Sample) -> dict[str, Any]:
    program = sample.program
    base = sample.edition.ranks[sample.tier] == 0
    standing = {
        **sample.named(sample.tier), "since": sample.today - timedelta(days=40),
        "through": None if base else sample.through, "reason": _reason(sample),
    }  # fmt: skip
    return {
        "program": {"name": sample.language.own(program.file.name), "url": program.file.brand.url},
        "member": {"number": made_number(program.file.members.number, 2048), "name": sample.language.say(_("Alex Morgan")),
                   "zone": program.file.zone},
        "standing": standing,
        "next": _next(sample),
        "points": _points(sample),
        "today": sample.today,
        "links": {"portal": f"{SITE}/account", "preferences": f"{SITE}/preferences", "unsubscribe": f"{SITE}/unsubscribe/k3",
                  "not_me": f"{SITE}/not-me/k3"},
    }  # fmt: skip


def _reason(sample: Sample) -> str:
    tier = sample.edition.ladder.tiers[sample.edition.ranks[sample.tier]]
    if not tier.reach:
        return sample.language.say(_("by invitation of the program")) if tier.invitation else _base(sample)
    needs = [(name, _steps(sample, name, need)) for name, need in guarded(tier.reach[0]).needs.items()]
    evidence = {
        "window": sample.today.year, "edition": sample.edition.name, "needs": needs,
        "totals": {name: need * 104 // 100 for name, need in needs},
    }  # fmt: skip
    return reason(sample.program, "earned", evidence, {}, sample.language)


def _base(sample: Sample) -> str:
    return reason(sample.program, "base", {}, {}, sample.language)


def _steps(sample: Sample, counter: str, amount: Decimal) -> int:
    return int(amount.scaleb(sample.edition.units.units[counter].decimals))


def _next(sample: Sample) -> dict[str, Any] | None:
    if sample.higher is None:
        return None
    adds = [one._asdict() for one in gained(sample.edition, sample.tier, sample.higher, sample.language)]
    return {
        **sample.named(sample.higher), "by": date(sample.today.year, 12, 31), "paths": _paths(sample, sample.higher),
        "percent": SHARES[0], "adds": adds,
    }  # fmt: skip


def _paths(sample: Sample, tier: str, keep: bool = False) -> list[list[dict[str, Any]]]:
    rules = sample.edition.ladder.tiers[sample.edition.ranks[tier]]
    chosen = rules.keep if keep and rules.keep else rules.reach
    return [_measures(sample, guarded(path).needs) for path in chosen]


def _measures(sample: Sample, needs: Mapping[str, Decimal]) -> list[dict[str, Any]]:
    return [_measure(sample, name, need, SHARES[min(n, len(SHARES) - 1)]) for n, (name, need) in enumerate(needs.items())]


def _measure(sample: Sample, counter: str, need: Decimal, percent: int) -> dict[str, Any]:
    have = need * percent // 100
    told = {"counter": counter, "name": sample.unit(counter), "have": have, "need": need}
    return {**told, "missing": max(need - have, Decimal(0)), "percent": percent}


def _points(sample: Sample) -> list[dict[str, Any]]:
    units = sample.edition.units.units.items()
    return [{"unit": name, "name": sample.unit(name), "amount": 48_750} for name, unit in units if unit.kind == "points"]


# --- facts ------------------------------------------------------------------------------------------------------


def _nothing(_sample: Sample, _variant: str) -> dict[str, Any]:
    return {}


def _activity(sample: Sample, _variant: str) -> dict[str, Any]:
    return {"entries": _entries(sample, 2, sample.today)}


def _entries(sample: Sample, count: int, until: date) -> list[dict[str, Any]]:
    """So many entries, the newest on the day before `until`."""
    kinds = list(sample.edition.activities.activities.items())
    return [_entry(sample, n, until - timedelta(days=3 * n + 1), *kinds[n % len(kinds)]) for n in range(count)]


def _entry(sample: Sample, n: int, on: date, kind: str, about: Any) -> dict[str, Any]:
    units = dict.fromkeys(line.unit for line in sample.edition.earning.lines if line.activity == kind)
    amounts = [
        {"name": sample.unit(unit), "amount": _AMOUNTS[min(at, 2)] * (n + 1 if at < 2 else 1)} for at, unit in enumerate(units)
    ]
    return {"on": on, "name": sample.language.own(about.name), "details": f"K7Q{2 + n}MD", "amounts": amounts}


def _status_change(sample: Sample, variant: str) -> dict[str, Any]:
    """A rise into the tier held, a fall into it, or news of its own."""
    fell = variant == "lapsed"
    above = sample.edition.chart.tiers[min(sample.edition.ranks[sample.tier] + 1, len(sample.edition.chart.tiers) - 1)]
    old = above if fell else sample.tier if variant in ("kept", "shortened", "farewell") else sample.lower
    adds = gained(sample.edition, old, sample.tier, sample.language) if old == sample.lower else []
    return {
        "old": sample.named(old), "new": None if variant == "farewell" else sample.named(sample.tier), "on": sample.today,
        "through": None if sample.edition.ranks[sample.tier] == 0 else sample.through, "reason": _reason(sample),
        "adds": _given(adds), "loses": _given(lost(sample.edition, old, sample.tier, sample.language) if fell else []),
    }  # fmt: skip


def _given(rows: list[Told]) -> list[dict[str, Any]]:
    return [one._asdict() for one in rows]


def _award(sample: Sample, variant: str) -> dict[str, Any]:
    milestone = next((one for one in sample.edition.ladder.milestones if one.gives), None)
    name = sample.language.own(milestone.name) if milestone else sample.language.say(_("A milestone"))
    gifts = [_gift(sample, gift) for gift in milestone.gives] if milestone else _vouchers(sample)
    if variant != "choice":
        return {"name": name, "gifts": gifts, "choice": None}
    choosing = _choosing(sample, variant)
    choice = {part: choosing[part] for part in ("by", "pick", "options")}
    return {"name": choosing["name"], "gifts": [], "choice": choice}


def _gift(sample: Sample, gift: Gift) -> dict[str, Any]:
    name = gift.unit or gift.instrument or ""
    return {"name": sample.unit(name), "amount": gift.amount, "through": sample.through if gift.instrument else None}


def _vouchers(sample: Sample) -> list[dict[str, Any]]:
    names = [sample.language.own(one.name) for one in sample.edition.benefits.instruments]
    names = names or [sample.language.say(_("Voucher"))]
    return [{"name": name, "amount": n + 2, "through": sample.through} for n, name in enumerate(names)]


def _choosing(sample: Sample, _variant: str) -> dict[str, Any]:
    choice = next(iter(sample.edition.benefits.choices), None)
    told = {"days": 14, "by": sample.today + timedelta(days=14), "pick": 1}
    if choice is None:
        units = [one["name"] for one in _points(sample)] or [sample.language.say(_("Voucher"))]
        options = [{"name": name, "gives": f"{sample.language.number(10_000)} {name}"} for name in units]
        return {**told, "name": sample.language.say(_("A gift")), "options": options, "default": None}
    options = [{"name": sample.language.own(one.name), "gives": _gives(sample, one.gives)} for one in choice.options.values()]
    default = sample.language.own(choice.options[choice.default].name) if choice.default else None
    return {**told, "name": sample.language.own(choice.name), "options": options, "default": default}


def _gives(sample: Sample, gifts: tuple[Gift, ...]) -> str:
    told = (f"{sample.language.number(gift.amount)} × {sample.unit(gift.unit or gift.instrument or '')}" for gift in gifts)
    return sample.language.listed(told)


def _request(sample: Sample, variant: str) -> dict[str, Any]:
    kind = next(iter(sample.edition.requests.requests), None)
    starts = datetime.combine(sample.today + timedelta(days=5), time(18, 30), UTC)
    say = sample.language.say
    named = (
        _asked(sample, kind)
        if kind
        else (say(_("Upgrade")), say(_("Booking")), say(_("as booked")), say(_("one class higher")))
    )
    reasons = {
        "confirmed": _("Given at once."), "cleared": _("It was your turn."), "waitlisted": _("The time for it has come."),
        "pending": _("The time for it has not come yet."), "not_cleared": _("No place was left."),
        "cancelled": _("Cancelled by you."), "refused": _("It is too late to ask."),
    }  # fmt: skip
    return {
        "name": named[0], "from": named[2], "to": named[3], "state": variant, "reason": say(reasons[variant]),
        "service": {"name": named[1], "key": "1088", "starts": starts, "zone": sample.program.file.zone},
        "opens": starts - timedelta(days=2),
    }  # fmt: skip


def _asked(sample: Sample, kind: RequestKind) -> tuple[str, str, str, str]:
    """The names of what is asked, of the service, of the class booked and of the best class that may be asked for from it."""
    service = sample.edition.requests.services[kind.service]
    booked, wanted = next(iter(kind.classes.items()))
    own = sample.language.own
    return (own(kind.name), own(service.name), own(service.classes[booked]), own(service.classes[wanted[-1]]))


def _near(_sample: Sample, _variant: str) -> dict[str, Any]:
    return {"percent": SHARES[0]}


def _ending(sample: Sample, _variant: str) -> dict[str, Any]:
    return {
        "days": (sample.through - sample.today).days, "through": sample.through, "by": date(sample.today.year, 12, 31),
        "paths": _paths(sample, sample.tier, keep=True), "falls_to": sample.named(sample.lower),
        "loses": _given(lost(sample.edition, sample.tier, sample.lower, sample.language)),
    }  # fmt: skip


def _period(sample: Sample, _variant: str) -> dict[str, Any]:
    first = sample.today.replace(day=1)
    counters = [name for name, unit in sample.edition.units.units.items() if unit.kind == "counter"]
    return {
        "begins": (first - timedelta(days=1)).replace(day=1),
        "through": first - timedelta(days=1),
        "entries": _entries(sample, 5, first),
        "counters": [{"name": sample.unit(one), "amount": amount} for one, amount in zip(counters, _COUNTED, strict=False)],
        "left": _vouchers(sample),
    }


def _anniversary(_sample: Sample, _variant: str) -> dict[str, Any]:
    return {"years": 5}


def _survey(sample: Sample, _variant: str) -> dict[str, Any]:
    return {"question": sample.language.say(_("How likely are you to recommend us to a friend?")), "link": f"{SITE}/survey/k3"}


def _security(sample: Sample, variant: str) -> dict[str, Any]:
    at = datetime.combine(sample.today, time(17, 5), UTC)
    return {"what": variant, "at": at, "from": "203.0.113.7"}


def _link(sample: Sample, variant: str) -> dict[str, Any]:
    until = datetime.combine(sample.today, time(17, 5), UTC)
    return {"what": variant, "until": until, "new": "alex.new@example.org", "link": f"{SITE}/sign-in/link/k3"}


_FACTS: Mapping[str, Callable[[Sample, str], dict[str, Any]]] = {
    "joined": _nothing, "activity": _activity, "status_change": _status_change, "award": _award, "request": _request,
    "near": _near, "ending": _ending, "choosing": _choosing, "period": _period, "birthday": _nothing,
    "anniversary": _anniversary, "survey": _survey, "security": _security, "link": _link,
}  # fmt: skip
#: The kinds that travel with the engine.
_KINDS: Mapping[str, str] = {
    "welcome": "joined", "activity": "activity", "promoted": "status_change", "kept": "status_change",
    "lapsed": "status_change", "shortened": "status_change", "farewell": "status_change", "near": "near", "ending": "ending",
    "milestone": "award", "choice": "award", "choosing": "choosing", "request": "request", "statement": "period",
    "birthday": "birthday", "anniversary": "anniversary", "survey": "survey", "security": "security", "link": "link",
}  # fmt: skip
_VARIANTS: Mapping[str, tuple[str, ...]] = {
    "request": ("confirmed", "cleared", "waitlisted", "pending", "not_cleared", "cancelled", "refused"),
    "security": ("signed_in", "password", "email", "second_step", "passkey", "locked", "other"),
    "link": ("sign_in", "known", "renew", "join", "unknown", "email_old", "email_new"),
}
