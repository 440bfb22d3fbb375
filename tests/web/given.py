"""What members of the portal are given by a test: tiers, miles, services to ask of, a look at every queue."""

import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

from loyalty.benefits import operations
from loyalty.benefits.asking import Ask, ask_one
from loyalty.benefits.services import Told, tell
from loyalty.earning.operations import Report, record
from loyalty.jobs.requests import clear_due, open_windows
from loyalty.settle import settle, settle_services
from loyalty.status.facts import Grant, grant
from loyalty.status.queries import lock_numbers
from tests.web.portal import Portal


def tier(portal: Portal, number: str, name: str, begins: date, until: date | None = None) -> None:
    """A tier granted by staff."""
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        kind = Grant(name, begins, until, "test", "test", f"{number} {name}")
        grant(session, portal.deployment.program, account, kind, portal.now)
        settle(session, portal.deployment.program, [account], portal.now)


def member(portal: Portal, number: str, held: str, **profile: Any) -> int:
    """A member who has had a tier since the year began."""
    member_id = portal.enrol(number, **profile)
    tier(portal, number, held, portal.now.date())
    return member_id


def instruments(portal: Portal, number: str, what: str, amount: int) -> None:
    """Instruments granted by staff, for a year."""
    today = portal.now.date()
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        wanted = operations.Given(what, amount, today, today + timedelta(days=365), "test", "test", f"{number} {what}")
        operations.grant(session, portal.deployment.program, account, wanted, portal.now)


def miles(portal: Portal, number: str, distance: int) -> None:
    """One very long flight."""
    today = portal.now.date()
    fields = {"carrier": "SK", "booking_class": "Y", "origin": "ORD", "destination": "SYD", "distance": distance}
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        (outcome,) = record(
            session, portal.deployment.program, [(account, Report("flight", "t", "far", today, fields))], portal.now
        )
        assert outcome.refusal is None
        settle(session, portal.deployment.program, [account], portal.now)


def flight(portal: Portal, key: str, hours: float, **units: int) -> int:
    """A flight that departs in so many hours; its number."""
    fields = {"carrier": "SK", "flight": key, "origin": "ORD", "destination": "LHR"}
    told = Told(key, portal.now + timedelta(hours=hours), units, "test", zone="America/Chicago", fields=fields)
    with portal.deployment.store.transaction() as session:
        number, _fresh = tell(session, portal.deployment.program, told, portal.now)
    return number


def asks(portal: Portal, number: str, service: str, to: str = "business", fare: str = "V", **more: Any) -> None:
    """A request made elsewhere."""
    fields = {"fare_class": fare, "ticket": "paid"}
    wanted = Ask(service, "economy", to, "desk", f"{number} {service} {to}", "test", "upgrade", fields=fields, **more)
    with portal.deployment.store.transaction() as session:
        answer = ask_one(session, portal.deployment.program, lock_numbers(session, [number])[number], wanted, portal.now)
        settle_services(session, portal.deployment.program, [answer.service_id], portal.now, [answer.id])


def look(portal: Portal) -> None:
    """Both jobs of requests."""
    open_windows(portal.deployment, portal.now)
    clear_due(portal.deployment, portal.now)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, _attrs: Any) -> None:
        self.skipped += tag in ("script", "style", "svg")

    def handle_endtag(self, tag: str) -> None:
        self.skipped -= tag in ("script", "style", "svg")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.parts.append(data)


def text_of(page: str) -> str:
    """What a page says, its blanks single."""
    parser = _Text()
    parser.feed(page)
    return re.sub(r"\s+", " ", " ".join(parser.parts))


def english_in(page: str, *allowed: str) -> list[str]:
    """The English words of a page in Chinese, without what is allowed: names and numbers of members and services."""
    text = text_of(page)
    for one in ("English", *allowed):
        text = text.replace(one, "")
    return re.findall(r"[A-Za-z]{3,}", text)
