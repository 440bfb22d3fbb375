"""The first page: what each role is to see when it comes in."""

from flask import render_template
from sqlalchemy import func, select

from loyalty.desk.tables import Approval
from loyalty.jobs.health import health
from loyalty.jobs.timetable import jobs
from loyalty.web.site import Site, here
from loyalty.web.staff.finding import recent
from loyalty.web.staff.guard import WHOLE, may, needs, pages
from loyalty.web.staff.jobs_told import job_told
from loyalty.web.staff.overview import members_told, points_told
from loyalty.web.staff.rates import rates_told


@pages.get("")
@needs(WHOLE)
def start() -> str:
    """Each part for those who may see it."""
    site = here()
    return render_template(
        "staff/start.html", seeking=True, recent=recent(site) if may("member.read") else [],
        overview=members_told(site) if may("overview.read") else None,
        points=points_told(site) if may("overview.read") or may("finance.read") else None,
        waiting=_waiting(site) if may("approval.read") else None, jobs=_late(site) if may("jobs.read") else None,
        rates=rates_told(site) if may("overview.read") else None, zone=site.program.zone.key,
    )  # fmt: skip


def _waiting(site: Site) -> int:
    query = select(func.count()).select_from(Approval).where(Approval.state == "waiting")
    return site.reading.scalar(query) or 0


def _late(site: Site) -> list[tuple[str, str, str]]:
    """The jobs that are late, the latest first, then those that have never run: name, what each is called, for how long."""
    known = jobs(site.deployment.settings)
    late = [one for one in health(site.deployment, site.now) if one.late]
    late.sort(key=lambda one: one.late_since or site.now)
    told = [job_told(known[one.job], one, site.now, site.language) for one in late]
    return [(one.name, one.label, one.late) for one in told]
