"""Scenario files read: examples of a program's rules. They are played by loyalty.jobs.scenarios."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loyalty.program.problems import listed
from loyalty.program.reader import read


class ScenarioFailed(AssertionError):
    """What a scenario expected and what was found, or a key that no scenario has."""


@dataclass(frozen=True)
class Scenario:
    """One example: its sentence, the id of the worked example that it restates, what happens, what must hold."""

    name: str
    case: str
    file: str
    steps: tuple[Mapping[str, Any], ...]
    then: tuple[Mapping[str, Any], ...]


def scenarios_of(folder: Path) -> Iterator[Scenario]:
    """Every scenario of a program's folder. Raises ScenarioFailed for a file that is not a list of scenarios."""
    for path in sorted((folder / "scenarios").glob("*.yaml")):
        document = read(f"{folder.name}/scenarios/{path.name}", path.read_text(encoding="utf-8"))
        if document.problems or not isinstance(document.value, list):
            raise ScenarioFailed("\n".join(map(str, document.problems)) or f"{document.file}: allowed: a list of scenarios")
        for item in document.value:
            unknown = set(item) - {"scenario", "case", "note", "given", "when", "then"}
            if unknown or not item.get("then"):
                raise ScenarioFailed(f"{document.file}: {item.get('scenario')}: {listed(unknown) or 'then is missing'}")
            steps = (*item.get("given", ()), *item.get("when", ()))
            yield Scenario(item["scenario"], item.get("case", ""), document.file, steps, tuple(item["then"]))
