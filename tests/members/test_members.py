"""Members on both databases: numbers, attributes, profile, leaving."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, change, enrol, enrol_one, leave
from loyalty.members.rules import checked_attributes, made_number
from loyalty.members.tables import Member
from loyalty.program.models import Attribute, Numbering
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import ladder_count, lock_numbers
from loyalty.status.tables import Standing, StatusChange, StatusFact, TierSpan
from tests.conftest import NOON, day

KNOWN = {
    "type": Attribute(type="text", one_of=("basic", "plus")),
    "age": Attribute(type="integer"),
    "staff": Attribute(type="flag"),
}


def luhn(number: str) -> int:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(digit - 9 if digit > 9 else digit for digit in doubled)) % 10


@pytest.mark.parametrize("count", [1, 7, 42, 999, 123456])
def test_a_made_number_ends_in_its_check_digit(count: int) -> None:
    number = made_number(Numbering(prefix="SK", digits=9), count)
    assert number.startswith("SK") and len(number) == 11 and luhn(number[2:]) == 0


def test_attributes_are_typed_by_the_program() -> None:
    assert checked_attributes(KNOWN, {"type": "plus", "age": "41", "staff": "true"}) == '{"age":41,"staff":true,"type":"plus"}'
    for given, words in (
        ({"tpye": "x"}, "Did you mean type"),
        ({"type": "gold"}, "basic, plus"),
        ({"age": "old"}, "whole number"),
    ):
        with pytest.raises(Refused, match=words):
            checked_attributes(KNOWN, given)


def test_the_same_enrolment_again_changes_nothing_and_other_data_are_refused(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    first = Enrolment(day("2024-01-01"), "A", name="Ann")
    with deployment.store.transaction() as session:
        assert enrol_one(session, deployment.program, first, NOON).member_id == 1
        assert enrol_one(session, deployment.program, first, NOON).member_id is None
        answers = enrol(session, deployment.program, [Enrolment(day("2024-01-01"), "A"), Enrolment(day("2024-01-01"))], NOON)
    assert [answer.refusal and answer.refusal.code for answer in answers] == ["member_exists", None]


def rows(deployment: Deployment) -> list[Any]:
    with deployment.store.reading() as session:
        tables = (Standing, TierSpan, StatusChange, StatusFact)
        return [tuple(row) for table in tables for row in session.execute(select(table.__table__)).all()]


def joined(deployment: Deployment, number: str) -> None:
    with deployment.store.transaction() as session:
        answer = enrol_one(session, deployment.program, Enrolment(day("2024-01-01"), number), NOON)
        open_standings(session, [(answer.member_id or 0, day("2024-01-01"))])
        settle(session, deployment.program, list(lock_numbers(session, [number]).values()), NOON)


def test_a12_a_new_phone_number_touches_no_status(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    joined(deployment, "A")
    before = rows(deployment)
    with deployment.store.transaction() as session:
        change(session, 1, NOON, phone="+1 312 555 0100")
        with pytest.raises(Refused, match="tier"):
            change(session, 1, NOON, tier="gold")
    assert rows(deployment) == before
    with deployment.store.reading() as session:
        assert session.get_one(Member, 1).phone == "+1 312 555 0100"


def test_a8_every_member_is_in_exactly_one_tier_and_those_who_left_in_none(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy()
    for number in "ABC":
        joined(deployment, number)
    with deployment.store.transaction() as session:
        leave(session, "C", day("2026-03-01"))
        settle(session, deployment.program, list(lock_numbers(session, ["C"]).values()), NOON)
        with pytest.raises(Refused, match="left on 2026-03-01"):
            leave(session, "C", day("2026-04-01"))
    for at, members in (("2023-12-31", 0), ("2026-02-28", 3), ("2026-03-01", 2)):
        with deployment.store.reading() as session:
            assert sum(row.members for row in ladder_count(session, day(at))) == members
