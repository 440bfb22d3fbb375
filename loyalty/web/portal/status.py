"""What a member is and was, and why."""

from flask import Blueprint, render_template

pages = Blueprint("status", __name__)


@pages.get("/status")
def status() -> str:
    return render_template("status.html")
