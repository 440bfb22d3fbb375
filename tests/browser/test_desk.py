"""The requests desk at work in a real browser, with scripts and without: cleared by a double click, offloaded, passed over."""

import re
from collections.abc import Callable

from playwright.sync_api import Browser, expect

from loyalty.jobs.deployment import Deployment
from loyalty.web.staff.guard import TOKEN
from tests.browser.live import complaints, serving, signed_in
from tests.web.console import Console
from tests.web.test_staff_services import rows, stuck, units

Deploy = Callable[..., Deployment]


def test_a_supervisor_clears_offloads_and_passes_over(browser: Browser, deploy: Deploy) -> None:
    """With scripts on one database, without them on the other."""
    console = Console(deploy())
    script = console.deployment.store.engine.dialect.name == "postgresql"
    number = stuck(console)
    with console.staff("supervisor").session_transaction() as kept:
        token = kept[TOKEN]
    options = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, "java_script_enabled": script}
    with serving(console.app) as address:
        context = signed_in(browser, console.app, address, token, True, **options)
        context.set_default_timeout(20_000)
        wrong, page = complaints(context), context.new_page()
        here = re.compile(rf"{address}/staff/services/{number}$")
        page.goto(f"{address}/staff")
        page.get_by_role("link", name="Requests", exact=True).click()
        page.get_by_role("link", name="SK1", exact=True).click()
        page.get_by_role("link", name="Clear its queues").click()
        page.get_by_label("Reason").fill("gate closes")
        page.get_by_role("button", name="Preview").click()
        expect(page.get_by_text("2 requests change")).to_be_visible()
        assert units(console, number) == (0, 2)
        page.get_by_role("button", name="Do it").dblclick()
        expect(page).to_have_url(here)
        assert units(console, number) == (2, 2) and len(console.lines("service.clear")) == 1

        first = page.get_by_role("link", name=re.compile("^Offload")).first
        who = (first.text_content() or "").split(": ")[1].split(",")[0]
        first.click()
        page.get_by_label("What becomes of the unit").select_option("gone")
        page.get_by_label("Reason").fill("seat broken")
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Do it").dblclick()
        expect(page).to_have_url(here)
        assert rows(console)[f"{who} SK1 business"].state == "cancelled" and units(console, number) == (1, 1)

        skipped = page.get_by_role("link", name=re.compile("^Pass over")).first
        who = (skipped.text_content() or "").split(": ")[1].split(",")[0]
        skipped.click()
        page.get_by_label("Reason").fill("travels tomorrow")
        page.get_by_role("button", name="Preview").click()
        page.get_by_role("button", name="Do it").click()
        expect(page.get_by_text("passed over by staff", exact=True)).to_be_visible()
        assert rows(console)[f"{who} SK1 business"].skipped == "travels tomorrow"
        context.close()
    assert wrong == []
