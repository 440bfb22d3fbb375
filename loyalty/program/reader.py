"""YAML 1.2 read into plain values, with the place of each, and every problem of the text at once.

Only what a rules file needs: `NO` and `12:30` are text, `010` is ten; floats, aliases, tags and repeated keys are refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from loyalty.program.problems import Problem, spelt

Way = tuple[str | int, ...]
#: Deeper nesting than this is no rules file, nor are more digits.
DEEPEST = 60
LONGEST = 40


@dataclass
class Document:
    """A file's value and the places (line, column, from 1) of every path in it; keys have theirs under `key_places`."""

    file: str
    value: Any = None
    places: dict[Way, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Way, tuple[int, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, way: Way, message: str, at_key: bool = False) -> None:
        """Note a problem at a path; a path that is not in the file gets the place of its nearest parent."""
        line, column = self.place(way, at_key)
        self.problems.append(Problem(self.file, line, column, spelt(way), message))

    def place(self, way: Way, at_key: bool = False) -> tuple[int, int]:
        if at_key and way in self.key_places:
            return self.key_places[way]
        while way and way not in self.places:
            way = way[:-1]
        return self.places.get(way, (1, 1))


class _Resolver(BaseResolver):
    """The scalars of YAML 1.2's core schema."""


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Resolver.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))

if yaml.__with_libyaml__:

    class _Loader(yaml.cyaml.CParser, SafeConstructor, _Resolver):  # type: ignore[misc, name-defined]
        def __init__(self, stream: str) -> None:
            yaml.cyaml.CParser.__init__(self, stream)  # type: ignore[attr-defined]
            SafeConstructor.__init__(self)
            _Resolver.__init__(self)

else:  # the same, without the C library

    class _Loader(Reader, Scanner, Parser, Composer, SafeConstructor, _Resolver):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            for part in (Scanner, Parser, Composer, SafeConstructor, _Resolver):
                part.__init__(self)


def read(file: str, text: str) -> Document:
    """Read one file's text. Problems are in the document; its value is None where nothing could be read."""
    document = Document(file)
    try:
        document.problems += [Problem(file, *_place(item), "", why) for item, why in _refused(text)]
        node = None if document.problems else _Loader(text).get_single_node()
    except (yaml.MarkedYAMLError, ReaderError) as error:
        document.problems.append(_unreadable(file, text, error))
        return document
    if node is not None:
        document.value = _value(document, (), node)
    if document.value is None and not document.problems:
        document.problem((), "the file is empty")
    return document


def _place(item: Any) -> tuple[int, int]:
    return item.start_mark.line + 1, item.start_mark.column + 1


def _refused(text: str) -> Iterator[tuple[Any, str]]:
    """The places that no rules file has, and why, found before anything is built of them."""
    depth = 0
    for item in yaml.parse(text, Loader=_Loader):
        depth += isinstance(item, yaml.CollectionStartEvent) - isinstance(item, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            yield item, f"nested more than {DEEPEST} deep"
            return
        if isinstance(item, yaml.AliasEvent) or getattr(item, "anchor", None):
            yield item, "an alias (* or &) is refused: write the value out"
        if tag := getattr(item, "tag", None):
            yield item, f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} is refused: write the value alone"


def _unreadable(file: str, text: str, error: Exception) -> Problem:
    if isinstance(error, yaml.MarkedYAMLError):
        mark, said = error.problem_mark, ", ".join(part for part in (error.context, error.problem) if part)
        # the C library has a limit of its own, and meets it before it tells what it read
        deep = "maximum nesting depth" in said
        why = f"nested more than {DEEPEST} deep" if deep else f"this is not YAML: {said}"
        return Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, "", why)
    strange = Reader.NON_PRINTABLE.search(text)
    before = text[: strange.start() if strange else 0].split("\n")
    return Problem(file, len(before), len(before[-1]) + 1, "", "this is not YAML: control characters are not allowed")


def _value(document: Document, way: Way, node: Any) -> Any:
    document.places[way] = _place(node)
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, way, node)
    if isinstance(node, yaml.SequenceNode):
        return [_value(document, (*way, n), item) for n, item in enumerate(node.value)]
    return _scalar(document, way, node)


def _mapping(document: Document, way: Way, node: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
        here = (*way, key)
        if not key:
            document.problems.append(Problem(document.file, *_place(key_node), spelt(way), "a key must be a plain name"))
        elif key in values:
            why = f"the key {key} stands twice; first in line {document.key_places[here][0]}"
            document.problems.append(Problem(document.file, *_place(key_node), spelt(here), why))
        else:
            document.key_places[here] = _place(key_node)
            values[key] = _value(document, here, value_node)
    return values


def _scalar(document: Document, way: Way, node: Any) -> Any:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "float":
        document.problem(way, f'found the float {node.value}; allowed: a whole number, or a quoted decimal such as "1.5"')
    if kind == "int" and len(node.value) > LONGEST:
        document.problem(way, f"found a number of {len(node.value)} digits; allowed: at most {LONGEST}")
    elif kind == "int":
        return int(node.value)
    if kind == "bool":
        return node.value.lower() == "true"
    return None if kind == "null" else node.value
