"""The audit log searched and exported."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from flask import Response, render_template, request

from loyalty.audit.queries import Wanted, export, found
from loyalty.members.finding import numbers_by_id
from loyalty.status.queries import account_read
from loyalty.web.portal.paging import before_given
from loyalty.web.site import Site, here
from loyalty.web.staff.guard import may, needs, pages
from loyalty.web.staff.member_told import acts_told, lines_told

#: Lines of one page.
PAGE = 50
#: By what lines are looked for.
FIELDS = ("actor", "act", "member", "since", "until")


def asked() -> dict[str, str]:
    """What is looked for, as it was typed."""
    return {name: request.args.get(name, "").replace("\0", "").strip()[:100] for name in FIELDS}


def wanted(site: Site, given: dict[str, str]) -> Wanted:
    """The lines that are looked for; of nobody's number none. Days are the program's, `until` is the last of them."""
    member_id = None
    if given["member"]:
        account = account_read(site.reading, given["member"])
        member_id = account.member_id if account else -1
    last = _day(given["until"])
    return Wanted(given["actor"].lower(), given["act"], member_id, _midnight(site, _day(given["since"])),
                  _midnight(site, last + timedelta(days=1) if last and last < date.max else None))  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(site: Site, day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(0), site.program.zone)


@pages.get("/audit")
@needs("audit.read")
def audit() -> str:
    """The newest lines that are looked for, a page at a time."""
    site, given = here(), asked()
    before = before_given()
    rows = found(site.reading, wanted(site, given), before, PAGE + 1)
    chosen = {name: value for name, value in given.items() if value}
    older = {**chosen, "before": rows[PAGE - 1].n} if rows[PAGE:] else None
    lines = lines_told(site, rows[:PAGE], numbers_by_id(site.reading, (row.member_id for row in rows)), full=True)
    return render_template("staff/audit.html", lines=lines, given=given, chosen=chosen, older=older, first=before is None,
                           zone=site.program.zone.key, exports=may("audit.export"), acts=_acts(site, given["act"]))  # fmt: skip


def _acts(site: Site, given: str) -> dict[str, str]:
    """The acts to choose among; one that was asked for by name is among them."""
    known = acts_told(site)
    return known if not given or given in known else {**known, given: given}


@pages.get("/audit/export.jsonl")
@needs("audit.export")
def audit_export() -> Response:
    """The lines that are looked for, one JSON object each, first to last, written while they are read."""
    site = here()
    answer = Response(_written(site, wanted(site, asked())), mimetype="application/jsonl")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return answer


def _written(site: Site, wanted: Wanted) -> Iterator[str]:
    """In a session of its own: the request's is given back before the last line is sent."""
    with site.deployment.store.reading() as session:
        for line in export(session, wanted):
            yield line + "\n"
