"""Scenarios: a program's rules as examples in its manager's words, played through the real operations on a real database.

Every key is told in docs/scenarios.md.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.clock import instant_at
from loyalty.earning.operations import Report, correct, record_one, reverse
from loyalty.earning.queries import earned_by
from loyalty.errors import Refused
from loyalty.jobs import scenario_entitlements as entitlements
from loyalty.jobs import scenario_requests as requests
from loyalty.jobs.scenario_benefits import benefits_found, texts
from loyalty.ledger.operations import Correction, adjust
from loyalty.ledger.queries import balances
from loyalty.members.operations import Enrolment, change_attributes, enrol_one, leave
from loyalty.program.load import Program
from loyalty.program.problems import listed
from loyalty.program.scenarios import Scenario, ScenarioFailed
from loyalty.settle import settle
from loyalty.status.booked import Booked, is_open
from loyalty.status.facts import GIVEN, Grant, Revocation, Waiver, grant, revoke, waive
from loyalty.status.ladder import rules_of
from loyalty.status.offers import Offered, offer
from loyalty.status.operations import mark_due, open_standings
from loyalty.status.queries import account_read, changes_of, facts_of, histories, lock_numbers, spans_of, tier_on
from loyalty.status.rewards import Pick, awards_of, choose
from loyalty.status.told import told_of

NUMBER, WHO = "SCENARIO", ("scenario", "scenario")
#: What is not worked out where no line asks for it.
_UNASKED: Mapping[str, Any] = {"has": {}, "until": {}}


def play(session: Session, program: Program, scenario: Scenario) -> None:
    """Do what a scenario says with new members and hold what it expects against what is. Raises ScenarioFailed."""
    stage = _Stage(session, program)
    for step in scenario.steps:
        stage.do(step)
    for expected in scenario.then:
        stage.hold(expected)


def _same(what: str, wanted: Any, found: Any, more: object = "") -> None:
    if wanted != found:
        raise ScenarioFailed(f"{what}: expected {wanted}, found {found}. {more or ''}".rstrip(". ") + ".")


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


class _Stage:
    """The members on a database, the one who acts, and the moment that it is."""

    def __init__(self, session: Session, program: Program) -> None:
        self.at, self.count, self.number = (session, program), 0, NUMBER

    @property
    def account(self) -> Any:
        found = lock_numbers(self.at[0], [self.number]).get(self.number)
        if found is None:
            raise ScenarioFailed(f"given: the first step of {self.number} is enrolled: DAY")
        return found

    def instant(self, day: date, at: str | None, otherwise: time) -> datetime:
        """The instant of a day at a time by the program's clock, where one is told."""
        return instant_at(day, time.fromisoformat(at) if at else otherwise, self.at[1].zone)

    def do(self, step: Mapping[str, Any]) -> None:
        ((self.verb, value),) = step.items()
        given = {"on": value} if isinstance(value, str) else dict(value)
        self.count += 1
        self.key = str(given.pop("key", f"{self.verb} {self.count}"))
        self.number = str(given.pop("who", NUMBER))
        wanted, self.on = given.pop("refused", None), date.fromisoformat(given.pop("on"))
        posted = _day(given.pop("posted", None)) or self.on
        self.now = self.instant(posted, given.pop("at", None), time(12, 0, self.count % 60))
        found = None
        try:
            with self.at[0].begin_nested():
                ACTS.get(self.verb, _activity)(self, given)
                settle(*self.at, [self.account], self.now)
                entitlements.follow_shared(*self.at, self.account, self.now, posted)
        except Refused as refusal:
            found = refusal
        except (KeyError, TypeError) as error:
            raise ScenarioFailed(f"{self.verb} on {self.on}: {error}; docs/scenarios.md tells the keys") from error
        _same(f"{self.verb} on {self.on}: refused", wanted, found.code if found else None, found)

    def hold(self, expected: Mapping[str, Any]) -> None:
        holds = self._found(date.fromisoformat(expected["on"]), expected)
        if not set(expected) <= {"on", "who", "at", *holds}:
            raise ScenarioFailed(f"then: {listed(expected)}; allowed: {listed(['on', 'who', 'at', *holds])}")
        for name, found in holds.items():
            wanted = texts(expected.get(name, found))
            asked = {key: found.get(key, "0") for key in wanted} if isinstance(wanted, dict) else found
            _same(f"{expected['on']}: {name}", wanted, asked)

    def _found(self, day: date, expected: Mapping[str, Any]) -> dict[str, Any]:
        (session, program), account = self.at, account_read(self.at[0], str(expected.get("who", NUMBER)))
        assert account is not None
        member = account.member_id
        history = histories(session, rules_of(program), [account])[member]
        sums = balances(session, member, day + timedelta(days=1))
        told = told_of(program, account, history, facts_of(session, member), sums, day).data
        standing = told["standing"] or {"tier": None, "valid_through": None, "source": None}
        spans = spans_of(session, [member])[member]
        _same(f"{day}: the cached tier", standing["tier"], tier_on(spans, day))
        return {
            "tier": standing["tier"] or "none", "through": str(standing["valid_through"] or "ever"),
            "source": standing["source"],
            "counters": told["counters"], "balance": told["balances"], "lifetime": told["lifetime"],
            "earned": {key: earned_by(session, program, member, WHO[0], key) for key in expected.get("earned", ())},
            **benefits_found(program, spans, day, expected),
            **_given(program, awards_of(session, [member]).get(member, []), day),
            **(entitlements.found(session, program, account, day) if {"has", "until"} & expected.keys() else _UNASKED),
            **requests.found(session, program, expected, self.instant(day, expected.get("at"), time(23, 59, 59))),
            "changes": [change.kind for change in changes_of(session, member) if change.effective_on <= day],
        }  # fmt: skip


