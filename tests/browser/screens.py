"""Pictures to look at, as Chromium draws them, light and dark, in three languages: `make screens` writes them to var/screens.

python -m tests.browser.screens --mails [--kinds promoted,ending] [--tier gold] [--program FOLDER]
python -m tests.browser.screens --pages [--paths /status,/me] [--database demo.db --member SK000000240]

Without --mails and --pages both. Pages are those of a small demonstration, for its most telling member, for nobody and for
staff, unless a database and a member (- for nobody) are named: then no pages of staff are drawn. What is wider than its
window, and what a console complains of, is an error.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, Page
from sqlalchemy import select

from loyalty import clock
from loyalty.jobs import migrate
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.messages.previews import previews
from loyalty.messages.rendering import kinds
from loyalty.program.load import load
from loyalty.settings import Settings
from loyalty.store import Store
from loyalty.web import create_app
from tests.browser.live import TAGS, chromium, complaints, serving, signed_in, too_wide
from tests.browser.pages import addresses, of_staff, planned
from tests.browser.seed import SECRET, Seeded, seeded

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 27)
SCHEMES = ("light", "dark")


def draw(page: Page, name: str, widths: tuple[int, ...], out: Path) -> None:
    """What a page shows, at every width in both schemes. Ends the run where it is wider than its window."""
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 800})
            page.evaluate("scrollTo(0, 0)")
            if wide := too_wide(page):
                raise SystemExit(f"{name} is {wide}")
            page.screenshot(path=out / f"{name}.{width}.{scheme}.png", full_page=True)


def mails(browser: Browser, given: argparse.Namespace, out: Path) -> None:
    """Every kind of mail, at 360 and 700 px."""
    program = load(Path(given.program))
    tiers = program.editions[-1].chart.tiers
    chosen = given.kinds.split(",") if given.kinds else kinds()
    page = browser.new_page()
    for one in previews(program, chosen, given.tier or tiers[len(tiers) // 2 - 1], given.languages.split(","), TODAY):
        page.set_content(one.rendered.html)
        draw(page, one.name, (360, 700), out)
    page.close()


def pages(browser: Browser, given: argparse.Namespace, out: Path) -> None:
    """Every page, at 360 and 1280 px, for a member, for nobody and for staff."""
    asked = given.paths.split(",") if given.paths else []
    with shown(given.database, given.member) as site, serving(site.app) as address:
        for language in given.languages.split(","):
            if site.member_id:
                site.speak(language)
            for who, token in _viewers(site, given):
                every = [*of_staff(site), "/staff/nowhere"] if who == "staff" else [*addresses(site, token), "/nowhere"]
                chosen = [path for path in asked if path.startswith("/staff") == (who == "staff")] if asked else every
                _drawn(browser, site, address, (who, token), language, chosen, out)


def _viewers(site: Seeded, given: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Who looks at the pages, each with the token of a sign-in."""
    if site.member_id:
        yield "member", site.sign_in()
    if not given.member:
        yield "nobody", ""
    if not given.database:
        yield "staff", site.staff_sign_in()


def _drawn(
    browser: Browser, site: Seeded, address: str, viewer: tuple[str, str], language: str, paths: list[str], out: Path
) -> None:  # fmt: skip
    who, token = viewer
    context = signed_in(browser, site.app, address, token, who == "staff", locale=TAGS[language])
    wrong = complaints(context)
    page = context.new_page()
    for path in paths:
        page.goto(address + path)
        draw(page, f"{named(path)}.{who}.{language}", (360, 1280), out)
    if who == "member" and "/planner" in paths:
        planned(page, address)
        draw(page, f"planner-answer.{who}.{language}", (360, 1280), out)
    context.close()
    if wrong := [one for one in wrong if "/nowhere" not in one]:
        raise SystemExit("\n".join(wrong))


def named(path: str) -> str:
    """A name for the picture of a page, the same in every run whatever the numbers in it."""
    return re.sub(r"[^a-z]+", "-", re.sub(r"\d+", "-n-", path.lower())).strip("-") or "home"


@contextmanager
def shown(database: str, number: str) -> Iterator[Seeded]:
    """The demonstration that is drawn: that of a file, or a small one made for it. The file remembers the sign-in."""
    if database:
        deployment = Deployment(Settings(database_url=f"sqlite:///{database}", secret=SECRET)).ready(clock.now())
        with deployment.store.reading() as session:
            member_id = session.scalar(select(Member.member_id).where(Member.number == number)) or 0
        yield Seeded(deployment, create_app(deployment), member_id, number)
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(database_url=f"sqlite:///{folder}/demo.db")
        store = Store(settings.database_url)
        migrate.upgrade(store)
        store.close()
        site = seeded(settings)
        site.work()
        yield replace(site, member_id=0) if number == "-" else site
        site.deployment.store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", action="store_true")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--languages", default=",".join(TAGS))
    parser.add_argument("--program", default=str(ROOT / "config" / "programs" / "skyway"))
    for name in ("kinds", "tier", "paths", "database", "member"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--out", default=str(ROOT / "var" / "screens"))
    given = parser.parse_args()
    both = given.mails == given.pages
    with chromium() as browser:
        for wanted, make in ((given.mails, mails), (given.pages, pages)):
            if wanted or both:
                out = Path(given.out) / make.__name__
                out.mkdir(parents=True, exist_ok=True)
                make(browser, given, out)
                print(f"{len(list(out.glob('*.png')))} pictures in {out}")


if __name__ == "__main__":
    main()
