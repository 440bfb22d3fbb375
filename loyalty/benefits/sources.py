"""Where entitlements come from: tiers, milestones, choices, campaigns, staff; each as docs/benefits.md says. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

from loyalty.benefits.choices import options_given
from loyalty.benefits.periods import (
    Period,
    Stretch,
    given_by_tier,
    grant_of,
    period_end,
    periods,
    quota_of,
    stretches,
    window_on,
)
from loyalty.benefits.rights import Entitlement, Known, Step
from loyalty.keys import digest
from loyalty.program.catalog import Campaign
from loyalty.program.chart import Held
from loyalty.program.conditions import compile_condition
from loyalty.program.gifts import Gift
from loyalty.program.load import Edition, Program
from loyalty.program.scope import member_scope
from loyalty.status.windows import FAR


def sources(program: Program, known: Known, day: int) -> Iterator[Entitlement]:
    """What every source gave by a day, as known on it, before staff changed any of it."""
    yield from _quotas(program, known, day)
    yield from _tiers(program, known, day)
    yield from _milestones(known, day)
    yield from _choices(program, known, day)
    yield from _campaigns(program, known, day)
    yield from _staff(known, day)


# --- from tiers -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100)
def _names(program: Program) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The benefits with a quota, and those of which a tier gives the instruments, of all editions."""
    rows = [benefit for edition in program.editions for benefit in edition.benefits.benefits]
    quotas = dict.fromkeys(benefit.id for benefit in rows if benefit.quota is not None)
    return tuple(quotas), tuple(dict.fromkeys(benefit.id for benefit in rows if given_by_tier(benefit)))


def _quotas(program: Program, known: Known, day: int) -> Iterator[Entitlement]:
    for name in _names(program)[0]:
        for period in periods(program, quota_of(program, name), known.enrolled, day):
            if period.last >= known.enrolled:
                yield from _quota(program, known, name, period, day)


def _quota(program: Program, known: Known, name: str, period: Period, day: int) -> Iterator[Entitlement]:
    """The quota of one period: of each day the best cell so far, or that of the day's tier; none where it is not begun."""
    laid = stretches(program, known.spans, period.first, period.last)
    steps, ends = _steps(name, laid, day)
    begun = next((step.on for step in steps if step.amount and step.on <= day), None)
    if begun is None:
        return
    until = period.last + 1
    if ends and not steps[-1].amount:
        until = steps[-1].on
    why = {"benefit": name, "first": period.first, "last": period.last, "edition": laid[0].edition.name}
    yield Entitlement(digest("quota", name, str(period.first)), name, "quota", begun, until, tuple(steps), why)


def _steps(name: str, laid: Sequence[Stretch], day: int) -> tuple[list[Step], bool]:
    """How many from which day on, and whether a fall lowers it, as the first edition of the period that has it says."""
    owned = (stretch.edition.chart.benefits.get(name) for stretch in laid)
    ends = next((one.quota.at_fall == "end" for one in owned if one is not None and one.quota is not None), False)
    steps: list[Step] = []
    for stretch in laid:
        if not ends and stretch.begins > day:
            break  # a rise that is only foreseen gives nothing yet
        amount, before = _cell(name, stretch), steps[-1].amount if steps else 0
        if amount > before or (ends and amount < before):
            steps.append(Step(stretch.begins, amount, stretch.tier))
    return steps, ends


def _cell(name: str, stretch: Stretch) -> int:
    benefit = stretch.edition.chart.benefits.get(name)
    if benefit is None or benefit.quota is None:
        return 0
    had = stretch.edition.chart.has(name, [Held(stretch.tier)])
    return had.value if had is not None and isinstance(had.value, int) else 0


def _tiers(program: Program, known: Known, day: int) -> Iterator[Entitlement]:
    for name in _names(program)[1]:
        for period in periods(program, grant_of(program, name), known.enrolled, day):
            if period.last >= known.enrolled:
                yield from _tier(program, known, name, period, day)


def _tier(program: Program, known: Known, name: str, period: Period, day: int) -> Iterator[Entitlement]:
    """What tiers give in one window: each when it is first held, less what a lower one gave."""
    given: dict[str, int] = {}
    seen: set[str] = set()
    for begins, tier, edition in stretches(program, known.spans, period.first, min(period.last, day)):
        benefit = edition.chart.benefits.get(name)
        if benefit is None or not given_by_tier(benefit) or tier in seen:
            continue
        seen.add(tier)
        had = edition.chart.has(name, [Held(tier)])
        for instrument, amount in had.value.items() if had is not None and isinstance(had.value, Mapping) else ():
            more = amount - given.get(instrument, 0)
            if more > 0:
                given[instrument] = amount
                until = period_end(period, benefit.expires, begins) if benefit.expires else period.last + 1
                number = digest("tier", name, str(period.first), instrument, tier)
                why = {"benefit": name, "first": period.first, "last": period.last, "edition": edition.name,
                       "amount": amount, "before": amount - more}  # fmt: skip
                yield Entitlement(number, instrument, "tier", begins, until, (Step(begins, more, tier),), why)


