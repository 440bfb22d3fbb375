"""The command line as a user meets it: help, JSON, exit codes, one plain line for every refusal."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main

FLIGHT = ["--field", "carrier=SK", "--field", "origin=ORD", "--field", "destination=SYD", "--field", "booking_class=F"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Any:
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    return call


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def commands(group: click.Group, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [words]
    for name, command in group.commands.items():
        found += commands(command, (*words, name)) if isinstance(command, click.Group) else [(*words, name)]
    return found


@pytest.mark.parametrize("words", commands(main), ids=" ".join)
def test_every_command_has_help(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, [*words, "--help"])
    assert result.exit_code == 0 and "Usage:" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["member", "nobody"], "There is no member nobody."),
        (["activities", "import", "nope", "x.csv"], "There is no import mapping nope"),
        (["activities", "import", "northern-lights-activities", "x.csv"], "the settings name skyway"),
        (
            ["run", "nightly"],
            "There is no job nightly; there are: recalculate, benefits, snapshot, windows, clear, trim, messages",
        ),
        (["program", "show", "skywy"], "Did you mean skyway?"),
        (["activities", "add", "nobody", "flight", "--key", "k", "--on", "2026-01-01"], "There is no member nobody."),
    ],
)
def test_a_refusal_is_one_plain_line(run: Any, words: list[str], said: str) -> None:
    assert run("db", "upgrade").exit_code == 0
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and result.stderr.count("\n") == 1 and "Traceback" not in result.stderr


def test_a_bad_day_and_a_bad_setting_are_refused(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is no day; allowed: YYYY-MM-DD" in run("ladder", "--as-of", "today").stderr
    monkeypatch.setenv("LOYALTY_WORKER", "2")
    assert "Did you mean workers?" in run("ladder").stderr


def test_a_program_is_listed_shown_and_checked(run: Any) -> None:
    assert "skyway" in {row["program"] for row in told(run("program", "list", "--json"))}
    shown = told(run("program", "show", "--json"))
    assert {"program", "edition", "hash", "units", "activities", "earning", "ladder"} <= shown.keys()
    assert "by invitation" in run("program", "show").stdout
    assert run("program", "check").exit_code == 0
    assert run("program", "test", "northern-lights").exit_code == 0


def test_a10_a_member_climbs_and_every_step_is_explained(run: Any) -> None:
    run("db", "upgrade")
    assert told(run("members", "add", "--number", "A", "--enrolled-on", "2025-01-01", "--json"))["enrolled"]
    for n in range(4):
        words = ["activities", "add", "A", "flight", "--key", f"k{n}", "--on", "2025-03-01", "--field", "distance=9233"]
        assert not told(run(*words, *FLIGHT, "--as-of", "2025-03-01", "--json"))["repeated"]
    assert told(run(*words, *FLIGHT, "--as-of", "2025-03-01", "--json"))["repeated"]
    found = told(run("member", "A", "--as-of", "2025-03-01", "--json"))
    assert found["tier"] == "gold" and found["standing"]["valid_through"] == "2027-01-31"
    assert {way["purpose"] for way in found["ways"]} == {"keep", "reach", "lifetime"}
    why = told(run("explain", "A", "--as-of", "2025-03-01", "--json"))
    evidence = why["standing"]["evidence"]
    assert evidence["needs"] == [["qualifying_miles", 50000], ["own_segments", 4]]
    assert evidence["totals"] == {"qualifying_miles": 55400, "own_segments": 4}
    assert (evidence["window"], evidence["edition"]) == (2025, "2020-01-01")
    deciding = [line for line in why["entries"] if line["unit"] == "qualifying_miles"]
    assert sorted(line["key"] for line in deciding) == ["k0", "k1", "k2", "k3"]
    assert [step["verb"] for step in deciding[0]["steps"]] == ["field", "minimum", "percent", "round"]
    said = run("explain", "A", "--as-of", "2025-03-01", "--entries").stdout
    assert "reached with 55,400 of 50,000 qualifying miles" in said
    ladder = told(run("ladder", "--as-of", "2025-03-01", "--json"))
    assert ladder["gold"] == 1 and sum(ladder.values()) == 1
    lines = [json.loads(line) for line in run("entries", "export", "--unit", "miles").stdout.splitlines()]
    assert {"member", "unit", "amount", "on", "posted_at", "kind", "source", "key"} <= lines[0].keys()
    assert told(run("activities", "reverse", "A", "--key", "k3", "--reason", "refund", "--as-of", "2025-03-02", "--json")) == {
        "repeated": False
    }
    assert told(run("member", "A", "--as-of", "2025-03-02", "--json"))["tier"] == "member"
    assert told(run("verify", "--json"))["differences"] == []


PLANNED = "flight on=2025-03-02 carrier=SK origin=ORD destination=SYD booking_class=F distance=9233"


def test_a_plan_tells_before_and_after_and_writes_nothing(run: Any) -> None:
    run("db", "upgrade")
    run("members", "add", "--number", "A", "--enrolled-on", "2025-01-01")
    before = told(run("member", "A", "--as-of", "2025-03-01", "--json"))
    words = ["plan", "A", *["--activity", PLANNED] * 4, "--as-of", "2025-03-01"]
    plan = told(run(*words, "--json"))
    assert plan["before"] == before == told(run("member", "A", "--as-of", "2025-03-01", "--json"))
    assert (plan["after"]["tier"], plan["after"]["counters"]["qualifying_miles"]) == ("gold", "55400")
    Path("plan.json").write_text(json.dumps([{"flight": dict(pair.split("=") for pair in PLANNED.split()[1:])}] * 4))
    assert told(run("plan", "A", "--file", "plan.json", "--as-of", "2025-03-01", "--json")) == plan
    said = run(*words).stdout
    assert "tier                 Member      Gold" in said and "To keep Gold: 0 of 45000 qualifying_miles" in said


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--activity", "flihgt on=2027-01-01"], "There is no activity kind flihgt"),
        (["--activity", "flight distnce=3"], "Field distnce is unknown"),
        (["--activity", "flight on=tomorrow"], "found on='tomorrow'; allowed: YYYY-MM-DD"),
        (["--activity", "flight distance"], "allowed: KEY=VALUE"),
        (["--file", "absent.yaml"], "absent.yaml cannot be read"),
        (["--file", "bad.yaml"], "allowed: a list of KIND: {on: DAY, FIELD: VALUE}"),
        (["--file", "float.yaml"], "float.yaml:1:"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(run: Any, words: list[str], wanted: str) -> None:
    run("db", "upgrade")
    run("members", "add", "--number", "A", "--enrolled-on", "2025-01-01")
    Path("bad.yaml").write_text("flight: {}")
    Path("float.yaml").write_text("- flight: {distance: 1.5}")
    result = run("plan", "A", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert wanted in result.stderr and result.stderr.count("\n") == 1


def test_facts_by_hand_are_recorded_once(run: Any) -> None:
    run("db", "upgrade")
    run("members", "add", "--number", "A", "--enrolled-on", "2025-01-01")
    by = ["--author", "ann", "--reason", "goodwill", "--as-of", "2026-02-01"]
    words = ["status", "grant", "A", "gold", "--through", "2026-12-31", "--key", "g1", *by]
    assert [run(*words).stdout for _ in range(2)] == ["Recorded.\n", "Recorded already; nothing changed.\n"]
    assert "granted by ann: goodwill" in run("member", "A", "--as-of", "2026-02-01").stdout
    assert run("status", "revoke", "A", "--grant-key", "g1", "--key", "r1", *by).exit_code == 0
    assert run("status", "waive", "A", "gold", "--approver", "bob", "--key", "w1", *by).exit_code == 2
    assert run("entries", "adjust", "A", "miles", "100", "--key", "a1", *by).stdout == "Booked.\n"
    assert told(run("member", "A", "--as-of", "2026-02-01", "--json"))["balances"] == {"miles": "100"}
    assert run("members", "leave", "A", "--on", "2026-03-01", "--as-of", "2026-03-01").exit_code == 0
    exported = [json.loads(line) for line in run("members", "export", "--as-of", "2026-03-01").stdout.splitlines()]
    assert [(line["number"], line["tier"]) for line in exported] == [("A", None)]


def test_the_demonstration_runs(run: Any) -> None:
    result = run("demo", "--members", "40", "--no-serve")
    assert result.exit_code == 0 and "How it came about" in result.stdout and Path("demo.db").is_file()
