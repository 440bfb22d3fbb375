"""A Chromium for the tests of pages. Where CI is set it must be there; elsewhere the tests say that they skip it."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from loyalty.settings import Settings
from tests.browser.live import chromium
from tests.browser.seed import Seeded, seeded


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("there is no chromium here; on Debian: apt-get install chromium fonts-noto-cjk")
    with chromium() as found:
        yield found


@pytest.fixture
def make(database_url: str) -> Iterator[Callable[..., Seeded]]:
    """Makes the demonstration on the test's database."""
    made: list[Seeded] = []

    def one(**options: int) -> Seeded:
        made.append(seeded(Settings(database_url=database_url), **options))
        return made[-1]

    yield one
    for each in made:
        each.deployment.store.close()
