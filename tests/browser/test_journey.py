"""One member's whole way through the pages in a real browser, on both databases, with scripts and without; and by keyboard alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from loyalty.jobs.deployment import Deployment
from tests.browser.journey import Journey
from tests.browser.live import complaints, serving
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


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_member_joins_flies_rises_plans_asks_chooses_and_leaves(
    browser: Browser, deploy: Deploy, tmp_path: Path, script: bool
) -> None:
    mail = {"mail": f"folder:{tmp_path}", "web_address": "http://loyalty.example"}
    portal = Portal(deploy(), settings=mail)
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
