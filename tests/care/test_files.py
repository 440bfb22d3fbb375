"""The customer file: what makes it complete, when it is reviewed, whose turn it is; forgotten at the end. On both databases."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from loyalty.access.staff import end
from loyalty.audit.chain import Actor
from loyalty.care.completeness import completeness, due_on, later, latest_due
from loyalty.care.file_tables import MemberCompetitor, MemberContact, MemberFile
from loyalty.care.files import Place, Sought, reviews
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.program.models import CustomerFile, Review
from tests.desk.counter import Counter, counter
from tests.jobs import orbit

FILE = CustomerFile(completeness={"name": 2, "email": 3, "firm": 1, "contacts": 1})
RULES = Review(tiers={"low": 6, "high": 1}, managed=3)


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def test_a_file_is_as_complete_as_the_weights_of_what_is_there() -> None:
    assert completeness(FILE, {"name", "email", "phone"}).percent == 71  # 5 of 7, rounded down; a phone does not count
    assert completeness(FILE, ()).missing == ("email", "name", "firm", "contacts")  # what weighs most first
    assert completeness(FILE, FILE.completeness).percent == 100
    assert completeness(CustomerFile(), {"name"}).percent is None


def test_the_soonest_rule_says_when_a_file_is_due() -> None:
    today, on = date(2026, 6, 15), date(2026, 1, 31)
    assert due_on(RULES, "low", False, on, today) == date(2026, 7, 31)
    assert due_on(RULES, "low", True, on, today) == date(2026, 4, 30)
    assert due_on(RULES, "high", True, on, today) == date(2026, 2, 28)
    assert due_on(RULES, "ground", True, None, today) == today
    assert due_on(RULES, "ground", False, None, today) is None and due_on(RULES, None, False, on, today) is None


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(1, 120))
def test_the_list_and_the_day_that_is_told_agree(day: date, months: int) -> None:
    """Exactly the days up to `latest_due` are over by the day."""
    last = latest_due(day, months)
    assert later(last, months) <= day < later(last + timedelta(days=1), months)


def listed(desk: Counter, due_by: str | None = "2026-06-30", **sought: Any) -> list[str]:
    program = desk.deployment.program
    wanted = Sought(date.fromisoformat(due_by) if due_by else None, **sought)
    with desk.deployment.store.reading() as session:
        rules = program.file.customer_file.review
        return [row.number for row in reviews(session, rules, program.zone, desk.now.date(), wanted, 100)]


def test_the_list_has_who_is_due_longest_waiting_first(desk: Counter) -> None:
    """M is low (each 6 months), N ground (no rule), each managed member is due each 3 months."""
    agent = desk.who("agent").actor.actor_id
    assert listed(desk) == ["M"] and listed(desk, manager_id=agent) == [] and listed(desk, manager_id=0) == ["M"]
    desk.perform("manager.assign", {"manager": "agent@house.example"}, "m", "N")
    assert listed(desk) == ["M", "N"] and listed(desk, manager_id=agent) == ["N"] and listed(desk, manager_id=0) == ["M"]
    desk.perform("file.review", {}, "r1", "N")
    desk.now += timedelta(days=1)
    desk.perform("file.review", {}, "r2", "M")
    assert listed(desk) == [] and listed(desk, None) == ["N", "M"]
    assert listed(desk, "2026-09-14") == [] and listed(desk, "2026-09-15") == ["N"] and listed(desk, "2026-12-16") == ["N", "M"]
    assert listed(desk, None, after=Place(datetime(2026, 6, 15, 12, tzinfo=UTC), 2)) == ["M"]
    # a manager who is staff no more looks after nobody
    with desk.deployment.store.transaction() as session:
        end(session, desk.deployment.roles, Actor("command", "command"), "agent@house.example", "left the house", desk.now)
    assert listed(desk, "2026-09-15") == [] and listed(desk, None, manager_id=0) == ["N", "M"]


def test_a_page_follows_another_without_a_gap_also_among_those_never_reviewed(desk: Counter) -> None:
    orbit.enrolled(desk.deployment, [f"P{n}" for n in range(5)])
    for n in (1, 3):
        desk.perform("file.review", {}, f"r{n}", f"P{n}")
    program, found, after = desk.deployment.program, [], None
    with desk.deployment.store.reading() as session:
        while rows := reviews(session, RULES, program.zone, desk.now.date(), Sought(None, after=after), 2):
            found += [row.number for row in rows]
            after = Place(rows[-1].reviewed_at, rows[-1].member_id)
    assert found == ["M", "N", "P0", "P2", "P4", "P1", "P3"]


def test_who_has_left_is_not_reviewed_and_has_no_file(desk: Counter) -> None:
    for act, raw in (
        ("file.change", {"facts.firm": "Acme Secret"}), ("contact.set", {"name": "Bo Secret"}),
        ("competitor.set", {"program": "Secret Air"}), ("manager.assign", {"manager": "agent@house.example"}),
    ):  # fmt: skip
        desk.perform(act, raw, act)
    before = desk.rows(but=1)
    desk.perform("member.leave", {"on": "2026-06-16"}, "leave")
    with desk.deployment.store.reading() as session:
        for table in (MemberFile, MemberContact, MemberCompetitor):
            assert session.scalars(select(table)).all() == []
    assert "Secret" not in desk.lines()[-1].what and desk.lines()[-1].act == "member.leave"
    assert desk.rows(but=1) == before
    desk.now += timedelta(days=2)
    assert listed(desk, None) == ["N"]


@pytest.mark.parametrize(("act", "raw", "code"), [
    ("file.change", {"facts.shoe": "42"}, "unknown_field"), ("file.change", {"facts.rooms": "many"}, "bad_field"),
    ("file.change", {}, "missing_field"), ("manager.assign", {"manager": "nobody@house.example"}, "unknown_staff"),
    ("contact.set", {"name": "Bo", "email": "nobody"}, "bad_field"),
    ("contact.set", {"contact": "1", "name": "B"}, "unknown_contact"),
    ("contact.remove", {"contact": "x"}, "unknown_contact"),
    ("competitor.remove", {"competitor": "9" * 50}, "unknown_competitor"),
    ("competitor.set", {"program": "Other", "share": "101"}, "bad_field"),
    ("case.answer", {"case": "?", "text": "t"}, "unknown_case"),
])  # fmt: skip
def test_what_cannot_be_is_refused(desk: Counter, act: str, raw: dict[str, str], code: str) -> None:
    before = desk.rows()
    with pytest.raises(Refused) as refusal:
        desk.perform(act, raw, "k")
    assert refusal.value.code == code and desk.rows() == before


def test_a_fact_is_taken_away_by_an_empty_value_and_the_same_again_changes_nothing(desk: Counter) -> None:
    desk.perform("file.change", {"facts.firm": "Acme", "facts.rooms": "3"}, "1")
    assert not desk.perform("file.change", {"facts.firm": "Acme"}, "2").fresh
    done = desk.perform("file.change", {"facts.firm": ""}, "3")
    assert (done.before, done.after) == ({"file": {"firm": "Acme"}}, {"file": {}})
    done = desk.perform("contact.set", {"name": "Bo", "phone": "1"}, "4")
    (number,) = done.after["contacts"]
    done = desk.perform("contact.set", {"contact": number, "name": "Bo Berg"}, "5")  # all that is known of one, anew
    assert done.before["contacts"][number] == {"name": "Bo", "phone": "1"} and done.after["contacts"][number]["phone"] == ""
    assert not desk.perform("contact.set", {"contact": number, "name": "Bo Berg"}, "6").fresh
