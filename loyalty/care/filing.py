"""Verbs on the customer file of a locked member: keep facts, contacts, other programs; assign a manager; review; forget."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from loyalty.access.staff import staff_named
from loyalty.care.file_tables import MemberCompetitor, MemberContact, MemberFile
from loyalty.errors import Refused
from loyalty.keys import digest, dumps
from loyalty.members.operations import leave
from loyalty.members.rules import checked_attributes
from loyalty.program.models import CustomerFile
from loyalty.status.queries import Account


@dataclass(frozen=True)
class Contact:
    """Someone to turn to about a member."""

    name: str
    relation: str = ""
    phone: str = ""
    email: str = ""
    note: str = ""


@dataclass(frozen=True)
class Competitor:
    """A member in another program, as known on a day; `share` is the percent of what they spend that is guessed to go there."""

    program: str
    as_of: date
    tier: str = ""
    share: int | None = None
    source: str = ""


def _file(session: Session, member_id: int) -> MemberFile:
    row = session.get(MemberFile, member_id)
    if row is None:
        row = MemberFile(member_id=member_id, fields="{}", manager_id=None, reviewed_at=None, reviewed_by="")
        session.add(row)
    return row


def change_fields(session: Session, file: CustomerFile, member_id: int, changes: Mapping[str, Any]) -> bool:
    """Change some facts of the file; an empty value takes one away. False where they are so already.

    Facts that the program has no more stay until the file is forgotten. Raises Refused: `unknown_field`, `bad_field`.
    """
    fresh = json.loads(checked_attributes(file.fields, changes))
    row = _file(session, member_id)
    values = json.loads(row.fields)
    merged = {name: value for name, value in {**values, **fresh}.items() if changes.get(name, value) not in (None, "")}
    if merged == values:
        return False
    row.fields = dumps(merged)
    session.flush()
    return True


def set_contact(session: Session, member_id: int, known: str, wanted: Contact, key: str, now: datetime) -> bool:
    """Keep a contact: a new one, or other facts of one that is known by its number; False where they are so already.

    Raises Refused: `unknown_contact`.
    """
    return _set(session, MemberContact, member_id, known, asdict(wanted), digest("contact", key), now)


def set_competitor(session: Session, member_id: int, known: str, wanted: Competitor, key: str, now: datetime) -> bool:
    """The same of another program. Raises Refused: `unknown_competitor`."""
    return _set(session, MemberCompetitor, member_id, known, asdict(wanted), digest("competitor", key), now)


def remove_contact(session: Session, member_id: int, known: str) -> None:
    """Forget a contact. Raises Refused: `unknown_contact`."""
    session.delete(_known(session, MemberContact, member_id, known))
    session.flush()


def remove_competitor(session: Session, member_id: int, known: str) -> None:
    """Forget what is known of another program. Raises Refused: `unknown_competitor`."""
    session.delete(_known(session, MemberCompetitor, member_id, known))
    session.flush()


Kept = type[MemberContact] | type[MemberCompetitor]


def _known(session: Session, table: Kept, member_id: int, known: str) -> Any:
    row = session.get(table, (member_id, int(known))) if known.removeprefix("-").isdecimal() and len(known) <= 20 else None
    if row is None and table is MemberContact:
        raise Refused("unknown_contact", contact=known)
    if row is None:
        raise Refused("unknown_competitor", competitor=known)
    return row


def _set(
    session: Session, table: Kept, member_id: int, known: str, values: Mapping[str, Any], fresh_id: int, now: datetime
) -> bool:
    row = _known(session, table, member_id, known) if known else session.get(table, (member_id, fresh_id))
    if row is None:
        number = "contact_id" if table is MemberContact else "competitor_id"
        session.add(table(member_id=member_id, at=now, **{number: fresh_id}, **values))
    elif all(getattr(row, name) == value for name, value in values.items()):
        return False
    else:
        for name, value in {**values, "at": now}.items():
            setattr(row, name, value)
    session.flush()
    return True


def assign(session: Session, member_id: int, name: str) -> bool:
    """Have someone of the staff look after a member, by name; without a name nobody does. False where it is so already.

    Raises Refused: `unknown_staff`, `staff_ended`.
    """
    staff_id = staff_named(session, name).staff_id if name else None
    row = _file(session, member_id)
    if row.manager_id == staff_id:
        return False
    row.manager_id = staff_id
    session.flush()
    return True


def review(session: Session, member_id: int, author: str, now: datetime) -> bool:
    """Note that someone looked a file through; False where the same one did at the same instant."""
    row = _file(session, member_id)
    if (row.reviewed_at, row.reviewed_by) == (now, author):
        return False
    row.reviewed_at, row.reviewed_by = now, author
    session.flush()
    return True


def forget(session: Session, member_id: int) -> None:
    """Delete the whole file of a member, as when the membership ends: nobody is to be looked after any more."""
    for table in (MemberContact, MemberCompetitor, MemberFile):
        session.execute(delete(table).where(table.member_id == member_id))


def end_membership(session: Session, account: Account, on: date) -> bool:
    """End a membership, `on` being the first day after it, and forget its file. False where it had this end already.

    Raises Refused: `already_left`, `span_backwards`.
    """
    fresh = account.left_on != on
    leave(session, account.number, on)
    forget(session, account.member_id)
    return fresh
