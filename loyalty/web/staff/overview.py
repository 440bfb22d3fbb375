"""What the first page tells of all members: how many hold each tier, who moved, what points are outstanding. From what the
nights kept, so that it costs the same however many members there are."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from loyalty.i18n import _
from loyalty.insight.snapshots import (
    last_snapshot,
    moves_between,
    points_between,
    points_on,
    tiers_on,
    waiting_on,
)
from loyalty.status.words import tier_name
from loyalty.web.drawing_levels import Level, levels_drawn
from loyalty.web.drawing_points import points_drawn
from loyalty.web.portal.balances import exact, spendable
from loyalty.web.portal.telling import unit_name
from loyalty.web.site import Site

#: So far back figures are shown: weeks in drawings, ends of months in tables.
WEEKS, MONTHS = 52, 12


def shown_days(last: date) -> list[date]:
    """The days of drawings, first to last: one for each week of a year."""
    return [last - timedelta(weeks=n) for n in range(WEEKS, -1, -1)]


def month_ends(last: date) -> list[date]:
    """The days of tables, the newest first: the last one, then the last days of the months before."""
    found = [last]
    for _month in range(MONTHS):
        found.append(found[-1].replace(day=1) - timedelta(days=1))
    return found


def members_told(site: Site) -> dict[str, Any] | None:
    """Members per tier at the end of the last day that was kept and over a year, and the moves of its month; none before the
    first day."""
    last = last_snapshot(site.reading)
    if last is None:
        return None
    days, ends = shown_days(last), month_ends(last)
    found = tiers_on(site.reading, {*days, *ends})
    kept = [day for day in days if day in found]
    levels = [Level(_tier(site, tier), _colour(site, tier), [found[day].get(tier, 0) for day in kept])
              for tier in site.program.tiers]  # fmt: skip
    months = [(day, [found[day].get(tier, 0) for tier in site.program.tiers]) for day in ends if day in found]
    then = found[kept[0]] if kept else {}
    return {
        "day": last, "since": kept[0] if kept else last, "waiting": waiting_on(site.reading, last),
        "chart": levels_drawn(kept, levels, site.language.say(_("Members per tier")), site.language),
        "tiers": [(tier, _tier(site, tier), found.get(last, {}).get(tier, 0),
                   found.get(last, {}).get(tier, 0) - then.get(tier, 0)) for tier in site.program.tiers],
        "names": [_tier(site, tier) for tier in site.program.tiers], "months": months,
        **_moves(site, moves_between(site.reading, last.replace(day=1), last)),
    }  # fmt: skip


def _moves(site: Site, moves: Iterable[tuple[str, str, int]]) -> dict[str, Any]:
    """Who went from where to where, up and down, and how many of each way."""
    ranks = {tier: rank for rank, tier in enumerate(site.program.tiers)}
    sums, rows = dict.fromkeys(("up", "down", "joined", "left"), 0), []
    for old, new, members in moves:
        if not old or not new:
            way = "left" if old else "joined"
        else:
            way = "up" if ranks.get(new, -1) > ranks.get(old, -1) else "down"
        sums[way] += members
        rows.append((way, _tier(site, old), _tier(site, new), members))
    return {"moves": rows, "sums": sums}


def _tier(site: Site, tier: str) -> str:
    return tier_name(site.program, tier, site.language.code) if tier else ""


def _colour(site: Site, tier: str) -> str:
    brand = site.program.file.brand
    return brand.cards[tier].colour if tier in brand.cards else brand.colour


def points_told(site: Site) -> dict[str, Any] | None:
    """The points of each unit that members held at the end of the last day that was kept and over a year, what came and went in
    its month; none before the first day."""
    last = last_snapshot(site.reading)
    if last is None:
        return None
    days, ends = shown_days(last), month_ends(last)
    found, moved = points_on(site.reading, {*days, *ends}), points_between(site.reading, last.replace(day=1), last)
    units = [_unit(site, unit, found[unit], moved.get(unit, (0, 0)), (days, ends)) for unit in spendable(site) if unit in found]
    return {"day": last, "units": units}


def _unit(
    site: Site, unit: str, held: dict[date, int], moved: tuple[int, int], when: tuple[list[date], list[date]]
) -> dict[str, Any]:  # fmt: skip
    days, ends = when
    name, last = unit_name(site.program, unit, site.language), days[-1]
    course: list[tuple[date, Decimal]] = [(day, exact(site, unit, held[day])) for day in days if day in held]
    title = site.language.say(_("{unit} outstanding"), unit=name)
    came, went = (exact(site, unit, amount) for amount in moved)
    return {
        "name": name, "now": exact(site, unit, held.get(last, 0)), "came": came, "went": went,
        "chart": points_drawn(course, last, title, site.language) if len(course) > 1 else "",
        "months": [(day, exact(site, unit, held[day])) for day in ends if day in held],
    }  # fmt: skip
