"""Where in the files of a program something stands that was found in it once it was loaded."""

from collections.abc import Iterable
from pathlib import Path

from loyalty.program.load import Files, Program, in_edition
from loyalty.program.problems import Problem
from loyalty.program.reader import Document, Way, read


def placed(program: Program, found: Iterable[tuple[str, str, Way, str]]) -> list[Problem]:
    """What was found in editions that loaded, (edition, file, way, message), each with its place, in the order of the files."""
    documents: dict[Path, Document] = {}
    folder, kept = program.folder, {one.place: one for one in program.kept}
    for edition, file, way, message in found:
        source = kept.get(edition, folder / "editions" / edition)
        path = in_edition(source, file)
        if path not in documents:
            text = source.texts.get(file, "") if isinstance(source, Files) else path.read_text(encoding="utf-8")
            documents[path] = read(str(path if isinstance(source, Files) else path.relative_to(folder.parent)), text)
        documents[path].problem(way, message)
    return sorted(problem for document in documents.values() for problem in document.problems)
