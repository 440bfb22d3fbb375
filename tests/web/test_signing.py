"""Signing in: every name is answered alike, a link works once, a name is locked for a while, nothing can be planted."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import update

from loyalty.access import passwords
from loyalty.access.attempts import FIRST
from loyalty.access.links import MOST, SPANS, hand_out
from loyalty.access.tables import Link, Login
from loyalty.access.tokens import link_token, read_link
from loyalty.jobs.deployment import Deployment
from tests.web.doors import (
    PASSWORD,
    Authenticator,
    add_passkey,
    by_passkey,
    by_password,
    give_password,
    give_step,
    is_in,
    letters,
    login,
    open_link,
    path,
    sign_ins,
    told,
    without_tokens,
)
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
ANN = {"email": "Ann@members.example", "name": "Ann"}


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that are compared with."""
    found: list[str] = []
    real = passwords._HASHER

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            found.append(kept)
            return real.verify(kept, password)

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    return found


def ask_link(portal: Portal, name: str, **more: str) -> Any:
    return send(portal.client(), "/sign-in/link", {"name": name, **more})


# --- nothing tells whose a name is --------------------------------------------------------------------------------


def test_every_name_is_answered_alike(portal: Portal, computed: list[str]) -> None:
    """Unknown, known, without a password, shared, locked: the words, the status and the work are the same."""
    give_password(portal, portal.enrol("A", **ANN), portal.enrol("L"), portal.enrol("F1", email="f@members.example"))
    portal.enrol("N", email="none@members.example")
    portal.enrol("F2", email="f@members.example")
    for _ in range(5):
        by_password(portal.client(), "L", "wrong")
    computed.clear()
    pages = set()
    names = ("A", "ann@members.example", "ANN@MEMBERS.EXAMPLE", "L", "N", "none@members.example", "f@members.example", "X",
             "x@members.example", "", "a\x00b", "<script>")  # fmt: skip
    for name in names:
        answer = by_password(portal.client(), name, PASSWORD if name in ("L", "f@members.example") else "wrong")
        assert answer.status_code == 422, name
        pages.add(re.sub(r'(id="f-name"[^>]*) value="[^"]*"', r"\1", without_tokens(answer.text)))
        assert "<script>alert" not in answer.text
    assert len(pages) == 1
    assert len(computed) == len(names) and len(set(map(len, computed))) == 1  # one each, of one cost
    assert {kept.split("$")[3] for kept in computed} == {passwords.hashed("x").split("$")[3]}


def test_a_link_is_asked_for_alike(portal: Portal) -> None:
    portal.enrol("A", **ANN)
    portal.enrol("N")
    names = ("A", "a", "ann@members.example", "N", "X", "x@members.example", "")
    counts = []
    for name in names:
        with portal.heard() as heard:
            answer = ask_link(portal, name)
        counts.append(len(heard))
        assert (answer.status_code, answer.location) == (303, "/sign-in/sent")
    assert len(set(counts)) == 1  # so many statements, whatever there is
    assert [(one.purpose, one.address) for one in letters(portal)] == [
        ("sign_in", "ann@members.example"), ("sign_in", "ann@members.example"), ("sign_in", "ann@members.example"),
        ("sign_in", ""), ("unknown", ""), ("unknown", "x@members.example"), ("unknown", ""),
    ]  # fmt: skip


def test_an_address_gets_a_few_letters_in_an_hour(portal: Portal) -> None:
    portal.enrol("A", **ANN)
    for name in ("ann@members.example", "nobody@else.example"):
        for _ in range(MOST + 3):
            assert ask_link(portal, name).status_code == 303
    assert len(letters(portal)) == 2 * MOST
    portal.later(hours=1)
    ask_link(portal, "A")
    assert len(letters(portal)) == 2 * MOST + 1


# --- by password --------------------------------------------------------------------------------------------------


def test_a_password_signs_in_by_number_and_by_address(portal: Portal) -> None:
    give_password(portal, portal.enrol("A", **ANN))
    for name in ("A", "a", " A ", "ann@members.example", "Ann@Members.Example"):
        client = portal.client()
        answer = by_password(client, name, after="/status")
        assert (answer.status_code, answer.location) == (303, "/status") and is_in(client)
    assert {one.how for one in sign_ins(portal)} == {"password"}
    assert not is_in(portal.client())


