"""Jobs: how each stands, its runs, and a run asked for; the schedule does it, not the page."""

from typing import Any

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.jobs.asking import RUN, ask_run
from loyalty.jobs.health import health, history
from loyalty.jobs.leading import is_led
from loyalty.jobs.tables import Run, RunChunk, RunFailure
from loyalty.jobs.timetable import Job, jobs
from loyalty.members.finding import numbers_by_id
from loyalty.web.failing import STATUS
from loyalty.web.site import Site, form, fresh_key, here, tell
from loyalty.web.staff.guard import acting, is_stale, may, needs, pages
from loyalty.web.staff.jobs_told import at_of, due_of, error_told, job_told, label_of, run_told

Page = str | tuple[str, int] | Response
#: Runs, and failures of a run, on one page.
PAGE, FAILURES = 25, 50
#: A due moment in an address.
AT = "int(max=999999999999999999)"


def job_of(name: str) -> Job:
    """The job of an address. Ends the request with 404 where there is none."""
    return jobs(here().deployment.settings).get(name) or abort(404)


@pages.get("/jobs", endpoint="jobs")
@needs("jobs.read")
def jobs_() -> str:
    """Every job of the timetable: what it does, when it is due, how its last run ended, whether it is late."""
    site = here()
    known = jobs(site.deployment.settings)
    told = [job_told(known[one.job], one, site.now, site.language) for one in health(site.deployment, site.now)]
    return render_template("staff/jobs.html", jobs=told, late=sum(bool(one.late) for one in told), **_schedule(site))


def _schedule(site: Site) -> dict[str, Any]:
    """What pages of jobs tell beside them: whose clock, and whether anything runs what is due."""
    zone = site.program.zone
    return {"zone": zone.key, "zone_name": site.language.zone(zone), "led": is_led(site.deployment)}


@pages.get("/jobs/<job>")
@needs("jobs.read")
def job(job: str) -> Page:
    """A job and its runs, the newest first, a page at a time."""
    return _page(job_of(job), "", "", fresh_key())


def _page(job: Job, wrong: str, reason: str, key: str) -> str:
    site = here()
    before = request.args.get("before", type=int)
    rows = history(site.reading, job.name, PAGE + 1, None if before is None else due_of(before))
    (stands,) = (one for one in health(site.deployment, site.now) if one.job == job.name)
    return render_template(
        "staff/job.html", job=job_told(job, stands, site.now, site.language), wrong=wrong, reason=reason, key=key,
        runs=[run_told(row, site.language) for row in rows[:PAGE]], first=before is None,
        older=at_of(rows[PAGE - 1].due) if rows[PAGE:] else None, runs_it=may(RUN), **_schedule(site),
    )  # fmt: skip


@pages.post("/jobs/<job>")
@needs(RUN)
def run_job(job: str) -> Page:
    """Ask for a run, once for each form; the page that shows it follows. The second step must be fresh where roles say so."""
    site, known, who = here(), job_of(job), acting()
    reason, key = form("reason", LONGEST_REASON), form("key", LONGEST_KEY)
    if is_stale(RUN):
        return redirect(url_for("staff.code", after=url_for("staff.job", job=job)), 303)
    try:
        with site.writing() as session:
            asked = ask_run(session, known, who.actor, reason, key, site.today, site.now)
    except Refused as refusal:
        return _page(known, refusal_told(refusal, site.language), reason, key), STATUS.get(refusal.code, 422)
    said = _("Noted: it runs as soon as the schedule comes to it.") if asked.fresh else _("It was noted already.")
    tell(site.language.say(said))
    return redirect(url_for("staff.run", job=job, at=at_of(asked.due)), 303)


@pages.get(f"/jobs/<job>/runs/<{AT}:at>")
@needs("jobs.read")
def run(job: str, at: int) -> str:
    """One run: how far it is, what it came to, what failed."""
    site, known = here(), job_of(job)
    due = due_of(at)
    row = (site.reading.get(Run, (known.name, due)) if due else None) or abort(404)
    after = request.args.get("after", type=int)
    failed = _failures(site, row, after)
    chunks, done, items, changes = _progress(site, row)
    return render_template(
        "staff/run.html", job=known, label=label_of(known, site.language), run=run_told(row, site.language), row=row,
        chunks=chunks, done=done, items=items, changes=changes, failures=_named(site, known, failed[:FAILURES]),
        first=after is None, more=failed[FAILURES - 1].item if failed[FAILURES:] else None,
        counts=site.language.say(known.counts), **_schedule(site),
    )  # fmt: skip


def _progress(site: Site, row: Run) -> tuple[int | None, int, int, int]:
    """Of a run in chunks how many there are and are done; items and changes so far, which the run itself tells at its end."""
    mine = (RunChunk.job == row.job, RunChunk.due == row.due)
    parts = (func.count(RunChunk.done_at), func.sum(RunChunk.items), func.sum(RunChunk.changes))
    done, items, changes = site.reading.execute(select(*parts).where(*mine)).one()
    if row.chunks is None:
        return None, 0, row.items, row.changes
    return row.chunks, done, items or 0, changes or 0


def _failures(site: Site, row: Run, after: int | None) -> list[RunFailure]:
    mine = select(RunFailure).where(RunFailure.job == row.job, RunFailure.due == row.due).order_by(RunFailure.item)
    query = mine if after is None else mine.where(RunFailure.item > after)
    return list(site.reading.scalars(query.limit(FAILURES + 1)))


def _named(site: Site, job: Job, failed: list[RunFailure]) -> list[dict[str, Any]]:
    """What failed, and why; members by their numbers, for who may read members."""
    numbers: dict[int, str] = {}
    if job.counts == "members" and may("member.read"):
        numbers = numbers_by_id(site.reading, (one.item for one in failed))
    return [{"item": one.item, "number": numbers.get(one.item, ""), "error": error_told(one.error)} for one in failed]
