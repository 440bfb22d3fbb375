"""Which units something feeds and which tiers somebody can have, by the rules of one edition."""

from dataclasses import dataclass
from decimal import Decimal

from loyalty.program.gifts import Gift
from loyalty.program.ladder import ByTier, Deposit, LadderFile, Lapse, Milestone, Path, Tier, guarded
from loyalty.program.load import Edition


@dataclass(frozen=True)
class Fed:
    """The units that grow and the tiers that can be had; of the ladder, `order` is its tiers from the lowest."""

    units: frozenset[str]
    tiers: frozenset[str]
    order: tuple[str, ...]

    def missing(self, path: Path) -> list[str]:
        """The counters of a path that nothing feeds."""
        return [name for name, value in guarded(path).needs.items() if value > 0 and name not in self.units]

    def locked(self, path: Path) -> str | None:
        """The tier that a path asks for and that nobody can have, nor a higher one."""
        long = guarded(path)
        asked = [long.holds] + ([long.held.tier] if long.held else [])
        return next((name for name in asked if name is not None and not self.had(name)), None)

    def had(self, tier: str) -> bool:
        """Whether somebody can have a tier or a higher one."""
        return bool(self.tiers & set(self.order[self.order.index(tier) :]))

    def open(self, path: Path) -> bool:
        """Whether somebody can take a path."""
        return not self.missing(path) and self.locked(path) is None


def fed_by(edition: Edition, before: frozenset[str] = frozenset()) -> Fed:
    """All that the rules can give: what one thing gives may open another, until nothing is added.

    The units that earlier editions fed may still be there, rolled over or counted for life.
    """
    ladder = edition.ladder
    offered = {tier for offer in ladder.offers for tier in offer.tiers}
    given = {ladder.base, *offered, *(tier.id for tier in ladder.tiers if tier.invitation)}
    lines = {line.unit for line in edition.earning.lines if line.through is None or line.through >= edition.begins}
    fed = Fed(before | lines, frozenset(given), tuple(tier.id for tier in ladder.tiers))
    while (more := _more(fed, ladder)) != fed:
        fed = more
    return fed


def _more(fed: Fed, ladder: LadderFile) -> Fed:
    tiers = {tier.id for tier in ladder.tiers if _reached(tier, fed)}
    tiers |= {life.tier for life in ladder.lifetime if fed.open(life.path)}
    if isinstance(ladder.lapse, Lapse) and ladder.lapse.to == "one_tier_down":
        tiers |= {_below(n, ladder) for n, tier in enumerate(ladder.tiers) if n and tier.id in fed.tiers}
    units = {deposit.unit for deposit in ladder.deposits if _deposited(deposit, fed)}
    units |= {
        accrual.counter
        for accrual in ladder.accruals
        if any(value > 0 and fed.had(tier) for tier, value in accrual.per_day.items())
    }
    units |= {
        gift.unit
        for milestone in ladder.milestones
        if any(map(fed.open, milestone.paths))
        for gift in _gifts(milestone)
        if gift.unit
    }
    return Fed(fed.units | units, fed.tiers | tiers, fed.order)


def _reached(tier: Tier, fed: Fed) -> bool:
    """Somebody can take one of its paths; one that asks for the tier itself, or a higher one, gives it to nobody anew."""
    return (tier.layer_on is None or fed.had(tier.layer_on)) and any(fed.open(path) for path in tier.reach)


def _below(n: int, ladder: LadderFile) -> str:
    """The tier on which one who falls from the n-th lands."""
    return next(tier.id for tier in reversed(ladder.tiers[:n]) if tier.layer_on is None)


def _deposited(deposit: Deposit, fed: Fed) -> bool:
    if isinstance(deposit.amount, ByTier):
        return any(value > 0 and tier in fed.tiers for tier, value in deposit.amount.tier.items())
    return deposit.amount > Decimal(0)


def _gifts(milestone: Milestone) -> list[Gift]:
    chosen = [gift for gifts in milestone.choice.options.values() for gift in gifts] if milestone.choice else []
    return [*milestone.gives, *chosen]
