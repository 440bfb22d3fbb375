"""The balance of points and how it came about."""

from flask import Blueprint, render_template

pages = Blueprint("points", __name__)


@pages.get("/points")
def points() -> str:
    return render_template("points.html")
