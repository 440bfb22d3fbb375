"""The further words of a ladder in words: lapse, counters, deposits, lifetime, milestones, offers, overrides."""

from calendar import month_name
from collections.abc import Iterator

from loyalty.program.gifts import Choice, Deadline, Gift
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
from loyalty.program.words import (
    Words,
    after,
    condition,
    english,
    grace,
    joined,
    many,
    number,
    said,
    title,
    validity,
    window,
)


def keeping(words: Words) -> str:
    """When it is settled that a tier is kept."""
    ladder = words.ladder
    if ladder.keep == "as_earned":
        return "Kept as soon as a path is met"
    counted = f", counted in {window(ladder.keep_window)}" if ladder.keep_window else ""
    return f"Kept or lost on the day on which the tier ends{counted}"


def lapse(words: Words) -> str:
    """What happens at the end of validity."""
    given = words.ladder.lapse
    if not isinstance(given, Lapse):
        return "When not kept: the highest tier still earned"
    parts = [f"held {grace(given.grace)}, then"] if given.grace else []
    parts.append("one tier down" if given.to == "one_tier_down" else "the highest tier still earned")
    parts += [validity(given.validity)] if given.validity else []
    floor = f"; who once earned {words.tier(given.floor)} never falls below it" if given.floor else ""
    return f"When not kept: {' '.join(parts)}{floor}"


def counter(name: str, given: Counter, words: Words) -> str:
    """What becomes of a counter when a tier is reached and when its window ends."""
    met = {
        "keep": "not set back when a tier is reached",
        "zero": "set to zero when a tier is reached",
        "pay": "the threshold is taken off when a tier is reached",
    }[given.when_met]
    over = f"; {rollover(name, given.rollover, words)}" if given.rollover else ""
    return f"{title(words.unit(name))}: {met}{over}"


def rollover(name: str, given: Rollover, words: Words) -> str:
    """What of a counter opens the next window."""
    what = "the whole total" if given.of == "all" else "what is above the threshold of the tier earned"
    share = "" if given.percent == 100 else f"{number(given.percent)} % of "
    text = f"{share}{what} goes into the next window"
    text += f", at most {amount(name, given.most, words)}" if given.most is not None else ""
    text += ", once" if given.once else ""
    text += f", for who earned {words.tier(given.earned)} or higher" if given.earned else ""
    return text + (", not for who earned less than the tier held" if given.unless_fallen else "")


def amount(unit: str, given: Amount, words: Words) -> str:
    """An amount, the same for all or by tier."""
    if isinstance(given, ByTier):
        return joined([f"{words.figure(unit, value)} for {words.tier(tier)}" for tier, value in given.tier.items()])
    return words.figure(unit, given)


def deposit(given: Deposit, words: Words) -> str:
    """An amount that opens each window."""
    only = f", for members with {condition(given.when)}" if given.when else ""
    return f"Every window opens with {amount(given.unit, given.amount, words)}{only}"


def accrual(given: Accrual, words: Words) -> str:
    """A lifetime counter that grows with time."""
    days = joined([f"{number(value)} as {words.tier(tier)}" for tier, value in given.per_day.items()])
    through = f", through {said(given.through)}" if given.through else ""
    return f"{title(words.unit(given.counter))} grow by every day: {days}{through}"


def gift(given: Gift, words: Words) -> str:
    """What is granted."""
    if given.unit is not None:
        return words.figure(given.unit, given.amount)
    expires = f", valid {validity(given.expires)}" if given.expires else ""
    return f"{number(given.amount)} × {(given.instrument or '').replace('_', ' ')}{expires}"


def milestone(given: Milestone, words: Words) -> str:
    """What is granted at which threshold."""
    by_counter = {first_counter(path) or "": given.every_of(path) for path in given.paths}
    figures = [words.figure(counter, amount) for counter, amount in by_counter.items() if amount is not None]
    again = f", again every {' or '.join(figures)}" if figures else ""
    most = f", at most {many(given.most, 'time')}" if given.most is not None else ""
    gives = choice(given.choice, words) if given.choice else joined([gift(one, words) for one in given.gives])
    back = "; kept when activity is reversed" if given.reversal == "keep" else ""
    return f"{english(given.name)}: at {words.paths(given.paths)}{again}{most}: {gives}{back}"


def choice(given: Choice, words: Words) -> str:
    """Options of which the member picks."""
    options = " or ".join(_option(name, gifts, words) for name, gifts in given.options.items())
    rest = f"else {given.default.replace('_', ' ')}" if given.default else "else nothing"
    return f"{given.pick} to choose of {options}, {by(given.by)}, {rest}"


def _option(name: str, gifts: tuple[Gift, ...], words: Words) -> str:
    inside = f" ({joined([gift(one, words) for one in gifts])})" if gifts else ""
    return name.replace("_", " ") + inside


def by(given: Deadline) -> str:
    """A deadline: `by January 31 of the next year`, `within 30 days`."""
    if given.days is not None:
        return f"within {many(given.days, 'day')}"
    return f"by {month_name[given.month or 1]} {given.day} {after(given.years_after)}"


def offer(given: Offer, words: Words) -> str:
    """Status on trial and how it is confirmed."""
    text = f"{english(given.name)}: {joined([words.tier(tier) for tier in given.tiers], 'or')} {validity(given.trial)}"
    if given.goal is not None and given.then is not None:
        text += f"; confirmed with {words.path(given.goal)} in that time: {validity(given.then)}"
    text += f"; for members with {condition(given.when)}" if given.when else ""
    return text + (f"; again after {many(given.again_after, 'month')}" if given.again_after is not None else "; once")


def override(given: Override) -> str:
    """Other figures for a group and a time."""
    span = f"from {said(given.first)} through {said(given.through)}"
    only = f", for members with {condition(given.when)}" if given.when else ""
    if given.extend is not None:
        return f"Tiers that end {span} hold through {said(given.extend)}{only}"
    return f"Windows that begin {span}: {number(given.thresholds or 0)} % of every threshold{only}"


def lines(words: Words) -> Iterator[str]:
    """All that the ladder says beside the tiers and their paths, a line each."""
    ladder = words.ladder
    yield f"Counted in {window(ladder.main)}"
    for stretched in ladder.stretched:
        yield f"The window of {said(stretched.day)} goes from {said(stretched.first)} through {said(stretched.through)}"
    yield f"Held {validity(ladder.validity)}"
    if ladder.keep_validity:
        yield f"When kept, held on {validity(ladder.keep_validity)}"
    yield keeping(words)
    yield lapse(words)
    if ladder.reversal == "keep_until_end":
        yield "A reversal takes no tier before its end"
    for life in ladder.lifetime:
        yield f"For life, {words.tier(life.tier)}: {words.path(life.path)}{' in all' if guarded(life.path).needs else ''}"
    yield from (counter(name, given, words) for name, given in ladder.counters.items())
    yield from (deposit(given, words) for given in ladder.deposits)
    yield from (accrual(given, words) for given in ladder.accruals)
    yield from (milestone(given, words) for given in ladder.milestones)
    yield from (offer(given, words) for given in ladder.offers)
    yield from (override(given) for given in ladder.overrides)
    if ladder.waiver:
        within = joined([words.figure(unit, value) for unit, value in ladder.waiver.within.items()])
        yield f"Staff may waive up to {within}"
