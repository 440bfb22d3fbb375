"""All that a member did, and what came of it."""

from flask import Blueprint, render_template

pages = Blueprint("activity", __name__)


@pages.get("/activity")
def activity() -> str:
    return render_template("activity.html")