def test_every_sign_in_has_a_token_of_its_own_and_none_can_be_planted(portal: Portal) -> None:
    give_password(portal, portal.enrol("A"), portal.enrol("B"))
    client, planted = portal.client(), portal.client()
    planted.get("/sign-in")
    with planted.session_transaction() as kept:
        kept["planted"], before = "yes", dict(kept)
    name = portal.app.config["SESSION_COOKIE_NAME"]
    cookie = planted.get_cookie(name)
    assert cookie is not None
    client.set_cookie(name, cookie.value)
    tokens = set()
    for _ in range(2):
        by_password(client, "A")
        with client.session_transaction() as kept:
            assert "planted" not in kept and kept["_user_id"] not in dict(before).values()
            assert kept.get("csrf_token") != before.get("csrf_token")
            tokens.add(kept["_user_id"])
    assert len(tokens) == 2 and not is_in(planted)
    by_password(client, "B")
    with client.session_transaction() as kept:
        assert kept["_user_id"] not in tokens


def test_failures_lock_a_name_for_all_processes_until_it_ends_and_longer_each_time(portal: Portal, deploy: Deploy) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    other = Portal(deploy())
    for n in range(5):
        assert by_password((portal, other)[n % 2].client(), "A", "wrong").status_code == 422
    for one in (portal, other):
        assert by_password(one.client(), "a").status_code == 422
        assert is_in(one.client(member))  # who is signed in stays so
    assert told(portal).count("locked") == 1
    portal.now += FIRST - timedelta(seconds=1)
    assert by_password(portal.client(), "A").status_code == 422
    portal.later(seconds=1)
    for _ in range(5):
        by_password(portal.client(), "A", "wrong")
    portal.now += FIRST
    assert by_password(portal.client(), "A").status_code == 422
    ask_link(portal, "A")
    client = portal.client()
    open_link(client, path(portal))
    assert is_in(client)  # a link works all the same
    portal.now += FIRST
    assert by_password(portal.client(), "A").status_code == 303
    for _ in range(4):
        assert by_password(portal.client(), "A", "wrong").status_code == 422
    assert by_password(portal.client(), "A").status_code == 303  # forgotten: it had succeeded
    assert told(portal).count("locked") == 2


def test_a_hash_of_another_cost_is_made_anew(portal: Portal) -> None:
    member = portal.enrol("A")
    old = passwords.PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    give_password(portal, member)
    with portal.deployment.store.transaction() as session:
        session.execute(update(Login).values(password=old))
    assert by_password(portal.client(), "A").status_code == 303
    assert login(portal, member).password != old
    assert by_password(portal.client(), "A").status_code == 303


# --- by a link ----------------------------------------------------------------------------------------------------


def test_a_link_works_once_and_opening_it_uses_up_nothing(portal: Portal) -> None:
    portal.enrol("A", **ANN)
    ask_link(portal, "ann@members.example", after="/points")
    address, client = path(portal), portal.client()
    for method in (client.get, client.head):
        for _ in range(2):
            assert method(address).status_code == 200
    assert client.post(address).status_code == 400 and not is_in(client)  # none of our forms
    answer = open_link(client, address)
    assert (answer.status_code, answer.location) == (303, "/points") and is_in(client)
    for method in (client.get, lambda one: open_link(portal.client(), one)):
        assert method(address).status_code == 410
    assert [one.how for one in sign_ins(portal)] == ["link"]


def test_a_link_ends(portal: Portal) -> None:
    portal.enrol("A", **ANN)
    ask_link(portal, "A")
    address = path(portal)
    portal.now += SPANS["sign_in"] - timedelta(seconds=1)
    assert portal.client().get(address).status_code == 200
    portal.later(seconds=1)
    assert portal.client().get(address).status_code == 410
    assert open_link(portal.client(), address).status_code == 410 and sign_ins(portal) == []


