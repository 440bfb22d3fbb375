"""docs/programs.md: every word of the language, its meaning from the shapes' docstrings, an example from language.yaml.

`python -m tests.program.reference` writes the page.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo

from loyalty.program.load import EDITION_FILES, parse
from loyalty.program.models import ProgramFile
from loyalty.program.problems import ProgramInvalid
from loyalty.program.reader import Way, read
from loyalty.program.values import Part

#: Every file of a program and its shape.
FILES: Mapping[str, type[Part]] = {"program.yaml": ProgramFile, **EDITION_FILES}
#: An example longer than this is cut.
LONGEST = 7
#: The first example of each word: (shape, field) -> lines of YAML.
Examples = dict[tuple[type[Part], str], str]

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "programs.md"
TEXTS: Mapping[str, list[str]] = yaml.safe_load((HERE / "language.yaml").read_text(encoding="utf-8"))

HEAD = """# The language of a program

Every word of every file of a program: what it means, and an example. What each word does, exactly, is told for `ladder.yaml`
in [ladder.md](ladder.md), for `benefits.yaml` in [benefits.md](benefits.md), for `requests.yaml` in
[requests.md](requests.md), for `messages.yaml` in [messages.md](messages.md).

A program is a folder of small files. `program.yaml` holds for ever; a folder of `editions/`, named by its first day, holds
the rules in force from that day; of its files `benefits.yaml`, `requests.yaml` and `messages.yaml` may be left out. Numbers
are whole or quoted decimals (`"1.5"`), days are `2024-03-01`, texts stand in every language of the program, names are small
letters, digits and `_`. `loyalty program check` tells everything that is wrong, with its place; `loyalty program show`
tells the ladder in words, with `--benefits` what its tiers give; `loyalty program schema` writes what editors need to help.

This page is made from the shapes themselves: `python -m tests.program.reference`. The examples are loaded and checked.
"""


def page() -> str:
    """The page. Raises ProgramInvalid where an example does not fit its shape, KeyError where a word has none."""
    examples = examples_of()
    told: dict[type[Part], str] = {}
    text = "\n".join([HEAD, *(line for file, shape in FILES.items() for line in _file(file, shape, examples, told))])
    return re.sub(r"\n{3,}", "\n\n", text).rstrip() + "\n"


def examples_of() -> Examples:
    """The first example of each word that has one."""
    examples: Examples = {}
    for file, shape in FILES.items():
        for text in TEXTS[file]:
            for key, lines in _examples(file, text, shape):
                examples.setdefault(key, lines)
    return examples


def fields_of(shape: type[Part]) -> Iterator[tuple[type[Part], str, FieldInfo]]:
    """Every field of a shape and of the shapes within it: (shape, word, field)."""
    for part in shapes_of(shape):
        for name, field in part.model_fields.items():
            yield part, field.alias or name, field


def shapes_of(shape: type[Part]) -> list[type[Part]]:
    """A shape and every shape within it, each once, in the order in which they are met."""
    found = [shape]
    for part in found:  # grows while it is walked
        for field in part.model_fields.values():
            found += [inner for inner in dict.fromkeys(_within(field.annotation)) if inner not in found]
    return found


def _within(annotation: Any) -> Iterator[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _within(inner)


def _examples(file: str, text: str, shape: type[Part]) -> Iterator[tuple[tuple[type[Part], str], str]]:
    document = read(file, text)
    part = parse(document, shape)
    if part is None:
        raise ProgramInvalid(document.problems)
    last = dict(_ends(yaml.compose(text, Loader=yaml.BaseLoader), ()))
    for way, owner in _given(part, ()):
        line, column = document.key_places[way]
        yield (owner, str(way[-1])), _cut(text, line, column, *last[way])


def _given(value: Any, way: Way) -> Iterator[tuple[Way, type[Part]]]:
    """The ways to every word that is given, each with the shape whose word it is."""
    if isinstance(value, Part):
        for name in type(value).model_fields:
            if name in value.model_fields_set:
                below = (*way, type(value).model_fields[name].alias or name)
                yield below, type(value)
                yield from _given(getattr(value, name), below)
    elif isinstance(value, dict | tuple):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _given(inner, (*way, step))


def _ends(node: Any, way: Way) -> Iterator[tuple[Way, tuple[int, int]]]:
    """Where the value of every path ends: (line, column) after its last letter, from 1."""
    yield way, (node.end_mark.line + 1, node.end_mark.column + 1)
    pairs = [(key.value, value) for key, value in node.value] if isinstance(node, yaml.MappingNode) else []
    pairs += enumerate(node.value) if isinstance(node, yaml.SequenceNode) else []
    for step, inner in pairs:
        yield from _ends(inner, (*way, step))


def _cut(text: str, line: int, column: int, last: int, end: int) -> str:
    """The lines of a text from a place to another, moved to the left; a long piece loses its tail."""
    lines = text.split("\n")[line - 1 : last]
    lines[-1] = lines[-1][: end - 1]
    lines = [lines[0][column - 1 :], *(inner[min(column - 1, len(inner) - len(inner.lstrip())) :] for inner in lines[1:])]
    kept = [inner.rstrip() for inner in lines if inner.strip()]
    return "\n".join(kept if len(kept) <= LONGEST else [*kept[: LONGEST - 1], "# and so on"])


def _file(file: str, shape: type[Part], examples: Examples, told: dict[type[Part], str]) -> Iterator[str]:
    """A file's section; a shape that an earlier file has too is told there, and named here."""
    yield f"## {file}\n"
    before = {part: told[part] for part in shapes_of(shape) if part in told}
    for part in shapes_of(shape):
        if told.setdefault(part, file) != file:
            continue
        if part is not shape:
            yield f"### {_spoken(part.__name__)}\n"
        about = _plain(part.__doc__).removeprefix(f"{file}: ")
        yield f"{about[:1].upper()}{about[1:]}\n"
        for name, field in part.model_fields.items():
            word = field.alias or name
            yield from _word(word, field, examples[part, word])
        yield ""
    for other in dict.fromkeys(before.values()):
        names = ", ".join(_spoken(part.__name__) for part, where in before.items() if where == other)
        yield f"As in {other}: {names}.\n"


def _word(word: str, field: FieldInfo, example: str) -> Iterator[str]:
    notes = [f"one of {', '.join(f'`{name}`' for name in names)}" for names in [_names(field.annotation)] if names]
    notes += [_default(field)] if not field.is_required() else []
    told = f"- **`{word}`**{f' ({notes_})' if (notes_ := '; '.join(notes)) else ''}: {_plain(field.description)}"
    if "\n" not in example:
        yield f"{told} `{example}`"
        return
    yield told
    yield ""
    yield from (f"  {line}" for line in ["```yaml", *example.split("\n"), "```"])
    yield ""


def _names(annotation: Any) -> tuple[str, ...]:
    """The words that a field may hold, where it holds nothing else."""
    inner = [arg for arg in get_args(annotation) if arg is not type(None)] if get_origin(annotation) is not Literal else []
    if len(inner) == 1 and get_origin(inner[0]) is Literal:
        return get_args(inner[0])
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, {}, (), "") or isinstance(value, Part):
        return "may be left out"
    return f"`{str(value).lower() if isinstance(value, bool) else value}` if left out"


def _spoken(name: str) -> str:
    """GuardedPath -> Guarded path."""
    text = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
    return text[:1].upper() + text[1:]


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
