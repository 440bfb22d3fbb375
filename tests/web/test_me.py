"""The member's own file on both databases: changed by its member alone, shared in a household, taken along, closed."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from loyalty.access.signed import begin
from loyalty.access.tables import Login, Passkey, SignIn
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import AttributeChange, ConsentChange, DigestChange, HouseholdMember, Member
from loyalty.settle import settle
from loyalty.status.queries import lock_numbers
from loyalty.status.tables import StatusChange
from loyalty.store import Base
from tests.web.portal import Portal, send
from tests.web.records import SCRIPT, fly, told

PROFILE = {"name": "Ann", "phone": "+1 312 555 0100", "language": "en", "a-born": "1980-02-29", "a-time_zone": "Asia/Taipei"}


@pytest.fixture
def portal(deploy: Callable[..., Deployment]) -> Portal:
    return Portal(deploy())


def rows(portal: Portal, table: Any, member: int) -> list[Any]:
    with portal.deployment.store.reading() as session:
        return list(session.scalars(select(table).where(table.member_id == member)))


def test_members_change_what_is_theirs_to_say(portal: Portal) -> None:
    member, other = portal.enrol("M", name="Old", attributes={"time_zone": "Europe/Paris"}), portal.enrol("N", name="Other")
    client = portal.client(member)
    assert 'value="Europe/Paris"' in client.get("/me/profile").text
    assert send(client, "/me/profile", {**PROFILE, "name": SCRIPT}).location == "/me"
    page = client.get("/me").text
    assert "<script>alert" not in page and SCRIPT in told(page)
    assert "Date of birth February 29, 1980 Time zone Asia/Taipei" in told(page)
    (kept,) = rows(portal, Member, member)
    assert (kept.name, kept.phone, json.loads(kept.attributes)) == (
        SCRIPT, PROFILE["phone"], {"born": "1980-02-29", "time_zone": "Asia/Taipei"},
    )  # fmt: skip
    assert len(rows(portal, AttributeChange, member)) == 2
    assert rows(portal, Member, other)[0].name == "Other"
    for change, why in (
        ({"name": ""}, "write your name"),
        ({"phone": "call me"}, "telephone number"),
        ({"a-time_zone": "Mars/Base"}, "no such time zone"),
        ({"a-born": "2026-06-16"}, "still to come"),
        ({"a-born": "yesterday"}, "YYYY-MM-DD"),
    ):
        answer = send(client, "/me/profile", {**PROFILE, **change})
        assert answer.status_code == 422 and why in told(answer.text), (change, told(answer.text))
        (value,) = change.values()
        assert f'value="{value}"' in answer.text
    send(client, "/me/profile", {**PROFILE, "language": "zh_Hant"})
    assert '<html lang="zh-Hant">' in client.get("/me").text


def test_what_rules_ask_for_is_not_the_members_to_say(
    deploy: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = Portal(deploy())
    attributes = portal.deployment.program.file.members.attributes
    monkeypatch.setitem(attributes, "born", attributes["born"].model_copy(update={"stated": False}))
    member = portal.enrol("M", attributes={"born": "1980-02-29"})
    client = portal.client(member)
    assert "a-born" not in client.get("/me/profile").text and "February 29, 1980" in client.get("/me").text
    assert send(client, "/me/profile", {**PROFILE, "a-born": "1990-01-01"}).status_code == 303
    assert json.loads(rows(portal, Member, member)[0].attributes)["born"] == "1980-02-29"


def test_what_a_member_wants_to_hear_is_logged_with_where_it_was_said(portal: Portal) -> None:
    member = portal.enrol("M")
    client = portal.client(member)
    page = client.get("/me/preferences").text
    assert re.search(r'value="membership" checked disabled', page) and re.search(r'value="progress" checked>', page)
    wanted = {"consent": ["activity", "statements", "occasions", "surveys"], "digest": "week"}
    for _ in range(2):
        assert send(client, "/me/preferences", wanted).location == "/me/preferences"
    assert [(one.consent, one.given, one.source) for one in rows(portal, ConsentChange, member)] == [
        ("progress", False, "portal")
    ]
    assert [(one.digest, one.source) for one in rows(portal, DigestChange, member)] == [("week", "portal")]
    page = client.get("/me/preferences").text
    assert re.search(r'value="progress">', page) and re.search(r'value="week" checked', page)
    # what belongs to the membership cannot be refused, and no other digest or consent can be made up
    send(client, "/me/preferences", {"consent": ["progress", "spam"], "digest": "hour"})
    said = {(one.consent, one.given) for one in rows(portal, ConsentChange, member)}
    assert {name for name, _given in said} == {"progress", "activity", "statements", "occasions", "surveys"}
    assert len(rows(portal, DigestChange, member)) == 1


def test_a_household_needs_the_other_ones_yes(portal: Portal) -> None:
    ann, ben, cat = (portal.enrol(number, name=name) for number, name in (("A", "Ann"), ("B", f"Ben {SCRIPT}"), ("C", "Cat")))
    mine, other, third = (portal.client(member) for member in (ann, ben, cat))
    wrong = send(mine, "/me/household/invite", {"number": "B", "name": "Bea"})
    assert wrong.status_code == 422 and "no member with this number and this name" in wrong.text and 'value="Bea"' in wrong.text
    assert send(mine, "/me/household/invite", {"number": "B", "name": f"BEN {SCRIPT}"}).status_code == 303
    assert "Ann invites you into a household" in told(other.get("/me").text) and "invites you" not in third.get("/me").text
    (home,) = re.findall(r'name="household" value="(\d+)"', other.get("/me").text)
    answer = {"household": home, "answer": "accept"}
    assert send(third, "/me/household/answer", answer).status_code == 422
    assert send(other, "/me/household/answer", {**answer, "household": "x"}).status_code == 404
    assert send(other, "/me/household/answer", answer).location == "/me/household"
    for client in (mine, other):
        page = client.get("/me/household").text
        assert "<script>alert" not in page and f"Ben {SCRIPT} B" in told(page) and "Ann A" in told(page)
    assert "Ann" not in told(third.get("/me/household").text)
    assert send(other, "/me/household/remove", {"number": "A"}).status_code == 422
    assert send(mine, "/me/household/remove", {"number": "B"}).status_code == 303
    assert "Ann" not in told(other.get("/me/household").text)
    assert send(mine, "/me/household/leave").status_code == 303
    assert {one.state for who in (ann, ben) for one in rows(portal, HouseholdMember, who)} == {"left"}


def everything(portal: Portal, member: int) -> dict[str, list[dict[str, Any]]]:
    answer = portal.client(member).get("/me/download")
    assert answer.mimetype == "application/zip" and answer.is_streamed
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name.removesuffix(".json"): json.loads(archive.read(name)) for name in archive.namelist()}


def test_everything_is_taken_along_but_no_secret_and_nothing_of_others(portal: Portal) -> None:
    member, other = portal.enrol("M", "2025-01-01", name="安"), portal.enrol("N", name="Other")
    fly(portal, "M", 250)
    with portal.deployment.store.transaction() as session:
        session.add(Login(member_id=member, password="$argon2id$hash", totp="sealed-secret"))
        key = {"credential": b"credential", "public_key": b"public-key", "name": "phone", "added_at": portal.now}
        session.add(Passkey(member_id=member, passkey_id=7, **key))
        begin(session, other, "link", portal.now, place="10.9.8.7")
    send(portal.client(member), "/me/preferences", {"digest": "week"})
    found = everything(portal, member)
    with portal.deployment.store.reading() as session:
        tables = [table for table in Base.metadata.tables.values() if "member_id" in table.columns]
        counts = {
            table.name: len(session.execute(select(table.c.member_id).where(table.c.member_id == member)).all())
            for table in tables
        }
    expected = {name: count for name, count in counts.items() if count}
    assert {"member", "activity", "entry", "sign_in", "login", "passkey", "consent_change"} <= expected.keys()
    # the download is a sign-in of its own
    assert {name: len(rows) for name, rows in found.items()} == {**expected, "sign_in": expected["sign_in"]}
    assert found["member"][0]["name"] == "安" and found["entry"][0]["on"].startswith("202")
    text = json.dumps(found, ensure_ascii=False)
    for secret in ("$argon2id$hash", "sealed-secret", b"credential".hex(), "sign_in_id", "Other", "10.9.8.7"):
        assert secret not in text, secret
    with portal.deployment.store.reading() as session:
        ids = session.scalars(select(SignIn.sign_in_id).where(SignIn.member_id == member)).all()
    assert not [one for one in ids if str(one) in text]


def test_no_table_is_unknown_to_what_writes_everything() -> None:
    code = "import loyalty.web.portal.download, loyalty.store; print(*sorted(loyalty.store.Base.metadata.tables))"
    known = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    members = {name for name, table in Base.metadata.tables.items() if "member_id" in table.columns}
    assert members <= set(known)


def test_an_account_is_closed_by_its_number_and_every_sign_in_ends(portal: Portal) -> None:
    member = portal.enrol("M", "2025-01-01", name="Ann")
    portal.enrol("N", name="Ben")
    fly(portal, "M", 2)
    client, elsewhere = portal.client(member), portal.client(member)
    send(client, "/me/household/invite", {"number": "N", "name": "Ben"})
    page = told(client.get("/me/close").text)
    assert "Award miles 4,616" in page and "Today, June 15, 2026, is the last day" in page
    wrong = send(client, "/me/close", {"number": "N"})
    assert wrong.status_code == 422 and "not your member number" in told(wrong.text)
    assert rows(portal, Member, member)[0].left_on is None
    assert send(client, "/me/close", {"number": "M"}).location == "/program"
    for one in (client, elsewhere):
        assert one.get("/me").location.startswith("/sign-in")
    (kept,) = rows(portal, Member, member)
    assert kept.left_on is not None and kept.left_on.isoformat() == "2026-06-16"
    assert {one.state for one in rows(portal, HouseholdMember, member)} == {"left"}
    # the day after, the ladder knows it too
    portal.later(days=1)
    with portal.deployment.store.transaction() as session:
        settle(session, portal.deployment.program, list(lock_numbers(session, ["M"]).values()), portal.now)
    assert [(one.kind, one.effective_on.isoformat()) for one in rows(portal, StatusChange, member)][-1] == (
        "left",
        "2026-06-16",
    )
    assert "no member from June 16, 2026 on" in told(portal.client(member).get("/me").text)


def test_another_sees_nothing_of_it(portal: Portal) -> None:
    member, other = portal.enrol("M", name="Ann Unseen", phone="+1 555 0100"), portal.enrol("N")
    fly(portal, "M", 1)
    send(portal.client(member), "/me/household/invite", {"number": "N", "name": "x"})
    client = portal.client(other)
    for address in ("/me", "/me/profile", "/me/household", "/activity", "/points", "/activity/statement", "/me/close"):
        page = client.get(address).text
        assert "Unseen" not in page and "0100" not in page and "ORD" not in page, address
