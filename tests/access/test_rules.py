"""What coming in is judged by: passwords, names of browsers and networks, how failures add up, who else is trying."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from loyalty.access.agents import agent_named, network_of
from loyalty.access.attempts import FIRST, FORGOTTEN, LONGEST, clear, count, subject_of, trim_attempts
from loyalty.access.passwords import COMMON, SHORTEST, hashed, is_outdated, matches, weakness
from loyalty.access.signed import begin, trim_sign_ins
from loyalty.access.steps import app_address, fresh_codes, fresh_secret, step_of
from loyalty.jobs.deployment import Deployment
from tests.conftest import NOON
from tests.web.portal import Portal

Deploy = Callable[..., Deployment]


@pytest.mark.parametrize(
    ("password", "taken"),
    [
        ("seven grey herons", True), ("七只灰鹭站在水边的早晨", True), ("SK000000018", False), ("sk000000018!", False),
        ("ann.lee@mail.example", False), ("ann.lee123", False), ("ann.lee and seven herons", True), ("Password123", False),
        ("1234567890", False), ("ababababab", False), ("ninechars", False), ("x" * 201, False), ("          ", False),
    ],
)  # fmt: skip
def test_weak_passwords_are_refused(password: str, taken: bool) -> None:
    assert (weakness(password, "SK000000018", "ann.lee@mail.example") == "") is taken


def test_common_passwords_are_such_as_would_be_taken_otherwise() -> None:
    assert len(COMMON) > 50 and all(one == one.lower() and len(one) >= SHORTEST for one in COMMON)


def test_a_password_matches_itself_however_it_is_spelled() -> None:
    kept = hashed("cafe\u0301 au lait")
    assert matches(kept, "caf\u00e9 au lait") and not matches(kept, "cafe au lait") and not is_outdated(kept)
    assert not matches("", "") and not matches("nonsense", "nonsense") and hashed("same") != hashed("same")


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/19.0 Safari/605.1.15", "Safari, macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) CriOS/130.0 Mobile Safari/604.1", "Chrome, iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/130.0 Mobile Safari/537.36 MicroMessenger/8.0", "WeChat, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Linux"),
        ("curl/8.0", ""), ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_told_in_words(agent: str, named: str) -> None:
    assert agent_named(agent) == named


def test_a_network_is_wider_than_an_address() -> None:
    assert network_of("203.0.113.7") == network_of("203.0.200.1") == "203.0.0.0/16" != network_of("203.1.0.1")
    assert network_of("2001:db8::1") == "2001:db8::/32" and network_of("") == "" and network_of("nonsense") == "nonsense"


def test_a_code_is_of_its_time_and_works_once() -> None:
    shared = "JBSWY3DPEHPK3PXP" * 2
    codes = {step_of(shared, f"{n:06}", NOON, None) for n in range(0, 10**6, 50021)} - {None}
    assert codes <= {int(NOON.timestamp()) // 30 + shift for shift in (-1, 0, 1)}
    for nonsense in ("", "12345", "1234567", "abcdef", "１２３４５６", "12 34 56 78"):
        assert step_of(shared, nonsense, NOON, None) is None
    assert fresh_secret() != fresh_secret() and len(set(fresh_codes())) == 8
    assert app_address(shared, "SK1", "Skyway Miles").startswith("otpauth://totp/Skyway%20Miles:SK1?secret=JBSWY3DPEHPK3PXP")


def test_locks_grow_to_a_day_and_failures_are_forgotten_after_a_week(deploy: Deploy) -> None:
    deployment, now, subject = deploy(), NOON, subject_of("name", "x")
    locks = []
    for _ in range(9):
        for _ in range(5):
            with deployment.store.transaction() as session:
                counted = count(session, subject, now)
            assert not counted.locked
        assert counted.lock is not None
        with deployment.store.transaction() as session:
            assert count(session, subject, counted.lock - timedelta(seconds=1)).locked
        locks.append(counted.lock - now)
        now = counted.lock
    assert locks[:3] == [FIRST, FIRST * 2, FIRST * 4] and locks[-1] == locks[-2] == LONGEST
    now += FORGOTTEN + timedelta(seconds=1)
    with deployment.store.transaction() as session:
        assert [count(session, subject, now).lock is None for _ in range(5)] == [True] * 4 + [False]
        assert trim_attempts(session, now) == 0 and trim_attempts(session, now + FORGOTTEN * 2) == 1


def test_many_attempts_at_once_are_no_more_than_one_after_another(deploy: Deploy) -> None:
    deployment, subject = deploy(), subject_of("name", "x")

    def attempt(_n: int) -> bool:
        with deployment.store.transaction() as session:
            return count(session, subject, NOON).locked

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(attempt, range(24))) == [False] * 5 + [True] * 19
    with deployment.store.transaction() as session:
        clear(session, [subject])
        assert not count(session, subject, NOON).locked


def test_sign_ins_that_are_long_over_are_deleted(deploy: Deploy) -> None:
    portal = Portal(deploy())
    member = portal.enrol("A")
    with portal.deployment.store.transaction() as session:
        begin(session, member, "link", NOON - timedelta(days=91))
        begin(session, member, "link", NOON)
        assert trim_sign_ins(session, NOON) == 1
