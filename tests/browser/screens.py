"""Pictures of every kind of mail, as Chromium draws it: 360 and 700 px wide, light and dark. `make screens` writes them.

python -m tests.browser.screens [--locales en,zh_Hant] [--kinds promoted,ending] [--tier gold] [--program FOLDER] [--out FOLDER]
"""

import argparse
import shutil
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from loyalty.messages.previews import previews
from loyalty.messages.rendering import kinds
from loyalty.program.load import load

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 11, 27)
WIDTHS = (360, 700)
SCHEMES = ("light", "dark")


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
    tiers = program.editions[-1].chart.tiers
    chosen = given.kinds.split(",") if given.kinds else kinds()
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for one in previews(program, chosen, given.tier or tiers[len(tiers) // 2 - 1], given.locales.split(","), TODAY):
            draw(browser, one.name, one.rendered.html, out)
        browser.close()
    print(f"{len(list(out.glob('*.png')))} pictures in {out}")


if __name__ == "__main__":
    main()
