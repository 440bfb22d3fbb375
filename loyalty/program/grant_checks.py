"""Cross-checks of what a ladder grants beside its tiers: milestones with their gifts and choices, offers; and overrides."""

from calendar import monthrange
from decimal import Decimal

from loyalty.program.gifts import Choice, Deadline, Gift
from loyalty.program.ladder import LadderFile, Milestone, Offer, Override, first_counter, guarded
from loyalty.program.names import Names, unknown
from loyalty.program.problems import listed
from loyalty.program.reader import Way


def check_grants(ladder: LadderFile, names: Names) -> None:
    """The figures, gifts, choices and tiers of milestones, offers and overrides; their paths are looked at with all others."""
    for n, milestone in enumerate(ladder.milestones):
        _milestone(milestone, ("milestones", n), names)
    for n, offer in enumerate(ladder.offers):
        _offer(offer, ("offers", n), names)
    for n, override in enumerate(ladder.overrides):
        _override(override, ("overrides", n), names)


def _milestone(milestone: Milestone, way: Way, names: Names) -> None:
    windows = {guarded(path).window for path in milestone.paths}
    if len(windows) > 1:
        names.tell((*way, "at"), "found paths that are counted in several windows; allowed: one window for all of them")
    if milestone.every is not None:
        _every(milestone, (*way, "every"), names)
    elif milestone.most is not None:
        names.tell((*way, "most"), "found no every, so it is met once; allowed: most with every")
    for n, gift in enumerate(milestone.gives):
        check_gift(gift, (*way, "gives", n), names)
    if milestone.choice is not None:
        _choice(milestone.choice, (*way, "choice"), names)


def _every(milestone: Milestone, way: Way, names: Names) -> None:
    first = list(dict.fromkeys(first_counter(path) for path in milestone.paths))
    if not isinstance(milestone.every, dict):
        if len(first) > 1:
            begins = listed([one or "no counter" for one in first])
            names.tell(way, f"found paths that begin with {begins}; allowed: every by counter, such as {{{first[0]}: ...}}")
        _again(first[0], milestone.every or Decimal(0), way, names)
        return
    for counter, amount in milestone.every.items():
        if counter not in first:
            names.tell(
                (*way, counter), f"found {counter}, first in no path of at; allowed: {listed([one for one in first if one])}"
            )
            continue
        _again(counter, amount, (*way, counter), names)


def _again(counter: str | None, amount: Decimal, way: Way, names: Names) -> None:
    if counter is None or (counter in names.units and names.units[counter].kind != "counter"):
        names.tell(way, f"found {counter or 'no counter'} first in at; allowed: a counter first")
    names.figure(counter, amount, way)
    if not amount:
        names.tell(way, "found 0; allowed: above 0")


def check_gift(gift: Gift, way: Way, names: Names) -> None:
    """One gift: a figure of a unit, or a whole number of an instrument."""
    if gift.unit is not None:
        names.unit(gift.unit, (*way, "unit"))
        names.figure(gift.unit, gift.amount, (*way, "amount"))
        if gift.expires is not None:
            names.tell((*way, "expires"), f"found the unit {gift.unit}; allowed: expires of an instrument")
    elif gift.amount < 1 or gift.amount % 1:
        names.tell((*way, "amount"), f"found {gift.amount}; allowed: a whole number of {gift.instrument}, 1 or more")


def _choice(choice: Choice, way: Way, names: Names) -> None:
    for option, gifts in choice.options.items():
        for n, gift in enumerate(gifts):
            check_gift(gift, (*way, "options", option, n), names)
    if choice.default is not None and choice.default not in choice.options:
        names.tell((*way, "default"), unknown("option", choice.default, list(choice.options)))
    if choice.pick > len(choice.options):
        names.tell((*way, "pick"), f"found {choice.pick}; allowed: at most {len(choice.options)}, as many as there are options")
    check_deadline(choice.by, (*way, "by"), names)


def check_deadline(by: Deadline, way: Way, names: Names) -> None:
    """A day of the year that every year has."""
    last = 31 if by.month is None else monthrange(2023, by.month)[1]  # a year of 365 days: the day must be in every year
    if by.day > last:
        names.tell((*way, "day"), f"found {by.day}; allowed: {last} or less, as every year has in month {by.month}")


def _offer(offer: Offer, way: Way, names: Names) -> None:
    for n, tier in enumerate(offer.tiers):
        names.tier(tier, (*way, "tiers", n))
        if tier == names.tiers[0]:
            names.tell((*way, "tiers", n), f"found {tier}, which every member has; allowed: {listed(names.tiers[1:])}")
    names.when(offer.when, (*way, "when"))


def _override(override: Override, way: Way, names: Names) -> None:
    names.when(override.when, (*way, "when"))
    if override.thresholds is not None and override.thresholds < 0:
        names.tell((*way, "thresholds"), f"found {override.thresholds}; allowed: 0 or more")
    if override.extend is not None and override.extend <= override.first:
        names.tell(
            (*way, "extend"), f"found {override.extend}, which ends nothing later; allowed: a day after {override.first}"
        )
