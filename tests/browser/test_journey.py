"""One member's whole way through the pages in a real browser, on both databases, with scripts and without; and by keyboard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from loyalty.jobs.deployment import Deployment
from tests.browser.journey import Journey
from tests.browser.keys import tab, tab_to, walk
from tests.browser.live import complaints, serving
from tests.web.doors import PASSWORD, give_password
from tests.web.given import member
from tests.web.portal import Portal

Deploy = Callable[..., Deployment]


@contextmanager
def quiet(browser: Browser, **options: object) -> Iterator[Page]:
    """A page of a window of its own, in which nothing may go wrong unseen."""
    context = browser.new_context(locale="en-US", viewport={"width": 390, "height": 844}, **options)  # type: ignore[arg-type]
    context.set_default_timeout(10_000)
    wrong = complaints(context)
    yield context.new_page()
    context.close()
    assert wrong == []


def test_a_member_joins_flies_rises_plans_asks_chooses_and_leaves(browser: Browser, deploy: Deploy, tmp_path: Path) -> None:
    """With scripts on one database, without them on the other."""
    mail = {"mail": f"folder:{tmp_path}", "web_address": "http://loyalty.example"}
    portal = Portal(deploy(), settings=mail)
    script = portal.deployment.store.engine.dialect.name == "postgresql"
    with serving(portal.app) as address, quiet(browser, java_script_enabled=script) as page:
        journey = Journey(portal, page, address, tmp_path)
        journey.joins()
        journey.flies()
        journey.plans(script)
        journey.asks()
        journey.chooses()
        journey.reads_the_statement()
        journey.changes_what_is_theirs()
        journey.leaves()


#: Pages with forms, tables that scroll, folded parts and the bar below.
WALKED = ("/", "/status", "/planner", "/benefits", "/program/benefits?tier=all", "/requests", "/me/preferences", "/me/security")


def test_everything_is_done_by_keyboard_alone(browser: Browser, deploy: Deploy) -> None:
    portal = Portal(deploy())
    give_password(portal, member(portal, "M", "platinum", name="Ann", email="ann@new.example"))
    with serving(portal.app) as address, quiet(browser) as page:
        page.goto(address + "/")
        walk(page)
        page.reload()
        assert tab(page) and page.keyboard.press("Enter") is None
        assert page.evaluate("document.activeElement.id") == "main"
        tab_to(page, "Member number")
        page.keyboard.type("M")
        tab_to(page, "Password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.locator(".card")).to_contain_text("Ann")
        for path in WALKED:
            page.goto(address + path)
            walk(page)
        page.goto(address + "/")
        tab_to(page, "Benefits")  # of the bar at the bottom
        assert page.evaluate("document.activeElement.closest('.tabs') !== null")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Benefits")
        tab_to(page, "10,000 award miles")
        page.keyboard.press("ArrowDown")
        tab_to(page, "Choose this")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Two Cabin upgrades, picked on June 15, 2026")
        page.goto(address + "/planner")
        tab_to(page, "From")
        page.keyboard.type("ORD")
        tab_to(page, "To")
        page.keyboard.type("TPE")
        tab_to(page, "Add")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("What each one earns")
        expect(page.locator("#f-add")).to_be_focused()  # where it was, not at the top again
        tab_to(page, "Take out")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_contain_text("Nothing yet: add a first one.")
        expect(page.locator("[data-focus]")).to_be_focused()
