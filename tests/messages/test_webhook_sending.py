"""Deliveries sent to a real server: what is tried when, in which order, by whom; killed, gone, slow, too large, forbidden."""

import json
import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest
from sqlalchemy import select, update
from standardwebhooks import WebhookVerificationError

from loyalty.jobs import webhooks
from loyalty.jobs.deployment import Deployment
from loyalty.messages.webhook_operations import By, disable, enable, remove, rotate, secrets_of
from loyalty.messages.webhook_posting import KEPT, Answer, Caller
from loyalty.messages.webhook_sending import LEASE, Marker, claim
from loyalty.messages.webhook_tables import WebhookAct, WebhookDelivery
from loyalty.messages.webhooks import WAITS
from loyalty.settings import networks
from tests.jobs import orbit
from tests.messages.certificate import certificate
from tests.messages.receiver import (
    BY,
    Receiver,
    Sent,
    always,
    announced,
    attempts,
    both,
    deliveries,
    endpoint,
    local,
    receiving,
    sent_out,
    told,
    verified,
)

NOW = orbit.noon("2026-06-15")
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    monkeypatch.setattr(webhooks, "PATIENCE", timedelta(days=-1))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Iterator[Deployment]:
    """Orbit with members A and B, which may call this machine."""
    found = local(deploy("orbit", config=orbit.config(tmp_path / "config")))
    orbit.enrolled(found, ["A", "B"])
    yield found
    found.store.close()


def flown(deployment: Deployment, number: str, key: str, km: int = 10, now: datetime = NOW) -> None:
    orbit.travelled(deployment, number, key, "2026-06-01", km, now)


def keys(receiver: Receiver, number: str = "A") -> list[str]:
    events = [one.event["data"] for one in receiver.sent]
    return [data["key"] for data in events if data["member"] == number]


def states(deployment: Deployment) -> list[str]:
    return [row.state for row in deliveries(deployment)]


# --- what arrives -------------------------------------------------------------------------------------------------


def test_what_arrives_is_signed_json_and_is_sent_once(deployment: Deployment, receiver: Receiver) -> None:
    _, secret = told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", "T1", 101)
    result = both(deployment, NOW)
    (sent,) = receiver.sent
    assert (result.items, result.changes, result.failures) == (1, 1, {})
    assert (sent.path, sent.headers["content-type"]) == ("/hook", "application/json")
    assert verified(sent, secret, NOW) == {
        "type": "activity.posted",
        "timestamp": "2026-06-15T12:00:00.000000Z",
        "data": {
            "member": "A", "source": "test", "key": "T1", "version": 1, "kind": "trip", "on": "2026-06-01",
            "amounts": [{"unit": "stars", "amount": "151.5"}, {"unit": "km", "amount": "101"}],
        },
    }  # fmt: skip
    both(deployment, NOW + MINUTE)
    assert (len(receiver.sent), states(deployment)) == (1, ["delivered"])
    (attempt,) = attempts(deployment)
    assert (attempt.n, attempt.status, attempt.error) == (1, 204, "")


def test_a_tampered_body_is_rejected(deployment: Deployment, receiver: Receiver) -> None:
    _, secret = told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    sent = receiver.sent[0]
    with pytest.raises(WebhookVerificationError):
        verified(Sent(sent.path, sent.headers, sent.body.replace('"A"', '"B"')), secret, NOW)


def test_each_endpoint_gets_the_types_that_it_asked_for(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, f"{receiver.url}/activity", NOW, "activity.posted")
    told(deployment, f"{receiver.url}/status", NOW, "status.*")
    told(deployment, f"{receiver.url}/requests", NOW, "request.*")
    flown(deployment, "A", "T1", 150)
    both(deployment, NOW)
    assert sorted((one.path, one.event["type"]) for one in receiver.sent) == [
        ("/hook/activity", "activity.posted"), ("/hook/status", "status.raised"),
    ]  # fmt: skip
    assert len({one.id for one in receiver.sent}) == 2


# --- secrets ------------------------------------------------------------------------------------------------------


