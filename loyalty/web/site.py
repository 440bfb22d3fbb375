"""What a request works with: the deployment, its moment and day, one reading session, who is signed in, which language."""

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, cast

from flask import Flask, abort, current_app, flash, g, redirect, request, url_for
from flask_login import current_user
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.access.signed import Viewer
from loyalty.i18n import Language
from loyalty.jobs.deployment import Deployment
from loyalty.program.load import Edition, Program
from loyalty.status.queries import Account, account_read, lock_numbers
from loyalty.web import speaking
from loyalty.web.kept import Kept

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Site:
    """One application: the deployment that it answers for, its clock, read once for each request, and what it keeps."""

    deployment: Deployment
    clock: Callable[[], datetime]
    kept: Kept = field(default_factory=Kept)

    @property
    def program(self) -> Program:
        """The program as it was when the request began, whatever is published meanwhile."""
        if "program" not in g:
            g.program = self.deployment.program
        return cast(Program, g.program)

    def renew(self) -> None:
        """Know at once what was published, for what this request is still to do."""
        self.deployment.look(self.now, at_once=True)
        g.pop("program", None)

    @property
    def now(self) -> datetime:
        """The moment of this request."""
        if "now" not in g:
            g.now = self.clock()
        return cast(datetime, g.now)

    @property
    def today(self) -> date:
        """The program's day of this request."""
        return self.deployment.today(self.now)

    @property
    def edition(self) -> Edition:
        """The edition in force, or the first where none is yet."""
        return self.program.edition_on(self.today) or self.program.editions[0]

    @property
    def reading(self) -> Session:
        """The one session in which this request reads; it is given back when the request ends."""
        if "session" not in g:
            g.session_cm = self.deployment.store.reading()
            g.session = g.session_cm.__enter__()
        return cast(Session, g.session)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: all of it is committed at the end, or nothing. What was read before is let go."""
        self.done()
        with self.deployment.store.transaction() as session:
            yield session

    def done(self) -> None:
        """Give the reading session back."""
        if "session" in g:
            g.pop("session")
            g.pop("session_cm").__exit__(None, None, None)

    @property
    def viewer(self) -> Viewer:
        """Who is signed in. Ends the request with 401 where nobody is, which leads to signing in."""
        if not current_user.is_authenticated:
            abort(401)
        return cast(Viewer, current_user.viewer)

    @property
    def signed_in(self) -> Viewer | None:
        """The member who is signed in, if anybody; on pages of staff that means nothing."""
        return cast(Viewer, current_user.viewer) if not self.for_staff and current_user.is_authenticated else None

    @property
    def for_staff(self) -> bool:
        """Whether this request is for a page of staff."""
        return request.path == "/staff" or request.path.startswith("/staff/")

    @property
    def account(self) -> Account:
        """The account of who is signed in, to read."""
        return account_read(self.reading, self.viewer.number) or abort(404)

    def locked(self, session: Session) -> Account:
        """The account of who is signed in, locked in a transaction to change it."""
        number = self.viewer.number
        return lock_numbers(session, [number]).get(number) or abort(404)

    @property
    def language(self) -> Language:
        """The language of this request: the member's, else the one chosen, else the browser's, else the program's first."""
        if "language" not in g:
            who = self.signed_in
            g.language = speaking.chosen(self.program.file.languages, who.language if who else "")
        return cast(Language, g.language)


def here() -> Site:
    """The site of this request."""
    return cast(Site, current_app.extensions["loyalty"])


def install(app: Flask, site: Site) -> None:
    """Make a site that of an application; its reading session is given back with each request."""
    app.extensions["loyalty"] = site

    @app.before_request
    def look() -> None:
        """Know what was published meanwhile. Pages that need no database are there without it."""
        try:
            site.deployment.look(site.now)
        except DBAPIError:
            _log.warning("the database could not be asked what is published")

    @app.teardown_appcontext
    def done(_error: BaseException | None) -> None:
        site.done()


def back(endpoint: str, said: str = "", **values: Any) -> Response:
    """After something was done: to the page that shows it (303), with a sentence about it."""
    if said:
        tell(said)
    return redirect(url_for(endpoint, **values), 303)


def tell(said: str, kind: str = "done") -> None:
    """A sentence that the next page shows once, above all else. `kind` is done or refused."""
    flash(said, kind)


def fresh_key() -> str:
    """A key for a form that counts once however often it is sent: made when the form is shown, kept in a hidden field."""
    return secrets.token_urlsafe(16)


def form(name: str, most: int = 2000) -> str:
    """A field of a form as it was sent, without blanks around it; empty where it was not. At most so many characters.

    The character 0, which no database keeps, is left out."""
    return request.form.get(name, "").replace("\0", "").strip()[:most]
