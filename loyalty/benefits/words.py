"""Why a member is entitled to something, in words with the figures, in the member's language."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from loyalty.benefits.periods import Period, choice_in
from loyalty.benefits.rights import Entitlement, last_day
from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.load import Program
from loyalty.status.booked import edition_of, milestone_of
from loyalty.status.words import tier_named


def reason(program: Program, one: Entitlement, language: Language = ENGLISH) -> str:
    """One sentence: what gave it, with the figures and the edition of the rules, and what was done to it since."""
    kind = one.why["of"] if one.kind == "returned" else one.kind
    told = _REASONS[kind](program, one, language)
    if one.kind == "returned":
        back = _("came back on {day}; first {reason}")
        told = language.say(back, day=_day(one.why["returned"], language), reason=told)
    changes = [_change(change, language) for change in one.why.get("changes", ())]
    if one.taken_back is not None and one.kind == "milestone" and not changes:
        changes = [language.say(_("taken back on {day} by a reversal"), day=_day(one.taken_back, language))]
    return language.sentences([told, *changes])


def _change(given: Any, language: Language) -> str:
    change, begins, until, author, why = given
    if change == "extension":
        last = last_day(until)
        extended = _("extended through {day} by {author}: {reason}")
        return language.say(extended, day=language.day(last) if last else "–", author=author, reason=why)
    return language.say(_("revoked on {day} by {author}: {reason}"), day=_day(begins, language), author=author, reason=why)


def _quota(program: Program, one: Entitlement, language: Language) -> str:
    told = {"period": _period(one, language), "edition": one.why["edition"]}
    if one.kind == "returned":
        return language.say(_("quota for {period} (rules of {edition})"), **told)
    steps = [
        language.say(
            _("{amount} for {tier} since {day}"),
            amount=step.amount, tier=_named(program, step.tier, language), day=_day(step.on, language),
        )
        for step in one.steps
    ]  # fmt: skip
    return language.say(_("quota for {period}: {steps} (rules of {edition})"), steps=language.enumerated(steps), **told)


def _tier(program: Program, one: Entitlement, language: Language) -> str:
    tier, why = one.steps[0].tier, one.why
    told = language.say(_("given with a tier"))
    if tier is not None:
        named, day = _named(program, tier, language), _day(one.begins, language)
        told = language.say(_("given with {tier} on {day}"), tier=named, day=day)
    less = ""
    if why["before"]:
        less = language.say(_("{amount} less the {before} of a lower tier"), amount=why["amount"], before=why["before"])
    period = language.say(_("for {period}"), period=_period(one, language))
    return _by_rules(language.clauses([told, period, less]), one, language)


def _milestone(program: Program, one: Entitlement, language: Language) -> str:
    why = one.why
    name = language.own(milestone_of(program, why["edition"], why["award"]).name)
    told = language.say(_("milestone {name}"), name=name)
    times = language.say(_("time {times}"), times=why["times"]) if why["times"] > 1 else ""
    days = {"day": _day(why["awarded_on"], language), "first": _day(why["window_on"], language)}
    met = language.say(_("met on {day} in the window from {first}"), **days)
    return _by_rules(language.clauses([told, times, met]), one, language)


def _choice(program: Program, one: Entitlement, language: Language) -> str:
    why = one.why
    choice = choice_in(edition_of(program, why["edition"]), why["choice"])
    told = {
        "choice": language.own(choice.name) if choice is not None else why["choice"],
        "option": language.own(choice.options[why["option"]].name) if choice is not None else why["option"],
        "period": _period(one, language),
    }
    if why["picked"] is None:
        return _by_rules(language.say(_("{option}, by default, of the choice {choice} for {period}"), **told), one, language)
    picked = _("{option}, picked on {day}, of the choice {choice} for {period}")
    return _by_rules(language.say(picked, day=_day(why["picked"], language), **told), one, language)


def _campaign(program: Program, one: Entitlement, language: Language) -> str:
    why = one.why
    campaigns = edition_of(program, why["edition"]).benefits.campaigns
    name = next(language.own(known.name) for known in campaigns if known.id == why["campaign"])
    told = language.say(_("campaign {name}, as {tier}"), name=name, tier=_named(program, why["tier"], language))
    return _by_rules(told, one, language)


def _staff(_program: Program, one: Entitlement, language: Language) -> str:
    why = one.why
    told = {"day": _day(why["on"], language), "author": why["author"], "reason": why["reason"]}
    if why["approver"]:
        approved = _("granted on {day} by {author}, approved by {approver}: {reason}")
        return language.say(approved, approver=why["approver"], **told)
    return language.say(_("granted on {day} by {author}: {reason}"), **told)


_REASONS: Mapping[str, Callable[[Program, Entitlement, Language], str]] = {
    "quota": _quota, "tier": _tier, "milestone": _milestone, "choice": _choice, "campaign": _campaign, "staff": _staff,
}  # fmt: skip


def _by_rules(told: str, one: Entitlement, language: Language) -> str:
    return language.say(_("{reason} (rules of {edition})"), reason=told, edition=one.why["edition"])


def _named(program: Program, tier: str | None, language: Language) -> str:
    return language.told(tier_named(program, tier or ""))


def _period(one: Entitlement, language: Language) -> str:
    return period_told(Period(one.why["first"], one.why["last"], 12), language)


def period_told(period: Period, language: Language = ENGLISH) -> str:
    """A period in words: a year, or its first and last day."""
    first, last = date.fromordinal(period.first), date.fromordinal(period.last)
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return language.say(_("{year}"), year=first.year)
    return language.say(_("{first} through {last}"), first=language.day(first), last=language.day(last))


def _day(ordinal: int, language: Language) -> str:
    return language.day(date.fromordinal(ordinal))
