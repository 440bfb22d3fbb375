"""What members set about coming in: each change is proved, told, and undone where it was not them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pyotp
import pytest
from sqlalchemy import select

from loyalty.access.steps import opened, sealed
from loyalty.access.tables import Passkey
from loyalty.access.tokens import NOT_ME, not_me_token
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from loyalty.web import create_app
from tests.messages import sink
from tests.messages.told import again, build
from tests.messages.told import send as send_mail
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
)
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
ANN = {"email": "ann@members.example", "name": "Ann"}
NEW = "another long sentence"


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def email(portal: Portal) -> str:
    with portal.deployment.store.reading() as session:
        return session.scalars(select(Member.email)).one()


# --- the password -------------------------------------------------------------------------------------------------


def test_a_password_is_set_without_an_old_one_and_changed_with_it_alone(portal: Portal) -> None:
    member = portal.enrol("A1234", **ANN)
    client, other = portal.client(member), portal.client(member)
    for weak in ("short", "1234567890", "password123", "a1234A1234"[:5] * 1, "ann@members.example", "abababababab"):
        assert send(client, "/me/security/password", {"new": weak}).status_code == 422, weak
    portal.later(minutes=1)
    assert send(client, "/me/security/password", {"new": f" {PASSWORD}"}).status_code == 303
    assert is_in(client) and not is_in(other) and told(portal) == ["password"]
    assert by_password(portal.client(), "A1234", PASSWORD).status_code == 422  # the blank belongs to it
    assert by_password(portal.client(), "A1234", f" {PASSWORD}").status_code == 303
    portal.later(minutes=20)
    for old in ("", PASSWORD, "wrong"):
        assert send(client, "/me/security/password", {"old": old, "new": NEW}).status_code == 422, old
    assert send(client, "/me/security/password", {"old": f" {PASSWORD}", "new": NEW}).status_code == 303
    assert by_password(portal.client(), "A1234", NEW).status_code == 303
    for _ in range(5):
        send(client, "/me/security/password", {"old": "guess", "new": PASSWORD})
    assert send(client, "/me/security/password", {"old": NEW, "new": PASSWORD}).status_code == 422  # locked for a while
    assert PASSWORD not in client.get("/me/security").text


def test_who_has_forgotten_it_sets_another_just_after_a_link(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    portal.later(minutes=1)
    by_pass, client = portal.client(), portal.client()
    by_password(by_pass, "A")
    assert send(by_pass, "/me/security/password", {"new": NEW}).status_code == 422
    send(portal.client(), "/sign-in/link", {"name": "A"})
    open_link(client, path(portal))
    assert 'name="old"' in by_pass.get("/me/security").text and 'name="old"' not in client.get("/me/security").text
    portal.later(minutes=14)
    assert send(client, "/me/security/password", {"new": NEW}).status_code == 303
    assert not is_in(by_pass) and by_password(portal.client(), "A", NEW).status_code == 303
    portal.later(minutes=1)
    assert send(client, "/me/security/password", {"new": PASSWORD}).status_code == 422


# --- the second step ----------------------------------------------------------------------------------------------


def test_a_second_step_is_switched_on_with_a_code_and_off_with_one(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    client = portal.client(member)
    page = client.get("/me/security/step").text
    assert "<svg" in page and "style=" not in page
    shared = re.sub(r"\s", "", re.search(r'<code class="key">([^<]+)</code>', page)[1])  # type: ignore[index]
    code = pyotp.TOTP(shared)
    assert send(client, "/me/security/step", {"code": "000000"}).status_code == 422 and not login(portal, member).totp
    portal.later(minutes=1)
    done = send(client, "/me/security/step", {"code": code.at(portal.now)})
    codes = re.findall(r'<code class="key">([a-z2-7-]{19})</code>', done.text)
    kept = login(portal, member)
    assert done.status_code == 200 and len(set(codes)) == 8 and told(portal)[-1] == "second_step"
    assert shared not in kept.totp and not any(one in kept.recovery or one.replace("-", "") in kept.recovery for one in codes)
    assert client.get("/me/security/step").status_code == 303 and codes[0] not in client.get("/me/security").text

    stranger = portal.client()
    by_password(stranger, "A")
    assert send(stranger, "/sign-in/code", {"code": code.at(portal.now)}).status_code == 422  # the one that switched it on
    assert send(stranger, "/sign-in/code", {"code": codes[0].upper().replace("-", " ")}).status_code == 303
    by_password(stranger := portal.client(), "A")
    assert send(stranger, "/sign-in/code", {"code": codes[0]}).status_code == 422  # once
    assert "7 recovery codes are left" in client.get("/me/security").text

    portal.later(minutes=1)
    fresh = send(client, "/me/security/step/codes", {"code": codes[1]}).text
    assert codes[2] not in fresh and send(client, "/me/security/step/off", {"code": codes[2]}).status_code == 422
    portal.later(minutes=1)
    assert send(client, "/me/security/step/off", {"code": code.at(portal.now)}).status_code == 303
    assert login(portal, member).totp == "" and by_password(portal.client(), "A").location == "/"
    assert told(portal).count("second_step") == 3


def test_a_sealed_secret_opens_with_the_secret_of_the_settings_also_after_it_was_changed(portal: Portal) -> None:
    old = portal.deployment.settings
    changed = replace(old, secret="another-secret-of-forty-characters-....", old_secrets=old.secret)
    kept = sealed(old, "a secret")
    assert opened(changed, kept) == "a secret" and opened(replace(changed, old_secrets=""), kept) is None
    assert opened(old, kept.swapcase()) is None and sealed(old, "a secret") != kept


# --- passkeys -----------------------------------------------------------------------------------------------------


def test_passkeys_are_added_named_and_removed_and_each_is_told(portal: Portal) -> None:
    member, other = portal.enrol("A", **ANN), portal.enrol("B")
    client, key = portal.client(member), Authenticator()
    assert add_passkey(client, key, "<script>alert(1)</script>").status_code == 200
    page = client.get("/me/security").text
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page and told(portal) == ["passkey"]
    with portal.deployment.store.reading() as session:
        passkey = session.scalars(select(Passkey)).one()
    for wrong in (key, replace(key, origin="https://evil.example"), replace(key, host="evil.example"), replace(key, flags=1)):
        assert add_passkey(client, wrong).status_code == 422
    answer = {"credential": Authenticator(credential=b"2").make(send(client, "/me/security/passkeys/options").json)}
    assert send(portal.client(member), "/me/security/passkeys", answer).status_code == 422  # asked of another browser
    for act in ("name", "remove"):
        assert send(portal.client(other), f"/me/security/passkeys/{passkey.passkey_id}/{act}", {"name": "x"}).status_code == 404
    assert send(client, f"/me/security/passkeys/{passkey.passkey_id}/name", {"name": "my phone"}).status_code == 303
    assert "my phone" in client.get("/me/security").text
    portal.later(minutes=1)
    assert send(client, f"/me/security/passkeys/{passkey.passkey_id}/remove").status_code == 303
    assert by_passkey(portal.client(), key).status_code == 422 and told(portal) == ["passkey", "passkey"]


# --- sign-ins -----------------------------------------------------------------------------------------------------


def test_sign_ins_are_listed_and_ended(portal: Portal) -> None:
    member, stranger = portal.enrol("A", **ANN), portal.enrol("B")
    give_password(portal, member)
    mine, phone = portal.client(member), portal.client()
    phone.environ_base |= {"REMOTE_ADDR": "203.0.113.7", "HTTP_USER_AGENT": "Mozilla/5.0 (iPhone) CriOS/130 <script>"}
    portal.later(minutes=1)
    by_password(phone, "A")
    page = mine.get("/me/security").text
    assert page.count("this one") == 1 and "Chrome, iPhone" in page and "203.0.113.7" in page and "<script>\n" not in page
    (theirs,) = [one for one in sign_ins(portal) if one.place == "203.0.113.7"]
    assert send(portal.client(stranger), f"/me/security/sign-ins/{theirs.sign_in_id}/end").status_code == 404
    assert is_in(phone) and send(mine, f"/me/security/sign-ins/{theirs.sign_in_id}/end").status_code == 303
    assert not is_in(phone) and is_in(mine)
    others = [portal.client(member) for _ in range(3)]
    assert send(mine, "/me/security/sign-ins/end").status_code == 303
    assert is_in(mine) and not any(map(is_in, others))


def test_the_page_takes_as_many_statements_whatever_there_is(portal: Portal) -> None:
    rich, poor = portal.enrol("A", **ANN), portal.enrol("B")
    give_password(portal, rich)
    give_step(portal, rich)
    client = portal.client(rich)
    for n in range(3):
        add_passkey(client, Authenticator(credential=bytes([n])))
        portal.client(rich)
    send(client, "/me/security/address", {"email": "new@members.example"})
    counts = []
    for one in (client, portal.client(poor)):
        with portal.heard() as heard:
            assert one.get("/me/security").status_code == 200
        counts.append(len(heard))
    assert counts[0] == counts[1]


# --- the address --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("email_old", "email_new"), ("email_new", "email_old")])
def test_an_address_changes_when_both_have_confirmed(portal: Portal, order: tuple[str, str]) -> None:
    client = portal.client(portal.enrol("A", **ANN))
    for wrong in ("", "nonsense", "ann@members.example"):
        assert send(client, "/me/security/address", {"email": wrong}).status_code == 422
    send(client, "/me/security/address", {"email": "Ann@New.example"})
    found = {link.purpose: path(portal, link) for link in letters(portal)}
    assert {link.purpose: link.address for link in letters(portal)} == {
        "email_old": "ann@members.example", "email_new": "ann@new.example"
    }  # fmt: skip
    assert "Still to confirm: the old address, the new address" in " ".join(client.get("/me/security").text.split())
    for address in found.values():
        assert portal.client().get(address).status_code == 200
    assert "The other address is still to confirm" in open_link(portal.client(), found[order[0]], {"answer": "yes"}).text
    assert open_link(portal.client(), found[order[0]], {"answer": "yes"}).status_code == 410  # twice is not both
    assert email(portal) == "ann@members.example"
    assert "is changed" in open_link(portal.client(), found[order[1]], {"answer": "yes"}).text
    assert email(portal) == "Ann@New.example" and told(portal) == ["email"] and is_in(client)


def test_a_change_is_cancelled_by_another_one_and_by_its_end(portal: Portal) -> None:
    client = portal.client(portal.enrol("A", **ANN))
    send(client, "/me/security/address", {"email": "one@new.example"})
    first = [path(portal, link) for link in letters(portal)]
    portal.later(minutes=1)
    send(client, "/me/security/address", {"email": "two@new.example"})
    second = [path(portal, link) for link in letters(portal)[2:]]
    assert [open_link(portal.client(), one, {"answer": "yes"}).status_code for one in first] == [410, 410]
    open_link(portal.client(), second[0], {"answer": "yes"})
    portal.later(hours=24)
    assert open_link(portal.client(), second[1], {"answer": "yes"}).status_code == 410
    assert email(portal) == "ann@members.example"


def test_who_has_no_address_confirms_the_new_one_alone(portal: Portal) -> None:
    client = portal.client(portal.enrol("A"))
    send(client, "/me/security/address", {"email": "new@members.example"})
    (link,) = letters(portal)
    assert "is changed" in open_link(portal.client(), path(portal, link)).text and email(portal) == "new@members.example"


def test_the_old_address_says_that_it_was_not_me(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    thief = portal.client(member)
    send(thief, "/me/security/address", {"email": "thief@evil.example"})
    old, new = (path(portal, link) for link in letters(portal))
    open_link(portal.client(), new, {"answer": "yes"})
    assert open_link(portal.client(), new.replace("/new/", "/old/"), {"answer": "no"}).status_code == 410
    assert "closed to others" in open_link(portal.client(), old, {"answer": "no"}).text
    assert not is_in(thief) and by_password(portal.client(), "A").status_code == 422
    assert open_link(portal.client(), old, {"answer": "yes"}).status_code == 410 and email(portal) == "ann@members.example"
    client = portal.client()
    assert open_link(client, path(portal)).location == "/me/security"
    assert "choose a new password" in client.get("/me/security").text
    assert send(client, "/me/security/password", {"new": NEW}).status_code == 303


# --- it was not me ------------------------------------------------------------------------------------------------


def test_it_was_not_me_puts_the_door_back(portal: Portal) -> None:
    member, settings = portal.enrol("A", **ANN), portal.deployment.settings
    give_password(portal, member)
    mine, hers = Authenticator(credential=b"mine"), Authenticator(credential=b"hers")
    add_passkey(portal.client(member), mine)
    portal.later(days=8)
    thief, half = portal.client(member), portal.client()
    add_passkey(thief, hers)
    give_step(portal, member)
    by_password(half, "A")
    send(thief, "/me/security/address", {"email": "thief@evil.example"})
    send(portal.client(), "/sign-in/link", {"name": "A"})
    asked_for = path(portal)
    address = f"/not-me/{not_me_token(settings, member, portal.now)}"
    portal.later(minutes=1)
    assert portal.client().get(address).status_code == 200 and is_in(thief)
    assert portal.client().post(address).status_code == 400 and is_in(thief)
    assert open_link(portal.client(), address).status_code == 200
    assert not is_in(thief) and by_password(portal.client(), "A").status_code == 422
    assert half.get("/sign-in/code").location == "/sign-in" and login(portal, member).totp == ""
    for link in letters(portal)[:3]:
        assert portal.client().get(path(portal, link)).status_code == 410
    assert portal.client().get(asked_for).status_code == 410
    portal.later(minutes=1)
    assert by_passkey(portal.client(), hers).status_code == 422 and by_passkey(portal.client(), mine).status_code == 200
    assert letters(portal)[-1].address == "ann@members.example"
    assert open_link(portal.client(), path(portal)).location == "/me/security"


def test_the_link_of_it_was_not_me_is_one_member_s_and_ends(portal: Portal) -> None:
    member, settings = portal.enrol("A", **ANN), portal.deployment.settings
    client = portal.client(member)
    good = not_me_token(settings, member, portal.now)
    stranger = replace(settings, secret="another-secret-of-forty-characters-....")
    for wrong in (
        good[:-1],
        "x",
        not_me_token(stranger, member, portal.now),
        not_me_token(settings, member, portal.now - NOT_ME * 2),
    ):
        assert open_link(portal.client(), f"/not-me/{wrong}").status_code == 410
    portal.now += NOT_ME + timedelta(seconds=1)
    assert open_link(portal.client(), f"/not-me/{good}").status_code == 410 and is_in(client)


# --- by mail ------------------------------------------------------------------------------------------------------


def test_letters_and_notices_go_out_by_mail(deploy: Deploy) -> None:
    """The whole way through a mail server: a link that signs in, a notice about it, and its link that ends it all."""
    with sink.serving() as (server, address):
        portal = Portal(again(deploy(), mail=address, mail_from="club@sky.example", web_address="https://sky.example"))
        portal.enrol("A", **ANN, language="zh-TW")
        client = portal.client()
        client.environ_base |= {"REMOTE_ADDR": "203.0.113.7"}
        secure = {"base_url": "https://sky.example"}
        page = client.get("/sign-in", **secure).text
        csrf = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1]}  # type: ignore[index]
        assert client.post("/sign-in/link", data={"name": "A", **csrf}, **secure).status_code == 303
        portal.app.extensions["postman"].thread.submit(int).result()
        (mail,) = server.mails
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        (link,) = re.findall(r"https://sky\.example/sign-in/link/\S+", text)
        assert mail["To"] == "ann@members.example" and mail["Content-Language"] == "zh-Hant" and "登入" in mail["Subject"]
        (row,) = letters(portal)
        assert (row.state, row.attempts) == ("sent", 1) and link.rpartition("/")[2] not in f"{row.fields}{row.error}"
        assert client.post(urlsplit(link).path, data=csrf, **secure).status_code == 303
        build(portal.deployment, portal.now)
        send_mail(portal.deployment, portal.now)
        notice = server.mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
        (undo,) = re.findall(r"https://sky\.example/not-me/\S+", notice)
        assert "203.0.113.7" in notice and client.get("/me/security", **secure).status_code == 200
        other = create_app(portal.deployment, lambda: portal.now).test_client()
        page = other.get(urlsplit(undo).path, **secure).text
        csrf = {"csrf_token": re.search(r'name="csrf_token" value="([^"]+)"', page)[1]}  # type: ignore[index]
        assert other.post(urlsplit(undo).path, data=csrf, **secure).status_code == 200
        assert client.get("/me/security", **secure).status_code == 302
        other.application.extensions["postman"].thread.submit(int).result()
        assert "https://sky.example/sign-in/link/" in server.mails[-1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
