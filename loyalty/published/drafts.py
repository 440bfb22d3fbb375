"""Drafts of editions: sent in, checked, kept as they came, and read as editions wherever one is meant."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON, Act, Actor
from loyalty.audit.operations import append
from loyalty.errors import Refused, require_text
from loyalty.program.load import Edition, Files, Program, load
from loyalty.published.tables import DraftFile, EditionDraft, PublishedEdition


@dataclass(frozen=True)
class Draft:
    """An edition as it is sent in: from which day it is to hold, its files, what it is for, and a key under which it is kept
    once."""

    begins: date
    texts: Mapping[str, str]
    note: str
    key: str


def drafted(program: Program, files: Files) -> Program:
    """The program with a draft among its editions. Raises ProgramInvalid with every problem, each with its place."""
    return load(program.folder, files, program.kept)


def edition_of(program: Program, begins: date) -> Edition:
    """The edition that begins on a day that one begins on."""
    return next(edition for edition in program.editions if edition.begins == begins)


def add_draft(session: Session, program: Program, by: Actor, wanted: Draft, now: datetime) -> EditionDraft:
    """Keep a draft that could be published as it is; the same key with the same draft is answered as the first time.

    Raises Refused: `reason_missing` without a note, `bad_field`, `draft_too_early`, `edition_published`, `key_reused`;
    ProgramInvalid with every problem of its files.
    """
    _said(wanted)
    first = program.editions[0].begins
    if wanted.begins < first:
        raise Refused("draft_too_early", begins=wanted.begins, program=program.id, first=first)
    edition = edition_of(drafted(program, Files(wanted.begins, wanted.texts)), wanted.begins)
    before = session.scalar(select(EditionDraft).where(EditionDraft.key == wanted.key))
    if before is not None:
        return _again(session, before, wanted)
    published = session.get(PublishedEdition, wanted.begins)
    if published is not None and published.hash == edition.hash:
        raise Refused("edition_published", edition=wanted.begins, program=program.id)
    row = EditionDraft(
        program=program.id, begins=wanted.begins, hash=edition.hash, note=wanted.note, key=wanted.key, author=by.name, at=now
    )
    session.add(row)
    session.flush()
    session.add_all(DraftFile(draft_id=row.draft_id, name=name, text=text) for name, text in wanted.texts.items())
    session.flush()
    what = {"draft": row.draft_id, "begins": row.begins, "hash": row.hash, "files": _digests(wanted.texts)}
    append(session, by, Act("program.draft", what, wanted.note), now)
    return row


def _said(wanted: Draft) -> None:
    if not wanted.note.strip():
        raise Refused("reason_missing")
    require_text("note", wanted.note, LONGEST_REASON)
    require_text("key", wanted.key, LONGEST_KEY)


def _again(session: Session, before: EditionDraft, wanted: Draft) -> EditionDraft:
    kept = (before.begins, before.note, files_of(session, before).texts)
    if kept != (wanted.begins, wanted.note, dict(wanted.texts)):
        raise Refused("key_reused", key=wanted.key, source="draft")
    return before


def _digests(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(texts.items())}


def base_of(editions: Iterable[Edition | PublishedEdition]) -> str:
    """A digest of published editions, in order: what a draft is held against."""
    told = "\n".join(f"{edition.begins} {edition.hash}" for edition in editions)
    return hashlib.sha256(told.encode()).hexdigest()


# --- reads ------------------------------------------------------------------------------------------------------


def draft_of(session: Session, draft_id: int) -> EditionDraft:
    """A draft. Raises Refused: `unknown_draft`."""
    found = session.get(EditionDraft, draft_id)
    if found is None:
        raise Refused("unknown_draft", draft=draft_id)
    return found


def files_of(session: Session, draft: EditionDraft) -> Files:
    """A draft as it was sent."""
    rows = session.scalars(select(DraftFile).where(DraftFile.draft_id == draft.draft_id).order_by(DraftFile.name))
    return Files(draft.begins, {row.name: row.text for row in rows})


def editions_kept(session: Session) -> Sequence[PublishedEdition]:
    """The editions that are published, oldest first."""
    return session.scalars(select(PublishedEdition).order_by(PublishedEdition.begins)).all()


def drafts_with_editions(
    session: Session, before: int | None = None, limit: int = 50
) -> list[tuple[EditionDraft, date | None]]:
    """The newest drafts, with the day from which each was published, if it was; those older than one, to go on from a page."""
    query = select(EditionDraft, PublishedEdition.begins).join(
        PublishedEdition, PublishedEdition.draft_id == EditionDraft.draft_id, isouter=True
    )
    if before is not None:
        query = query.where(EditionDraft.draft_id < before)
    rows = session.execute(query.order_by(EditionDraft.draft_id.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def kept_mark(session: Session) -> str:
    """What is published from drafts, as a mark that changes with it; before the tables are there nothing is."""
    if not inspect(session.connection()).has_table(DraftFile.__tablename__):
        return ""
    query = select(PublishedEdition.begins, PublishedEdition.draft_id).where(PublishedEdition.draft_id.is_not(None))
    return repr([tuple(row) for row in session.execute(query.order_by(PublishedEdition.begins))])


def kept_files(session: Session) -> list[Files]:
    """The editions that were published from drafts."""
    query = (
        select(PublishedEdition.begins, DraftFile.name, DraftFile.text)
        .join(DraftFile, DraftFile.draft_id == PublishedEdition.draft_id)
        .order_by(PublishedEdition.begins, DraftFile.name)
    )
    found: dict[date, dict[str, str]] = {}
    for begins, name, text in session.execute(query):
        found.setdefault(begins, {})[name] = text
    return [Files(begins, texts) for begins, texts in found.items()]
