"""Acts from the console: the preview is the effect, a form counts once, limits ask another, nobody decides on their own."""

import json
from typing import Any

import pytest
from sqlalchemy import func, select

from loyalty.benefits.tables import BenefitGrant
from loyalty.desk.acts import ACTS
from loyalty.desk.effect import state_of
from loyalty.desk.tables import Approval, Note
from loyalty.ledger.tables import Adjustment
from loyalty.members.tables import Member
from loyalty.status.queries import account_read
from tests.web.console import Console, hidden, post
from tests.web.test_frame import Deploy

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def console(deploy: Deploy) -> Console:
    found = Console(deploy())
    found.enrol("M", name="Ada", phone="+49 30 1234567")
    return found


def count(console: Console, table: Any) -> int:
    with console.deployment.store.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def state(console: Console) -> dict[str, Any]:
    with console.deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        return state_of(session, console.deployment.program, account, console.now.date())


def points(console: Console) -> str:
    """A unit of points of the program."""
    units = console.deployment.program.editions[-1].units.units
    return next(name for name, unit in units.items() if unit.kind == "points")


def test_every_act_has_a_form_made_from_what_it_takes(console: Console) -> None:
    roles = {"agent": console.staff("agent"), "manager": console.staff("loyalty_manager"), "boss": console.staff("supervisor")}
    kind = next(iter(console.deployment.program.editions[-1].activities.activities))
    for name, act in ACTS.items():
        pages = [client.get(f"/staff/members/M/acts/{name}", query_string={"kind": kind}) for client in roles.values()]
        page = next(page.text for page in pages if page.status_code == 200)
        for field, about in act.shape.model_fields.items():
            assert f'name="{field}"' in page or f'name="{field}.' in page, (name, field)
            assert about.title
    asked = roles["agent"].get("/staff/members/M/acts/activity.post").text  # which kind, before its fields
    assert f'<option value="{kind}"' in asked and 'name="reason"' not in asked


def test_the_preview_is_the_effect_and_a_form_counts_once(console: Console) -> None:
    client, address = console.staff("agent"), "/staff/members/M/acts/points.adjust"
    key = hidden(client.get(address).text, "key")
    sent = {"unit": points(console), "amount": "1234", "on": "", "reason": f"goodwill {SCRIPT}", "key": key}
    before = state(console)
    page = post(client, address, {**sent, "step": "preview"})
    assert page.status_code == 200 and "1,234" in page.text and "Do it" in page.text and SCRIPT not in page.text
    assert state(console) == before and count(console, Adjustment) == 0
    for _ in range(2):  # pressed twice
        done = post(client, address, {**sent, "step": "do"})
        assert done.status_code == 303 and done.location == "/staff/members/M"
    assert count(console, Adjustment) == 1
    (line,) = console.lines("points.adjust")
    what = json.loads(line.what)
    after = state(console)
    assert what["after"]["balances"][sent["unit"]] == after["balances"][sent["unit"]] == "1234"
    assert (line.actor, line.place, line.key) == ("agent@house.example", "192.0.2.7", key)
    other = post(client, address, {**sent, "amount": "5", "step": "do"})
    assert other.status_code == 409 and count(console, Adjustment) == 1


def test_what_is_refused_is_told_beside_the_form_and_what_was_typed_is_kept(console: Console) -> None:
    client, address = console.staff("agent"), "/staff/members/M/acts/points.adjust"
    for step in ("preview", "do"):
        for wrong, said in (({"amount": "many"}, "amount"), ({"unit": "xyzzy"}, "xyzzy"), ({"reason": ""}, "Say why")):
            sent = {"unit": points(console), "amount": "5", "reason": "typed before", "key": f"k-{step}-{said}", **wrong}
            page = post(client, address, {**sent, "step": step})
            assert page.status_code == 422 and said in page.text, (step, wrong)
            assert sent["amount"] in page.text and sent["reason"] in page.text
    assert post(client, "/staff/members/NOBODY/acts/points.adjust", {"step": "do"}).status_code == 404
    assert count(console, Adjustment) == 0


def test_a_double_click_grants_one_benefit(console: Console) -> None:
    client, address = console.staff("agent"), "/staff/members/M/acts/benefit.grant"
    page = client.get(address).text
    what = page.partition('<select id="f-what"')[2].partition('<option value="')[2].partition('"')[0]
    sent = {"what": what, "amount": "1", "begins": "", "through": "2026-12-31", "reason": "missed flight",
            "key": hidden(page, "key"), "step": "do"}  # fmt: skip
    assert [post(client, address, sent).status_code for _ in range(3)] == [303, 303, 303]
    assert count(console, BenefitGrant) == 1
    assert "missed flight" in client.get("/staff/members/M").text or "Entitlements" in client.get("/staff/members/M").text


