"""Editions as published: kept for ever with their hash, so that rules in force are never changed unseen."""

from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.program.load import Edition, Program
from loyalty.published.tables import PublishedEdition


def publish(session: Session, program: Program, now: datetime) -> list[date]:
    """Keep the program's editions that are not kept yet; an edition still to come may be replaced until it begins, unless it
    was published from a draft.

    Returns the first days of those written. Raises Refused: `other_program` where the database belongs to another,
    `edition_changed` where an edition that has begun, or was published from a draft, is not what was published.
    """
    kept = {row.begins: row for row in session.scalars(select(PublishedEdition))}
    other = next((row.program for row in kept.values() if row.program != program.id), None)
    if other:
        raise Refused("other_program", found=other, expected=program.id)
    today = day_of(now, program.zone)
    written: list[date] = []
    gone = kept.keys() - {edition.begins for edition in program.editions}
    for begins in sorted(begins for begins in gone if kept[begins].draft_id is None):
        _no_longer(session, program, kept[begins], today)
    for edition in program.editions:
        row = kept.get(edition.begins)
        if row is not None and row.hash == edition.hash:
            continue
        if row is not None:
            _no_longer(session, program, row, today)
        values = {"begins": edition.begins, "program": program.id, "hash": edition.hash}
        try:
            with session.begin_nested():
                session.execute(insert(PublishedEdition).values(**values, content=edition.content, published_at=now))
        except IntegrityError:
            return written + publish(session, program, now)  # another process has just published: held against what it wrote
        written.append(edition.begins)
    return written


def _no_longer(session: Session, program: Program, row: PublishedEdition, today: date) -> None:
    if row.begins <= today or row.draft_id is not None:
        raise Refused("edition_changed", edition=row.begins, program=program.id)
    session.delete(row)
    session.flush()


def published(session: Session, program: Program, now: datetime) -> list[Edition]:
    """The editions of a program that are kept, as they are; nothing is written.

    One still to come that is not what was kept any more is left out. Raises Refused: `other_program`, `edition_changed`.
    """
    kept = {row.begins: row for row in session.scalars(select(PublishedEdition))}
    today = day_of(now, program.zone)
    same = {edition.begins: edition for edition in program.editions}
    for begins, row in kept.items():
        if row.program != program.id:
            raise Refused("other_program", found=row.program, expected=program.id)
        if begins <= today and (begins not in same or same[begins].hash != row.hash):
            raise Refused("edition_changed", edition=begins, program=program.id)
    return [edition for edition in program.editions if edition.begins in kept and kept[edition.begins].hash == edition.hash]
