"""The customer file of a member, their cases, and the files that are to be reviewed this month."""

from calendar import monthrange
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY
from loyalty.care.files import Place, Sought, managers, reviews
from loyalty.care.queries import cases_of
from loyalty.clock import instant_of, ticks
from loyalty.desk.approvals import Asked, submit
from loyalty.desk.performing import Sent
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.keys import LARGEST
from loyalty.members.household import households_of
from loyalty.web.guarding import inside
from loyalty.web.portal.paging import read_place
from loyalty.web.site import form, fresh_key, here, tell
from loyalty.web.staff.file_told import case_told, file_told, review_told
from loyalty.web.staff.guard import acting, may, needs, pages, worker
from loyalty.web.staff.member import member_of
from loyalty.web.staff.member_told import acts_at, names_allowed

#: Files of one page, and cases.
PAGE, CASES = 50, 200
#: Whose files the list shows beside those of one manager: everybody's, those of nobody.
ALL, NOBODY = "all", "nobody"


@pages.get("/members/<number>/file")
@needs("file.read")
def member_file(number: str) -> str:
    """All that is kept to look after a member, in as many statements whatever there is."""
    site = here()
    account, person = member_of(number)
    allowed, at = names_allowed(), acts_at(account.number)
    told = file_told(site, account, person, households_of(site.reading, account.member_id))
    return render_template("staff/file.html", number=account.number, person=person, allowed=allowed, acts_at=at, file=told,
                           zone=site.program.zone.key, key=fresh_key())  # fmt: skip


@pages.get("/members/<number>/cases")
@needs("member.read")
def cases(number: str) -> str:
    """What a member asked of staff, with all that was said to it, the newest first."""
    site = here()
    account, person = member_of(number)
    found = [case_told(site, one) for one in cases_of(site.reading, account.member_id, CASES)]
    allowed, at = names_allowed(), acts_at(account.number)
    return render_template("staff/cases.html", number=account.number, person=person, allowed=allowed, acts_at=at, cases=found,
                           zone=site.program.zone.key)  # fmt: skip


@pages.get("/reviews")
@needs("file.read")
def to_review() -> str:
    """Files due by the end of this month, or all of them: of one manager, oneself first, of nobody, or of everybody."""
    site, shown = here(), "all" if request.args.get("show") == "all" else "due"
    known = {str(one.staff_id): one for one in managers(site.reading)}
    own = str(worker().staff_id)
    of = request.args.get("of", own if own in known else ALL)
    of = of if of in known or of in (NOBODY, own) else ALL
    after = read_place(request.args.get("after", ""), _place)
    end = _month_end(site.today)
    sought = Sought(end if shown == "due" else None, {ALL: None, NOBODY: 0}.get(of) if of in (ALL, NOBODY) else int(of), after)
    rows = reviews(site.reading, site.program.file.customer_file.review, site.program.zone, site.today, sought, PAGE + 1)
    chosen = {"of": of, "show": shown}
    more = {**chosen, "after": _written(rows[PAGE - 1])} if rows[PAGE:] else None
    whose = {own: site.language.say(_("my members")), ALL: site.language.say(_("everybody's")),
             NOBODY: site.language.say(_("without a manager"))}  # fmt: skip
    whose = {**whose, **{number: one.shown for number, one in known.items() if number != own}}
    return render_template("staff/reviews.html", rows=[(review_told(site, row), fresh_key()) for row in rows[:PAGE]], of=of,
                           shown=shown, whose=whose, chosen=chosen, more=more, first=after is None, month=end,
                           reviews=may("file.review"), zone=site.program.zone.key)  # fmt: skip


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _written(row: Any) -> str:
    """The place of a row in the list, as a link has it."""
    at = "" if row.reviewed_at is None else str(ticks(row.reviewed_at))
    return f"{at}.{row.member_id}"


def _place(parts: list[str]) -> Place:
    """A place as a link has it. Raises ValueError or OverflowError for what is none."""
    at, member_id = parts
    if not 0 < int(member_id) <= LARGEST:
        raise ValueError(member_id)
    return Place(instant_of(int(at)) if at else None, int(member_id))


@pages.post("/reviews")
@needs("file.review")
def reviewed() -> Response:
    """A file was looked through: one press from the list, once for its key; back to where it was pressed."""
    site, account = here(), member_of(form("number", 40))[0]
    reason = site.language.say(_("Looked through from the review list"))
    sent = Sent("file.review", account.number, {}, reason, form("key", LONGEST_KEY))
    try:
        with site.writing() as session:
            done = submit(session, site.program, site.deployment.roles, acting(), sent, site.now)
        said = _("{number}: this waits for another to approve it.") if isinstance(done, Asked) else _("{number}: reviewed.")
        tell(site.language.say(said, number=account.number))
    except Refused as refusal:
        tell(refusal_told(refusal, site.language), "refused")
    return redirect(inside(form("after")) or url_for("staff.to_review"), 303)
