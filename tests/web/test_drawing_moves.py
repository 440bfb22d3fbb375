"""The drawing of moves: as thick as many, each with its words, whatever the names of tiers."""

import re
from xml.etree import ElementTree

from loyalty.web.drawing_moves import LEAST_FLOW, TALL, Tier, moves_drawn

TIERS = [Tier("gold", "Gold <&>", "#aa8800", "10", "25"), Tier("silver", "Silver", "#888888", "90", "75")]


def drawn(matrix: dict[tuple[str, str], int]) -> str:
    told = {pair: f"{pair[0]} to {pair[1]}: {count}" for pair, count in matrix.items()}
    return str(moves_drawn(TIERS, matrix, ("Moves", "Left now, right then"), told))


def heights(svg: str) -> dict[str, float]:
    """How thick each band is where it begins."""
    found = {}
    for path, said in re.findall(r'<path class="flow \w+" d="M\d+ ([0-9.]+C[^"]+)Z"><title>([^<]+)', svg):
        found[said] = float(path.split()[-1]) - float(path.partition("C")[0])
    return found


def test_bands_are_as_thick_as_they_are_many_and_say_so() -> None:
    svg = drawn({("gold", "gold"): 5, ("gold", "silver"): 5, ("silver", "gold"): 20, ("silver", "silver"): 70})
    ElementTree.fromstring(svg)
    assert "Gold &lt;&amp;&gt;" in svg and "style" not in svg
    assert re.findall(r'class="flow (\w+)"', svg) == ["stays", "falls", "rises", "stays"]
    found = heights(svg)
    assert found == {
        "gold to gold: 5": 11.0, "gold to silver: 5": 11.0, "silver to gold: 20": 44.0, "silver to silver: 70": 154.0
    }  # fmt: skip
    assert sum(found.values()) == TALL


def test_one_of_a_hundred_thousand_can_be_seen_and_nobody_is_no_drawing() -> None:
    svg = drawn({("silver", "silver"): 100_000, ("silver", "gold"): 1})
    assert heights(svg)["silver to gold: 1"] == LEAST_FLOW
    assert drawn({}) == "" and drawn({("gold", "gold"): 0}) == ""
