"""Scenarios: a program's rules as examples in its manager's words, driven through the real operations on a real database.

Every key is told in docs/scenarios.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from loyalty.clock import instant_at
from loyalty.earning.operations import Report, activity_id, correct, record_one, reverse
from loyalty.errors import Refused
from loyalty.ledger.operations import Correction, adjust, shown
from loyalty.ledger.queries import balances, entries_of
from loyalty.members.operations import Enrolment, enrol_one, leave
from loyalty.program.load import Program
from loyalty.program.problems import listed
from loyalty.program.reader import read
from loyalty.settle import settle
from loyalty.status.facts import Grant, Revocation, Waiver, grant, revoke, waive
from loyalty.status.ladder import rules_of
from loyalty.status.operations import open_standings
from loyalty.status.queries import account_read, changes_of, facts_of, histories, lock_numbers, spans_of, tier_on
from loyalty.status.told import told_of
from loyalty.status.words import unit_of

NUMBER = "SCENARIO"
HAND = {"author": "scenario", "reason": "scenario"}
EXPECT = ("on", "tier", "through", "source", "counters", "balance", "earned", "lifetime", "changes")


class ScenarioFailed(AssertionError):
    """What a scenario expected and what was found, or a key that no scenario has."""


@dataclass(frozen=True)
class Scenario:
    """One example: its sentence, the id of the worked example that it restates, what happens, what must hold."""

    name: str
    case: str
    file: str
    steps: tuple[Mapping[str, Any], ...]
    then: tuple[Mapping[str, Any], ...]


def scenarios_of(folder: Path) -> Iterator[Scenario]:
    """Every scenario of a program's folder. Raises ScenarioFailed for a file that is not a list of scenarios."""
    for path in sorted((folder / "scenarios").glob("*.yaml")):
        document = read(f"{folder.name}/scenarios/{path.name}", path.read_text(encoding="utf-8"))
        if document.problems or not isinstance(document.value, list):
            raise ScenarioFailed("\n".join(map(str, document.problems)) or f"{document.file}: allowed: a list of scenarios")
        for item in document.value:
            unknown = set(item) - {"scenario", "case", "note", "given", "when", "then"}
            if unknown or not item.get("then"):
                raise ScenarioFailed(f"{document.file}: {item.get('scenario')}: {listed(unknown) or 'then is missing'}")
            steps = (*item.get("given", ()), *item.get("when", ()))
            yield Scenario(item["scenario"], item.get("case", ""), document.file, steps, tuple(item["then"]))


def play(session: Session, program: Program, scenario: Scenario) -> None:
    """Do what a scenario says with one new member and hold what it expects against what is. Raises ScenarioFailed."""
    stage = _Stage(session, program)
    for step in scenario.steps:
        stage.do(step)
    for expected in scenario.then:
        stage.hold(expected)


