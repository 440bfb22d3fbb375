"""The text of a rules file: YAML 1.2 scalars, and the place of every value."""

from typing import Any

import pytest

from loyalty.program.reader import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),  # Norway, and half of the booleans of YAML 1.1
        ("off", "off"),
        ("y", "y"),
        ("12:30", "12:30"),  # 750 in YAML 1.1
        ("190:20:30", "190:20:30"),
        ("2024-01-31", "2024-01-31"),  # a date in YAML 1.1
        ("1_000", "1_000"),
        ("0x1F", "0x1F"),
        ("1.2.3", "1.2.3"),
        ("<<", "<<"),
        ("010", 10),  # 8 in YAML 1.1
        ("+7", 7),
        ("-7", -7),
        ('"7"', "7"),
        ('"1.5"', "1.5"),
        ("'true'", "true"),
        ("TRUE", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", None),
        ("nUll", "nUll"),
        ("tRue", "tRue"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    document = read("file", f"key: {text}\n")
    assert (document.value, document.problems) == ({"key": value}, [])
    assert type(document.value["key"]) is type(value)


def test_keys_are_text_whatever_they_look_like() -> None:
    document = read("file", "{1: a, 1.5: b, true: c, NO: d, 12:30: e, ~: f}")
    assert (list(document.value), document.problems) == (["1", "1.5", "true", "NO", "12:30", "~"], [])


def test_a_key_of_yaml_1_1_merges_nothing() -> None:
    assert read("file", "<<: {a: 1}\nb: 2\n").value == {"<<": {"a": 1}, "b": 2}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    document = read("file", "\ufeffbase: member\n")
    assert (document.value, document.problems) == ({"base": "member"}, [])


def test_every_value_and_key_has_its_place() -> None:
    document = read("file", "tiers:\n  - id: gold\n    reach: [{miles: 5}, {flights: 7}]\n")
    assert document.place(("tiers", 0, "reach", 1, "flights")) == (3, 35)
    assert document.place(("tiers", 0, "reach", 1, "flights"), at_key=True) == (3, 26)
    assert document.place(("tiers", 0, "id")) == (2, 9)


def test_a_path_that_the_file_lacks_has_the_place_of_its_nearest_parent() -> None:
    document = read("file", "tiers:\n  - id: gold\n")
    assert document.place(("tiers", 0, "keep", 3, "miles")) == document.place(("tiers", 0)) == (2, 5)
    assert document.place(("window",)) == (1, 1)


@pytest.mark.parametrize("opened", ["[", "- ", "{a: "])
def test_brackets_without_number_are_refused_before_they_are_built(opened: str) -> None:
    (problem,) = read("file", opened * 50_000).problems
    assert problem.message == "nested more than 60 deep"
