"""A program read from its folder: every file, every problem at once, then frozen and compiled."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from loyalty.program.asking import RequestsFile
from loyalty.program.catalog import BenefitsFile
from loyalty.program.chart import Chart
from loyalty.program.checks import check_edition, check_program, check_routes
from loyalty.program.ladder import LadderFile
from loyalty.program.models import ActivitiesFile, EarningFile, ProgramFile, Unit, UnitsFile
from loyalty.program.problems import Problem, ProgramInvalid, listed, nearest, shown
from loyalty.program.reader import Document, Way, read
from loyalty.program.schema import keys_at
from loyalty.program.steps import CompiledKind
from loyalty.program.telling import MessagesFile
from loyalty.program.values import Part, day

#: The files of an edition and the shape of each.
EDITION_FILES: Mapping[str, type[Part]] = {
    "units.yaml": UnitsFile,
    "activities.yaml": ActivitiesFile,
    "earning.yaml": EarningFile,
    "ladder.yaml": LadderFile,
    "benefits.yaml": BenefitsFile,
    "requests.yaml": RequestsFile,
    "messages.yaml": MessagesFile,
}
#: What an edition may leave out: it then gives no benefit, takes no request, or tells nothing.
OPTIONAL: Mapping[str, Part] = {
    "benefits.yaml": BenefitsFile(), "requests.yaml": RequestsFile(), "messages.yaml": MessagesFile(),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Edition:
    """A complete set of rules in force from a day. Equal content has an equal hash.

    What is left to its default is not part of the content, so that a new word of the language changes no published hash; nor
    are the messages: what members are told may be changed while the rules stay.
    """

    begins: date
    head: ProgramFile
    units: UnitsFile
    activities: ActivitiesFile
    earning: EarningFile
    ladder: LadderFile
    benefits: BenefitsFile
    requests: RequestsFile
    messages: MessagesFile
    kinds: Mapping[str, CompiledKind]

    @property
    def name(self) -> str:
        return self.begins.isoformat()

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """Tier -> its place in this edition's ladder."""
        return {tier.id: rank for rank, tier in enumerate(self.ladder.tiers)}

    @cached_property
    def chart(self) -> Chart:
        """What its tiers give."""
        return Chart(self.benefits, tuple(self.ranks))

    @cached_property
    def content(self) -> str:
        """The edition as JSON, in one spelling."""
        parts = {name: getattr(self, name).model_dump(mode="json", by_alias=True, exclude_defaults=True) for name in RULES}
        parts |= {name: _in_order(parts[name]) for name in RULES if f"{name}.yaml" in OPTIONAL}
        parts = {name: part for name, part in parts.items() if part or f"{name}.yaml" not in OPTIONAL}
        parts["program"] = self.head.model_dump(mode="json", include={"zone", "money", "money_decimals"})
        return json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the content, in hex."""
        return hashlib.sha256(self.content.encode()).hexdigest()


#: Blocks of benefits and requests whose order means something: words the least first, classes the lowest first, days rising.
ORDERED = ("words", "values", "classes")


def _in_order(value: Any) -> Any:
    """The content of a part with each block of ORDERED as a list of pairs, for the keys of the content are sorted."""
    if isinstance(value, list):
        return [_in_order(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _in_order(below) for key, below in value.items()}
    return {key: list(map(list, below.items())) if key in ORDERED and isinstance(below, dict) else below
            for key, below in inner.items()}  # fmt: skip


#: The parts of an edition, each a file and an attribute.
PARTS = ("units", "activities", "earning", "ladder", "benefits", "requests", "messages")
RULES = PARTS[:-1]


@dataclass(frozen=True, eq=False)
class Program:
    """A loyalty scheme with all its editions, oldest first."""

    id: str
    file: ProgramFile
    zone: ZoneInfo
    editions: tuple[Edition, ...]
    folder: Path
    kept: tuple["Files", ...] = ()
    """The editions that stand in no folder."""

    def edition_on(self, day: date) -> Edition | None:
        """The edition in force on a day; none before the first begins."""
        return next((edition for edition in reversed(self.editions) if edition.begins <= day), None)

    @cached_property
    def tiers(self) -> tuple[str, ...]:
        """All tiers of all editions, lowest first."""
        return merged_order([[tier.id for tier in edition.ladder.tiers] for edition in self.editions])


def merged_order(ladders: list[list[str]]) -> tuple[str, ...]:
    """One order of tiers that every edition's order agrees with; a tier new in an edition comes after its lower neighbour.

    Raises CycleError where two editions contradict each other.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for ladder in ladders:
        for n, tier in enumerate(ladder):
            sorter.add(tier, *ladder[max(n - 1, 0) : n])
    sorter.prepare()
    order: list[str] = []
    ready = [*sorter.get_ready()]
    while ready:
        order.append(ready.pop())
        sorter.done(order[-1])
        ready += sorter.get_ready()
    return tuple(order)


