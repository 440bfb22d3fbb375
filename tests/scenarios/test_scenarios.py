"""Every scenario of every program shipped, on both databases."""

from collections.abc import Callable

import pytest

from loyalty.jobs.deployment import Deployment, find_program, program_names
from loyalty.jobs.scenarios import play
from loyalty.program.scenarios import Scenario, scenarios_of
from loyalty.settings import Settings

SETTINGS = Settings()
ALL = [
    pytest.param(name, scenario, id=f"{name}: {scenario.case or scenario.name}")
    for name in program_names(SETTINGS)
    for scenario in scenarios_of(SETTINGS.config_folder / "programs" / name)
]


@pytest.mark.parametrize(("name", "scenario"), ALL)
def test_scenario(deploy: Callable[..., Deployment], name: str, scenario: Scenario) -> None:
    deployment = deploy(name)
    with deployment.store.transaction() as session:
        play(session, deployment.program, scenario)


def test_every_program_has_scenarios() -> None:
    without = [name for name in program_names(SETTINGS) if not list(scenarios_of(find_program(SETTINGS, name).folder))]
    assert without == []
