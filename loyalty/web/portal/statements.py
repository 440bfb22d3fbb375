"""The statement of a month or a year: as a page that can be printed, and as PDF."""

from flask import Blueprint, Response, abort, render_template, request

from loyalty.i18n import Language, _
from loyalty.members.tables import Member
from loyalty.web.guarding import limiter
from loyalty.web.portal.activity_told import Teller
from loyalty.web.portal.statement_pdf import available, pdf, status_told
from loyalty.web.portal.statement_told import Period, Statement, period_of, statement
from loyalty.web.site import Site, here

pages = Blueprint("statements", __name__)


@pages.get("/activity/statement")
def page() -> str:
    site = here()
    member, told = _told(site)
    spans = [status_told(site.language, *span) for span in told.spans]
    return render_template(
        "statement.html", told=told, member=member, title=_title(told.period, site.language), spans=spans, pdf=available(),
        months=_months(site, member), period=told.period.name,
    )  # fmt: skip


@pages.get("/activity/statement.pdf")
@limiter.limit("30 per hour", key_func=lambda: str(here().viewer.member_id))
def as_pdf() -> Response:
    """The same as PDF. 404 where nothing sets it."""
    site = here()
    if not available():
        abort(404)
    member, told = _told(site)
    site.done()  # setting takes longer than reading
    head = site.program.file
    words = {"program": site.language.own(head.name), "title": _title(told.period, site.language), "number": member.number,
             "name": member.name}  # fmt: skip
    answer = Response(pdf(told, words, head.brand, site.language), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="statement-{told.period.name}.pdf"'
    return answer


def _told(site: Site) -> tuple[Member, Statement]:
    """The member, and the statement of the period that the address names: this month without one. 404 for what is none."""
    wanted = request.args.get("period") or site.today.strftime("%Y-%m")
    period = period_of(wanted) or abort(404)
    member = site.reading.get_one(Member, site.viewer.member_id)
    return member, statement(site.reading, Teller(site.program, site.language), member, period)


def _title(period: Period, language: Language) -> str:
    when = language.month(period.first) if period.is_month else str(period.first.year)
    return language.say(_("Statement for {period}"), period=when)


def _months(site: Site, member: Member) -> dict[str, str]:
    """The periods that there are statements for, the newest first: the months of two years, and every year."""
    language, today, found = site.language, site.today, {}
    first = max(member.enrolled_on, site.program.editions[0].begins)
    for back in range(24):
        months = today.year * 12 + today.month - 1 - back
        month = today.replace(year=months // 12, month=months % 12 + 1, day=1)
        if (month.year, month.month) >= (first.year, first.month):
            found[month.strftime("%Y-%m")] = language.month(month)
    return found | {str(year): str(year) for year in range(today.year, first.year - 1, -1)}
