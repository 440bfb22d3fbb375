"""Earn lines: each step, each rounding, exact to the last digit, and explained as they were judged."""

import json
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.program.load import Edition
from loyalty.program.models import ActivityKind, Attribute, EarnLine, Table, Unit
from loyalty.program.scope import Case, scope_of
from loyalty.program.steps import CompiledLine, Setting, compile_line, steps_said

TIERS = ("member", "silver", "gold", "patron")
KIND = ActivityKind.model_validate_json("""{"name": {"en": "flight"}, "fields": {
    "distance": {"type": "integer", "optional": true}, "weight": {"type": "decimal", "decimals": 3, "optional": true},
    "fare": {"type": "money", "optional": true}, "cabin": {"type": "text", "one_of": ["economy", "business"]}}}""")
CLUB = {"club": Attribute(type="text")}
TABLES = {
    "cabin": Table.model_validate_json('{"by": ["cabin"], "rows": {"economy": 50, "business": "150.5"}}'),
    "tier_cabin": Table.model_validate_json('{"by": ["tier", "cabin"], "rows": {"gold": {"business": 3}}, "otherwise": 1}'),
}


def line(*steps: dict[str, Any], decimals: int = 0, when: Any = None) -> CompiledLine:
    """The earn line of these steps on a flight, for a unit of so many decimals."""

    def refuse(way: Any, message: str) -> None:
        raise AssertionError(f"{way}: {message}")

    spelt = {"id": "line", "name": {"en": "line"}, "unit": "points", "activity": "flight", "steps": steps, "when": when}
    unit = Unit(kind="points", name={"en": "points"}, decimals=decimals)
    setting = Setting({"points": unit}, TABLES, {"flight": scope_of(KIND, TIERS, CLUB)}, refuse)
    compiled = compile_line(EarnLine.model_validate_json(json.dumps(spelt)), setting, ())
    assert compiled is not None
    return compiled


def flight(distance: int | None = None, tier: str = "member", club: str | None = None, **given: Any) -> Case:
    """A flight as rules see it; weight in thousandths, fare in cents."""
    fields = (distance, given.get("weight"), given.get("fare"), given.get("cabin", "economy"))
    return (fields, TIERS.index(tier), (club,))


# --- rounding ---------------------------------------------------------------------------------------------------

ROUNDINGS = {  #        half_up, half_even, down, up
    "0":               (0, 0, 0, 0),
    "0.001":           (0, 0, 0, 1),
    "0.499":           (0, 0, 0, 1),
    "0.5":             (1, 0, 0, 1),
    "0.501":           (1, 1, 0, 1),
    "0.999":           (1, 1, 0, 1),
    "1":               (1, 1, 1, 1),
    "1.5":             (2, 2, 1, 2),
    "2.5":             (3, 2, 2, 3),
    "3.5":             (4, 4, 3, 4),
    "-0.001":          (0, 0, 0, -1),
    "-0.5":            (-1, 0, 0, -1),
    "-0.501":          (-1, -1, 0, -1),
    "-1":              (-1, -1, -1, -1),
    "-1.499":          (-1, -1, -1, -2),
    "-1.5":            (-2, -2, -1, -2),
    "-2.5":            (-3, -2, -2, -3),
    "999999999999.5":  (10**12, 10**12, 10**12 - 1, 10**12),
}  # fmt: skip


@pytest.mark.parametrize(("weight", "expected"), ROUNDINGS.items())
def test_rounding(weight: str, expected: tuple[int, ...]) -> None:
    case = flight(weight=int(Decimal(weight) * 1000))
    modes = ("half_up", "half_even", "down", "up")
    assert tuple(line({"field": "weight"}, {"round": mode}).amount(case) for mode in modes) == expected


@pytest.mark.parametrize(("mode", "tenths"), [("half_up", 13), ("half_even", 12), ("down", 12), ("up", 13)])
def test_rounding_is_to_the_smallest_step_of_the_unit(mode: str, tenths: int) -> None:
    assert line({"field": "weight"}, {"round": mode}, decimals=1).amount(flight(weight=1250)) == tenths


