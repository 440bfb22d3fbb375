"""The member's own file."""

from flask import Blueprint, render_template

pages = Blueprint("me", __name__)


@pages.get("/me")
def me() -> str:
    return render_template("me.html")
