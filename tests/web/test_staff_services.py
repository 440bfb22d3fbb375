"""The requests desk: services by departure, the queue in the order and with the reasons that members are told, acts previewed
and done once; the same number of statements whatever there is. On both databases."""

import html
import json
import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from loyalty.access.roles import Roles
from loyalty.access.staff import staff_named
from loyalty.audit.queries import verify
from loyalty.benefits.places import place_of
from loyalty.benefits.queues import queues_told
from loyalty.benefits.tables import BenefitUse, Request, Service, ServiceChange, ServiceClass
from loyalty.desk.approvals import ask, who_is
from loyalty.desk.performing import Sent
from loyalty.desk.tables import Approval
from loyalty.i18n import translated
from loyalty.store import Base
from loyalty.web.portal.asked import placed_told
from loyalty.web.portal.asking import Names
from tests.web.console import Console, hidden, post
from tests.web.given import asks, english_in, flight, instruments, look, member, text_of
from tests.web.test_frame import Deploy

SCRIPT = "<script>alert(1)</script>"
TIERS = ("gold", "platinum", "diamond")


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def crowd(console: Console, count: int, service: str = "SK1") -> None:
    """So many members of several tiers who ask for Business on a service."""
    for n in range(count):
        number = f"N{n:03}"
        member(console, number, TIERS[n % len(TIERS)], name=f"Person {n} {SCRIPT}")
        asks(console, number, service, fare="YVB"[n % 3])
        console.later(seconds=1)


def rows(console: Console) -> dict[str, Any]:
    with console.deployment.store.reading() as session:
        query = select(Request.__table__)
        return {row.key: row for row in session.execute(query)}


def units(console: Console, number: int, name: str = "business") -> tuple[int, int]:
    with console.deployment.store.reading() as session:
        row = session.get_one(ServiceClass, (number, name))
        return row.taken, row.units


def everything(console: Console) -> dict[str, list[str]]:
    """Every row of every table but sign-ins, which note that they were used."""
    with console.deployment.store.reading() as session:
        return {
            name: sorted(repr(tuple(row)) for row in session.execute(table.select()))
            for name, table in Base.metadata.tables.items() if name != "staff_sign_in"
        }  # fmt: skip


def section(page: str, caption: str) -> str:
    """The table of a caption."""
    return page.partition(f"<caption>{caption}")[2].partition("</table>")[0]


def order(page: str, caption: str = "In the queue, in its order") -> list[str]:
    """The members of a table, in its order."""
    return re.findall(r'href="/staff/members/(\w+)">', section(page, caption))


# --- services by departure --------------------------------------------------------------------------------------


def test_services_are_found_by_day_key_state_and_fields(console: Console) -> None:
    numbers = {key: flight(console, key, hours, business=4, premium=1)
               for key, hours in (("SK1", 3), ("SK2", 30), ("XX%", 31), ("SK9", 24 * 9))}  # fmt: skip
    with console.deployment.store.transaction() as session:
        session.get_one(Service, numbers["SK2"]).fields = '{"carrier":"SK","destination":"TPE","origin":"LHR"}'
        session.get_one(Service, numbers["XX%"]).state = "closed"
    client = console.staff("agent")

    def found(**query: str) -> list[str]:
        page = client.get("/staff/services", query_string=query).text
        return re.findall(r'href="/staff/services/\d+">([^<]+)</a>', page)

    assert found() == ["SK1", "SK2", "XX%"]  # a week, by their start
    assert found(since="2026-06-24", until="2026-06-24") == ["SK9"] and found(since="2026-06-16") == ["SK2", "XX%"]
    assert found(until="2026-06-15") == ["SK1"] and found(since="rubbish", until="9999-12-31")[:1] == ["SK1"]
    assert found(key="sk") == ["SK1", "SK2"] and found(key="%") == found(key="K1") == []
    assert found(state="closed") == ["XX%"] and found(kind="flight", state="open") == ["SK1", "SK2"]
    assert found(kind="train") == found(state="sold") == []
    assert found(**{"field.origin": "lhr"}) == ["SK2"] and found(**{"field.destination": "T"}) == ["SK2"]
    assert found(**{"field.origin": "%", "key": SCRIPT}) == [] and found(**{"field.unknown": "x"}) == ["SK1", "SK2", "XX%"]
    page = client.get("/staff/services", query_string={"key": SCRIPT}).text
    assert "<script>alert" not in page and "No service is found" in page
    assert client.get("/staff/services?after=rubbish").status_code == 404
    assert client.get("/staff/services?since=0001-01-01&until=0001-01-02").status_code == 200


