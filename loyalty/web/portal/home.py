"""The first page of who is signed in: who am I here, until when, what keeps it, what may I ask for now."""

import secrets

from flask import Blueprint, render_template, session
from flask_wtf.csrf import generate_csrf

from loyalty.web.kept import mark_of
from loyalty.web.portal.home_told import home_told
from loyalty.web.portal.standing import whole_of
from loyalty.web.site import Site, here

pages = Blueprint("home", __name__)

#: Stands in a kept page where each sign-in has its own token of its forms; nobody can write it, for nobody knows it.
TOKEN = secrets.token_hex(24)


@pages.get("/")
def home() -> str:
    """The page as it was made last, if nothing that it tells of has changed since."""
    site = here()
    who = site.viewer
    if "_flashes" in session:  # a sentence that is shown once
        return _made(site)
    key = ("home", who.member_id, site.today, site.language.code)
    mark = mark_of(site.reading, who.member_id, site.now)
    page = site.kept.get(key, mark, lambda: _made(site, csrf_token=lambda: TOKEN))
    return page.replace(TOKEN, generate_csrf())


def _made(site: Site, **given: object) -> str:
    database, program, language = site.reading, site.program, site.language
    whole = whole_of(database, program, site.account, site.today, language)
    return render_template("home.html", **home_told(database, program, site.viewer.name, whole, site.now, language), **given)
