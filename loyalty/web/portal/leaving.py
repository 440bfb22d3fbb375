"""Taking everything along, and leaving."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Blueprint, Response, render_template, session
from flask_login import logout_user
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access.signed import end
from loyalty.care.filing import end_membership
from loyalty.i18n import _
from loyalty.members.household import depart
from loyalty.members.tables import Member
from loyalty.settle import settle
from loyalty.status.words import tier_name
from loyalty.web.guarding import limiter
from loyalty.web.portal.balances import spendable_balances
from loyalty.web.portal.download import zipped
from loyalty.web.portal.proving import needs_proof
from loyalty.web.site import Site, back, form, here

pages = Blueprint("leaving", __name__)


@pages.get("/me/download")
@needs_proof("me.me")
@limiter.limit("6 per hour", key_func=lambda: str(here().viewer.member_id))
def download() -> Response:
    """Everything that is kept about the member."""
    site = here()
    answer = Response(_written(site, site.viewer.member_id, site.now), mimetype="application/zip")
    answer.headers["Content-Disposition"] = 'attachment; filename="everything.zip"'
    return answer


def _written(site: Site, member_id: int, now: datetime) -> Iterator[bytes]:
    """The file, read in a session of its own: the request's is given back before the last of it is sent."""
    with site.deployment.store.reading() as reading:
        yield from zipped(reading, member_id, now)


@pages.get("/me/close")
@needs_proof("leaving.close")
def close() -> str:
    return _page(here(), "")


def _page(site: Site, wrong: str) -> str:
    """What is lost, in figures, and the form that asks for the number."""
    member = site.reading.get_one(Member, site.viewer.member_id)
    account, language = site.account, site.language
    lost = [one for one in spendable_balances(site, member.member_id) if one[1]]
    tier = tier_name(site.program, account.tier, language.code) if account.tier else ""
    return render_template("close.html", member=member, lost=lost, tier=tier, wrong=wrong, last=site.today)


@pages.post("/me/close")
@needs_proof("leaving.close")
@limiter.limit("10 per hour", key_func=lambda: str(here().viewer.member_id))
def closed() -> AnyResponse | tuple[str, int]:
    """End the membership: today is its last day. Every sign-in ends; the household is left, the customer file deleted."""
    site = here()
    viewer = site.viewer
    if form("number", 40) != viewer.number:
        return _page(site, site.language.say(_("This is not your member number. Nothing was changed."))), 422
    with site.writing() as writing:
        end_membership(writing, site.locked(writing), site.today + timedelta(days=1))
        depart(writing, viewer.member_id, site.now)
        settle(writing, site.program, [site.locked(writing)], site.now)
        end(writing, viewer.member_id, site.now)
    said = site.language.say(_("Your membership ends with this day. Thank you for the time with us."))
    logout_user()
    session.clear()
    return back("public.program", said)
