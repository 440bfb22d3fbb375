"""Pictures of pages of the demonstration, to look at: python -m tests.browser.look demo.db NUMBER /path /other [--out FOLDER]

Each at 360 and 1280 px, light and dark, in English; with --languages en,zh_Hans,zh_Hant in more. A page that is wider than its
window, an error in the console, or a breach of the policy is told.
"""

import argparse
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from loyalty import clock
from loyalty.access.signed import begin
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.settings import read
from loyalty.web import create_app
from tests.browser.live import chromium, serving, signed_in

SECRET = "a-secret-of-forty-characters-for-looking"
TAGS = {"en": "en-US", "zh_Hans": "zh-CN", "zh_Hant": "zh-TW"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database")
    parser.add_argument("number", help="a member's number, or - for nobody")
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--languages", default="en")
    parser.add_argument("--widths", default="360,1280")
    parser.add_argument("--schemes", default="light,dark")
    parser.add_argument("--out", default="var/screens")
    given = parser.parse_args()
    deployment = Deployment(replace(read(), database_url=f"sqlite:///{given.database}", secret=SECRET)).ready(clock.now())
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    app = create_app(deployment)
    with serving(app) as address, chromium() as browser:
        for language in given.languages.split(","):
            with deployment.store.transaction() as session:
                token = ""
                if given.number != "-":
                    member = session.scalars(select(Member).where(Member.number == given.number)).one()
                    member.language = language
                    token = begin(session, member.member_id, "link", clock.now() - timedelta(minutes=1))
            for scheme in given.schemes.split(","):
                for width in map(int, given.widths.split(",")):
                    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "locale": TAGS[language]}
                    context = signed_in(browser, app, address, token, **options) if token else browser.new_context(**options)
                    page = context.new_page()
                    page.on("console", lambda message: print("console:", message.text) if message.type == "error" else None)
                    for path in given.paths:
                        page.goto(address + path)
                        wide = page.evaluate("document.documentElement.scrollWidth")
                        if wide > width:
                            print(f"{path} is {wide} px wide in a window of {width} px")
                        name = path.strip("/").replace("/", "-").split("?")[0] or "home"
                        page.screenshot(path=out / f"{name}.{language}.{width}.{scheme}.png", full_page=True)
                    context.close()


if __name__ == "__main__":
    main()
