"""Commands that change a member leave a line of the audit log in the same transaction, one each; those that do not, none."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from loyalty.audit.queries import verify
from loyalty.care.filing import Contact, set_contact
from loyalty.cli import main
from loyalty.cli.edge import shell
from loyalty.jobs.deployment import Deployment
from tests.desk.counter import Counter, counter, with_requests
from tests.test_migrations import leaves

HAND = ("--author", "ann", "--reason", "asked by phone")
#: What is done to M by each command, first to last; the key of each is its name.
LIFE: tuple[tuple[str, ...], ...] = (
    ("activities add", "M", "trip", "--on", "2026-06-14", "--field", "km=40", "--key", "T2"),
    ("activities correct", "M", "trip", "--on", "2026-06-14", "--field", "km=50", "--key", "T2", "--reason", "typing error"),
    ("activities reverse", "M", "--key", "T2", "--reason", "refund"),
    ("entries adjust", "M", "stars", "5", "--key", "adjust", *HAND),
    ("status grant", "M", "high", "--through", "2026-12-31", "--key", "grant", *HAND),
    ("status revoke", "M", "--grant-key", "grant", "--key", "revoke", *HAND),
    ("benefit grant", "M", "up", "2", "--key", "up", *HAND),
    ("benefit use", "M", "up", "--key", "use", *HAND),
    ("benefit return", "M", "use", "--key", "return", *HAND),
    ("benefit revoke", "M", "--grant-key", "up", "--key", "up revoked", *HAND),
    ("benefit companion", "M", "Ann", "--key", "ann", *HAND),
    ("benefit end", "M", "ann", *HAND),
    ("members attributes", "M", "seat=aisle"),
    ("members change", "M", "--phone", "+49 30 9999"),
    ("members digest", "M", "month"),
    ("requests skip", "M", "W", "--source", "test", *HAND),
    ("requests cancel", "M", "W", "--source", "test", *HAND),
    ("members leave", "M", "--on", "2026-08-20"),
)
#: Commands that change no member, or many: who imports a file is known by the file.
OTHERS = {
    "members show", "members add", "members export", "members import", "activities import", "entries export",
    "requests import", "requests show", "requests of", "requests clear", "cases list", "cases show",
}  # fmt: skip
#: Commands that take what Orbit lacks; they go the same way.
ALIKE = {
    "status offer", "status choose", "status waive", "benefit extend", "benefit pick", "benefit share", "members consent",
    "members link", "requests ask", "requests withdraw", "cases add", "cases answer", "cases close",
}  # fmt: skip


@pytest.fixture
def desk(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    return with_requests(counter(deploy, tmp_path))


def loyalty(desk: Counter, *arguments: str) -> Result:
    settings = desk.deployment.settings
    environ = {"LOYALTY_PROGRAM": "orbit", "LOYALTY_DATABASE_URL": settings.database_url, "LOYALTY_CONFIG": settings.config}
    return CliRunner().invoke(main, arguments, env=environ, catch_exceptions=False)


def test_every_command_that_changes_a_member_is_noted_once(desk: Counter) -> None:
    for command, *arguments in LIFE:
        before = len(desk.lines())
        as_of = ("--at", "2026-06-15 12:00") if command.startswith("requests") else ("--as-of", "2026-06-15")
        for _ in range(2):  # sent twice
            result = loyalty(desk, *command.split(), *arguments, *as_of)
            assert result.exit_code == 0, (command, result.output)
        (line,) = desk.lines()[before:]
        what: dict[str, Any] = json.loads(line.what)
        assert (line.kind, line.actor, line.act, line.member_id) == ("command", shell().name, command, 1), command
        assert line.place and what["input"]["number" if command not in ("benefit revoke",) else "member"] == "M"
        assert line.reason == (arguments[arguments.index("--reason") + 1] if "--reason" in arguments else "")
        if command not in ("members digest",):
            assert what["before"] or what["after"], command
    with desk.deployment.store.reading() as session:
        assert verify(session).fault == ""


def test_of_a_file_that_is_deleted_the_log_keeps_nothing(desk: Counter) -> None:
    with desk.deployment.store.transaction() as session:
        set_contact(session, 1, "", Contact("Bo Lind"), "k", desk.now)
    assert loyalty(desk, "members", "leave", "M", "--on", "2026-08-20", "--as-of", "2026-06-15").exit_code == 0
    (line,) = [line for line in desk.lines() if line.act == "members leave"]
    assert "2026-08-20" in line.what and "Bo Lind" not in line.what


def test_what_is_refused_leaves_no_line(desk: Counter) -> None:
    before = len(desk.lines())
    for arguments in (
        ("status", "grant", "M", "hihg"),
        ("entries", "adjust", "M", "stars", "x"),
        ("status", "grant", "X", "low"),
    ):
        assert loyalty(desk, *arguments, "--key", "k", *HAND).exit_code == 2
    assert len(desk.lines()) == before


def test_every_command_about_members_is_known_here() -> None:
    groups = ("members", "activities", "entries", "status", "benefit", "requests", "cases")
    found = {name for name in leaves(main) if name.partition(" ")[0] in groups}
    assert found == {command for command, *_rest in LIFE} | OTHERS | ALIKE
    assert isinstance(main, click.Group)
