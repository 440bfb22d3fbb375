"""One act for many members: written down from a file or a segment, tried, sent, followed, and what was refused taken away."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Response as Answer
from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON
from loyalty.desk.acts import ACTS
from loyalty.desk.approvals import BULK
from loyalty.desk.bulk import Many, draft, drop, faults, is_asked, send
from loyalty.desk.bulk_rows import bulk_of, bulks, errors_of, progress
from loyalty.desk.files import MOST
from loyalty.desk.tables import Bulk
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.keys import LARGEST
from loyalty.web.failing import STATUS
from loyalty.web.guarding import NUMBER, takes
from loyalty.web.portal.paging import before_given
from loyalty.web.site import Site, back, form, fresh_key, here
from loyalty.web.staff.bulk_told import bulk_told, listed, member_choices, refusals_told
from loyalty.web.staff.fields import sent_fields, shared_fields
from loyalty.web.staff.guard import acting, is_stale, may_ask, needs, pages, worker
from loyalty.web.staff.member_told import acts_allowed, counts_told
from loyalty.web.staff.segment import chosen_rows, segment_typed

Page = str | tuple[str, int] | Response
#: The largest file, the rows of one page, and how many bad rows of a file are told at once.
LARGEST_FILE, PAGE, TOLD = 8 * 1024 * 1024, 50, 100


@pages.get("/bulk", endpoint="bulks")
@needs("approval.read")
def bulks_() -> str:
    """The newest first, each with how far it is."""
    site = here()
    before = before_given()
    rows = bulks(site.reading, PAGE + 1, before)
    shown = rows[:PAGE]
    far = progress(site.reading, [one.bulk_id for one in shown])
    older = shown[-1].bulk_id if rows[PAGE:] else None
    runs = may_ask(BULK)
    return render_template("staff/bulks.html", rows=listed(site, shown, far), older=older, first=before is None, runs=runs,
                           acts=_acts() if runs else {}, zone=site.program.zone.key)  # fmt: skip


def _acts() -> dict[str, str]:
    """The acts that may be done, or asked for, for many."""
    return {name: label for name, label, _verdict in acts_allowed(here())}


# --- made ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What the form holds: fields, conditions of the segment, the reason, the key; and what is wrong with it, or with rows."""

    given: dict[str, str]
    segment: dict[str, Any]
    reason: str
    key: str
    wrong: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)


@pages.get("/bulk/new")
@needs(BULK, asking=True)
def bulk_new() -> Page:
    """The form of an act for many; who must take the second step anew is led there first."""
    act = request.args.get("act", "")
    if act not in _acts():
        return redirect(url_for("staff.bulks"), 303) if not act else abort(404)
    if _is_stale(act):
        return redirect(url_for("staff.code", after=request.full_path.rstrip("?")), 303)
    given = {name: value.replace("\0", "")[:200] for name, value in request.args.items()}
    return _form(act, Typed(given, segment_typed({}), "", fresh_key()))


def _is_stale(act: str) -> bool:
    return is_stale(BULK) or is_stale(act)


def _form(act: str, typed: Typed) -> str:
    site = here()
    fields, more = shared_fields(site, act, typed.given)
    limit, counts = site.deployment.roles.limit(worker().roles, BULK), counts_told(site, BULK)
    return render_template(
        "staff/bulk_new.html", act=act, label=site.language.say(ACTS[act].label), fields=fields, more=more, typed=typed,
        limit=limit, counts=counts, columns=["number", *ACTS[act].shape.model_fields], rows=MOST,
        megabytes=LARGEST_FILE // 1024**2,
        **member_choices(site),
    )  # fmt: skip


