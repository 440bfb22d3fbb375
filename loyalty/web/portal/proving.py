"""Who has been signed in for a while proves anew who they are, before what opens a door or cannot be undone."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access.attempts import clear, count, subject_of
from loyalty.access.passwords import matches
from loyalty.access.security import login_of
from loyalty.access.signed import LATELY, begun_lately
from loyalty.i18n import _
from loyalty.web.guarding import inside, limiter
from loyalty.web.portal.entering import LIMIT, secret
from loyalty.web.portal.signing import is_proved
from loyalty.web.site import form, here

pages = Blueprint("proving", __name__)
limiter.limit(LIMIT, methods=["POST"])(pages)

#: Under this key the browser keeps when its member proved last who they are; a copy made before does not have it.
PROVED = "proved"
WRONG = _("This is not right. After several failures wait a quarter of an hour.")

View = TypeVar("View", bound=Callable[..., Any])


def proved() -> bool:
    """Whether the member has proved who they are just now: by signing in, or on the page for it."""
    site, kept = here(), session.get(PROVED)
    if kept and site.now - datetime.fromisoformat(kept) < LATELY:
        return True
    return bool(begun_lately(site.reading, site.viewer, site.now))


def needs_proof(page: str) -> Callable[[View], View]:
    """Declares that a page is for who has proved lately who they are; others are led to prove it, and then to `page`."""

    def declared(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> Any:
            return view(*args, **values) if proved() else redirect(url_for("proving.prove", after=url_for(page)), 303)

        return cast(View, guarded)

    return declared


@pages.get("/me/prove")
def prove() -> str:
    """The ways there are for this member: a password or a code, a passkey, a link by mail."""
    return _page("")


def _page(wrong: str) -> str:
    site = here()
    login, after = login_of(site.reading, site.viewer.member_id), inside(request.values.get("after")) or url_for("me.me")
    asks = "password" if login.password else "code" if login.totp else ""
    return render_template("prove.html", after=after, asks=asks, wrong=wrong, has_address=bool(site.viewer.email))


@pages.post("/me/prove")
def proving() -> AnyResponse | tuple[str, int]:
    site = here()
    if not _is_right():
        return _page(site.language.say(WRONG)), 422
    session[PROVED] = site.now.isoformat()
    return redirect(inside(form("after")) or url_for("me.me"), 303)


def _is_right() -> bool:
    site, member_id = here(), here().viewer.member_id
    kept = login_of(site.reading, member_id).password
    if kept:
        return is_own(kept, secret("password"))
    with site.writing() as transaction:
        return is_proved(transaction, member_id, form("code", 40))


def is_own(kept: str, typed: str) -> bool:
    """Whether a password is the member's own; counted, for a browser left open is in anyone's hands."""
    site, subject = here(), subject_of("own password", str(here().viewer.member_id))
    with site.writing() as transaction:
        locked = count(transaction, subject, site.now).locked
    right = matches("" if locked else kept, typed)
    if right:
        with site.writing() as transaction:
            clear(transaction, [subject])
    return right
