"""Staff sign in by an identity provider that is served for real: who is let in, with which roles, and what is not taken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.access.staff_tables import Staff, StaffSignIn
from tests.conftest import ROOT
from tests.web.console import Console, post
from tests.web.provider import CLIENT, SECRET, Idp, provider
from tests.web.test_frame import Deploy

GROUPS = "groups: {desk: [agent], leads: [supervisor, auditor], house: [administrator]}\n"


@pytest.fixture
def idp() -> Iterator[Idp]:
    with provider() as made:
        made.claims = {"sub": "s-1", "email": "Nia@house.example", "email_verified": True, "name": "Nia", "groups": ["desk"]}
        yield made


@pytest.fixture
def console(deploy: Deploy, idp: Idp, tmp_path: Path) -> Console:
    folder = tmp_path / "config"
    folder.mkdir()
    for name in ("programs", "imports"):
        (folder / name).symlink_to(ROOT / "config" / name)
    text = (ROOT / "config" / "staff.yaml").read_text(encoding="utf-8")
    (folder / "staff.yaml").write_text(text.replace("groups: {}\n", GROUPS), encoding="utf-8")
    about = {"oidc_issuer": idp.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    made = Console(deploy(config=folder), settings=about)
    idp.now = lambda: made.now
    return made


def comes(client: FlaskClient, idp: Idp, after: str = "") -> Any:
    """Away to the provider, and back."""
    away = client.get(f"/staff/sign-in/provider?after={after}")
    assert away.status_code == 303 and away.location.startswith(f"{idp.issuer}/authorization?")
    return client.get(idp.come_back(away.location))


def people(console: Console) -> list[Staff]:
    with console.deployment.store.reading() as session:
        return list(session.scalars(select(Staff).order_by(Staff.staff_id)))


def test_someone_comes_in_with_the_roles_of_their_groups(console: Console, idp: Idp) -> None:
    client = console.app.test_client()
    assert "/staff/sign-in/provider" in client.get("/staff/sign-in").text
    idp.claims["amr"] = ["pwd", "mfa"]
    answer = comes(client, idp, "/staff/approvals")
    assert answer.status_code == 303 and answer.location == "/staff/approvals"
    assert client.get("/staff/approvals").status_code == 200
    (nia,) = people(console)
    assert (nia.name, nia.shown, nia.subject, json.loads(nia.roles)) == ("nia@house.example", "Nia", "s-1", ["agent"])
    assert [(line.actor, line.kind) for line in console.lines("staff.add")] == [("identity provider", "provider")]
    # again: the same person, and what it tells of itself is not asked for again
    comes(console.app.test_client(), idp)
    assert len(people(console)) == 1 and idp.asked == ["about", "keys"]
    with console.deployment.store.reading() as session:
        assert {one.how for one in session.scalars(select(StaffSignIn))} == {"provider"}


def test_without_its_second_step_ours_is_asked_for(console: Console, idp: Idp) -> None:
    client = console.app.test_client()
    assert comes(client, idp, "/staff/approvals").location == "/staff/approvals"
    assert client.get("/staff/approvals").location.startswith("/staff/code")
    assert "QR code" in client.get("/staff/code").text  # to be set up, the first time


def test_roles_follow_the_groups_and_who_has_none_is_out(console: Console, idp: Idp) -> None:
    idp.claims |= {"amr": ["mfa"], "groups": ["desk", "unknown"]}
    first = console.app.test_client()
    comes(first, idp)
    idp.claims["groups"] = ["leads"]
    comes(console.app.test_client(), idp)
    assert json.loads(people(console)[0].roles) == ["supervisor", "auditor"]
    comes(console.app.test_client(), idp)  # nothing has changed: no line
    (line,) = console.lines("staff.roles")
    assert json.loads(line.what)["before"] == {"roles": ["agent"]} and line.actor == "identity provider"
    idp.claims["groups"] = ["unknown"]
    refused = comes(console.app.test_client(), idp)
    assert refused.status_code == 403 and "has no group" in refused.text
    assert json.loads(people(console)[0].roles) == [] and first.get("/staff").status_code == 302  # out at once, everywhere
    idp.claims |= {"sub": "s-2", "email": "new@house.example"}
    assert comes(console.app.test_client(), idp).status_code == 403 and len(people(console)) == 1


def test_who_was_added_by_address_is_known_by_it_once(console: Console, idp: Idp) -> None:
    console.hire("nia", "finance")
    idp.claims["email_verified"] = False
    assert comes(console.app.test_client(), idp).status_code == 403 and people(console)[0].subject == ""
    idp.claims["email_verified"] = True
    assert comes(console.app.test_client(), idp).status_code == 303
    (nia,) = people(console)
    assert (nia.subject, json.loads(nia.roles)) == ("s-1", ["agent"]) and len(console.lines("staff.provided")) == 1
    idp.claims["sub"] = "s-2"  # another who says to have the address
    assert comes(console.app.test_client(), idp).status_code == 403 and people(console)[0].subject == "s-1"
    boss = console.staff("administrator")
    post(boss, f"/staff/people/{nia.staff_id}", {"step": "end", "reason": "left"})
    idp.claims["sub"] = "s-1"
    refused = comes(console.app.test_client(), idp)  # who has ended stays out
    assert refused.status_code == 403 and not people(console)[0].active


@pytest.mark.parametrize("wrong", [
    "signature", "no signature", "shared secret", "issuer", "audience", "expired", "nonce", "no nonce", "azp", "silent",
    "future",
])  # fmt: skip
def test_an_answer_that_is_not_right_lets_nobody_in(console: Console, idp: Idp, wrong: str) -> None:
    idp.claims["amr"] = ["mfa"]
    idp.wrong = wrong
    client = console.app.test_client()
    refused = comes(client, idp)
    assert refused.status_code == 403 and "identity provider" in refused.text, wrong
    assert people(console) == [] and client.get("/staff").status_code == 302
    idp.wrong = ""
    assert comes(client, idp).status_code == 303  # and nothing is spoiled by it


def test_a_state_holds_once_in_the_browser_that_was_sent_away(console: Console, idp: Idp) -> None:
    idp.claims["amr"] = ["mfa"]
    client, other = console.app.test_client(), console.app.test_client()
    back = idp.come_back(client.get("/staff/sign-in/provider").location)
    assert other.get(back).status_code == 403  # of another browser
    assert client.get(back.replace("state=", "state=x")).status_code == 403  # another state, which uses up ours
    assert client.get(back).status_code == 403
    back = idp.come_back(client.get("/staff/sign-in/provider").location)
    assert client.get(back).status_code == 303 and client.get(back).status_code == 403  # replayed
    late = idp.come_back(other.get("/staff/sign-in/provider").location)
    console.later(minutes=11)
    assert other.get(late).status_code == 403
    mixed = idp.come_back(other.get("/staff/sign-in/provider").location)
    assert other.get(f"{mixed}&iss=https://evil.example").status_code == 403
    other.get("/staff/sign-in/provider")
    said = other.get("/staff/sign-in/provider/back?error=<script>&state=none")
    assert said.status_code == 403 and "<script>" not in said.text.partition("<main")[2].partition("</main>")[0]


def test_nobody_is_led_elsewhere(console: Console, idp: Idp) -> None:
    idp.claims["amr"] = ["mfa"]
    for after in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert comes(console.app.test_client(), idp, after).location == "/staff"
    away = console.app.test_client().get("/staff/sign-in/provider").location
    assert parse_qs(urlsplit(away).query)["redirect_uri"] == ["http://localhost/staff/sign-in/provider/back"]


def test_keys_that_are_changed_are_asked_for_again(console: Console, idp: Idp) -> None:
    idp.claims["amr"] = ["mfa"]
    comes(console.app.test_client(), idp)
    idp.key = 1
    assert comes(console.app.test_client(), idp).status_code == 303 and idp.asked == ["about", "keys", "keys"]


def test_another_issuer_in_its_place_is_not_believed(console: Console, idp: Idp) -> None:
    idp.wrong = "another issuer"
    assert console.app.test_client().get("/staff/sign-in/provider").status_code == 403


def test_signing_out_leads_on_to_the_provider(console: Console, idp: Idp) -> None:
    idp.claims["amr"] = ["mfa"]
    client = console.app.test_client()
    comes(client, idp)
    out = post(client, "/staff/sign-out")
    assert out.location == "/staff/sign-in?out=1" and "/staff/sign-out/provider" in client.get(out.location).text
    left = client.get("/staff/sign-out/provider").location
    assert left.startswith(f"{idp.issuer}/end_session?client_id={CLIENT}&post_logout_redirect_uri=http")
    assert post(console.staff("agent"), "/staff/sign-out").location == "/staff/sign-in"


def test_without_a_provider_there_is_no_way(deploy: Deploy) -> None:
    client = Console(deploy()).app.test_client()
    assert "provider" not in client.get("/staff/sign-in?out=1").text
    for way in ("sign-in/provider", "sign-in/provider/back?code=x&state=y", "sign-out/provider"):
        assert client.get(f"/staff/{way}").status_code == 404
