"""What a member has on its page: picked, used and named there once, in time; and the chart of all tiers, counted from it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from loyalty.benefits.tables import BenefitPick, BenefitUse, Companion
from loyalty.benefits.told import benefits_of
from loyalty.jobs.deployment import Deployment
from loyalty.settle import settle
from loyalty.status.queries import account_read, lock_numbers
from tests.web.given import english_in, instruments, member, miles, text_of
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def count(portal: Portal, table: Any) -> int:
    with portal.deployment.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def left(portal: Portal, number: str) -> dict[str, int]:
    with portal.deployment.store.reading() as session:
        account = account_read(session, number)
        assert account is not None
        return benefits_of(session, portal.deployment.program, account, portal.now.date()).left


def tier_of(portal: Portal, number: str) -> str | None:
    with portal.deployment.store.transaction() as session:
        settle(session, portal.deployment.program, list(lock_numbers(session, [number]).values()), portal.now)
    with portal.deployment.store.reading() as session:
        account = account_read(session, number)
        return account.tier if account else None


# --- the chart --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["skyway", "united-2012"])
def test_the_chart_has_every_category_benefit_and_cell(deploy: Deploy, program: str) -> None:
    page = Portal(deploy(program)).client().get("/program/benefits", query_string={"tier": "all"}).text
    assert len(re.findall(r'<th scope="rowgroup"', page)) == 8
    assert len(re.findall(r'<th scope="row">', page)) == 34
    assert len(re.findall(r'<td class="own', page)) == 118
    assert 'role="region" aria-labelledby="chart-caption" tabindex="0"' in page and "mine" not in page


def test_the_chart_marks_my_tier_and_what_the_next_one_adds(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    page = client.get("/program/benefits").text
    assert len(re.findall(r'<td class="own mine"', page)) == 27 and len(re.findall(r'<td class="[\w ]*\bmine', page)) == 34
    adds = portal.deployment.program.editions[0].chart.adds("gold", "platinum")
    assert len(re.findall(r'<td class="own lit"', page)) == len({one.benefit.id for one in adds})
    assert "new for you" in page and "better than yours" in page
    # on a small screen one tier, mine without another; by itself where one is asked for
    assert 'class="chart-one"><span class="chart-tier" data-tier="gold"' in page
    alone = client.get("/program/benefits?tier=diamond").text
    assert 'data-tier="diamond">Diamond</span></h2>' in alone and "<table" not in alone
    assert "<table" in client.get("/program/benefits", query_string={"tier": "<script>"}).text


def test_a_program_without_a_chart_says_so(deploy: Deploy) -> None:
    page = Portal(deploy("cmb-bank")).client().get("/program/benefits")
    assert page.status_code == 200


# --- choices ----------------------------------------------------------------------------------------------------


def pick(client: FlaskClient, option: str, key: str, **more: str) -> Any:
    given = {"kind": "tier", "choice": "yearly_gift", "option": option, "key": key, "period": "2026-01-01", **more}
    return send(client, "/benefits/pick", given)


def test_a_choice_is_picked_once_and_not_after_its_day(portal: Portal) -> None:
    client = portal.client(member(portal, "P", "platinum"))
    page = client.get("/benefits").text
    assert "Please choose by January 31, 2027." in text_of(page) and "four Guest passes" in page
    assert re.search(r'value="grand_upgrade" disabled', page)  # for Diamond and higher
    assert pick(client, "", "k").status_code == 422
    refused = pick(client, "grand_upgrade", "k")
    assert refused.status_code == 422 and "a Grand upgrade" in refused.text and count(portal, BenefitPick) == 0
    assert pick(client, "cabin_upgrades", "k").status_code == pick(client, "cabin_upgrades", "k").status_code == 303
    assert count(portal, BenefitPick) == 1 and left(portal, "P")["cabin_upgrade"] == 2
    assert pick(client, "miles", "k").status_code == 422 and pick(client, "miles", "other").status_code == 422
    assert "Please choose by" not in client.get("/benefits").text


def test_too_late_is_said(portal: Portal) -> None:
    member_id = member(portal, "L", "platinum")
    portal.now = datetime(2027, 2, 1, 12, tzinfo=UTC)
    answer = pick(portal.client(member_id), "miles", "late")
    assert answer.status_code == 422 and count(portal, BenefitPick) == 0
    assert "January 31, 2027" in text_of(answer.text)
    assert left(portal, "L")["guest_pass"] >= 4  # the default


# --- instruments ------------------------------------------------------------------------------------------------


def test_an_instrument_is_used_once_however_often_it_is_sent(portal: Portal) -> None:
    client = portal.client(member(portal, "G", "gold"))
    instruments(portal, "G", "guest_pass", 2)
    instruments(portal, "G", "cabin_upgrade", 1)
    page = client.get("/benefits").text
    assert 'href="/benefits/use/guest_pass"' in page and "/benefits/use/cabin_upgrade" not in page
    assert client.get("/benefits/use/guest_pass").status_code == 200
    assert count(portal, BenefitUse) == 0
    for _ in range(2):
        assert send(client, "/benefits/use/guest_pass", {"key": "one"}).status_code == 303
    assert count(portal, BenefitUse) == 1 and left(portal, "G")["guest_pass"] == 1
    assert send(client, "/benefits/use/guest_pass", {"key": "two"}).status_code == 303
    assert send(client, "/benefits/use/guest_pass", {"key": "three"}).status_code == 422
    assert send(client, "/benefits/use/guest_pass").status_code == 400
    # what is for a service is not used without one, nor by quota
    for what in ("cabin_upgrade", "lounge_passes", "nothing"):
        assert send(client, f"/benefits/use/{what}", {"key": "x"}).status_code == 404
        assert client.get(f"/benefits/use/{what}").status_code == 404
    assert client.get("/benefits/use/guest_pass").status_code == 404  # none is left


# --- companions -------------------------------------------------------------------------------------------------


def name(client: FlaskClient, who: str, key: str, **more: str) -> Any:
    return send(client, "/benefits/companions", {"what": "companion", "name": who, "key": key, **more})


def test_a_companion_is_named_once_and_ended(portal: Portal) -> None:
    client = portal.client(member(portal, "S", "silver"))
    other = portal.client(member(portal, "G", "gold"))
    who = "<script>alert(1)</script>"
    assert name(client, "", "k").status_code == 422
    assert name(client, who, "k").status_code == name(client, who, "k").status_code == 303
    assert count(portal, Companion) == 1
    page = client.get("/benefits").text
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    # Silver shares with one at a time
    assert 'name="what" value="companion"' not in page
    full = name(client, "Eve", "second")
    assert full.status_code == 422 and count(portal, Companion) == 1

    address = re.search(r'href="(/benefits/companions/\d+/end)"', page)
    assert address is not None
    assert other.get(address[1]).status_code == send(other, address[1]).status_code == 404
    assert client.get(address[1]).status_code == 200
    for _ in range(2):
        assert send(client, address[1]).status_code == 303
    assert "alert(1)" not in client.get("/benefits").text.replace("is named", "")
    assert name(client, "Eve", "third", number="SK7").status_code == 303
    assert name(portal.client(portal.enrol("M")), "Eve", "m").status_code == 422  # whose tier shares nothing


def test_status_for_life_is_shared_and_ended(portal: Portal) -> None:
    client = portal.client(portal.enrol("L"))
    portal.enrol("C")
    assert "Share your status" not in client.get("/benefits").text
    given = {"sharing": "lifetime_companion", "number": "C", "key": "k"}
    assert send(client, "/benefits/share", given).status_code == 422
    miles(portal, "L", 1_000_000)
    assert "Share your status: Lifetime companion" in text_of(client.get("/benefits").text)
    assert send(client, "/benefits/share", {**given, "number": "NOBODY"}).status_code == 422
    assert send(client, "/benefits/share", given).status_code == send(client, "/benefits/share", given).status_code == 303
    assert count(portal, Companion) == 1 and tier_of(portal, "C") == "gold"
    page = client.get("/benefits").text
    assert "Share your status" not in page and "shares your status" in page
    address = re.search(r'href="(/benefits/companions/\d+/end)"', page)
    assert address is not None and send(client, address[1]).status_code == 303
    assert tier_of(portal, "C") == "member"


# --- in every language ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["zh_Hans", "zh_Hant"])
def test_in_chinese_nothing_is_left_in_english(portal: Portal, code: str) -> None:
    client = portal.client(member(portal, "P", "platinum", language=code))
    instruments(portal, "P", "guest_pass", 2)
    miles(portal, "P", 1_000_000)
    name(client, "Eve", "k")
    page = client.get("/benefits").text
    ends = re.findall(r'href="(/benefits/companions/\d+/end)"', page)
    assert ends
    pages = [page, *(client.get(address).text for address in (ends[0], "/benefits/use/guest_pass", "/program/benefits",
             "/program/benefits?tier=diamond", "/program/benefits?tier=all")), pick(client, "", "k").text,
             pick(client, "grand_upgrade", "k").text, name(client, "", "k").text]  # fmt: skip
    for one in pages:
        assert english_in(one, "Skyway", "Eve", "test", "USD") == []
