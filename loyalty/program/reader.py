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
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from loyalty.program.problems import Problem, spelt

Way = tuple[str | int, ...]
#: Deeper nesting than this is no rules file.
DEEPEST = 60


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
            yaml.cyaml.CParser.__init__(self, stream)
            SafeConstructor.__init__(self)
            _Resolver.__init__(self)

else:  # the same, without the C library

    class _Loader(Reader, Scanner, Parser, Composer, SafeConstructor, _Resolver):  # type: ignore[no-redef, misc]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            for part in (Scanner, Parser, Composer, SafeConstructor, _Resolver):
                part.__init__(self)


def read(file: str, text: str) -> Document:
    """Read one file's text. Problems are in the document; its value is None where nothing could be read."""
    document = Document(file)
    try:
        aliases = list(_aliases(text))
        node = None if aliases else _Loader(text).get_single_node()
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError, RecursionError) as error:
        document.problems.append(_unreadable(file, error))
        return document
    for line, column in aliases:
        document.problems.append(Problem(file, line, column, "", "an alias (* or &) is refused: write the value out"))
    if node is None:
        if not aliases:
            document.problem((), "the file is empty")
        return document
    document.value = _value(document, (), node)
    return document


def _aliases(text: str) -> Iterator[tuple[int, int]]:
    for item in yaml.parse(text, Loader=_Loader):
        if isinstance(item, yaml.AliasEvent) or getattr(item, "anchor", None):
            yield item.start_mark.line + 1, item.start_mark.column + 1


def _unreadable(file: str, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is nested too deeply"
    return Problem(file, line, column, "", f"this is not YAML: {said}")


def _value(document: Document, way: Way, node: Any) -> Any:
    document.places[way] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if len(way) > DEEPEST:
        document.problem(way, f"nested more than {DEEPEST} deep")
        return None
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
            document.problem(way, "a key must be a plain name")
        elif key in values:
            line = key_node.start_mark.line + 1
            column = key_node.start_mark.column + 1
            first = document.key_places[here][0]
            document.problems.append(
                Problem(document.file, line, column, spelt(here), f"the key {key} stands twice; first in line {first}")
            )
        else:
            document.key_places[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            values[key] = _value(document, here, value_node)
    return values


def _scalar(document: Document, way: Way, node: Any) -> Any:
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "float":
        document.problem(way, f'found the float {node.value}; allowed: a whole number, or a quoted decimal such as "1.5"')
        return None
    if kind == "int":
        return int(node.value)
    if kind == "bool":
        return node.value.lower() == "true"
    if kind == "null":
        return None
    if kind != "str":
        document.problem(way, f"found the tag {node.tag}; allowed: no tags")
    return node.value