def test_rounding_in_the_middle_is_not_undone() -> None:
    steps = [{"field": "weight"}, {"round": "half_up"}, {"rate": 3}]
    assert line(*steps).amount(flight(weight=1500)) == 6


# --- each step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "case", "expected"),
    [
        ([{"field": "distance"}], flight(337), 337),
        ([{"field": "distance"}], flight(None), 0),  # a missing number counts as 0
        ([{"amount": 7}], flight(None), 7),
        ([{"amount": 0}], flight(9), 0),
        ([{"field": "distance"}, {"minimum": 500}], flight(499), 500),
        ([{"field": "distance"}, {"minimum": 500}], flight(500), 500),
        ([{"field": "distance"}, {"minimum": 500}], flight(501), 501),
        ([{"field": "distance"}, {"minimum": 0}], flight(5), 5),
        ([{"field": "distance"}, {"maximum": 500}], flight(501), 500),
        ([{"field": "distance"}, {"maximum": 500}], flight(499), 499),
        ([{"field": "distance"}, {"minimum": "0.5"}, {"rate": 2}], flight(0), 1),
        ([{"field": "distance"}, {"rate": 3}], flight(7), 21),
        ([{"field": "distance"}, {"rate": 0}], flight(7), 0),
        ([{"field": "distance"}, {"percent": 200}], flight(7), 14),
        ([{"field": "distance"}, {"bonus": 100}], flight(7), 14),
        ([{"field": "distance"}, {"bonus": 0}], flight(7), 7),
        ([{"field": "distance"}, {"bonus": -100}], flight(7), 0),
        ([{"field": "distance"}, {"percent": 125}, {"round": "down"}], flight(7), 8),
        ([{"field": "distance"}, {"bonus": 25}, {"round": "down"}], flight(7), 8),
        ([{"field": "distance"}, {"percent": "12.5"}, {"round": "up"}], flight(9), 2),
        ([{"field": "fare"}, {"percent": 50}, {"round": "half_up"}], flight(fare=1999), 10),
        # the order of the steps is the order of the sums: 337 miles, minimum 500, 150 % = 750, and not 506
        ([{"field": "distance"}, {"minimum": 500}, {"percent": 150}, {"round": "down"}], flight(337), 750),
        ([{"field": "distance"}, {"percent": 150}, {"minimum": 500}, {"round": "down"}], flight(337), 505),
        # figures that depend
        ([{"amount": 1}, {"rate": {"tier": {"gold": 2, "patron": 3}, "otherwise": 1}}], flight(tier="patron"), 3),
        ([{"amount": 1}, {"rate": {"tier": {"gold": 2, "patron": 3}, "otherwise": 1}}], flight(tier="silver"), 1),
        ([{"amount": 1}, {"rate": {"member": "club", "values": {"blue": 5}, "otherwise": 2}}], flight(club="blue"), 5),
        ([{"amount": 1}, {"rate": {"member": "club", "values": {"blue": 5}, "otherwise": 2}}], flight(club="red"), 2),
        ([{"amount": 1}, {"rate": {"member": "club", "values": {"blue": 5}, "otherwise": 2}}], flight(club=None), 2),
        ([{"amount": 200}, {"percent": {"table": "cabin"}}, {"round": "up"}], flight(cabin="economy"), 100),
        ([{"amount": 200}, {"percent": {"table": "cabin"}}, {"round": "up"}], flight(cabin="business"), 301),
        ([{"amount": 1}, {"rate": {"table": "tier_cabin"}}], flight(tier="gold", cabin="business"), 3),
        ([{"amount": 1}, {"rate": {"table": "tier_cabin"}}], flight(tier="gold", cabin="economy"), 1),
        ([{"amount": 1}, {"rate": {"table": "tier_cabin"}}], flight(tier="silver", cabin="business"), 1),
        ([{"amount": 1}, {"rate": {"table": "tier_cabin", "otherwise": 9}}], flight(), 9),  # the line's own rest
        ([{"field": "distance"}, {"minimum": {"tier": {"member": 0}, "otherwise": 500}}], flight(337), 337),
        ([{"field": "distance"}, {"minimum": {"tier": {"member": 0}, "otherwise": 500}}], flight(337, "silver"), 500),
    ],
)  # fmt: skip
def test_a_step_does_what_its_name_says(steps: list[dict[str, Any]], case: Case, expected: int) -> None:
    assert line(*steps).amount(case) == expected