@pages.post("/bulk")
@needs(BULK, asking=True)
@takes(LARGEST_FILE)
def bulk_made() -> Page:
    """Write a draft down; every row whose input is bad is told, and nothing is written then."""
    site, act = here(), form("act", 40)
    if act not in _acts():
        abort(404)
    typed = Typed(sent_fields(ACTS[act].shape), segment_typed(request.form), form("reason", LONGEST_REASON),
                  form("key", LONGEST_KEY))  # fmt: skip
    try:
        shared = {name: value for name, value in typed.given.items() if value}
        rows, chosen = chosen_rows(site, typed.segment, shared)
        many = Many(act, rows, typed.reason, typed.key, chosen, shared)
        bad = [_bad(line, refused) for line, refused in faults(many, TOLD)]
        if bad:
            said = site.language.say(_("Nothing was taken over: these rows cannot be read."))
            return _form(act, Typed(typed.given, typed.segment, typed.reason, typed.key, said, bad)), 422
        with site.writing() as session:
            made = draft(session, site.program, site.deployment.roles, acting(), many, site.now)
    except Refused as refusal:
        wrong = refusal_told(refusal, site.language)
        return _form(act, Typed(typed.given, typed.segment, typed.reason, typed.key, wrong)), STATUS.get(refusal.code, 422)
    return redirect(url_for("staff.bulk", number=made.bulk_id), 303)


def _bad(line: int, refused: Refused) -> dict[str, str]:
    fields = {name: here().language.told(value) for name, value in refused.fields.items()}
    return {"line": str(line), "field": fields["field"], "found": fields.get("found", ""), "allowed": fields["allowed"]}


# --- looked at ----------------------------------------------------------------------------------------------------


@pages.get(f"/bulk/<{NUMBER}:number>")
@needs("approval.read")
def bulk(number: int) -> str:
    """What it is, what it would come to or came to, how far it is, and the rows that were refused."""
    return _shown(number, "")


def _shown(number: int, wrong: str) -> str:
    site, after = here(), request.args.get("after", 0, type=int)
    row = bulk_of(site.reading, number)
    told = bulk_told(site, row)
    refused = refusals_told(site, row, after if 0 <= after <= LARGEST else 0, PAGE + 1)
    mine = row.asked_by == worker().staff_id
    more, drops = refused[PAGE:], mine and row.state == "draft"
    return render_template(
        "staff/bulk.html", one=told, refused=refused[:PAGE], after=refused[PAGE - 1]["line"] if more else None, wrong=wrong,
        sends=drops and row.tried_at is not None, asks=drops and _asks(row), drops=drops, stale=_is_stale(row.act),
        zone=site.program.zone.key,
    )  # fmt: skip


def _asks(row: Bulk) -> bool:
    """Whether another must approve it; what is not allowed at all is told when it is sent."""
    try:
        return is_asked(here().deployment.roles, acting(), row)
    except Refused:
        return False


@pages.post(f"/bulk/<{NUMBER}:number>")
@needs(BULK, asking=True)
def bulk_sent(number: int) -> Page:
    """Send a draft of one's own that was tried, or drop it. To send it takes a fresh second step."""
    site = here()
    row = bulk_of(site.reading, number)
    try:
        if form("step") == "drop":
            with site.writing() as session:
                drop(session, acting(), number)
            return back("staff.bulks", site.language.say(_("Dropped.")))
        if _is_stale(row.act):
            return redirect(url_for("staff.code", after=url_for("staff.bulk", number=number)), 303)
        if row.tried_at is None:
            raise Refused("bulk_untried", bulk=number)
        with site.writing() as session:
            asked = send(session, site.deployment.roles, acting(), number, site.now)
    except Refused as refusal:
        return _shown(number, refusal_told(refusal, site.language)), STATUS.get(refusal.code, 422)
    said = _("This waits for another to approve it.") if asked else _("The job bulk does it, row by row.")
    return back("staff.bulk", site.language.say(said), number=number)


@pages.get(f"/bulk/<{NUMBER}:number>/errors.csv")
@needs("approval.read")
def bulk_errors(number: int) -> Answer:
    """The rows that were refused, to be mended and sent again."""
    site, row = here(), bulk_of(here().reading, number)
    answer = Answer(_written(site, row), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="bulk-{row.bulk_id}-errors.csv"'
    return answer


def _written(site: Site, row: Bulk) -> Iterator[str]:
    """In a session of its own: the request's is given back before the last line is sent. The mark lets Excel read UTF-8."""
    yield "\ufeff"
    with site.deployment.store.reading() as session:
        yield from errors_of(session, row)
