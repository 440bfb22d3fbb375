"""Who is staff, on pages: added with a password told once, given roles, ended, made anew; with a reason, never one's own."""

import json
import re

import pytest
from sqlalchemy import select

from loyalty.access.passwords import matches
from loyalty.access.staff import change_roles, end
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Actor
from loyalty.errors import Refused
from tests.web.console import Console, post
from tests.web.test_frame import Deploy

SHELL = Actor("command", "command")
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def staff(console: Console, name: str) -> Staff:
    with console.deployment.store.reading() as session:
        return session.scalars(select(Staff).where(Staff.name == f"{name}@house.example")).one()


def told(page: str) -> str:
    found = re.search(r'<code class="key">([^<]+)</code>', page)
    assert found is not None
    return found[1]


def test_someone_is_added_and_the_password_is_told_once(console: Console) -> None:
    boss = console.staff("administrator")
    sent = {"name": "Nia@house.example", "shown": f"Nia {SCRIPT}", "roles": ["agent", "finance"], "reason": "new"}
    page = post(boss, "/staff/people/new", sent)
    assert page.status_code == 200 and SCRIPT not in page.text and page.headers["Cache-Control"] == "no-store"
    added, password = staff(console, "nia"), told(page.text)
    assert matches(added.password, password) and json.loads(added.roles) == ["agent", "finance"]
    assert password not in boss.get(f"/staff/people/{added.staff_id}").text
    assert post(boss, "/staff/people/new", sent).status_code == 409  # pressed twice
    (line,) = console.lines("staff.add")[-1:]
    assert (line.actor, line.reason) == ("administrator@house.example", "new") and password not in line.what
    for wrong in ({"name": "nobody"}, {"roles": []}, {"roles": ["agnt"]}, {"reason": " "}, {"shown": ""}):
        refused = post(boss, "/staff/people/new", {**sent, "name": "other@house.example", **wrong})
        assert (refused.status_code == 422 and 'value="new"' in refused.text) or wrong == {"reason": " "}
    with console.deployment.store.reading() as session:
        assert len(session.scalars(select(Staff)).all()) == 2


def test_roles_are_given_with_a_reason_and_another_ends_someone(console: Console) -> None:
    boss, agent = console.staff("administrator"), console.staff("agent")
    address = f"/staff/people/{staff(console, 'agent').staff_id}"
    assert post(boss, address, {"step": "roles", "roles": ["finance"], "reason": ""}).status_code == 422
    for _ in range(2):  # pressed twice
        assert post(boss, address, {"step": "roles", "roles": ["finance"], "reason": "moved"}).location == address
    assert [line.reason for line in console.lines("staff.roles")] == ["moved"]
    assert agent.get("/staff/bulk/new?act=note.add").status_code == 403 and "Finance" in boss.get(address).text
    page = post(boss, address, {"step": "renew", "reason": "lost the phone"}).text
    assert matches(staff(console, "agent").password, told(page)) and not staff(console, "agent").totp
    assert agent.get("/staff").status_code == 302  # out at once
    assert post(boss, address, {"step": "end", "reason": "left"}).status_code == 303
    assert post(boss, address, {"step": "end", "reason": "left"}).status_code == 409
    page = boss.get("/staff/people").text
    assert "ended" in page and "never" not in page.partition("agent@house.example")[2].partition("</tr>")[0]
    assert post(boss, address, {"step": "fire", "reason": "x"}).status_code == 400


def test_nobody_changes_their_own_and_the_last_administrator_stays(console: Console) -> None:
    boss = console.staff("administrator")
    mine = f"/staff/people/{staff(console, 'administrator').staff_id}"
    for sent in ({"step": "roles", "roles": ["auditor"]}, {"step": "end"}, {"step": "renew"}):
        assert post(boss, mine, {**sent, "reason": "x"}).status_code == 403
    assert "another changes your roles" in boss.get(mine).text and 'value="end"' not in boss.get(mine).text
    console.staff("second", "administrator", "auditor")
    second = f"/staff/people/{staff(console, 'second').staff_id}"
    # while there are two, one may go; the last may neither be ended nor lose what makes them one
    assert post(boss, second, {"step": "roles", "roles": ["auditor"], "reason": "x"}).status_code == 303
    roles, name = console.deployment.roles, "administrator@house.example"
    with console.deployment.store.transaction() as session:
        with pytest.raises(Refused, match="is the last who may"):
            end(session, roles, SHELL, name, "x", console.now)
        with pytest.raises(Refused, match="is the last who may"):
            change_roles(session, roles, SHELL, name, ["agent"], "x", console.now)


def test_every_change_takes_a_fresh_second_step(console: Console) -> None:
    boss = console.staff("administrator")
    console.hire("agent")
    address = f"/staff/people/{staff(console, 'agent').staff_id}"
    console.later(minutes=11)
    assert boss.get("/staff/people/new").location.startswith("/staff/code")
    assert post(boss, "/staff/people/new", {"name": "x@house.example"}).status_code == 403
    assert post(boss, address, {"step": "end", "reason": "x"}).location == f"/staff/code?after={address}"
    assert staff(console, "agent").active


def test_who_reads_changes_nothing(console: Console) -> None:
    auditor = console.staff("auditor")
    console.hire("agent")
    page = auditor.get("/staff/people").text
    assert page.count(">app</td>") == 2 and "1 passkey" not in page
    assert "agent@house.example" in page and "/staff/people/new" not in page
    assert 'value="end"' not in auditor.get(f"/staff/people/{staff(console, 'agent').staff_id}").text
    assert (
        auditor.get("/staff/people/999").status_code == 404 and console.staff("agent").get("/staff/people").status_code == 403
    )


def test_the_list_costs_the_same_however_long(console: Console) -> None:
    auditor = console.staff("auditor")
    auditor.get("/staff/people")

    def statements() -> int:
        with console.heard() as found:
            assert auditor.get("/staff/people").status_code == 200
        return len(found)

    few = statements()
    with console.deployment.store.transaction() as session:
        for n in range(60):
            session.add(Staff(name=f"a{n:02}@house.example", shown="A", roles='["agent"]', created_at=console.now))
    assert statements() == few
    assert auditor.get("/staff/people").text.count('<th scope="row">') == 50
    assert auditor.get("/staff/people?after=50").text.count('<th scope="row">') == 11
