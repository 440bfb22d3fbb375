"""The pages: an application that answers for one deployment. The only room that knows Flask, with wsgi.py beside it."""

from collections.abc import Callable
from datetime import datetime

from flask import Flask
from jinja2 import StrictUndefined

from loyalty import clock
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.settings import folder
from loyalty.web import failing, guarding, looks, portal, posting, site, speaking, staff, unsubscribe


def create_app(deployment: Deployment, now: Callable[[], datetime] = clock.now) -> Flask:
    """The application of a deployment. `now` tells the moment of a request. Nothing is opened before the first request.

    Raises Refused: `secret_not_set`, for nothing can be signed without it.
    """
    if not deployment.settings.secret:
        raise Refused("secret_not_set")
    app = Flask(__name__, template_folder=str(folder("templates") / "portal"), static_folder=None)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    here = site.Site(deployment, now)
    site.install(app, here)
    speaking.install(app, lambda: here.language)
    guarding.install(app, here)
    failing.install(app, here)
    app.register_blueprint(looks.looks)
    app.register_blueprint(unsubscribe.pages(deployment, now))
    portal.install(app, here)
    staff.install(app, here)
    posting.install(app, here)
    return app
