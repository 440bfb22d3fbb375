"""Who may open a page of staff: each page says by which act; sign-ins of staff have a key of their own in the browser."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from flask import Blueprint, abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from loyalty.access.acts import ACTS
from loyalty.access.staff_signed import NOTED, StaffViewer, fresh_step, note_staff_use, staff_viewer
from loyalty.desk.acts import ACTS as ON_MEMBERS
from loyalty.desk.approvals import Who, allowed, not_allowed
from loyalty.desk.services import ON_SERVICES
from loyalty.errors import Refused
from loyalty.settings import folder
from loyalty.web.guarding import limiter
from loyalty.web.site import here

pages = Blueprint("staff", __name__, url_prefix="/staff", template_folder=str(folder("templates")))
#: What a page asks for that is no act of the catalogue: nothing; a password that was right; a sign-in that is whole; to read
#: members and do, or at least ask for, the act on one that its address names.
OPEN, HALF, WHOLE, NAMED = "open", "half", "whole", "named"
#: Under this key the browser's session keeps the token of a sign-in, and under this one the members opened last.
TOKEN, RECENT = "staff", "staff_recent"
#: The pages where a password is chosen, which come before all others for who has only the one that was made for them.
CHOOSING = ("staff.password", "staff.choose_password")
#: How often one of the staff may send a form; all of an office share an address.
LIMIT = "120 per minute"

View = TypeVar("View", bound=Callable[..., Any])


def needs(act: str, asking: bool = False) -> Callable[[View], View]:
    """Declares by which act a page may be opened: a name of the catalogue, or OPEN, HALF, WHOLE, NAMED.

    With `asking` it is open also to who may only ask for the act: the page itself then sees to it that it waits.
    """
    if act not in (OPEN, HALF, WHOLE, NAMED, *ACTS):
        raise ValueError(f"there is no act {act}")

    def declared(view: View) -> View:
        view.needs, view.asking = act, asking  # type: ignore[attr-defined]
        return view

    return declared


def signed() -> StaffViewer | None:
    """Who of the staff is signed in, if anybody; the second step may be still to be taken."""
    if "staff" not in g:
        site, token = here(), session.get(TOKEN, "")
        found = staff_viewer(site.reading, token, site.now) if token else None
        if found is not None and site.now - found.seen_at > NOTED:
            with site.writing() as transaction:
                note_staff_use(transaction, found, site.now)
        g.staff = found
    return cast(StaffViewer | None, g.staff)


def worker() -> StaffViewer:
    """Who of the staff is signed in. Ends the request with 401 where nobody is, which leads to signing in."""
    return signed() or abort(401)


def acting() -> Who:
    """Who of the staff acts, with the roles that they have now."""
    viewer = worker()
    return Who(viewer.actor, viewer.roles)


def may(act: str) -> bool:
    """Whether who is signed in may do an act that has no size, such as reading."""
    return here().deployment.roles.may(worker().roles, act) == "yes"


def may_ask(act: str) -> bool:
    """Whether who is signed in may do an act of some size, or at least ask for it."""
    return here().deployment.roles.may(worker().roles, act) != "no"


def is_stale(act: str) -> bool:
    """Whether an act takes a second step that is fresher than that of this sign-in."""
    try:
        fresh_step(here().deployment.roles, worker(), act, here().now)
    except Refused:
        return True
    return False


def after() -> str | None:
    """The page that was wanted, to go on to; none for a form that was sent."""
    return request.full_path.rstrip("?") if request.method == "GET" else None


@pages.before_request
def closed() -> Response | None:
    """A page is open to nobody unless it says to whom."""
    view = current_app.view_functions[request.endpoint or ""]
    act = getattr(view, "needs", None)
    if act is None:
        abort(403)
    if act == OPEN:
        return None
    who = worker()
    if act == HALF:
        return None
    if who.stepped_at is None:
        return redirect(url_for("staff.code", after=after()), 303)
    if not who.chose_password and request.endpoint not in CHOOSING:
        return redirect(url_for("staff.password"), 303)
    _allowed(act, getattr(view, "asking", False))
    return None


def _allowed(act: str, asking: bool) -> None:
    """Make sure that roles allow a page. Raises Refused: `not_allowed`."""
    if act == NAMED:
        named = (request.view_args or {})["act"]
        if named not in ON_MEMBERS:
            abort(404)
        allowed(here().deployment.roles, acting(), "member.read")
        if not may_ask(named):
            raise not_allowed(named)
    elif asking or act in ON_SERVICES:  # who may only ask for it opens its form too
        if not may_ask(act):
            raise not_allowed(act)
    elif act != WHOLE:
        allowed(here().deployment.roles, acting(), act)


def _sender() -> str:
    viewer = signed()
    return f"staff {viewer.staff_id}" if viewer else request.remote_addr or ""


limiter.limit(LIMIT, methods=["POST"], key_func=_sender)(pages)
