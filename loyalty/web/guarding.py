"""What stands before every page: headers, forms that only our pages can send, limits on how often, and who is signed in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from loyalty.access.signed import NOTED, Viewer, note_use, viewer_of
from loyalty.keys import LARGEST
from loyalty.settings import Settings
from loyalty.web.site import Site, here

#: Nothing is loaded but what is ours and the program's logo; nothing inline runs or styles.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'{logo}; connect-src 'self'; "
    "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: No page elsewhere learns which link led to it, and none shows ours as a part of its own.
HEADERS = {
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

#: A number of a row in an address.
NUMBER = f"int(max={LARGEST})"

csrf = CSRFProtect()
#: How often one address may do what is limited; `@limiter.limit("10 per minute")` on a page.
limiter = Limiter(key_func=get_remote_address, headers_enabled=False)


View = TypeVar("View", bound=Callable[..., Any])


def open_to_all(view: View) -> View:
    """Marks a page that needs no sign-in; every other one does."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def takes(most: int) -> Callable[[View], View]:
    """Marks a page that takes a form of so many bytes rather than the usual number."""

    def marked(view: View) -> View:
        view.takes = most  # type: ignore[attr-defined]
        return view

    return marked


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, as Flask-Login wants it; `token` is what the browser keeps."""

    viewer: Viewer
    token: str
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return self.token


def install(app: Flask, site: Site) -> None:
    """Guard an application. Without a secret nothing can be signed: `create_app` refuses before."""
    settings = site.deployment.settings
    app.config |= _cookies(settings)
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]

    @app.before_request
    def larger() -> None:
        """Before anything looks at the form."""
        view = app.view_functions.get(request.endpoint or "")
        request.max_content_length = getattr(view, "takes", app.config["MAX_CONTENT_LENGTH"])

    csrf.init_app(app)
    limiter.init_app(app)
    login = LoginManager(app)
    login.session_protection = None  # addresses of phones change; sign-ins are listed and can be ended

    def signed_in(token: str) -> SignedIn | None:
        viewer = viewer_of(site.reading, token, site.now)
        if viewer is not None and site.now - viewer.seen_at > NOTED:
            with site.writing() as session:
                note_use(session, viewer, site.now)
        return None if viewer is None else SignedIn(viewer, token)

    login.user_loader(signed_in)

    @app.before_request
    def closed() -> None:
        """A page is for members alone unless it says otherwise."""
        view = app.view_functions.get(request.endpoint or "")
        if view is None or hasattr(view, "needs"):  # a page of staff, which has a guard of its own
            return
        if not getattr(view, "open_to_all", False) and site.signed_in is None:
            abort(401)

    @app.errorhandler(401)
    def to_sign_in(_error: Exception) -> AnyResponse:
        after = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("staff.sign_in" if site.for_staff else "signing.sign_in", after=after))

    app.after_request(_secured)


def _cookies(settings: Settings) -> dict[str, object]:
    """The cookie of a sign-in: for this host alone, out of reach of scripts, and by https where the pages are."""
    secure = settings.web_address.startswith("https://")
    return {
        "SECRET_KEY": settings.secret, "SECRET_KEY_FALLBACKS": settings.old_secrets.split(),
        "SESSION_COOKIE_NAME": "__Host-loyalty" if secure else "loyalty", "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax", "PERMANENT_SESSION_LIFETIME": timedelta(days=90),
        "SESSION_REFRESH_EACH_REQUEST": False,
        "MAX_CONTENT_LENGTH": 256 * 1024, "WTF_CSRF_TIME_LIMIT": None, "WTF_CSRF_SSL_STRICT": False,
        "RATELIMIT_STORAGE_URI": settings.limits or "memory://",
    }  # fmt: skip


@lru_cache
def policy(logo: str | None) -> str:
    """The policy of pages: images come from here, and from the host of the program's logo where it has one."""
    host = urlsplit(logo or "").netloc.lower()
    return POLICY.format(logo=f" https://{host}" if re.fullmatch(r"[a-z0-9.-]+(:[0-9]+)?", host) else "")


def _secured(response: Response) -> Response:
    """A page that needs another policy, or another header, has set its own."""
    ours = {"Content-Security-Policy": policy(here().program.file.brand.logo), **HEADERS, "Cache-Control": "no-store"}
    for name, value in ours.items():
        response.headers.setdefault(name, value)
    return response


def inside(address: str | None) -> str | None:
    """An address to go on to, if it is a page of ours: it begins with one stroke and names no host. None for any other."""
    if not address or not address.startswith("/") or address.startswith("//") or "\\" in address:
        return None
    return None if any(ord(one) < 32 for one in address) else address
