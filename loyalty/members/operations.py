"""Verbs on members: enrol, change, leave."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.members.finding import keep_words, renew_words
from loyalty.members.rules import checked_attributes, made_number
from loyalty.members.tables import AttributeChange, Member
from loyalty.members.telling import notice
from loyalty.members.words import words_of
from loyalty.program.load import Program
from loyalty.program.problems import listed
from loyalty.store import among

#: What may be changed of a member without touching what follows from activity.
PROFILE = ("name", "email", "phone", "language")


@dataclass(frozen=True)
class Enrolment:
    """A member to enrol. Without a number the program makes one. `left_on` is the first day after membership."""

    enrolled_on: date
    number: str | None = None
    left_on: date | None = None
    name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Enrolled:
    """What became of an enrolment: a new member's id, or the same member known already, or a refusal."""

    number: str
    member_id: int | None = None
    refusal: Refused | None = None


def enrol(session: Session, program: Program, enrolments: Sequence[Enrolment], now: datetime) -> list[Enrolled]:
    """Enrol members; one answer for each. The number is the key: the same data again change nothing.

    A refused enrolment stops no other. Refusals: `member_exists` where a number is taken by other data,
    `unknown_field`, `bad_field` for attributes, `span_backwards` where one left before enrolling.
    """
    wanted = [enrolment.number for enrolment in enrolments if enrolment.number is not None]
    columns = Member.__table__
    known: dict[str, Any] = {
        row.number: row._mapping for row in session.execute(select(columns).where(among(session, columns.c.number, wanted)))
    }
    answers: list[str | Refused] = []
    fresh: dict[str, dict[str, Any]] = {}
    for enrolment in enrolments:
        try:
            answers.append(_admit(session, program, _row(program, enrolment, now), known, fresh))
        except Refused as refusal:
            answers.append(refusal)
    ids = _insert(session, list(fresh.values()))
    return [
        Enrolled("", refusal=answer) if isinstance(answer, Refused) else Enrolled(answer, ids.pop(answer, None))
        for answer in answers
    ]


def enrol_one(session: Session, program: Program, enrolment: Enrolment, now: datetime) -> Enrolled:
    """Enrol one member. Raises what `enrol` refuses."""
    (answer,) = enrol(session, program, [enrolment], now)
    if answer.refusal is not None:
        raise answer.refusal
    return answer


def _admit(
    session: Session, program: Program, row: dict[str, Any], known: Mapping[str, Any], fresh: dict[str, dict[str, Any]]
) -> str:
    number = row["number"] or _next_number(session, program, len(fresh))
    row["number"] = number
    before = known.get(number) or fresh.get(number)
    if before is None:
        fresh[number] = row
    elif any(before[name] != row[name] for name in _SAME):
        raise Refused("member_exists", number=number)
    return str(number)


_SAME = ("enrolled_on", "left_on", *PROFILE, "attributes")


def _row(program: Program, enrolment: Enrolment, now: datetime) -> dict[str, Any]:
    if enrolment.left_on and enrolment.left_on < enrolment.enrolled_on:
        raise Refused("span_backwards", until=enrolment.left_on, begins=enrolment.enrolled_on)
    attributes = checked_attributes(program.file.members.attributes, enrolment.attributes)
    return {**asdict(enrolment), "attributes": attributes, "created_at": now}


def _insert(session: Session, rows: list[dict[str, Any]]) -> dict[str, int]:
    if not rows:
        return {}
    made = session.execute(insert(Member).returning(Member.member_id, Member.number), rows)
    ids: dict[str, int] = {number: member_id for member_id, number in made}
    keep_words(session, {ids[row["number"]]: words_of(row["name"], row["email"], row["phone"]) for row in rows})
    return ids


def _next_number(session: Session, program: Program, ahead: int) -> str:
    count: int = (session.scalar(select(func.max(Member.member_id))) or 0) + ahead
    while True:
        count += 1
        number = made_number(program.file.members.number, count)
        if session.scalar(select(Member.member_id).where(Member.number == number)) is None:
            return number


def change(session: Session, member_id: int, now: datetime, **profile: str) -> bool:
    """Change name, email, phone or language: nothing about status. False where they are so already.

    Who had the old address is told there that it was changed. Raises Refused: `unknown_field` for anything else.
    """
    for name in profile:
        if name not in PROFILE:
            raise Refused("unknown_field", field=name, allowed=listed(PROFILE), nearest="")
    member = session.get_one(Member, member_id, with_for_update=True)
    changed = {name: value for name, value in profile.items() if getattr(member, name) != value}
    if "email" in changed and member.email:
        key = f"email {member.email} {now.isoformat()}"
        notice(session, member_id, "security", key, {"what": "email"}, now, address=member.email)
    for name, value in changed.items():
        setattr(member, name, value)
    session.flush()
    if changed.keys() & {"name", "email", "phone"}:
        renew_words(session, member)
    return bool(changed)


def change_attributes(session: Session, program: Program, member_id: int, changes: Mapping[str, Any], today: date) -> bool:
    """Change some of a member's attributes from a day on; False where they are so already.

    What was judged before stays as it was. An empty value takes an attribute away. Raises Refused: `unknown_field`,
    `bad_field`.
    """
    member = session.get_one(Member, member_id, with_for_update=True)
    known = program.file.members.attributes
    values = json.loads(member.attributes)
    fresh = json.loads(checked_attributes(known, changes))
    merged = {name: value for name, value in {**values, **fresh}.items() if changes.get(name, value) not in (None, "")}
    if merged == values:
        return False
    last = session.scalar(select(func.max(AttributeChange.n)).where(AttributeChange.member_id == member_id))
    if last is None:
        session.add(AttributeChange(member_id=member_id, n=0, known_on=member.enrolled_on, attributes=member.attributes))
    member.attributes = dumps(merged)
    session.add(AttributeChange(
        member_id=member_id, n=(last or 0) + 1, known_on=max(today, member.enrolled_on), attributes=member.attributes
    ))  # fmt: skip
    session.flush()
    return True


def leave(session: Session, number: str, left_on: date) -> None:
    """End a membership: `left_on` is the first day after it. Raises Refused: `unknown_member`, `already_left`,
    `span_backwards` before enrolment. The same day again changes nothing."""
    member = session.scalar(select(Member).where(Member.number == number))
    if member is None:
        raise Refused("unknown_member", number=number)
    if member.left_on is not None and member.left_on != left_on:
        raise Refused("already_left", number=number, left_on=member.left_on)
    if left_on < member.enrolled_on:
        raise Refused("span_backwards", until=left_on, begins=member.enrolled_on)
    session.execute(update(Member).where(Member.member_id == member.member_id).values(left_on=left_on))
