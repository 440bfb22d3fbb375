"""A draft tried on everyone: what it tells is what publishing it then does. On both databases."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.cli import main
from loyalty.clock import instant_at
from loyalty.earning.operations import Report, record, reverse
from loyalty.insight.backtest import Move, Trial, try_stretch
from loyalty.jobs import recalculate, runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.jobs.trying import Asked, trial_for, try_all
from loyalty.ledger.operations import Correction, adjust
from loyalty.members.operations import Enrolment, enrol
from loyalty.program.load import Draft, load
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers, spans_of, tier_on
from tests.conftest import NOON, ROOT
from tests.earning.test_projection import ENROLLED, TODAY, Desk, activities

Deploy = Callable[..., Deployment]
FIRST = date(2026, 1, 1)
DAY = date(2026, 6, 20)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


@pytest.fixture(autouse=True)
def small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs.stretches, "__defaults__", (4,))


def draft(config: Path, program: str, where: Path, *changes: tuple[str, str, str]) -> Path:
    """The program's newest edition in a folder of its own, changed: (file, text, other text)."""
    newest = max((config / "programs" / program / "editions").iterdir())
    shutil.copytree(newest, where)
    for file, text, other in changes:
        path = where / file
        assert text in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(text, other), encoding="utf-8")
    return where


def populated(deployment: Deployment, miles: list[int]) -> None:
    """Members with so many qualifying miles in March, folded as of NOON."""
    numbers = [f"M{n:03}" for n in range(len(miles))]
    with deployment.store.transaction() as session:
        answers = enrol(session, deployment.program, [Enrolment(FIRST, number) for number in numbers], NOON)
        open_standings(session, [(answer.member_id or 0, FIRST) for answer in answers])
        for answer, many in zip(answers, miles, strict=True):
            wanted = Correction({"qualifying_miles": many, "own_segments": 4}, date(2026, 3, 1), "test", "test", "k")
            adjust(session, deployment.program, answer.member_id or 0, wanted, NOON, date(2026, 3, 1))
        settle(session, deployment.program, list(lock_numbers(session, numbers).values()), NOON)


def night(deployment: Deployment, day: date) -> runs.Result:
    at = instant_at(day, time(12), deployment.program.zone)
    return recalculate.recalculate(deployment, RunKey("recalculate", at, day), at, 1, lambda _done, _total: None)


def tiers(deployment: Deployment, day: date) -> dict[str, str | None]:
    with deployment.store.transaction() as session:
        accounts = lock_numbers(session, [f"M{n:03}" for n in range(100)])
        spans = spans_of(session, [account.member_id for account in accounts.values()])
        return {number: tier_on(spans[account.member_id], day) for number, account in accounts.items()}


def moves(deployment: Deployment, asked: Asked, workers: int = 1) -> list[Move]:
    trial = trial_for(deployment, asked)
    return [move for tried in try_all(deployment, trial, asked, workers, lambda _a, _b: None) for move in tried.moves]


MILES = [10_000, 24_999, 25_000, 39_999, 40_000, 45_000, 49_999, 50_000, 60_000, 74_999, 75_000, 110_000]


@pytest.mark.parametrize(("least", "rises"), [("40000", 3), ("45000", 2), ("49999", 1)])
def test_a15_publishing_a_lower_gold_moves_exactly_those_told(
    deploy: Deploy, config: Path, tmp_path: Path, least: str, rises: int
) -> None:
    deployment = deploy("skyway", config)
    populated(deployment, MILES)
    folder = draft(
        config, "skyway", tmp_path / "2026-06-20", ("ladder.yaml", "qualifying_miles: 50000", f"qualifying_miles: {least}")
    )
    before = tiers(deployment, DAY)
    told = moves(deployment, Asked(str(folder), None, None, NOON))
    assert before == tiers(deployment, DAY)  # nothing is written
    assert [move.move for move in told] == ["rise"] * rises
    shutil.copytree(folder, config / "programs" / "skyway" / "editions" / "2026-06-20")
    published = deploy("skyway", config)
    assert night(published, DAY - timedelta(days=1)).changes == 0
    assert night(published, DAY).changes == rises
    after = tiers(published, DAY)
    assert {move.number: (move.now, move.then) for move in told} == {
        number: (before[number], tier) for number, tier in after.items() if tier != before[number]
    }
    assert all(move.then == "gold" and move.through_then == date(2028, 1, 31) for move in told)
    assert f"of {int(least):,} qualifying miles" in told[0].why
    assert night(published, DAY + timedelta(days=1)).items == 0


def test_several_processes_tell_the_same(deploy: Deploy, config: Path, tmp_path: Path) -> None:
    deployment = deploy("skyway", config)
    populated(deployment, MILES * 2)
    folder = draft(config, "skyway", tmp_path / "x", ("ladder.yaml", "qualifying_miles: 75000", "qualifying_miles: 60000"))
    asked = Asked(str(folder), DAY, None, NOON)
    assert moves(deployment, asked, 2) == moves(deployment, asked) != []


