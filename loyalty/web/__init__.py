"""The pages: an application that answers for one deployment. The only room that knows Flask, with wsgi.py beside it."""

from collections.abc import Callable
from datetime import datetime

from flask import Flask, Response

from loyalty import clock
from loyalty.jobs.deployment import Deployment
from loyalty.settings import folder
from loyalty.web import unsubscribe

#: Nothing is loaded but our own style; no script, no frame, and no page elsewhere learns which link led to it.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}


def create_app(deployment: Deployment, now: Callable[[], datetime] = clock.now) -> Flask:
    """The application of a deployment. `now` tells the moment of a request. Nothing is opened before the first request."""
    app = Flask(__name__, template_folder=str(folder("templates") / "portal"), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.register_blueprint(unsubscribe.pages(deployment, now))
    app.after_request(_secured)
    return app


def _secured(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response
