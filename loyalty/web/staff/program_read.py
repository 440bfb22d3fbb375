"""Editions, drafts and trials as programs that can be told: loaded once, and kept as long as nothing else is published."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from flask import abort

from loyalty.insight.backtest import Trial
from loyalty.insight.trial_tables import DraftTrial
from loyalty.program.defects import defects
from loyalty.program.load import Edition, Files, Program
from loyalty.program.placing import placed
from loyalty.program.problems import Problem, ProgramInvalid
from loyalty.published.drafts import base_of, draft_of, drafted, edition_of, editions_kept, files_of
from loyalty.published.tables import EditionDraft
from loyalty.web.site import Site

T = TypeVar("T")
#: A draft is named so where an edition is named by its day.
DRAFT = "draft-"


@dataclass(frozen=True)
class Loaded:
    """A program with a draft among its editions; none, and what is wrong, where it cannot be loaded any more."""

    program: Program | None
    problems: tuple[Problem, ...] = ()


def _kept(site: Site, key: tuple[object, ...], make: Callable[[], T]) -> T:
    return site.kept.get(key, base_of(site.program.editions), make)


def with_draft(site: Site, draft: EditionDraft) -> Loaded:
    """The program with a draft."""
    return _kept(site, ("draft", draft.draft_id), lambda: _loaded(site, files_of(site.reading, draft)))


def _loaded(site: Site, files: Files) -> Loaded:
    try:
        return Loaded(drafted(site.program, files))
    except ProgramInvalid as error:
        return Loaded(None, error.problems)


def suspected(site: Site, program: Program, edition: Edition) -> list[Problem]:
    """What is suspicious in an edition, each with its file and line."""
    found = (one for one in defects(program) if one[0] == edition.name)
    return _kept(site, ("suspected", edition.name, edition.hash), lambda: placed(program, found))


def named(site: Site, name: str) -> tuple[Program, Edition]:
    """An edition by its day, or a draft by its number, with the program that it is told in. 404 for what is not there."""
    if name.startswith(DRAFT):
        loaded, draft = of_number(site, name.removeprefix(DRAFT))
        return (loaded.program, edition_of(loaded.program, draft.begins)) if loaded.program else abort(404)
    edition = next((one for one in site.program.editions if one.name == name), None)
    return (site.program, edition) if edition else abort(404)


def of_number(site: Site, number: str) -> tuple[Loaded, EditionDraft]:
    """A draft by its number, loaded. 404 for what is no number; raises Refused: `unknown_draft`."""
    draft = draft_of(site.reading, int(number) if number.isascii() and number.isdigit() and len(number) < 19 else abort(404))
    return with_draft(site, draft), draft


def trial_told(site: Site, row: DraftTrial, draft: EditionDraft) -> Trial | None:
    """What a trial was about: the editions that were published when it was asked for, and the same with the draft. None where
    it cannot be loaded any more."""
    return _kept(site, ("trial", row.trial_id), lambda: _trial(site, row, draft))


def _trial(site: Site, row: DraftTrial, draft: EditionDraft) -> Trial | None:
    assert row.begins is not None and row.on is not None
    rows = editions_kept(site.reading)
    names = {one.begins for one in rows if one.published_at <= row.asked_at and one.draft_id != draft.draft_id}
    loaded = _loaded(site, Files(row.begins, files_of(site.reading, draft).texts))
    if loaded.program is None:
        return None
    now = replace(site.program, editions=tuple(one for one in site.program.editions if one.begins in names))
    editions = tuple(one for one in loaded.program.editions if one.begins in names | {row.begins})
    return Trial(now, replace(loaded.program, editions=editions), row.begins, row.on)
