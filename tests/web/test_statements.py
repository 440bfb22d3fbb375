"""Statements on both databases: what they tell adds up, as a page and as PDF."""

import re
import zlib
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from loyalty.i18n import translated
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.web.portal import statement_pdf, statements
from loyalty.web.portal.activity_told import Teller
from loyalty.web.portal.statement_told import period_of, statement
from tests.web.portal import Portal
from tests.web.records import SCRIPT, book, fly, told, undo


@pytest.fixture
def portal(deploy: Callable[..., Deployment]) -> Portal:
    return Portal(deploy())


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2026", ("2026-01-01", "2027-01-01")),
        ("2026-02", ("2026-02-01", "2026-03-01")),
        ("2026-12", ("2026-12-01", "2027-01-01")),
    ],
)
def test_a_period_is_a_month_or_a_year(text: str, span: tuple[str, str]) -> None:
    period = period_of(text)
    assert period is not None and period.name == text
    assert (period.first, period.until) == tuple(map(date.fromisoformat, span))


def test_a_statement_adds_up(portal: Portal) -> None:
    member = portal.enrol("M", "2026-01-01", name=f"Ann {SCRIPT}")
    fly(portal, "M", 40, "2026-05-10", origin=SCRIPT)
    undo(portal, "M", "2026-05-10", "not flown")  # known in June
    book(portal, "M", "-300", "2026-05-31", "sorry")
    period = period_of("2026-05")
    assert period is not None
    with portal.deployment.store.reading() as session:
        one = statement(session, Teller(portal.deployment.program, translated("en")), session.get_one(Member, member), period)
    ((name, opening, change, closing),) = one.balances
    place = one.units.index(name)
    assert (name, opening + change) == ("award miles", closing)
    assert sum(row["amounts"][place] or 0 for row in one.rows) == change
    assert len(one.rows) == 11 and not [row for row in one.rows if row["undone"]]
    assert one.spans[0][1] == date(2026, 5, 1)
    client = portal.client(member)
    page = client.get("/activity/statement?period=2026-05")
    assert SCRIPT not in page.text and f"{closing:,}" in page.text
    june = told(client.get("/activity/statement").text)
    assert "Statement for June 2026" in june and "Flight, taken back of May 10, 2026" in june
    for wrong in ("2026-13", "x", "20260", "1999"):
        assert client.get(f"/activity/statement?period={wrong}").status_code == 404


def streams(pdf: bytes) -> bytes:
    """What a PDF draws: its compressed streams, opened."""
    found = []
    for part in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(part))
        except zlib.error:
            continue
    return b"\n".join(found)


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_a_statement_as_pdf_has_pages_of_text(portal: Portal, language: str) -> None:
    member = portal.enrol("M", "2025-01-01", name='#"]) $evil$ \\', language=language)
    fly(portal, "M", 100, "2026-05-10", origin="*#import*")
    client = portal.client(member)
    assert 'href="/activity/statement.pdf?period=2026"' in client.get("/activity/statement?period=2026").text
    answer = client.get("/activity/statement.pdf?period=2026")
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-") and b"Inter" in answer.data
    drawn = streams(answer.data)
    assert drawn.count(b"BT") > 500  # texts that are shown
    assert len(re.findall(rb"/Type\s*/Page\b", answer.data + drawn)) >= 3
    if language != "en":
        assert b"NotoSansCJK" in answer.data + drawn


def test_without_what_sets_it_there_is_no_pdf(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    client = portal.client(portal.enrol("M"))
    monkeypatch.setattr(statements, "available", lambda: False)
    assert statement_pdf.available()
    assert "statement.pdf" not in client.get("/activity/statement").text
    assert client.get("/activity/statement.pdf").status_code == 404


def test_the_balance_runs_with_the_entries(portal: Portal) -> None:
    member = portal.enrol("M", "2025-01-01")
    fly(portal, "M", 60, "2026-05-10")
    undo(portal, "M", "2026-05-10", "not flown")
    client, address, amounts, balances = portal.client(member), "/points", [], []
    page = client.get(address).text
    now = re.search(r'<p class="big">([\d,]+)</p>', page)
    assert now is not None and '<svg class="chart"' in page and 'style="' not in page
    while address:
        page = client.get(address).text
        table = page.split('id="entries"')[1]
        found = re.findall(r'<td class="number">(-?[\d,.]+)</td><td class="number">(-?[\d,.]+)</td>', table)
        amounts += [Decimal(amount.replace(",", "")) for amount, _ in found]
        balances += [Decimal(balance.replace(",", "")) for _, balance in found]
        onward = re.search(r'href="([^"]+)">Older', page)
        address = onward[1] if onward else ""
    assert balances[0] == Decimal(now[1].replace(",", "")) == sum(amounts)
    assert balances == [sum(amounts[n:]) for n in range(len(amounts))]
