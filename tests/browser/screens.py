"""Pictures of every kind of mail, as Chromium draws it: 360 and 700 px wide, light and dark. `make screens` writes them.

    python -m tests.browser.screens [--program FOLDER] [--locales en,zh_Hant] [--kinds promoted,ending] [--tier gold] [--out var/screens]
"""

import argparse
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from loyalty.i18n import translated
from loyalty.messages.examples import example, sources
from loyalty.messages.rendering import render
from loyalty.program.load import Program, load

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 27)
WIDTHS = (360, 700)
SCHEMES = ("light", "dark")


def mails(program: Program, kinds: list[str], locales: list[str], tier: str) -> Iterator[tuple[str, str]]:
    """(name of a picture, HTML) for every kind, with each of its variants, and language."""
    for kind in kinds:
        for variant in sources(program)[kind][1] or ("",):
            for locale in locales:
                given = example(program, kind, tier, translated(locale), TODAY, variant)
                name = f"{kind}-{variant}" if variant else kind
                yield f"{name}.{locale}", render(kind, given, locale, program.file.brand).html


def draw(browser: Browser, name: str, html: str, out: Path) -> None:
    """One mail at every width in both schemes; a mail that is wider than the window is an error."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            page.set_content(html)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                raise SystemExit(f"{name} is {wide} px wide in a window of {width} px")
            page.screenshot(path=out / f"{name}.{width}.{scheme}.png", full_page=True)
            page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=str(ROOT / "config" / "programs" / "skyway"))
    parser.add_argument("--locales", default="en,zh_Hans,zh_Hant")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--tier", default="")
    parser.add_argument("--out", default=str(ROOT / "var" / "screens"))
    given = parser.parse_args()
    program = load(Path(given.program))
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium; on Debian: apt-get install chromium fonts-noto-cjk")
    kinds = given.kinds.split(",") if given.kinds else sorted(sources(program))
    tiers = program.editions[-1].chart.tiers
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, html in mails(program, kinds, given.locales.split(","), given.tier or tiers[len(tiers) // 2 - 1]):
            draw(browser, name, html, out)
        browser.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


if __name__ == "__main__":
    main()
