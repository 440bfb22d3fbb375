"""Roles: what staff may do by themselves, what they may ask for, what they may approve; read from config/staff.yaml. Pure."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, cast

from pydantic import Field

from loyalty.access.acts import ACTS
from loyalty.keys import LARGEST
from loyalty.program.load import parse
from loyalty.program.problems import Problem, ProgramInvalid, listed, nearest
from loyalty.program.reader import Document, Way, read
from loyalty.program.values import Count, Id, Part, Texts

FILE = "staff.yaml"
Verdict = Literal["yes", "ask", "no"]


class Limit(Part):
    """How large an act may be."""

    at_most: Count
    """The largest size; what it counts is the act's own, see docs/staff.md."""


Limits = dict[str, Limit | None]


class RoleFile(Part):
    """What a role may do."""

    name: Texts
    """What pages call it."""
    may: Limits = Field(default_factory=dict)
    """Acts by name, done without asking anybody; with a limit, up to it."""
    ask: Limits = Field(default_factory=dict)
    """Acts that may be asked for where `may` does not go so far; with a limit, up to it."""
    approve: Limits = Field(default_factory=dict)
    """Acts that others ask for and this role decides on; with a limit, up to it."""


class StepUp(Part):
    """Acts that take a fresh second step."""

    minutes: Annotated[int, Field(ge=1, le=120)]
    """For so long a second step is fresh."""
    acts: tuple[str, ...]
    """The acts that take one."""


class ProviderFile(Part):
    """How the answers of the identity provider are read; which one it is, is a setting."""

    claim: str = "groups"
    """The claim that holds the groups."""
    second_step: tuple[str, ...] = ()
    """What `amr` or `acr` says where the provider itself has asked for a second step; without it ours is asked for."""


class StaffFile(Part):
    """staff.yaml: who of the staff may do what."""

    roles: Annotated[dict[Id, RoleFile], Field(min_length=1)]
    """Roles by the name that staff are given them by."""
    step_up: StepUp
    """What takes a fresh second step."""
    groups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Groups of the identity provider, and the roles that they give."""
    provider: ProviderFile = Field(default_factory=ProviderFile)
    """How the answers of the identity provider are read."""


@dataclass(frozen=True)
class Roles:
    """The roles of a deployment. Staff hold several: the widest of them counts."""

    file: StaffFile

    def may(self, held: Collection[str], act: str, size: int = 0) -> Verdict:
        """Whether staff with some roles may do an act of a size: yes, no, or only if another approves it."""
        if _reaches(self._limits(held, "may", act), size):
            return "yes"
        return "ask" if _reaches(self._limits(held, "ask", act), size) else "no"

    def approves(self, held: Collection[str], act: str, size: int = 0) -> bool:
        """Whether staff with some roles may decide on an act of a size that another asked for."""
        return _reaches(self._limits(held, "approve", act), size)

    def limit(self, held: Collection[str], act: str) -> int | None:
        """The largest size that may be done without asking; none where there is no limit, -1 where it may not be done."""
        largest = max(self._limits(held, "may", act), default=-1)
        return None if largest == LARGEST else largest

    def steps_up(self, act: str) -> bool:
        """Whether an act takes a fresh second step."""
        return act in self.file.step_up.acts

    @property
    def fresh(self) -> timedelta:
        """For so long a second step is fresh."""
        return timedelta(minutes=self.file.step_up.minutes)

    def of_groups(self, groups: Collection[str]) -> list[str]:
        """The roles that groups of the identity provider give."""
        given = {role for group in groups for role in self.file.groups.get(group, ())}
        return [role for role in self.file.roles if role in given]

    def names(self) -> Mapping[str, Mapping[str, str]]:
        """Role -> its name in each language."""
        return {role: about.name for role, about in self.file.roles.items()}

    def _limits(self, held: Collection[str], part: str, act: str) -> list[int]:
        """The limit of each role that has the act in a part; a role that the file has no more gives nothing."""
        parts = [getattr(self.file.roles[role], part) for role in held if role in self.file.roles]
        limits: list[Limit | None] = [mine[act] for mine in parts if act in mine]
        return [LARGEST if limit is None else limit.at_most for limit in limits]


def _reaches(limits: list[int], size: int) -> bool:
    return any(size <= limit for limit in limits)


def read_roles(folder: Path) -> Roles:
    """The roles of a config folder. Raises ProgramInvalid with every problem, each with its place."""
    path = folder / FILE
    if not path.is_file():
        raise ProgramInvalid([Problem(FILE, 1, 1, "", "this file is missing")])
    document = read(FILE, path.read_text(encoding="utf-8"))
    file = cast(StaffFile | None, parse(document, StaffFile))
    if file is not None:
        _check(document, file)
    if file is None or document.problems:
        raise ProgramInvalid(document.problems)
    return Roles(file)


def _check(document: Document, file: StaffFile) -> None:
    for way, act, at_key in _acts(file):
        if act not in ACTS:
            told = f"there is no act {act}; allowed: {listed(ACTS)}.{nearest(act, ACTS)}"
            document.problem(way, told, at_key=at_key)
    for way, limit in _limited(file):
        act = str(way[-1])
        if limit is not None and act in ACTS and not ACTS[act].counts:
            document.problem((*way, "at_most"), f"{act} has no size, so it takes no limit", at_key=True)
    for group, roles in file.groups.items():
        for n, role in enumerate(roles):
            if role not in file.roles:
                told = f"there is no role {role}; allowed: {listed(file.roles)}.{nearest(role, file.roles)}"
                document.problem(("groups", group, n), told)


def _acts(file: StaffFile) -> Iterator[tuple[Way, str, bool]]:
    """Every act that the file names, with its place, and whether that is a key."""
    for way, _limit in _limited(file):
        yield way, str(way[-1]), True
    for n, act in enumerate(file.step_up.acts):
        yield ("step_up", "acts", n), act, False


def _limited(file: StaffFile) -> Iterator[tuple[Way, Limit | None]]:
    for role, about in file.roles.items():
        for part in ("may", "ask", "approve"):
            for act, limit in getattr(about, part).items():
                yield ("roles", role, part, act), limit
