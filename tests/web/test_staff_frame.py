"""What holds of every page of staff: opened by an act of a role, by a sign-in of its own with a second step, for no longer."""

import re

import pyotp
import pytest
from flask import Flask

from loyalty.access.acts import ACTS
from loyalty.access.attempts import FREE
from loyalty.access.staff import Hired, add, end
from loyalty.access.staff_signed import IDLE
from loyalty.audit.chain import Actor
from loyalty.desk.acts import ACTS as ON_MEMBERS
from loyalty.i18n import translated
from loyalty.web.staff.guard import HALF, NAMED, OPEN, TOKEN, WHOLE, needs
from tests.web.console import ROLES, Console, hidden, post
from tests.web.test_frame import Deploy

SHELL = Actor("command", "command")
#: Pages that no role gives: those to sign in, and those of everyone who is signed in.
OF_NO_ROLE = {
    "sign_in": OPEN, "by_password": OPEN, "sign_out": OPEN, "code": HALF, "by_code": HALF, "set_up": HALF,
    "provider": OPEN, "provider_back": OPEN, "provider_left": OPEN,
    "sign_in_options": OPEN, "by_passkey": OPEN, "step_options": HALF, "step_by_passkey": HALF,
    **dict.fromkeys(("passkeys", "passkey_options", "add_passkey", "name_passkey", "remove_passkey"), WHOLE),
    "password": WHOLE, "choose_password": WHOLE, "start": WHOLE,
}  # fmt: skip


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def declared(app: Flask) -> dict[str, str | None]:
    """What each page below /staff asks for."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule == "/staff" or rule.rule.startswith("/staff/")]
    return {rule.endpoint: getattr(app.view_functions[rule.endpoint], "needs", None) for rule in rules}


def test_every_page_declares_by_which_act_it_is_opened(console: Console) -> None:
    found = declared(console.app)
    assert all(endpoint.startswith("staff.") for endpoint in found) and None not in found.values()
    of_no_role = {name.removeprefix("staff."): act for name, act in found.items() if act in (OPEN, HALF, WHOLE)}
    assert of_no_role == OF_NO_ROLE
    assert {act for act in found.values() if act not in (OPEN, HALF, WHOLE)} <= {NAMED, *ACTS}
    with pytest.raises(ValueError, match="no act"):
        needs("member.raed")


def test_a_page_without_a_declaration_is_open_to_nobody(console: Console) -> None:
    console.app.view_functions["staff.find"] = lambda: "open"
    assert console.staff("supervisor").get("/staff/find?q=M").status_code in (302, 403)


def test_each_role_opens_what_its_file_says_and_nothing_else(console: Console) -> None:
    console.enrol("M")
    roles = console.deployment.roles
    app = console.app.url_map.bind("localhost")
    for role in ROLES:
        client = console.staff(role)
        for rule in console.app.url_map.iter_rules():
            act = getattr(console.app.view_functions[rule.endpoint], "needs", None)
            if act not in (NAMED, *ACTS) or act is None:
                continue
            get = "GET" in (rule.methods or ())
            named = (ON_MEMBERS if get else ["tier.grant", "note.add"]) if act == NAMED else [act]
            for name in named:
                values: dict[str, object] = {"number": "M" if rule.rule.startswith("/staff/members") else 999}
                values |= {"act": name, "message": 999, "job": "snapshot", "at": 999, "kind": "promoted", "name": "x"}
                address = app.build(rule.endpoint, {part: values[part] for part in rule.arguments})
                answer = client.get(address) if get else post(client, address)
                asking = act == NAMED or getattr(console.app.view_functions[rule.endpoint], "asking", False)
                reads = act != NAMED or roles.may([role], "member.read") == "yes"
                allowed = reads and (roles.may([role], name) != "no" if asking else roles.may([role], act) == "yes")
                assert (answer.status_code != 403) == allowed, (role, address, answer.status_code)
                assert answer.status_code < 500, (role, address)
    assert client.get("/staff/members/M/acts/staff.change").status_code == 404  # no act on a member


def test_the_first_page_shows_each_what_they_may_see(console: Console) -> None:
    pages = {role: console.staff(role).get("/staff").text for role in ROLES}
    seen = {role: [part in page for part in ("Members per tier", "data-seek", "Jobs that are late", "Approvals</h2>")]
            for role, page in pages.items()}  # fmt: skip
    assert seen == {
        "agent": [False, True, False, True], "supervisor": [True, True, True, True],
        "loyalty_manager": [True, True, True, True], "finance": [True, True, False, True],
        "auditor": [True, True, True, True], "administrator": [True, False, True, False],
    }  # fmt: skip


def test_a_first_sign_in_sets_up_the_second_step_and_a_password(console: Console) -> None:
    with console.deployment.store.transaction() as session:
        _staff, password = add(session, console.deployment.roles, SHELL, Hired("a@house.example", "A", ("agent",)), console.now)
    client = console.app.test_client()
    assert client.get("/staff/approvals?x=1").location == "/staff/sign-in?after=/staff/approvals?x%3D1"
    answer = post(client, "/staff/sign-in", {"name": "A@house.example", "password": password, "after": "/staff/approvals"})
    assert answer.location == "/staff/code?after=/staff/approvals"
    assert client.get("/staff/approvals").location.startswith("/staff/code")  # half a sign-in opens nothing
    page = client.get(answer.location).text
    shared = re.search(r'<code class="key">([^<]+)</code>', page)
    assert shared is not None and "<svg" in page
    assert post(client, "/staff/code/new", {"code": "000000"}).status_code == 422
    code = pyotp.TOTP(shared[1].replace(" ", "")).at(console.now)
    assert post(client, "/staff/code/new", {"code": code, "after": hidden(page, "after")}).location == "/staff/approvals"
    assert client.get("/staff/approvals").location == "/staff/password"
    assert post(client, "/staff/password", {"new": "short"}).status_code == 422
    assert post(client, "/staff/password", {"new": "four plain words here"}).location == "/staff"
    assert client.get("/staff/approvals").status_code == 200
    assert post(client, "/staff/password", {"old": "wrong", "new": "four other words here"}).status_code == 422
    assert [line.actor for line in console.lines("staff.second_step")] == ["a@house.example"]
    # from then on the code is asked for, and each counts once
    other = console.app.test_client()
    post(other, "/staff/sign-in", {"name": "a@house.example", "password": "four plain words here"})
    assert post(other, "/staff/code", {"code": code}).status_code == 422
    assert post(other, "/staff/code/new", {"code": code}).location.startswith("/staff/code")  # no second one over the first
    console.later(seconds=60)
    assert post(other, "/staff/code", {"code": pyotp.TOTP(shared[1].replace(" ", "")).at(console.now)}).location == "/staff"
    assert other.get("/staff").status_code == 200


def test_members_and_staff_mean_nothing_to_each_other(console: Console) -> None:
    member = console.client(console.enrol("M"))
    assert member.get("/staff/find?q=M").location.startswith("/staff/sign-in")
    staff = console.staff("supervisor")
    assert staff.get("/").location.startswith("/sign-in") and staff.get("/staff").status_code == 200
    with member.session_transaction() as of_member:
        token = of_member["_user_id"]
        of_member[TOKEN] = token  # the token of a member in the place of one of staff
    assert member.get("/staff").status_code == 302
    with staff.session_transaction() as of_staff:
        of_staff["_user_id"], of_staff["_fresh"] = of_staff[TOKEN], True
    assert staff.get("/").status_code == 302
    # both in one browser: the page of staff is in the language of the browser, not of the member
    with staff.session_transaction() as both:
        both["_user_id"] = token
    assert '<html lang="en">' in staff.get("/staff").text and staff.get("/").status_code == 200


def test_names_are_locked_after_failures_and_everyone_is_told_the_same(console: Console) -> None:
    password = console.hire("agent")
    client = console.app.test_client()
    for _ in range(FREE):
        wrong = post(client, "/staff/sign-in", {"name": "agent@house.example", "password": "wrong"})
    locked = post(client, "/staff/sign-in", {"name": "agent@house.example", "password": password})
    nobody = post(client, "/staff/sign-in", {"name": "nobody@house.example", "password": password})
    assert wrong.status_code == locked.status_code == nobody.status_code == 422
    said = "This did not match. After several failures a name is locked for a while."
    assert all(said in answer.text for answer in (wrong, locked, nobody))
    console.later(minutes=16)
    assert post(client, "/staff/sign-in", {"name": "agent@house.example", "password": password}).status_code == 303
    for _ in range(FREE):
        assert post(client, "/staff/code", {"code": "000000"}).status_code == 422
    assert post(client, "/staff/code", {"code": console.code()}).status_code == 422
    console.later(minutes=16)
    assert post(client, "/staff/code", {"code": console.code()}).status_code == 303


def test_a_sign_in_ends_when_idle_when_left_and_when_they_are_staff_no_more(console: Console) -> None:
    client = console.staff("agent")
    for _ in range(3):
        console.later(minutes=29)
        assert client.get("/staff").status_code == 200
    console.later(seconds=IDLE.total_seconds())
    assert client.get("/staff").status_code == 302
    left = console.staff("agent")
    assert left.post("/staff/sign-out").status_code == 400 and left.get("/staff").status_code == 200  # a form not ours
    with left.session_transaction() as kept:
        token = kept[TOKEN]
    assert post(left, "/staff/sign-out").location == "/staff/sign-in"
    with left.session_transaction() as kept:
        kept[TOKEN] = token  # who kept it has nothing
    assert left.get("/staff").status_code == 302
    ended = console.staff("agent")
    with console.deployment.store.transaction() as session:
        end(session, console.deployment.roles, SHELL, "agent@house.example", "left the house", console.now)
    assert ended.get("/staff").status_code == 302


def test_pages_are_guarded_and_speak_the_language_that_was_chosen(console: Console) -> None:
    client = console.staff("supervisor")
    for address in ("/staff", "/staff/nothing", "/staff/audit", "/staff/sign-in"):
        answer = client.get(address, headers={"Accept-Language": "zh-TW"})
        assert "unsafe" not in answer.headers["Content-Security-Policy"] and answer.headers["Cache-Control"] == "no-store"
        assert '<html lang="zh-Hant">' in answer.text and translated("zh_Hant").say("Staff") in answer.text
    assert "/staff" in client.get("/staff/audit").text  # the page of a refusal leads back to the console