def _given(program: Program, awards: list[Booked], day: date) -> dict[str, Any]:
    """What milestones have given by a day, as known then: instruments, the end of the latest, choices still open."""
    instruments: dict[str, int] = {}
    ends: dict[str, str] = {}
    held = [row for row in awards if row.withdrawn_on is None or row.withdrawn_on > day]
    for gift in (gift for row in held for gift in row.gifts if gift.get("instrument") and gift["on"] <= day.isoformat()):
        instruments[gift["instrument"]] = instruments.get(gift["instrument"], 0) + gift["amount"]
        ends[gift["instrument"]] = gift["through"] or "ever"
    open_ = [row.name for row in held if is_open(program, row, day)]
    return {"instruments": {name: str(n) for name, n in instruments.items()}, "expires": ends, "choices": open_}


def _enrolled(stage: _Stage, given: dict[str, Any]) -> None:
    answer = enrol_one(*stage.at, Enrolment(stage.on, stage.number, attributes=given), stage.now)
    open_standings(stage.at[0], [(answer.member_id or 0, stage.on)])


def _granted(stage: _Stage, given: dict[str, Any]) -> None:
    through, begins = _day(given.get("through")), _day(given.get("from")) or stage.on
    until = through + timedelta(days=1) if through else None
    grant(*stage.at, stage.account, Grant(given["tier"], begins, until, *WHO, stage.key, stage.verb), stage.now)


def _activity(stage: _Stage, given: dict[str, Any]) -> None:
    record_one(*stage.at, stage.account, Report(stage.verb, WHO[0], stage.key, stage.on, given), stage.now)


def _corrected(stage: _Stage, given: dict[str, Any]) -> None:
    report = Report(given.pop("kind"), WHO[0], given.pop("activity"), stage.on, given)
    correct(*stage.at, stage.account, report, "scenario", stage.now)


def _booked(stage: _Stage, given: dict[str, Any]) -> None:
    wanted = Correction(given, stage.on, *WHO, stage.key, given.pop("kind", "adjustment"))
    adjust(*stage.at, stage.account.member_id, wanted, stage.now)


def _attributes(stage: _Stage, given: dict[str, Any]) -> None:
    change_attributes(*stage.at, stage.account.member_id, given, stage.on)
    mark_due(stage.at[0], [stage.account.member_id], stage.on)


def _chosen(stage: _Stage, given: dict[str, Any]) -> None:
    wanted = Pick(given["milestone"], given["option"], *WHO, stage.key, _day(given.get("window_of")))
    choose(*stage.at, stage.account, wanted, stage.now)


def _requested(stage: _Stage, given: dict[str, Any]) -> None:
    requests.act_on(stage.verb, requests.Step(*stage.at, stage.account, stage.now, stage.key), given)


def _entitled(stage: _Stage, given: dict[str, Any]) -> None:
    entitlements.act(stage.verb, entitlements.Act(*stage.at, stage.account, stage.on, stage.now, stage.key), given)


def _of(given: dict[str, Any]) -> tuple[str, str]:
    return given["offer"], given["tier"]


ACTS: dict[str, Callable[[_Stage, dict[str, Any]], object]] = {
    "enrolled": _enrolled, **dict.fromkeys(GIVEN, _granted), "corrected": _corrected, "earns": _booked,
    "left": lambda stage, _given: leave(stage.at[0], stage.number, stage.on),
    "reversed": lambda stage, given: reverse(*stage.at, stage.account, WHO[0], given["activity"], "scenario", stage.now),
    "attributes": _attributes,
    "offered": lambda stage, given: offer(*stage.at, stage.account, Offered(*_of(given), *WHO, stage.key), stage.now),
    "chosen": _chosen,
    "waived": lambda stage, given: waive(
        *stage.at, stage.account,
        Waiver(given["tier"], WHO[0], "supervisor", WHO[1], stage.key, _day(given.get("window_of"))), stage.now),
    "revoked": lambda stage, given: revoke(
        *stage.at, stage.account, Revocation(*WHO, stage.key, given.get("grant"), given.get("to")), stage.now),
    **dict.fromkeys(entitlements.VERBS, _entitled), **dict.fromkeys(requests.VERBS, _requested),
    "recalculated": lambda _stage, _given: None,
}  # fmt: skip
