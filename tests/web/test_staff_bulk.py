"""Acts for many on pages: a file or a segment, tried before it is sent, sent once, approved by another, followed."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from loyalty.access.staff import staff_named
from loyalty.benefits.tables import BenefitGrant
from loyalty.desk.approvals import who_is
from loyalty.desk.bulk import send
from loyalty.desk.tables import Approval, Bulk, BulkRow, Note
from loyalty.jobs import bulk as job
from loyalty.jobs.runs import RunKey
from loyalty.ledger.tables import Adjustment
from tests.web.console import Console, hidden, post
from tests.web.test_frame import Deploy
from tests.web.test_staff_acts import SCRIPT, count, points


@pytest.fixture
def console(deploy: Deploy) -> Console:
    found = Console(deploy())
    for number in ("M", "N", "O"):
        found.enrol(number, on="2024-01-01" if number != "O" else "2025-05-05", attributes={"time_zone": f"Zone/{number}"})
    return found


def run(console: Console) -> int:
    """The job, a minute later."""
    console.now += timedelta(minutes=1)
    key = RunKey("bulk", console.now, console.now.date())
    return job.bulk(console.deployment, key, console.now, 1, lambda *_: None).items


def sent(console: Console, client: FlaskClient, file: str | bytes = "", act: str = "points.adjust", **more: Any) -> Any:
    """The form of an act for many, with a file where there is a text."""
    data = {
        "act": act,
        "reason": f"strike {SCRIPT}",
        "key": hidden(client.get(f"/staff/bulk/new?act={act}").text, "key"),
        **more,
    }
    if file:
        data["file"] = (io.BytesIO(file if isinstance(file, bytes) else file.encode()), 'rows "1".csv')
    return post(client, "/staff/bulk", data, content_type="multipart/form-data")


def test_a_file_is_tried_then_sent_and_done_once(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    answer = sent(console, client, "number,amount\nM,1200\nnobody,5\nN,34\nM,1\n", unit=unit)
    assert answer.location == "/staff/bulk/1"
    page = client.get("/staff/bulk/1").text
    assert "being tried" in page and "data-watch" in page and SCRIPT not in page and 'value="send"' not in page
    assert post(client, "/staff/bulk/1", {"step": "send"}).status_code == 409  # nobody sends what was not tried
    assert run(console) == 4 and count(console, Adjustment) == 0
    page = client.get("/staff/bulk/1").text
    assert "3 would change something, 0 nothing, 1 would be refused; 0 to try." in page and "data-watch" not in page
    assert "+1,235" in page and "There is no member nobody." in page and 'value="send"' in page
    assert [post(client, "/staff/bulk/1", {"step": "send"}).location for _ in range(3)] == ["/staff/bulk/1"] * 3
    assert [line.actor for line in console.lines("bulk.run")] == ["supervisor@house.example"]
    assert "0 done, 0 changed nothing, 0 refused, 4 to do." in client.get("/staff/bulk/1").text
    assert run(console) == 4 and count(console, Adjustment) == 3 and run(console) == 0
    page = client.get("/staff/bulk/1").text
    assert "3 done, 0 changed nothing, 1 refused, 0 to do." in page and "data-watch" not in page
    errors = client.get("/staff/bulk/1/errors.csv")
    rows = list(csv.reader(io.StringIO(errors.text.removeprefix("\ufeff"))))
    assert [row[:3] for row in rows[1:]] == [["3", "nobody", "There is no member nobody."]]
    assert "attachment" in errors.headers["Content-Disposition"]
    listed = client.get("/staff/bulk").text
    assert "done" in listed and "/staff/bulk/1" in listed


def test_the_effect_that_was_told_is_what_is_done(console: Console) -> None:
    client = console.staff("loyalty_manager")
    tier = console.deployment.program.tiers[1]
    sent(console, client, "number\nM\nN\n", "tier.grant", tier=tier, through="2026-12-31")
    run(console)
    page = client.get("/staff/bulk/1").text
    assert "→" in page and ">2<" in page
    post(client, "/staff/bulk/1", {"step": "send"})
    run(console)
    assert tier.capitalize() in client.get("/staff/members/N").text


def test_a_segment_is_a_list_of_this_moment(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    base = console.deployment.program.tiers[0]
    said = {"tiers": base, "segment.enrolled_through": "2024-12-31", "unit": unit, "amount": "7"}
    assert sent(console, client, **said).location == "/staff/bulk/1"
    console.enrol("P", on="2024-02-02")  # comes too late
    with console.deployment.store.reading() as session:
        assert [(row.line, row.number) for row in session.scalars(select(BulkRow).order_by(BulkRow.line))] == [
            (1, "M"),
            (2, "N"),
        ]
    assert "December 31, 2024" in client.get("/staff/bulk/1").text
    by_attribute = {"segment.attribute": "time_zone", "segment.value": "Zone/O", "unit": unit, "amount": "7"}
    sent(console, client, **by_attribute)
    with console.deployment.store.reading() as session:
        assert session.scalars(select(BulkRow.number).where(BulkRow.bulk_id == 2)).all() == ["O"]
    for said, told in (
        ({}, "Field file is missing"), ({"tiers": "hihg"}, "There is no tier hihg"),
        ({"segment.enrolled_from": "soon"}, "YYYY-MM-DD"), ({"segment.enrolled_from": "2025-12-31"}, "Field rows is missing"),
        ({"segment.attribute": "sete", "segment.value": "x"}, "Field sete is unknown"),
    ):  # fmt: skip
        refused = sent(console, client, **said, unit=unit, amount="7")
        assert refused.status_code == 422 and told in refused.text, said
    both = sent(console, client, "number\nM\n", tiers=base, unit=unit, amount="7")
    assert both.status_code == 422 and "a file and a segment" in both.text and count(console, Bulk) == 2


def test_every_bad_row_is_told_with_its_column_and_nothing_is_written(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    page = sent(console, client, "number,unit,amount\nM,,many\nN,,3\nO,,\n", unit=unit)
    assert page.status_code == 422 and count(console, Bulk) == 0
    assert "<td>amount</td>" in page.text and "many" in page.text and '<th scope="row" class="number">2</th>' in page.text
    assert '<th scope="row" class="number">4</th>' in page.text and '<th scope="row" class="number">3</th>' not in page.text
    for text, said in (("name\nM\n", "number"), ("number,amount\nM\n", "line 2"), (b"number\n\xff\n", "CSV file in UTF-8")):
        refused = sent(console, client, text, unit=unit, amount="1")
        assert refused.status_code == 422 and said in refused.text, text
    assert post(client, "/staff/bulk", {"act": "staff.change"}).status_code == 404


def test_a_file_may_be_larger_than_other_forms_but_not_without_end(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    rows = "number,amount\n" + "M,1\n" * 100_001
    data = {"act": "points.adjust", "reason": "R", "key": "k", "unit": unit, "csrf_token": token(client)}
    parts = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in data.items())
    rows += "N,1\n" * 50_000
    file = f'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n{rows}\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    answer = client.post(
        "/staff/bulk", data=(parts + file).encode(), content_type=kind
    )  # 600 kB, which other forms may not have
    assert answer.status_code == 422 and "at most 100000 rows" in answer.text
    assert client.post("/staff/bulk", data=b"x" * (8 * 1024 * 1024 + 1), content_type=kind).status_code == 413
    assert client.post("/staff/members/M/acts/note.add", data=b"x" * 300_000, content_type=kind).status_code == 413
    assert count(console, Bulk) == 0


def token(client: FlaskClient) -> str:
    return hidden(client.get("/staff/bulk/new?act=points.adjust").text, "csrf_token")


def test_another_approves_having_seen_the_dry_run(console: Console) -> None:
    boss, other, manager = console.staff("supervisor"), console.staff("other", "supervisor"), console.staff("loyalty_manager")
    rows = "number\n" + "M\n" * 21
    key = "k1"
    for _ in range(2):  # pressed twice
        assert sent(console, boss, rows, "note.add", text="Called.", key=key).location == "/staff/bulk/1"
    run(console)
    page = boss.get("/staff/bulk/1").text
    assert "beyond your limit" in page and "Ask for it" in page
    assert other.get("/staff/bulk/1").text.count("Ask for it") == 0
    assert post(other, "/staff/bulk/1", {"step": "send"}).status_code == 403  # not one's own
    assert post(other, "/staff/bulk/1", {"step": "drop"}).status_code == 403
    for _ in range(2):
        post(boss, "/staff/bulk/1", {"step": "send"})
    assert count(console, Approval) == 1 and count(console, Note) == 0
    assert post(boss, "/staff/bulk/1", {"step": "drop"}).status_code == 409
    assert "Approve and do it" not in boss.get("/staff/approvals/1").text
    assert post(boss, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    assert post(other, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    page = manager.get("/staff/approvals/1").text
    assert "21 would change something" in page and "Approve and do it" in page and "Add a note" in page
    assert post(manager, "/staff/approvals/1", {"decision": "approve", "why": "seen"}).status_code == 303
    assert run(console) == 21 and count(console, Note) == 21
    assert "Row by row" in manager.get("/staff/approvals/1").text  # and afterwards


def test_what_waits_untried_is_not_approved(console: Console) -> None:
    boss, manager = console.staff("supervisor"), console.staff("loyalty_manager")
    sent(console, boss, "number\n" + "M\n" * 21, "note.add", text="Called.")
    with console.deployment.store.transaction() as session:  # as a command sends it, which does not wait for the dry run
        send(session, console.deployment.roles, who_is(staff_named(session, "supervisor@house.example")), 1, console.now)
    page = manager.get("/staff/approvals/1").text
    assert "still being tried" in page and "Approve and do it" not in page
    assert post(manager, "/staff/approvals/1", {"decision": "approve", "why": "x"}).status_code == 409
    run(console)
    assert "Approve and do it" in manager.get("/staff/approvals/1").text


def test_to_send_takes_a_fresh_second_step(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    sent(console, client, "number,amount\nM,5\n", unit=unit)
    run(console)
    console.later(minutes=11)
    assert client.get("/staff/bulk/new?act=points.adjust").location.startswith("/staff/code?after=/staff/bulk/new")
    assert post(client, "/staff/bulk/1", {"step": "send"}).location == "/staff/code?after=/staff/bulk/1"
    with console.deployment.store.reading() as session:
        assert session.scalars(select(Bulk.state)).one() == "draft"
    assert post(client, "/staff/bulk/1", {"step": "drop"}).location == "/staff/bulk"  # to give up takes none
    assert "dropped" in client.get("/staff/bulk").text


def test_who_may_not_does_not(console: Console) -> None:
    assert console.staff("agent").get("/staff/bulk/new?act=points.adjust").status_code == 403
    manager = console.staff("loyalty_manager")
    assert manager.get("/staff/bulk/new?act=member.change").status_code == 404  # no act of this role
    assert manager.get("/staff/bulk/new").location == "/staff/bulk" and manager.get("/staff/bulk/9").status_code == 404
    auditor = console.staff("auditor")
    assert auditor.get("/staff/bulk").status_code == 200 and "/staff/bulk/new" not in auditor.get("/staff/bulk").text


def test_lists_are_paged_and_cost_the_same_however_long(console: Console) -> None:
    client, unit = console.staff("supervisor"), points(console)
    sent(console, client, "number,amount\n" + "nobody,1\n", unit=unit)
    run(console)

    def statements(address: str) -> int:
        client.get(address)
        with console.heard() as found:
            assert client.get(address).status_code == 200
        return len(found)

    few = statements("/staff/bulk"), statements("/staff/bulk/1")
    for _ in range(55):
        sent(console, client, "number,amount\n" + "nobody,1\n", unit=unit)
    sent(console, client, "number,amount\n" + "nobody,1\n" * 120, unit=unit)
    run(console)
    assert (statements("/staff/bulk"), statements("/staff/bulk/57")) == few
    page = client.get("/staff/bulk").text
    assert page.count('<th scope="row">') == 50 and "before=8" in page
    assert client.get("/staff/bulk?before=8").text.count('<th scope="row">') == 7
    page = client.get("/staff/bulk/57").text
    assert page.count('<th scope="row" class="number">') == 50 and "after=51" in page
    assert client.get("/staff/bulk/57?after=101").text.count('<th scope="row" class="number">') == 20
    assert client.get("/staff/bulk?before=99999999999999999999").status_code == 200


def test_a_form_for_an_act_of_each_kind(console: Console) -> None:
    client = console.staff("supervisor")
    asked = client.get("/staff/bulk/new?act=activity.post").text
    assert '<option value="flight"' in asked and 'name="reason"' not in asked
    page = client.get("/staff/bulk/new?act=activity.post&kind=flight").text
    assert 'name="fields.origin"' in page and page.count("required") == 1  # the reason alone
    for act in ("benefit.pick", "milestone.choose", "benefit.revoke", "member.attributes", "member.change"):
        assert client.get(f"/staff/bulk/new?act={act}").status_code == 200, act


def test_a_benefit_is_granted_to_many(console: Console) -> None:
    client = console.staff("loyalty_manager")
    page = client.get("/staff/bulk/new?act=benefit.grant").text
    what = page.partition('<select id="f-what"')[2].split('<option value="')[2].partition('"')[0]
    sent(console, client, "number,amount\nM,2\nN,1\n", "benefit.grant", what=what, through="2026-12-31")
    run(console)
    assert "+3" in client.get("/staff/bulk/1").text
    post(client, "/staff/bulk/1", {"step": "send"})
    run(console)
    with console.deployment.store.reading() as session:
        assert session.scalar(select(func.sum(BenefitGrant.amount))) == 3
