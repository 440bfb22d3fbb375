"""The schedule on the command line: jobs, their history, health, and runs by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loyalty.cli import main
from loyalty.jobs import timetable
from loyalty.jobs.deployment import Deployment
from loyalty.status import folds
from tests.jobs import orbit

#: The jobs that the tests are about; others do not change what is said of these.
NAMES = ["recalculate", "snapshot", "trim"]


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Deployment:
    """Orbit by the clock of Kathmandu, with one member not folded yet."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config", "Asia/Kathmandu"))
    orbit.enrolled(deployment, ["M0"])
    return deployment


@pytest.fixture
def loyalty(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.setattr(timetable, "TIMETABLE", tuple(job for job in timetable.TIMETABLE if job.name in NAMES))

    def run(*words: str, **more: str) -> Result:
        return CliRunner().invoke(main, list(words), env=dict(orbit.environment(deployment, **more)), catch_exceptions=False)

    return run


def told(result: Result) -> Any:
    assert result.stderr == ""
    return json.loads(result.stdout)


def test_a20_every_job_is_listed_with_its_last_run_its_next_and_whether_it_is_late(loyalty: Callable[..., Result]) -> None:
    said = loyalty("jobs", "--as-of", "2026-06-15").stdout.splitlines()
    assert said[0].split() == ["job", "when", "last", "run", "next"]
    assert said[1] == "recalculate  At 02:30 every day  never run  2026-06-16 02:30  LATE, never run"
    assert "Times are by the clock of Asia/Kathmandu." in said
    assert "  recalculate: Folds the members whose status may change, and logs what changes." in said
    assert loyalty("health", "--as-of", "2026-06-15").exit_code == 1
    for name in NAMES:
        assert loyalty("run", name, "--as-of", "2026-06-15").exit_code == 0
    said = loyalty("jobs", "--as-of", "2026-06-15").stdout.splitlines()
    assert said[1].startswith("recalculate  At 02:30 every day  2026-06-15 02:30 done in ")
    assert said[1].endswith(" s  2026-06-16 02:30  on time")
    healthy = loyalty("health", "--as-of", "2026-06-15")
    assert (healthy.exit_code, healthy.stdout.count("on time;")) == (0, 3)
    # the recalculation is late two hours after it was due, the snapshot three, the deletion of history a day
    late = loyalty("health", "--as-of", "2026-06-16", "--json")
    assert late.exit_code == 1
    assert {job["job"]: job["late"] for job in told(late)} == {"recalculate": True, "snapshot": True, "trim": False}
    assert "LATE since 2026-06-16 02:30" in loyalty("jobs", "--as-of", "2026-06-16").stdout
    (job, *_rest) = told(loyalty("jobs", "--as-of", "2026-06-16", "--json"))
    assert (job["job"], job["cron"], job["zone"], job["words"]) == (
        "recalculate", "30 2 * * *", "Asia/Kathmandu", "At 02:30 every day",
    )  # fmt: skip
    assert (job["last_due"], job["last_status"], job["late_since"]) == (
        "2026-06-14T20:45:00+00:00", "done", "2026-06-15T20:45:00+00:00",
    )  # fmt: skip


def test_a20_what_a_member_is_is_told_as_of_now_while_the_job_is_late(
    loyalty: Callable[..., Result], deployment: Deployment
) -> None:
    orbit.travelled(deployment, "M0", "k", "2026-06-01", 150)
    loyalty("run", "recalculate", "--as-of", "2026-06-15")
    for on, tier in (("2028-01-31", "low"), ("2028-02-01", "ground")):
        assert loyalty("health", "--as-of", on).exit_code == 1
        assert told(loyalty("member", "M0", "--as-of", on, "--json"))["tier"] == tier
        assert told(loyalty("ladder", "--as-of", on, "--json"))[tier] == 1


def test_the_history_of_a_job_tells_each_run(loyalty: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a rule that cannot be")

    assert loyalty("jobs", "history", "recalculate", "--json").stdout == "[]\n"
    monkeypatch.setattr(folds, "fold", broken)
    failed = loyalty("run", "recalculate", "--as-of", "2026-06-15")
    assert failed.exit_code == 1
    assert failed.stderr == "members: 1 failed: ZeroDivisionError: a rule that cannot be\n"
    monkeypatch.undo()
    assert loyalty("recalculate", "--as-of", "2026-06-16").stdout.startswith("recalculate for 2026-06-16: done; 1 members,")
    newest, oldest = told(loyalty("jobs", "history", "recalculate", "--json"))
    assert (newest["status"], newest["scheduled"], newest["items"], newest["changes"]) == ("done", False, 1, 1)
    assert (oldest["status"], oldest["scheduled"], oldest["as_of"]) == ("failed", True, "2026-06-15")
    assert oldest["failures"] == {"1": "ZeroDivisionError: a rule that cannot be"}
    said = loyalty("jobs", "history", "recalculate").stdout.splitlines()
    assert said[0].split() == ["due", "by", "ended", "took", "members", "changes", "failures", "broke", "off"]
    assert [line.split()[2:4] for line in said[1:3]] == [["hand", "done"], ["schedule", "failed"]]
    assert said[3] == "2026-06-15 02:30: members: 1 failed: ZeroDivisionError: a rule that cannot be"
    assert len(loyalty("jobs", "history", "recalculate", "--last", "1").stdout.splitlines()) == 2


def test_a_run_that_broke_off_says_why(loyalty: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise ConnectionError("the relay is away")

    (job, *others) = timetable.TIMETABLE
    monkeypatch.setattr(timetable, "TIMETABLE", (timetable.replace(job, run=away), *others))
    result = loyalty("run", "recalculate", "--as-of", "2026-06-15")
    assert result.exit_code == 1 and result.stderr == "broke off: ConnectionError: the relay is away\n"
    assert "    broke off: ConnectionError: the relay is away" in loyalty("jobs", "--as-of", "2026-06-15").stdout
    assert "2026-06-15 02:30: broke off: ConnectionError" in loyalty("jobs", "history", "recalculate").stdout
    assert told(loyalty("jobs", "history", "recalculate", "--json"))[0]["crashes"] == 1


def test_jobs_run_at_the_times_of_the_settings_or_not_at_all(loyalty: Callable[..., Result]) -> None:
    chosen = {"LOYALTY_JOBS_RECALCULATE": "0 4 * * 1-5 Europe/Paris", "LOYALTY_JOBS_TRIM": "off"}
    said = loyalty("jobs", "--as-of", "2026-06-12", **chosen).stdout
    # the Monday after that Friday, 04:00 in Paris
    assert "Europe/Paris  never run  2026-06-15 07:45" in said
    assert "trim         off" in said
    assert told(loyalty("health", "--json", **chosen))[2]["next_due"] is None
    assert "trim: on time; last ended never (never run); next due never, it is off" in loyalty("health", **chosen).stdout
    off = loyalty("run", "trim", **chosen)
    assert (off.exit_code, off.stdout, off.stderr.count("\n")) == (2, "", 1) and "The job trim is off." in off.stderr
    assert loyalty("run", "trim", "--now", **chosen).exit_code == 0


def test_a_bad_time_is_told_by_every_command(loyalty: Callable[..., Result]) -> None:
    for words in (["ladder"], ["jobs"], ["health"], ["schedule"], ["db", "upgrade"]):
        result = loyalty(*words, LOYALTY_JOBS_SNAPSHOT="03:15", LOYALTY_JOBS_STATEMENT="0 0 1 * *")
        assert (result.exit_code, result.stdout) == (2, "")
        assert [line.split(": ")[0] for line in result.stderr.splitlines()] == [
            "Setting jobs.snapshot", "Setting jobs.statement",
        ]  # fmt: skip