class _Stage:
    def __init__(self, session: Session, program: Program) -> None:
        self.session, self.program, self.count = session, program, 0
        self.acts: dict[str, Callable[[dict[str, Any], date], None]] = {
            "enrolled": self._enrolled, "left": self._left, "earns": self._earns, "granted": self._granted,
            "invited": self._granted, "waived": self._waived, "revoked": self._revoked, "reversed": self._reversed,
            "corrected": self._corrected, "recalculated": lambda _given, _on: None,
        }  # fmt: skip

    def do(self, step: Mapping[str, Any]) -> None:
        ((verb, value),) = step.items()
        given = {"on": value} if isinstance(value, str) else dict(value)
        self.verb, self.count = verb, self.count + 1
        self.key = str(given.pop("key", f"{verb} {self.count}"))
        wanted, on = given.pop("refused", None), date.fromisoformat(given.pop("on"))
        self.now: datetime = instant_at(
            date.fromisoformat(given.pop("posted", on.isoformat())), time(12, 0, self.count), self.program.zone
        )
        found = None
        try:
            with self.session.begin_nested():
                self.acts.get(verb, self._activity)(given, on)
                accounts = list(lock_numbers(self.session, [NUMBER]).values())
                settle(self.session, self.program, accounts, self.now)
        except Refused as refusal:
            found = refusal
        self._same(f"{verb} on {on}: refused", wanted, found.code if found else None, str(found or ""))

    def hold(self, expected: Mapping[str, Any]) -> None:
        unknown = set(expected) - set(EXPECT)
        if unknown or "on" not in expected:
            raise ScenarioFailed(f"then: {listed(unknown) or 'on is missing'}; allowed: {listed(EXPECT)}")
        day = date.fromisoformat(expected["on"])
        account = account_read(self.session, NUMBER)
        assert account is not None
        history = histories(self.session, rules_of(self.program), [account])[account.member_id]
        sums = balances(self.session, account.member_id, day + timedelta(days=1))
        told = told_of(self.program, account, history, facts_of(self.session, account.member_id), sums, day).data
        standing = told["standing"] or {"tier": None, "valid_through": None, "source": None}
        cached = tier_on(spans_of(self.session, [account.member_id])[account.member_id], day)
        self._same(f"{day}: the cached tier", standing["tier"], cached)
        found = {
            "tier": standing["tier"] or "none",
            "through": str(standing["valid_through"] or "ever"),
            "source": standing["source"],
        }
        for name in ("tier", "through", "source"):
            if name in expected:
                self._same(f"{day}: {name}", expected[name], found[name])
        for name, amounts in (
            ("counters", told["counters"]),
            ("balance", told["balances"]),
            ("lifetime", told["lifetime"]),
        ):
            for unit, amount in expected.get(name, {}).items():
                self._same(f"{day}: {name} {unit}", str(amount), amounts.get(unit, "0"))
        for key, amounts in expected.get("earned", {}).items():
            self._same(f"{day}: earned by {key}", {unit: str(amount) for unit, amount in amounts.items()}, self._earned(key))
        if "changes" in expected:
            logged = [change.kind for change in changes_of(self.session, account.member_id) if change.effective_on <= day]
            self._same(f"{day}: changes", expected["changes"], logged)

    def _same(self, what: str, wanted: Any, found: Any, more: str = "") -> None:
        if wanted != found:
            raise ScenarioFailed(f"{what}: expected {wanted}, found {found}. {more}".rstrip(". ") + ".")

    def _earned(self, key: str) -> dict[str, str]:
        account = lock_numbers(self.session, [NUMBER])[NUMBER]
        sums: dict[str, int] = {}
        for row in entries_of(self.session, account.member_id):
            if row.cause_id == activity_id("scenario", key):
                sums[row.unit] = sums.get(row.unit, 0) + row.amount
        return {unit: shown(total, unit_of(self.program, unit).decimals) for unit, total in sums.items()}

    @property
    def account(self) -> Any:
        accounts = lock_numbers(self.session, [NUMBER])
        if NUMBER not in accounts:
            raise ScenarioFailed("given: the first step is enrolled: DAY")
        return accounts[NUMBER]

    def _enrolled(self, given: dict[str, Any], on: date) -> None:
        answer = enrol_one(self.session, self.program, Enrolment(on, NUMBER, attributes=given), self.now)
        open_standings(self.session, [(answer.member_id or 0, on)])

    def _left(self, _given: dict[str, Any], on: date) -> None:
        leave(self.session, NUMBER, on)

    def _earns(self, given: dict[str, Any], on: date) -> None:
        kind = given.pop("kind", "adjustment")
        adjust(
            self.session,
            self.program,
            self.account.member_id,
            Correction(given, on, key=self.key, kind=kind, **HAND),
            self.now,
        )

    def _granted(self, given: dict[str, Any], on: date) -> None:
        through = given.get("through")
        begins, until = given.get("from"), date.fromisoformat(through) + timedelta(days=1) if through else None
        wanted = Grant(given["tier"], date.fromisoformat(begins) if begins else on, until, key=self.key, kind=self.verb, **HAND)
        grant(self.session, self.program, self.account, wanted, self.now)

    def _waived(self, given: dict[str, Any], _on: date) -> None:
        day = given.get("window_of")
        window_of = date.fromisoformat(day) if day else None
        wanted = Waiver(given["tier"], "scenario", "supervisor", "scenario", self.key, window_of)
        waive(self.session, self.program, self.account, wanted, self.now)

    def _revoked(self, given: dict[str, Any], _on: date) -> None:
        wanted = Revocation(key=f"revoke {self.count}", grant_key=given.get("grant"), tier=given.get("to"), **HAND)
        revoke(self.session, self.program, self.account, wanted, self.now)

    def _reversed(self, given: dict[str, Any], _on: date) -> None:
        reverse(self.session, self.program, self.account, "scenario", given["activity"], "scenario", self.now)

    def _corrected(self, given: dict[str, Any], on: date) -> None:
        report = Report(given.pop("kind"), "scenario", given.pop("activity"), on, given)
        correct(self.session, self.program, self.account, report, "scenario", self.now)

    def _activity(self, given: dict[str, Any], on: date) -> None:
        record_one(self.session, self.program, self.account, Report(self.verb, "scenario", self.key, on, given), self.now)
