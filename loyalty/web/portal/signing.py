"""Signing in and out."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_login import logout_user
from werkzeug.wrappers import Response

from loyalty.access.signed import end
from loyalty.i18n import fitting
from loyalty.members.operations import change
from loyalty.web.guarding import inside, open_to_all
from loyalty.web.site import back, here
from loyalty.web.speaking import COOKIE

pages = Blueprint("signing", __name__)


@pages.get("/sign-in")
@open_to_all
def sign_in() -> str:
    return render_template("sign_in.html", after=inside(request.args.get("after")))


@pages.post("/sign-out")
@open_to_all
def sign_out() -> Response:
    site = here()
    who = site.signed_in
    if who is not None:
        with site.writing() as transaction:
            end(transaction, who.member_id, site.now, only=who.sign_in_id)
        logout_user()
    session.clear()
    return back("signing.sign_in")


@pages.post("/language")
@open_to_all
def language() -> Response:
    """Choose a language: kept by the browser, and for the member who is signed in."""
    site = here()
    code = fitting(request.form.get("language", ""), site.program.file.languages)
    answer = redirect(inside(request.form.get("after")) or url_for("home.home"), 303)
    who = site.signed_in
    if who is not None:
        with site.writing() as transaction:
            change(transaction, who.member_id, site.now, language=code)
    answer.set_cookie(COOKIE, code, max_age=31536000, samesite="Lax", httponly=True,
                      secure=site.deployment.settings.web_address.startswith("https://"))  # fmt: skip
    return answer
