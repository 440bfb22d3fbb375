"""Programs broken on purpose: each tells every problem that it has, in words, at its place, and no other."""

import shutil
from pathlib import Path

import pytest
import yaml

from loyalty.program.load import EDITION_FILES, load
from loyalty.program.problems import ProgramInvalid


def cases(file: str) -> list[dict]:
    """The cases of a file beside this one; everything in it is text."""
    return yaml.load(Path(__file__).with_name(file).read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


CASES = cases("broken.yaml") + cases("broken_brand.yaml")
BENEFITS = cases("broken_benefits.yaml") + cases("broken_messages.yaml")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_every_problem_is_told(case: dict, heron: Path) -> None:
    told(case, heron)


@pytest.mark.parametrize("case", BENEFITS, ids=lambda case: case["case"])
def test_every_problem_of_benefits_requests_and_messages_is_told(case: dict, promising: Path) -> None:
    told(case, promising)


def told(case: dict, program: Path) -> None:
    for one in case["change"]:
        change(program, one)
    with pytest.raises(ProgramInvalid) as refused:
        load(program)
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
    names = [case["case"] for case in [*CASES, *BENEFITS]]
    assert sorted(set(names)) == sorted(names)
