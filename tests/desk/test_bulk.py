"""One act for the members of a file: tried, asked for, done by the job, once each whatever is killed. On both databases."""

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from loyalty.audit.queries import verify
from loyalty.audit.tables import AuditLine
from loyalty.benefits.tables import BenefitGrant
from loyalty.desk import bulk as many_rows
from loyalty.desk import bulk_rows
from loyalty.desk.approvals import Asked
from loyalty.desk.bulk import Many
from loyalty.desk.files import read_rows
from loyalty.errors import Refused
from loyalty.jobs import bulk as job
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Result, RunKey
from tests.desk.counter import Counter, counter
from tests.jobs import orbit


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def file(tmp_path: Path, *rows: str, header: str = "number,unit,amount") -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return path


def sent(
    desk: Counter, path: Path, name: str = "supervisor", key: str = "b", act: str = "points.adjust", **for_all: str
) -> tuple[int, Asked | None]:
    many, who = Many(act, read_rows(path, for_all), "goodwill", key), desk.who(name)
    with desk.deployment.store.transaction() as session:
        made, asked = many_rows.submit_bulk(session, desk.deployment.program, desk.deployment.roles, who, many, desk.now)
        return made.bulk_id, asked


def run(desk: Counter) -> Result:
    key = RunKey("bulk", desk.now, desk.now.date())
    return job.bulk(desk.deployment, key, desk.now, 1, lambda *_: None)


def states(desk: Counter, bulk_id: int) -> dict[str, int]:
    with desk.deployment.store.reading() as session:
        return {state: count for state, count in bulk_rows.progress_of(session, bulk_id).items() if count}


def test_a_dry_run_tells_each_row_and_writes_nothing_and_the_job_does_the_same(desk: Counter, tmp_path: Path) -> None:
    path, before = file(tmp_path, "M,stars,10", "nobody,stars,10", "N,moons,1"), desk.rows()
    many = Many("points.adjust", read_rows(path, {}), "goodwill", "dry run")
    tried = list(many_rows.try_rows(desk.deployment.store, desk.deployment.program, desk.who("supervisor"), many, desk.now))
    assert desk.rows() == before
    assert [one.refusal and one.refusal.code for one in tried] == [None, "unknown_member", "unknown_unit"]
    bulk_id, asked = sent(desk, path)
    assert asked is None and sent(desk, path) == (bulk_id, None)
    with pytest.raises(Refused) as refusal:
        sent(desk, file(tmp_path, "M,stars,11"))
    assert refusal.value.code == "key_reused"
    assert (run(desk).status, states(desk, bulk_id)) == ("done", {"done": 1, "refused": 2})
    line = desk.lines()[-1]
    assert (line.act, line.actor, line.key, line.reason) == (
        "points.adjust",
        "supervisor@house.example",
        "b line 2",
        "goodwill",
    )
    assert tried[0].done is not None and json.loads(line.what)["after"] == tried[0].done.after
    with desk.deployment.store.reading() as session:
        errors = list(csv.reader(io.StringIO("".join(bulk_rows.errors_of(session, bulk_rows.bulk_of(session, bulk_id))))))
    assert [row[:3] for row in errors] == [
        ["line", "number", "error"], ["3", "nobody", "There is no member nobody."],
        ["4", "N", "There is no unit moons; allowed: stars, km."],
    ]  # fmt: skip


def test_above_a_size_another_approves_and_both_stand_in_each_line(desk: Counter, tmp_path: Path) -> None:
    path = file(tmp_path, *["M"] * 20, "N", header="number")
    bulk_id, asked = sent(desk, path, act="note.add", text="Called about the strike.")
    assert asked is not None
    with pytest.raises(Refused) as refusal:  # nobody lets run what nobody has tried
        desk.approve("loyalty_manager", asked.approval_id)
    assert refusal.value.code == "bulk_untried"
    lines = len(desk.lines())
    assert (run(desk).items, states(desk, bulk_id), len(desk.lines())) == (21, {"todo": 21}, lines)
    desk.now = desk.now.replace(minute=1)
    assert run(desk).items == 0  # once
    for name, code in (("supervisor", "own_approval"), ("other", "no_approver"), ("auditor", "no_approver")):
        with pytest.raises(Refused) as refusal:
            desk.approve(name, asked.approval_id)
        assert refusal.value.code == code
    desk.approve("loyalty_manager", asked.approval_id)
    desk.now = desk.now.replace(hour=13)
    assert (run(desk).changes, states(desk, bulk_id)) == (21, {"done": 21})
    what = json.loads(desk.lines()[-1].what)
    assert (what["asked_by"], what["approved_by"]) == ("supervisor@house.example", "loyalty_manager@house.example")


def test_a_row_beyond_the_limit_makes_all_be_asked_for_and_roles_without_the_act_are_refused(
    desk: Counter, tmp_path: Path
) -> None:
    assert sent(desk, file(tmp_path, "M,stars,50001", "N,stars,1"), key="large")[1] is not None
    for name in ("agent", "auditor"):
        with pytest.raises(Refused) as refusal:
            sent(desk, file(tmp_path, "M,stars,1"), name, key=name)
        assert refusal.value.code == "not_allowed"


@pytest.mark.parametrize(("text", "told"), [
    ("name\nM\n", "Field number is missing; allowed: a column of this name."),
    ("number,unit,amount\nM,stars\n", "Field line 2: found another number of columns; allowed: as many as the header has."),
    ("number,unit,amount\nM,stars,1\n,stars,1\n", "Field number in line 3 is missing; allowed: a member number."),
    ("number,unit,amount\nM,stars,1\nN,stars,x\n", "Field amount in line 3: found 'x'"),
    ("number,unit,amount,amout\nM,stars,1,1\n", "Field amout in line 2 is unknown"),
    ("number,unit,amount\n", "Field rows is missing; allowed: at least one."),
])  # fmt: skip
def test_a_bad_file_is_refused_with_its_line(desk: Counter, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(Refused) as refusal:
        sent(desk, path)
    assert str(refusal.value).startswith(told)


def test_a_bulk_that_is_killed_goes_on_and_does_each_row_once(desk: Counter, tmp_path: Path) -> None:
    numbers = [f"B{n:03}" for n in range(40)]
    orbit.enrolled(desk.deployment, numbers)
    path = file(tmp_path, *(f"{number},pass" for number in numbers), header="number,what")
    bulk_id, asked = sent(desk, path, act="benefit.grant")
    assert asked is not None
    run(desk)
    desk.approve("loyalty_manager", asked.approval_id)
    process = orbit.start(desk.deployment, "run", "bulk", "--now")
    while states(desk, bulk_id).get("done", 0) < 10:
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert 10 <= states(desk, bulk_id)["done"] < 40
    code, _, err = orbit.run(desk.deployment, "run", "bulk", "--now")
    assert (code, states(desk, bulk_id)) == (0, {"done": 40}), err
    with desk.deployment.store.reading() as session:
        lines = select(func.count()).select_from(AuditLine).where(AuditLine.act == "benefit.grant")
        assert session.scalar(lines) == 40 and verify(session).fault == ""
        assert session.scalar(select(func.count()).select_from(BenefitGrant)) == 40
