"""Shared by the tests of programs: Heron, a small valid program in a folder that a test may change."""

import shutil
from pathlib import Path

import pytest

from loyalty.program.load import Edition, load

BASE = Path(__file__).parent / "base"
PROMISED = BASE.with_name("promised")


@pytest.fixture
def heron(tmp_path: Path) -> Path:
    """A copy of the valid program."""
    return Path(shutil.copytree(BASE, tmp_path / "heron"))


@pytest.fixture
def promising(heron: Path) -> Path:
    """A copy of the valid program with benefits and requests."""
    for file in PROMISED.iterdir():
        shutil.copy(file, heron / "editions" / "2024-01-01")
    return heron


@pytest.fixture(scope="session")
def edition(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """The one edition of the valid program, as it stands."""
    return load(Path(shutil.copytree(BASE, tmp_path_factory.mktemp("valid") / "heron"))).editions[0]


@pytest.fixture(scope="session")
def promised(tmp_path_factory: pytest.TempPathFactory) -> Edition:
    """The one edition of the valid program with benefits and requests, as it stands."""
    heron = Path(shutil.copytree(BASE, tmp_path_factory.mktemp("promised") / "heron"))
    for file in PROMISED.iterdir():
        shutil.copy(file, heron / "editions" / "2024-01-01")
    return load(heron).editions[0]
