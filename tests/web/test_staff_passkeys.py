"""Passkeys of staff: added with a fresh second step, both steps of a sign-in, a step up, logged, gone with the person."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.access.staff import end, renew_password
from loyalty.access.staff_tables import StaffPasskey, StaffSignIn
from loyalty.audit.chain import Actor
from tests.web.console import Console, post
from tests.web.doors import Authenticator, add_passkey
from tests.web.test_frame import Deploy

SHELL = Actor("command", "command")


@pytest.fixture
def console(deploy: Deploy) -> Console:
    return Console(deploy())


def given(client: FlaskClient, key: Authenticator, name: str = "my phone") -> Any:
    options = post(client, "/staff/passkeys/options").json
    return post(client, "/staff/passkeys", {"name": name, "credential": key.make(options)})


def signed(client: FlaskClient, key: Authenticator, way: str = "/staff/sign-in/passkey", **more: str) -> Any:
    options = post(client, f"{way}/options").json
    return post(client, way, {"credential": key.sign(options), **more})


def keys(console: Console) -> list[StaffPasskey]:
    with console.deployment.store.reading() as session:
        return list(session.scalars(select(StaffPasskey)))


def test_a_passkey_is_both_steps_of_a_sign_in(console: Console) -> None:
    mine, key = console.staff("supervisor"), Authenticator()
    assert given(mine, key).json["to"] == "/staff/passkeys"
    console.later(minutes=1)
    other = console.app.test_client()
    answer = signed(other, key, after="/staff/approvals?x=1")
    assert answer.json["to"] == "/staff/approvals?x=1" and other.get("/staff/approvals").status_code == 200
    with console.deployment.store.reading() as session:
        newest = session.scalars(select(StaffSignIn).where(StaffSignIn.how == "passkey")).one()
        assert newest.stepped_at == console.now
    outside = console.app.test_client()
    console.later(minutes=1)
    assert signed(outside, key, after="https://elsewhere.example/").json["to"] == "/staff"
    page = mine.get("/staff/passkeys").text
    assert "my phone" in page and "last used" in page
    assert [line.act for name in ("add",) for line in console.lines(f"staff.passkey.{name}")] == ["staff.passkey.add"]


def test_what_is_not_a_passkey_of_staff_signs_nobody_in(console: Console) -> None:
    key = Authenticator()
    given(console.staff("agent"), key)
    console.later(minutes=1)
    stranger, forged = Authenticator(credential=b"another"), Authenticator(origin="https://evil.example")
    forged.key, forged.uses = key.key, 5
    client = console.app.test_client()
    assert signed(client, stranger).status_code == signed(client, forged).status_code == 422
    options = post(client, "/staff/sign-in/passkey/options").json
    answer = key.sign(options)
    console.later(minutes=6)  # too late
    assert post(client, "/staff/sign-in/passkey", {"credential": answer}).status_code == 422
    good = signed(client, key)
    assert good.status_code == 200
    assert post(console.app.test_client(), "/staff/sign-in/passkey", {"credential": answer}).status_code == 422  # replayed
    assert post(client, "/staff/sign-in/passkey", {"credential": "rubbish"}).status_code == 422
    # a passkey of a member is none of staff, nor the other way round
    of_member, member = Authenticator(credential=b"of a member"), console.client(console.enrol("M"))
    assert add_passkey(member, of_member).status_code == 200
    console.later(minutes=1)
    assert signed(console.app.test_client(), of_member).status_code == 422


def test_a_passkey_is_the_second_step_of_who_it_is_of(console: Console) -> None:
    boss, other, key, strange = (
        console.staff("supervisor"),
        console.staff("other", "supervisor"),
        Authenticator(),
        Authenticator(),
    )
    strange.credential = b"of another"
    given(boss, key)
    given(other, strange)
    console.later(minutes=11)
    assert boss.get("/staff/members/M/acts/tier.grant").location.startswith("/staff/code")
    assert signed(boss, strange, "/staff/code/passkey").status_code == 422
    assert boss.get("/staff/members/M/acts/tier.grant").location is not None
    console.later(minutes=1)
    answer = signed(boss, key, "/staff/code/passkey", after="/staff/members/M/acts/tier.grant")
    assert answer.json["to"] == "/staff/members/M/acts/tier.grant"
    assert boss.get("/staff/members/M/acts/tier.grant").status_code == 404  # let through, to a member whom there is not
    # after a password too
    console.later(hours=1)
    password = console.hire("agent")
    half = console.app.test_client()
    post(half, "/staff/sign-in", {"name": "agent@house.example", "password": password})
    assert signed(half, key, "/staff/code/passkey").status_code == 422 and half.get("/staff").status_code == 303


def test_who_finds_a_browser_left_open_adds_and_removes_nothing(console: Console) -> None:
    client, key = console.staff("supervisor"), Authenticator()
    given(client, key)
    (kept,) = keys(console)
    console.later(minutes=11)
    assert post(client, "/staff/passkeys/options").status_code == 403
    assert post(client, "/staff/passkeys", {"credential": "x"}).status_code == 403
    assert post(client, f"/staff/passkeys/{kept.passkey_id}/remove").status_code == 403
    assert "take the second step again" in client.get("/staff/passkeys").text and len(keys(console)) == 1


def test_named_and_removed_by_nobody_else(console: Console) -> None:
    mine, other, key = console.staff("agent"), console.staff("supervisor"), Authenticator()
    given(mine, key)
    assert given(other, key).status_code == 422  # known already
    (kept,) = keys(console)
    for way in ("name", "remove"):
        assert post(other, f"/staff/passkeys/{kept.passkey_id}/{way}", {"name": "x"}).status_code == 404
    post(mine, f"/staff/passkeys/{kept.passkey_id}/name", {"name": "work phone"})
    assert keys(console)[0].name == "work phone"
    post(mine, f"/staff/passkeys/{kept.passkey_id}/remove")
    assert keys(console) == []
    assert [line.act for act in ("add", "name", "remove") for line in console.lines(f"staff.passkey.{act}")] == [
        "staff.passkey.add", "staff.passkey.name", "staff.passkey.remove"]  # fmt: skip


@pytest.mark.parametrize("how", ["ended", "renewed"])
def test_passkeys_go_with_the_person_and_with_a_password_made_anew(console: Console, how: str) -> None:
    key = Authenticator()
    given(console.staff("agent"), key)
    with console.deployment.store.transaction() as session:
        if how == "ended":
            end(session, console.deployment.roles, SHELL, "agent@house.example", "lost the phone", console.now)
        else:
            renew_password(session, SHELL, "agent@house.example", "lost the phone", console.now)
    console.later(minutes=1)
    assert keys(console) == [] and signed(console.app.test_client(), key).status_code == 422
