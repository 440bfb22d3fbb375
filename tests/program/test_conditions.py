"""Conditions: every word, at and beside its limit, and what becomes of missing values."""

from typing import Any

import pytest

from loyalty.program.conditions import compile_condition
from loyalty.program.models import ActivityKind, Attribute
from loyalty.program.scope import Case, Scope, scope_of

KIND = ActivityKind.model_validate_json("""{"name": {"en": "flight"}, "fields": {
    "carrier": {"type": "text", "one_of": ["HR", "PX", "NO"]}, "seat": {"type": "text"}, "distance": {"type": "integer"},
    "weight": {"type": "decimal", "decimals": 3}, "fare": {"type": "money"}, "departs": {"type": "day"},
    "night": {"type": "flag"}}}""")
ATTRIBUTES = {"club": Attribute(type="text"), "staff": Attribute(type="flag"), "children": Attribute(type="integer")}
TIERS = ("member", "silver", "gold", "patron")
SCOPE: Scope = scope_of(KIND, TIERS, ATTRIBUTES, 2)


def refuse(way: Any, message: str) -> None:
    raise AssertionError(f"{way}: {message}")


def holds(condition: Any, **given: Any) -> bool:
    """Whether a condition holds where these values are given, in smallest steps, and no others; the tier is member."""
    fields = tuple(given.get(name) for name in KIND.fields)
    case: Case = (fields, TIERS.index(given.get("tier", "member")), tuple(given.get(name) for name in ATTRIBUTES))
    return compile_condition(condition, SCOPE, (), refuse)(case)


