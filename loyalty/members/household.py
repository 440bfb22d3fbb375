"""Households: who shares an address. A member invites another by number and name; the other accepts, or not."""

from dataclasses import dataclass
from datetime import date, datetime
from secrets import randbits

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.members.tables import HouseholdMember, Member
from loyalty.program.load import Program
from loyalty.store import take_turns

#: States in which somebody has a place in a household.
PLACED = ("invited", "joined")


@dataclass(frozen=True)
class Mate:
    """Somebody of a household, or invited to it."""

    number: str
    name: str
    head: bool
    state: str
    since: datetime


@dataclass(frozen=True)
class Households:
    """What a member has to do with households: whether head of the own one, who is in it, and the invitations to others.

    An invitation is the household's id and the number and name of who invited.
    """

    head: bool
    mates: tuple[Mate, ...]
    invitations: tuple[tuple[int, str, str], ...]


def households_of(session: Session, member_id: int) -> Households:
    """The household of a member, if there is one, and the invitations that wait for an answer."""
    mine = session.scalars(select(HouseholdMember).where(HouseholdMember.member_id == member_id)).all()
    joined = next((row for row in mine if row.state == "joined"), None)
    waiting = {row.household_id: row.invited_by for row in mine if row.state == "invited"}
    ids = [*([joined.household_id] if joined else []), *waiting]
    rows = [row for row in _placed(session, ids) if joined is not None and row[0].household_id == joined.household_id]
    mates = [Mate(number, name, one.head, one.state, one.answered_at or one.invited_at) for one, number, name in rows]
    names = _names(session, sorted(set(waiting.values())))
    told = tuple((household, number, names.get(number, "")) for household, number in waiting.items())
    return Households(joined is not None and joined.head, tuple(mates), told)


def _names(session: Session, numbers: list[str]) -> dict[str, str]:
    rows = session.execute(select(Member.number, Member.name).where(Member.number.in_(numbers)))
    return {row.number: row.name for row in rows}


def _placed(session: Session, ids: list[int]) -> list[tuple[HouseholdMember, str, str]]:
    """The places of some households with number and name, the head first, then by when they came."""
    query = select(HouseholdMember, Member.number, Member.name).join(Member, Member.member_id == HouseholdMember.member_id)
    query = query.where(HouseholdMember.household_id.in_(ids), HouseholdMember.state.in_(PLACED))
    order = (HouseholdMember.head.desc(), HouseholdMember.invited_at, Member.number)
    return [(place, number, name) for place, number, name in session.execute(query.order_by(*order))]


def invite(session: Session, program: Program, member_id: int, number: str, name: str, now: datetime) -> bool:
    """Invite another member into the household, which begins with its first invitation; False where they are invited already.

    Number and name must both be the other's: whether one of them alone is, is not told. Raises Refused: `household_head`,
    `household_self`, `household_no_member`, `household_full`, `household_had` for who is in this one already.
    """
    mine = _joined(session, member_id)
    if mine is not None and not mine.head:
        raise Refused("household_head")
    other = _other(session, member_id, number, name, day_of(now, program.zone))
    if mine is None:
        mine = HouseholdMember(member_id=member_id, household_id=randbits(63), state="joined", head=True,
                               invited_at=now, answered_at=now)  # fmt: skip
        session.add(mine)
        session.flush()
    take_turns(session, f"household {mine.household_id}")
    place = session.get(HouseholdMember, (other.member_id, mine.household_id))
    if place is not None and place.state == "joined":
        raise Refused("household_had", number=number)
    if place is not None and place.state == "invited":
        return False
    most = program.file.members.household
    if len(_placed(session, [mine.household_id])) >= most:
        raise Refused("household_full", most=most)
    by = session.scalars(select(Member.number).where(Member.member_id == member_id)).one()
    session.merge(HouseholdMember(
        member_id=other.member_id, household_id=mine.household_id, state="invited", head=False, invited_by=by, invited_at=now,
        answered_at=None, left_at=None,
    ))  # fmt: skip
    session.flush()
    return True


def _other(session: Session, member_id: int, number: str, name: str, today: date) -> Member:
    other = session.scalar(select(Member).where(Member.number == number))
    if other is not None and other.member_id == member_id:
        raise Refused("household_self")
    gone = other is not None and other.left_on is not None and other.left_on <= today
    if other is None or gone or not other.name or _spelt(other.name) != _spelt(name):
        raise Refused("household_no_member")
    return other


def _spelt(name: str) -> str:
    """A name without what is easily written otherwise: case and blanks."""
    return "".join(name.split()).casefold()


def _joined(session: Session, member_id: int) -> HouseholdMember | None:
    query = select(HouseholdMember).where(HouseholdMember.member_id == member_id, HouseholdMember.state == "joined")
    return session.scalar(query)


def answer(session: Session, member_id: int, household_id: int, accept: bool, now: datetime) -> None:
    """Accept an invitation or decline it. Raises Refused: `household_no_invitation`; `household_had`: who accepts is in one."""
    take_turns(session, f"household {household_id}")
    place = session.get(HouseholdMember, (member_id, household_id))
    if place is None or place.state != "invited":
        raise Refused("household_no_invitation")
    if accept and _joined(session, member_id) is not None:
        number = session.scalars(select(Member.number).where(Member.member_id == member_id)).one()
        raise Refused("household_had", number=number)
    place.state, place.answered_at = "joined" if accept else "declined", now
    session.flush()


def depart(session: Session, member_id: int, now: datetime) -> bool:
    """Leave the household; False for who is in none. Who came next becomes its head, and with nobody left it is over:
    its invitations end."""
    mine = _joined(session, member_id)
    if mine is None:
        return False
    take_turns(session, f"household {mine.household_id}")
    was_head = mine.head
    mine.state, mine.head, mine.left_at = "left", False, now
    session.flush()
    rest = [place for place, _number, _name in _placed(session, [mine.household_id])]
    joined = [place for place in rest if place.state == "joined"]
    if was_head and joined:
        joined[0].head = True
    for place in rest if not joined else ():
        place.state, place.left_at = "left", now
    session.flush()
    return True


def remove(session: Session, member_id: int, number: str, now: datetime) -> None:
    """Remove another from the household of which a member is head, or take an invitation back.

    Raises Refused: `household_head` for who is not head; `household_no_member` for who has no place in it.
    """
    mine = _joined(session, member_id)
    if mine is None or not mine.head:
        raise Refused("household_head")
    take_turns(session, f"household {mine.household_id}")
    query = select(HouseholdMember).join(Member, Member.member_id == HouseholdMember.member_id)
    query = query.where(HouseholdMember.household_id == mine.household_id, HouseholdMember.state.in_(PLACED))
    place = session.scalar(query.where(Member.number == number, Member.member_id != member_id))
    if place is None:
        raise Refused("household_no_member")
    place.state, place.left_at = "left", now
    session.flush()
