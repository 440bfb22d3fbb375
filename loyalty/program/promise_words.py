"""What is given beside a chart in words: instruments, choices, campaigns, status that is shared."""

from collections.abc import Iterator

from loyalty.program.benefit_words import Telling
from loyalty.program.catalog import Campaign, Choice, Instrument, Option, Sharing
from loyalty.program.gifts import Gift
from loyalty.program.ladder_words import by
from loyalty.program.words import Words, condition, joined, many, number, said, validity

PER = {
    "window": "in each window of the ladder",
    "calendar_year": "each calendar year",
    "membership_year": "each membership year",
}


def instrument(given: Instrument) -> str:
    """What an instrument is good for, and for how long when it comes back."""
    day = {"service": "of the service", "use": "on which it is used"}[given.valid_on]
    back = f"; one that comes back holds at least {many(given.returned, 'day')}" if given.returned is not None else ""
    return f"must hold on the day {day}{back}"


def gift(given: Gift, telling: Telling, words: Words) -> str:
    """What is granted: `2 upgrade vouchers, valid for 12 months`."""
    if given.unit is not None:
        return words.figure(given.unit, given.amount)
    expires = f", valid {validity(given.expires)}" if given.expires else ""
    return telling.so_many(given.amount, telling.instrument(given.instrument or "")) + expires


def gifts(given: tuple[Gift, ...], telling: Telling, words: Words) -> str:
    """Several of them."""
    return joined([gift(one, telling, words) for one in given])


def choice(given: Choice, telling: Telling, words: Words) -> str:
    """What each tier picks of what, by when, and what falls to those who do not."""
    picks = joined([f"{words.tier(tier)} picks {n}" for tier, n in given.picks.items()])
    options = joined([_option(option, telling, words) for option in given.options.values()], "or")
    again = ", the same more than once if wanted" if given.repeated else ""
    rest = telling.text(given.options[given.default].name) if given.default else "nothing"
    return f"{PER[given.per]} {picks} of {options}{again}, {by(given.by)}, else {rest}"


def _option(given: Option, telling: Telling, words: Words) -> str:
    least = f", from {words.tier(given.at_least)} up" if given.at_least else ""
    return f"{telling.text(given.name)} ({gifts(given.gives, telling, words)}{least})"


def campaign(given: Campaign, telling: Telling, words: Words) -> str:
    """What is given to whom, and when."""
    tiers = f", for {joined([words.tier(tier) for tier in given.tiers], 'or')}" if given.tiers else ""
    only = f", for members with {condition(given.when)}" if given.when else ""
    return f"{gifts(given.gives, telling, words)} from {said(given.first)} through {said(given.through)}{tiers}{only}"


def sharing(given: Sharing, words: Words) -> str:
    """Who shares which tier with how many, and for how long."""
    who = joined([
        f"who is {words.tier(tier)} for life {'the tier held' if shared == 'current' else words.tier(shared)}"
        for tier, shared in given.lifetime.items()
    ])  # fmt: skip
    return f"shares with {many(given.companions, 'companion')}, through {by(given.through).removeprefix('by ')}: {who}"


def lines(telling: Telling, words: Words) -> Iterator[str]:
    """All that is given beside the chart, a line each."""
    file = telling.chart.file
    for one in file.instruments:
        yield f"{telling.text(one.name)}: {instrument(one)}"
    for pick in file.choices:
        yield f"{telling.text(pick.name)}: {choice(pick, telling, words)}"
    for given in file.campaigns:
        yield f"{telling.text(given.name)}: {campaign(given, telling, words)}"
    for shared in file.sharing:
        yield f"{telling.text(shared.name)}: {sharing(shared, words)}"


def alike(telling: Telling, words: Words) -> Iterator[str]:
    """Which tiers have what another has, and in what they do not."""
    for like in telling.chart.file.like:
        but = joined([telling.text(telling.chart.benefits[name].name) for name in like.but]) if like.but else ""
        yield f"{words.tier(like.tier)} has what {words.tier(like.same)} has{f', but for {but}' if but else ''}"


def totals(telling: Telling, words: Words) -> str:
    """How large the chart is: `2 categories, 11 benefits, 18 cells (Silver 7, Gold 11)`."""
    found = telling.chart.totals
    tiers = ", ".join(f"{words.tier(tier)} {number(n)}" for tier, n in found["per_tier"].items())
    categories = "category" if found["categories"] == 1 else "categories"
    text = f"{found['categories']} {categories}, {many(found['benefits'], 'benefit')}, {many(found['cells'], 'cell')}"
    return f"{text} ({tiers})" if tiers else text