# --- from milestones, choices, campaigns, staff -----------------------------------------------------------------


def _milestones(known: Known, day: int) -> Iterator[Entitlement]:
    for row in known.awards:
        gone = row.withdrawn_on.toordinal() if row.withdrawn_on is not None else FAR
        for n, gift in enumerate(row.gifts):
            on = date.fromisoformat(gift["on"]).toordinal()
            if gift.get("instrument") is None or on > day:
                continue
            until = FAR if gift["through"] is None else date.fromisoformat(gift["through"]).toordinal() + 1
            back = gone if gone <= day else None
            why = {"award": row.name, "times": row.times, "window_on": row.window_on.toordinal(), "edition": row.edition,
                   "awarded_on": row.awarded_on.toordinal()}  # fmt: skip
            number, steps = digest("award", str(row.cause_id), str(n)), (Step(on, gift["amount"]),)
            yield Entitlement(number, gift["instrument"], "milestone", on, min(until, back or FAR), steps, why, back)


def _choices(program: Program, known: Known, day: int) -> Iterator[Entitlement]:
    for given in options_given(program, known.enrolled, known.spans, known.picks, day):
        why = {"choice": given.choice, "option": given.option, "picked": given.picked, "first": given.period.first,
               "last": given.period.last, "edition": given.edition}  # fmt: skip
        for n, gift in enumerate(given.gifts):
            if gift.instrument is not None:
                number = digest(given.how, given.choice, str(given.period.first), str(given.n), str(n))
                yield _gift(number, gift, "choice", given.period, given.on, why)


def _gift(number: int, gift: Gift, kind: str, period: Period, on: int, why: Mapping[str, Any]) -> Entitlement:
    until = FAR if gift.expires is None else period_end(period, gift.expires, on)
    return Entitlement(number, gift.instrument or "", kind, on, until, (Step(on, int(gift.amount)),), why)


def _campaigns(program: Program, known: Known, day: int) -> Iterator[Entitlement]:
    """To each member once, on the first day on which the edition in force has the campaign and all of it is true."""
    for name in dict.fromkeys(one.id for edition in program.editions for one in edition.benefits.campaigns):
        for on, tier, edition in islice(_met(program, known, name, day), 1):
            why = {"campaign": name, "tier": tier, "edition": edition.name}
            campaign = _campaign(edition, name)
            for n, gift in enumerate(campaign.gives if campaign is not None else ()):
                number = digest("campaign", name, str(n))
                yield _gift(number, gift, "campaign", window_on(program, known.enrolled, on), on, why)


def _met(program: Program, known: Known, name: str, day: int) -> Iterator[tuple[int, str, Edition]]:
    """The first days of a tier, an edition or an attribute on which a member meets a campaign."""
    ever = [one for edition in program.editions for one in edition.benefits.campaigns if one.id == name]
    first, last = min(one.first for one in ever).toordinal(), max(one.through for one in ever).toordinal()
    days = {one.begins for one in stretches(program, known.spans, first, last)} | {since for since, _ in known.traits}
    days |= {one.first.toordinal() for one in ever}
    for at in sorted(on for on in days if first <= on <= min(last, day)):
        for stretch in stretches(program, known.spans, at, at):
            if _meets(program, stretch, name, known):
                yield at, stretch.tier, stretch.edition


def _meets(program: Program, at: Stretch, name: str, known: Known) -> bool:
    campaign = _campaign(at.edition, name)
    if campaign is None or not campaign.first.toordinal() <= at.begins <= campaign.through.toordinal():
        return False
    if campaign.tiers and at.tier not in campaign.tiers:
        return False
    values = next((values for since, values in reversed(known.traits) if since <= at.begins), None)
    return campaign.when is None or (values is not None and _test(program, at.edition, name)(values))


def _campaign(edition: Edition, name: str) -> Campaign | None:
    return next((one for one in edition.benefits.campaigns if one.id == name), None)


@lru_cache(maxsize=1000)
def _test(program: Program, edition: Edition, name: str) -> Callable[[tuple[Any, ...]], bool]:
    """A campaign's condition as a function of the values of a member's attributes."""
    campaign = _campaign(edition, name)
    assert campaign is not None
    scope = member_scope(program.file.members.attributes)
    test = compile_condition(campaign.when, scope, (), lambda _way, _what: None)
    return lambda values: test(((), 0, values))


def _staff(known: Known, day: int) -> Iterator[Entitlement]:
    for one in known.grants:
        if one.kind == "grant" and one.posted <= day:
            why = {"author": one.author, "approver": one.approver, "reason": one.reason, "on": one.posted, "key": one.key}
            steps = (Step(one.begins, one.amount),)
            yield Entitlement(staff_number(one.id), one.what, "staff", one.begins, one.until, steps, why)


def staff_number(grant_id: int) -> int:
    """The number of what staff granted."""
    return digest("staff", str(grant_id))
