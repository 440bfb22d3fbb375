"""What a member can spend."""

from decimal import Decimal

from loyalty.ledger.queries import balances
from loyalty.status.words import unit_of
from loyalty.web.site import Site


def spendable(site: Site) -> list[str]:
    """The units that are spent, as the edition of today has them, then those of before."""
    editions = [site.edition, *reversed(site.program.editions)]
    found = (name for edition in editions for name, unit in edition.units.units.items() if unit.kind == "points")
    return list(dict.fromkeys(found))


def exact(site: Site, unit: str, amount: int) -> Decimal:
    """An amount of a unit's smallest step, in the unit."""
    return Decimal(amount).scaleb(-unit_of(site.program, unit).decimals)


def spendable_balances(site: Site, member_id: int) -> list[tuple[str, Decimal]]:
    """The name and the balance of each spendable unit."""
    sums = balances(site.reading, member_id)
    names = [(name, site.language.own(unit_of(site.program, name).name)) for name in spendable(site)]
    return [(told, exact(site, name, sums.get(name, 0))) for name, told in names]
