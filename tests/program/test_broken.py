"""Programs broken on purpose: each tells every problem that it has, in words, at its place, and no other."""

import shutil
from pathlib import Path

import pytest
import yaml

from loyalty.program.load import EDITION_FILES, load
from loyalty.program.problems import ProgramInvalid

CASES = yaml.load(Path(__file__).with_name("broken.yaml").read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_every_problem_is_told(case: dict, heron: Path) -> None:
    for one in case["change"]:
        change(heron, one)
    with pytest.raises(ProgramInvalid) as refused:
        load(heron)
    assert str(refused.value).splitlines() == case["problems"].splitlines()


def change(program: Path, change: dict[str, str]) -> None:
    if "copy" in change:
        shutil.copytree(program / change["copy"], program / change["to"])
    elif "remove" in change:
        path = _path(program, change["remove"])
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    elif "write" in change:
        path = _path(program, change["write"])
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(change["text"].encode(change.get("encoding", "utf-8")))
    else:
        path = _path(program, change["in"])
        text = path.read_text(encoding="utf-8")
        assert text.count(change["replace"]) == 1, f"{change['in']} must hold {change['replace']!r} once"
        path.write_text(text.replace(change["replace"], change["by"]), encoding="utf-8")


def _path(program: Path, name: str) -> Path:
    return program / "editions" / "2024-01-01" / name if name in EDITION_FILES else program / name


def test_no_case_stands_twice() -> None:
    names = [case["case"] for case in CASES]
    assert sorted(set(names)) == sorted(names)
