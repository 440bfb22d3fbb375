"""Random lives of services on the real database: asked, withdrawn, skipped, moved, more units, other tiers, looked at or not.

Each life is played in one transaction that is taken back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.benefits.ending import Act, act
from loyalty.benefits.locking import GIVEN, OPEN, classes_of
from loyalty.benefits.queues import queues_told
from loyalty.benefits.services import Change, Told, change, tell
from loyalty.benefits.tables import BenefitUse, Request, Service
from loyalty.errors import Refused
from loyalty.jobs.scenario_requests import Step as LookStep
from loyalty.jobs.scenario_requests import act_on
from loyalty.settle import settle, settle_services
from loyalty.status.facts import Grant, grant
from loyalty.status.queries import lock_numbers
from tests.benefits.cabin import Cabin, Deploy, asked, at, cabin

START = at("2026-06-10 18:00")
MEMBERS = {"M": None, "S": "silver", "G": "gold", "P": "platinum", "K": "1k"}
#: What may happen, each with the hours that go by before it.
HOURS = st.integers(0, 30)
steps = st.lists(
    st.one_of(
        st.tuples(HOURS, st.just("ask"), st.sampled_from([*MEMBERS]), st.sampled_from(["Y", "B", "M", "W", None]),
                  st.sampled_from([None, None, "voucher", "certificate"]), st.integers(0, 2),
                  st.sampled_from(["first", "comfort"])),
        st.tuples(HOURS, st.sampled_from(["withdraw", "cancel", "give_back", "skip", "unskip"]), st.integers(0, 8)),
        st.tuples(HOURS, st.just("units"), st.sampled_from(["first", "comfort"]), st.integers(0, 3)),
        st.tuples(HOURS, st.just("look")),
    ),
    min_size=1, max_size=14,
)  # fmt: skip
#: What makes the past look otherwise: only where nothing is left unlooked at.
others = st.lists(
    st.one_of(
        st.tuples(HOURS, st.just("tier"), st.sampled_from([*MEMBERS]), st.sampled_from(["silver", "gold", "1k"])),
        st.tuples(HOURS, st.just("move"), st.integers(-20, 60)),
    ),
    max_size=3,
)  # fmt: skip
few = settings(max_examples=settings().max_examples // 5, suppress_health_check=[HealthCheck.function_scoped_fixture])


class TakenBack(Exception):
    """Undoes a life."""


class Life:
    """One flight and what happens to it."""

    def __init__(self, here: Cabin, session: Session, looking: bool, units: int = 1) -> None:
        self.here, self.session, self.program, self.looking = here, session, here.program, looking
        self.now, self.count, self.keys = at("2026-06-03 00:00"), 0, list[tuple[str, str]]()
        self.service, _ = tell(session, self.program, Told("F", START, {"first": units, "comfort": 1}, "test"), self.now)

    def play(self, life: Sequence[tuple[Any, ...]]) -> None:
        for hours, what, *more in life:
            self.now += timedelta(hours=hours)
            self.count += 1
            if self.looking:
                self.look()
            try:
                with self.session.begin_nested():
                    getattr(self, f"do_{what}", lambda *more, how=what: self.do_act(how, *more))(*more)
            except Refused:
                continue
            self.check()

    def do_look(self) -> None:
        """Time goes by; whether anything is looked at is the life's."""

    def look(self) -> None:
        account = lock_numbers(self.session, ["M"])["M"]
        act_on("looked", LookStep(self.session, self.program, account, self.now, ""), {})

    def do_ask(self, number: str, fare: str | None, instrument: str | None, companions: int, to: str) -> None:
        key = f"{number} {self.count}"
        names = ["G", "ann"][:companions] if number != "G" else ["S", "ann"][:companions]
        asked(self.session, self.here.deployment, number, "F", key, self.now, names, to, fields={"fare": fare},
              instrument=instrument)  # fmt: skip
        self.keys.append((number, key))

    def do_act(self, how: Any, n: int) -> None:
        if not self.keys:
            return
        number, key = self.keys[n % len(self.keys)]
        account = lock_numbers(self.session, [number])[number]
        service, _ = act(self.session, self.program, account, Act(how, "test", key, "test", "why"), self.now)
        settle_services(self.session, self.program, [service], self.now)

    def do_units(self, name: str, units: int) -> None:
        self._change(units={name: units})

    def do_move(self, hours: int) -> None:
        self._change(starts_at=max(START + timedelta(hours=hours), self.now + timedelta(hours=1)))

    def _change(self, **wanted: Any) -> None:
        change(self.session, self.program, self.service, Change("test", "test", f"c{self.count}", **wanted), self.now)
        settle_services(self.session, self.program, [self.service], self.now)

    def do_tier(self, number: str, tier: str) -> None:
        account = lock_numbers(self.session, [number])[number]
        until = self.now.date() + timedelta(days=2)
        wanted = Grant(tier, self.now.date(), until, "test", "test", f"t{self.count}")
        grant(self.session, self.program, account, wanted, self.now)
        settle(self.session, self.program, [account], self.now)
        if self.looking:
            self.look()

    # --- what always holds ------------------------------------------------------------------------------------------

    def rows(self) -> list[Any]:
        return list(self.session.execute(select(Request.__table__)))

    def check(self) -> None:
        """Units, instruments, and nobody passed over who could have what another was given."""
        rows = self.rows()
        for name, units in classes_of(self.session, [self.service])[self.service].items():
            given_ = sum(row.size for row in rows if row.to_class == name and row.state in GIVEN)
            assert given_ == units.taken <= units.units
        self.check_instruments(rows)
        self.check_order(rows)

    def check_instruments(self, rows: list[Any]) -> None:
        keys = (BenefitUse.request_id, BenefitUse.state)
        held = select(*keys, func.sum(BenefitUse.amount)).where(BenefitUse.state != "returned").group_by(*keys)
        found = {(row[0], row[1]): row[2] for row in self.session.execute(held)}
        wanted = {
            (row.request_id, "held" if row.state in OPEN else "used"): row.size if row.instrument == "voucher" else 1
            for row in rows if row.instrument and row.state in (*OPEN, *GIVEN)
        }  # fmt: skip
        assert found == wanted

    def check_order(self, rows: list[Any]) -> None:
        service = self.session.get_one(Service, self.service)
        by_key = {row.key: row for row in rows}
        for places in queues_told(self.session, self.program, service, self.now).values():
            line = [by_key[place["key"]] for place in places]
            for n, better in enumerate(line):
                if better.state != "waitlisted" or better.passed not in ("no_units", "too_few_units"):
                    continue
                for worse in line[n + 1 :]:
                    if worse.state in GIVEN and worse.decided_at == self.now:
                        assert better.size > worse.size, (better.key, worse.key)

    def ends(self) -> dict[str, tuple[str, datetime | None]]:
        """Look once more when all is over: what each became, and when."""
        service = self.session.get_one(Service, self.service)
        self.now = max(self.now, service.starts_at)
        self.look()
        assert all(row.state not in OPEN for row in self.rows())
        assert self.session.get_one(Service, self.service, populate_existing=True).state == "closed"
        self.check_instruments(self.rows())
        return {row.key: (row.state, row.decided_at if row.state in GIVEN else None) for row in self.rows()}


