"""What a member is and was, and why; and the choices that milestones leave to the member."""

from datetime import date

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.settle import settle
from loyalty.status.rewards import Pick, choose
from loyalty.web.portal.standing import whole_of
from loyalty.web.portal.status_told import status_told
from loyalty.web.site import back, form, fresh_key, here

pages = Blueprint("status", __name__)


@pages.get("/status")
def status() -> str:
    return _page()


@pages.post("/status/choose")
def pick() -> Response | tuple[str, int]:
    """Take an option of a milestone: once, however often the form is sent."""
    site = here()
    try:
        wanted = Pick(form("milestone", 40), form("option", 40), "member", "chosen by the member", form("key", 200), _window())
        with site.writing() as session:
            account = site.locked(session)
            choose(session, site.program, account, wanted, site.now)
            settle(session, site.program, [account], site.now)
    except Refused as refused:
        return _page(refusal_told(refused, site.language)), 422
    return back("status.status", site.language.say(_("Your choice is noted.")), _anchor="choices")


def _window() -> date | None:
    try:
        return date.fromisoformat(form("window_of", 10))
    except ValueError:
        return None


def _page(wrong: str = "") -> str:
    site = here()
    whole = whole_of(site.reading, site.program, site.account, site.today, site.language)
    told = status_told(site.program, whole, site.language)
    return render_template(
        "status.html",
        **told,
        wrong=wrong,
        asked=request.form.get("milestone", ""),
        key=fresh_key(),
    )
