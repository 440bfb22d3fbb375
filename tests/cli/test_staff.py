"""The commands of staff, the desk and the audit log, as they are typed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from loyalty.cli import main
from loyalty.desk.acts import ACTS
from loyalty.jobs.deployment import Deployment
from tests.desk.counter import Counter, counter
from tests.jobs import orbit

BY = ("--reason", "asked for by phone", "--author")


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return counter(deploy, tmp_path)


def loyalty(desk: Counter, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env=dict(orbit.environment(desk.deployment)))


def told(desk: Counter, *arguments: str) -> object:
    result = loyalty(desk, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_staff_are_added_listed_given_roles_and_ended(desk: Counter) -> None:
    added = loyalty(desk, "staff", "add", "eve@house.example", "--shown", "Eve", "--role", "agent")
    assert added.stdout.startswith("eve@house.example is staff: agent.\nPassword, told this once: ")
    refused = loyalty(
        desk, "staff", "add", "x@house.example", "--shown", "X", "--role", "agent", "--author", "agent@house.example"
    )
    assert (refused.exit_code, refused.stderr) == (2, "Your roles do not allow this: staff.change.\n")
    by = ("--reason", "promoted", "--author", "administrator@house.example")
    assert loyalty(desk, "staff", "roles", "eve@house.example", "--role", "supervisor", *by).stdout == "Recorded.\n"
    rows = {row["name"]: row for row in told(desk, "staff", "list")}  # type: ignore[attr-defined]
    assert rows["eve@house.example"]["roles"] == ["supervisor"] and len(rows) == 8
    assert told(desk, "staff", "sign-ins", "eve@house.example") == []
    assert loyalty(desk, "staff", "renew", "eve@house.example", "--reason", "lost").stdout.startswith(
        "Password, told this once"
    )
    assert loyalty(desk, "staff", "end", "eve@house.example", "--reason", "left").exit_code == 0
    gone = loyalty(desk, "desk", "act", "M", "note.add", "text=hello", *BY, "eve@house.example", "--key", "k")
    assert (gone.exit_code, gone.stderr) == (2, "eve@house.example is not staff any more.\n")


def test_an_act_is_previewed_done_or_asked_for_and_decided(desk: Counter) -> None:
    act = ("M", "points.adjust", "unit=stars", "amount=6000")
    shown = loyalty(desk, "desk", "preview", *act, *BY, "agent@house.example")
    assert shown.stdout == 'It may be asked for.\n  balances: {"stars": "270"} -> {"stars": "6270"}\n'
    asked = told(desk, "desk", "act", *act, *BY, "agent@house.example", "--key", "k")
    assert asked == {"approval": 1, "fresh": True}
    assert "agent@house.example" in loyalty(desk, "desk", "approvals").stdout
    own = loyalty(desk, "desk", "approve", "1", "--author", "agent@house.example")
    assert (own.exit_code, own.stderr) == (2, "Nobody decides on what they asked for themselves.\n")
    done = loyalty(desk, "desk", "approve", "1", "--author", "supervisor@house.example")
    assert done.stdout == 'Approved.\n  balances: {"stars": "270"} -> {"stars": "6270"}\n'
    no = loyalty(desk, "desk", "act", *act, *BY, "auditor@house.example", "--key", "k2")
    assert (no.exit_code, no.stderr) == (2, "Your roles do not allow this: points.adjust.\n")
    for key in ("a", "b"):
        told(desk, "desk", "act", *act, *BY, "agent@house.example", "--key", key)
    assert loyalty(desk, "desk", "refuse", "2", *BY, "supervisor@house.example").stdout == "Refused.\n"
    assert loyalty(desk, "desk", "withdraw", "3", "--author", "agent@house.example").stdout == "Withdrawn.\n"
    assert told(desk, "desk", "approvals") == []
    assert set(told(desk, "desk", "acts")) == ACTS.keys()  # type: ignore[call-overload]


def test_a_bulk_is_tried_sent_run_and_told(desk: Counter, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("number\nM\nnobody\n")
    many = ("note.add", str(path), "text=Called", *BY, "supervisor@house.example")
    tried = loyalty(desk, "staff", "bulk", "try", *many)
    assert tried.exit_code == 1 and "line 3, nobody: There is no member nobody." in tried.stdout
    sent = told(desk, "staff", "bulk", "send", *many, "--key", "k")
    assert sent == {"bulk": 1, "rows": 2, "approval": None}
    assert loyalty(desk, "run", "bulk", "--now").exit_code == 0
    shown = told(desk, "staff", "bulk", "show", "1")
    assert shown == {
        "bulk": 1,
        "act": "note.add",
        "state": "approved",
        "rows": 2,
        "todo": 0,
        "done": 1,
        "repeated": 0,
        "refused": 1,
    }
    assert "note.add" in loyalty(desk, "staff", "bulk", "list").stdout
    assert (
        loyalty(desk, "staff", "bulk", "errors", "1").stdout.splitlines()[1].startswith("3,nobody,There is no member nobody.")
    )
    assert loyalty(desk, "staff", "bulk", "show", "9").stderr == "There is no bulk 9.\n"


def test_the_audit_log_is_verified_shown_and_exported(desk: Counter) -> None:
    told(desk, "desk", "act", "M", "note.add", "text=hello", *BY, "agent@house.example", "--key", "k")
    lines = loyalty(desk, "audit", "export", "--member", "M").stdout.splitlines()
    assert [json.loads(line)["actor"] for line in lines] == ["agent@house.example"]
    (line,) = told(desk, "audit", "show", "--act", "note.add")  # type: ignore[misc]
    assert (line["member"], line["place"], line["reason"]) == ("M", "command", "asked for by phone")
    verified = loyalty(desk, "audit", "verify")
    assert verified.stdout == f"8 lines in order. Keep: 8:{line['hash']}\n"
    assert loyalty(desk, "audit", "verify", "--kept", f"8:{line['hash']}").exit_code == 0
    with desk.deployment.store.transaction() as session:
        sqlite = session.get_bind().dialect.name == "sqlite"
        session.execute(text("DROP TRIGGER audit_no_update" if sqlite else "ALTER TABLE audit DISABLE TRIGGER USER"))
        session.execute(text("UPDATE audit SET actor = 'someone else' WHERE n = 8"))
        if not sqlite:
            session.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
    forged = loyalty(desk, "audit", "verify")
    assert (forged.exit_code, forged.stderr) == (1, "The audit log is not in order: line 8 is not as it was written.\n")
