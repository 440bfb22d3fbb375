"""Two editions held against each other: every difference is told, in words that a member would read."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loyalty.cli.main import main
from loyalty.program.compare import compare, paired, percent
from loyalty.program.load import load
from tests.conftest import ROOT
from tests.program.test_broken import cases, change

CASES, BENEFITS = cases("compared.yaml"), cases("compared_benefits.yaml")
UNITED = ROOT / "config" / "programs" / "united-2012"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_every_difference_is_told(case: dict, heron: Path) -> None:
    told(case, heron)


@pytest.mark.parametrize("case", BENEFITS, ids=lambda case: case["case"])
def test_every_difference_of_benefits_and_requests_is_told(case: dict, promising: Path) -> None:
    told(case, promising)


def told(case: dict, heron: Path) -> None:
    change(heron, {"copy": "editions/2024-01-01", "to": "editions/2025-01-01"})
    for one in case["change"]:
        change(heron, one)
    before, after = load(heron).editions
    assert [f"{one.file}: {one.text}" for one in compare(before, after)] == case["told"].splitlines()
    # and back again: what was new is gone
    there = sorted((one.file, one.before is None, one.after is None) for one in compare(before, after))
    assert sorted((one.file, one.after is None, one.before is None) for one in compare(after, before)) == there


def test_what_united_changed_in_2015() -> None:
    before, after = (edition for edition in load(UNITED).editions if edition.name in ("2015-01-01", "2015-03-01"))
    told = [one.text for one in compare(before, after)]
    assert (
        "Base miles: no longer: award miles for flight segment: distance, at least (General member 0, all others 500)" in told
    )
    assert "Segment on United: only for carrier: UA, CO or CM -> carrier: UA or CM" in told
    assert any(text.startswith("Miles for the fare: new: award miles for flight segment: fare, times (") for text in told)
    assert {one.file for one in compare(before, after)} == {"earning.yaml"}  # the ladder stayed as it was
    assert compare(before, before) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("50", "60", "+20 %"),
        ("60", "50", "-16.7 %"),
        ("3", "4", "+33.3 %"),
        ("0", "4", ""),
        ("4", "0", ""),
        ("0.5", "5", "+900 %"),
    ],
)
def test_percent(before: str, after: str, said: str) -> None:
    assert percent(Decimal(before), Decimal(after)) == said


def test_paths_are_held_against_the_one_that_is_most_like_them() -> None:
    miles, more, both, flights = ({"miles": Decimal(1)}, {"miles": Decimal(2)},
                                  {"miles": Decimal(3), "flights": Decimal(1)}, {"flights": Decimal(9)})  # fmt: skip
    assert paired([miles, both], [both, more]) == [(both, both), (miles, more)]
    assert paired([miles], [both]) == [(miles, both)]
    assert paired([miles], [flights]) == [(miles, None), (None, flights)]
    assert paired([], [miles, flights]) == [(None, miles), (None, flights)]


# --- the command ------------------------------------------------------------------------------------------------


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["program", "compare", *words])


def test_the_command_takes_names_and_folders() -> None:
    named = run("2015-01-01", "2015-03-01", "--program", "united-2012")
    folders = run(*(str(UNITED / "editions" / name) for name in ("2015-01-01", "2015-03-01")))
    assert named.exit_code == folders.exit_code == 0 and named.stdout == folders.stdout
    assert named.stdout.startswith(
        "From 2015-01-01 to 2015-03-01: 10 difference(s).\n\nearning.yaml\n  Base miles: no longer: "
    )


def test_the_folder_of_a_program_stands_for_its_newest_edition(heron: Path) -> None:
    change(heron, {"copy": "editions/2024-01-01", "to": "editions/2025-01-01"})
    told = run(str(heron / "editions" / "2024-01-01"), str(heron)).stdout
    assert told == "From 2024-01-01 to 2025-01-01: no difference.\n"


def test_equal_editions_say_so() -> None:
    assert (
        run("2012-01-01", "2012-01-01", "--program", "united-2012").stdout == "From 2012-01-01 to 2012-01-01: no difference.\n"
    )


def test_the_command_as_json() -> None:
    told: Any = json.loads(run("2015-01-01", "2015-03-01", "--program", "united-2012", "--json").stdout)
    assert told["before"]["edition"] == "2015-01-01" and len(told["changes"]) == 10
    only = next(one for one in told["changes"] if one["about"] == "Segment on United")
    assert (only["how"], only["before"], only["after"]) == ("only for", "carrier: UA, CO or CM", "carrier: UA or CM")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("2019-01-01", "2020-01-02", "--program", "skyway"),
         "There is no edition 2019-01-01 of skyway; allowed: 2020-01-01. Did you mean 2020-01-01?"),
        (("no/such/folder", "2020-01-01"), "There is no edition no/such/folder of skyway; allowed: 2020-01-01."),
        (("2015-01-01", "2015-03-01", "--program", "untied-2012"), "Did you mean united-2012?"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(words: tuple[str, ...], said: str) -> None:
    refused = run(*words)
    assert refused.exit_code == 2 and said in refused.stderr