@pytest.mark.parametrize(("distance", "expected"), [(None, 4), (-1, 4), (199, 4), (200, 3), (399, 3), (400, 1), (10**9, 1)])
def test_a_band_holds_below_its_limit(distance: int | None, expected: int) -> None:
    band = {"band": "distance", "rows": [{"below": 200, "value": 4}, {"below": 400, "value": 3}, {"value": 1}]}
    assert line({"amount": 1}, {"rate": band}).amount(flight(distance)) == expected


def test_the_limits_of_a_band_stand_in_the_field_s_own_decimals() -> None:
    band = {"band": "fare", "rows": [{"below": "99.50", "value": 2}, {"value": 1}]}
    assert [line({"amount": 1}, {"rate": band}).amount(flight(fare=cents)) for cents in (9949, 9950)] == [2, 1]


@pytest.mark.parametrize(
    "steps",
    [
        [{"field": "distance"}, {"percent": 300}],
        [{"field": "distance"}, {"percent": 10}, {"rate": 10}],
        [{"field": "fare"}, {"rate": 100}],  # a point for each cent
        [{"amount": "2.5"}, {"rate": {"tier": {"gold": 4}, "otherwise": 2}}],
        [{"field": "distance"}, {"bonus": {"tier": {"gold": 100}, "otherwise": 0}}],
    ],
)
def test_what_is_whole_for_every_case_needs_no_rounding(steps: list[dict[str, Any]]) -> None:
    plain, rounded = line(*steps), line(*steps, {"round": "up"})
    for case in (flight(7, fare=123), flight(7, "gold", fare=123)):
        assert plain.amount(case) == rounded.amount(case) > 0


# --- caps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "used", "expected"),
    [(400, 0, 400), (1000, 0, 1000), (1001, 0, 1000), (400, 600, 400), (400, 601, 399), (400, 1000, 0), (400, 1200, 0),
     (400, -300, 400), (1500, -300, 1300)],
)  # fmt: skip
def test_a_cap_leaves_what_its_window_has_room_for(given: int, used: int, expected: int) -> None:
    capped = line({"field": "distance"}, {"cap": {"amount": 1000, "per": "calendar_year"}})
    assert capped.amount(flight(given), used) == expected


def test_a_cap_counts_in_the_unit_and_not_in_its_smallest_step() -> None:
    capped = line({"field": "distance"}, {"cap": {"amount": "10.5", "per": "lifetime"}}, decimals=1)
    assert [capped.amount(flight(50), used) for used in (0, 100, 105)] == [105, 5, 0]


# --- exactness ------------------------------------------------------------------------------------------------------

numbers = st.decimals(-1000, 1000, places=4).map(lambda number: format(number, "f")) | st.integers(-(10**6), 10**6)
figures = numbers | st.builds(
    lambda values, rest: {"tier": values, "otherwise": rest}, st.dictionaries(st.sampled_from(TIERS), numbers), numbers
)
modes = st.sampled_from(("half_up", "half_even", "down", "up"))
steps_between = st.one_of(
    *(
        st.builds(lambda figure, verb=verb: {verb: figure}, figures)
        for verb in ("minimum", "maximum", "rate", "percent", "bonus")
    ),
    st.builds(lambda mode: {"round": mode}, st.sampled_from(("half_up", "half_even", "down", "up"))),
)
BY_HAND: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "minimum": max,
    "maximum": min,
    "rate": lambda value, figure: value * figure,
    "percent": lambda value, figure: value * figure / 100,
    "bonus": lambda value, figure: value + value * figure / 100,
}


def rounded(value: Fraction, mode: str, decimals: int) -> Fraction:
    """To so many decimals, by Python's own fractions."""
    scaled, sign = abs(value) * 10**decimals, -1 if value < 0 else 1
    whole = {"half_up": math.floor(scaled + Fraction(1, 2)), "half_even": round(scaled), "down": math.floor(scaled),
             "up": math.ceil(scaled)}[mode]  # fmt: skip
    return Fraction(sign * whole, 10**decimals)


