"""Problems of a program's files: told all at once, each with its place and what would be right."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from loyalty.i18n import Text, _


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one file. `line` and `column` count from 1; `path` is the way to the value, as in tiers[2].id."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ProgramInvalid(Exception):
    """The files of a program cannot be used. `problems` holds all of them, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return (ProgramInvalid, (self.problems,))


def nearest(found: object, allowed: Iterable[object]) -> str:
    """` Did you mean X?`, or nothing where no allowed name is near."""
    near = difflib.get_close_matches(str(found), [str(name) for name in allowed], 1, 0.6)
    return Text(_(" Did you mean {name}?"), name=near[0]) if near else ""


def listed(names: Iterable[object]) -> str:
    """Names for a sentence: `a, b, c`; `none` where there are none."""
    several = [name if isinstance(name, str) else str(name) for name in names]
    return reduce(lambda one, other: Text(_("{one}, {other}"), one=one, other=other), several) if several else Text(_("none"))


def shown(value: object) -> str:
    """A value as its file spells it, long ones by their kind: `"SK"`, `true`, `a list`, `an empty block`; null is `nothing`."""
    if isinstance(value, dict | list):
        kind = "block" if isinstance(value, dict) else "list"
        return f"a {kind}" if value else f"an empty {kind}"
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def spelt(way: Iterable[object]) -> str:
    """A path as people write it: ("tiers", 2, "id") -> tiers[2].id."""
    text = ""
    for step in way:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
