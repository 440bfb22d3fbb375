"""The program, for everybody: its tiers, and the rules of its ladder in full."""

from datetime import date

from flask import Blueprint, abort, render_template, request

from loyalty.program.load import Edition
from loyalty.status.queries import account_read
from loyalty.web.guarding import open_to_all
from loyalty.web.portal.ladder_told import earning_told, ladder_told, tiers_told
from loyalty.web.site import Site, here

pages = Blueprint("public", __name__)


@pages.get("/program")
@open_to_all
def program() -> str:
    site = here()
    return render_template("public.html", tiers=tiers_told(site.edition, site.language), mine=_mine(site), edition=site.edition)


@pages.get("/program/tiers")
@open_to_all
def ladder() -> str:
    site = here()
    edition = _chosen(site)
    return render_template(
        "ladder.html", ladder=ladder_told(edition, site.language), earning=earning_told(edition, site.language),
        edition=edition, editions=_open(site), mine=_mine(site),
    )  # fmt: skip


def _open(site: Site) -> list[Edition]:
    """The edition in force and those to come."""
    return [one for one in site.program.editions if one is site.edition or one.begins > site.today]


def _chosen(site: Site) -> Edition:
    """The edition that is asked for, else the one in force. Ends the request with 404 for one that is not open."""
    name = request.args.get("from", "")
    return next((one for one in _open(site) if one.name == name), None) or abort(404) if name else site.edition


def _mine(site: Site) -> str | None:
    """The tier of who is signed in, as last folded; none for everybody else and once it has ended."""
    who = site.signed_in
    account = None if who is None else account_read(site.reading, who.number)
    if account is None or not _holds(account.until, site.today):
        return None
    return account.tier


def _holds(until: date | None, today: date) -> bool:
    return until is None or today < until
