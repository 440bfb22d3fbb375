"""The planner: what it says is what comes of it when it is done, and nothing is written."""

import html
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from loyalty.i18n import ENGLISH
from loyalty.jobs.deployment import Deployment
from loyalty.status.queries import account_read
from loyalty.store import Base
from loyalty.web.portal.plan_form import MOST
from loyalty.web.portal.standing import whole_of
from tests.web.acts import fly, report
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
FIELDS = {"carrier": "SK", "origin": "ORD", "destination": "TPE", "booking_class": "J"}
FLIGHT = {"on": "2026-07-01", **{f"field-{name}": value for name, value in FIELDS.items()}}
#: A trip as the form keeps it.
KEPT = json.dumps({"kind": "flight", "on": "2026-07-01", "fields": {**FIELDS, "distance": "900"}})
#: A row of the table: its name, and what stands under "With it".
ROW = r'<th scope="row">([^<]+)</th><td class="number">[\d,]+</td><td class="number">([\d,]+)</td>'


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def plan(client: FlaskClient, trips: list[str], **fields: str) -> tuple[Any, list[str]]:
    """The planner sent with the trips in it; the answer, and the trips that it carries."""
    answer = send(client, "/planner", {"kind": "flight", "trip": trips, **fields})
    return answer, [html.unescape(text) for text in re.findall(r'name="trip" value="([^"]*)"', answer.text)]


def rows(portal: Portal) -> dict[str, int]:
    with portal.deployment.store.reading() as session:
        return {name: session.query(table).count() for name, table in Base.metadata.tables.items()}


def test_the_plan_is_what_comes_of_it(portal: Portal) -> None:
    member = portal.enrol("M")
    for n in range(4):
        fly(portal, "M", f"k{n}", f"2026-06-0{n + 1}")
    client, trips = portal.client(member), []
    before = rows(portal)
    for day in ("2026-07-01", "2026-07-09"):
        answer, trips = plan(client, trips, act="add", **{**FLIGHT, "on": day})
        assert answer.status_code == 200
    assert len(trips) == 2 and rows(portal) == before
    assert "With the plan you would rise to Gold." in answer.text
    assert "7,457" in answer.text and "11,186" in answer.text and re.search(r"75\s?%", answer.text)
    said = dict(re.findall(ROW, answer.text))
    through = re.findall(r'Valid through</th><td class="number">[^<]*</td><td class="number">([^<]*)', answer.text)[0]
    for on in ("2026-07-01", "2026-07-09"):
        portal.later(days=(date.fromisoformat(on) - portal.now.date()).days)
        report(portal, "M", "flight", f"done-{on}", date.fromisoformat(on), {**FIELDS, "distance": "7457"})
    program, today = portal.deployment.program, portal.now.date()
    with portal.deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None and account.tier == "gold"
        status = whole_of(session, program, account, today, ENGLISH).status
    assert ENGLISH.day(status["standing"]["valid_through"], "short") == through
    told = {name: int(amount) for name, amount in {**status["counters"], **status["balances"]}.items()}
    assert {int(amount.replace(",", "")) for amount in said.values()} == set(told.values())
    assert said["Award miles"] == f"{told['miles']:,}" and said["Qualifying miles"] == f"{told['qualifying_miles']:,}"


def test_what_cannot_be_is_told_beside_its_field(portal: Portal) -> None:
    client = portal.client(portal.enrol("M", name="<script>x</script>"))
    assert client.get("/planner").status_code == 200
    wrong: list[tuple[dict[str, str], str]] = [
        ({"field-carrier": "XX"}, 'id="e-field-carrier"'),
        ({"field-origin": "chicago"}, "Which one?"),
        ({"field-origin": "<script>y</script>"}, "No airport is known by this"),
        ({"field-origin": "", "field-distance": ""}, "Please fill this in."),
        ({"field-distance": "-5"}, 'id="e-field-distance"'),
        ({"on": "soon"}, "This is no day"),
        ({"on": "2099-01-01"}, "3 years ahead"),
        ({"on": "2026-01-01", "field-fare": "1.234"}, 'id="e-field-fare"'),
    ]
    for change, said in wrong:
        answer, trips = plan(client, [], act="add", **{**FLIGHT, **change})
        assert answer.status_code == 422 and said in answer.text and trips == [], change
        assert "<script>x" not in answer.text and "<script>y" not in answer.text
        assert f'value="{html.escape(change.get("field-origin", "ORD"))}"' in answer.text  # what was typed is kept
    answer, trips = plan(client, [], act="add", **{**FLIGHT, "field-origin": "TSA", "field-destination": "Chicago (ORD)"})
    assert answer.status_code == 200 and '"origin": "TSA", "destination": "ORD"' in trips[0]


def test_trips_are_taken_out_and_forged_ones_left_out(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))
    one = KEPT
    other = one.replace("900", "901")
    answer, trips = plan(client, [one, other], remove="0")
    assert len(trips) == 1 and "901" in trips[0] and answer.status_code == 200
    answer, trips = plan(client, ["{", "[]", '{"kind": 1}', one.replace("2026", "9999"), one], show="card_purchase")
    assert len(trips) == 1 and 'name="field-amount"' in answer.text and 'name="field-carrier"' not in answer.text
    answer, _ = plan(client, [one.replace("SK", "<b>")])
    assert answer.status_code == 422 and "&lt;b&gt;" in answer.text and "<b>" not in answer.text
    answer, trips = plan(client, [one] * MOST, act="add", **FLIGHT)
    assert answer.status_code == 422 and f"at most {MOST} activities" in answer.text and len(trips) == MOST
    assert client.post("/planner", data={"act": "add"}).status_code == 400  # not a form of ours


def test_airports_are_offered_by_name(portal: Portal) -> None:
    client = portal.client(portal.enrol("M"))
    assert '<option value="TPE">Taipei' in client.get("/planner/airports?field-origin=taipei").text
    assert client.get("/planner/airports?field-origin=t").text.strip() == ""
    assert "<script" not in client.get("/planner/airports", query_string={"field-origin": "<script>"}).text


def test_as_many_statements_whatever_the_plan(portal: Portal) -> None:
    one = KEPT
    fly(portal, "RICH", "k", "2026-06-01") if portal.enrol("RICH") else None
    counts = []
    for client, trips in ((portal.client(portal.enrol("POOR")), [one]), (portal.client(1), [one] * 20)):
        plan(client, trips)
        with portal.heard() as found:
            assert plan(client, trips)[0].status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1] <= 12, counts
