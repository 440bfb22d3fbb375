"""What must hold of recording and undoing activity, whatever is recorded: on both databases, through the real operations."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import count, groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from loyalty.clock import instant_at
from loyalty.earning.operations import Outcome, Report, correct, record, reverse
from loyalty.earning.rules import Used, cap_window, judge, read_fields
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.queries import balances, entries_of, faults
from loyalty.members.operations import Enrolment, enrol_one
from loyalty.members.rules import attribute_values
from loyalty.settle import settle
from loyalty.status.facts import Grant, grant
from loyalty.status.ladder import rules_of
from loyalty.status.operations import open_standings
from loyalty.status.progress import Position, position
from loyalty.status.queries import histories, lock_numbers, opening_tier, spans_of
from loyalty.status.verify import differences
from tests.conftest import ROOT

Deploy = Callable[..., Deployment]
ENROLLED = date(2025, 1, 1)
FIRST = date(2025, 2, 1)
PROGRAMS = ["northern-lights", "skyway"]
_numbers = count(1)


def examples(most: int) -> Callable[..., Any]:
    """Few examples: each is played on a real database, which all examples of a test share."""
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=most, deadline=None, suppress_health_check=quiet)


# --- a desk that reports activity of members ----------------------------------------------------------------------


@dataclass
class Desk:
    """Reports, reversals and what follows from them, each call one transaction at noon of its day."""

    deployment: Deployment
    ids: dict[str, int] = field(default_factory=dict)

    def enrol(self, **attributes: str) -> str:
        number, now = f"TEST{next(_numbers)}", self.noon(FIRST)
        with self.deployment.store.transaction() as session:
            enrolment = Enrolment(ENROLLED, number, attributes=attributes)
            member_id = enrol_one(session, self.deployment.program, enrolment, now).member_id
            assert member_id is not None
            open_standings(session, [(member_id, ENROLLED)])
            settle(session, self.deployment.program, list(lock_numbers(session, [number]).values()), now)
        self.ids[number] = member_id
        return number

    def noon(self, day: date) -> datetime:
        return instant_at(day, time(12), self.deployment.program.zone)

    def record(self, day: date, *reports: tuple[str, Report]) -> list[Outcome]:
        """Record in one batch, then settle."""
        program = self.deployment.program
        with self.deployment.store.transaction() as session:
            accounts = lock_numbers(session, sorted({number for number, _ in reports}))
            outcomes = record(session, program, [(accounts[number], report) for number, report in reports], self.noon(day))
            settle(session, program, list(accounts.values()), self.noon(day))
        return outcomes

    def record_in_parts(self, day: date, number: str, *parts: Sequence[Report]) -> None:
        """Record a history in several batches and settle only then."""

        def tell(session: Session, account: Any) -> None:
            for part in parts:
                record(session, self.deployment.program, [(account, report) for report in part], self.noon(day))

        self._one(day, number, tell)

    def reverse(self, day: date, number: str, key: str) -> bool:
        def undo(session: Session, account: Any) -> bool:
            return reverse(session, self.deployment.program, account, "test", key, "test", self.noon(day))

        return self._one(day, number, undo)

    def correct(self, day: date, number: str, report: Report) -> Outcome:
        def put_right(session: Session, account: Any) -> Outcome:
            return correct(session, self.deployment.program, account, report, "test", self.noon(day))

        return self._one(day, number, put_right)

    def grant(self, day: date, number: str, tier: str) -> None:
        wanted = Grant(tier, day, day + timedelta(days=100), "test", "test", f"grant {day}")

        def give(session: Session, account: Any) -> bool:
            return grant(session, self.deployment.program, account, wanted, self.noon(day))

        self._one(day, number, give)

    def _one(self, day: date, number: str, act: Callable[[Session, Any], Any]) -> Any:
        with self.deployment.store.transaction() as session:
            account = lock_numbers(session, [number])[number]
            done = act(session, account)
            settle(session, self.deployment.program, [account], self.noon(day))
        return done

    # --- what is kept -------------------------------------------------------------------------------------------

    def entries(self, number: str) -> set[tuple[Any, ...]]:
        """Everything of a member's entries but whose they are."""
        with self.deployment.store.reading() as session:
            rows = [tuple(row)[1:] for row in entries_of(session, self.ids[number])]
        assert len(set(rows)) == len(rows)
        return set(rows)

    def spans(self, number: str) -> list[tuple[Any, ...]]:
        with self.deployment.store.reading() as session:
            return [tuple(row)[1:] for row in spans_of(session, [self.ids[number]]).get(self.ids[number], [])]

    def balances(self, number: str) -> dict[str, int]:
        """What the books say, having asked that they agree with a sum and a fold from the entries."""
        member_id, sums = self.ids[number], {}
        with self.deployment.store.transaction() as session:
            for row in entries_of(session, member_id):
                assert type(row.amount) is int
                sums[row.unit] = sums.get(row.unit, 0) + row.amount
            assert faults(session, member_id, member_id) == []
            assert differences(session, self.deployment.program, member_id, member_id) == (1, [])
            found = balances(session, member_id)
        assert found == sums
        assert all(type(amount) is int for amount in found.values())
        return {unit: amount for unit, amount in found.items() if amount}

    def position(self, number: str, day: date) -> Position:
        program = self.deployment.program
        with self.deployment.store.transaction() as session:
            account = lock_numbers(session, [number])[number]
            return position(program, histories(session, rules_of(program), [account])[account.member_id], day)

    def opening_tier(self, number: str, day: date) -> str:
        with self.deployment.store.reading() as session:
            spans = spans_of(session, [self.ids[number]])[self.ids[number]]
        return opening_tier(spans, day, self.deployment.program.tiers[0])


