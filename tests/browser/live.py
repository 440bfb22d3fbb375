"""The pages served for real, on a thread of this process, and a Chromium to look at them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from loyalty.web.staff.guard import TOKEN

#: Chromium in a container, which asks nobody anything at its start.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]  # fmt: skip


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address at which an application answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser. Raises RuntimeError where there is none."""
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("There is no chromium; on Debian: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


def signed_in(
    browser: Browser, app: Flask, address: str, token: str, staff: bool = False, **options: object
) -> BrowserContext:  # fmt: skip
    """A window of its own in which a sign-in (its token) holds: of a member, or of staff."""
    client = app.test_client()
    with client.session_transaction() as kept:
        kept.update({TOKEN: token} if staff else {"_user_id": token, "_fresh": True})
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
    return context
