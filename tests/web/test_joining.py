"""Joining: the same answer for every address, a link that confirms once, and what was said is what is kept."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from loyalty.access.links import SPANS, about
from loyalty.jobs.deployment import Deployment
from loyalty.members.consent import consents_of
from loyalty.members.tables import Member
from loyalty.status.queries import account_read
from tests.web.doors import PASSWORD, by_password, is_in, letters, login, open_link, path, sign_ins, told, without_tokens
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
ZOE = {"name": "Zoë <script>alert(1)</script>", "email": "Zoe@new.example", "language": "zh_Hant", "a-born": "1990-02-28",
       "c-statements": "on"}  # fmt: skip


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def members(portal: Portal) -> list[Member]:
    with portal.deployment.store.reading() as session:
        return list(session.scalars(select(Member).order_by(Member.member_id)))


def test_who_confirms_is_a_member_with_all_that_they_said(portal: Portal) -> None:
    client = portal.client()
    page = client.get("/join").text
    assert 'type="date"' in page and "Date of birth" in page and "Monthly statement" in page and "time_zone" not in page
    assert send(client, "/join", {**ZOE, "password": PASSWORD}).location == "/join/sent"
    assert members(portal) == [] and PASSWORD not in letters(portal)[0].fields
    address = path(portal)
    assert "&lt;script&gt;" in client.get(address).text and members(portal) == []
    answer = open_link(client, address)
    (member,) = members(portal)
    assert (answer.status_code, answer.location) == (303, "/")
    assert (member.name, member.email, member.language) == (ZOE["name"], "Zoe@new.example", "zh_Hant")
    assert json.loads(member.attributes) == {"born": "1990-02-28"} and member.enrolled_on.isoformat() == "2026-06-15"
    assert member.number in client.get("/me/security").text
    with portal.deployment.store.reading() as session:
        account = account_read(session, member.number)
        said = consents_of(session, [member.member_id])[member.member_id]
    assert account is not None and account.tier == portal.deployment.program.tiers[0]
    assert said["statements"] is True and said["surveys"] is False and "membership" not in said
    assert told(portal) == [] and by_password(portal.client(), "zoe@new.example").status_code == 303
    assert open_link(portal.client(), address).status_code == 410 and len(members(portal)) == 1


def test_a_member_s_address_is_answered_alike_and_told_by_letter(portal: Portal) -> None:
    portal.enrol("A", email="zoe@NEW.example", language="en")
    answers = []
    for email in ("Zoe@new.example", "other@new.example"):
        client = portal.client()
        with portal.heard() as heard:
            answer = send(client, "/join", {**ZOE, "email": email})
        answers.append((answer.status_code, answer.location, len(heard), without_tokens(client.get("/join/sent").text)))
    assert answers[0] == answers[1]
    known, unknown = letters(portal)
    assert (known.purpose, about(known)["says"], known.locale) == ("sign_in", "known", "en")
    assert (unknown.purpose, unknown.locale) == ("join", "zh_Hant")
    client = portal.client()
    assert open_link(client, path(portal, known)).status_code == 303 and is_in(client)
    assert [one.number for one in members(portal)] == ["A"]


def test_two_letters_make_one_member(portal: Portal) -> None:
    for _ in range(2):
        send(portal.client(), "/join", ZOE)
    first, second = (path(portal, link) for link in letters(portal))
    assert open_link(portal.client(), first).location == "/"
    client = portal.client()
    assert open_link(client, second).location == "/sign-in" and not is_in(client)
    assert len(members(portal)) == len(sign_ins(portal)) == 1


def test_a_letter_that_nobody_answers_makes_nobody_a_member(portal: Portal) -> None:
    send(portal.client(), "/join", ZOE)
    address = path(portal)
    portal.now += SPANS["join"] - timedelta(seconds=1)
    assert portal.client().get(address).status_code == 200
    portal.later(seconds=1)
    assert open_link(portal.client(), address).status_code == 410 and members(portal) == []


def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_is_kept(portal: Portal) -> None:
    wrong = {
        "name": "  ", "email": "zoe@", "a-born": "yesterday", "password": "short", "c-surveys": "on", "a-time_zone": "Mars",
        "language": "tlh",
    }  # fmt: skip
    answer = send(portal.client(), "/join", wrong)
    assert answer.status_code == 422 and letters(portal) == []
    for said in ("what we may call you", "no e-mail address", "Field date of birth: found", "at least 10 characters"):
        assert said in answer.text, said
    assert 'value="zoe@"' in answer.text and "short" not in answer.text.replace("shorten", "")
    assert 'id="c-surveys" checked' in answer.text and 'id="c-statements" checked' not in answer.text
    for email in ("a@b@c.example", "a b@c.example", "a@localhost", "x" * 250 + "@c.example", "a@c.example\r\nBcc: d@e.example"):
        assert send(portal.client(), "/join", {**ZOE, "email": email}).status_code == 422, email
    for password in ("1234567890", "aaaaaaaaaaaa", "zoe@new.example", "x" * 201):
        assert send(portal.client(), "/join", {**ZOE, "password": password}).status_code == 422, password
    assert letters(portal) == []


def test_nobody_states_what_is_the_program_s_to_know(portal: Portal) -> None:
    send(portal.client(), "/join", {**ZOE, "a-time_zone": "Asia/Taipei", "number": "VIP", "c-membership": ""})
    open_link(portal.client(), path(portal))
    (member,) = members(portal)
    assert json.loads(member.attributes) == {"born": "1990-02-28"} and member.number.startswith("SK")
    assert login(portal, member.member_id).password == ""