@dataclass(frozen=True)
class Draft:
    """An edition in a folder of its own, to be read as if it began on a day."""

    folder: Path
    begins: date


@dataclass(frozen=True, eq=False)
class Files:
    """An edition that stands in no folder: its first day, and the text of each of its files by name."""

    begins: date
    texts: Mapping[str, str]

    @property
    def place(self) -> str:
        """How problems name it."""
        return self.begins.isoformat()

    def text(self, name: str) -> str:
        """The text of a file. Raises FileNotFoundError where there is none of this name."""
        if name not in self.texts:
            raise FileNotFoundError(name)
        return self.texts[name]


def load(folder: Path, draft: Draft | Files | None = None, kept: Iterable[Files] = ()) -> Program:
    """Read the program in a folder, with a draft among its editions, and those that are kept elsewhere.

    A draft takes the place of an edition of the same day, a folder that of one kept elsewhere. Raises ProgramInvalid with every
    problem of every file.
    """
    return Reading(folder, draft, kept).program()


class Reading:
    """One reading of a folder: gathers problems while it goes, so that all are told."""

    def __init__(self, folder: Path, draft: Draft | Files | None = None, kept: Iterable[Files] = ()) -> None:
        self.folder, self.draft, self.kept = folder, draft, kept
        self.problems: list[Problem] = []
        self.editions: dict[str, Path | Files] = {}

    def program(self) -> Program:
        document, file = self._file(self.folder / "program.yaml", ProgramFile)
        head = cast(ProgramFile | None, file)
        if head is not None:
            check_program(head, self.folder.name, document.problem)
            self.problems += document.problems
            document.problems.clear()
        self.editions = self._edition_folders()
        editions = [edition for name, path in self.editions.items() if (edition := self._edition(name, path, head))]
        self._agree(editions)
        if head is not None:
            self._tiers(document, head, editions)
            check_routes(head, [edition.activities for edition in editions], document.problem)
            self.problems += document.problems
            document.problems.clear()
        if self.problems or head is None:
            raise ProgramInvalid(self.problems)
        kept = tuple(one for one in self.editions.values() if isinstance(one, Files))
        return Program(head.program, head, ZoneInfo(head.zone), tuple(editions), self.folder, kept)

    def _edition_folders(self) -> dict[str, Path | Files]:
        """Where each edition stands, by its name; a draft takes the place of one of the same day."""
        parent = self.folder / "editions"
        folders = {path.name: path for path in parent.iterdir() if path.is_dir()} if parent.is_dir() else {}
        if not folders:
            self._tell(parent, "there is no edition; allowed: a folder named by its first day, YYYY-MM-DD")
        if isinstance(self.draft, Draft):
            own = self.draft.folder.resolve()
            folders = {name: path for name, path in folders.items() if path.resolve() != own}
            folders[self.draft.begins.isoformat()] = self.draft.folder
        found: dict[str, Path | Files] = {one.begins.isoformat(): one for one in self.kept} | folders
        if isinstance(self.draft, Files):
            found[self.draft.begins.isoformat()] = self.draft
        return dict(sorted(found.items()))

    def _edition(self, name: str, source: Path | Files, head: ProgramFile | None) -> Edition | None:
        begins = source.begins if isinstance(source, Files) else self._begins(name, source)
        documents, parts = self._edition_files(source)
        files = {part: cast(Any, parts[f"{part}.yaml"]) for part in PARTS}
        kinds = check_edition(head, **files, tell=tellers(documents))
        for document in documents.values():
            self.problems += document.problems
        if begins is None or head is None or kinds is None:
            return None
        return Edition(begins, head, **files, kinds=kinds)

    def _begins(self, name: str, folder: Path) -> date | None:
        try:
            return day(name)
        except ValueError:
            self._tell(folder, f"found the folder {name}; allowed: the edition's first day, YYYY-MM-DD")
            return None

    def _edition_files(self, source: Path | Files) -> tuple[dict[str, Document], dict[str, Part | None]]:
        documents: dict[str, Document] = {}
        parts: dict[str, Part | None] = {}
        names = sorted(source.texts if isinstance(source, Files) else (path.name for path in source.iterdir()))
        for name in names:
            if name not in EDITION_FILES:
                hint = nearest(name, EDITION_FILES)
                self._tell(in_edition(source, name), f"this file is unknown; allowed: {listed(EDITION_FILES)}.{hint}")
        for name, shape in EDITION_FILES.items():
            if name in OPTIONAL and name not in names:
                documents[name], parts[name] = Document(name), OPTIONAL[name]
            else:
                documents[name], parts[name] = self._file(in_edition(source, name), shape, source)
        return documents, parts

    def _file(self, path: Path, shape: type[Part], source: Path | Files | None = None) -> tuple[Document, Part | None]:
        place = self._place(path)
        try:
            text = path.read_text(encoding="utf-8") if not isinstance(source, Files) else source.text(path.name)
            return self._parsed(read(place, text), shape)
        except FileNotFoundError:
            self._tell(path, "this file is missing")
        except UnicodeDecodeError:
            self._tell(path, "this file is not UTF-8 text")
        except OSError as error:
            self._tell(path, f"this file cannot be read: {error.strerror}")
        return Document(place), None

    def _parsed(self, document: Document, shape: type[Part]) -> tuple[Document, Part | None]:
        part = parse(document, shape)
        self.problems += document.problems
        document.problems.clear()
        return document, part

    def _tell(self, path: Path, message: str) -> None:
        self.problems.append(Problem(self._place(path), 1, 1, "", message))

    def _place(self, path: Path) -> str:
        """How problems name a file: from the program's folder on; one of a draft elsewhere as it was given."""
        parent = self.folder.parent
        return str(path.relative_to(parent) if path.is_relative_to(parent) else path)

    def _tiers(self, document: Document, head: ProgramFile, editions: list[Edition]) -> None:
        """Cards and reviews are of tiers that an edition has; told only where an edition could be read."""
        tiers = list(dict.fromkeys(tier.id for edition in editions for tier in edition.ladder.tiers))
        named: list[Way] = [("brand", "cards", tier) for tier in head.brand.cards]
        named += [("customer_file", "review", "tiers", tier) for tier in head.customer_file.review.tiers]
        for way in named:
            tier = str(way[-1])
            if tiers and tier not in tiers:
                told = f"the tier {tier} is unknown; allowed: {listed(tiers)}.{nearest(tier, tiers)}"
                document.problem(way, told, at_key=True)

    def _agree(self, editions: list[Edition]) -> None:
        """Editions may add and drop tiers and units, but not turn the ladder over or count another thing or in other steps."""
        ladders: list[list[str]] = []
        before: dict[str, Unit] = {}
        for edition in editions:
            file = in_edition(self.editions[edition.name], "ladder.yaml")
            ladder = list(dict.fromkeys(tier.id for tier in edition.ladder.tiers))
            try:
                merged_order([*ladders, ladder])
                ladders.append(ladder)
            except CycleError:
                order = listed(merged_order(ladders))
                self._tell(file, f"the order of the tiers contradicts an earlier edition's; allowed: {order}, as before")
            if edition.ladder.base != editions[0].ladder.base:
                self._tell(file, f"found the base {edition.ladder.base}; allowed: {editions[0].ladder.base}, as before")
            for name, unit in edition.units.units.items():
                units = in_edition(self.editions[edition.name], "units.yaml")
                self._agree_unit(name, unit, before.setdefault(name, unit), units)

    def _agree_unit(self, name: str, unit: Unit, before: Unit, file: Path) -> None:
        if unit.kind != before.kind:
            self._tell(file, f"{name} is {unit.kind}; allowed: {before.kind}, as before")
        if unit.decimals != before.decimals:
            self._tell(file, f"{name} has {unit.decimals} decimals; allowed: {before.decimals}, as before")


