"""What a member has, and the chart of all tiers."""

from flask import Blueprint, render_template

from loyalty.web.guarding import open_to_all

pages = Blueprint("benefits", __name__)


@pages.get("/benefits")
def benefits() -> str:
    return render_template("benefits.html")


@pages.get("/program/benefits")
@open_to_all
def chart() -> str:
    return render_template("benefits.html")
