"""The steps of one member through the pages, as a person takes them: by what links and buttons say, a script or none."""

import re
import time
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.web.acts import fly
from tests.web.doors import PASSWORD
from tests.web.given import asks, flight, look, member
from tests.web.portal import Portal

EMAIL = "zoe@new.example"
SERVICE = "SK100-0702"


def letter(folder: Path, part: str) -> str:
    """The way that a letter's link leads, once such a letter is there."""
    for _ in range(200):
        for file in folder.glob("*.eml"):
            body = message_from_bytes(file.read_bytes(), policy=default).get_body(("plain",))
            found = re.search(r"https?://\S+" + part + r"\S+", body.get_content() if body else "")
            if found:
                return urlsplit(found[0]).path
        time.sleep(0.05)
    raise AssertionError(f"no letter with {part} came")


@dataclass
class Journey:
    """A member to be, at a page; `address` is where the portal answers, `mail` the folder into which its letters go."""

    portal: Portal
    page: Page
    address: str
    mail: Path
    number: str = ""

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str | re.Pattern[str], inside: str = "body") -> None:
        self.page.locator(inside).get_by_role("link", name=name, exact=True).click()

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.locator("main")).to_contain_text(text)

    def joins(self) -> None:
        """Asks to join, opens the letter, confirms: a member of the first tier, signed in."""
        self.open("/program")
        self.follow("Join", ".tabs")
        self.page.get_by_label("Name", exact=True).fill("Zoë Winter")
        self.page.get_by_label("E-mail address").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Join")
        self.sees("only then are you a member")
        self.open(letter(self.mail, "/join/"))
        self.sees(EMAIL)
        self.press("Yes, make me a member")
        self.sees("Zoë Winter")
        self.has_tier("member")
        self.sees("Nothing yet. What you do with us appears here")
        self.number = self.page.locator(".card-number").inner_text()

    def has_tier(self, tier: str) -> None:
        expect(self.page.locator(".card")).to_have_attribute("data-tier", tier)

    def flies(self) -> None:
        """Four long flights are posted: Platinum at once, and the pages say why."""
        before = self.page.locator(".card").evaluate("(card) => getComputedStyle(card).backgroundColor")
        self.portal.later(days=10)
        for n in range(4):
            fly(self.portal, self.number, f"k{n}", f"2026-06-{16 + n}", distance=15_000)
        self.page.reload()
        self.has_tier("platinum")
        assert self.page.locator(".card").evaluate("(card) => getComputedStyle(card).backgroundColor") != before
        self.sees("105,000")
        self.follow("Status", ".tabs")
        self.sees("Since June 25, 2026 · valid through January 31, 2028")
        self.sees("Reached with 90,000 of 75,000 qualifying miles and 4 of 4 Skyway segments in 2026")

    def plans(self, script: bool) -> None:
        """Asks what one more flight would bring; with a script airports are offered, and the page is not loaded anew."""
        self.follow("Plan ahead")
        self.page.evaluate("window.mark = 1") if script else None
        self.page.get_by_label("Day").fill("2026-07-10")
        origin = self.page.get_by_label("From")
        if script:
            origin.press_sequentially("taipei")
            expect(self.page.locator("#l-origin option[value=TPE]")).to_have_count(1)
        origin.fill("TPE")
        self.page.get_by_label("To", exact=True).fill("ORD")
        self.page.get_by_label("Booking class").select_option("J")
        self.press("Add")
        self.sees("With the plan you would rise to Diamond.")
        self.sees("101,186")
        assert not script or self.page.evaluate("window.mark") == 1
        self.page.get_by_role("button", name=re.compile("Take out")).click()
        self.sees("Nothing yet: add a first one.")

    def asks(self) -> None:
        """Asks for an upgrade on a full flight: in the queue, behind one of a higher tier."""
        flight(self.portal, SERVICE, 24, business=0)
        member(self.portal, "RIVAL", "diamond", name="Petra Secret")
        asks(self.portal, "RIVAL", SERVICE)
        self.follow("Requests", ".tabs")
        self.page.get_by_label("Flight number").fill("SK100")
        self.press("Find")
        self.follow(f"Flight {SERVICE}")
        self.page.get_by_role("link", name=re.compile("^Ask ?: upgrade, Economy to Business")).click()
        self.page.get_by_label("Booking class").select_option("V")
        self.page.get_by_label("Ticket").select_option("paid")
        self.press("See what comes of it")
        self.press("Ask for it")
        look(self.portal)
        self.page.reload()
        self.sees("In the queue")
        self.sees("1 before you")
        self.sees("1 of a higher tier")
        expect(self.page.locator("main")).not_to_contain_text("Petra")
        self.follow("Requests", ".tabs")
        self.sees(SERVICE)

    def chooses(self) -> None:
        """Picks the gift of the year, beside what the miles of the year gave."""
        self.follow("Benefits", ".tabs")
        self.sees("Please choose by January 31, 2027.")
        self.sees("2 of 2 left")
        self.page.get_by_label("two Cabin upgrades").check()
        self.press("Choose this")
        expect(self.page.get_by_role("button", name="Choose this")).to_have_count(0)
        self.sees("Your choice is noted.")
        self.sees("picked on June 25, 2026, of the choice Yearly gift for 2026")

    def reads_the_statement(self) -> None:
        self.follow("Activity", ".tabs")
        self.follow("Statements")
        self.page.get_by_role("combobox", name="Period").select_option("2026-06")
        self.press("Show")
        self.sees(re.compile(r"Award miles\s*0\s*105,000\s*105,000"))

    def changes_what_is_theirs(self) -> None:
        """The telephone number, and what comes by mail."""
        self.follow("Me", ".tabs")
        self.follow("Change")
        self.page.get_by_label("Telephone").fill("+1 312 555 0100")
        self.press("Save")
        self.sees("+1 312 555 0100")
        self.follow("Choose")
        self.page.get_by_label("Birthdays and anniversaries").check()
        self.press("Save")
        expect(self.page.get_by_label("Birthdays and anniversaries")).to_be_checked()

    def leaves(self) -> None:
        """Proves who it is, takes everything along, closes the account: no sign-in holds then, not even one kept elsewhere."""
        self.follow("Me", ".tabs")
        self.follow("Download everything we keep about you")
        self.sees("You have been signed in for a while.")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Go on")
        with self.page.expect_download() as taken:
            self.follow("Download everything we keep about you")
        assert taken.value.path().read_bytes()[:2] == b"PK"
        kept = self.page.context.cookies()
        self.follow("Close the account")
        self.page.get_by_label("type your member number").fill(self.number)
        self.press("Close the account")
        self.sees("Your membership ends with this day.")
        for cookies in (self.page.context.cookies(), kept):
            self.page.context.clear_cookies()
            self.page.context.add_cookies(cookies)  # type: ignore[arg-type]
            self.open("/me")
            expect(self.page).to_have_url(re.compile("/sign-in"))
