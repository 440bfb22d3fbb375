"""Why, in words: the reason of a span of tier, told from its evidence, in a member's language."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import Any

from loyalty.i18n import ENGLISH, Language, Named, _, translated
from loyalty.program.labels import member_labels
from loyalty.program.load import Program
from loyalty.program.words import condition, english, held_told
from loyalty.status.tables import StatusFact
from loyalty.status.ways import Guard

_GIVEN = {
    "matched": _("matched to another program's status by {author}: {reason}"),
    "gifted": _("a gift, {author}: {reason}"),
    "bought": _("bought, {author}: {reason}"),
    "shared": _("shared by a companion, {author}: {reason}"),
    "trial": _("on trial, {author}: {reason}"),
    "granted": _("granted by {author}: {reason}"),
    "invited": _("by invitation of the program, {author}: {reason}"),
    "waived": _("with a waiver by {author}, approved by {approver}: {reason}"),
}
#: What the author of a shared tier begins with, before the number of the member.
SHARER = "member "
#: Reasons without figures.
_BARE = {
    "base": _("the tier of every member"),
    "landed": _("one tier down at the end of a higher one"),
    "grace": _("in grace after the end of its validity"),
    "floor": _("the tier that one who rose so high never falls below"),
}
#: Reasons with figures.
_COUNTED = {
    "earned": _("reached with {figures} {window} (rules of {edition})"),
    "kept": _("kept with {figures} {window} (rules of {edition})"),
    "lifetime": _("for life with {figures} in all (rules of {edition})"),
    "confirmed": _("confirmed with {figures} {window} (rules of {edition})"),
}


def reason(
    program: Program, source: str, evidence: Mapping[str, Any], facts: Mapping[int, StatusFact], language: Language = ENGLISH
) -> str:
    """One sentence: what gave the tier, with the figures, the window, and the edition of the rules."""
    if source in _BARE:
        return language.say(_BARE[source])
    if source in _GIVEN:
        fact = facts.get(evidence.get("fact", -1))
        if fact is not None and source == "shared":
            return _shared(fact, language)
        told = {"author": fact.author, "reason": fact.reason, "approver": fact.approver} if fact else {}
        return language.say(_GIVEN[source], **told) if fact else source
    needs = [figure(program, name, evidence["totals"][name], need, language) for name, need in evidence["needs"]]
    figures = reduce(lambda one, other: language.say(_("{one} and {other}"), one=one, other=other), needs or [""])
    figures = figures or language.say(_("time in the tier"))
    window = "" if source == "lifetime" else window_told(evidence, language)
    said = language.say(_COUNTED[source], figures=figures, window=window, edition=evidence["edition"])
    short = _("{reason}; kept to its end although a reversal took the total below")
    return language.say(short, reason=said) if evidence.get("short") else said


def _shared(fact: StatusFact, language: Language) -> str:
    """By whom a tier is shared, with the reason where one was stated."""
    author = language.say(_("member {number}"), number=fact.author.removeprefix(SHARER))
    if fact.reason == f"shared by {fact.author}":
        return language.say(_("shared by a companion, {author}"), author=author)
    return language.say(_GIVEN["shared"], author=author, reason=fact.reason)


def window_told(evidence: Mapping[str, Any], language: Language = ENGLISH) -> str:
    """The window of a path in words: a year, or its first and last day."""
    counted = evidence.get("counted")
    if counted:
        first, last = (language.day(date.fromisoformat(day)) for day in counted)
        return language.say(_("from {first} through {last}"), first=first, last=last)
    return language.say(_("in {window}"), window=evidence["window"])


def figure(program: Program, counter: str, have: int, need: int, language: Language = ENGLISH) -> str:
    """One counter against its threshold: `52,300 of 50,000 qualifying miles`."""
    unit = unit_of(program, counter)
    decimals = unit.decimals if unit else 0
    has, needed = (language.number(Decimal(amount).scaleb(-decimals).normalize()) for amount in (have, need))
    return language.say(_("{have} of {need} {unit}"), have=has, need=needed, unit=language.own(unit.name) if unit else counter)


def unit_of(program: Program, name: str) -> Any:
    """The newest definition of a unit."""
    return next((edition.units.units[name] for edition in reversed(program.editions) if name in edition.units.units), None)


def guard(program: Program, given: Guard, language: Language = ENGLISH) -> str:
    """What a path asks for beside totals."""
    tier = language.told(tier_named(program, given.tier))
    if given.kind == "held":
        held = held_told(given.years, given.days, tier, given.unbroken, language)
        return language.say(_("after {held}"), held=held)
    if given.kind == "when":
        labels = member_labels(program.file.members.attributes, language)
        asks = condition(json.loads(given.when), language, labels)
        return language.say(_("for members with {condition}"), condition=asks)
    return language.say(GUARDS[given.kind], tier=tier)


#: What is asked of the tier held.
GUARDS = {"holds": _("while holding {tier} or higher"), "layer": _("on top of {tier} or higher")}


def tier_named(program: Program, tier: str) -> Named:
    """A tier's name in every language; by itself the English one."""
    found = (known.name for edition in reversed(program.editions) for known in edition.ladder.tiers if known.id == tier)
    texts = next(found, None)
    return Named(tier if texts is None else english(texts), texts)


def thing(program: Program, name: str) -> Named:
    """An instrument, or a benefit, with its name in every language; by itself its id."""
    for edition in reversed(program.editions):
        for known in (edition.benefits.instruments, edition.benefits.benefits):
            texts = next((one.name for one in known if one.id == name), None)
            if texts is not None:
                return Named(name, texts)
    return Named(name)


def tier_name(program: Program, tier: str, language: str = "en") -> str:
    """A tier's name in a language, from the newest edition that has it."""
    return translated(language).told(tier_named(program, tier))
