"""Members with much on record, for the pages that tell it."""

import re
from datetime import date, timedelta
from typing import Any

from loyalty.earning.operations import Report, record, reverse
from loyalty.ledger.operations import Correction, adjust
from loyalty.settle import settle
from loyalty.status.queries import lock_numbers
from tests.web.portal import Portal

FIELDS = {"carrier": "SK", "origin": "ORD", "destination": "SFO", "distance": "1846", "booking_class": "Y"}
SCRIPT = "<script>alert(1)</script>"


def fly(portal: Portal, number: str, flights: int, last: str = "2026-06-01", **fields: Any) -> None:
    """So many flights, one a day, the last on a day; each known on its own."""
    on = date.fromisoformat(last)
    days = [on - timedelta(days=n) for n in range(flights)][::-1]
    reports = [Report("flight", "test", f"{number} {day}", day, {**FIELDS, **fields}, day) for day in days]
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        outcomes = record(session, portal.deployment.program, [(account, report) for report in reports], portal.now)
        assert [outcome.refusal for outcome in outcomes] == [None] * flights
        settle(session, portal.deployment.program, [account], portal.now)


def book(portal: Portal, number: str, amount: str, on: str, reason: str, key: str = "A1") -> None:
    """Book miles by hand, for a day."""
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        wanted = Correction({"miles": amount}, date.fromisoformat(on), "Eve", reason, key)
        assert adjust(session, portal.deployment.program, account.member_id, wanted, portal.now, date.fromisoformat(on))


def undo(portal: Portal, number: str, day: str, reason: str) -> None:
    """Take back the flight of a day."""
    with portal.deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        assert reverse(session, portal.deployment.program, account, "test", f"{number} {day}", reason, portal.now)
        settle(session, portal.deployment.program, [account], portal.now)


def told(page: str) -> str:
    """What a page says, without its marks, each gap one blank."""
    main = re.split(r"<main[^>]*>", page)[-1].split("<footer", 1)[0]
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<option.*?</option>", "", main))
    return re.sub(r"\s+", " ", text.replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
