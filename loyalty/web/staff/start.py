"""The first page: what each role is to see when it comes in."""

from typing import Any

from flask import render_template
from sqlalchemy import func, select

from loyalty.desk.tables import Approval
from loyalty.insight.snapshots import SnapshotDay, last_snapshot, snapshots
from loyalty.jobs.health import health
from loyalty.status.words import tier_name
from loyalty.web.site import Site, here
from loyalty.web.staff.finding import recent
from loyalty.web.staff.guard import WHOLE, may, needs, pages
from loyalty.web.staff.rates import rates_told


@pages.get("")
@needs(WHOLE)
def start() -> str:
    """Each part for those who may see it."""
    site = here()
    return render_template(
        "staff/start.html", seeking=True, recent=recent(site) if may("member.read") else [],
        overview=overview(site) if may("overview.read") else None,
        waiting=_waiting(site) if may("approval.read") else None, jobs=_late(site) if may("jobs.read") else None,
        rates=rates_told(site) if may("overview.read") else None, zone=site.program.zone.key,
    )  # fmt: skip


def overview(site: Site) -> dict[str, Any] | None:
    """Members per tier at the end of the last day that was kept, and the moves of its month; none before the first."""
    last = last_snapshot(site.reading)
    if last is None:
        return None
    days = snapshots(site.reading, last.replace(day=1), last)
    tiers = [(_tier(site, tier), days[-1].members(tier)) for tier in site.program.tiers]
    return {"day": last, "tiers": tiers, "all": sum(count for _name, count in tiers), "moves": _moves(site, days),
            "waiting": days[-1].waiting}  # fmt: skip


def _moves(site: Site, days: list[SnapshotDay]) -> list[tuple[str, str, int]]:
    found: dict[tuple[str, str], int] = {}
    for day in days:
        for old, new, members in day.moves:
            found[old, new] = found.get((old, new), 0) + members
    return [(_tier(site, old), _tier(site, new), members) for (old, new), members in found.items()]


def _tier(site: Site, tier: str) -> str:
    return tier_name(site.program, tier, site.language.code) if tier else ""


def _waiting(site: Site) -> int:
    query = select(func.count()).select_from(Approval).where(Approval.state == "waiting")
    return site.reading.scalar(query) or 0


def _late(site: Site) -> list[tuple[str, Any]]:
    """The jobs that are late: what each does, and since when; none where it has never run."""
    return [(site.language.say(one.does), one.late_since) for one in health(site.deployment, site.now) if one.late]