def test_services_are_told_a_page_at_a_time_with_their_units_and_who_waits(console: Console) -> None:
    for n in range(55):
        flight(console, f"SK{n:02}", 5 + n // 2, business=n % 5)  # two at each moment
    crowd(console, 3, "SK00")
    client = console.staff("agent")
    first = client.get("/staff/services").text
    seen = re.findall(r'href="/staff/services/\d+">([^<]+)</a>', first)
    assert len(seen) == 50
    more = html.unescape(re.search(r'href="(/staff/services\?[^"]*after=[^"]*)"', first)[1])  # type: ignore[index]
    second = client.get(more).text
    others = re.findall(r'href="/staff/services/\d+">([^<]+)</a>', second)
    assert len(others) == 5 and sorted([*seen, *others]) == [f"SK{n:02}" for n in range(55)]
    assert "To the first" in second and "after=" not in second.partition("To the first")[2]
    line = text_of(first.partition(">SK00</a>")[2].partition("</tbody>")[0])
    assert "in 4 hours 59 minutes" in line and "Business 0 0 / 0 3 0 open since" in line, line


def test_lists_and_queues_take_the_same_statements_for_5_and_200_requests(console: Console) -> None:
    few, many = flight(console, "FEW", 24, business=2), flight(console, "MANY", 24, business=50)
    for n in range(200):
        number = f"N{n:03}"
        member(console, number, TIERS[n % len(TIERS)], name="x")
        asks(console, number, "MANY", fare="YV"[n % 2])
        if n < 5:
            asks(console, number, "FEW", fare="YV"[n % 2])
    client, counts = console.staff("loyalty_manager"), {}
    client.get("/staff/services")
    for number in (few, many):
        for address in (f"/staff/services/{number}", "/staff/services?key=", f"/staff/services/{number}/clear"):
            with console.heard() as heard:
                assert client.get(address).status_code == 200
            counts[number, address.replace(str(number), "")] = len(heard)
        with console.heard() as heard:
            post(client, f"/staff/services/{number}/clear", {"key": f"p{number}", "reason": "why", "step": "preview"})
        counts[number, "preview"] = len(heard)
        with console.heard() as heard:
            done = post(client, f"/staff/services/{number}/clear", {"key": f"k{number}", "reason": "why", "step": "do"})
        assert done.status_code == 303
        counts[number, "do"] = len(heard)
    assert {name: n for (number, name), n in counts.items() if number == few} == {
        name: n for (number, name), n in counts.items() if number == many
    }  # fmt: skip
    assert max(counts.values()) < 45, counts
    page = client.get(f"/staff/services/{many}").text
    assert len(order(page)) == 50
    pages = [order(client.get(f"/staff/services/{many}?class=business&start={start}").text) for start in (0, 50, 100, 150)]
    assert len({number for mine in pages for number in mine}) == 150  # 50 were given
    assert client.get(f"/staff/services/{many}?class=attic").status_code == 404


# --- the queue --------------------------------------------------------------------------------------------------


def test_the_queue_is_told_in_the_order_and_with_the_reasons_that_members_are_told(console: Console) -> None:
    number = flight(console, "SK1", 24, business=0)
    crowd(console, 9)
    member(console, "EARLY", "silver")
    early = flight(console, "SK2", 24 * 20, business=0)
    asks(console, "EARLY", "SK2")
    console.later(hours=1)
    client = console.staff("supervisor")
    page = client.get(f"/staff/services/{number}").text
    site, now = console.deployment.program, console.now
    with console.deployment.store.reading() as session:
        service = session.get_one(Service, number)
        expected = [one["number"] for one in queues_told(session, site, service, now)["business"]]
        found = {row.key: row for row in session.execute(select(Request.__table__)) if row.state == "waitlisted"}
        table = section(page, "In the queue, in its order")
        assert order(page) == expected and len(expected) == 9
        names = Names(site, site.editions[-1], translated("en"))
        for n, who in enumerate(expected):
            row = found[f"{who} SK1 business"]
            place = place_of(session, site, service, row, now)
            assert place is not None and place.total == n
            line = text_of(table.split(f'href="/staff/members/{who}">')[1].partition("<details>")[0])
            reasons = placed_told(names, site.editions[-1], row.kind, place)
            assert all(reason in line for reason in reasons) and line.count(" of a higher tier") == sum(
                " of a higher tier" in one for one in reasons
            ), (line, reasons)
            # what the member reads is the same
            with console.deployment.store.reading() as other:
                member_id = other.scalar(select(Request.member_id).where(Request.key == row.key))
            own = text_of(console.client(member_id).get(f"/requests/{row.request_id}").text)
            assert all(reason in own for reason in reasons)
    assert "nobody before it" in table and "No unit is left." in page and SCRIPT not in page
    assert "EARLY" in client.get(f"/staff/services/{early}").text.partition("Waiting for their window")[2]


def test_whoever_may_not_be_given_a_unit_has_no_place_and_the_reason_is_told(console: Console) -> None:
    number = flight(console, "SK1", 24, business=0)
    crowd(console, 3)
    client, here = console.staff("supervisor"), f"/staff/services/{number}"
    page = client.get(here).text
    first, second, third = order(page)
    link = html.unescape(re.search(rf'href="(/staff/members/{first}/acts/request.skip[^"]*)"', page)[1])  # type: ignore[index]
    form = client.get(link).text
    assert hidden(form, "after") == here
    sent = {"request": f"{first} SK1 business", "source": "desk", "reason": "seat broken", "key": "s1", "after": here}
    assert post(client, f"/staff/members/{first}/acts/request.skip", {**sent, "step": "do"}).location == here
    page = client.get(here).text
    assert order(page) == [first, second, third]  # it keeps its place in the order, and is no one's to wait for
    lines = section(page, "In the queue, in its order").split("<tr>")
    assert "–" in text_of(lines[2])[:3] and "passed over by staff" in lines[2] and "seat broken" in lines[2]
    assert "<strong>1</strong>" in lines[3] and "request.unskip" in lines[2] and "request.unskip" not in lines[3]
    change = {"how": "units", "units.business": "1", "reason": "freed", "key": "u1", "step": "do"}
    assert post(client, f"{here}/change", change).location == here
    assert {row.key.split()[0]: row.state for row in rows(console).values()}[second] == "cleared"
    unskip = {**sent, "reason": "repaired", "key": "s2", "step": "do"}
    assert post(client, f"/staff/members/{first}/acts/request.unskip", unskip).location == here
    assert order(client.get(here).text) == [first, third]
    # the acts on its requests and on itself stand with it, those on another service do not
    other = flight(console, "SK2", 24, business=0)
    asks(console, first, "SK2")
    elsewhere = {**sent, "request": f"{first} SK2 business", "reason": "elsewhere", "key": "s3", "step": "do"}
    assert post(client, f"/staff/members/{first}/acts/request.skip", elsewhere).status_code == 303
    log = console.staff("loyalty_manager").get(here).text.partition('id="audit"')[2]
    assert all(why in log for why in ("seat broken", "freed", "repaired")) and "elsewhere" not in log
    assert "elsewhere" in console.staff("loyalty_manager").get(f"/staff/services/{other}").text.partition('id="audit"')[2]
    for wrong in ("//evil.example", "https://evil.example", "/\\evil.example", ""):
        answer = post(client, f"/staff/members/{first}/acts/request.skip",
                      {**sent, "key": f"w{wrong}", "after": wrong, "step": "do"})  # fmt: skip
        assert answer.location == f"/staff/members/{first}", wrong


# --- offloading -------------------------------------------------------------------------------------------------


def test_offloading_takes_back_what_was_given_and_the_next_in_the_queue_is_given_it(console: Console) -> None:
    number = flight(console, "SK1", 24, business=1)
    for who, tier in (("A", "silver"), ("B", "gold"), ("C", "platinum")):
        member(console, who, tier)
    instruments(console, "A", "cabin_upgrade", 1)
    asks(console, "A", "SK1", instrument="cabin_upgrade")
    asks(console, "B", "SK1")
    asks(console, "C", "SK1")
    assert rows(console)["A SK1 business"].state == "confirmed"
    client, here = console.staff("supervisor"), f"/staff/services/{number}"
    page = client.get(here).text
    assert "Offload" in section(page, "Given") and "Offload" not in section(page, "In the queue, in its order")
    link = html.unescape(re.search(r'href="(/staff/members/A/acts/request.give_back[^"]*)"', page)[1])  # type: ignore[index]
    form = client.get(link).text
    assert "free for others" in form and "gone with what took it" in form
    address = "/staff/members/A/acts/request.give_back"
    sent = {"request": "A SK1 business", "source": "desk", "becomes": "free", "reason": "crew seat", "after": here}
    before = everything(console)
    seen = post(client, address, {**sent, "key": "o1", "step": "preview"})
    assert seen.status_code == 200 and everything(console) == before
    told = text_of(seen.text)
    assert "C C SK1 business in the queue confirmed from the queue" in told and "Business" not in told.partition("Change it")[0]
    for _ in range(2):
        assert post(client, address, {**sent, "key": "o1", "step": "do"}).location == here
    found = rows(console)
    assert [found[f"{who} SK1 business"].state for who in "ABC"] == ["cancelled", "waitlisted", "cleared"]
    assert found["A SK1 business"].reason == "given_back" and units(console, number) == (1, 1)
    with console.deployment.store.reading() as session:
        assert session.scalars(select(BenefitUse.state)).all() == ["returned"]
    (line,) = console.lines("request.give_back")
    assert "SK1" in line.what and '"C' not in line.what and "units" not in line.what  # nothing of others under the member
    # what is gone is nobody's
    page = post(client, "/staff/members/C/acts/request.give_back",
                {**sent, "request": "C SK1 business", "becomes": "gone", "key": "o2", "step": "preview"})  # fmt: skip
    assert "units" in text_of(page.text) and "in the queue confirmed" not in text_of(page.text)
    gone = {**sent, "request": "C SK1 business", "becomes": "gone", "key": "o2", "step": "do"}
    assert post(client, "/staff/members/C/acts/request.give_back", gone).location == here
    assert rows(console)["B SK1 business"].state == "waitlisted" and units(console, number) == (0, 0)
    assert "crew seat" in client.get(here).text and "units changed" in client.get(here).text


def test_who_approves_an_offloading_sees_what_it_does_to_others(console: Console) -> None:
    flight(console, "SK1", 24, business=1)
    member(console, "A", "silver")
    member(console, "B", "platinum")
    instruments(console, "A", "cabin_upgrade", 1)
    asks(console, "A", "SK1", instrument="cabin_upgrade")
    asks(console, "B", "SK1")
    client = console.staff("supervisor")
    console.hire("agent")
    raw = {"request": "A SK1 business", "source": "desk"}
    with console.deployment.store.transaction() as session:
        who_asks = who_is(staff_named(session, "agent@house.example"))
        ask(session, console.deployment.program, who_asks, Sent("request.give_back", "A", raw, "crew seat", "k"), console.now)
    told = text_of(client.get("/staff/approvals/1").text)
    assert "B B SK1 business in the queue confirmed from the queue" in told


# --- the service itself -----------------------------------------------------------------------------------------


def test_a_change_of_units_is_previewed_and_its_preview_is_its_effect(console: Console) -> None:
    number = flight(console, "SK1", 24, business=0)
    crowd(console, 4)
    client, address = console.staff("supervisor"), f"/staff/services/{number}/change"
    form = client.get(f"{address}?how=units").text
    key = hidden(form, "key")
    assert "now 0, 0 of them given" in form
    sent = {"how": "units", "units.business": "2", "units.premium": "", "reason": f"released {SCRIPT}", "key": key}
    before = everything(console)
    seen = post(client, address, {**sent, "step": "preview"})
    assert seen.status_code == 200 and everything(console) == before
    told = seen.text
    assert "2 requests change" in told and "No unit is left." in told and SCRIPT not in told
    would = [(number, "stays" not in line) for number, line in _fates(told)]
    for _ in range(3):
        assert post(client, address, {**sent, "step": "do"}).location == f"/staff/services/{number}"
    states = {row.key.split()[0]: row.state for row in rows(console).values()}
    assert [(who, states[who] == "cleared") for who, _ in would] == would and sum(given for _, given in would) == 2
    assert units(console, number) == (2, 2)
    (line,) = console.lines("service.change")
    what = json.loads(line.what)
    assert what["before"]["units"] == {"SK1 business": {"taken": 0, "units": 0}}
    assert what["after"]["units"] == {"SK1 business": {"taken": 2, "units": 2}} and line.key == key
    assert line.member_id is None and line.actor == "supervisor@house.example" and line.reason.startswith("released")
    assert post(client, address, {**sent, "units.business": "3", "step": "do"}).status_code == 409
    for wrong in ({"units.business": "1"}, {"units.business": "many"}, {"units.attic": "3"}, {"units.business": ""},
                  {"reason": ""}):  # fmt: skip
        for step in ("preview", "do"):
            answer = post(client, address, {**sent, "key": f"w{wrong}", **wrong, "step": step})
            assert answer.status_code == 422, wrong
    assert len(console.lines("service.change")) == 1 and units(console, number) == (2, 2)
    assert client.get(f"{address}?how=paint").status_code == 404


def _fates(page: str) -> list[tuple[str, str]]:
    """The rows of what becomes of each request: the member and the row."""
    table = page.partition("What becomes of each request")[2].partition("</table>")[0]
    return [(line.partition("<")[0], line) for line in table.split('<tr><th scope="row">')[1:]]


def test_a_service_is_moved_closed_cancelled_and_replaced(console: Console) -> None:
    client = console.staff("loyalty_manager")
    first, other = flight(console, "SK1", 24, business=1), flight(console, "SK2", 26, business=1)
    crowd(console, 3)
    form = client.get(f"/staff/services/{first}/change?how=move").text
    assert 'value="2026-06-16T07:00"' in form  # by the clock of Chicago
    moved = {"how": "move", "starts": "2026-06-30T07:00", "reason": "fog", "key": "m", "step": "do"}
    page = post(client, f"/staff/services/{first}/change", {**moved, "step": "preview"}).text
    assert "1 request changes" in page and "waits for its window" in page
    assert post(client, f"/staff/services/{first}/change", moved).status_code == 303
    with console.deployment.store.reading() as session:
        assert session.get_one(Service, first).starts_at.isoformat() == "2026-06-30T12:00:00+00:00"
    replaced = {"how": "replace", "replaced_by": "SK2", "reason": "another aircraft", "key": "r", "step": "do"}
    assert post(client, f"/staff/services/{first}/change", {**replaced, "replaced_by": "SK7"}).status_code == 404
    page = post(client, f"/staff/services/{first}/change", {**replaced, "step": "preview"}).text
    assert "3 requests change" in page
    assert post(client, f"/staff/services/{first}/change", replaced).status_code == 303
    assert {row.service_id for row in rows(console).values()} == {other} and units(console, other) == (1, 1)
    assert "cancelled" in client.get(f"/staff/services/{first}").text
    assert post(client, f"/staff/services/{first}/change", {**moved, "key": "m2"}).status_code == 422
    closed = {"how": "close", "reason": "full", "key": "c", "step": "do"}
    assert post(client, f"/staff/services/{other}/change", closed).status_code == 303
    states = sorted(row.state for row in rows(console).values())
    assert states == ["cleared", "not_cleared", "not_cleared"]
    assert post(client, f"/staff/services/{other}/clear", {"reason": "x", "key": "x", "step": "do"}).status_code == 422
    third = flight(console, "SK3", 24, business=1)
    asks(console, "N000", "SK3")
    cancelled = {"how": "cancel", "reason": "strike", "key": "z", "step": "do"}
    page = post(client, f"/staff/services/{third}/change", {**cancelled, "step": "preview"}).text
    assert "1 request changes" in page and "The service was cancelled." in page
    assert post(client, f"/staff/services/{third}/change", cancelled).status_code == 303
    assert rows(console)["N000 SK3 business"].state == "cancelled"
    history = client.get(f"/staff/services/{third}").text
    assert "strike" in history and "loyalty_manager@house.example" in history.partition('id="audit"')[2]


def test_beyond_the_limit_another_approves_a_change_of_units(console: Console) -> None:
    number = flight(console, "SK1", 24, business=2)
    crowd(console, 3)
    boss, manager, agent = console.staff("supervisor"), console.staff("loyalty_manager"), console.staff("agent")
    address = f"/staff/services/{number}/change"
    assert agent.get(f"{address}?how=units").status_code == 403 and agent.get(f"/staff/services/{number}").status_code == 200
    sent = {"how": "units", "units.business": "23", "reason": "larger aircraft", "key": "big"}
    page = post(boss, address, {**sent, "step": "preview"}).text
    assert "beyond your limit" in page and "Ask for it" in page
    for _ in range(2):
        assert post(boss, address, {**sent, "step": "do"}).status_code == 303
    assert units(console, number) == (2, 2)
    with console.deployment.store.reading() as session:
        (row,) = session.scalars(select(Approval)).all()
        assert (row.act, row.size, row.state, row.number) == ("service.change", 21, "waiting", "")
    assert post(boss, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    page = manager.get("/staff/approvals/1").text
    assert "SK1 Business" in text_of(page) and "Business 23" in text_of(page)
    assert "confirmed from the queue" in page
    assert post(manager, "/staff/approvals/1", {"decision": "approve", "why": "seen"}).status_code == 303
    assert units(console, number) == (3, 23)
    (line,) = console.lines("service.change")
    assert json.loads(line.what)["asked_by"] == "supervisor@house.example" and line.actor == "loyalty_manager@house.example"
    # what it changes altogether counts where the whole service is changed
    small, large = {"how": "cancel", "reason": "x", "key": "c1"}, flight(console, "SK5", 24, business=21)
    assert "beyond your limit" in post(boss, f"/staff/services/{large}/change", {**small, "step": "preview"}).text
    tiny = flight(console, "SK6", 24, business=20)
    assert "beyond your limit" not in post(boss, f"/staff/services/{tiny}/change", {**small, "step": "preview"}).text


def test_a_role_that_may_only_ask_opens_the_form_and_asks(console: Console) -> None:
    number = flight(console, "SK1", 24, business=0)
    file = console.deployment.roles.file.model_copy(deep=True)
    file.roles["agent"].ask["service.change"] = None
    file.roles["auditor"].ask["desk.read"] = file.roles["finance"].ask["desk.read"] = None  # reading is not asked for
    console.deployment.__dict__["roles"] = Roles(file)
    agent, address = console.staff("agent"), f"/staff/services/{number}/change"
    assert "Another must approve this." in agent.get(address).text and "/change" in agent.get(f"/staff/services/{number}").text
    sent = {"how": "units", "units.business": "1", "reason": "x", "key": "k"}
    assert "beyond your limit" in post(agent, address, {**sent, "step": "preview"}).text
    assert post(agent, address, {**sent, "step": "do"}).status_code == 303 and units(console, number) == (0, 0)
    assert agent.get(f"/staff/services/{number}/clear").status_code == 403
    assert console.staff("finance").get("/staff/services").status_code == 403


# --- clearing ---------------------------------------------------------------------------------------------------


def stuck(console: Console, units: int = 2) -> int:
    """A service with free units and five who wait: the engine has not looked since the units came."""
    number = flight(console, "SK1", 24, business=0)
    crowd(console, 5)
    with console.deployment.store.transaction() as session:
        session.get_one(ServiceClass, (number, "business")).units = units
    return number


def test_clearing_is_previewed_and_done_once_however_often_it_is_pressed(console: Console) -> None:
    number = stuck(console)
    client, address = console.staff("supervisor"), f"/staff/services/{number}/clear"
    key = hidden(client.get(address).text, "key")
    sent = {"reason": "gate closes", "key": key}
    before = everything(console)
    seen = post(client, address, {**sent, "step": "preview"}).text
    assert everything(console) == before and "2 requests change" in seen
    would = {who for who, line in _fates(seen) if "confirmed from the queue" in line}
    expected = order(client.get(f"/staff/services/{number}").text)
    assert [who for who, _ in _fates(seen)] == expected and would == {*expected[:2]}
    assert all("No unit is left." in line for who, line in _fates(seen) if who not in would)
    for _ in range(2):
        assert post(client, address, {**sent, "step": "do"}).location == f"/staff/services/{number}"
    assert {row.key.split()[0] for row in rows(console).values() if row.state == "cleared"} == would
    with console.deployment.store.reading() as session:
        log = session.scalars(select(ServiceChange).where(ServiceChange.kind == "cleared")).all()
        assert [(one.author, one.reason, one.key) for one in log] == [("supervisor@house.example", "gate closes", key)]
        assert verify(session).fault == ""
    (line,) = console.lines("service.clear")
    assert len(json.loads(line.what)["after"]["requests"]) == 2
    # more units: the same form does nothing more, a new one does
    with console.deployment.store.transaction() as session:
        session.get_one(ServiceClass, (number, "business")).units = 5
    assert post(client, address, {**sent, "step": "do"}).status_code == 303 and units(console, number) == (2, 5)
    assert post(client, address, {**sent, "key": "other", "step": "do"}).status_code == 303
    assert units(console, number) == (5, 5) and len(console.lines("service.clear")) == 2


def test_two_clicks_at_the_same_moment_clear_once(console: Console) -> None:
    number = stuck(console)
    clients = [console.staff("supervisor") for _ in range(4)]
    answers: list[int] = []

    def press(client: Any) -> None:
        answers.append(post(client, f"/staff/services/{number}/clear", {"reason": "x", "key": "k", "step": "do"}).status_code)

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [303] * 4 and len(console.lines("service.clear")) == 1 and units(console, number) == (2, 2)


def test_a_clearing_that_is_killed_leaves_nothing_half_done(console: Console) -> None:
    number = stuck(console)
    client, engine = console.staff("supervisor"), console.deployment.store.engine
    client.get(f"/staff/services/{number}")
    before, left = everything(console), [0]

    class Killed(BaseException):
        """No handler of errors catches it."""

    def kill(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith(("UPDATE", "INSERT")) and "staff_sign_in" not in statement:
            left[0] -= 1
            if left[0] == 0:
                raise Killed

    writes = 0
    event.listen(engine, "before_cursor_execute", kill)
    try:
        for writes in range(1, 100):
            left[0] = writes
            try:
                answer = post(client, f"/staff/services/{number}/clear", {"reason": "x", "key": "k", "step": "do"})
            except Killed:
                left[0] = 0
                assert everything(console) == before, writes
            else:
                assert answer.status_code == 303
                break
    finally:
        event.remove(engine, "before_cursor_execute", kill)
    assert writes > 5 and units(console, number) == (2, 2) and len(console.lines("service.clear")) == 1


# --- the whole --------------------------------------------------------------------------------------------------


def test_who_may_read_only_sees_no_acts(console: Console) -> None:
    number = stuck(console)
    page = console.staff("auditor").get(f"/staff/services/{number}").text
    assert "/acts/" not in page and "/change" not in page and "/clear" not in page and 'id="audit"' in page
    agent = console.staff("agent").get(f"/staff/services/{number}").text
    assert "request.cancel" in agent and "request.skip" not in agent and 'id="audit"' not in agent
    assert console.staff("finance").get(f"/staff/services/{number}").status_code == 403


@pytest.mark.parametrize("code", ["zh-CN", "zh-TW"])
def test_in_chinese_nothing_is_left_in_english(console: Console, code: str) -> None:
    number = stuck(console)
    look(console)
    client, tongue = console.staff("supervisor"), {"Accept-Language": code}
    pages = [client.get(address, headers=tongue).text for address in (
        "/staff/services", f"/staff/services/{number}", f"/staff/services/{number}/clear",
        *(f"/staff/services/{number}/change?how={how}" for how in ("units", "move", "close", "cancel", "replace")),
    )]  # fmt: skip
    sent = {"how": "units", "units.business": "4", "key": "k", "reason": "42", "step": "preview"}
    pages.append(post(client, f"/staff/services/{number}/change", sent, headers=tongue).text)
    allowed = ("Skyway", "supervisor@house.example", "Supervisor", "ORD", "LHR", "Person", "script", "alert", "engine", "desk",
               "business", "test", "UTC")  # fmt: skip
    for page in pages:
        assert english_in(page, *allowed) == []


def test_the_overview_tells_the_clearing_rate_to_those_who_may_see_it(console: Console) -> None:
    client, counts = console.staff("auditor"), []
    client.get("/staff")
    for _ in range(2):
        with console.heard() as heard:
            page = client.get("/staff").text
        counts.append(len(heard))
        if len(counts) == 1:
            assert "No request has been decided in the last 30 days." in page
            flight(console, "SK1", 24, business=4)
            crowd(console, 12)
            console.later(days=1)
            look(console)
            console.later(days=10)
            client = console.staff("auditor")
            client.get("/staff")
    table = section(page, "Requests that were decided, and what part of them was given")
    told = text_of(table)
    assert "All 33% 4 of 12 nothing decided" in told and "Upgrade 33% 4 of 12" in told and counts[0] == counts[1]
    assert '<rect class="bar-done" width="33"' in table and told.index("Diamond") < told.index("Platinum") < told.index("Gold")
    assert "clearing rate" not in console.staff("agent").get("/staff").text


def test_a_program_without_services_has_an_empty_desk_and_no_rate(deploy: Deploy) -> None:
    console = Console(deploy("starbucks"))
    client = console.staff("supervisor")
    page = client.get("/staff").text
    assert "clearing rate" not in page and 'href="/staff/services"' not in page
    assert "No service is found" in client.get("/staff/services").text


def test_times_are_those_of_the_place(console: Console) -> None:
    number = flight(console, "SK1", 15, business=1)  # 03:00 UTC on June 16 is June 15 in Chicago
    page = text_of(console.staff("agent").get(f"/staff/services/{number}").text)
    assert "June 15, 2026, 10:00 PM (Central Time)" in page and "in 15 hours" in page
    console.now += timedelta(hours=16)
    assert "in 15 hours" not in console.staff("agent").get(f"/staff/services/{number}").text
