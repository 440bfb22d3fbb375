"""Cross-checks of what benefits.yaml gives beside its chart: instruments, choices, campaigns, status that is shared."""

from collections.abc import Iterator

from loyalty.program.benefit_checks import check_per_window
from loyalty.program.catalog import BenefitsFile, Campaign, Choice, Sharing
from loyalty.program.conditions import Tell
from loyalty.program.gifts import Gift
from loyalty.program.grant_checks import check_deadline, check_gift
from loyalty.program.ladder import LadderFile
from loyalty.program.names import Names, unknown
from loyalty.program.problems import listed
from loyalty.program.reader import Way
from loyalty.program.window_checks import check_validity


def check_given(file: BenefitsFile, ladder: LadderFile, names: Names) -> None:
    """Choices, campaigns and sharing against the ladder, the units and the instruments."""
    _names(file, names)
    for n, choice in enumerate(file.choices):
        _choice(choice, file, ladder, names, ("choices", n))
    for n, campaign in enumerate(file.campaigns):
        _campaign(campaign, file, ladder, names, ("campaigns", n))
    for n, sharing in enumerate(file.sharing):
        _sharing(sharing, ladder, names, ("sharing", n))


def check_milestones(ladder: LadderFile, file: BenefitsFile, tell: Tell) -> None:
    """What milestones of ladder.yaml give is declared, where instruments are declared at all."""
    declared = [instrument.id for instrument in file.instruments]
    for way, gift in milestone_gifts(ladder):
        if declared and gift.instrument is not None and gift.instrument not in declared:
            tell((*way, "instrument"), f"{unknown('instrument', gift.instrument, declared)} They stand in benefits.yaml.")


def milestone_gifts(ladder: LadderFile) -> Iterator[tuple[Way, Gift]]:
    """Every gift of a ladder's milestones, those to choose among them."""
    for n, milestone in enumerate(ladder.milestones):
        for g, gift in enumerate(milestone.gives):
            yield ("milestones", n, "gives", g), gift
        for option, gifts in milestone.choice.options.items() if milestone.choice else ():
            for g, gift in enumerate(gifts):
                yield ("milestones", n, "choice", "options", option, g), gift


def _names(file: BenefitsFile, names: Names) -> None:
    """An instrument and a benefit with a quota are both used by their name."""
    counted = {benefit.id for benefit in file.benefits if benefit.quota is not None}
    for n, instrument in enumerate(file.instruments):
        if instrument.id in counted:
            names.tell(
                ("instruments", n, "id"), f"found {instrument.id}, as a benefit with a quota is called; allowed: another name"
            )


def _choice(choice: Choice, file: BenefitsFile, ladder: LadderFile, names: Names, way: Way) -> None:
    names.by_tier(choice.picks, (*way, "picks"))
    if choice.per == "window":
        check_per_window(ladder, names, (*way, "per"), choice.per)
    check_deadline(choice.by, (*way, "by"), names)
    for option, about in choice.options.items():
        names.tier(about.at_least, (*way, "options", option, "at_least"))
        _gifts(about.gives, file, ladder, names, (*way, "options", option, "gives"))
    if choice.default is not None and choice.default not in choice.options:
        names.tell((*way, "default"), unknown("option", choice.default, list(choice.options)))
    elif choice.default is not None:
        _default(choice, choice.default, names, (*way, "default"))


def _default(choice: Choice, name: str, names: Names, way: Way) -> None:
    """What those get who did not pick: nothing that has to be booked, and open to all of them."""
    option = choice.options[name]
    units = [gift.unit for gift in option.gives if gift.unit is not None]
    if units:
        names.tell(way, f"found {name}, which gives {listed(units)}; allowed: an option that gives instruments only")
    if option.at_least in names.tiers:
        lowest = names.tiers.index(option.at_least)
        barred = [tier for tier in names.tiers[:lowest] if tier in choice.picks]
        if barred:
            names.tell(way, f"found {name}, which {listed(barred)} may not pick; allowed: an option for every tier of picks")


def _gifts(gifts: tuple[Gift, ...], file: BenefitsFile, ladder: LadderFile, names: Names, way: Way) -> None:
    declared = [instrument.id for instrument in file.instruments]
    for n, gift in enumerate(gifts):
        check_gift(gift, (*way, n), names)
        if gift.instrument is not None and gift.instrument not in declared:
            names.tell((*way, n, "instrument"), unknown("instrument", gift.instrument, declared))
        if gift.expires is not None:
            check_validity(gift.expires, [ladder.main], (*way, n, "expires"), names)


def _campaign(campaign: Campaign, file: BenefitsFile, ladder: LadderFile, names: Names, way: Way) -> None:
    for n, tier in enumerate(campaign.tiers):
        names.tier(tier, (*way, "tiers", n))
    names.when(campaign.when, (*way, "when"))
    _gifts(campaign.gives, file, ladder, names, (*way, "gives"))
    for n, gift in enumerate(campaign.gives):
        if gift.unit is not None:
            names.tell((*way, "gives", n, "unit"), f"found {gift.unit}; allowed: instruments only")


def _sharing(sharing: Sharing, ladder: LadderFile, names: Names, way: Way) -> None:
    lifetime = list(dict.fromkeys(life.tier for life in ladder.lifetime))
    for tier, given in sharing.lifetime.items():
        here: Way = (*way, "lifetime", tier)
        if tier not in lifetime:
            names.tell(here, unknown("lifetime tier", tier, lifetime))
        if given == names.tiers[0]:
            names.tell(here, f"found {given}, which every member has; allowed: {listed([*names.tiers[1:], 'current'])}")
        elif given != "current" and given not in names.tiers:
            names.tell(here, unknown("tier", given, [*names.tiers[1:], "current"]))
    if sharing.through.month is None:
        names.tell((*way, "through", "days"), f"found {sharing.through.days}; allowed: a month and a day of the year")
    else:
        check_deadline(sharing.through, (*way, "through"), names)
