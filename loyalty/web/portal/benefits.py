"""What a member has, and the chart of all tiers."""

from flask import Blueprint, render_template, request

from loyalty.web.guarding import open_to_all
from loyalty.web.portal.chart import comparison
from loyalty.web.site import here

pages = Blueprint("benefits", __name__)


@pages.get("/benefits")
def benefits() -> str:
    return render_template("benefits.html")


@pages.get("/program/benefits")
@open_to_all
def chart() -> str:
    """The tiers side by side; with `tier` one of them by itself, with `tier=all` side by side on small screens too."""
    site, tier = here(), request.args.get("tier", "")
    mine = site.account.tier if site.signed_in else None
    told = comparison(site.edition, mine, tier, site.language)
    alone = any(column.tier == tier for column in told.columns)
    return render_template("chart.html", chart=told, shown="one" if alone else "all" if tier == "all" else "fitting")
