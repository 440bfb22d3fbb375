"""Households on both databases: invited by number and name, accepted by the other, one at a time, with a head."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.members import household
from loyalty.members.operations import Enrolment, enrol
from loyalty.program.load import Program
from tests.conftest import NOON, day

ANN, BEN, CAT, DAN = 1, 2, 3, 4


@pytest.fixture
def program(deploy: Callable[..., Deployment]) -> Program:
    return deploy().program


@pytest.fixture
def session(deploy: Callable[..., Deployment], program: Program) -> Iterator[Session]:
    with deploy().store.transaction() as session:
        names = {"A": "Ann Lee", "B": "Ben Lee", "C": "Cat Lee", "D": "Dan Lee"}
        enrol(session, program, [Enrolment(day("2024-01-01"), number, name=name) for number, name in names.items()], NOON)
        yield session


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.code


def numbers(session: Session, member_id: int) -> list[tuple[str, str, bool]]:
    return [(mate.number, mate.state, mate.head) for mate in household.households_of(session, member_id).mates]


def test_a_household_is_of_those_who_accepted(session: Session, program: Program) -> None:
    minute = count()

    def now() -> object:
        return NOON + timedelta(minutes=next(minute))

    def invite(who: int, number: str, name: str) -> bool:
        return household.invite(session, program, who, number, name, now())  # type: ignore[arg-type]

    assert [invite(ANN, "B", "ben  lee"), invite(ANN, "B", "Ben Lee")] == [True, False]
    assert numbers(session, BEN) == []
    ((home, by, name),) = household.households_of(session, BEN).invitations
    assert (by, name) == ("A", "Ann Lee")
    assert refused(lambda: household.answer(session, CAT, home, True, NOON)) == "household_no_invitation"
    household.answer(session, BEN, home, True, NOON)
    assert numbers(session, BEN) == numbers(session, ANN) == [("A", "joined", True), ("B", "joined", False)]
    # a head alone invites; another household's invitation waits until the member has left
    assert refused(lambda: invite(BEN, "C", "Cat Lee")) == "household_head"
    assert invite(CAT, "B", "Ben Lee")
    ((other, _, _),) = household.households_of(session, BEN).invitations
    assert refused(lambda: household.answer(session, BEN, other, True, NOON)) == "household_had"
    household.answer(session, BEN, other, False, NOON)
    assert household.households_of(session, BEN).invitations == ()
    # the head leaves: who came next is head, and a household without anybody takes its invitations along
    assert invite(ANN, "D", "Dan Lee")
    assert household.depart(session, ANN, NOON) and not household.depart(session, ANN, NOON)
    assert numbers(session, BEN) == [("B", "joined", True), ("D", "invited", False)]
    assert household.depart(session, BEN, NOON)
    assert household.households_of(session, DAN).invitations == ()


def test_nobody_learns_of_a_member_by_number_or_name_alone(session: Session, program: Program) -> None:
    for number, name in (("B", "Ann Lee"), ("X", "Ben Lee"), ("B", "")):
        assert refused(lambda n=number, m=name: household.invite(session, program, ANN, n, m, NOON)) == "household_no_member"
    assert refused(lambda: household.invite(session, program, ANN, "A", "Ann Lee", NOON)) == "household_self"


def test_a_household_has_room_for_as_many_as_the_program_says(session: Session, program: Program) -> None:
    members = program.file.members.model_copy(update={"household": 2})
    small = replace(program, file=program.file.model_copy(update={"members": members}))
    household.invite(session, small, ANN, "B", "Ben Lee", NOON)
    assert refused(lambda: household.invite(session, small, ANN, "C", "Cat Lee", NOON)) == "household_full"
    assert refused(lambda: household.remove(session, BEN, "A", NOON)) == "household_head"
    household.remove(session, ANN, "B", NOON)
    assert household.households_of(session, BEN).invitations == ()
    assert household.invite(session, small, ANN, "C", "Cat Lee", NOON)