def test_beyond_the_limit_another_approves_and_nobody_their_own(console: Console) -> None:
    agent, boss, other = console.staff("agent"), console.staff("supervisor"), console.staff("other", "supervisor")
    address, unit = "/staff/members/M/acts/points.adjust", points(console)
    sent = {"unit": unit, "amount": "6000", "reason": "complaint 4711", "key": "big-1"}
    page = post(agent, address, {**sent, "step": "preview"}).text
    assert "beyond your limit" in page and "Ask for it" in page
    assert [post(agent, address, {**sent, "step": "do"}).status_code for _ in range(2)] == [303, 303]
    assert count(console, Adjustment) == 0 and count(console, Approval) == 1
    assert (
        "complaint 4711" in agent.get("/staff/approvals").text and "Waiting for approval" in agent.get("/staff/members/M").text
    )
    mine = agent.get("/staff/approvals/1").text
    assert "another decides" in mine and "Approve and do it" not in mine
    assert post(agent, "/staff/approvals/1", {"decision": "approve"}).status_code == 403
    # what a supervisor asks for beyond the own limit, the same supervisor may not approve; a colleague has the same limit
    assert post(boss, address, {**sent, "amount": "60000", "key": "big-2", "step": "do"}).status_code == 303
    assert post(boss, "/staff/approvals/2", {"decision": "approve"}).status_code == 403
    assert post(other, "/staff/approvals/2", {"decision": "approve"}).status_code == 403
    assert "Approve and do it" not in other.get("/staff/approvals/2").text
    # seen before it is approved
    page = boss.get("/staff/approvals/1").text
    assert "6,000" in page and "Approve and do it" in page and count(console, Adjustment) == 0
    assert post(boss, "/staff/approvals/1", {"decision": "refuse", "why": ""}).status_code == 422
    assert post(boss, "/staff/approvals/1", {"decision": "approve", "why": "seen"}).location == "/staff/approvals"
    assert post(other, "/staff/approvals/1", {"decision": "approve"}).status_code == 409
    assert count(console, Adjustment) == 1 and state(console)["balances"][unit] == "6000"
    assert post(boss, "/staff/approvals/2", {"decision": "withdraw"}).status_code == 303
    assert "approved" in agent.get("/staff/approvals").text and boss.get("/staff/approvals/99").status_code == 404


def test_a_dangerous_act_takes_a_fresh_second_step(console: Console) -> None:
    client, address = console.staff("supervisor"), "/staff/members/M/acts/member.leave"
    sent = {"on": "2026-07-01", "reason": "asked by letter", "key": "leave-1", "step": "do"}
    console.later(minutes=11)
    assert client.get(address).location == "/staff/code?after=/staff/members/M/acts/member.leave"
    stale = post(client, address, sent)
    assert stale.status_code == 403 and 'name="code"' in stale.text and "asked by letter" in stale.text
    assert post(client, address, {**sent, "code": "000000"}).status_code == 422
    with console.deployment.store.reading() as session:
        assert session.scalars(select(Member.left_on)).one() is None
    assert post(client, address, {**sent, "code": console.code()}).status_code == 303
    with console.deployment.store.reading() as session:
        assert str(session.scalars(select(Member.left_on)).one()) == "2026-07-01"
    assert client.get(address).status_code == 200  # fresh again


def test_acts_move_only_that_member(console: Console) -> None:
    console.enrol("N", name="Bob")
    client = console.staff("agent")
    post(client, "/staff/members/M/acts/note.add", {"text": f"called {SCRIPT}", "reason": "call", "key": "n1", "step": "do"})
    change = {"name": "Ada Berg", "email": "", "phone": "+49 30 1234567", "language": "", "reason": "asked", "key": "c1"}
    page = post(client, "/staff/members/M/acts/member.change", {**change, "step": "preview"}).text
    assert "Ada Berg" in page
    post(client, "/staff/members/M/acts/member.change", {**change, "step": "do"})
    with console.deployment.store.reading() as session:
        assert dict(session.execute(select(Member.number, Member.name)).all()) == {"M": "Ada Berg", "N": "Bob"}
        assert len(session.scalars(select(Note)).all()) == 1
    page = client.get("/staff/members/N").text
    assert "called" not in page and SCRIPT not in client.get("/staff/members/M").text


def test_the_log_is_searched_and_exported(console: Console) -> None:
    client = console.staff("agent")
    for n in range(60):
        sent = {"text": "x", "reason": f"reason {n} {SCRIPT}", "key": f"n{n}", "step": "do"}
        post(client, "/staff/members/M/acts/note.add", sent)
    auditor = console.staff("auditor")
    page = auditor.get("/staff/audit?actor=agent@house.example&act=note.add&member=M&since=2026-06-15&until=2026-06-15").text
    assert "reason 59" in page and "reason 3 " not in page and SCRIPT not in page
    older = page.partition("/staff/audit?actor=")[2].partition('">Older')[0].rpartition('href="')[2].replace("&amp;", "&")
    assert "reason 3 " in auditor.get(older if older.startswith("/") else f"/staff/audit?actor={older}").text
    for query in ("actor=nobody@x.example", "act=points.adjust", "member=NOBODY", "since=2026-06-16", "until=2026-06-14"):
        assert "There is no such line" in auditor.get(f"/staff/audit?{query}").text, query
    assert auditor.get("/staff/audit?since=rubbish&until=9999-12-31&before=99999999999999999999").status_code == 200
    lines = [json.loads(line) for line in auditor.get("/staff/audit/export.jsonl?act=note.add").text.splitlines()]
    assert len(lines) == 60 and lines[0]["reason"].startswith("reason 0") and lines[0]["hash"] == lines[1]["previous"]
