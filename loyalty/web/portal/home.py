"""The first page of who is signed in: who am I here, until when, what keeps it, what may I ask for now."""

from flask import Blueprint, render_template

from loyalty.web.kept import mark_of
from loyalty.web.portal.home_told import home_told
from loyalty.web.portal.standing import whole_of
from loyalty.web.site import Site, here

pages = Blueprint("home", __name__)


@pages.get("/")
def home() -> str:
    site = here()
    who = site.viewer
    key = ("home", who.member_id, site.today, site.language.code)
    mark = mark_of(site.reading, who.member_id, site.now)
    return render_template("home.html", inside=site.kept.get(key, mark, lambda: _inside(site)))


def _inside(site: Site) -> str:
    """All of the page that is the member's own: it carries no form, so that it is the same for every sign-in."""
    session, program, language = site.reading, site.program, site.language
    whole = whole_of(session, program, site.account, site.today, language)
    told = home_told(session, program, site.viewer.name, whole, site.now, language)
    return render_template("home_inside.html", **told)
