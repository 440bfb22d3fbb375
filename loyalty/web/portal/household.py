"""The household: who shares an address."""

from collections.abc import Callable

from flask import Blueprint, abort, render_template
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.members.household import answer, depart, households_of, invite, remove
from loyalty.web.guarding import limiter
from loyalty.web.site import Site, back, form, here

pages = Blueprint("household", __name__)

#: How often a member may try numbers and names of others.
TRIES = "10 per hour"


@pages.get("/me/household")
def household() -> str:
    return _page(here(), {}, "")


def _page(site: Site, given: dict[str, str], wrong: str) -> str:
    most = site.program.file.members.household
    if most == 1:
        abort(404)
    homes = households_of(site.reading, site.viewer.member_id)
    return render_template("household.html", homes=homes, given=given, wrong=wrong, most=most)


@pages.post("/me/household/invite")
@limiter.limit(TRIES, key_func=lambda: str(here().viewer.member_id))
def invited() -> Response | tuple[str, int]:
    """Invite another member by number and name; what was typed is shown again where it is refused."""
    site = here()
    given = {"number": form("number", 40), "name": form("name", 200)}
    if site.program.file.members.household == 1:
        abort(404)
    try:
        with site.writing() as session:
            who = site.locked(session).member_id
            invite(session, site.program, who, given["number"], given["name"], site.now)
    except Refused as refusal:
        return _page(site, given, refusal_told(refusal, site.language)), 422
    return back("household.household", site.language.say(_("The invitation waits for an answer.")))


@pages.post("/me/household/answer")
def answered() -> Response:
    site, home = here(), form("household", 20)
    accept = form("answer") == "accept"
    if not home.isdecimal():
        abort(404)
    _act(lambda session, who: answer(session, who, int(home), accept, site.now))
    said = _("You are in the household now.") if accept else _("You declined the invitation.")
    return back("household.household", site.language.say(said))


@pages.post("/me/household/remove")
def removed() -> Response:
    site, number = here(), form("number", 40)
    _act(lambda session, who: remove(session, who, number, site.now))
    return back("household.household", site.language.say(_("The household is changed.")))


@pages.post("/me/household/leave")
def left() -> Response:
    site = here()
    _act(lambda session, who: depart(session, who, site.now))
    return back("household.household", site.language.say(_("You are in no household now.")))


def _act(act: Callable[[Session, int], object]) -> None:
    """Do something to the household of who is signed in. Raises what it refuses, which becomes a page."""
    site = here()
    with site.writing() as session:
        act(session, site.locked(session).member_id)
