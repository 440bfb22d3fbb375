"""Coming in by a name and a password, or by a link: what is asked, and what is answered, is the same for every name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.orm import Session

from loyalty.access.attempts import Counted, clear, count, subject_of
from loyalty.access.links import is_enough, write_link
from loyalty.access.passwords import hashed, is_outdated
from loyalty.access.tables import Link, Login
from loyalty.i18n import fitting
from loyalty.members.tables import Member
from loyalty.members.telling import notice
from loyalty.program.load import Program

#: So many members of one address are looked at.
FAMILY = 20


def named(session: Session, name: str) -> list[Row[Any]]:
    """Who is named by a member number, or by an address, which several may share: member_id, number, name, email, language."""
    columns = (Member.member_id, Member.number, Member.name, Member.email, Member.language)
    wanted = func.lower(Member.email) == name.lower() if "@" in name else or_(Member.number.in_([name, name.upper()]))
    return list(session.execute(select(*columns).where(wanted).order_by(Member.member_id).limit(FAMILY)))


@dataclass(frozen=True)
class Tried:
    """A name and what its password is to be compared with: empty where it has none, is nobody's or several's, or is locked."""

    counted: Counted
    member_ids: tuple[int, ...]
    password: str

    @property
    def member_id(self) -> int:
        return self.member_ids[0]


def try_name(session: Session, name: str, now: datetime) -> Tried:
    """Begin an attempt by password. The transaction must end before the password is compared, which takes long.

    An address that several share cannot be told by: they sign in by number, or by a link, which lets them choose.
    """
    counted = count(session, subject_of("name", name.lower()), now)
    member_ids = tuple(row.member_id for row in named(session, name))
    kept = session.scalar(select(Login.password).where(Login.member_id.in_(member_ids[:1]))) or ""
    only = len(member_ids) == 1 and not counted.locked
    return Tried(counted, member_ids, kept if only else "")


def judge(session: Session, tried: Tried, right: bool, password: str, now: datetime, place: str) -> None:
    """End an attempt: its failures are forgotten if it was right; if not, and it locked the name, its members are told."""
    if right:
        clear(session, [tried.counted.subject])
        if is_outdated(tried.password):
            session.execute(update(Login).where(Login.member_id == tried.member_id).values(password=hashed(password)))
    else:
        _tell_of_lock(session, tried.counted, tried.member_ids, now, place)


def _tell_of_lock(session: Session, counted: Counted, member_ids: tuple[int, ...], now: datetime, place: str) -> None:
    if counted.lock is not None:
        for member_id in member_ids:
            notice(session, member_id, "security", f"locked {counted.lock.isoformat()}", {"what": "locked", "from": place}, now)


def try_code(session: Session, member_id: int, now: datetime) -> Counted:
    """Begin an attempt at a member's second step."""
    return count(session, subject_of("second step", str(member_id)), now)


def judge_code(session: Session, counted: Counted, member_id: int, right: bool, now: datetime, place: str) -> None:
    """End an attempt at a second step, as one by password."""
    if right:
        clear(session, [counted.subject])
    else:
        _tell_of_lock(session, counted, (member_id,), now, place)


def ask_link(session: Session, program: Program, name: str, locale: str, now: datetime, after: str | None) -> Link | None:
    """Write the letter that was asked for by a name: with a link for a member, else that there is none of this address.

    One is written for every name, so that the work is the same; for a number that is nobody's, to no address. None where the
    address has had enough.
    """
    members = named(session, name)
    by_address = "@" in name
    address = members[0].email if members else name.lower() if by_address else ""
    if members and members[0].language:
        locale = fitting(members[0].language, program.file.languages)
    if is_enough(session, address, now):
        return None
    only = members[0].member_id if len(members) == 1 else None
    return write_link(session, "sign_in" if members else "unknown", address, locale, now, only, after=after or "")


def members_of(session: Session, link: Link) -> list[Row[Any]]:
    """Whom a link to sign in lets in: its member, or every one of its address."""
    if link.member_id is None:
        return named(session, link.address)
    columns = (Member.member_id, Member.number, Member.name, Member.email, Member.language)
    return list(session.execute(select(*columns).where(Member.member_id == link.member_id)))
