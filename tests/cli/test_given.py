"""The commands for what a ladder gives: offers, kinds of grant, choices, attributes, and what `loyalty member` shows of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main
from tests.jobs import orbit
from tests.status import given

BY = ["--author", "ann", "--reason", "goodwill"]
OFFERS = """
offers:
  - id: trial
    name: {en: Trial}
    tiers: [high]
    trial: {months: 3}
    goal: {km: 500}
    then: {months: 12}
"""


#: To keep High takes more than M has flown.
LADDER = orbit.LADDER.replace("km: 200", "km: 280") + OFFERS + given.milestones(given.CHOICE, given.STEPS)
HAND = [*BY, "--key", "k"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Callable[..., Result]:
    """Orbit with member M, who flew 210 km in June; every command works on a day of 2026."""
    config = orbit.config(tmp_path / "config", ladder=LADDER)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(config))
    monkeypatch.setenv("LOYALTY_PROGRAM", "orbit")

    def call(*words: str, on: str = "2026-06-02") -> Result:
        return CliRunner().invoke(main, [*words, "--as-of", on], catch_exceptions=False)

    assert call("members", "add", "--number", "M", "--enrolled-on", "2026-01-01", on="2026-01-01").exit_code == 0
    words = ["activities", "add", "M", "trip", "--key", "a", "--on", "2026-06-01", "--field", "km=210"]
    assert call(*words, on="2026-06-01").exit_code == 0
    return call


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


RECORDED = ["Recorded.\n", "Recorded already; nothing changed.\n"]


def test_a_choice_is_shown_made_and_shown_as_made(run: Callable[..., Result]) -> None:
    found = told(run("member", "M", "--json"))["awards"]
    assert [(one["award"], one["times"], one["on"]) for one in found][:2] == [
        ("pick", 1, "2026-06-01"),
        ("steps", 1, "2026-06-01"),
    ]
    choice = found[0]["choice"]
    assert (choice["open"], choice["choose_by"], choice["pick"], choice["chosen"]) == (True, "2027-01-31", 2, [])
    assert choice["options"]["lounge"] == [{"what": "lounge", "name": "lounge", "amount": "2"}]
    said = run("member", "M").stdout
    assert "two of three, on 2026-06-01: nothing yet; 2 to choose through 2027-01-31: stars (100 stars); km (60 km);" in said
    assert "Milestone steps, time 4, on 2026-06-01: 5 stars" in said
    words = ["status", "choose", "M", "pick", "lounge", "--window-of", "2026-05-05", "--key", "c1", *BY]
    assert [run(*words).stdout for _ in range(2)] == RECORDED
    assert "2 lounge through 2026-12-01; 1 to choose through" in run("member", "M").stdout
    assert told(run("member", "M", "--json", on="2026-06-01"))["awards"][0]["gifts"] == []
    assert run("status", "choose", "M", "pick", "km", "--key", "c2", *BY).stdout == RECORDED[0]
    found = told(run("member", "M", "--json"))
    assert (found["awards"][0]["choice"]["open"], found["awards"][0]["choice"]["chosen"]) == (False, ["lounge", "km"])
    assert found["balances"]["km"] == "270"
    assert (
        "milestone pick of 2026-06-02: 60 km [milestone two of three in the window from January 1, 2026"
        in run("explain", "M", "--entries").stdout
    )
    lines = [json.loads(line) for line in CliRunner().invoke(main, ["entries", "export"]).stdout.splitlines()]
    assert {(line["source"], line["key"]) for line in lines} == {
        ("command", "a"),
        ("milestone", "pick"),
        ("milestone", "steps"),
    }


def test_an_offer_is_recorded_once_and_shown_with_its_goal(run: Callable[..., Result]) -> None:
    words = ["status", "offer", "M", "trial", "high", "--rests-on", "their gold card", "--key", "o1", *BY]
    assert [run(*words).stdout, run(*words, on="2026-06-03").stdout] == RECORDED
    said = run("member", "M").stdout
    assert "on trial, ann: goodwill" in said
    assert "On trial by offer trial: High through 2026-09-01; goodwill" in said
    assert "To confirm High: 0 of 500 km (500 km to go)" in said
    (offer,) = told(run("member", "M", "--json"))["offers"]
    assert (offer["through"], offer["goal"][0]["missing"]) == ("2026-09-01", "500")
    assert run("status", "revoke", "M", "--grant-key", "o1", "--key", "r1", *BY).stdout == RECORDED[0]
    assert told(run("member", "M", "--json"))["offers"] == []


@pytest.mark.parametrize("kind", ["granted", "matched", "gifted", "bought", "shared"])
def test_a_grant_says_what_kind_it_is(run: Callable[..., Result], kind: str) -> None:
    words = ["status", "grant", "M", "high", "--kind", kind, "--through", "2026-12-31", "--key", "g1", *BY]
    assert [run(*words).stdout for _ in range(2)] == RECORDED
    found = told(run("member", "M", "--json"))["standing"]
    assert (found["tier"], found["source"], found["valid_through"]) == ("high", kind, "2026-12-31")
    assert "goodwill" in found["reason"]


def test_attributes_are_changed_from_today(run: Callable[..., Result]) -> None:
    assert [run("members", "attributes", "M", "seat=window", "age=61").stdout for _ in range(2)] == RECORDED
    assert run("members", "attributes", "M", "age=", on="2026-06-03").stdout == RECORDED[0]
    shown = CliRunner().invoke(main, ["members", "show", "M", "--json"]).stdout
    assert json.loads(json.loads(shown)["attributes"]) == {"seat": "window"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "offer", "M", "trail", "high", *HAND], "unknown; allowed: trial. Did you mean trial?"),
        (["status", "offer", "M", "trial", "low", *HAND], "The offer trial is not for Low; allowed: High."),
        (["status", "offer", "M", "trial", "hihg", *HAND], "There is no tier hihg"),
        (["status", "choose", "M", "pick", "loung", *HAND], "The option loung is unknown"),
        (["status", "choose", "M", "pik", "lounge", *HAND], "Member M has no open choice of pik."),
        (["status", "choose", "M", "pick", "lounge", "--window-of", "2025-01-01", *HAND], "no open choice of pick."),
        (["status", "choose", "nobody", "pick", "lounge", *HAND], "There is no member nobody."),
        (["status", "grant", "M", "high", "--kind", "invited", *HAND], "Tier high is not by invitation."),
        (["status", "grant", "M", "high", "--invitation", *HAND], "Tier high is not by invitation."),
        (["members", "attributes", "M", "age=old"], "Field age: found 'old'; allowed: a whole number."),
        (["members", "attributes", "M", "aeg=3"], "Field aeg is unknown"),
        (["members", "attributes", "nobody", "age=3"], "There is no member nobody."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_one_plain_line(run: Callable[..., Result], words: list[str], said: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and result.stderr.count("\n") == 1


def test_what_is_no_request_at_all_is_told_with_the_usage(run: Callable[..., Result]) -> None:
    both = ["status", "grant", "M", "high", "--kind", "bought", "--invitation", *HAND]
    for words in (["members", "attributes", "M", "age"], both):
        result = run(*words)
        assert result.exit_code == 2 and "Error: " in result.stderr and "Traceback" not in result.stderr
