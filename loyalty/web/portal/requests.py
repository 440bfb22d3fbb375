"""What a member may ask for now."""

from flask import Blueprint, render_template

pages = Blueprint("requests", __name__)


@pages.get("/requests")
def requests() -> str:
    return render_template("requests.html")
