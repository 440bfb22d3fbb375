"""The books on both databases: sums, reversals, keys, statements."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from loyalty.earning.operations import Report, correct, record_one, reverse
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.operations import Correction, adjust
from loyalty.ledger.queries import balances, faults
from loyalty.ledger.tables import Entry
from loyalty.members.operations import Enrolment, enrol_one
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import account_read, lock_numbers
from loyalty.status.tables import StatusChange
from tests.conftest import NOON, day

FLIGHT = {"carrier": "SK", "origin": "ORD", "destination": "DEN", "distance": 888, "booking_class": "Y"}


def enrolled(deployment: Deployment, number: str = "A") -> None:
    with deployment.store.transaction() as session:
        answer = enrol_one(session, deployment.program, Enrolment(day("2024-01-01"), number), NOON)
        open_standings(session, [(answer.member_id or 0, day("2024-01-01"))])
        settle(session, deployment.program, list(lock_numbers(session, [number]).values()), NOON)


def flown(deployment: Deployment, key: str, now: datetime = NOON, number: str = "A", **fields: object) -> bool:
    """Whether the flight was new."""
    with deployment.store.transaction() as session:
        account = lock_numbers(session, [number])[number]
        report = Report("flight", "test", key, deployment.today(now), {**FLIGHT, **fields})
        outcome = record_one(session, deployment.program, account, report, now)
        settle(session, deployment.program, [account], now)
        return not outcome.repeated


def taken_back(deployment: Deployment, key: str, now: datetime = NOON) -> bool:
    with deployment.store.transaction() as session:
        account = lock_numbers(session, ["A"])["A"]
        fresh = reverse(session, deployment.program, account, "test", key, "refund", now)
        settle(session, deployment.program, [account], now)
        return fresh


def sums(deployment: Deployment) -> dict[str, int]:
    with deployment.store.reading() as session:
        account = account_read(session, "A")
        assert account is not None
        return {unit: total for unit, total in balances(session, account.member_id).items() if total}


def tier(deployment: Deployment) -> str | None:
    with deployment.store.reading() as session:
        account = account_read(session, "A")
        assert account is not None
        return account.tier


def test_a30_a_retry_after_a_lost_answer_changes_nothing(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    assert flown(deployment, "k1")
    before = sums(deployment)
    assert not flown(deployment, "k1")
    assert sums(deployment) == before


def test_a32_what_is_settled_later_under_the_same_key_earns_once(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    flown(deployment, "order 7")
    with pytest.raises(Refused, match="has been used for another input"):
        flown(deployment, "order 7", fare="120.00")
    assert sums(deployment)["miles"] == 888 + 222


def test_a34_what_a_voided_flight_won_is_reviewed_and_logged(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    for n in range(4):
        flown(deployment, f"k{n}", distance=6000, booking_class="F")
    assert tier(deployment) == "silver"
    taken_back(deployment, "k3", NOON + timedelta(days=1))
    assert tier(deployment) == "member"
    with deployment.store.reading() as session:
        logged = [(row.kind, row.old, row.new) for row in session.scalars(select(StatusChange).order_by(StatusChange.n))]
    assert logged == [("joined", None, "member"), ("raised", "member", "silver"), ("lowered", "silver", "member")]


def test_a37_a_correction_leaves_the_sum_of_its_entries(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    flown(deployment, "k1", distance=50)
    taken_back(deployment, "k1")
    flown(deployment, "k2", distance=21)
    with deployment.store.transaction() as session:
        account = lock_numbers(session, ["A"])["A"]
        report = Report("flight", "test", "k2", deployment.today(NOON), {**FLIGHT, "distance": 50})
        correct(session, deployment.program, account, report, "typed wrongly", NOON)
        settle(session, deployment.program, [account], NOON)
    assert sums(deployment)["lifetime_miles"] == 50
    assert not taken_back(deployment, "k1")
    with deployment.store.reading() as session:
        assert faults(session, 1, 10) == []
        assert session.scalar(select(func.sum(Entry.amount)).where(Entry.unit == "lifetime_miles")) == 50


def test_a44_the_currency_rounds_money_and_never_points(deploy: Callable[..., Deployment], tmp_path: object) -> None:
    deployment = deploy()
    enrolled(deployment)
    whole_money = replace(deployment.program)
    with deployment.store.transaction() as session:
        account = lock_numbers(session, ["A"])["A"]
        report = Report("card_purchase", "test", "c1", deployment.today(NOON), {"amount": "1.99"})
        record_one(session, whole_money, account, report, NOON)
        settle(session, deployment.program, [account], NOON)
    assert sums(deployment) == {"miles": 1}


def test_an_adjustment_is_booked_once_and_exactly(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    wanted = Correction({"miles": "250"}, deployment.today(NOON), "ann", "goodwill", "g1")
    with deployment.store.transaction() as session:
        account = lock_numbers(session, ["A"])["A"]
        assert adjust(session, deployment.program, account.member_id, wanted, NOON)
        assert not adjust(session, deployment.program, account.member_id, wanted, NOON)
        with pytest.raises(Refused, match="another input"):
            adjust(session, deployment.program, account.member_id, replace(wanted, amounts={"miles": "251"}), NOON)
    assert sums(deployment) == {"miles": 250}
    for amount, words in ((0.1, "not an amount"), ("1.5", "at most 0 decimals"), (str(2**63), "not an amount")):
        with deployment.store.transaction() as session, pytest.raises(Refused, match=words):
            adjust(session, deployment.program, 1, replace(wanted, key=str(amount), amounts={"miles": amount}), NOON)


def test_one_activity_takes_ten_statements_and_fifteen_where_much_follows(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    enrolled(deployment)
    flown(deployment, "warm")
    heard: list[str] = []
    event.listen(
        deployment.store.engine,
        "before_cursor_execute",
        lambda _c, _cur, sql, *_: heard.append(sql) if sql[:5] != "BEGIN" else None,
    )
    counts, tiers = [], []
    for n in range(12):
        heard.clear()
        flown(deployment, f"k{n}", distance=6000, booking_class="F")
        counts.append(len(heard))
        tiers.append(tier(deployment))
    assert min(counts) <= 10 and max(counts) <= 15, counts
    assert len(set(tiers)) >= 4