def test_activity_is_judged_again_where_the_draft_earns_otherwise(deploy: Deploy, config: Path, tmp_path: Path) -> None:
    """Twice as many miles from March on. What was flown before stands, and a flight that was undone stays undone."""
    deployment = deploy("skyway", config)
    populated(deployment, [0, 0])
    fields = {"carrier": "SK", "origin": "ORD", "destination": "SYD", "booking_class": "F", "distance": 9233}
    days = [date(2026, 2, 1), date(2026, 4, 1), date(2026, 5, 1), date(2026, 5, 2)]
    with deployment.store.transaction() as session:
        account = lock_numbers(session, ["M000"])["M000"]
        reports = [(account, Report("flight", "t", str(on), on, fields, on)) for on in days]
        record(session, deployment.program, reports, NOON)
        reverse(session, deployment.program, account, "t", "2026-05-02", "refund", NOON)
        settle(session, deployment.program, [account], NOON)
    line = "      - percent: {table: class_qualifying}\n"
    folder = draft(config, "skyway", tmp_path / "x", ("earning.yaml", line, f"{line}      - percent: 200\n"))
    asked = Asked(str(folder), date(2026, 3, 1), None, NOON)
    trial = trial_for(deployment, asked)
    assert trial.judged == (date(2026, 3, 1), date.max)
    (tried,) = try_all(deployment, trial, asked, 1, lambda _a, _b: None)
    assert (tried.judged, tried.unjudged) == (3, 0)
    assert [(move.now, move.then) for move in tried.moves] == [("silver", "gold")]
    assert "69,248 of 50,000" in tried.moves[0].why


@pytest.mark.parametrize("name", ["skyway", "delta", "marriott", "qantas"])
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_judged_again_by_the_same_lines_everything_stands(deploy: Deploy, name: str, data: st.DataObject) -> None:
    deployment = deploy(name)
    attributes = deployment.program.file.members.attributes
    desk = Desk(deployment, {flag: True for flag, about in attributes.items() if about.type == "flag"})
    begins = data.draw(st.dates(ENROLLED, TODAY))
    for on, kind, fields in data.draw(activities(deployment.program, ENROLLED, TODAY)):
        desk.record(on, kind, fields)
    desk.settle(TODAY)
    edition = deployment.program.edition_on(begins)
    assert edition is not None
    folder = deployment.program.folder / "editions" / edition.name
    now, then = deployment.program, load(deployment.program.folder, Draft(folder, edition.begins))
    trial = Trial(now, then, begins, TODAY)
    trial.__dict__["judged"] = (begins, date(2027, 1, 1))  # as if it earned otherwise
    with deployment.store.reading() as session:
        tried = try_stretch(session, trial, 1, 10**9)
    assert tried.failures == [] and tried.unjudged == 0
    assert tried.moves == [] and tried.milestones[0] == tried.milestones[1] and tried.gifts[0] == tried.gifts[1]


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def call(deploy: Deploy, config: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    populated(deploy("skyway", config), MILES)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(config))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["program", "try", *words], catch_exceptions=False)

    yield run


def test_the_command_tells_counts_and_lists_who_moves(call: Any, config: Path, tmp_path: Path) -> None:
    folder = draft(config, "skyway", tmp_path / "x", ("ladder.yaml", "qualifying_miles: 50000", "qualifying_miles: 45000"))
    words = (str(folder), "--from", "2026-06-20", "--on", "2026-06-21")
    result = call(*words, "--out", str(tmp_path / "moves.csv"), "--json")
    told = json.loads(result.stdout)
    assert (told["rise"], told["fall"], told["stay"], told["members"]) == (2, 0, 10, 12)
    assert {"now": "silver", "then": "gold", "members": 2} in told["matrix"]
    assert sum(cell["members"] for cell in told["matrix"]) == 12
    with (tmp_path / "moves.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["number"], row["move"], row["now"], row["then"]) for row in rows] == [
        ("M005", "rise", "silver", "gold"), ("M006", "rise", "silver", "gold")
    ]  # fmt: skip
    assert "2 rise, 0 fall, 10 stay" in call(*words).stdout


def test_an_edition_of_the_program_is_tried_before_it_is_published(call: Any, config: Path) -> None:
    editions = config / "programs" / "skyway" / "editions"
    draft(config, "skyway", editions / "2026-07-01", ("ladder.yaml", "qualifying_miles: 25000", "qualifying_miles: 20000"))
    told = [json.loads(call("2026-07-01", "--on", "2026-07-02", "--json").stdout) for _ in range(2)]
    assert told[0] == told[1] and told[0]["rise"] == 1  # trying has not published it


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["2027-01-0"], 2, "There is no edition 2027-01-0 of skyway; allowed: 2020-01-01, or a folder."),
        (["2020-01-01"], 2, "Edition 2020-01-01 of skyway is published already"),
        (["{good}"], 2, "is not named by a day, YYYY-MM-DD"),
        (["{good}", "--from", "2019-12-31"], 2, "the first published edition of skyway begins on 2020-01-01"),
        (["{good}", "--from", "soon"], 2, "is no day; allowed: YYYY-MM-DD"),
        (["{bad}", "--from", "2027-01-01"], 1, "ladder.yaml:"),
        (["{empty}", "--from", "2027-01-01"], 1, "ladder.yaml:1:1: this file is missing"),
    ],
)
def test_bad_input_is_told(call: Any, config: Path, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    draft(config, "skyway", tmp_path / "good", ("ladder.yaml", "qualifying_miles: 50000", "qualifying_miles: 45000"))
    draft(config, "skyway", tmp_path / "bad", ("ladder.yaml", "qualifying_miles", "qualifying_mile"))
    (tmp_path / "empty").mkdir()
    result = call(*(word.format(good=tmp_path / "good", bad=tmp_path / "bad", empty=tmp_path / "empty") for word in words))
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr and "Traceback" not in result.stderr
