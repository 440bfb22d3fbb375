"""Every page in every language and both schemes, as Chromium draws it: no breach of accessibility or of the policy, no error in
the console, nothing wider than a small phone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from loyalty.settings import Settings
from tests.browser.live import TAGS, complaints, serving, signed_in, too_wide
from tests.browser.pages import addresses, of_staff, planned
from tests.browser.seed import Seeded, seeded

RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = 320


@pytest.fixture(scope="module")
def site(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    path = tmp_path_factory.mktemp("sweep") / "loyalty.db"
    path.write_bytes(sqlite_template.read_bytes())
    made = seeded(Settings(database_url=f"sqlite:///{path}"))
    made.work()
    yield made
    made.deployment.store.close()


SCHEMES = ("light", "dark")
#: The many pages of staff are looked at in both schemes in one language, and each once in one of the others: which, and how.
OF_STAFF = {
    "en": (slice(None), SCHEMES),
    "zh_Hans": (slice(0, None, 2), SCHEMES[:1]),
    "zh_Hant": (slice(1, None, 2), SCHEMES[1:]),
}


def faults(page: Page, schemes: Sequence[str] = SCHEMES) -> Iterator[str]:
    """What is wrong with a page as it is drawn now."""
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found: dict[str, Any] = Axe().run(page, options=RULES).response
        for fault in found["violations"]:
            yield f"{scheme}: {fault['id']}: {fault['nodes'][0]['html'][:160]} ({len(fault['nodes'])})"
    if wide := too_wide(page):
        yield wide


@pytest.mark.parametrize("language", TAGS)
@pytest.mark.parametrize("who", ["member", "nobody", "staff"])
def test_every_page_is_accessible_and_quiet(browser: Browser, site: Seeded, language: str, who: str) -> None:
    site.speak(language)
    options: dict[str, Any] = {"viewport": {"width": NARROW, "height": 700}, "locale": TAGS[language]}
    with serving(site.app) as address:
        token = {"member": site.sign_in, "staff": site.staff_sign_in}.get(who, str)()
        context = signed_in(browser, site.app, address, token, who == "staff", **options)
        wrong = complaints(context)
        page = context.new_page()
        some, schemes = OF_STAFF[language] if who == "staff" else (slice(None), SCHEMES)
        every = of_staff(site) if who == "staff" else [*addresses(site, token), *(() if token else ["/staff/sign-in"])]
        for path in every[some]:
            answer = page.goto(address + path)
            assert answer is not None and answer.status == 200, (path, answer and answer.status)
            wrong += [f"{path}: {fault}" for fault in faults(page, schemes)]
        if who == "member":
            planned(page, address)
            wrong += [f"the planner's answer: {fault}" for fault in faults(page)]
        context.close()
    assert wrong == [], "\n".join(wrong)
