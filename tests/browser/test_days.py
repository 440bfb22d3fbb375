"""A day of the staff in a real browser, on both databases, with scripts and without: what one begins another ends."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from loyalty.access.passwords import hashed
from loyalty.access.staff_tables import Staff
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.tables import Adjustment
from tests.browser.days import PASSWORD, Desk
from tests.browser.live import complaints, serving
from tests.web.acts import fly
from tests.web.console import Console
from tests.web.given import asks, flight, look, member

Deploy = Callable[..., Deployment]


@contextmanager
def window(browser: Browser, script: bool, said: int = 0) -> Iterator[Page]:
    """A window of its own in which nothing may go wrong unseen, but for so many pages that are refused on purpose."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 900}, java_script_enabled=script)
    context.set_default_timeout(15_000)
    wrong = complaints(context)
    yield context.new_page()
    context.close()
    assert len(wrong) == said, wrong


def prepared(deploy: Deploy) -> Console:
    """A house with an agent and two supervisors, two members, and a full flight on which both wait."""
    console = Console(deploy())
    for name, role in (("agent", "agent"), ("boss", "supervisor"), ("auditor", "auditor")):
        console.hire(name, role)
    with console.deployment.store.transaction() as session:
        for staff in session.scalars(select(Staff)):
            staff.password = hashed(PASSWORD)
    member(console, "SK000000042", "gold", name="Adele Bergmann", email="adele@members.example", phone="+49 30 1234567")
    member(console, "SK000000043", "diamond", name="Petra Sommer")
    fly(console, "SK000000042", "LH400-0601", "2026-06-01")
    flight(console, "SK100-0618", 24, business=0)
    for number in ("SK000000042", "SK000000043"):
        asks(console, number, "SK100-0618")
    look(console)
    return console


def adjusted(console: Console) -> int:
    """How many adjustments there are."""
    with console.deployment.store.reading() as session:
        return session.scalar(select(func.count()).select_from(Adjustment)) or 0


def agents_day(desk: Desk, script: bool) -> None:
    """On the phone with a member whose name was misheard."""
    desk.comes_in()
    desk.finds("adele bergman", script)
    expect(desk.page).to_have_url(re.compile("/staff/members/SK000000042$"))
    desk.sees("Adele Bergmann")
    desk.sees("Gold", ".card")
    desk.sees("LH400-0601", "section:has(#activity)")
    desk.sees("SK100-0618", "section:has(#requests)")
    before = desk.page.locator("section:has(#points) dd").first.inner_text()
    # within the limit, pressed twice, done once
    desk.acts("Adjust an amount", "section:has(#points)", "lost on the way", {"Unit": "miles", "Amount, up or down": "1200"})
    desk.sees("11,700", "table.effect")
    desk.does()
    desk.sees("Done.")
    assert adjusted(desk.console) == 1
    expect(desk.page.locator("section:has(#points) dd").first).not_to_have_text(before)
    # undone by its counter-act
    desk.acts("Adjust an amount", "section:has(#points)", "found again", {"Unit": "miles", "Amount, up or down": "-1200"})
    desk.does()
    expect(desk.page.locator("section:has(#points) dd").first).to_have_text(before)
    # beyond the limit: another must approve it
    desk.acts("Adjust an amount", "section:has(#points)", "a promise kept", {"Unit": "miles", "Amount, up or down": "20000"})
    desk.sees("This is beyond your limit")
    desk.does("Ask for it")
    desk.sees("This waits for another to approve it.")
    desk.follow(re.compile("Adjust an amount"), ".said.refused")
    desk.sees("You asked for this yourself: another decides.")
    expect(desk.page.get_by_role("button", name="Approve and do it")).to_have_count(0)
    # the flight was another's
    desk.finds("42", script)
    desk.acts(re.compile("^Reverse"), "section:has(#activity)", "flown by a namesake")
    desk.does()
    desk.sees("taken back", "section:has(#activity)")
    desk.acts("Add a note", "section:has(#notes)", "called back", {"Note": "Prefers to be called in the evening."})
    desk.does()
    desk.sees("Prefers to be called in the evening.", "section:has(#notes)")
    # what is not theirs: no tab, and no page
    expect(desk.page.get_by_role("link", name="Audit log", exact=True)).to_have_count(0)
    refused = desk.page.goto(f"{desk.address}/staff/audit")
    assert refused is not None and refused.status == 403
    desk.leaves()


def supervisors_day(desk: Desk, script: bool) -> None:
    """What waits for approval, and a departure."""
    desk.comes_in("/staff")
    desk.sees(re.compile("1 waits for approval"))
    desk.follow("Approvals", ".tabs")
    desk.follow(re.compile("Adjust an amount"), "main")
    desk.sees("20,000", "table.effect")
    desk.press("Refuse")
    desk.sees(re.compile("reason", re.IGNORECASE), ".said.refused")  # a refusal without a reason is none
    desk.page.get_by_role("button", name="Approve and do it").dblclick()
    desk.finds("42", script)
    desk.sees("20,000", "section:has(#points)")
    assert adjusted(desk.console) == 3
    # the departure: one waits before the other, and why
    desk.follow("Requests", ".tabs")
    desk.follow("SK100-0618")
    expect(desk.page.locator("section:has(#class-1) tbody th").first).to_contain_text("SK000000043")
    desk.acts(re.compile("^Pass over ?: SK000000043"), "main", "travels with an infant")
    desk.does()
    desk.acts("Change its units", "main", "a seat is free", {"Business": "1"})
    desk.does()
    desk.acts("Clear its queues", "main", "gate closes")
    desk.does()
    desk.finds("42", script)
    desk.sees("confirmed", "section:has(#requests)")
    desk.leaves()


def auditors_day(desk: Desk) -> None:
    """Every act of the day, by whom and why; the chain holds."""
    desk.comes_in("/staff/audit")
    for reason in ("lost on the way", "a promise kept", "flown by a namesake", "gate closes"):
        desk.sees(reason)
    for name in ("agent@house.example", "boss@house.example"):
        desk.sees(name)
    desk.finds("42", False)
    expect(desk.page.get_by_role("heading", name="Do something")).to_have_count(0)
    desk.leaves()


def test_a_day_of_an_agent_a_supervisor_and_an_auditor(browser: Browser, deploy: Deploy) -> None:
    """With scripts on one database, without them on the other."""
    console = prepared(deploy)
    script = console.deployment.store.engine.dialect.name == "postgresql"
    with serving(console.app) as address:
        with window(browser, script, said=1) as page:
            agents_day(Desk(console, page, address, "agent"), script)
        with window(browser, script, said=1) as page:
            supervisors_day(Desk(console, page, address, "boss"), script)
        with window(browser, script) as page:
            auditors_day(Desk(console, page, address, "auditor"))
