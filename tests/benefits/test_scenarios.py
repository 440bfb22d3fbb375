"""The words of scenarios for entitlements, played on both databases; what they expect must be able to fail."""

from pathlib import Path

import pytest
import yaml

from loyalty.jobs.scenarios import play
from loyalty.program.scenarios import ScenarioFailed, scenarios_of
from tests.benefits import entitled
from tests.benefits.entitled import Deploy
from tests.jobs import orbit

FILE = Path(__file__).parent / "scenarios.yaml"
ALL = yaml.safe_load(FILE.read_text())


@pytest.mark.parametrize("n", range(len(ALL)), ids=[one["scenario"][:60] for one in ALL])
def test_scenario(deploy: Deploy, tmp_path: Path, n: int) -> None:
    config = orbit.config(tmp_path / "config", ladder=entitled.LADDER, benefits=entitled.BENEFITS)
    folder = config / "programs" / "orbit" / "scenarios"
    folder.mkdir()
    (folder / "all.yaml").write_text(FILE.read_text())
    deployment = deploy("orbit", config=config)
    scenario = list(scenarios_of(folder.parent))[n]
    with deployment.store.transaction() as session:
        if "fails" in scenario.name:
            with pytest.raises(ScenarioFailed):
                play(session, deployment.program, scenario)
        else:
            play(session, deployment.program, scenario)
