"""Charts told in words and as data: every kind of value, in the languages of the program; and the command that shows them."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loyalty.cli.main import main
from loyalty.program import promise_words, request_words
from loyalty.program.benefit_words import Telling, plural, telling
from loyalty.program.catalog import Benefit
from loyalty.program.cells import read_value
from loyalty.program.chart_told import chart_told
from loyalty.program.load import Edition
from loyalty.program.words import Words


@pytest.fixture
def english(promised: Edition) -> Telling:
    return telling(promised.chart, promised.head)


@pytest.fixture
def french(promised: Edition) -> Telling:
    return telling(promised.chart, promised.head, "fr")


def of(kind: str, **more: Any) -> Benefit:
    return Benefit.model_validate(
        {"id": "one", "category": "all", "name": {"en": "One"}, "kind": kind, "cells": {"gold": 1}, **more}, strict=False
    )


WORDS = {"words": {"low": {"en": "the lower deck"}, "high": {"en": "the upper deck"}}}


@pytest.mark.parametrize(
    ("benefit", "raw", "said"),
    [
        (of("flag"), True, "yes"),
        (of("count"), 1200, "1,200"),
        (of("count", quota={"per": "calendar_year"}), 2, "2 a calendar year"),
        (of("count", quota={"per": "membership_year"}), 2, "2 a membership year"),
        (of("count", quota={"per": "window"}), 2, "2 in each window of the ladder"),
        (of("percent"), "12.5", "12.5 %"),
        (of("money"), "37.50", "EUR 37.50"),
        (of("money"), 1200, "EUR 1,200"),
        (of("duration"), "48h", "48 hours before"),
        (of("duration"), "1h", "1 hour before"),
        (of("duration"), "0h", "until the start"),
        (of("duration"), "1d", "1 day before"),
        (of("duration"), "30d", "30 days before"),
        (of("duration"), "day_of_service", "day of service"),
        (of("duration"), "any_time", "any time"),
        (of("set"), ["Y", "B"], "B, Y"),
        (of("set", **WORDS), ["high", "low"], "the lower deck, the upper deck"),
        (of("text", **WORDS), "high", "the upper deck"),
        (of("rank"), 1, "1"),
        (of("grant"), {"voucher": 2, "pass": 1}, "2 upgrade vouchers, 1 lounge pass"),
        (of("grant"), {"voucher": 1, "pass": 2, "key_ring": 2}, "1 upgrade voucher, 2 lounge passes, 2 key rings"),
    ],
)
def test_values(english: Telling, benefit: Benefit, raw: Any, said: str) -> None:
    assert english.value(benefit, read_value(benefit, raw)) == said


def test_nothing_is_a_dash(english: Telling) -> None:
    assert english.value(of("flag"), None) == "–"


def test_the_texts_of_the_program_are_told_in_its_languages(french: Telling) -> None:
    chart = french.chart
    assert french.cell(chart.benefits["seats"], "silver") == "côté hublot"
    assert french.cell(chart.benefits["vouchers"], "gold") == "2 × bon de surclassement"
    assert french.text({"en": "only English"}) == "only English"


def test_a_cell_with_a_parameter_is_told_for_each_value_that_it_has(english: Telling) -> None:
    window, fee = english.chart.benefits["upgrade_window"], english.chart.benefits["change_fee"]
    assert english.cell(window, "silver") == "Business 24 hours before"
    assert english.cell(window, "gold") == "Business 72 hours before, First day of service"
    assert english.cell(window, "member") == "–"
    assert english.cell(fee, None) == "under 21 days before EUR 75.50, 21 days before or more EUR 50"


def test_what_the_next_tier_adds(english: Telling) -> None:
    assert english.adds("member", "silver") == [
        "Bags: 2 instead of 1",
        "Change fee, under 21 days before: EUR 50 instead of EUR 75.50",
        "Change fee, 21 days before or more: EUR 25 instead of EUR 50",
        "New: Seats: at the window",
        "New: Boarding group: 2",
        "New: Upgrades confirmed, Business: 24 hours before",
        "New: Free upgrades",
    ]
    assert english.adds("gold", "member")[:2] == ["No longer: Lounge", "No longer: Guests: 1"]
    assert english.adds("gold", "gold") == []


def test_notes(english: Telling) -> None:
    told = {benefit.id: list(english.notes(benefit).values()) for benefit in english.chart.file.benefits}
    assert {name: notes for name, notes in told.items() if notes} == {
        "lounge": ["also for companions, as many as Guests says"],
        "bags": ["by the better of the tiers on the days of booking and of use"],
        "taxi": ["what is left when the tier is lost may be used to the end of the period"],
        "vouchers": ["given by the tier, once in each window of the ladder", "valid for 12 months"],
    }


@pytest.mark.parametrize(
    ("one", "several"),
    [("voucher", "vouchers"), ("pass", "passes"), ("Upgrades", "Upgrades"), ("box", "boxes"), ("lunch", "lunches")],
)
def test_several(one: str, several: str) -> None:
    assert plural(one) == several


def test_what_is_given_beside_the_chart(promised: Edition, english: Telling) -> None:
    words = Words(promised.ladder, promised.units)
    assert [*promise_words.alike(english, words), *promise_words.lines(english, words)] == [
        "Patron has what Gold has, but for Guests, Rides to the airport, Upgrades confirmed and Upgraded at once",
        "upgrade voucher: must hold on the day of the service",
        "lounge pass: must hold on the day on which it is used; one that comes back holds at least 30 days",
        "Treat of the year: each calendar year Gold picks 1 and Patron picks 2 of Passes (4 lounge passes),"
        " Feathers (5,000 feathers) or A voucher (1 upgrade voucher, valid for 6 months, from Gold up),"
        " by March 31 of the same year, else Passes",
        "Spring: 1 lounge pass from March 1, 2024 through May 31, 2024, for Silver or Gold, for members with club: blue",
        "Partner: shares with 1 companion, through January 31 of the next year: who is Gold for life the tier held",
    ]
    assert promise_words.totals(english, words) == "2 categories, 11 benefits, 17 cells (Silver 6, Gold 11)"


def test_what_may_be_asked_for(promised: Edition, english: Telling) -> None:
    told = list(request_words.lines(promised.requests, english, Words(promised.ladder, promised.units)))
    assert told[:4] == ["Upgrade: One cabin up", "  for a flight", "  from Economy to Business", "  from Business to First"]
    assert "  with 1 upgrade voucher for each traveller, confirmed at any time, only for tier: at least Silver" in told
    assert told[-2:] == [
        "  With a voucher: for instrument: upgrade voucher, by tier, the highest first",
        "  All others: by tier, the highest first, then fare class: Y, B, M, then fare, the highest first,"
        " then miles of 12 months, the highest first, then time of the request, the earliest first",
    ]


def test_a_chart_as_data(english: Telling) -> None:
    told = chart_told(english)
    assert json.loads(json.dumps(told)) == told  # nothing but JSON
    assert told["totals"] == {"categories": 2, "benefits": 11, "cells": 17, "per_tier": {"silver": 6, "gold": 11}}
    by_id = {one["id"]: one for category in told["categories"] for one in category["benefits"]}
    assert list(by_id) == [benefit.id for benefit in english.chart.file.benefits]
    assert by_id["upgrade_window"]["values"]["patron"] == {"business": "any_time", "first": "3d"}
    assert by_id["guests"]["values"] == {"gold": 1, "patron": 3}
    assert by_id["change_fee"]["standard"] == {"under_21_days": "75.5", "over_21_days": 50}
    assert by_id["bags"]["words"] == {"member": "1", "silver": "2", "gold": "3", "patron": "3"}
    assert told["like"] == [{"tier": "patron", "as": "gold", "but": ["guests", "taxi", "upgrade_window", "at_once"]}]
    assert told["adds"]["member"] == [] and told["adds"]["patron"][0]["text"] == "Guests: 3 instead of 1"


# --- the command ------------------------------------------------------------------------------------------------


@pytest.fixture
def show(promising: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (promising.parent / "programs").mkdir()
    promising.rename(promising.parent / "programs" / "heron")
    monkeypatch.setenv("LOYALTY_CONFIG", str(promising.parent))

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["program", "show", "heron", *words])

    return run


def test_the_command_prints_the_chart_by_category(show: Any) -> None:
    told = show("--benefits").stdout.splitlines()
    assert told[0] == "Heron Club, edition from 2024-01-01: 2 categories, 11 benefits, 17 cells (Silver 6, Gold 11)"
    table = [" ".join(line.split()) for line in told]
    assert "On the day Member Silver Gold Patron" in table and "Upgrades Member Silver Gold Patron" in table
    assert "Lounge – – yes yes" in table and "Bags 1 2 3 3" in table
    assert table[table.index("Change fee") + 1] == "under 21 days before EUR 75.50 EUR 50 EUR 0 EUR 0"
    assert any(line.startswith("Patron has what Gold has") for line in told)


def test_the_command_prints_one_tier(show: Any) -> None:
    told = show("--benefits", "--tier", "patron").stdout
    assert told.startswith("Patron adds to Gold:\n  Guests: 3 instead of 1\n") and "Patron has:\n  Lounge: yes\n" in told
    assert show("--benefits", "--tier", "member").stdout.startswith("Member has:\n  Bags: 1\n")
    data = json.loads(show("--benefits", "--tier", "patron", "--json").stdout)
    assert (data["tier"], data["below"], data["has"]["guests"]) == ("patron", "gold", "3")
    assert data["adds"][0] == {
        "benefit": "guests", "parameter": None, "how": "better", "before": 1, "after": 3, "text": "Guests: 3 instead of 1",
    }  # fmt: skip


def test_the_command_as_json_and_its_refusals(show: Any, english: Telling) -> None:
    assert json.loads(show("--benefits", "--json").stdout) == {
        "program": "heron",
        "edition": "2024-01-01",
        **chart_told(english),
    }
    wrong = show("--benefits", "--tier", "golden")
    assert wrong.exit_code == 2 and "allowed: member, silver, gold, patron. Did you mean gold?" in wrong.stderr
    assert show("--tier", "gold").exit_code == 2
    assert "What its tiers give (--benefits): 2 categories" in show().stdout


def test_long_texts_go_on_in_further_lines(show: Any, promising: Path) -> None:
    file = promising.parent / "programs" / "heron" / "editions" / "2024-01-01" / "benefits.yaml"
    text = file.read_text(encoding="utf-8").replace("en: any seat,", "en: any seat of the cabin that is not taken by then,")
    file.write_text(
        text.replace("en: Boarding group,", "en: The group with which a member is called to board the aircraft,"),
        encoding="utf-8",
    )
    told = show("--benefits").stdout.splitlines()
    assert max(len(line) for line in told[:25]) < 140
    assert any(line.startswith("    ") and "aircraft" in line for line in told)


def test_an_edition_without_benefits_has_nothing_to_show(heron: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (heron.parent / "programs").mkdir()
    heron.rename(heron.parent / "programs" / "heron")
    monkeypatch.setenv("LOYALTY_CONFIG", str(heron.parent))
    told = CliRunner().invoke(main, ["program", "show", "heron", "--benefits"])
    assert (told.exit_code, told.stdout) == (0, "Heron Club, edition from 2024-01-01: 0 categories, 0 benefits, 0 cells\n")
