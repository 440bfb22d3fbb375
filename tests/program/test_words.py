"""Ladders told in words that a member would read: those of language.yaml against words.txt, and the rarer words one by one."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty.program import ladder_words
from loyalty.program.ladder import LadderFile
from loyalty.program.ladder_checks import check_ladder
from loyalty.program.load import parse
from loyalty.program.models import ProgramFile, UnitsFile
from loyalty.program.names import names_of
from loyalty.program.reader import read
from loyalty.program.values import Part
from loyalty.program.windows import Validity, Window
from loyalty.program.words import Words, condition, validity, window

HERE = Path(__file__).parent
TEXTS = yaml.safe_load((HERE / "language.yaml").read_text(encoding="utf-8"))
SAID = (HERE / "words.txt").read_text(encoding="utf-8").split("---\n")


def file(shape: type[Part], text: str) -> Any:
    document = read("a file", text)
    part = parse(document, shape)
    assert document.problems == []
    return part


UNITS = file(UnitsFile, TEXTS["units.yaml"][0])
ATTRIBUTES = file(ProgramFile, TEXTS["program.yaml"][0]).members.attributes


@pytest.mark.parametrize(("text", "said"), list(zip(TEXTS["ladder.yaml"], SAID, strict=True)), ids=range(len(SAID)))
def test_a_ladder_is_told_in_words(text: str, said: str) -> None:
    words = Words(file(LadderFile, text), UNITS)
    told = [*map(words.whole, words.ladder.tiers), *ladder_words.lines(words)]
    assert told == said.strip().splitlines()


@pytest.mark.parametrize("text", TEXTS["ladder.yaml"], ids=range(len(SAID)))
def test_every_ladder_of_the_examples_is_free_of_problems(text: str) -> None:
    problems: list[Any] = []
    ladder = file(LadderFile, text)
    check_ladder(ladder, names_of(ladder, UNITS, ATTRIBUTES, lambda *told: problems.append(told)))
    assert problems == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"months": 12}, "calendar years"),
        ({"months": 1}, "calendar months"),
        ({"months": 24}, "24 months from January 1"),
        ({"months": 24, "every": 12}, "24 months from January 1, again every 12 months"),
        ({"months": 12, "begins": "enrolment"}, "12 months from the day of enrolment"),
        ({"months": 1, "begins": "enrolment_month"}, "1 month from the month of enrolment"),
        ({"months": 12, "begins": "tier_change"}, "12 months from each change of tier"),
        ({"days": 365, "every": "day"}, "the 365 days that end with any day of activity"),
        ({"months": 12, "before_end": 0}, "the 12 months that end in the month in which the tier ends"),
        ({"months": 12, "closes_after": 1}, "calendar years (what comes in more than 1 day late is left out)"),
    ],
)
def test_windows(given: dict[str, Any], said: str) -> None:
    assert window(Window(**given)) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"months": 1}, "for 1 month"),
        ({"months": 12, "whole_months": True}, "for 12 months, to the end of that month"),
        ({"window_end": 2}, "to the end of 2 windows later"),
        ({"through_end_of": {"month": 3, "years_after": 0}}, "through the end of March of the same year"),
        ({"through_end_of": {"month": 3, "years_after": 7}}, "through the end of March of the year 7 years after"),
        ({"months": 12, "from_end": {"months": 6}}, "for 12 months; who holds it already, at least 6 months from its end"),
    ],
)
def test_validity(given: dict[str, Any], said: str) -> None:
    assert validity(Validity(**given)) == said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"member.club": ["blue", "green"], "member.staff": True}, "club: blue or green, staff: yes"),
        ({"member.children": {"at_least": 1, "below": 4}}, "children: at least 1 and below 4"),
        ({"member.club": {"present": False}}, "club: not known"),
        ({"member.home_club": {"one_of": ["blue"]}}, "home club: blue"),
        ({"not": {"member.staff": True}}, "not (staff: yes)"),
        ({"any": [{"member.club": "blue"}, {"member.staff": True}]}, "(club: blue or staff: yes)"),
        ({"all": [{"member.club": "blue"}, {"member.staff": {"present": True}}]}, "(club: blue and staff: known)"),
    ],
)
def test_conditions(given: dict[str, Any], said: str) -> None:
    assert condition(given) == said
