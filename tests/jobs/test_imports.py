"""Files read in: what is taken, what is told, what a kill leaves, on both databases."""

import gzip
import json
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from loyalty.earning.tables import Activity
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.imports import Job, Tally, run_import
from loyalty.ledger.tables import Entry
from loyalty.members.mapping import ActivitiesMapping, Column, MappingFile, MembersMapping, Reversals
from loyalty.members.tables import Member
from tests.conftest import NOON

FIELDS = {name: name for name in ("carrier", "origin", "destination", "distance", "booking_class")}
FLIGHTS = MappingFile(
    program="skyway",
    activities=ActivitiesMapping(
        source="desk", key=("id",), member="member", kind="flight", on="on", fields=dict(FIELDS),
        reversals=Reversals(column="type", values=("refund",)),
    ),
)  # fmt: skip
MEMBERS = MappingFile(
    program="skyway", members=MembersMapping(number="no", enrolled_on=Column(column="since", format="%d.%m.%Y"))
)
HEADER = "id,type,member,on,carrier,origin,destination,distance,booking_class\n"


def flight(number: int, key: str, kind: str = "flight", distance: int | str = 1000, member: str = "") -> str:
    return f"{key},{kind},{member or f'M{number}'},2026-05-01,SK,ORD,DEN,{distance},Y\n"


def take(deployment: Deployment, mapping: MappingFile, path: Path, dry_run: bool = False, chunk: int = 50) -> Tally:
    job = Job("test", mapping, path, path.with_suffix(".rejected"), dry_run)
    return run_import(deployment, job, NOON, lambda _done: None, chunk)


def rejected(path: Path) -> list[tuple[int, str]]:
    file = path.with_suffix(".rejected")
    return [(line["line"], line["code"]) for line in map(json.loads, file.read_text().splitlines())] if file.exists() else []


def counts(deployment: Deployment) -> tuple[int, int, int]:
    with deployment.store.reading() as session:
        tables = (Member, Activity, Entry)
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)  # type: ignore[return-value]


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Deployment:
    deployment = deploy()
    path = tmp_path / "members.csv"
    path.write_text("no,since\n" + "".join(f"M{n},31.12.2025\n" for n in range(20)), encoding="utf-8-sig")
    assert take(deployment, MEMBERS, path).posted == 20
    return deployment


def test_a40_a_repeated_document_and_an_orphan_return_are_told_by_line(desk: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "flights.csv"
    lines = [flight(1, "a"), flight(1, "a"), flight(1, "a", distance=900), flight(2, "gone", "refund"), flight(3, "b"),
             flight(3, "b", "refund"), flight(4, "c", distance="far"), flight(0, "d", member="X"), "short,row\n"]  # fmt: skip
    path.write_text(HEADER + "".join(lines))
    before = counts(desk)
    trial = take(desk, FLIGHTS, path, dry_run=True)
    assert counts(desk) == before
    told = [(4, "key_reused"), (5, "unknown_activity"), (8, "bad_field"), (9, "unknown_member"), (10, "bad_row")]
    assert rejected(path) == told
    assert (trial.read, trial.posted, trial.repeated, trial.rejected, trial.repeated_lines) == (9, 3, 1, 5, [3])
    done = take(desk, FLIGHTS, path)
    assert vars(done) == vars(trial) and rejected(path) == told
    again = take(desk, FLIGHTS, path)
    assert (again.posted, again.repeated, again.rejected) == (0, 4, 5)


def test_packed_and_ndjson_files_read_as_plain_ones(desk: Deployment, tmp_path: Path) -> None:
    packed = tmp_path / "flights.csv.gz"
    packed.write_bytes(gzip.compress((HEADER + flight(1, "z")).encode()))
    assert take(desk, FLIGHTS, packed).posted == 1
    lines = tmp_path / "flights.ndjson"
    row = {"id": "n1", "type": "flight", "member": "M1", "on": "2026-05-01", **dict.fromkeys(FIELDS, "x"), "distance": 700}
    row |= {"carrier": "SK", "booking_class": "Y"}
    lines.write_text(json.dumps(row) + "\nnot json\n[1]\n" + json.dumps({**row, "id": "n2", "distance": 700.5}) + "\n")
    told = take(desk, FLIGHTS.model_copy(update={"format": "ndjson"}), lines)
    assert (told.posted, told.rejected) == (1, 3)
    assert rejected(lines) == [(2, "bad_row"), (3, "bad_row"), (4, "bad_field")]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"id,member\n", "no column"), (b"\xff\xfe\n", "not UTF-8"), (b"\x1f\x8bnothing", "broken gzip"),
     (HEADER.encode().replace(b"id,", b"id,id,"), "stands twice")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_at_all_is_refused(desk: Deployment, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "flights.csv"
    path.write_bytes(content)
    with pytest.raises(Refused, match=words):
        take(desk, FLIGHTS, path)


def test_rows_that_repeat_and_are_real_are_kept_by_their_row(desk: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "flights.csv"
    path.write_text(HEADER + flight(1, "same") * 3)
    about = FLIGHTS.activities
    assert about is not None
    by_row = FLIGHTS.model_copy(update={"activities": about.model_copy(update={"key": "row", "reversals": None})})
    assert take(desk, by_row, path).posted == 3
    assert take(desk, by_row, path).repeated == 3


def test_members_with_other_data_under_their_number_are_rejected_row_by_row(desk: Deployment, tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("no,since\nM1,31.12.2025\nM2,01.01.2024\n,01.01.2024\nM99,yesterday\nM77,01.02.2026\n")
    told = take(desk, MEMBERS, path)
    assert (told.posted, told.repeated, rejected(path)) == (1, 1, [(3, "member_exists"), (4, "bad_row"), (5, "bad_row")])


def test_an_import_killed_at_any_moment_goes_on_to_the_same_end(desk: Deployment, tmp_path: Path, database_url: str) -> None:
    path = tmp_path / "flights.csv"
    rows = [flight(n % 20, f"k{n}", distance="far" if n % 97 == 0 else 500 + n) for n in range(3000)]
    path.write_text(HEADER + "".join(rows))
    code = f"""
from pathlib import Path
from tests.jobs.test_imports import FLIGHTS, take
from loyalty.jobs.deployment import Deployment
from loyalty.settings import Settings
deployment = Deployment(Settings(database_url={database_url!r}, config={desk.settings.config!r}))
import loyalty.jobs.imports as imports
note = imports._note
def told(*given):
    note(*given); print(given[2].read, flush=True)
imports._note = told
take(deployment, FLIGHTS, Path({str(path)!r}))
"""
    here = Path(__file__).parent.parent.parent
    chance = random.Random(7)
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=here)
        assert process.stdout is not None
        after = chance.randrange(3, 12)
        for n, _line in enumerate(process.stdout):
            if n >= after:
                process.send_signal(signal.SIGKILL)
                break
        process.wait()
        process.stdout.close()
    told = take(desk, FLIGHTS, path)
    assert (told.read, told.posted, told.repeated, told.rejected) == (3000, 2969, 0, 31)
    assert [line for line, _code in rejected(path)] == [n + 2 for n in range(0, 3000, 97)]
    assert counts(desk)[1] == 2969
    assert take(desk, FLIGHTS, path).repeated == 2969
