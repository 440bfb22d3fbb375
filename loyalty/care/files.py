"""Reads of customer files: one member's, and those of many that are to be reviewed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from loyalty.access.staff_tables import Staff
from loyalty.care.completeness import latest_due
from loyalty.care.file_tables import MemberCompetitor, MemberContact, MemberFile
from loyalty.clock import start_of
from loyalty.members.tables import HouseholdMember, Member
from loyalty.program.models import Review
from loyalty.status.tables import Standing


@dataclass(frozen=True)
class Filed:
    """A member's file; `manager` is who looks after them, as the row of staff, also of one who has ended."""

    fields: dict[str, Any]
    manager: Staff | None = None
    reviewed_at: datetime | None = None
    reviewed_by: str = ""


def file_of(session: Session, member_id: int) -> Filed:
    """What is kept of a member, in one statement; empty where nothing ever was."""
    query = select(MemberFile, Staff).join(Staff, Staff.staff_id == MemberFile.manager_id, isouter=True)
    row = session.execute(query.where(MemberFile.member_id == member_id)).one_or_none()
    if row is None:
        return Filed({})
    return Filed(json.loads(row.MemberFile.fields), row.Staff, row.MemberFile.reviewed_at, row.MemberFile.reviewed_by)


def contacts_of(session: Session, member_id: int) -> Sequence[MemberContact]:
    """Whom to turn to about a member, by name."""
    mine = select(MemberContact).where(MemberContact.member_id == member_id)
    return session.scalars(mine.order_by(MemberContact.name, MemberContact.contact_id)).all()


def competitors_of(session: Session, member_id: int) -> Sequence[MemberCompetitor]:
    """What is known of a member in other programs, that of which most is spent first."""
    mine = select(MemberCompetitor).where(MemberCompetitor.member_id == member_id)
    return session.scalars(mine.order_by(MemberCompetitor.share.desc().nulls_last(), MemberCompetitor.program)).all()


def managers(session: Session) -> list[Staff]:
    """Those of the staff who look after somebody, by name."""
    busy = select(MemberFile.manager_id).where(MemberFile.manager_id.is_not(None)).distinct()
    return list(session.scalars(select(Staff).where(Staff.staff_id.in_(busy)).order_by(Staff.shown, Staff.staff_id)))


class Place(NamedTuple):
    """Where a row stands in the list of reviews: those never reviewed come first, then those reviewed longest ago."""

    reviewed_at: datetime | None
    member_id: int


@dataclass(frozen=True)
class Sought:
    """Whose files: those due by a day, none for whether due or not; of one manager, of nobody (0), or of all (none)."""

    due_by: date | None
    manager_id: int | None = None
    after: Place | None = None


def reviews(session: Session, review: Review, zone: ZoneInfo, today: date, sought: Sought, limit: int) -> list[Row[Any]]:
    """Files of members of today, those never reviewed first, then those reviewed longest ago: one statement.

    Rows have member_id, number, name, email, phone, language, attributes, tier, fields, reviewed_at, reviewed_by, manager_id,
    manager (shown), household, contacts and competitors (whether there are any). Who manages no more counts as nobody.
    """
    member, kept = Member.__table__.c, MemberFile.__table__.c
    query = (
        select(
            member.member_id, member.number, member.name, member.email, member.phone, member.language, member.attributes,
            Standing.tier, kept.fields, kept.reviewed_at, kept.reviewed_by, Staff.staff_id.label("manager_id"),
            Staff.shown.label("manager"), *_beside(member.member_id),
        )
        .join_from(Member, Standing, Standing.member_id == member.member_id)
        .join(MemberFile, kept.member_id == member.member_id, isouter=True)
        .join(Staff, (Staff.staff_id == kept.manager_id) & Staff.active, isouter=True)
        .where(or_(member.left_on.is_(None), member.left_on > today))
    )  # fmt: skip
    if sought.due_by is not None:
        query = query.where(_due(review, zone, sought.due_by))
    if sought.manager_id is not None:
        query = query.where(Staff.staff_id == sought.manager_id if sought.manager_id else Staff.staff_id.is_(None))
    if sought.after is not None:
        query = query.where(_after(sought.after))
    return list(session.execute(query.order_by(kept.reviewed_at.asc().nulls_first(), member.member_id).limit(limit)))


def _beside(member_id: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Whether there is a household, a contact, a competitor."""
    joined = exists().where(HouseholdMember.member_id == member_id, HouseholdMember.state == "joined")
    contact = exists().where(MemberContact.member_id == member_id)
    return [joined.label("household"), contact.label("contacts"),
            exists().where(MemberCompetitor.member_id == member_id).label("competitors")]  # fmt: skip


def _due(review: Review, zone: ZoneInfo, day: date) -> ColumnElement[bool]:
    """Whether a rule wants a file reviewed by a day."""

    def old(months: int) -> ColumnElement[bool]:
        before = start_of(latest_due(day, months) + timedelta(days=1), zone)
        return or_(MemberFile.reviewed_at.is_(None), MemberFile.reviewed_at < before)

    rules = [and_(Standing.tier == tier, old(months)) for tier, months in review.tiers.items()]
    if review.managed is not None:
        rules.append(and_(Staff.staff_id.is_not(None), old(review.managed)))
    return or_(false(), *rules)


def _after(place: Place) -> ColumnElement[bool]:
    reviewed, member_id = MemberFile.reviewed_at, Member.member_id
    if place.reviewed_at is None:
        return or_(and_(reviewed.is_(None), member_id > place.member_id), reviewed.is_not(None))
    return or_(reviewed > place.reviewed_at, and_(reviewed == place.reviewed_at, member_id > place.member_id))
