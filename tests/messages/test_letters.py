"""Letters with links: sent once, tried again until their link has ended, and what they carry is kept nowhere."""

import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from sqlalchemy import select

from loyalty.access.entering import ask_link
from loyalty.access.links import KEPT, LEASE, SPANS, claim_letters
from loyalty.access.tables import Link
from loyalty.access.tokens import link_token
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.letters import letters
from loyalty.jobs.runs import Result, RunKey
from loyalty.jobs.trim import trim
from loyalty.messages.outbox import suppress
from tests.messages import sink
from tests.messages.told import again, at, enrol, nothing

Deploy = Callable[..., Deployment]
NOW = at("2026-06-15")


def opened(deploy: Deploy, mail: str) -> Deployment:
    made = again(deploy(), mail=mail)
    enrol(made, "M", "N")
    return made


def ask(deployment: Deployment, *names: str, now: datetime = NOW) -> None:
    with deployment.store.transaction() as session:
        for name in names:
            ask_link(session, deployment.program, name, "en", now, None)


def run(deployment: Deployment, now: datetime = NOW) -> Result:
    return letters(deployment, RunKey("letters", now, deployment.today(now)), now, 1, nothing)


def rows(deployment: Deployment) -> Sequence[Link]:
    with deployment.store.reading() as session:
        return session.scalars(select(Link).order_by(Link.link_id)).all()


def test_each_is_sent_once_and_its_link_is_kept_nowhere(
    deploy: Deploy, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    deployment = opened(deploy, f"folder:{tmp_path / 'mail'}")
    ask(deployment, "M", "n@members.example", "nobody@else.example", "X")
    result = run(deployment)
    assert (result.items, result.changes) == (4, 3) and run(deployment, NOW + timedelta(minutes=1)).items == 0
    mails = [message_from_bytes(path.read_bytes(), policy=default) for path in (tmp_path / "mail").iterdir()]
    assert {mail["To"] for mail in mails} == {"m@members.example", "n@members.example", "nobody@else.example"}
    links = rows(deployment)
    assert [(one.state, one.error != "") for one in links] == [("sent", False)] * 3 + [("failed", True)]
    for one in links[:2]:
        token = link_token(deployment.settings, one)
        (mail,) = [mail for mail in mails if mail["To"] == one.address]
        text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert f"https://orbit.example/sign-in/link/{token}" in text
        assert token not in f"{one.fields} {one.error} {caplog.text}"
    (unknown,) = [mail for mail in mails if mail["To"] == "nobody@else.example"]
    text = unknown.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "https://orbit.example/join" in text and "/link/" not in text


def test_what_cannot_be_sent_now_is_tried_again_until_its_link_has_ended(deploy: Deploy) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        deployment = opened(deploy, f"smtp://127.0.0.1:{taken.getsockname()[1]}")
        ask(deployment, "M")
        now = NOW
        waits = []
        while rows(deployment)[0].state == "waiting" and now < NOW + timedelta(hours=1):
            run(deployment, now)
            waits.append(rows(deployment)[0].next_at - now)
            now = max(rows(deployment)[0].next_at, now + timedelta(seconds=1))
    (link,) = rows(deployment)
    assert (link.state, link.error) == ("failed", "its link has ended") and link.next_at >= NOW + SPANS["sign_in"]
    assert len(waits) >= 4 and waits[:3] == sorted(waits[:3]) and waits[0] >= timedelta(minutes=1)


def test_a_sender_that_died_loses_nothing(deploy: Deploy) -> None:
    with sink.serving() as (server, address):
        deployment = opened(deploy, address)
        ask(deployment, "M")
        with deployment.store.transaction() as session:
            assert len(claim_letters(session, NOW, 10)) == 1
        run(deployment, NOW + timedelta(minutes=1))
        assert server.taken == []  # it may be on its way
        run(deployment, NOW + LEASE)
        assert server.recipients == ["m@members.example"] and rows(deployment)[0].attempts == 2


def test_what_a_server_refuses_for_good_has_failed_and_the_others_go_on(deploy: Deploy) -> None:
    with sink.serving() as (server, address):
        deployment = opened(deploy, address)
        server.to_recipient = lambda to: "550 5.1.1 no such user m@members.example" if to.startswith("m@") else "250 OK"
        with deployment.store.transaction() as session:
            suppress(session, "gone@members.example", "bounced", NOW)
        enrol(deployment, "G", email="gone@members.example")
        ask(deployment, "M", "G", "N")
        run(deployment)
        assert [one.state for one in rows(deployment)] == ["failed", "failed", "sent"]
        assert "m@members" not in rows(deployment)[0].error and server.recipients == ["n@members.example"]


def test_without_mail_letters_wait_and_old_ones_are_deleted(deploy: Deploy) -> None:
    deployment = opened(deploy, "")
    ask(deployment, "M", "N")
    assert run(deployment).items == 0 and {one.state for one in rows(deployment)} == {"waiting"}
    for late, left in ((KEPT, 2), (KEPT + SPANS["sign_in"] + timedelta(seconds=1), 0)):
        trim(deployment, RunKey("trim", NOW + late, deployment.today(NOW + late)), NOW + late, 1, nothing)
        assert len(rows(deployment)) == left
