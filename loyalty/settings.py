"""Settings: environment first, then a TOML file; every problem is told at once, nothing is guessed."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

PREFIX = "LOYALTY_"
DEFAULT_DATABASE = "sqlite:///loyalty.db"


class SettingsInvalid(Exception):
    """The settings cannot be used; the message lists every problem."""


@dataclass(frozen=True)
class Settings:
    """What a deployment chooses.

    `program` is a folder of config/programs; `database_url` any SQLAlchemy address of SQLite or PostgreSQL;
    `config` the folder that holds programs/ and imports/; `workers` the processes of a run over many members;
    `recalculate_at` the local time of the nightly recalculation, HH:MM.
    """

    program: str = "skyway"
    database_url: str = DEFAULT_DATABASE
    config: str = ""
    workers: int = 2
    recalculate_at: str = "02:30"

    @property
    def config_folder(self) -> Path:
        """The folder of programs and import mappings: as set, or the one that travels with the package."""
        return Path(self.config) if self.config else folder("config")


def folder(name: str) -> Path:
    """A top-level folder (config, migrations, templates): inside an installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process: LOYALTY_<NAME>, else the file named by LOYALTY_SETTINGS, else the default.

    Raises SettingsInvalid with all problems: an unknown name (and the nearest known), a wrong type, a missing file.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    given: dict[str, object] = dict(_file(environ.get(PREFIX + "SETTINGS"), problems))
    for name, value in environ.items():
        if name.startswith(PREFIX) and name != PREFIX + "SETTINGS":
            given[name.removeprefix(PREFIX).lower()] = value
    values = {name: _typed(name, value, problems) for name, value in given.items()}
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return Settings(**values)  # type: ignore[arg-type]


def _file(path: str | None, problems: list[str]) -> Mapping[str, object]:
    if not path:
        return {}
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: {error}")
        return {}


def _typed(name: str, value: object, problems: list[str]) -> object:
    known = {field.name: field.type for field in fields(Settings)}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean {near[0]}?" if near else ""
        problems.append(f"Setting {name} is unknown; allowed: {', '.join(known)}.{hint}")
        return value
    if known[name] is int:
        if not re.fullmatch(r"[1-9][0-9]{0,3}", str(value)):
            problems.append(f"Setting {name}: found {value!r}; allowed: a whole number from 1.")
            return value
        return int(str(value))
    if not isinstance(value, str):
        problems.append(f"Setting {name}: found {value!r}; allowed: a text.")
    elif name == "recalculate_at" and not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        problems.append(f"Setting {name}: found {value!r}; allowed: a time of day, HH:MM.")
    return str(value)
