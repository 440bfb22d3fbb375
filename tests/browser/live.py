"""The pages served for real, on a thread of this process, and a Chromium to look at them."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from loyalty.web.staff.guard import TOKEN

#: Chromium in a container, which asks nobody anything at its start.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-smooth-scrolling"]  # fmt: skip
#: What a browser asks for whose owner speaks a language of the pages.
TAGS = {"en": "en-US", "zh_Hans": "zh-CN", "zh_Hant": "zh-TW"}
#: Puts a breach of the policy into the console, by which part of the policy and what it was.
BREACHES = """addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));"""


class Unheard(WSGIRequestHandler):
    """Answers, and writes no line about each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address at which an application answers."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Unheard)
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


def complaints(context: BrowserContext) -> list[str]:
    """What goes wrong in a window from now on: errors and warnings of its console, of its scripts, breaches of the policy."""
    found: list[str] = []
    context.add_init_script(BREACHES)
    context.on(
        "console",
        lambda said: (
            found.append(f"{said.page.url if said.page else ''}: {said.text}") if said.type in ("error", "warning") else None
        ),
    )
    context.on("weberror", lambda error: found.append(f"{error.page.url if error.page else ''}: {error.error}"))
    return found


def too_wide(page: Page) -> str:
    """Says how wide a page is that is wider than its window; empty for any other."""
    wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return f"{wide} px wide in a window of {window}" if wide > window else ""


def signed_in(
    browser: Browser, app: Flask, address: str, token: str, staff: bool = False, **options: object
) -> BrowserContext:  # fmt: skip
    """A window of its own in which a sign-in (its token) holds, of a member or of staff; nobody's without one."""
    context = browser.new_context(**options)  # type: ignore[arg-type]
    if token:
        client = app.test_client()
        with client.session_transaction() as kept:
            kept.update({TOKEN: token} if staff else {"_user_id": token, "_fresh": True})
        name = app.config["SESSION_COOKIE_NAME"]
        cookie = client.get_cookie(name)
        assert cookie is not None
        context.add_cookies([{"name": name, "value": cookie.value, "url": address}])
    return context
