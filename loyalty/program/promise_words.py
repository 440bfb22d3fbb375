"""What is given beside a chart in words: instruments, choices, campaigns, status that is shared."""

from collections.abc import Iterator

from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.benefit_words import Telling
from loyalty.program.catalog import Campaign, Choice, Instrument, Option, Sharing
from loyalty.program.gifts import Gift
from loyalty.program.ladder_words import by, valid
from loyalty.program.words import Words, after

PER = {
    "window": _("in each window of the ladder {picks} of {options}"),
    "calendar_year": _("each calendar year {picks} of {options}"),
    "membership_year": _("each membership year {picks} of {options}"),
}
#: The day that must lie within the validity of an instrument.
VALID_ON = {
    "service": _("must hold on the day of the service"),
    "use": _("must hold on the day on which it is used"),
}


def instrument(given: Instrument, language: Language = ENGLISH) -> str:
    """What an instrument is good for, and for how long when it comes back."""
    back = ""
    if given.returned is not None:
        back = language.many(
            given.returned, "one that comes back holds at least {count} day", "one that comes back holds at least {count} days"
        )
    return language.sentences([language.say(VALID_ON[given.valid_on]), back])


def gift(given: Gift, telling: Telling, words: Words) -> str:
    """What is granted: `2 upgrade vouchers, valid for 12 months`."""
    if given.unit is not None:
        return words.figure(given.unit, given.amount)
    return words.language.clauses(
        [telling.so_many(given.amount, telling.instrument(given.instrument or "")), valid(given, words)]
    )


def gifts(given: tuple[Gift, ...], telling: Telling, words: Words) -> str:
    """Several of them."""
    return words.language.joined([gift(one, telling, words) for one in given])


def choice(given: Choice, telling: Telling, words: Words) -> str:
    """What each tier picks of what, by when, and what falls to those who do not."""
    language = words.language
    picks = language.joined([words.say(_("{tier} picks {n}"), tier=words.tier(tier), n=n) for tier, n in given.picks.items()])
    options = language.joined([_option(option, telling, words) for option in given.options.values()], "or")
    parts = [words.say(PER[given.per], picks=picks, options=options)]
    parts += [words.say(_("the same more than once if wanted"))] if given.repeated else []
    rest = words.say(_("else nothing"))
    if given.default:
        rest = words.say(_("else {rest}"), rest=telling.text(given.options[given.default].name))
    return language.clauses([*parts, by(given.by, language), rest])


def _option(given: Option, telling: Telling, words: Words) -> str:
    least = words.say(_("from {tier} up"), tier=words.tier(given.at_least)) if given.at_least else ""
    gives = words.language.clauses([gifts(given.gives, telling, words), least])
    return words.say(_("{name} ({gives})"), name=telling.text(given.name), gives=gives)


def campaign(given: Campaign, telling: Telling, words: Words) -> str:
    """What is given to whom, and when."""
    language = words.language
    tiers = language.joined([words.tier(tier) for tier in given.tiers], "or")
    what = words.say(
        _("{gifts} from {first} through {through}"),
        gifts=gifts(given.gives, telling, words), first=language.day(given.first), through=language.day(given.through),
    )  # fmt: skip
    only = words.say(_("for {tiers}"), tiers=tiers) if given.tiers else ""
    return language.clauses([what, only, words.only(given.when)])


def sharing(given: Sharing, words: Words) -> str:
    """Who shares which tier with how many, and for how long."""
    language, last = words.language, given.through
    who = [
        words.say(
            _("who is {tier} for life {shared}"),
            tier=words.tier(tier), shared=words.say(_("the tier held")) if shared == "current" else words.tier(shared),
        )
        for tier, shared in given.lifetime.items()
    ]  # fmt: skip
    through = by(last, language)
    if last.days is None:
        day = language.year_day(last.month or 1, last.day)
        through = words.say(_("through {day} {year}"), day=day, year=after(last.years_after, language))
    shares = language.many(given.companions, "shares with {count} companion", "shares with {count} companions")
    return words.say(_("{what}: {details}"), what=language.clauses([shares, through]), details=language.joined(who))


def lines(telling: Telling, words: Words) -> Iterator[str]:
    """All that is given beside the chart, a line each."""
    file = telling.chart.file
    for one in file.instruments:
        yield _line(one.name, instrument(one, words.language), telling, words)
    for pick in file.choices:
        yield _line(pick.name, choice(pick, telling, words), telling, words)
    for given in file.campaigns:
        yield _line(given.name, campaign(given, telling, words), telling, words)
    for shared in file.sharing:
        yield _line(shared.name, sharing(shared, words), telling, words)


def _line(name: dict[str, str], details: str, telling: Telling, words: Words) -> str:
    return words.say(_("{what}: {details}"), what=telling.text(name), details=details)


def alike(telling: Telling, words: Words) -> Iterator[str]:
    """Which tiers have what another has, and in what they do not."""
    for like in telling.chart.file.like:
        tiers = {"tier": words.tier(like.tier), "other": words.tier(like.same)}
        if like.but:
            but = words.language.joined([telling.text(telling.chart.benefits[name].name) for name in like.but])
            yield words.say(_("{tier} has what {other} has, but for {benefits}"), benefits=but, **tiers)
        else:
            yield words.say(_("{tier} has what {other} has"), **tiers)


def totals(telling: Telling, words: Words) -> str:
    """How large the chart is: `2 categories, 11 benefits, 18 cells (Silver 7, Gold 11)`."""
    found, language = telling.chart.totals, words.language
    each = [words.say(_("{tier} {n}"), tier=words.tier(tier), n=language.number(n)) for tier, n in found["per_tier"].items()]
    text = language.enumerated([
        language.many(found["categories"], "{count} category", "{count} categories"),
        language.many(found["benefits"], "{count} benefit", "{count} benefits"),
        language.many(found["cells"], "{count} cell", "{count} cells"),
    ])  # fmt: skip
    return words.say(_("{what} ({tiers})"), what=text, tiers=language.enumerated(each)) if each else text
