"""The public data set reproduced to the last half point, on both databases; skipped where the data are not here."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from loyalty.earning.queries import export as export_entries
from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.imports import Job, Tally, run_import
from loyalty.members.mapping import load_mapping
from loyalty.status.queries import export as export_members
from tests.conftest import NOON, SHARED, day

DATA = SHARED / "data" / "northern-lights"
MEMBERS, ACTIVITY = DATA / "customer_loyalty_history.csv.gz", DATA / "customer_flight_activity.csv.gz"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the Northern Lights data are not here")


def taken(deployment: Deployment, name: str, path: Path, folder: Path) -> Tally:
    mapping = load_mapping(deployment.settings.config_folder / "imports", name)
    return run_import(deployment, Job(name, mapping, path, folder / "rejects"), NOON, lambda _done: None)


def rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_earns_what_the_data_say_and_the_ladder_stands_as_it_did(
    deploy: Callable[..., Deployment], tmp_path: Path
) -> None:
    deployment = deploy("northern-lights")
    told = taken(deployment, "northern-lights-members", MEMBERS, tmp_path)
    assert (told.read, told.posted, told.rejected) == (16_737, 16_737, 0)
    told = taken(deployment, "northern-lights-activities", ACTIVITY, tmp_path)
    assert (told.read, told.posted, told.repeated, told.rejected) == (392_936, 392_936, 0, 0)
    _equal_to_the_file(deployment)
    told = taken(deployment, "northern-lights-activities", ACTIVITY, tmp_path)
    assert (told.posted, told.repeated) == (0, 392_936)
    _equal_to_the_file(deployment)
    for at in ("2017-12-31", "2018-12-31"):
        (result,) = recalculate.by_hand(deployment, day(at), False, NOON, 1, lambda _a, _b: None)
        assert result.status == "done"
    _ladder_of_2017(deployment)
    assert recalculate.verify(deployment, lambda _a, _b: None).differences == []


def _equal_to_the_file(deployment: Deployment) -> None:
    found: dict[str, tuple[str, Decimal]] = {}
    with deployment.store.reading() as session:
        for text in export_entries(session, deployment.program, "points"):
            line = json.loads(text)
            assert line["key"] not in found
            found[line["key"]] = (line["member"], Decimal(line["amount"]))
    total = Decimal(0)
    for number, row in enumerate(rows(ACTIVITY), 1):
        wanted = Decimal(row["Points Accumulated"])
        member, amount = found.get(str(number), (row["Loyalty Number"], Decimal(0)))
        assert (member, amount) == (row["Loyalty Number"], wanted), number
        total += amount
    assert total == Decimal("796548992.5")


def _ladder_of_2017(deployment: Deployment) -> None:
    chosen = {
        row["Loyalty Number"]
        for row in rows(MEMBERS)
        if (int(row["Enrollment Year"]), int(row["Enrollment Month"])) <= (2017, 1) and not row["Cancellation Year"]
    }
    with deployment.store.reading() as session:
        lines = [json.loads(text) for text in export_members(session, day("2017-12-31"))]
    counts = Counter(line["tier"] for line in lines if line["number"] in chosen)
    assert counts == {"member": 859, "star": 4602, "nova": 3711, "aurora": 627, "corona": 57}
    assert sum(counts.values()) == 9_856
