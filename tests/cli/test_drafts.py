"""Drafts by command: the same operations as the pages, with one of the staff as author."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from loyalty.access.staff import Hired, add
from loyalty.audit.chain import Actor
from loyalty.cli import main
from loyalty.jobs.deployment import Deployment
from tests.conftest import NOON
from tests.insight.test_backtest import MILES, populated
from tests.web.program_desk import easier, few_scenarios, zipped

Deploy = Callable[..., Deployment]
BY, OTHER = ("--author", "first@house.example"), ("--author", "second@house.example")


@pytest.fixture
def call(deploy: Deploy, tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    config = few_scenarios(tmp_path / "config")
    deployment = deploy("skyway", config)
    populated(deployment, MILES)
    with deployment.store.transaction() as session:
        for name, role in (("first", "loyalty_manager"), ("second", "loyalty_manager"), ("agent", "agent")):
            wanted = Hired(f"{name}@house.example", name, (role,), name)
            add(session, deployment.roles, Actor("command", "command"), wanted, NOON)
    monkeypatch.setenv("LOYALTY_DATABASE_URL", database_url)
    monkeypatch.setenv("LOYALTY_CONFIG", str(config))
    monkeypatch.setattr("loyalty.clock.now", lambda: NOON)

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, list(words), catch_exceptions=False)
        assert result.exit_code == code, result.output
        return result.stdout if code == 0 else result.stderr

    return run


def test_a_draft_goes_its_way_by_command(call: Any, tmp_path: Path) -> None:
    packed = tmp_path / "edition.zip"
    packed.write_bytes(zipped(easier()))
    words = ("program", "drafts", "add", str(packed), "--from", "2026-06-20", "--note", "N", "--key", "K")
    assert "agent" not in call(*words, "--author", "agent@house.example", code=2)
    kept = json.loads(call(*words, *BY, "--json"))
    assert kept["draft"] == 1 and kept["begins"] == "2026-06-20"
    folder = tmp_path / "drafted"
    folder.mkdir()
    for name, text in easier(40_000).items():
        (folder / name).write_text(text, encoding="utf-8")
    more = ("--from", "2026-07-01", "--note", "N", "--key", "K2", *BY)
    assert "Draft 2, from 2026-07-01" in call("program", "drafts", "add", str(folder), *more)
    (folder / "ladder.yaml").write_text("tiers: {", encoding="utf-8")
    bad = call("program", "drafts", "add", str(folder), *more[:-4], "--key", "K3", *BY, code=2)
    assert "2026-07-01/ladder.yaml:2:1: this is not YAML" in bad
    listed = json.loads(call("program", "drafts", "list", "--json"))
    assert [(row["draft"], row["published"]) for row in listed] == [(2, None), (1, None)]
    publish = ("program", "publish", "1", "--reason", "R", "--key", "P")
    assert "is first to be tried" in call(*publish, *BY, code=2)
    assert "The job trials does it" in call("program", "drafts", "try", "1", *BY).replace("the job", "The job")
    assert "one at a time" in call("program", "drafts", "try", "2", *BY, code=2)
    call("run", "trials", "--now")
    told = json.loads(call("program", "drafts", "trial", "1", "--json"))
    assert (told["state"], told["kinds"]["rise"], told["failed"]) == ("done", 2, 1)
    assert "FAILED skyway/scenarios/gold.yaml" in call("program", "drafts", "trial", "1")
    rows = list(csv.DictReader(io.StringIO(call("program", "drafts", "moves", "1"))))
    assert [(row["number"], row["move"], row["then"]) for row in rows] == [("M005", "rise", "gold"), ("M006", "rise", "gold")]
    assert "do not allow" in call(*publish, "--author", "agent@house.example", code=2)
    assert "It waits for approval 1." in call(*publish, *BY)
    assert "Nobody decides" in call("desk", "approve", "1", *BY, code=2)
    call("desk", "approve", "1", *OTHER)
    assert "2026-06-20" in call("program", "drafts", "list")
    shutil.rmtree(folder)
    assert "is done already" in call("program", "drafts", "stop", "1", *BY, code=2)