def by_hand(steps: list[dict[str, Any]], first: Fraction, tier: str, decimals: int) -> Fraction:
    """What the steps give, in fractions."""
    value = first
    for step in steps:
        ((verb, figure),) = step.items()
        if isinstance(figure, dict):
            figure = figure["tier"].get(tier, figure["otherwise"])
        value = rounded(value, figure, decimals) if verb == "round" else BY_HAND[verb](value, Fraction(str(figure)))
    return value


@settings(deadline=None)
@given(
    st.lists(steps_between, max_size=6),
    st.integers(-(10**9), 10**9),
    st.sampled_from(TIERS),
    st.integers(0, 4),
    modes,
)
def test_any_chain_of_steps_is_exact(steps: list[Any], weight: int, tier: str, decimals: int, mode: str) -> None:
    chain = [*steps, {"round": mode}]
    compiled = line({"field": "weight"}, *chain, decimals=decimals)
    case = flight(weight=weight, tier=tier)
    expected = by_hand(chain, Fraction(weight, 1000), tier, decimals)
    assert Fraction(compiled.amount(case), 10**decimals) == expected
    said = steps_said(compiled, case, 0)
    values = [by_hand(chain[:n], Fraction(weight, 1000), tier, decimals) for n in range(len(chain) + 1)]
    assert [Fraction(value) for _, _, value in said] == values  # the last is the amount that is posted


# --- explanation ----------------------------------------------------------------------------------------------------


def test_an_explanation_tells_each_step_with_its_figure_and_ends_with_the_amount(edition: Edition) -> None:
    (distance,) = [line for line in edition.kinds["flight"].lines if line.id == "distance"]
    case = (("HR", "business", 137, None, None, "2024-06-01", None, False, None), 2, ("blue", False, None))
    assert steps_said(distance, case, 0) == [
        ("field", "distance", Decimal(137)),
        ("minimum", "250", Decimal(250)),
        ("rate", "1.5", Decimal(375)),
        ("bonus", "50", Decimal("562.5")),
        ("maximum", "20000", Decimal("562.5")),
        ("round", "half_up", Decimal("562.5")),
    ]
    assert distance.amount(case) == 5625


def test_an_explanation_of_a_capped_line_tells_the_room_that_was_left(edition: Edition) -> None:
    (shop,) = edition.kinds["purchase"].lines
    case = ((12345,), 0, (None, None, None))  # 123.45 euros at 50 %, down to a tenth
    assert steps_said(shop, case, 9500) == [
        ("field", "amount", Decimal("123.45")),
        ("percent", "50", Decimal("61.725")),
        ("round", "down", Decimal("61.7")),
        ("cap", "1000 per calendar_month", Decimal(50)),
    ]
    assert shop.amount(case, 9500) == 500


def test_an_explanation_has_all_digits_of_a_long_fraction() -> None:
    rate = "1.000000001"
    compiled = line({"field": "distance"}, *[{"rate": rate}] * 5, {"round": "half_up"})
    assert steps_said(compiled, flight(1_000_001), 0)[5][2] == Decimal("1000001.005000005010000010010000010005000005001000001")


# --- what a line asks for -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "when", "asks"),
    [
        ([{"amount": 1}], None, False),
        ([{"amount": 1}, {"rate": {"table": "cabin"}}, {"round": "up"}], {"cabin": "economy"}, False),
        ([{"amount": 1}, {"rate": {"table": "tier_cabin"}}], None, True),
        ([{"amount": 1}, {"rate": {"tier": {"gold": 2}, "otherwise": 1}}], None, True),
        ([{"amount": 1}], {"tier": "gold"}, True),
        ([{"amount": 1}], {"any": [{"cabin": "economy"}, {"not": {"all": [{"tier": {"below": "gold"}}]}}]}, True),
    ],
)
def test_a_line_knows_whether_it_asks_for_the_tier(steps: list[dict[str, Any]], when: Any, asks: bool) -> None:
    assert line(*steps, when=when).asks_tier is asks
