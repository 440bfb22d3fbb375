"""docs/programs.md is what the shapes say; every word of every file has its sentence and an example that loads."""

from collections.abc import Iterator
from typing import Any

import pytest

from loyalty.program.checks import check_edition
from loyalty.program.load import OPTIONAL, parse, tellers
from loyalty.program.problems import Problem
from loyalty.program.reader import Document, read
from tests.program.reference import FILES, PAGE, TEXTS, examples_of, fields_of, page


def test_the_page_is_what_the_shapes_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.program.reference"


@pytest.mark.parametrize("file", FILES)
def test_every_word_has_its_sentence_and_an_example(file: str) -> None:
    words = {(part, word): field for part, word, field in fields_of(FILES[file])}
    assert [name for name, field in words.items() if not field.description] == []
    shown = examples_of()
    assert [name for name in words if name not in shown] == []


def editions() -> Iterator[dict[str, str]]:
    """The examples as whole programs: each ladder with the other files; benefits and requests are those of the first."""
    for n, ladder in enumerate(TEXTS["ladder.yaml"]):
        yield {file: texts[0] for file, texts in TEXTS.items() if not n or file not in OPTIONAL} | {"ladder.yaml": ladder}


@pytest.mark.parametrize("texts", list(editions()), ids=range(len(TEXTS["ladder.yaml"])))
def test_the_examples_are_free_of_problems(texts: dict[str, str]) -> None:
    problems: list[Problem] = []
    documents = {file: read(file, text) for file, text in texts.items()}
    parts: dict[str, Any] = {file.removesuffix(".yaml"): part for file, part in OPTIONAL.items()}
    parts |= {file.removesuffix(".yaml"): parse(documents[file], FILES[file]) for file in texts}
    head = parts.pop("program")
    tell = tellers({**{file: Document(file) for file in OPTIONAL}, **documents})
    assert check_edition(head, **parts, tell=tell) is not None
    problems += [problem for document in documents.values() for problem in document.problems]
    assert problems == []
