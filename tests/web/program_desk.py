"""A program desk to test against: a console of Skyway with few scenarios, members with miles, and drafts of it."""

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.insight.trial_tables import DraftTrial
from loyalty.jobs.runs import Result, RunKey
from loyalty.jobs.trials import trials
from tests.conftest import ROOT
from tests.web.console import Console, hidden, post

#: Gold takes 50,000 miles in force.
GOLD = "qualifying_miles: 50000"
SCENARIOS = """
- scenario: Fifty thousand miles reach Gold
  given: [{enrolled: 2026-01-01}]
  when: [{earns: {on: 2026-03-01, qualifying_miles: 50000, own_segments: 4}}]
  then: [{on: 2026-03-01, tier: gold}]
- scenario: From June 20 on forty-five thousand miles are Silver
  given: [{enrolled: 2026-01-01}]
  when: [{earns: {on: 2026-03-01, qualifying_miles: 45000, own_segments: 4}}]
  then: [{on: 2026-06-21, tier: silver}]
"""


def few_scenarios(folder: Path) -> Path:
    """The configuration, with Skyway's scenarios replaced by two; the second does not hold where Gold takes less."""
    shutil.copytree(ROOT / "config", folder)
    scenarios = folder / "programs" / "skyway" / "scenarios"
    shutil.rmtree(scenarios)
    scenarios.mkdir()
    (scenarios / "gold.yaml").write_text(SCENARIOS, encoding="utf-8")
    return folder


def edition(*changes: tuple[str, str, str]) -> dict[str, str]:
    """The files of Skyway's edition, changed: (file, text, other text)."""
    folder = ROOT / "config" / "programs" / "skyway" / "editions" / "2020-01-01"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    for file, text, other in changes:
        assert text in texts[file]
        texts[file] = texts[file].replace(text, other)
    return texts


def easier(least: int = 45_000) -> dict[str, str]:
    """An edition in which Gold takes so many miles."""
    return edition(("ladder.yaml", GOLD, f"qualifying_miles: {least}"))


def zipped(texts: Mapping[str, str], folder: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in texts.items():
            archive.writestr(f"{folder}{name}", text)
    return packed.getvalue()


def sent(
    client: FlaskClient, files: list[tuple[str, bytes]], begins: str = "2026-06-20", note: str = "why", key: str = ""
) -> Any:
    """What the form of a draft is answered."""
    key = key or hidden(client.get("/staff/program/drafts/new").text, "key")
    data = {"begins": begins, "note": note, "key": key, "files": [(io.BytesIO(content), name) for name, content in files]}
    return post(client, "/staff/program/drafts/new", data, content_type="multipart/form-data")


def drafted(client: FlaskClient, texts: Mapping[str, str], begins: str = "2026-06-20", **more: str) -> int:
    """The number of a draft that was kept."""
    answer = sent(client, [("edition.zip", zipped(texts))], begins, **more)
    assert answer.status_code == 303, answer.text
    return int(answer.location.rpartition("/")[2])


def tried(console: Console, client: FlaskClient, draft: int, begins: str = "") -> int:
    """The number of a trial that was asked for and done."""
    answer = post(client, f"/staff/program/drafts/{draft}/trials", {"begins": begins})
    assert answer.status_code == 303, answer.text
    trial = int(answer.location.rpartition("/")[2])
    assert run(console).status == "done"
    with console.deployment.store.reading() as session:
        assert session.scalars(select(DraftTrial.state).where(DraftTrial.trial_id == trial)).one() == "done"
    return trial


def run(console: Console, workers: int = 1) -> Result:
    """The job."""
    console.later(seconds=1)
    key = RunKey("trials", console.now, console.deployment.today(console.now))
    return trials(console.deployment, key, console.now, workers, lambda _done, _total: None)


def proposed(client: FlaskClient, draft: int, reason: str = "decided by the board") -> Any:
    """What asking for a draft to be published is answered."""
    page = client.get(f"/staff/program/drafts/{draft}").text
    key = hidden(page, "key") if 'name="key"' in page else "a key of its own"
    return post(client, f"/staff/program/drafts/{draft}/publish", {"reason": reason, "key": key})
