"""The shape of the house, read from the code and the tables themselves."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import loyalty.access.staff_tables
import loyalty.access.tables
import loyalty.audit.tables
import loyalty.benefits.tables
import loyalty.care.file_tables
import loyalty.care.tables
import loyalty.desk.tables
import loyalty.earning.tables
import loyalty.insight.tables
import loyalty.insight.trial_tables
import loyalty.jobs.tables
import loyalty.ledger.tables
import loyalty.members.tables
import loyalty.messages.tables
import loyalty.messages.webhook_tables
import loyalty.published.tables
import loyalty.status.tables  # noqa: F401 every table must be known
from loyalty.errors import CATALOGUE
from loyalty.program.load import load
from loyalty.store import Base
from tests.conftest import ROOT

FILES = sorted((ROOT / "loyalty").rglob("*.py"))
#: Tables that are no member's: what is published, and how far work has come.
SHARED = {
    "edition", "run", "run_chunk", "run_failure", "import_file", "snapshot", "snapshot_tier", "snapshot_move",
    "snapshot_points", "service", "service_class", "service_change", "suppression", "webhook_endpoint", "webhook_secret",
    "webhook_act", "link", "attempt", "staff", "staff_passkey", "staff_sign_in", "audit", "approval", "bulk", "bulk_row",
    "draft", "draft_file", "trial", "trial_part", "trial_move", "trial_scenario",
}  # fmt: skip


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in FILES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def test_every_table_of_a_member_is_keyed_by_the_member() -> None:
    for name, table in Base.metadata.tables.items():
        keys = [column.name for column in table.primary_key]
        assert ("member_id" in keys) != (name in SHARED), name
        assert sum("member_id" in column.name for column in table.columns) <= 1, f"{name} could join two members"


def test_references_between_tables_of_members_stay_within_the_member() -> None:
    for table in Base.metadata.tables.values():
        for constraint in table.foreign_key_constraints:
            if constraint.referred_table.name not in SHARED:
                assert "member_id" in [column.name for column in constraint.columns], constraint.name


def test_every_refusal_is_in_the_catalogue_and_every_sentence_is_used() -> None:
    used = set()
    for _path, tree in trees():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "Refused"
                and isinstance(node.args[0], ast.Constant)
            ):
                code = str(node.args[0].value)
                used.add(code)
                given = {word.arg for word in node.keywords}
                CATALOGUE[code].format(**dict.fromkeys(filter(None, given), "x"))
    assert used == set(CATALOGUE)


def test_no_program_is_named_in_code() -> None:
    words = set()
    for folder in (ROOT / "config" / "programs").iterdir():
        program = load(folder)
        words |= {program.id, *program.tiers} - {"member"}
    # the default of a setting is the one place that names a program
    default = {("settings.py", "skyway")}
    found = {
        (path.name, node.value)
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words
    }
    assert found == default


def test_functions_and_files_are_short() -> None:
    functions = [
        (node.end_lineno or 0) - node.lineno + 1
        for _path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in FILES]
    assert max(functions) <= 60 and max(lines) <= 400
    assert statistics.median(functions) <= 8, statistics.median(functions)
    assert sorted(functions)[int(len(functions) * 0.9)] <= 25
    assert sorted(lines)[int(len(lines) * 0.9)] <= 250
