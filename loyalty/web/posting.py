"""Letters sent at once, beside the request that asked for them: nobody waits, and how long it takes tells nothing.

The job `letters` sends what this does not.
"""

import logging
from concurrent.futures import Future, ThreadPoolExecutor

from flask import Flask, current_app

from loyalty.jobs.letters import send_letters
from loyalty.web.site import Site

_log = logging.getLogger(__name__)


class Postman:
    """Sends what waits, on a thread of its own, one round after the other."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.thread = ThreadPoolExecutor(1, "letters")

    def soon(self) -> Future[None] | None:
        """Send what waits, once what was written is committed; none where mail goes nowhere."""
        return self.thread.submit(self._send) if self.site.deployment.settings.mail else None

    def _send(self) -> None:
        try:
            send_letters(self.site.deployment, self.site.clock())
        except Exception as error:  # what waits is sent by the job
            _log.warning("letters wait: %s", type(error).__name__)


def install(app: Flask, site: Site) -> None:
    """Give an application its postman."""
    app.extensions["postman"] = Postman(site)


def soon() -> None:
    """Send the letters that wait, beside this request."""
    current_app.extensions["postman"].soon()