def lived(here: Cabin, life: Sequence[tuple[Any, ...]], looking: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    try:
        with here.store.transaction() as session:
            one = Life(here, session, looking)
            one.play(life)
            found = one.ends()
            raise TakenBack
    except TakenBack:
        return found


@pytest.fixture
def here(deploy: Deploy, tmp_path: Path) -> Cabin:
    found = cabin(deploy, tmp_path)
    for number, tier in MEMBERS.items():
        found.member(number, tier)
        found.give(number, "voucher", 3)
    found.give("M", "certificate", 1)
    return found


@few
@given(life=steps, more=others)
def test_what_always_holds(here: Cabin, life: list[tuple[Any, ...]], more: list[tuple[Any, ...]]) -> None:
    middle = len(life) // 2
    lived(here, [*life[:middle], *more, *life[middle:]], looking=True)


@few
@given(life=steps)
def test_looked_at_all_the_time_or_only_when_something_happens_it_ends_the_same(
    here: Cabin, life: list[tuple[Any, ...]]
) -> None:
    assert lived(here, life, looking=True) == lived(here, life, looking=False)


def test_a_life_that_is_known(here: Cabin) -> None:
    life = [(0, "ask", "S", "W", None, 0, "first"), (1, "ask", "K", "W", "voucher", 1, "first"), (2, "units", "first", 3)]
    found = lived(here, life, looking=True)
    assert found == {"S 1": ("cleared", at("2026-06-10 00:00")), "K 2": ("cleared", at("2026-06-03 03:00"))}
