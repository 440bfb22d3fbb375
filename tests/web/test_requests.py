"""Asking on pages: the window in words, a request made once, its place in the queue, withdrawn; nothing of others."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from loyalty.benefits.tables import BenefitUse, Request
from loyalty.jobs.deployment import Deployment
from tests.web.given import asks, english_in, flight, instruments, look, member, text_of
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
WAY = {"kind": "upgrade", "from": "economy", "to": "business", "field-fare_class": "V", "field-ticket": "paid"}


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def rows(portal: Portal) -> list[Request]:
    with portal.deployment.store.reading() as session:
        return list(session.scalars(select(Request).order_by(Request.requested_at, Request.source.desc())))


def ask(client: FlaskClient, number: int, key: str = "k", step: str = "ask", **more: Any) -> Any:
    return send(client, f"/requests/services/{number}/ask", {**WAY, "key": key, "step": step, **more})


def test_a_request_from_its_window_to_its_end(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    member(portal, "P", "platinum", name="Petra Secret")
    # 12:00 UTC is 7:00 in Chicago; two days before June 20 begin on June 18
    number = flight(portal, "SK1-0620", 5 * 24 + 3, business=0, premium=0)
    page = text_of(client.get(f"/requests/services/{number}").text)
    assert "opens in 2 days 17 hours" in page and "from June 18, 2026, 12:00 AM (Central Time)" in page
    found = client.get("/requests", query_string={"key": "sk1"}).text
    assert f'href="/requests/services/{number}"' in found and "opens in 2 days 17 hours" in text_of(found)

    form = client.get(f"/requests/services/{number}/ask", query_string=WAY).text
    assert re.search(r'name="key" value="[\w-]{20,}"', form) and 'name="name-0"' in form and 'name="name-1"' not in form
    seen = ask(client, number, step="look")
    assert seen.status_code == 200 and "Its window opens in 2 days 17 hours" in text_of(seen.text).replace("its", "Its")
    assert 'value="ask"' in seen.text and rows(portal) == []

    first, again = ask(client, number), ask(client, number)
    assert first.status_code == again.status_code == 303 and first.location == again.location
    assert [row.state for row in rows(portal)] == ["pending"]
    assert ask(client, number, **{"field-fare_class": "Q"}).status_code == 409
    once_more = ask(client, number, "other key")
    assert once_more.status_code == 422 and "asked already" in once_more.text and len(rows(portal)) == 1

    asks(portal, "P", "SK1-0620")
    assert "Waits for its window" in client.get(first.location).text
    portal.now = datetime(2026, 6, 18, 5, tzinfo=UTC)
    look(portal)
    page = text_of(client.get(first.location).text)
    assert "In the queue" in page and "1 before you" in page and "1 of a higher tier" in page
    assert "Petra" not in page and "Platinum" not in page
    assert "In the queue" in page and "Nothing that is free is enough for it yet." in page

    end = f"{first.location}/withdraw"
    assert client.get(end).status_code == 200
    assert send(client, end).location == first.location
    assert rows(portal)[0].state == "cancelled" and "Cancelled by the member." in client.get(first.location).text
    assert client.get(end).status_code == 404 and send(client, end).status_code == 303
    assert "Ended" in client.get("/requests").text


def test_what_is_free_is_given_at_once_or_from_the_queue(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    number = flight(portal, "SK2", 24, business=1)
    assert "open" in text_of(client.get(f"/requests/services/{number}").text)
    location = ask(client, number).location
    assert "Confirmed" in client.get(location).text and rows(portal)[0].state == "confirmed"
    send(client, f"{location}/withdraw")
    assert "cancelled" in client.get("/requests").text
    # how many seats there are is told nowhere
    other = flight(portal, "SK3", 24, business=7351)
    for address in (f"/requests/services/{other}", "/requests?key=SK3"):
        assert "7351" not in client.get(address).text and "7,351" not in client.get(address).text


def test_what_is_refused_is_said_beside_the_form_and_not_recorded(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    number = flight(portal, "SK1", 24, business=2)
    basic = ask(client, number, **{"field-fare_class": "E", "name-0": "<script>alert(1)</script>"})
    assert basic.status_code == 422 and "This would be refused." in basic.text
    assert "<script>alert" not in basic.text and "&lt;script&gt;alert(1)&lt;/script&gt;" in basic.text
    assert '<option value="E" selected>' in basic.text
    assert ask(client, number, **{"number-0": "NOBODY"}).status_code == 422
    assert ask(client, number, **{"field-ticket": ""}).status_code == 422
    assert ask(client, number, instrument="cabin_upgrade").status_code == 422
    assert ask(client, number, **{"field-ticket": "stolen"}).status_code == 422
    poor = portal.client(portal.enrol("M"))
    assert "not with your tier" in poor.get(f"/requests/services/{number}").text
    assert "does not have" in ask(poor, number).text
    assert rows(portal) == []


def test_with_an_instrument_and_companions(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))
    member(portal, "G", "gold")
    instruments(portal, "M", "cabin_upgrade", 2)
    number = flight(portal, "SK1", 100, business=1)
    assert "You may ask with a voucher that you hold." in client.get(f"/requests/services/{number}").text
    form = client.get(f"/requests/services/{number}/ask", query_string=WAY).text
    assert "Cabin upgrade" in form and "Without one" not in form
    assert ask(client, number, instrument="cabin_upgrade", **{"name-0": "Eve"}).status_code == 303  # no tier, no companions
    page = client.get(f"/requests/{rows(portal)[0].request_id}").text
    assert "Confirmed" in page and "Cabin upgrade" in page and "Eve" not in page
    gold = portal.client(member(portal, "G2", "gold"))
    instruments(portal, "G2", "cabin_upgrade", 2)
    location = ask(gold, number, instrument="cabin_upgrade", **{"name-0": "<b>Eve</b>"}).location
    page = gold.get(location).text
    assert "&lt;b&gt;Eve&lt;/b&gt;" in page and "<b>Eve" not in page
    assert "held for your request on SK1" in gold.get("/benefits").text
    with portal.deployment.store.reading() as session:
        held = select(func.sum(BenefitUse.amount)).where(BenefitUse.state == "held")
        assert session.scalar(held) == 2  # one for each traveller


def test_what_is_not_mine_or_not_there_is_404(portal: Portal, deploy: Deploy) -> None:
    client = portal.client(member(portal, "G", "gold"))
    member(portal, "P", "platinum")
    number = flight(portal, "SK1", 24, business=0)
    asks(portal, "P", "SK1")
    theirs = rows(portal)[0].request_id
    for address in (f"/requests/{theirs}", f"/requests/{theirs}/withdraw", "/requests/1", "/requests/services/1",
                    f"/requests/services/{number}/ask", f"/requests/services/{number}/ask?kind=upgrade&from=first&to=economy",
                    "/requests/99999999999999999999"):  # fmt: skip
        assert client.get(address).status_code == 404, address
    assert send(client, f"/requests/{theirs}/withdraw").status_code == 404
    assert ask(client, 1).status_code == 404 and ask(client, number, to="attic").status_code == 404
    assert rows(portal)[0].state == "waitlisted"


def test_a_program_of_which_nothing_may_be_asked_has_no_such_pages(deploy: Deploy) -> None:
    portal = Portal(deploy("starbucks"))
    client = portal.client(portal.enrol("M"))
    for address in ("/requests", "/requests/1", "/requests/services/1"):
        assert client.get(address).status_code == 404
    page = client.get("/benefits")
    assert page.status_code == 200 and 'href="/requests"' not in page.text


def test_the_search_finds_by_day_of_the_place_and_by_the_beginning_of_the_key(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    late = flight(portal, "SK9-LATE", 15, business=1)  # 03:00 UTC on June 16 is June 15 in Chicago
    next_day = flight(portal, "SK8", 24, business=1)
    flight(portal, "XX%", 24, business=1)

    def found(**query: str) -> set[int]:
        page = client.get("/requests", query_string=query).text
        return {int(number) for number in re.findall(r'href="/requests/services/(\d+)"', page)}

    assert found(on="2026-06-15") == {late} and next_day in found(on="2026-06-16") and late not in found(on="2026-06-16")
    assert found(key="sk") == {late, next_day} and found(key="sk9-late", on="2026-06-15") == {late}
    assert found(key="%") == found(key="K9") == found(on="yesterday") == set()
    page = client.get("/requests", query_string={"key": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page
    portal.later(hours=16)
    assert found(key="sk") == {next_day}


def test_pages_take_the_same_statements_whatever_the_member_has(portal: Portal) -> None:
    rich, poor = member(portal, "R", "diamond"), member(portal, "M", "silver")
    numbers = [flight(portal, f"SK{n}", 30 + n, business=n % 2, premium=1) for n in range(6)]
    instruments(portal, "R", "cabin_upgrade", 3)
    for n in range(6):
        asks(portal, "R", f"SK{n}", instrument="cabin_upgrade" if n == 3 else None)
    counts = {}
    for name, member_id in (("rich", rich), ("poor", poor)):
        client = portal.client(member_id)
        client.get("/requests")
        for address in ("/requests", "/requests?key=SK", f"/requests/services/{numbers[0]}", "/benefits"):
            with portal.heard() as heard:
                assert client.get(address).status_code == 200
            counts[name, address] = len(heard)
    assert {address: n for (who, address), n in counts.items() if who == "rich"} == {
        address: n for (who, address), n in counts.items() if who == "poor"
    }  # fmt: skip
    assert max(counts.values()) < 25


@pytest.mark.parametrize("code", ["zh_Hans", "zh_Hant"])
def test_in_chinese_nothing_is_left_in_english(portal: Portal, code: str) -> None:
    client = portal.client(member(portal, "G", "gold", language=code))
    member(portal, "P", "platinum")
    number = flight(portal, "SK1", 24, business=0, premium=1, spare_seat=1)
    asks(portal, "P", "SK1")
    instruments(portal, "G", "cabin_upgrade", 1)
    location = ask(client, number).location
    later = flight(portal, "SK2", 24 * 5 + 1, business=0)
    addresses = ["/requests", "/requests?key=SK1", f"/requests/services/{number}", f"/requests/services/{later}", location,
                 f"{location}/withdraw"]  # fmt: skip
    pages = [client.get(address).text for address in addresses]
    pages += [client.get(f"/requests/services/{later}/ask", query_string=WAY).text, ask(client, later, "l", "look").text,
              ask(client, later, "m", **{"field-fare_class": "E"}).text, ask(client, later, "n", **{"field-ticket": ""}).text,
              client.get(ask(client, later, "o", **{"name-0": "Eve"}).location).text]  # fmt: skip
    for page in pages:
        assert english_in(page, "Skyway", "ORD", "LHR", "Eve") == []
