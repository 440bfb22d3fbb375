"""The first page: for members who are signed in, their home; for everybody else, the program."""

from flask import Blueprint, render_template

from loyalty.web.site import here

pages = Blueprint("home", __name__)


@pages.get("/")
def home() -> str:
    site = here()
    return render_template("home.html", account=site.account)
