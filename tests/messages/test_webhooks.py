"""What webhooks are made of, without a database: bodies, ids, signatures, waits, addresses."""

import base64
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from random import Random

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from loyalty.messages.webhooks import (
    JITTER,
    LARGEST_BODY,
    TYPES,
    WAITS,
    DeliveryId,
    asked_wait,
    body_of,
    delivered,
    delivery_id,
    headers,
    known_pattern,
    may_call,
    new_secret,
    next_try,
    url_problem,
    wanted_from,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)


# --- signatures ---------------------------------------------------------------------------------------------------


def verify(secret: str, body: str, signed: dict[str, str], at: datetime = NOW) -> object:
    with time_machine.travel(at, tick=False):
        return Webhook(secret).verify(body, signed)


def test_what_is_signed_is_verified_by_each_of_its_secrets_and_by_no_other() -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    body = body_of("status.raised", NOW, {"member": "SK1"})
    signed = headers("msg_1", NOW, body, [new, old])
    assert len(signed["webhook-signature"].split()) == 2
    for secret in (old, new):
        assert verify(secret, body, signed) == {"type": "status.raised", "timestamp": "2026-11-27T12:00:00.000000Z",
                                                "data": {"member": "SK1"}}  # fmt: skip
    with pytest.raises(WebhookVerificationError):
        verify(other, body, signed)


@pytest.mark.parametrize(
    "changed", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, {"body": '{"type":"x"}'}]
)
def test_a_tampered_id_time_or_body_is_found(changed: dict[str, str]) -> None:
    secret, body = new_secret(), body_of("status.raised", NOW, {"member": "SK1"})
    signed = {**headers("msg_1", NOW, body, [secret]), **changed}
    with pytest.raises(WebhookVerificationError):
        verify(secret, signed.pop("body", body), signed)


def test_an_old_request_repeated_by_someone_is_refused() -> None:
    secret, body = new_secret(), "{}"
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(secret, body, headers("msg_1", NOW, body, [secret]), NOW + 6 * MINUTE)


def test_secrets_are_long_random_and_written_as_the_specification_says() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_") and len(base64.b64decode(first.removeprefix("whsec_"))) == 32


# --- ids ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 2**62), st.integers(1, 2**31), st.integers(0, 2**63 - 1))
def test_an_id_names_its_delivery_and_holds_no_full_stop(member: int, endpoint: int, fact: int) -> None:
    id_ = DeliveryId(member, endpoint, fact)
    assert delivery_id(str(id_)) == id_
    assert "." not in str(id_) and str(id_).isascii()


@given(st.text(max_size=40))
def test_any_other_text_is_no_id(text: str) -> None:
    found = delivery_id(text)
    assert found is None or str(found) == text


# --- bodies -------------------------------------------------------------------------------------------------------


def test_a_body_too_large_is_cut_to_what_names_it_and_says_so() -> None:
    amounts = [{"unit": f"unit{n}", "amount": "1"} for n in range(2000)]
    body = body_of("activity.posted", NOW, {"member": "SK1", "key": "k", "amounts": amounts})
    assert json.loads(body)["data"] == {"member": "SK1", "key": "k", "cut": ["amounts"]}
    assert len(body.encode()) <= LARGEST_BODY


