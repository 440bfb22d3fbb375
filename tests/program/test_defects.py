"""Programs that load and are hardly as they were meant: each tells every warning that it has, at its place, and no other."""

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from loyalty.cli.main import main
from loyalty.program.defects import defects
from loyalty.program.gaps import gaps
from loyalty.program.load import load
from loyalty.program.placing import placed
from tests.conftest import ROOT
from tests.program.test_broken import cases, change

CASES, BENEFITS = cases("suspicious.yaml"), cases("suspicious_benefits.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_every_warning_is_told(case: dict, heron: Path) -> None:
    warned(case, heron)


@pytest.mark.parametrize("case", BENEFITS, ids=lambda case: case["case"])
def test_every_warning_of_benefits_and_requests_is_told(case: dict, promising: Path) -> None:
    warned(case, promising)


def warned(case: dict, heron: Path) -> None:
    for one in case["change"]:
        change(heron, one)
    told = placed(load(heron), defects(load(heron)))
    assert [str(warning) for warning in told] == case["warnings"].splitlines()


@pytest.mark.parametrize("name", ["skyway", "united-2012"])
def test_a_program_as_shipped_is_above_suspicion(name: str) -> None:
    folder = ROOT / "config" / "programs" / name
    assert placed(load(folder), defects(load(folder))) == []


def test_days_between_spans() -> None:
    year = {n: (date(n, 1, 1), date(n, 12, 31)) for n in (2020, 2021, 2022, 2023)}
    assert list(gaps([year[2021], year[2020]])) == []
    assert list(gaps([year[2020], year[2023], year[2021]])) == [year[2022]]
    assert list(gaps([(date(2020, 1, 1), date(2023, 6, 30)), year[2021], year[2023]])) == []


@pytest.mark.parametrize("day", ["0001-01-01", "0300-01-01", "9701-01-01", "9999-12-31"])
def test_editions_at_the_ends_of_the_calendar(day: str, heron: Path) -> None:
    change(heron, {"copy": "editions/2024-01-01", "to": f"editions/{day}"})
    march = {"replace": "window: calendar_year", "by": "window: {months: 1200, begins: {month: 3}}"}
    change(heron, {"in": f"editions/{day}/ladder.yaml", **march})
    stretched = f"stretched: [{{day: {day}, from: {day}, through: {day}}}]\nreversal: keep_until_end\n"
    change(heron, {"in": f"editions/{day}/ladder.yaml", "replace": "reversal: keep_until_end\n", "by": stretched})
    assert list(defects(load(heron))) is not None


def test_the_command_warns_and_is_strict_when_asked(heron: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (heron.parent / "programs").mkdir()
    heron = heron.rename(heron.parent / "programs" / "heron")
    change(heron, {"in": "ladder.yaml", "replace": "keep: [{miles: 50000}]", "by": "keep: [{miles: 65000, flights: 4}]"})
    monkeypatch.setenv("LOYALTY_CONFIG", str(heron.parent.parent))
    lenient = CliRunner().invoke(main, ["program", "check", "heron"])
    assert (lenient.exit_code, lenient.stdout) == (0, "heron: 1 edition(s), no problem, 1 warning(s).\n")
    assert lenient.stderr.startswith("warning: heron/editions/2024-01-01/ladder.yaml:13:12: tiers[2].keep[0]: nobody needs")
    strict = CliRunner().invoke(main, ["program", "check", "heron", "--strict"])
    assert strict.exit_code == 1 and strict.stderr.endswith("1 problem(s).\n")