@pytest.fixture
def desk(deploy: Deploy, program: str) -> Desk:
    return Desk(deploy(program))


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# --- what may be reported -----------------------------------------------------------------------------------------


def distance(km: int) -> dict[str, Any]:
    return {"flights": 1, "distance": km}


def flights(program: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Kind and fields of an activity, long flights among them, so that a few reach a tier."""
    km = st.sampled_from([337, 15000, 9999, 337, 15000, 1])
    if program == "northern-lights":
        return st.tuples(st.just("flights_of_month"), km.map(distance))
    flight = st.fixed_dictionaries({
        "carrier": st.sampled_from(["SK"] * 5 + ["M0"]), "origin": st.just("ORD"), "destination": st.just("PEK"),
        "distance": km, "booking_class": st.sampled_from(["F", "J", "J", "W", "M", "L", "E"]),
        "cancelled": st.sampled_from([False] * 7 + [True]),
    })  # fmt: skip
    flown = st.tuples(st.just("flight"), flight)
    return st.one_of(flown, flown, flown, st.tuples(st.just("card_purchase"), _purchase))


_purchase = st.fixed_dictionaries({"amount": st.sampled_from(["0.01", "268.28", "4000.00", "7000.5"])})


@st.composite
def reports(draw: Any, program: str, most: int = 16) -> list[Report]:
    """Reports with the day on which each becomes known, first to last; several on a day, some of them late."""
    days = sorted(draw(st.lists(st.sampled_from([0, 0, 1, 30, 30, 200, 330, 400]), min_size=most // 2, max_size=most)))
    found = []
    for n, after in enumerate(days):
        kind, fields = draw(flights(program))
        known = FIRST + timedelta(days=after)
        on = max(known - timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 45, 300]))), ENROLLED)
        found.append(Report(kind, "test", f"report {n}", on, fields, known))
    return found


def today(report: Report) -> Report:
    """The same report without its posting day: it is known on the day on which it is recorded."""
    return replace(report, posted_on=None)


LAST = FIRST + timedelta(days=420)


# --- one by one, in batches, among others -------------------------------------------------------------------------


def test_one_by_one_is_as_in_batches_and_as_a_history_loaded_at_once(desk: Desk, program: str) -> None:
    @examples(4)
    @given(given_reports=reports(program), cut=st.integers(1, 10))
    def holds(given_reports: list[Report], cut: int) -> None:
        singly, daily, at_once, parts = (desk.enrol() for _ in range(4))
        for known, of_day in groupby(given_reports, lambda report: report.posted_on):
            assert known is not None
            batch = [today(report) for report in of_day]
            for report in batch:
                desk.record(known, (singly, report))
            desk.record(known, *((daily, report) for report in batch))
        backwards = sorted(given_reports, key=lambda report: str(report.posted_on), reverse=True)
        desk.record(LAST, *((at_once, report) for report in backwards))
        desk.record_in_parts(LAST, parts, given_reports[:cut], given_reports[cut:])
        for number in (singly, daily):
            desk.record(LAST, (number, given_reports[0]))  # known already: so that all three are folded for the last day
        assert desk.entries(singly) == desk.entries(daily) == desk.entries(at_once) == desk.entries(parts)
        assert desk.spans(singly) == desk.spans(daily) == desk.spans(at_once) == desk.spans(parts)
        assert desk.balances(singly) == desk.balances(daily) == desk.balances(at_once) == desk.balances(parts)

    holds()


def test_a_member_alone_is_as_among_others(desk: Desk, program: str) -> None:
    @examples(4)
    @given(given_reports=reports(program, 8), others=reports(program, 8))
    def holds(given_reports: list[Report], others: list[Report]) -> None:
        alone, among, other, third = (desk.enrol() for _ in range(4))
        desk.record(LAST, *((alone, report) for report in given_reports))
        mixed = [pair for report in others for pair in ((other, report), (third, replace(report, key=f"other {report.key}")))]
        mine = [(among, report) for report in given_reports]
        together = [pair for both in zip(mixed, mine, strict=False) for pair in both]
        together += mixed[len(mine) :] + mine[len(mixed) :]
        desk.record(LAST, *together)
        assert desk.entries(alone) == desk.entries(among)
        assert desk.spans(alone) == desk.spans(among)
        assert desk.balances(alone) == desk.balances(among)

    holds()


# --- quote and post -----------------------------------------------------------------------------------------------


def test_judging_by_itself_gives_what_is_posted(desk: Desk, program: str) -> None:
    """A42: a quote and a posting are the same judgement.

    The pure rules, asked with the opening tier of the day and what capped lines have given, say what recording posts."""

    @examples(4)
    @given(given_reports=reports(program, 8), granted=st.booleans())
    def holds(given_reports: list[Report], granted: bool) -> None:
        number = desk.enrol()
        if granted:
            desk.grant(FIRST, number, desk.deployment.program.tiers[2])
        posted: list[Any] = []
        for report in map(today, given_reports):
            known = next(of.posted_on for of in given_reports if of.key == report.key)
            assert known is not None
            quoted = _quote(desk, number, report, posted)
            (outcome,) = desk.record(known, (number, report))
            assert [(row[10], row[3], row[4]) for row in outcome.rows] == quoted
            posted += outcome.rows

    holds()


def _quote(desk: Desk, number: str, report: Report, posted: Sequence[Any]) -> list[tuple[str, str, int]]:
    program = desk.deployment.program
    edition = program.edition_on(report.on)
    assert edition is not None
    kind = edition.kinds[report.kind]
    rank = edition.ranks[desk.opening_tier(number, report.on)]
    attributes = attribute_values(program.file.members.attributes, "{}")
    used: Used = {}
    for line in kind.caps:
        assert line.cap is not None
        mine = [row for row in posted if row[10] == line.id and cap_window(line.cap, row[5]) == cap_window(line.cap, report.on)]
        used[line.id, cap_window(line.cap, report.on)] = sum(row[4] for row in mine)
    case = (read_fields(edition, kind, report.fields).values, rank, attributes)
    return [(line.id, line.unit, amount) for line, amount, _ in judge(kind, case, report.on, used)]


# --- undone -------------------------------------------------------------------------------------------------------

FIFTY = {"northern-lights": ("flights_of_month", distance),
         "skyway": ("card_purchase", lambda amount: {"amount": f"{amount}.99"})}  # fmt: skip
POINTS = {"northern-lights": ("points", 10), "skyway": ("miles", 1)}


def amount_report(program: str, key: str, amount: int, on: date = FIRST) -> Report:
    kind, fields = FIFTY[program]
    return Report(kind, "test", key, on, fields(amount))


def test_fifty_twentyone_fifty_in_any_order_is_their_sum(desk: Desk, program: str) -> None:
    """+50 -50 +21 -21 +50, a reversal any time after what it undoes, on any days: 50, as a rebuild from entries says."""

    @examples(4)
    @given(order=st.permutations(["+a", "-a", "+b", "-b", "+c"]), gaps=st.lists(st.sampled_from([0, 1, 400]), min_size=5))
    def holds(order: list[str], gaps: list[int]) -> None:
        for key in "ab":  # whichever comes first is the recording
            first, last = sorted((order.index(f"+{key}"), order.index(f"-{key}")))
            order[first], order[last] = f"+{key}", f"-{key}"
        number, day, running = desk.enrol(), FIRST, 0
        unit, scale = POINTS[program]
        for (sign, key), gap in zip(order, gaps, strict=False):
            day += timedelta(days=gap)
            amount = 21 if key == "b" else 50
            if sign == "+":
                (outcome,) = desk.record(day, (number, amount_report(program, key, amount)))
                assert not outcome.repeated
            else:
                assert desk.reverse(day, number, key)
                assert not desk.reverse(day, number, key)
            running += amount if sign == "+" else -amount
            assert desk.balances(number).get(unit, 0) == running * scale
        assert running == 50

    holds()


@pytest.mark.parametrize("program", ["northern-lights"])
def test_any_acts_leave_the_sum_of_what_stands(desk: Desk, program: str) -> None:
    """A37, A57: the balance equals the sum and a rebuild from the entries.

    Recorded, reversed and corrected in any order: the balance is what stands, and the fold what it alone would give."""

    verbs, amounts = ["record", "reverse", "correct"], [7, 15000, 30000]
    act = st.tuples(st.sampled_from(verbs), st.sampled_from("abc"), st.sampled_from(amounts))

    @examples(4)
    @given(acts=st.lists(act, max_size=12))
    def holds(acts: list[tuple[str, str, int]]) -> None:
        number, plain = desk.enrol(), desk.enrol()
        stands: dict[str, int] = {}
        for n, (verb, key, amount) in enumerate(acts):
            day, report = FIRST + timedelta(days=n), amount_report(program, key, amount)
            try:
                _act(desk, day, number, verb, report, stands)
            except Refused as refusal:
                assert refusal.code == ("unknown_activity" if key not in stands else "key_reused")
        desk.record(LAST, *((plain, amount_report(program, key, amount)) for key, amount in stands.items() if amount))
        total = sum(stands.values())
        assert desk.balances(number) == ({"kilometres": total, "points": total * 10} if total else {})
        assert desk.balances(plain) == desk.balances(number)
        assert desk.position(number, LAST).totals == desk.position(plain, LAST).totals
        assert _tier_on(desk, number) == _tier_on(desk, plain)

    holds()


def _act(desk: Desk, day: date, number: str, verb: str, report: Report, stands: dict[str, int]) -> None:
    key, amount = report.key, report.fields["distance"]
    if verb == "correct":
        outcome = desk.correct(day, number, report)
        assert outcome.repeated == (stands[key] == amount)
        stands[key] = amount
    elif verb == "reverse":
        assert desk.reverse(day, number, key) == (stands.get(key) != 0)
        stands[key] = 0
    else:
        (outcome,) = desk.record(day, (number, report))
        if outcome.refusal is not None:
            raise outcome.refusal
        assert outcome.repeated == (key in stands)
        stands.setdefault(key, amount)


def _tier_on(desk: Desk, number: str) -> int:
    span = desk.position(number, LAST).span
    assert span is not None
    return span.rank


def test_buying_and_returning_ten_times_leaves_nothing(desk: Desk, program: str) -> None:
    """A33: farming refunds yields nothing."""
    number = desk.enrol()
    flown = _reaching(program)
    start = (desk.balances(number), desk.spans(number), desk.position(number, FIRST).totals)
    for again in range(10):
        day = FIRST + timedelta(days=again)
        keys = [f"{again}, {n}" for n in range(len(flown))]
        desk.record(day, *((number, Report(kind, "test", key, day, of)) for key, (kind, of) in zip(keys, flown, strict=True)))
        assert desk.opening_tier(number, day + timedelta(days=1)) != desk.deployment.program.tiers[0]
        for key in keys:
            assert desk.reverse(day, number, key)
        spans = desk.spans(number)
        assert (desk.balances(number), [row for row in spans if row[1] > day], desk.position(number, day).totals) == (
            start[0], [], start[2]
        )  # fmt: skip
        assert desk.opening_tier(number, day + timedelta(days=1)) == desk.deployment.program.tiers[0]
    assert [row[4] for row in desk.spans(number)] == [row[4] for row in start[1]]


def _reaching(program: str) -> Sequence[tuple[str, dict[str, Any]]]:
    if program == "northern-lights":
        return [("flights_of_month", distance(9000))] * 6
    flight = {"carrier": "SK", "origin": "ORD", "destination": "PEK", "distance": 9000, "booking_class": "J"}
    return [("flight", flight)] * 5 + [("card_purchase", {"amount": "9999.99"})]


# --- told twice ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [2, 50])
@pytest.mark.parametrize("together", [True, False])
def test_the_same_report_again_changes_nothing(desk: Desk, program: str, times: int, together: bool) -> None:
    """A29, A30: sent twice or fifty times, it counts once."""
    number, once = desk.enrol(), desk.enrol()
    report = amount_report(program, "same", 40000)
    desk.record(FIRST, (once, report))
    batches = [[report] * times] if together else [[report]] * times
    outcomes = [outcome for batch in batches for outcome in desk.record(FIRST, *((number, one) for one in batch))]
    assert [outcome.repeated for outcome in outcomes] == [False] + [True] * (times - 1)
    assert all(outcome.refusal is None for outcome in outcomes)
    assert {outcome.activity_id for outcome in outcomes} == {outcomes[0].activity_id}
    assert desk.entries(number) == desk.entries(once) != set()
    assert desk.spans(number) == desk.spans(once)


def test_the_same_report_from_two_at_once_is_posted_once(desk: Desk, program: str) -> None:
    """Eight reports twice each and one fifty times, sent by two at once: one of each is posted, the others repeat it."""
    number, once = desk.enrol(), desk.enrol()
    wanted = [amount_report(program, f"same {n}", 7000) for n in range(8)]
    desk.record(FIRST, *((once, report) for report in wanted))
    sent = [report for report in wanted for _ in range(50 if report is wanted[-1] else 2)]
    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(lambda report: desk.record(FIRST, (number, report))[0], sent))
    assert all(outcome.refusal is None for outcome in told)
    assert sorted(outcome.activity_id for outcome in told if not outcome.repeated) == sorted(
        {outcome.activity_id for outcome in told}
    )
    assert desk.entries(number) == desk.entries(once)
    assert desk.spans(number) == desk.spans(once)
    assert desk.balances(number) == desk.balances(once)


def test_another_input_under_the_same_key_is_refused(desk: Desk, program: str) -> None:
    number = desk.enrol()
    report = amount_report(program, "same", 100)
    others = [amount_report(program, "same", 101), replace(report, on=FIRST - timedelta(days=1))]
    first, *rest = desk.record(FIRST, (number, report), *((number, other) for other in others), (number, report))
    assert (first.repeated, first.refusal) == (False, None)
    assert [outcome.refusal.code if outcome.refusal else outcome.repeated for outcome in rest] == ["key_reused"] * 2 + [True]
    before = desk.entries(number)
    for other in others:
        (outcome,) = desk.record(LAST, (number, other))
        assert outcome.refusal is not None
        assert (outcome.refusal.code, outcome.rows) == ("key_reused", [])
    elsewhere = replace(report, source="elsewhere")
    (outcome,) = desk.record(FIRST, (number, elsewhere))
    assert (outcome.repeated, outcome.refusal) == (False, None)
    assert before < desk.entries(number)


# --- exact --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("program", ["skyway"])
def test_money_is_counted_to_the_cent_and_never_through_a_fraction(desk: Desk, program: str) -> None:
    """A43: amounts are whole numbers.

    A mile a whole dollar of each purchase, ten thousand a month at most, whatever is bought and returned in between."""

    @examples(4)
    @given(cents=st.lists(st.tuples(st.sampled_from([900_099, 26_828, 99, 500_000]), st.booleans()), min_size=4, max_size=10))
    def holds(cents: list[tuple[int, bool]]) -> None:
        number, used = desk.enrol(), 0
        for n, (paid, returned) in enumerate(cents):
            amount = str(Decimal(paid) / 100)
            (outcome,) = desk.record(FIRST, (number, Report("card_purchase", "test", str(n), FIRST, {"amount": amount})))
            wanted = min(paid // 100, 10_000 - used)
            assert [row[4] for row in outcome.rows] == ([wanted] if wanted else [])
            assert all(type(row[4]) is int for row in outcome.rows)
            used += wanted
            if returned:
                assert desk.reverse(FIRST, number, str(n))
                used -= wanted
            assert desk.balances(number).get("miles", 0) == used

    holds()


@pytest.mark.parametrize("program", ["northern-lights"])
def test_half_points_stay_whole_numbers(desk: Desk, program: str) -> None:
    @examples(4)
    @given(km=st.lists(st.integers(0, 10**9), min_size=1, max_size=8))
    def holds(km: list[int]) -> None:
        number = desk.enrol(enrolment_type="2018 Promotion")
        desk.record(FIRST, *((number, amount_report(program, str(n), one)) for n, one in enumerate(km)))
        total = sum(km)
        assert desk.balances(number) == ({"kilometres": total, "points": total * 15} if total else {})

    holds()


@pytest.mark.parametrize("wrong", [0.5, 268.28000000000003, "-1e-14", "NaN", "Infinity", "1.005", True])
@pytest.mark.parametrize("program", ["skyway"])
def test_an_amount_that_is_not_exact_is_refused(desk: Desk, program: str, wrong: Any) -> None:
    number = desk.enrol()
    (outcome,) = desk.record(FIRST, (number, Report("card_purchase", "test", "x", FIRST, {"amount": wrong})))
    assert outcome.refusal is not None
    assert outcome.refusal.code == "bad_field"
    assert desk.entries(number) == set()


# --- a minimum of nothing -----------------------------------------------------------------------------------------


def test_a_tier_whose_minimum_is_0_is_given_with_the_first_kilometre(deploy: Deploy, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "programs" / "northern-lights"
    shutil.copytree(ROOT / "config" / "programs" / "northern-lights", folder)
    ladder = next(folder.glob("editions/*/ladder.yaml"))
    ladder.write_text(ladder.read_text(encoding="utf-8").replace("kilometres: 15000", "kilometres: 0"), encoding="utf-8")
    desk = Desk(deploy("northern-lights", tmp_path / "config"))
    number = desk.enrol()
    assert desk.position(number, FIRST).span.rank == 0  # type: ignore[union-attr]
    desk.record(FIRST, (number, amount_report("northern-lights", "x", 1)))
    span = desk.position(number, FIRST).span
    assert span is not None
    assert (desk.deployment.program.tiers[span.rank], span.opening) == ("star", 0)
