"""The review list in Chromium: one key, one file reviewed; a key typed into a field is a letter."""

from collections.abc import Callable

from playwright.sync_api import Browser
from sqlalchemy import select

from loyalty.audit.tables import AuditLine
from tests.browser.live import complaints, serving, signed_in
from tests.browser.seed import Seeded


def reviewed(site: Seeded) -> int:
    with site.deployment.store.reading() as session:
        return len(session.scalars(select(AuditLine).where(AuditLine.act == "file.review")).all())


def test_one_key_reviews_the_first_file_or_that_of_the_row_with_the_focus(
    browser: Browser, make: Callable[..., Seeded]
) -> None:
    site = make()
    with serving(site.app) as address:
        context = signed_in(browser, site.app, address, site.staff_sign_in(), staff=True)
        wrong, page = complaints(context), context.new_page()
        page.goto(f"{address}/staff/reviews?of=all")
        numbers = page.locator("tbody th a").all_inner_texts()
        assert len(numbers) >= 3
        with page.expect_navigation():
            page.keyboard.press("r")
        assert f"{numbers[0]}: reviewed." in page.locator(".said").inner_text() and reviewed(site) == 1
        assert page.locator("tbody th a").all_inner_texts() == numbers[1:]
        page.locator("tbody tr").nth(1).locator("th a").focus()
        with page.expect_navigation():
            page.keyboard.press("r")
        assert f"{numbers[2]}: reviewed." in page.locator(".said").inner_text() and reviewed(site) == 2
        page.keyboard.press("/")
        page.keyboard.type("rr")
        assert page.input_value("#seek") == "rr" and reviewed(site) == 2
        context.close()
    assert wrong == []
