"""The further words of a ladder in words: lapse, counters, deposits, lifetime, milestones, offers, overrides."""

from collections.abc import Iterator

from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.gifts import Choice, Deadline, Gift
from loyalty.program.labels import label
from loyalty.program.ladder import (
    Accrual,
    Amount,
    ByTier,
    Counter,
    Deposit,
    Lapse,
    Milestone,
    Offer,
    Override,
    Rollover,
    first_counter,
    guarded,
)
from loyalty.program.words import Words, after, days, grace, months, title, validity, window


def keeping(words: Words) -> str:
    """When it is settled that a tier is kept."""
    ladder = words.ladder
    if ladder.keep == "as_earned":
        return words.say(_("Kept as soon as a path is met"))
    ends = words.say(_("Kept or lost on the day on which the tier ends"))
    if not ladder.keep_window:
        return ends
    return words.language.clauses(
        [ends, words.say(_("counted in {window}"), window=window(ladder.keep_window, words.language))]
    )


def lapse(words: Words) -> str:
    """What happens at the end of validity."""
    given = words.ladder.lapse
    earned = words.say(_("the highest tier still earned"))
    if not isinstance(given, Lapse):
        return words.say(_("When not kept: {then}"), then=earned)
    then = words.say(_("one tier down")) if given.to == "one_tier_down" else earned
    if given.validity:
        then = words.say(_("{tier} {validity}"), tier=then, validity=validity(given.validity, words.language))
    if given.grace:
        then = words.say(_("held {grace}, then {then}"), grace=grace(given.grace, words.language), then=then)
    text = words.say(_("When not kept: {then}"), then=then)
    if not given.floor:
        return text
    floor = words.say(_("who once earned {tier} never falls below it"), tier=words.tier(given.floor))
    return words.language.sentences([text, floor])


#: What becomes of a counter when a tier is reached.
MET = {
    "keep": _("not set back when a tier is reached"),
    "zero": _("set to zero when a tier is reached"),
    "pay": _("the threshold is taken off when a tier is reached"),
}


def counter(name: str, given: Counter, words: Words) -> str:
    """What becomes of a counter when a tier is reached and when its window ends."""
    over = rollover(name, given.rollover, words) if given.rollover else ""
    details = words.language.sentences([words.say(MET[given.when_met]), over])
    return words.say(_("{what}: {details}"), what=title(words.unit(name)), details=details)


#: What of a counter opens the next window: all or what is above a threshold, the whole of it or so many percent.
ROLLS = {
    ("all", True): _("the whole total goes into the next window"),
    ("all", False): _("{percent} of the whole total goes into the next window"),
    ("excess", True): _("what is above the threshold of the tier earned goes into the next window"),
    ("excess", False): _("{percent} of what is above the threshold of the tier earned goes into the next window"),
}


def rollover(name: str, given: Rollover, words: Words) -> str:
    """What of a counter opens the next window."""
    rolls = ROLLS["all" if given.of == "all" else "excess", given.percent == 100]
    parts = [words.say(rolls, percent=words.language.share(given.percent))]
    parts += [words.say(_("at most {value}"), value=amount(name, given.most, words))] if given.most is not None else []
    parts += [words.say(_("once"))] if given.once else []
    parts += [words.say(_("for who earned {tier} or higher"), tier=words.tier(given.earned))] if given.earned else []
    parts += [words.say(_("not for who earned less than the tier held"))] if given.unless_fallen else []
    return words.language.clauses(parts)


def amount(unit: str, given: Amount, words: Words) -> str:
    """An amount, the same for all or by tier."""
    if not isinstance(given, ByTier):
        return words.figure(unit, given)
    by_tier = given.tier.items()
    figures = [
        words.say(_("{figure} for {tier}"), figure=words.figure(unit, value), tier=words.tier(tier)) for tier, value in by_tier
    ]
    return words.language.joined(figures)


def deposit(given: Deposit, words: Words) -> str:
    """An amount that opens each window."""
    opens = words.say(_("Every window opens with {amount}"), amount=amount(given.unit, given.amount, words))
    return words.language.clauses([opens, words.only(given.when)])


def accrual(given: Accrual, words: Words) -> str:
    """A lifetime counter that grows with time."""
    by_tier, language = given.per_day.items(), words.language
    each = [words.say(_("{amount} as {tier}"), amount=language.number(value), tier=words.tier(tier)) for tier, value in by_tier]
    grows = words.say(
        _("{counter} grow by every day: {amounts}"), counter=title(words.unit(given.counter)), amounts=language.joined(each)
    )
    through = words.say(_("through {day}"), day=language.day(given.through)) if given.through else ""
    return language.clauses([grows, through])


def gift(given: Gift, words: Words) -> str:
    """What is granted."""
    if given.unit is not None:
        return words.figure(given.unit, given.amount)
    name = label(words.instruments.get(given.instrument or ""), given.instrument or "", words.language)
    many = words.say(_("{n} × {name}"), n=words.language.number(given.amount), name=name)
    return words.language.clauses([many, valid(given, words)])


def valid(given: Gift, words: Words) -> str:
    """How long an instrument that is granted holds; nothing where the gift does not say."""
    return words.say(_("valid {validity}"), validity=validity(given.expires, words.language)) if given.expires else ""