def test_while_a_secret_is_rotated_both_sign_and_then_the_new_one_alone(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, old = told(deployment, receiver.url, NOW, "activity.*")
    with deployment.store.transaction() as session:
        new = rotate(session, endpoint_id, 24 * HOUR, BY, NOW)
    for n, after in enumerate((23 * HOUR, 25 * HOUR)):
        flown(deployment, "A", f"T{n}", now=NOW + after)
        both(deployment, NOW + after)
    during, after_it = receiver.sent[-2], receiver.sent[-1]
    for secret in (old, new):
        assert verified(during, secret, NOW + 23 * HOUR)["type"] == "activity.posted"
    assert verified(after_it, new, NOW + 25 * HOUR)["type"] == "activity.posted"
    with pytest.raises(WebhookVerificationError):
        verified(after_it, old, NOW + 25 * HOUR)


def test_a_secret_given_away_is_ended_at_once(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, old = told(deployment, receiver.url, NOW, "activity.*")
    with deployment.store.transaction() as session:
        rotate(session, endpoint_id, 24 * HOUR, BY, NOW)
        new = rotate(session, endpoint_id, timedelta(), BY, NOW)
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    assert len(receiver.sent[0].headers["webhook-signature"].split()) == 1
    verified(receiver.sent[0], new, NOW)
    with pytest.raises(WebhookVerificationError):
        verified(receiver.sent[0], old, NOW)


# --- retries ------------------------------------------------------------------------------------------------------


def test_a_failure_is_tried_again_by_the_schedule_under_the_same_id_and_given_up_after_ten(
    deployment: Deployment, receiver: Receiver
) -> None:
    _, secret = told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(500)
    flown(deployment, "A", "T1")
    announced(deployment, NOW)
    at = NOW
    for tries, wait in enumerate((*WAITS, timedelta()), 1):
        sent_out(deployment, at)
        (row,) = deliveries(deployment)
        assert (row.tries, len(receiver.sent)) == (tries, tries)
        assert verified(receiver.sent[-1], secret, at)["type"] == "activity.posted"  # signed anew
        if tries <= len(WAITS):
            assert row.state == "waiting"
            assert wait <= row.next_at - at <= wait * 1.2 + MINUTE  # the moment it took, besides
            sent_out(deployment, row.next_at - SECOND)
            assert len(receiver.sent) == tries  # not before
            at = row.next_at
    assert row.state == "failed"
    assert len({one.id for one in receiver.sent}) == len({one.body for one in receiver.sent}) == 1
    assert [one.status for one in attempts(deployment)] == [500] * 10
    sent_out(deployment, at + 30 * DAY)
    assert len(receiver.sent) == 10


def test_after_a_failure_the_next_try_that_is_taken_ends_it(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(503)
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    assert (endpoint(deployment).failures, states(deployment)) == (1, ["waiting"])
    receiver.answer = always(200)
    sent_out(deployment, NOW + MINUTE)
    assert states(deployment) == ["delivered"]
    assert (endpoint(deployment).failures, endpoint(deployment).failing_since) == (0, None)


def test_what_is_to_be_tried_again_soon_is_waited_for(
    deployment: Deployment, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    def passing(seconds: float) -> None:
        waited.append(seconds)
        with deployment.store.transaction() as session:
            session.execute(update(WebhookDelivery).values(next_at=NOW))

    monkeypatch.setattr(webhooks, "PATIENCE", timedelta(seconds=10))
    monkeypatch.setattr(webhooks, "sleep", passing)
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = lambda _sent: (500 if len(receiver.sent) == 1 else 200, {}, b"")
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    assert states(deployment) == ["delivered"]
    assert len(waited) == 1 and 0 < waited[0] <= 6


def test_a_wait_that_the_receiver_asks_for_is_kept_to_for_all_that_goes_there(
    deployment: Deployment, receiver: Receiver
) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(429, retry_after="600")
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    flown(deployment, "B", "T2")
    both(deployment, NOW + 9 * MINUTE)
    assert keys(receiver, "B") == [] and len(receiver.sent) == 1
    receiver.answer = always(200)
    both(deployment, NOW + 11 * MINUTE)
    assert (keys(receiver, "A"), keys(receiver, "B")) == (["T1", "T1"], ["T2"])


def test_a_wait_beyond_all_reason_stops_an_endpoint_for_an_hour_at_most(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(503, retry_after="99999999")
    flown(deployment, "A", "T1")
    both(deployment, NOW)
    (row,) = deliveries(deployment)
    assert timedelta(0) <= row.next_at - NOW - DAY <= MINUTE
    flown(deployment, "B", "T2")
    receiver.answer = always(200)
    both(deployment, NOW + HOUR + MINUTE)
    assert keys(receiver, "B") == ["T2"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(deployment: Deployment, receiver: Receiver, status: int) -> None:
    with receiving() as other:
        told(deployment, receiver.url, NOW, "activity.*")
        receiver.answer = always(status, location=other.url)
        flown(deployment, "A", "T1")
        both(deployment, NOW)
        assert other.sent == []
    assert (states(deployment), attempts(deployment)[0].status) == (["waiting"], status)


# --- order --------------------------------------------------------------------------------------------------------


def test_a_members_facts_arrive_in_order_and_one_that_fails_holds_up_no_other_member(
    deployment: Deployment, receiver: Receiver
) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = lambda sent: (500 if sent.event["data"]["key"] == "A1" else 200, {}, b"")
    for n in (1, 2, 3):
        flown(deployment, "A", f"A{n}", now=NOW + n * SECOND)
        flown(deployment, "B", f"B{n}", now=NOW + n * SECOND)
    at = NOW + 5 * SECOND
    both(deployment, at)
    assert (keys(receiver, "A"), keys(receiver, "B")) == (["A1"], ["B1", "B2", "B3"])
    receiver.answer = always(200)
    sent_out(deployment, at + MINUTE)
    assert keys(receiver, "A") == ["A1", "A1", "A2", "A3"]


def test_one_that_is_given_up_lets_the_next_go(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = lambda sent: (500 if sent.event["data"]["key"] == "A1" else 200, {}, b"")
    flown(deployment, "A", "A1")
    flown(deployment, "A", "A2", now=NOW + SECOND)
    announced(deployment, NOW + SECOND)
    at = NOW + SECOND
    for _ in range(10):
        sent_out(deployment, at)
        at = max(deliveries(deployment)[0].next_at, at) + SECOND
    assert states(deployment) == ["failed", "delivered"]


def test_an_endpoint_that_is_away_costs_another_nothing(deployment: Deployment, receiver: Receiver) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        away, _ = told(deployment, f"http://127.0.0.1:{closed.getsockname()[1]}/", NOW, "activity.*")
        told(deployment, receiver.url, NOW, "activity.*")
        numbers = [f"M{n}" for n in range(30)]
        orbit.enrolled(deployment, numbers)
        for number in numbers:
            flown(deployment, number, f"T {number}")
        both(deployment, NOW)
    assert len({one.id for one in receiver.sent}) == len(receiver.sent) == len(numbers)
    mine = [row for row in deliveries(deployment) if row.endpoint_id == away]
    assert {row.state for row in mine} == {"waiting"}
    # each of its senders gave up after a few: the others were not even tried, and lost nothing of their schedule
    assert sum(row.tries for row in mine) <= webhooks.EACH * (webhooks.ENOUGH + 2)
    assert any(row.tries == 0 for row in mine)


# --- the end of an endpoint ---------------------------------------------------------------------------------------


def acts(deployment: Deployment) -> list[tuple[str, str, str]]:
    with deployment.store.reading() as session:
        return [(row.act, row.author, row.reason) for row in session.scalars(select(WebhookAct).order_by(WebhookAct.n))]


def test_410_disables_at_once_and_enabling_sends_what_has_waited(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(410)
    flown(deployment, "A", "A1")
    both(deployment, NOW)
    assert (endpoint(deployment).state, acts(deployment)[-1]) == (
        "disabled", ("disabled", "loyalty", "it answered 410 Gone: it wants nothing any more"),
    )  # fmt: skip
    receiver.answer = always(200)
    flown(deployment, "A", "A2", now=NOW + HOUR)
    both(deployment, NOW + HOUR)
    assert len(receiver.sent) == 1  # nothing is sent, nothing is lost
    with deployment.store.transaction() as session:
        assert enable(session, endpoint_id, False, BY, NOW + DAY) == (True, 2)
        assert enable(session, endpoint_id, False, BY, NOW + DAY) == (False, 0)
    both(deployment, NOW + DAY)
    assert keys(receiver) == ["A1", "A1", "A2"]


def test_failing_for_days_without_one_success_disables_and_says_why(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = always(500)
    for days in range(6):
        assert endpoint(deployment).state == "active"
        at = NOW + days * (DAY + MINUTE)
        flown(deployment, "A", f"A{days}", now=at)
        both(deployment, at)
    act, author, reason = acts(deployment)[-1]
    assert (endpoint(deployment).state, act, author) == ("disabled", "disabled", "loyalty")
    assert reason.endswith("attempts in a row failed, since 2026-06-15 12:00 UTC; the last: 500")
    tried = len(receiver.sent)
    both(deployment, NOW + 7 * DAY)
    assert len(receiver.sent) == tried


def test_one_success_begins_the_days_anew(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    for days in range(10):
        receiver.answer = always(200 if days == 4 else 500)
        flown(deployment, "B" if days == 4 else "A", f"T{days}", now=NOW + days * DAY)
        both(deployment, NOW + days * DAY)
    assert endpoint(deployment).state == "active"


def test_what_is_removed_is_sent_nothing_and_has_no_secret(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", "A1")
    announced(deployment, NOW)
    with deployment.store.transaction() as session:
        assert remove(session, endpoint_id, BY, NOW) == 1
        assert secrets_of(session, endpoint_id, NOW) == []
    flown(deployment, "A", "A2", now=NOW + HOUR)
    both(deployment, NOW + HOUR)
    assert (receiver.sent, states(deployment)) == ([], ["dropped"])


def test_disabled_by_hand_it_waits_or_is_skipped(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    with deployment.store.transaction() as session:
        assert disable(session, endpoint_id, By("ben", "they move house"), NOW)
        assert not disable(session, endpoint_id, By("ben", "they move house"), NOW)
    flown(deployment, "A", "A1")
    both(deployment, NOW)
    with deployment.store.transaction() as session:
        assert enable(session, endpoint_id, True, BY, NOW) == (True, 1)
    flown(deployment, "A", "A2", now=NOW + HOUR)
    both(deployment, NOW + HOUR)
    assert (keys(receiver), states(deployment)) == (["A2"], ["dropped", "delivered"])


# --- several senders ----------------------------------------------------------------------------------------------


def test_two_senders_never_make_the_same_attempt(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    numbers = [f"M{n}" for n in range(40)]
    orbit.enrolled(deployment, numbers)
    for number in numbers:
        flown(deployment, number, f"T {number}")
    announced(deployment, NOW)
    others = [Deployment(deployment.settings) for _ in range(2)]
    threads = [Thread(target=sent_out, args=(one, NOW + n * SECOND)) for n, one in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in others:
        one.store.close()
    assert sorted(one.id for one in receiver.sent) == sorted({one.id for one in receiver.sent})
    assert (len(receiver.sent), set(states(deployment))) == (40, {"delivered"})


def test_a_sender_killed_in_mid_send_costs_a_repetition_and_nothing_else(deployment: Deployment, receiver: Receiver) -> None:
    """Killed while the receiver has the request and has not answered: it is sent again, under the same id, by another sender
    when the lease is over, and not before."""
    told(deployment, receiver.url, NOW, "activity.*")
    numbers = [f"M{n}" for n in range(8)]
    orbit.enrolled(deployment, numbers)
    for number in numbers:
        flown(deployment, number, f"T {number}")
    announced(deployment, NOW)
    there, dead = Event(), Event()

    def holding(_sent: Sent) -> tuple[int, dict[str, str], bytes]:
        if not dead.is_set():
            there.set()
            dead.wait(60)
        return 200, {}, b""

    receiver.answer = holding
    process = orbit.start(
        deployment, "run", "webhooks", "--now", "--as-of", "2026-06-15", LOYALTY_WEBHOOK_NETWORKS="127.0.0.0/8"
    )
    assert there.wait(60)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    dead.set()
    held = {one.id for one in receiver.sent}
    under_way = [row for row in deliveries(deployment) if row.state == "sending"]
    assert held and under_way
    sent_out(deployment, NOW + MINUTE)
    assert all(row.state == "sending" for row in deliveries(deployment) if row.fact_id in {one.fact_id for one in under_way})
    sent_out(deployment, NOW + LEASE + MINUTE)
    assert set(states(deployment)) == {"delivered"}
    assert {one.id for one in receiver.sent} >= held and len({one.id for one in receiver.sent}) == len(numbers)
    assert {one.event["data"]["member"] for one in receiver.sent} == set(numbers)


def test_what_comes_back_late_from_a_sender_taken_for_dead_changes_nothing(deployment: Deployment, receiver: Receiver) -> None:
    endpoint_id, _ = told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", "A1")
    announced(deployment, NOW)
    with deployment.store.transaction() as session:
        first = claim(session, endpoint_id, "first", NOW)
    with deployment.store.transaction() as session:
        assert claim(session, endpoint_id, "second", NOW + LEASE - SECOND).rows == ()
        second = claim(session, endpoint_id, "second", NOW + LEASE)
    assert [row.fact_id for row in first.rows] == [row.fact_id for row in second.rows]
    with deployment.store.transaction() as session:
        Marker(DAY).mark(session, "first", first.rows[0], Answer(500, "", 1), NOW + LEASE)
    assert states(deployment) == ["sending"]
    with deployment.store.transaction() as session:
        Marker(DAY).mark(session, "second", second.rows[0], Answer(200, "", 1), NOW + LEASE)
    assert states(deployment) == ["delivered"]
    assert [(one.n, one.status) for one in attempts(deployment)] == [(1, 500), (2, 200)]


# --- answers that harm --------------------------------------------------------------------------------------------


def test_of_an_answer_without_end_the_start_is_kept(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    receiver.answer = lambda _sent: (500, {}, b"\0nul\xff" + b"x" * 5_000_000)
    flown(deployment, "A", "A1")
    both(deployment, NOW)
    (attempt,) = attempts(deployment)
    assert attempt.answer.startswith("nul\ufffdx") and len(attempt.answer.encode()) <= KEPT + 2


def test_a_receiver_that_answers_a_byte_now_and_then_is_left() -> None:
    """The time is that of the whole request: a timeout of each read alone would let it hold a sender for hours."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        over = Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"x-more: 1\r\n")
                    except OSError:
                        return

        thread = Thread(target=drip)
        thread.start()
        caller = Caller(networks("127.0.0.0/8"), time=1.0)
        begun = monotonic()
        answer = caller.post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, "{}")
        took = monotonic() - begun
        over.set()
        thread.join()
        caller.close()
    assert answer.status is None and answer.error.startswith("ReadTimeout")
    assert took < 30


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 X\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 99999]
)
def test_what_is_no_answer_is_an_error(answer: bytes) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                with suppress(OSError):
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        caller = Caller(networks("127.0.0.0/8"))
        found = caller.post(f"http://127.0.0.1:{server.getsockname()[1]}/", {}, "{}")
        thread.join()
        caller.close()
    assert found.status is None and found.error


# --- forbidden addresses ------------------------------------------------------------------------------------------


def posting(receiver: Receiver, addresses: list[list[str]], allowed: str = "") -> list[str]:
    """The errors of requests to a name that stands for some addresses at each look."""
    looks = iter(addresses)
    caller = Caller(networks(allowed), resolver=lambda _host, _port: next(looks))
    url = receiver.url.replace("127.0.0.1", "crm.example")
    found = [caller.post(url, {"connection": "close"}, "{}").error for _ in addresses]
    caller.close()
    return found


def test_a_name_that_stands_for_an_address_that_is_not_public_is_not_called(receiver: Receiver) -> None:
    for private in ("127.0.0.1", "::1", "169.254.169.254", "10.0.0.1", "::ffff:127.0.0.1"):
        (error,) = posting(receiver, [[private]])
        assert error.startswith(f"Forbidden: {private} is not public"), error
    (error,) = posting(receiver, [["127.0.0.1", "127.0.1.1"]], "127.0.0.1/32")  # one of them suffices
    assert error.startswith("Forbidden: 127.0.1.1")
    assert receiver.sent == []


def test_a_name_is_looked_at_anew_for_each_connection(receiver: Receiver) -> None:
    """A name that stood for an allowed address and then for another one: the second is not called."""
    first, second = posting(receiver, [["127.0.0.1"], ["127.0.0.2"]], "127.0.0.1/32")
    assert (first, len(receiver.sent)) == ("", 1)
    assert second.startswith("Forbidden: 127.0.0.2")


def test_where_one_address_does_not_answer_the_next_is_tried(receiver: Receiver) -> None:
    assert posting(receiver, [["127.0.0.9", "127.0.0.1"]], "127.0.0.0/8") == [""]
    assert len(receiver.sent) == 1


def test_without_the_setting_this_machine_is_not_called(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", "A1")
    announced(deployment, NOW)
    strict = Deployment(replace(deployment.settings, webhook_networks=""))
    sent_out(strict, NOW)
    strict.store.close()
    assert receiver.sent == []
    assert attempts(deployment)[0].error.startswith("Forbidden: 127.0.0.1 is not public")


def test_by_https_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    """The connection goes to an address that was looked at, the certificate is checked against the name."""
    path = certificate(tmp_path, "crm.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(path)
    trusting = ssl.create_default_context(cafile=str(path))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with suppress(OSError), serving.wrap_socket(connection, server_side=True) as secured:
                    while not secured.recv(65536).endswith(b"{}"):
                        pass
                    secured.sendall(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")

        thread = Thread(target=serve)
        thread.start()
        found = []
        for host in ("crm.example", "other.example"):
            caller = Caller(networks("127.0.0.0/8"), trusting, resolver=lambda _host, _port: ["127.0.0.1"])
            found.append(caller.post(f"https://{host}:{server.getsockname()[1]}/", {}, "{}"))
            caller.close()
        thread.join()
    assert (found[0].status, found[0].error) == (204, "")
    assert found[1].status is None and "certificate" in found[1].error.lower()


def test_bodies_stay_json(deployment: Deployment, receiver: Receiver) -> None:
    told(deployment, receiver.url, NOW, "activity.*")
    flown(deployment, "A", 'k"é\n')
    both(deployment, NOW)
    assert json.loads(receiver.sent[0].body)["data"]["key"] == 'k"é\n'
