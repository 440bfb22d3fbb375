"""The program, for everybody."""

from flask import Blueprint, render_template

from loyalty.web.guarding import open_to_all

pages = Blueprint("public", __name__)


@pages.get("/program")
@open_to_all
def program() -> str:
    return render_template("public.html")


@pages.get("/program/tiers")
@open_to_all
def ladder() -> str:
    return render_template("public.html")
