"""Segments: who is meant by tier, attribute and days of enrolment, on both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loyalty.errors import Refused
from loyalty.insight.segments import Segment, numbers_of
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, enrol, leave
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers
from tests.conftest import NOON, day
from tests.jobs import orbit

ATTRIBUTES = "    seat: {type: text, one_of: [window, aisle]}\n"
MEMBERS: dict[str, dict[str, Any]] = {
    "A": {"seat": "window", "age": 5, "vip": True}, "B": {"seat": "aisle", "vip": False}, "C": {"club": 'Zürich "1"'},
    "D": {}, "LEFT": {"seat": "window"}, "LATER": {"seat": "window"},
}  # fmt: skip


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Deployment:
    folder = orbit.config(tmp_path / "config")
    file = folder / "programs" / "orbit" / "program.yaml"
    file.write_text(file.read_text().replace(ATTRIBUTES, f"{ATTRIBUTES}    club: {{type: text}}\n"), encoding="utf-8")
    made = deploy("orbit", config=folder)
    with made.store.transaction() as session:
        wanted = [
            Enrolment(NOON.date() + timedelta(days=9) if number == "LATER" else day(f"202{n}-03-01"), number, attributes=about)
            for n, (number, about) in enumerate(MEMBERS.items())
        ]
        answers = enrol(session, made.program, wanted, NOON)
        open_standings(session, [(one.member_id, who.enrolled_on) for one, who in zip(answers, wanted, strict=True)])  # type: ignore[misc]
        leave(session, "LEFT", day("2026-01-01"))
        settle(session, made.program, list(lock_numbers(session, list(MEMBERS)).values()), NOON)
    orbit.travelled(made, "B", "T", "2026-03-01", 180)
    return made


def of(deployment: Deployment, most: int = 100, **said: Any) -> list[str]:
    with deployment.store.reading() as session:
        return numbers_of(session, deployment.program, Segment(**said), NOON.date(), most)


@pytest.mark.parametrize(("said", "found"), [
    ({"attribute": "seat", "value": "window"}, "A"),
    ({"attribute": "age", "value": "5"}, "A"),
    ({"attribute": "vip", "value": "true"}, "A"),
    ({"attribute": "vip", "value": "false"}, "B"),
    ({"attribute": "vip", "value": ""}, "CD"),
    ({"attribute": "club", "value": 'Zürich "1"'}, "C"),
    ({"tiers": ("low",)}, "B"),
    ({"tiers": ("ground",)}, "ACD"),
    ({"tiers": ("ground", "low")}, "ABCD"),
    ({"enrolled_from": day("2021-03-01")}, "BCD"),
    ({"enrolled_through": day("2021-03-01")}, "AB"),
    ({"enrolled_from": day("2020-03-02"), "enrolled_through": day("2022-02-28"), "tiers": ("low",)}, "B"),
    ({"enrolled_from": day("2021-03-01"), "attribute": "seat", "value": "window"}, ""),
])  # fmt: skip
def test_who_meets_all_that_is_said_and_is_a_member_today(deployment: Deployment, said: dict[str, Any], found: str) -> None:
    assert of(deployment, **said) == list(found)


def test_no_more_than_one_beyond_the_most_are_read(deployment: Deployment) -> None:
    assert of(deployment, 2, tiers=("ground", "low")) == ["A", "B", "C"]


@pytest.mark.parametrize(("said", "code"), [
    ({}, "missing_field"), ({"tiers": ("hihg",)}, "unknown_tier"), ({"attribute": "sete", "value": "x"}, "unknown_field"),
    ({"attribute": "seat", "value": "wing"}, "bad_field"), ({"attribute": "age", "value": "old"}, "bad_field"),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(deployment: Deployment, said: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        of(deployment, **said)
    assert refusal.value.code == code


def test_a_segment_tells_what_it_says() -> None:
    whole = Segment(("low",), "seat", "window", day("2021-03-01"), day("2022-03-01"))
    assert whole.told == {"tiers": ["low"], "attribute": "seat", "value": "window", "enrolled_from": "2021-03-01",
                          "enrolled_through": "2022-03-01"}  # fmt: skip
    assert replace(whole, tiers=(), attribute="").told.keys() == {"enrolled_from", "enrolled_through"}
