"""What opens a door or cannot be undone is for who has proved lately who they are: a browser left open is in anyone's hands."""

from collections.abc import Callable

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.access.tables import Link
from loyalty.jobs.deployment import Deployment
from loyalty.members.tables import Member
from tests.web.doors import PASSWORD, Authenticator, add_passkey, give_password, give_step, login
from tests.web.portal import Portal, send

Deploy = Callable[..., Deployment]
ANN = {"email": "ann@members.example", "name": "Ann"}
#: Each with where it leads once it is proved.
PAGES = {"/me/download": "/me", "/me/close": "/me/close", "/me/security/step": "/me/security/step"}
FORMS = {
    "/me/close": {"number": "A"}, "/me/security/address": {"email": "thief@evil.example"}, "/me/security/step": {"code": "1"},
    "/me/security/passkeys/options": {}, "/me/security/passkeys": {"credential": "{}"},
}  # fmt: skip


@pytest.fixture
def portal(deploy: Deploy) -> Portal:
    return Portal(deploy())


def leads_to_proof(client: FlaskClient) -> bool:
    """Whether every one of these pages and forms leads to the proof; False where none does."""
    found = {client.get(page).location == f"/me/prove?after={after}" for page, after in PAGES.items()}
    assert len(found) == 1
    return found.pop()


def test_a_sign_in_of_a_while_ago_opens_no_door_and_undoes_nothing(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    client = portal.client(member)
    assert not leads_to_proof(client) and 'name="email"' in client.get("/me/security").text
    portal.later(minutes=15)
    assert leads_to_proof(client)
    for form, data in FORMS.items():
        assert str(send(client, form, data).location).startswith("/me/prove?after="), form
    with portal.deployment.store.reading() as session:
        assert session.scalars(select(Link)).all() == [] and session.scalars(select(Member.left_on)).all() == [None]
    page = client.get("/me/security").text
    assert 'name="email"' not in page and 'data-passkey="create"' not in page and "Prove first that it is you" in page
    assert client.get("/me").status_code == client.get("/").status_code == 200


def test_a_password_proves_it_for_a_while_in_this_browser_alone(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    client = portal.client(member)
    portal.later(minutes=20)
    with client.session_transaction() as kept:
        before = dict(kept)
    wrong = send(client, "/me/prove", {"password": "guess", "after": "/me/close"})
    assert wrong.status_code == 422 and 'value="/me/close"' in wrong.text and leads_to_proof(client)
    assert send(client, "/me/prove", {"password": PASSWORD, "after": "/me/close"}).location == "/me/close"
    assert not leads_to_proof(client) and client.get("/me/download").status_code == 200
    copied = portal.app.test_client()
    with copied.session_transaction() as kept:
        kept.update(before)
    assert leads_to_proof(copied)  # who took the cookie before
    portal.later(minutes=15)
    assert leads_to_proof(client)
    assert send(client, "/me/prove", {"password": PASSWORD, "after": "//evil.example"}).location == "/me"


def test_guesses_are_counted(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    client = portal.client(member)
    for _ in range(5):
        send(client, "/me/prove", {"password": "guess"})
    assert send(client, "/me/prove", {"password": PASSWORD}).status_code == 422
    portal.later(minutes=16)
    assert send(client, "/me/prove", {"password": PASSWORD}).status_code == 303


def test_without_a_password_a_code_of_the_second_step_proves_it_and_a_link_always(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    client = portal.client(member)
    page = client.get("/me/prove?after=/me/close").text
    assert 'name="password"' not in page and 'name="code"' not in page and "Send me a link" in page
    assert send(client, "/me/prove", {"password": "", "code": ""}).status_code == 422
    shared = give_step(portal, member)
    portal.later(minutes=20)
    assert 'name="code"' in client.get("/me/prove").text
    assert send(client, "/me/prove", {"code": "000000"}).status_code == 422 and leads_to_proof(client)
    assert send(client, "/me/prove", {"code": pyotp.TOTP(shared).at(portal.now)}).status_code == 303
    assert not leads_to_proof(client) and login(portal, member).totp


def test_a_first_password_is_set_by_who_has_proved_it(portal: Portal) -> None:
    client = portal.client(portal.enrol("A", **ANN))
    portal.later(minutes=20)
    assert send(client, "/me/security/password", {"new": PASSWORD}).location == "/me/prove?after=/me/security"
    assert 'name="new"' not in client.get("/me/security").text


def test_a_passkey_is_added_by_who_has_proved_it(portal: Portal) -> None:
    member = portal.enrol("A", **ANN)
    give_password(portal, member)
    client = portal.client(member)
    portal.later(minutes=20)
    assert send(client, "/me/security/passkeys/options").json is None
    send(client, "/me/prove", {"password": PASSWORD})
    assert add_passkey(client, Authenticator()).status_code == 200
