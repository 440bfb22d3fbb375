"""The word `benefits` of scenarios, on the program of tests/program with its chart. On both databases."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from loyalty.jobs.deployment import Deployment
from loyalty.jobs.scenarios import play
from loyalty.program.scenarios import Scenario, ScenarioFailed
from tests.program.conftest import BASE, PROMISED

Play = Callable[[str], None]
#: Enrolled on January 1; Silver from May 1; Gold from June 1 to the end of March 2025.
STEPS = yaml.safe_load("""
- enrolled: "2024-01-01"
- earns: {"on": "2024-05-01", flights: 25}
- earns: {"on": "2024-06-01", miles: 60000}
""")


@pytest.fixture
def plays(deploy: Callable[..., Deployment], tmp_path: Path) -> Play:
    """Plays the life above and holds it against lines of `then`."""
    heron = Path(shutil.copytree(BASE, tmp_path / "config" / "programs" / "heron"))
    for file in PROMISED.iterdir():
        shutil.copy(file, heron / "editions" / "2024-01-01")
    deployment = deploy("heron", tmp_path / "config")

    def run(then: str) -> None:
        lines: list[Any] = yaml.load(then, Loader=yaml.SafeLoader)
        with deployment.store.transaction() as session:
            play(session, deployment.program, Scenario("a life", "", "a file", tuple(STEPS), tuple(lines)))
            session.rollback()

    return run


def test_what_a_tier_gives_on_its_days(plays: Play) -> None:
    plays("""
    - {"on": "2024-01-01", benefits: {bags: 1, lounge: none, change_fee: {under_21_days: "75.50", over_21_days: 50}}}
    - {"on": "2024-05-01", tier: silver, benefits: {bags: 2, seats: window, upgrade_window: {business: 24h, first: none}}}
    - {"on": "2024-06-01", tier: gold, benefits: {lounge: true, guests: 1, boarding: 1, vouchers: {voucher: 2}, at_once: [Y]}}
    - {"on": "2024-06-01", benefits: {upgrade_window: {first: day_of_service}, change_fee: {over_21_days: 0}, taxi: 2}}
    - {"on": "2025-03-31", benefits: {lounge: true}}
    - {"on": "2025-04-01", tier: member, benefits: {lounge: none, bags: 1}}
    - {"on": "2023-12-31", tier: none, benefits: {bags: none}}
    """)


def test_the_better_of_the_days_of_booking_and_of_use_where_the_benefit_says_so(plays: Play) -> None:
    plays("""
    - {"on": "2024-05-15", benefits: {bags: 2}}
    - {"on": "2024-06-15", booked: "2024-05-15", benefits: {bags: 3, lounge: true}}
    - {"on": "2025-05-15", booked: "2025-01-15", benefits: {bags: 3, lounge: none}}
    """)


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("{benefits: {bags: 4}}", "2024-06-01: benefits: expected {'bags': '4'}, found {'bags': '3'}"),
        ("{benefits: {lounge: none}}", "expected {'lounge': 'none'}, found {'lounge': 'true'}"),
        ("{benefits: {at_once: [Y, B]}}", r"expected {'at_once': \['Y', 'B'\]}, found {'at_once': \['Y'\]}"),
        ("{benefits: {bagz: 4}}", "benefits: bagz is unknown; allowed: lounge, guests, bags, .*Did you mean bags?"),
        ("{benefits: {change_fee: 0}}", "change_fee: found none; allowed: a block by notice, under_21_days, over_21_days"),
        ("{benefits: {change_fee: {under_7: 0}}}", "change_fee: found under_7; allowed: a block by notice"),
        ("{benefitz: {bags: 3}}", "allowed: on, who, at, tier"),
    ],
)
def test_what_is_not_so_is_told(plays: Play, then: str, said: str) -> None:
    with pytest.raises(ScenarioFailed, match=said):
        plays(f"- {{'on': '2024-06-01', {then[1:]}")
