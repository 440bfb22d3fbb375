"""Unsubscribing by the link of a mail: one POST is enough, GET changes nothing, and nobody else's link works."""

from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.jobs.deployment import Deployment
from loyalty.members.consent import consents_of
from loyalty.members.tables import ConsentChange
from loyalty.messages.tokens import unsubscribe_token
from loyalty.web import create_app
from tests.conftest import NOON
from tests.messages import told
from tests.messages.told import Deploy, enrol, opened

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def deployment(deploy: Deploy, tmp_path: Path) -> Deployment:
    made = opened(deploy, tmp_path)
    enrol(made, "M", "N")
    return made


@pytest.fixture
def client(deployment: Deployment) -> FlaskClient:
    def now() -> datetime:
        return NOON

    return create_app(deployment, now).test_client()


def link(deployment: Deployment, consent: str = "news", member_id: int = 1) -> str:
    return f"/unsubscribe/{unsubscribe_token(deployment.settings, member_id, consent)}"


def log(deployment: Deployment) -> list[tuple[int, str, bool, str]]:
    with deployment.store.reading() as session:
        found = session.scalars(select(ConsentChange).order_by(ConsentChange.member_id, ConsentChange.n))
        return [(row.member_id, row.consent, row.given, row.source) for row in found]


def test_a_scanner_that_opens_links_changes_nothing(deployment: Deployment, client: FlaskClient) -> None:
    for method in (client.get, client.head):
        answer = method(link(deployment))
        assert answer.status_code == 200
    assert b'<form method="post">' in client.get(link(deployment)).data
    assert log(deployment) == []


def test_one_post_is_enough_and_a_second_changes_nothing(deployment: Deployment, client: FlaskClient) -> None:
    for _ in range(2):
        answer = client.post(link(deployment), data=ONE_CLICK)
        assert answer.status_code == 200 and b"no more of these messages" in answer.data
    assert log(deployment) == [(1, "news", False, "one click")]
    with deployment.store.reading() as session:
        assert consents_of(session, [1, 2]) == {1: {"news": False}}


def test_who_changes_their_mind_has_a_button(deployment: Deployment, client: FlaskClient) -> None:
    client.post(link(deployment))
    assert b"again" in client.get(link(deployment)).data
    assert b"receive these messages again" in client.post(link(deployment), data={"again": "yes"}).data
    assert log(deployment) == [(1, "news", False, "page"), (1, "news", True, "page")]


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_a_signed_link_works(deployment: Deployment, client: FlaskClient, method: str) -> None:
    good = link(deployment)
    stranger = told.again(deployment, secret="another-secret-of-forty-characters-....")
    links = [good[:-1], f"{good}x", "/unsubscribe/x", link(stranger), link(deployment, member_id=99)]
    links += [link(deployment, "account"), link(deployment, "nothing")]
    for one in links:
        assert getattr(client, method)(one).status_code == 404, one
    assert log(deployment) == []


def test_every_answer_is_closed_to_others(deployment: Deployment, client: FlaskClient) -> None:
    for answer in (client.get(link(deployment)), client.post(link(deployment)), client.get("/nothing")):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers or answer.status_code == 404
    assert client.put(link(deployment)).status_code == 405
    assert (
        client.post(link(deployment), data=b"x" * 300_000, content_type="application/x-www-form-urlencoded").status_code == 413
    )


def test_the_page_speaks_the_member_s_language_and_escapes(deploy: Deploy, tmp_path: Path) -> None:
    deployment = told.again(deploy("skyway"))
    enrol(deployment, "S", language="zh-TW")
    client = create_app(deployment, lambda: NOON).test_client()
    page = client.get(link(deployment, "statements")).data.decode()
    assert 'lang="zh-Hant"' in page and "每月對帳單" in page and "天途哩程酬賓計畫" in page
