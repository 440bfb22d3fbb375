"""Becoming a member: asked for on a page, confirmed by the link of a letter."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from loyalty.access.entering import named
from loyalty.access.links import about, is_enough, write_link
from loyalty.access.tables import Link, Login
from loyalty.i18n import fitting
from loyalty.members.consent import consent
from loyalty.members.operations import Enrolled, Enrolment, enrol_one
from loyalty.program.load import Program
from loyalty.store import take_turns


@dataclass(frozen=True)
class Wish:
    """What somebody who wants to join says. `password` is its hash, empty where none was chosen."""

    name: str
    email: str
    language: str
    attributes: Mapping[str, Any]
    consents: Mapping[str, bool]
    password: str


def ask_to_join(session: Session, program: Program, wish: Wish, now: datetime) -> Link | None:
    """Write the letter to who wants to join: its link confirms, or, where the address is a member's, signs in.

    None where the address has had enough letters.
    """
    members = named(session, wish.email)
    if is_enough(session, wish.email, now):
        return None
    if not members:
        return write_link(session, "join", wish.email, wish.language, now, wish=asdict(wish))
    locale = fitting(members[0].language or wish.language, program.file.languages)
    only = members[0].member_id if len(members) == 1 else None
    return write_link(session, "sign_in", members[0].email, locale, now, only, says="known")


def admit(session: Session, program: Program, link: Link, now: datetime, today: date) -> Enrolled | None:
    """Enrol who has confirmed, with password and consents; standings and what follows are the caller's.

    None where the address has become a member's meanwhile: by another link of the same wish, or by hand.
    """
    wish = Wish(**about(link)["wish"])
    take_turns(session, f"join {wish.email.lower()}")
    if named(session, wish.email):
        return None
    enrolment = Enrolment(today, None, None, wish.name, wish.email, "", wish.language, wish.attributes)
    enrolled = enrol_one(session, program, enrolment, now)
    assert enrolled.member_id is not None
    if wish.password:
        session.add(Login(member_id=enrolled.member_id, password=wish.password, password_at=now))
    for name, given in wish.consents.items():
        consent(session, enrolled.member_id, name, given, "joining", now)
    session.flush()
    return enrolled
