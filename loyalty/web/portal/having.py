"""What a member has, as its page needs it: by category, what is left, what there is to pick, companions, what comes next."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyalty.benefits.holding import HeldFor, held_for
from loyalty.benefits.instruments import used_alone
from loyalty.benefits.sharing import rules_on, tier_to_share
from loyalty.benefits.told import Benefits, Has, Right, ToPick, With, benefits_of
from loyalty.i18n import Language
from loyalty.program.additions import Told, gained
from loyalty.program.catalog import Sharing
from loyalty.program.load import Edition
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories
from loyalty.status.words import tier_name
from loyalty.web.site import Site


@dataclass(frozen=True)
class Mine:
    """A benefit that the member has, with a line for each value of its parameter, and what it means."""

    name: str
    flag: bool
    lines: tuple[tuple[str | None, str], ...]
    everyone: bool
    about: tuple[str, ...]


@dataclass(frozen=True)
class Left:
    """An entitlement: what it is good for, which requests hold some of it, whether one may be used here."""

    right: Right
    about: str
    held: tuple[HeldFor, ...]
    usable: bool


@dataclass(frozen=True)
class Share:
    """A way to share the status: with so many at a time, and the tier that each would be given."""

    id: str
    name: str
    companions: int
    tier: str


@dataclass(frozen=True)
class Having:
    """The whole page."""

    told: Benefits
    groups: tuple[tuple[str, tuple[Mine, ...]], ...]
    left: tuple[Left, ...]
    shares: tuple[Share, ...]
    may_name: int
    next_name: str
    adds: tuple[Told, ...]

    @property
    def open_shares(self) -> list[Share]:
        """The ways to share with which nobody, or not everybody, is named yet."""
        taken = [one.sharing for one in self.told.companions]
        return [one for one in self.shares if taken.count(one.id) < one.companions]

    @property
    def named(self) -> list[With]:
        """Companions for benefits, who share no status."""
        return [one for one in self.told.companions if one.sharing is None]


def having(site: Site) -> Having:
    """What the member who is signed in has today. The number of statements does not grow with it."""
    account, edition, language = site.account, site.edition, site.language
    told = benefits_of(site.reading, site.program, account, site.today, language.code)
    held = held_for(site.reading, account.member_id)
    following = told.next_tier if told.tier else None
    return Having(
        told,
        tuple(_groups(edition, told.chart, language)),
        tuple(_left(edition, told.rights, held, language)),
        tuple(_shares(site, account, edition)) if told.tier else (),
        most_companions(edition, told.tier),
        tier_name(site.program, following, language.code) if following else "",
        tuple(gained(edition, told.tier or "", following, language)) if following else (),
    )


def _groups(edition: Edition, chart: Sequence[Has], language: Language) -> Iterator[tuple[str, tuple[Mine, ...]]]:
    by_benefit: dict[str, list[Has]] = {}
    for has in chart:
        by_benefit.setdefault(has.benefit, []).append(has)
    for category in edition.benefits.categories:
        mine = [_mine(edition, lines, language) for lines in by_benefit.values() if lines[0].category == category.id]
        if mine:
            yield language.own(category.name), tuple(mine)


def _mine(edition: Edition, lines: Sequence[Has], language: Language) -> Mine:
    benefit = edition.chart.benefits[lines[0].benefit]
    about = tuple(language.own(text) for text in (benefit.sentence, benefit.small_print) if text)
    values = tuple((one.parameter, one.words) for one in lines)
    return Mine(lines[0].name, benefit.kind == "flag", values, not any(one.by for one in lines), about)


def _left(edition: Edition, rights: Sequence[Right], held: Sequence[HeldFor], language: Language) -> Iterator[Left]:
    sentences: Mapping[str, Mapping[str, str] | None] = {
        **{one.id: one.sentence for one in edition.benefits.benefits},
        **{one.id: one.sentence for one in edition.benefits.instruments},
    }
    usable = set(used_alone(edition))
    for right in rights:
        about = sentences.get(right.what)
        mine = tuple(one for one in held if one.entitlement == right.number)
        yield Left(right, language.own(about) if about else "", mine, right.what in usable and right.left > 0)
        if right.left:
            usable.discard(right.what)  # what ends first is used first


def most_companions(edition: Edition, tier: str | None) -> int:
    """With how many companions, at the most, one of a tier has a benefit: so many may be named."""
    chart = edition.chart
    shared = {one.companions for one in chart.file.benefits if one.companions is not None}
    values = [chart.given(name, tier) for name in shared] if tier is not None else []
    return max((value for value in values if isinstance(value, int)), default=0)


def _shares(site: Site, account: Account, edition: Edition) -> Iterator[Share]:
    rules: Sequence[Sharing] = rules_on(site.program, site.today)
    if not rules:
        return
    history = histories(site.reading, rules_of(site.program), [account])[account.member_id]
    for rule in rules:
        tier = tier_to_share(site.program, history, rule, site.today)
        if tier is not None:
            name = tier_name(site.program, tier, site.language.code)
            yield Share(rule.id, site.language.own(rule.name), rule.companions, name)


def options_named(choice: ToPick, picked: Sequence[str], language: Language) -> str:
    """Some options of a choice by their names."""
    names = {one.option: one.name for one in choice.options}
    return language.listed([names.get(one, one) for one in picked])
