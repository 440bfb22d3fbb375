"""Becoming a member."""

from flask import Blueprint, render_template

from loyalty.web.guarding import open_to_all

pages = Blueprint("joining", __name__)


@pages.get("/join")
@open_to_all
def join() -> str:
    return render_template("joining.html")