def test_a_link_is_for_its_purpose_and_for_nothing_else(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    ask_link(portal, "A")
    (link,) = letters(portal)
    settings = portal.deployment.settings
    token = link_token(settings, link)
    stranger = replace(settings, secret="another-secret-of-forty-characters-....")
    with portal.deployment.store.transaction() as session:
        restored = hand_out(session, member, portal.now - timedelta(minutes=1), timedelta(hours=1))
    again = link_token(settings, Link(link_id=restored.link_id, purpose="sign_in", made_at=portal.now))
    assert portal.client().get(path(portal, restored)).status_code == 200
    wrong = [token[:-1], token + "x", token.replace(".", "", 1), "x", link_token(stranger, link), again, token.swapcase()]
    for one in [f"/sign-in/link/{each}" for each in wrong] + [
        f"{way}{token}" for way in ("/join/", "/address/old/", "/address/new/", "/not-me/")
    ]:
        assert portal.client().get(one).status_code == 410, one
        assert open_link(portal.client(), one).status_code == 410, one
    assert sign_ins(portal) == []
    changed = replace(settings, secret="another-secret-of-forty-characters-....", old_secrets=settings.secret)
    assert link_token(changed, link) != token
    assert read_link(changed, "sign_in", token) == (link.link_id, link.made_at)


def test_a_family_chooses(portal: Portal) -> None:
    for number in ("F1", "F2", "X"):
        portal.enrol(number, email="other@members.example" if number == "X" else "f@members.example", name=f"<b>{number}</b>")
    ask_link(portal, "F@members.example")
    client, address = portal.client(), path(portal)
    page = client.get(address).text
    assert 'value="F1"' in page and 'value="F2"' in page and 'value="X"' not in page and "&lt;b&gt;F1" in page
    for number in ("", "X"):
        assert open_link(client, address, {"number": number}).status_code == 422
    assert open_link(client, address, {"number": "F2"}).status_code == 303
    assert is_in(client)
    assert [one.member_id for one in sign_ins(portal)] == [2]
    assert open_link(portal.client(), address, {"number": "F1"}).status_code == 410


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"])
def test_nobody_is_led_elsewhere(portal: Portal, after: str) -> None:
    give_password(portal, portal.enrol("A", **ANN))
    assert by_password(portal.client(), "A", after=after).location == "/"
    ask_link(portal, "A", after=after)
    assert open_link(portal.client(), path(portal)).location == "/"
    assert "evil" not in by_password(portal.client(), "A", "wrong", after=after).text


# --- the second step ----------------------------------------------------------------------------------------------


def test_a_second_step_is_asked_for_after_a_password_and_after_a_link(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    code = pyotp.TOTP(give_step(portal, member))
    client = portal.client()
    assert client.get("/sign-in/code").location == "/sign-in"
    assert by_password(client, "A", after="/points").location == "/sign-in/code"
    assert not is_in(client) and sign_ins(portal) == []
    assert client.get("/sign-in/code").status_code == 200
    right = code.at(portal.now)
    assert send(client, "/sign-in/code", {"code": f"{(int(right) + 1) % 10**6:06}"}).status_code == 422
    assert send(client, "/sign-in/code", {"code": f"{right[:3]} {right[3:]}"}).location == "/points" and is_in(client)
    ask_link(portal, "A")
    other = portal.client()
    assert open_link(other, path(portal)).location == "/sign-in/code" and not is_in(other)
    assert send(other, "/sign-in/code", {"code": right}).status_code == 422  # used
    assert (
        send(other, "/sign-in/code", {"code": code.at(portal.now - timedelta(seconds=30))}).status_code == 422
    )  # older than the one used
    portal.later(seconds=30)
    assert send(other, "/sign-in/code", {"code": code.at(portal.now)}).status_code == 303 and is_in(other)
    assert [one.how for one in sign_ins(portal)] == ["password", "link"]


def test_the_second_step_is_waited_for_ten_minutes_and_not_past_a_new_password(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    code = pyotp.TOTP(give_step(portal, member))
    late, overtaken = portal.client(), portal.client()
    portal.later(minutes=1)
    by_password(late, "A")
    portal.later(minutes=10, seconds=1)
    by_password(overtaken, "A")
    portal.later(seconds=1)
    give_password(portal, member, password="another one of these")
    for client in (late, overtaken):
        assert send(client, "/sign-in/code", {"code": code.at(portal.now)}).location == "/sign-in"
        assert not is_in(client)


def test_codes_are_locked_after_failures_too(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    code, client = pyotp.TOTP(give_step(portal, member)), portal.client()
    by_password(client, "A")
    for _ in range(5):
        assert send(client, "/sign-in/code", {"code": "wrong"}).status_code == 422
    assert send(client, "/sign-in/code", {"code": code.at(portal.now)}).status_code == 422
    assert told(portal).count("locked") == 1
    portal.now += FIRST
    by_password(client, "A")
    assert send(client, "/sign-in/code", {"code": code.at(portal.now)}).status_code == 303


# --- by a passkey -------------------------------------------------------------------------------------------------


def test_a_passkey_signs_in_by_itself(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_step(portal, member)
    key = Authenticator()
    assert add_passkey(portal.client(member), key).json == {"to": "/me/security"}
    portal.later(minutes=1)
    client = portal.client()
    assert by_passkey(client, key, after="/points").json == {"to": "/points"}  # and no second step is asked for
    assert is_in(client) and sign_ins(portal)[-1].how == "passkey"
    assert by_passkey(portal.client(), key, after="//evil.example").status_code == 422  # of the moment in which it was used
    portal.later(minutes=1)
    assert by_passkey(portal.client(), key, after="//evil.example").json == {"to": "/"}


def test_a_passkey_that_is_not_what_was_asked_is_refused(portal: Portal) -> None:
    key = Authenticator()
    add_passkey(portal.client(portal.enrol("A")), key)
    portal.later(minutes=1)
    thieves = [
        replace(key, origin="https://evil.example"), replace(key, host="evil.example"), replace(key, flags=0b001),
        replace(key, key=Authenticator().key), replace(key, credential=b"unknown"), Authenticator(),
    ]  # fmt: skip
    for thief in thieves:
        assert by_passkey(portal.client(), thief).status_code == 422
    client = portal.client()
    options = send(client, "/sign-in/passkey/options").json
    answer = {"credential": key.sign(options)}
    assert send(portal.client(), "/sign-in/passkey", answer).status_code == 422  # asked of another browser
    cookie = client.get_cookie(portal.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None and send(client, "/sign-in/passkey", answer).status_code == 200
    again = portal.client()
    again.set_cookie(portal.app.config["SESSION_COOKIE_NAME"], cookie.value)
    portal.later(seconds=1)
    assert send(again, "/sign-in/passkey", answer).status_code == 422  # sent twice
    for nonsense in ("", "{}", "[]", '{"rawId": 1}', '{"rawId": "x"}', '{"rawId": "é", "response": []}', "null", "\x00"):
        send(client, "/sign-in/passkey/options")
        assert send(client, "/sign-in/passkey", {"credential": nonsense}).status_code == 422
    options = send(client, "/sign-in/passkey/options").json
    portal.later(minutes=6)
    assert send(client, "/sign-in/passkey", {"credential": key.sign(options)}).status_code == 422  # too late


# --- around -------------------------------------------------------------------------------------------------------


def test_a_sign_in_from_a_new_place_is_told(portal: Portal) -> None:
    give_password(portal, portal.enrol("A", **ANN))
    firefox, iphone = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "Mozilla/5.0 (iPhone) Version/19 Safari/605"

    def come(agent: str, place: str) -> int:
        client = portal.client()
        client.environ_base |= {"REMOTE_ADDR": place, "HTTP_USER_AGENT": agent}
        portal.later(minutes=1)
        assert by_password(client, "A").status_code == 303
        return told(portal).count("signed_in")

    assert come(firefox, "203.0.113.7") == 1
    assert come(firefox.replace("140", "141"), "203.0.200.9") == 1  # a newer browser in the same network
    assert come(firefox, "198.51.100.7") == 2
    assert come(iphone, "203.0.113.7") == 3
    assert come(iphone, "2001:db8::1") == 4
    assert come(iphone, "2001:db8:ffff::2") == 4


def test_one_address_may_not_try_for_ever(portal: Portal) -> None:
    client, other = portal.client(), portal.client()
    client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert found is not None
    data = {"name": "X", "csrf_token": found[1]}
    answers = [client.post("/sign-in/link", data=data).status_code for _ in range(31)]
    assert answers == [303] * 30 + [429]
    assert "Too many attempts" in client.post("/sign-in/link", data=data).text
    assert client.get("/sign-in").status_code == 200 and send(other, "/sign-in/link", {"name": "X"}).status_code == 303


def test_forms_that_are_not_ours_do_nothing(portal: Portal) -> None:
    client = portal.client(portal.enrol("A", **ANN))
    posts = [
        rule for rule in portal.app.url_map.iter_rules() if "POST" in (rule.methods or ()) and "unsubscribe" not in rule.rule
    ]
    assert len(posts) > 20
    adapter = portal.app.url_map.bind("localhost")
    for rule in posts:
        assert client.post(adapter.build(rule.endpoint, dict.fromkeys(rule.arguments, "1"), "POST")).status_code == 400, (
            rule.rule
        )
    assert letters(portal) == [] and told(portal) == []
