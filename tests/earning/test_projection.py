"""A projection is what then happens: the same activities, recorded on those days, give the same in all that is told."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.clock import instant_at
from loyalty.earning.operations import Report, record_one
from loyalty.earning.planning import projected
from loyalty.earning.projection import Planned
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, enrol_one
from loyalty.program.load import Edition, Program
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import account_read, lock_numbers

ENROLLED, TODAY = date(2025, 9, 14), date(2026, 3, 10)
PROGRAMS = ["skyway", "qantas", "delta", "marriott", "flying-blue", "american", "starbucks", "bofa"]
_numbers = count(1)


def values(edition: Edition, kind: str, name: str) -> st.SearchStrategy[Any]:
    """Values of a field: those that the rules know, or figures large enough to pass thresholds."""
    about = edition.activities.activities[kind].fields[name]
    least = about.at_least or 0
    if about.type == "text":
        return st.sampled_from([*(about.one_of or ("SK", "ORD", "SYD", "F"))])
    if about.type == "flag":
        return st.booleans()
    if about.type == "day":
        return st.just("2026-01-01")
    return st.integers(least, 30_000) if about.type != "integer" else st.integers(least, max(least, 4_000))


@st.composite
def activities(draw: st.DrawFn, program: Program, first: date, last: date) -> list[tuple[date, str, dict[str, Any]]]:
    found = []
    for on in sorted(draw(st.lists(st.dates(first, last), max_size=5))):
        edition = program.edition_on(on)
        assert edition is not None
        kind = draw(st.sampled_from(sorted(edition.kinds)))
        fields = {name: draw(values(edition, kind, name)) for name in edition.activities.activities[kind].fields}
        found.append((on, kind, fields))
    return found


class Desk:
    """One member, whose activity is recorded and settled on its day."""

    def __init__(self, deployment: Deployment, attributes: dict[str, Any]) -> None:
        self.deployment, self.program, self.number = deployment, deployment.program, f"P{next(_numbers)}"
        with deployment.store.transaction() as session:
            now = self.noon(ENROLLED)
            answer = enrol_one(session, self.program, Enrolment(ENROLLED, self.number, attributes=attributes), now)
            open_standings(session, [(answer.member_id or 0, ENROLLED)])
        self.settle(ENROLLED)

    def noon(self, day: date) -> datetime:
        return instant_at(day, time(12), self.program.zone)

    def settle(self, day: date) -> None:
        with self.deployment.store.transaction() as session:
            settle(session, self.program, [lock_numbers(session, [self.number])[self.number]], self.noon(day))

    def record(self, on: date, kind: str, fields: dict[str, Any]) -> None:
        # the night before, what windows that begin deposit is booked
        self.settle(on - timedelta(days=1))
        report = Report(kind, "test", f"k{next(_numbers)}", on, fields)
        with self.deployment.store.transaction() as session:
            account = lock_numbers(session, [self.number])[self.number]
            record_one(session, self.program, account, report, self.noon(on))
            settle(session, self.program, [account], self.noon(on))

    def projected(self, planned: list[Planned], today: date, day: date) -> dict[str, Any]:
        with self.deployment.store.reading() as session:
            account = account_read(session, self.number)
            assert account is not None
            return projected(session, self.program, account, planned, today, day)


@pytest.mark.parametrize("name", PROGRAMS)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_a_projection_is_what_then_happens(deploy: Callable[..., Deployment], name: str, data: st.DataObject) -> None:
    deployment = deploy(name)
    program = deployment.program
    flags = {name: data.draw(st.booleans()) for name, about in program.file.members.attributes.items() if about.type == "flag"}
    desk = Desk(deployment, flags)
    for on, kind, fields in data.draw(activities(program, ENROLLED, TODAY)):
        desk.record(on, kind, fields)
    desk.settle(TODAY)
    nothing = desk.projected([], TODAY, TODAY)
    assert nothing["after"] == nothing["before"] and nothing["earned"] == nothing["given"] == []
    plan = data.draw(activities(program, TODAY, date(2027, 4, 20)))
    day = max([TODAY, *(on for on, _, _ in plan)]) + timedelta(days=data.draw(st.integers(0, 60)))
    told = desk.projected([Planned(kind, on, fields, on) for on, kind, fields in plan], TODAY, day)
    for on, kind, fields in plan:
        desk.record(on, kind, fields)
    desk.settle(day)
    happened = desk.projected([], day, day)
    assert told["after"] == happened["before"] == happened["after"]