def test_one_at_the_limit_is_whole() -> None:
    room = LARGEST_BODY - len(body_of("activity.posted", NOW, {"amounts": [""]}).encode())
    fits = body_of("activity.posted", NOW, {"amounts": ["é" * (room // 2) + "x" * (room % 2)]})
    assert len(fits.encode()) == LARGEST_BODY and "cut" not in json.loads(fits)["data"]
    assert "cut" in json.loads(body_of("activity.posted", NOW, {"amounts": ["x" * (room + 1)]}))["data"]


# --- types --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "yes"),
    [("*", True), ("status.*", True), ("status.raised", True), ("status", False), ("status.", False), ("stat*", False),
     (".*", False), ("status.risen", False), ("webhook.test", False), ("", False), ("request.*", True), ("*.raised", False)],
)  # fmt: skip
def test_patterns(pattern: str, yes: bool) -> None:
    assert known_pattern(pattern) is yes


def test_a_type_is_wanted_from_when_the_first_pattern_asked_for_it() -> None:
    patterns = {"status.*": LATER.isoformat(), "status.raised": NOW.isoformat()}
    wanted = {type_: wanted_from(patterns, type_) for type_ in TYPES}
    assert wanted.pop("status.raised") == NOW
    assert {type_ for type_, at in wanted.items() if at} == {"status.kept", "status.lowered", "status.shortened"}


# --- waits --------------------------------------------------------------------------------------------------------


@given(st.integers(1, len(WAITS)), st.integers(0, 2**32))
def test_waits_are_those_of_the_specification_and_somewhat_longer(failed: int, seed: int) -> None:
    at = next_try(failed, NOW, None, Random(seed))
    assert at is not None
    assert WAITS[failed - 1] <= at - NOW <= WAITS[failed - 1] * (1 + JITTER)


def test_what_failed_together_does_not_come_back_together() -> None:
    random = Random(7)
    assert len({next_try(3, NOW, None, random) for _ in range(50)}) > 45


def test_nine_waits_after_the_first_try_and_then_no_more() -> None:
    hours = [wait.total_seconds() / 3600 for wait in WAITS]
    assert (len(hours), sum(hours[2:])) == (9, 75.5)  # 75:35:05 in all, by the table of the specification
    assert next_try(10, NOW, None, Random(1)) is None
    assert next_try(10, NOW, timedelta(hours=1), Random(1)) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), (" 0 ", 0), ("Fri, 27 Nov 2026 12:01:00 GMT", 60), ("Fri, 27 Nov 2026 11:00:00 GMT", 0), ("soon", None),
     ("", None), ("-5", None), ("1.5", None), ("9" * 30, 10**9), ("٣", None)],
)  # fmt: skip
def test_retry_after(said: str, seconds: int | None) -> None:
    found = asked_wait(said, NOW)
    assert found == (None if seconds is None else timedelta(seconds=seconds))


def test_a_wait_that_is_asked_for_is_kept_to_up_to_a_day_and_never_shortens() -> None:
    def wait(asked: timedelta) -> timedelta:
        at = next_try(1, NOW, asked, Random(1))
        assert at is not None
        return at - NOW

    assert wait(timedelta(minutes=10)) == timedelta(minutes=10)
    assert wait(timedelta(days=40)) == timedelta(hours=24)
    assert wait(timedelta()) >= WAITS[0]


def test_only_2xx_is_taken() -> None:
    assert [status for status in (None, 100, 199, 200, 204, 299, 300, 301, 304, 400, 410, 500) if delivered(status)] == [
        200, 204, 299,
    ]  # fmt: skip


# --- addresses ----------------------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254",
    "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001:0:a9fe:a9fe:0:0:80ff:fffe",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not_called(address: str) -> None:
    assert not may_call(address, "https", [])
    assert not may_call(address, "https", [ip_network("203.0.113.0/24")])


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_what_is_public_is_called_by_https_alone(address: str) -> None:
    assert may_call(address, "https", [])
    assert not may_call(address, "http", [])


def test_a_network_of_the_settings_is_called_by_both_and_opens_no_other() -> None:
    mine = [ip_network("10.1.0.0/16")]
    assert all(may_call(address, scheme, mine) for address in ("10.1.2.3", "::ffff:10.1.2.3") for scheme in ("http", "https"))
    assert not may_call("10.2.0.1", "https", mine) and not may_call("169.254.169.254", "http", mine)


@pytest.mark.parametrize(
    "url",
    ["http://crm.example/", "https://u:p@crm.example/", "https://u@crm.example/", "https://", "https:///x", "ftp://crm.example",
     "https://crm.example/#x", "https://crm.example:0/", "https://crm.example:99999/", "https://crm example/", "crm.example",
     "https://crm.example/\n", "https://crm.exämple/", "https://[::1]/", "https://127.0.0.1/", "https://[::ffff:a00:1]/",
     "https://crm.example/" + "x" * 2000],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    assert url_problem(url, [])


def test_addresses_that_are_taken() -> None:
    for url in ("https://crm.example/a?b=c", "https://8.8.8.8:8443/", "https://xn--bcher-kva.de"):
        assert url_problem(url, []) == ""
    assert url_problem("http://crm.example/", [ip_network("10.0.0.0/8")]) == ""
    assert "10.9" not in url_problem("http://10.9.9.9/", [ip_network("10.0.0.0/8")])
