"""A valid program as read: its editions, its order of tiers, its hash."""

import pickle
from datetime import date
from graphlib import CycleError
from pathlib import Path

import pytest

from loyalty.program.load import load, merged_order
from loyalty.program.problems import Problem, ProgramInvalid

EDITION = "editions/2024-01-01"


def change(program: Path, file: str, replace: str, by: str) -> None:
    """Replace a text of a file that stands there once."""
    text = (program / file).read_text(encoding="utf-8")
    assert text.count(replace) == 1
    (program / file).write_text(text.replace(replace, by), encoding="utf-8")


def hash_of(program: Path) -> str:
    return load(program).editions[0].hash


def test_a_valid_program_loads(heron: Path) -> None:
    program = load(heron)
    (edition,) = program.editions
    assert (program.id, str(program.zone), program.tiers) == ("heron", "Europe/Paris", ("member", "silver", "gold", "patron"))
    assert (edition.name, edition.begins) == ("2024-01-01", date(2024, 1, 1))
    assert {kind: [line.id for line in compiled.lines] for kind, compiled in edition.kinds.items()} == {
        "flight": ["distance", "club", "short_haul", "miles", "flights"],
        "purchase": ["shop"],
    }


def test_a_country_and_a_time_of_day_stay_text(heron: Path) -> None:
    change(heron, f"{EDITION}/earning.yaml", "carrier: HR\n", "carrier: NO\n      checked_in: 12:30\n")
    short_haul = load(heron).editions[0].earning.lines[2]
    assert short_haul.when is not None
    assert (short_haul.when["carrier"], short_haul.when["checked_in"]) == ("NO", "12:30")


def test_the_edition_of_a_day_is_the_last_that_has_begun(heron: Path) -> None:
    (heron / EDITION).rename(heron / "editions/2024-02-29")
    for begins in ("2025-01-01", "2026-07-15"):
        (heron / "editions" / begins).mkdir()
        for file in (heron / "editions/2024-02-29").iterdir():
            (heron / "editions" / begins / file.name).write_bytes(file.read_bytes())
    program = load(heron)
    asked = ("2024-02-28", "2024-02-29", "2024-12-31", "2025-01-01", "2026-07-14", "2026-07-15", "9999-12-31")
    found = [program.edition_on(date.fromisoformat(day)) for day in asked]
    assert [edition and edition.name for edition in found] == [
        None, "2024-02-29", "2024-02-29", "2025-01-01", "2025-01-01", "2026-07-15", "2026-07-15",
    ]  # fmt: skip


def test_a_kind_whose_condition_asks_for_the_tier_asks_for_it_though_no_line_does(heron: Path) -> None:
    assert not load(heron).editions[0].kinds["purchase"].asks_tier
    change(
        heron, f"{EDITION}/activities.yaml", "    name: {en: purchase", "    earns_when: {tier: gold}\n    name: {en: purchase"
    )
    assert load(heron).editions[0].kinds["purchase"].asks_tier


# --- the hash ---------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_the_content(heron: Path) -> None:
    before = hash_of(heron)
    assert (len(before), hash_of(heron)) == (64, before)


@pytest.mark.parametrize(
    ("file", "replace", "by"),
    [
        ("ladder.yaml", "base: member\n", "# the lowest\nbase:   'member'\n\n"),
        ("ladder.yaml", "{miles: 20000, flights: 4}", '{flights: "4", miles: "20000.00"}'),
        ("earning.yaml", 'economy: {true: "1.25", false: 1}', 'economy: {false: 1, true: "1.25"}'),
        ("earning.yaml", 'amount: "12.5"', 'amount: "12.50"'),
        ("units.yaml", "decimals: 1\n", "decimals: 01\n"),
        ("ladder.yaml", "lapse: fall_to_earned\n", ""),  # what holds without the key
    ],
)
def test_another_spelling_of_the_same_rules_has_the_same_hash(heron: Path, file: str, replace: str, by: str) -> None:
    before = hash_of(heron)
    change(heron, f"{EDITION}/{file}", replace, by)
    assert hash_of(heron) == before


@pytest.mark.parametrize(
    ("file", "replace", "by"),
    [
        ("ladder.yaml", "flights: 25", "flights: 26"),
        ("ladder.yaml", "- {miles: 20000, flights: 4}\n      - {flights: 25}", "- {flights: 25}\n      - {miles: 20000}"),
        ("ladder.yaml", "reversal: keep_until_end", "reversal: strict"),
        ("earning.yaml", "half_up", "half_even"),
        ("earning.yaml", "through: 2024-05-31", "through: 2024-06-30"),
        ("earning.yaml", "carrier: HR\n", "carrier: PX\n"),
        ("activities.yaml", "outside_membership: refuse", "outside_membership: accept"),
        ("units.yaml", "en: feathers", "en: plumes"),
    ],
)
def test_other_rules_have_another_hash(heron: Path, file: str, replace: str, by: str) -> None:
    before = hash_of(heron)
    change(heron, f"{EDITION}/{file}", replace, by)
    assert hash_of(heron) != before


# --- one order of tiers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ladders", "order"),
    [
        (["abc"], "abc"),
        (["ac", "abc"], "abc"),  # a tier comes
        (["abc", "ac"], "abc"),  # a tier goes
        (["abc", "axc"], "axbc"),  # a new tier comes after its lower neighbour
        (["ab", "ac", "abc"], "abc"),  # what the first two leave open the third decides
        (["abd", "acd", "abcd"], "abcd"),
    ],
)
def test_editions_that_agree_have_one_order_of_tiers(ladders: list[str], order: str) -> None:
    assert "".join(merged_order([list(ladder) for ladder in ladders])) == order


@pytest.mark.parametrize("ladders", [["abc", "acb"], ["ab", "bc", "ca"]])
def test_editions_that_contradict_each_other_have_none(ladders: list[str]) -> None:
    with pytest.raises(CycleError):
        merged_order([list(ladder) for ladder in ladders])


# --- problems -------------------------------------------------------------------------------------------------------


def test_problems_travel_between_processes() -> None:
    told = ProgramInvalid([Problem("heron/program.yaml", 4, 7, "zone", "found Paris"), Problem("a", 1, 1, "", "missing")])
    again = pickle.loads(pickle.dumps(told))
    assert str(again) == "a:1:1: missing\nheron/program.yaml:4:7: zone: found Paris"
    assert again.problems == told.problems


def test_the_order_of_words_classes_and_values_is_part_of_the_content(promising: Path) -> None:
    """The later of two words is the better one: turned round, the rules are others. The order of cells means nothing."""
    words = "{window: {en: at the window, fr: côté hublot}, any_seat: {en: any seat, fr: tout siège}}"
    turned = "{any_seat: {en: any seat, fr: tout siège}, window: {en: at the window, fr: côté hublot}}"
    before = hash_of(promising)
    change(promising, f"{EDITION}/benefits.yaml", "cells: {silver: 2, gold: 3}", "cells: {gold: 3, silver: 2}")
    assert hash_of(promising) == before
    change(promising, f"{EDITION}/benefits.yaml", words, turned)
    after = hash_of(promising)
    assert after != before
    economy = "      economy: {en: Economy, fr: Économie}\n"
    change(promising, f"{EDITION}/requests.yaml", economy, "")
    change(
        promising, f"{EDITION}/requests.yaml", "    classes:\n", f"    classes:\n      first_class: {{en: F, fr: F}}\n{economy}"
    )
    assert hash_of(promising) != after