def in_edition(source: Path | Files, name: str) -> Path:
    """A file of an edition; where it stands in no folder, only a name for it."""
    return (Path(source.place) if isinstance(source, Files) else source) / name


def tellers(documents: Mapping[str, Document]) -> Mapping[str, Callable[..., None]]:
    return {name.removesuffix(".yaml"): document.problem for name, document in documents.items()}


def parse(document: Document, shape: type[Part]) -> Part | None:
    """The frozen value of a document; its problems are noted in it, each with its place."""
    if document.value is None:
        return None
    try:
        part = shape.model_validate_json(json.dumps(document.value))
    except ValidationError as error:
        for found in error.errors():
            _note(document, shape, cast(Any, found))
        return None
    return None if document.problems else part


def _note(document: Document, shape: type[Part], error: dict[str, Any]) -> None:
    way: Way = ()
    for step in error["loc"]:
        # unions and keys add names of their own to the way; only those that the file has, or lacks, are shown
        if (*way, step) in document.places or (error["type"] == "missing" and step == error["loc"][-1]):
            way = (*way, step)
    name = str(error["loc"][-1]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        known = keys_at(shape, way[:-1])
        document.problem(way, f"the key {name} is unknown; allowed: {listed(known)}.{nearest(name, known)}", at_key=True)
    elif error["type"] == "missing":
        document.problem(way, f"{name} is missing")
    elif _floated(document, way) or _long_enough(error):
        return  # the reader has told it already, or what is wrong is one of those in it
    elif "[key]" in error["loc"]:
        document.problem(way, f"found the name {way[-1]}; {_allowed(error)}", at_key=True)
    elif error["type"] == "value_error" and isinstance(error["input"], dict):
        document.problem(way, _allowed(error))  # the rule of a block names what it found
    else:
        document.problem(way, f"found {shown(error['input'])}; {_allowed(error)}")


def _long_enough(error: dict[str, Any]) -> bool:
    """A list that is said to be too short only since some of its entries are wrong."""
    return error["type"] == "too_short" and bool(len(error["input"]) >= error["ctx"]["min_length"])


def _floated(document: Document, way: Way) -> bool:
    place = document.place(way)
    return any((problem.line, problem.column) == place for problem in document.problems)


def _allowed(error: dict[str, Any]) -> str:
    context = error.get("ctx", {})
    if error["type"] == "value_error":
        return str(context["error"])
    if error["type"] == "literal_error":
        expected = re.findall(r"'([^']+)'", context["expected"])
        return f"allowed: {listed(expected)}.{nearest(error['input'], expected)}"
    kinds = {"string_type": "a text", "int_type": "a whole number", "bool_type": "true or false", "tuple_type": "a list",
             "dict_type": "a block", "model_type": "a block", "model_attributes_type": "a block",
             "string_pattern_mismatch": f"the pattern {context.get('pattern')}", "int_from_float": "a whole number",
             "greater_than_equal": f"{context.get('ge')} or more", "less_than_equal": f"{context.get('le')} or less",
             "less_than": f"less than {context.get('lt')}",
             "too_short": f"at least {'one' if context.get('min_length') == 1 else context.get('min_length')}"}  # fmt: skip
    return f"allowed: {kinds.get(error['type'], error['msg'])}"