@pytest.mark.parametrize(
    ("condition", "given", "expected"),
    [
        # equal
        ({"carrier": "HR"}, {"carrier": "HR"}, True),
        ({"carrier": "HR"}, {"carrier": "PX"}, False),
        ({"seat": "12A"}, {"seat": "12a"}, False),
        ({"distance": 500}, {"distance": 500}, True),
        ({"distance": 500}, {"distance": 501}, False),
        ({"weight": "1.5"}, {"weight": 1500}, True),
        ({"fare": 99}, {"fare": 9900}, True),
        ({"fare": 99}, {"fare": 99}, False),  # 99 cents
        ({"night": True}, {"night": True}, True),
        ({"night": False}, {"night": True}, False),
        ({"night": False}, {"night": False}, True),
        ({"departs": "2024-02-29"}, {"departs": "2024-02-29"}, True),
        ({"tier": "gold"}, {"tier": "gold"}, True),
        ({"tier": "gold"}, {"tier": "patron"}, False),
        ({"member.club": "blue"}, {"club": "blue"}, True),
        ({"member.staff": True}, {"staff": False}, False),
        ({"member.children": 2}, {"children": 2}, True),
        # one of
        ({"carrier": ["HR", "NO"]}, {"carrier": "NO"}, True),
        ({"carrier": ["HR", "NO"]}, {"carrier": "PX"}, False),
        ({"carrier": {"one_of": ["HR", "NO"]}}, {"carrier": "HR"}, True),
        ({"carrier": {"one_of": ["HR", "NO"]}}, {"carrier": "PX"}, False),
        ({"tier": ["member", "gold"]}, {"tier": "silver"}, False),
        ({"tier": ["member", "gold"]}, {"tier": "member"}, True),
        ({"distance": [100, "200"]}, {"distance": 200}, True),
        # order
        ({"distance": {"at_least": 500}}, {"distance": 500}, True),
        ({"distance": {"at_least": 500}}, {"distance": 499}, False),
        ({"distance": {"above": 500}}, {"distance": 500}, False),
        ({"distance": {"above": 500}}, {"distance": 501}, True),
        ({"distance": {"at_most": 500}}, {"distance": 500}, True),
        ({"distance": {"at_most": 500}}, {"distance": 501}, False),
        ({"distance": {"below": 500}}, {"distance": 500}, False),
        ({"distance": {"below": 500}}, {"distance": 499}, True),
        ({"distance": {"at_least": -5}}, {"distance": -5}, True),
        ({"distance": {"at_least": 500, "below": 1000}}, {"distance": 999}, True),
        ({"distance": {"at_least": 500, "below": 1000}}, {"distance": 1000}, False),
        ({"distance": {"at_least": 500, "below": 1000}}, {"distance": 499}, False),
        ({"distance": {"above": 1, "at_most": 9, "one_of": [3, 20]}}, {"distance": 3}, True),
        ({"distance": {"above": 1, "at_most": 9, "one_of": [3, 20]}}, {"distance": 20}, False),
        ({"fare": {"at_least": "99.50"}}, {"fare": 9950}, True),
        ({"fare": {"at_least": "99.50"}}, {"fare": 9949}, False),
        ({"weight": {"below": "0.001"}}, {"weight": 0}, True),
        ({"departs": {"at_least": "2024-12-09"}}, {"departs": "2024-12-10"}, True),
        ({"departs": {"below": "2024-12-10"}}, {"departs": "2024-12-10"}, False),
        ({"departs": {"at_most": "2024-12-10"}}, {"departs": "0999-12-31"}, True),
        ({"tier": {"at_least": "silver"}}, {"tier": "silver"}, True),
        ({"tier": {"at_least": "silver"}}, {"tier": "patron"}, True),
        ({"tier": {"at_least": "silver"}}, {"tier": "member"}, False),
        ({"tier": {"below": "gold"}}, {"tier": "silver"}, True),
        ({"tier": {"above": "gold"}}, {"tier": "gold"}, False),
        ({"member.children": {"at_least": 1}}, {"children": 0}, False),
        # present
        ({"seat": {"present": True}}, {"seat": "12A"}, True),
        ({"seat": {"present": False}}, {"seat": "12A"}, False),
        ({"distance": {"present": True}}, {"distance": 0}, True),
        ({"night": {"present": True}}, {"night": False}, True),
        ({"tier": {"present": True}}, {}, True),
        # the keys of one block are all required
        ({"carrier": "HR", "distance": 5}, {"carrier": "HR", "distance": 5}, True),
        ({"carrier": "HR", "distance": 5}, {"carrier": "HR", "distance": 6}, False),
        ({"carrier": "HR", "distance": 5, "night": True}, {"carrier": "HR", "distance": 5, "night": False}, False),
        # all, any, not
        ({"all": [{"seat": "1A"}, {"distance": {"above": 1}}, {"fare": 1}]}, {"seat": "1A", "distance": 5, "fare": 100}, True),
        ({"all": [{"seat": "1A"}, {"distance": {"above": 1}}, {"fare": 1}]}, {"seat": "1A", "distance": 5}, False),
        ({"any": [{"carrier": "HR"}, {"distance": 5}]}, {"carrier": "PX", "distance": 5}, True),
        ({"any": [{"carrier": "HR"}, {"distance": 5}]}, {"carrier": "PX", "distance": 6}, False),
        ({"any": [{"carrier": "HR"}]}, {"carrier": "HR"}, True),
        ({"not": {"carrier": "HR"}}, {"carrier": "PX"}, True),
        ({"not": {"carrier": "HR"}}, {"carrier": "HR"}, False),
        ({"not": {"carrier": "HR", "distance": 5}}, {"carrier": "HR", "distance": 6}, True),  # not both
        ({"not": {"not": {"carrier": "HR"}}}, {"carrier": "HR"}, True),
        ({"not": {"any": [{"carrier": "HR"}, {"distance": 5}]}}, {"carrier": "PX", "distance": 6}, True),
        ({"carrier": "HR", "any": [{"distance": 5}, {"all": [{"night": True}, {"not": {"seat": "1A"}}]}]},
         {"carrier": "HR", "distance": 6, "night": True, "seat": "1B"}, True),
        ({"carrier": "HR", "any": [{"distance": 5}, {"all": [{"night": True}, {"not": {"seat": "1A"}}]}]},
         {"carrier": "HR", "distance": 6, "night": True, "seat": "1A"}, False),
    ],
)  # fmt: skip
def test_a_condition_holds_of_what_it_says(condition: Any, given: dict[str, Any], expected: bool) -> None:
    assert holds(condition, **given) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"carrier": "HR"},
        {"seat": ["12A", "12B"]},
        {"night": True},
        {"night": False},
        {"distance": 0},
        {"distance": {"at_least": 0}},
        {"distance": {"at_most": 0}},
        {"fare": {"below": 1}},
        {"weight": {"above": -1}},
        {"departs": {"at_most": "9999-12-31"}},
        {"member.club": "blue"},
        {"member.children": {"below": 99}},
        {"member.staff": False},
        {"seat": {"present": True}},
    ],
)
def test_a_comparison_with_a_missing_value_is_false_and_not_turns_it_round(condition: Any) -> None:
    assert holds(condition) is False
    assert holds({"not": condition}) is True


def test_what_is_missing_is_not_present() -> None:
    assert holds({"seat": {"present": False}})
    assert not holds({"not": {"member.club": {"present": False}}})


@pytest.mark.parametrize("money, cents", [(0, 5), (2, 500), (3, 5000)])
def test_money_has_the_decimals_of_the_program(money: int, cents: int) -> None:
    test = compile_condition({"fare": 5}, scope_of(KIND, TIERS, ATTRIBUTES, money), (), refuse)
    assert test(((None, None, None, None, cents, None, None), 0, (None, None, None)))