def milestone(given: Milestone, words: Words) -> str:
    """What is granted at which threshold."""
    language = words.language
    by_counter = {first_counter(path) or "": given.every_of(path) for path in given.paths}
    figures = [words.figure(counter, amount) for counter, amount in by_counter.items() if amount is not None]
    parts = [words.say(_("at {paths}"), paths=words.paths(given.paths))]
    parts += [words.say(_("again every {figures}"), figures=language.joined(figures, "or"))] if figures else []
    if given.most is not None:
        parts.append(language.many(given.most, "at most {count} time", "at most {count} times"))
    gives = choice(given.choice, words) if given.choice else language.joined([gift(one, words) for one in given.gives])
    name = language.own(given.name)
    text = words.say(_("{name}: {when}: {gives}"), name=name, when=language.clauses(parts), gives=gives)
    return language.sentences([text, words.say(_("kept when activity is reversed")) if given.reversal == "keep" else ""])


def choice(given: Choice, words: Words) -> str:
    """Options of which the member picks."""
    options = {name: _option(name, gifts, words) for name, gifts in given.options.items()}
    several = words.language.joined(options.values(), "or")
    picks = words.say(_("{pick} to choose of {options}"), pick=given.pick, options=several)
    rest = words.say(_("else nothing"))
    if given.default is not None:
        # an option has no name but what it gives; commands know it by its id
        name = given.default.replace("_", " ") if words.language is ENGLISH else options[given.default]
        rest = words.say(_("else {rest}"), rest=name)
    return words.language.clauses([picks, by(given.by, words.language), rest])


def _option(name: str, gifts: tuple[Gift, ...], words: Words) -> str:
    gives = words.language.joined([gift(one, words) for one in gifts])
    if words.language is not ENGLISH:
        return gives or words.say(_("nothing"))
    return f"{name.replace('_', ' ')} ({gives})" if gives else name.replace("_", " ")


def by(given: Deadline, language: Language = ENGLISH) -> str:
    """A deadline: `by January 31 of the next year`, `within 30 days`."""
    if given.days is not None:
        return language.say(_("within {days}"), days=days(given.days, language))
    day = language.year_day(given.month or 1, given.day)
    return language.say(_("by {day} {year}"), day=day, year=after(given.years_after, language))


def offer(given: Offer, words: Words) -> str:
    """Status on trial and how it is confirmed."""
    language = words.language
    tiers = language.joined([words.tier(tier) for tier in given.tiers], "or")
    trial = words.say(_("{tier} {validity}"), tier=tiers, validity=validity(given.trial, language))
    parts = [words.say(_("{what}: {details}"), what=language.own(given.name), details=trial)]
    if given.goal is not None and given.then is not None:
        goal, then = words.path(given.goal), validity(given.then, language)
        parts.append(words.say(_("confirmed with {path} in that time: {validity}"), path=goal, validity=then))
    parts.append(words.only(given.when))
    again = given.again_after
    parts.append(
        words.say(_("once")) if again is None else words.say(_("again after {months}"), months=months(again, language))
    )
    return language.sentences(parts)


def override(given: Override, words: Words) -> str:
    """Other figures for a group and a time."""
    language = words.language
    span = {"first": language.day(given.first), "through": language.day(given.through)}
    if given.extend is not None:
        ends = _("Tiers that end from {first} through {through} hold through {until}")
        text = words.say(ends, **span, until=language.day(given.extend))
    else:
        begins = _("Windows that begin from {first} through {through}: {percent} of every threshold")
        text = words.say(begins, **span, percent=language.share(given.thresholds or 0))
    return language.clauses([text, words.only(given.when)])


def lines(words: Words) -> Iterator[str]:
    """All that the ladder says beside the tiers and their paths, a line each."""
    ladder, say = words.ladder, words.say
    yield from _spans(words)
    yield keeping(words)
    yield lapse(words)
    if ladder.reversal == "keep_until_end":
        yield say(_("A reversal takes no tier before its end"))
    for life in ladder.lifetime:
        text = _("For life, {tier}: {path} in all") if guarded(life.path).needs else _("For life, {tier}: {path}")
        yield say(text, tier=words.tier(life.tier), path=words.path(life.path))
    yield from (counter(name, given, words) for name, given in ladder.counters.items())
    yield from (deposit(given, words) for given in ladder.deposits)
    yield from (accrual(given, words) for given in ladder.accruals)
    yield from (milestone(given, words) for given in ladder.milestones)
    yield from (offer(given, words) for given in ladder.offers)
    yield from (override(given, words) for given in ladder.overrides)
    if ladder.waiver:
        within = [words.figure(unit, value) for unit, value in ladder.waiver.within.items()]
        yield say(_("Staff may waive up to {figures}"), figures=words.language.joined(within))


def _spans(words: Words) -> Iterator[str]:
    ladder, say, language = words.ladder, words.say, words.language
    yield say(_("Counted in {window}"), window=window(ladder.main, language))
    for one in ladder.stretched:
        day, first, through = (language.day(day) for day in (one.day, one.first, one.through))
        yield say(_("The window of {day} goes from {first} through {through}"), day=day, first=first, through=through)
    yield say(_("Held {validity}"), validity=validity(ladder.validity, language))
    if ladder.keep_validity:
        yield say(_("When kept, held on {validity}"), validity=validity(ladder.keep_validity, language))
