"""The steps of someone of the staff through a day, as they take them: by what links, labels and buttons say."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.web.console import Console

#: The password of everyone, beside the code of the second step.
PASSWORD = "four plain words here"


@dataclass
class Desk:
    """A desk with a browser; `address` is where the console answers, `name` who sits there."""

    console: Console
    page: Page
    address: str
    name: str

    def comes_in(self, wanted: str = "/staff") -> None:
        """Signs in with a password and the code of the app, and stands on the page that was wanted."""
        self.console.later(minutes=1)  # a code counts once
        self.page.goto(self.address + wanted)
        self.page.get_by_label("E-mail address").fill(f"{self.name}@house.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Sign in")
        self.page.get_by_label("The code that the app shows").fill(self.console.code())
        self.press("Go on")
        expect(self.page).to_have_url(self.address + wanted)

    def leaves(self) -> None:
        """Signs out; going back in the history opens nothing any more."""
        self.press("Sign out")
        self.page.goto(f"{self.address}/staff/approvals")
        expect(self.page).to_have_url(re.compile("/staff/sign-in"))

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str | re.Pattern[str], inside: str = "body") -> None:
        self.page.locator(inside).get_by_role("link", name=name, exact=isinstance(name, str)).first.click()

    def sees(self, text: str | re.Pattern[str], inside: str = "main") -> None:
        expect(self.page.locator(inside)).to_contain_text(text)

    def finds(self, what: str, script: bool) -> None:
        """Looks for a member: with scripts one key leads to the field, whatever has the focus."""
        if script:
            self.page.locator("h1").click()
            self.page.keyboard.press("/")
            self.page.keyboard.type(what)
        else:
            self.page.locator("#seek").fill(what)
        self.page.keyboard.press("Enter")

    def acts(self, label: str | re.Pattern[str], inside: str, reason: str, fields: dict[str, str] | None = None) -> None:
        """Opens the form of an act, fills it in by its labels and looks at what it would do."""
        self.follow(label, inside)
        for name, value in (fields or {}).items():
            field = self.page.get_by_label(re.compile(f"^{re.escape(name)}"))
            if field.evaluate("(one) => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.page.get_by_label("Reason").fill(reason)
        self.press("Preview")
        self.sees("Preview: nothing is done yet")

    def does(self, button: str = "Do it") -> None:
        """Does what was looked at, with a double click."""
        self.page.get_by_role("button", name=button, exact=True).dblclick()
        expect(self.page).to_have_url(re.compile(r"/staff/(members|services)/[^/]+$"))
