"""Segments: the members who share a trait today, as a list of numbers that does not change afterwards."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.members.rules import checked_attributes
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.tables import TierSpan


@dataclass(frozen=True)
class Segment:
    """Members who meet all that is said: who hold one of some tiers, have an attribute, enrolled between two days."""

    tiers: tuple[str, ...] = ()
    attribute: str = ""
    value: str = ""
    enrolled_from: date | None = None
    enrolled_through: date | None = None

    @property
    def told(self) -> dict[str, Any]:
        """What is said, as JSON values."""
        days = {name: getattr(self, name) for name in ("enrolled_from", "enrolled_through")}
        said: dict[str, Any] = {name: day.isoformat() for name, day in days.items() if day is not None}
        if self.tiers:
            said["tiers"] = list(self.tiers)
        return said | ({"attribute": self.attribute, "value": self.value} if self.attribute else {})


def numbers_of(session: Session, program: Program, segment: Segment, today: date, most: int) -> list[str]:
    """The numbers of who is a member today and of a segment, in their order; no more than one more than `most`.

    Raises Refused: `missing_field` where nothing is said, `unknown_tier`, `unknown_field` and `bad_field` for attributes.
    """
    conditions = list(_conditions(session, program, segment, today))
    here = (Member.enrolled_on <= today, or_(Member.left_on.is_(None), Member.left_on > today))
    query = select(Member.number).where(*here, *conditions).order_by(Member.member_id).limit(most + 1)
    return list(session.scalars(query))


def _conditions(session: Session, program: Program, segment: Segment, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if segment.tiers:
        found.append(_holds(program, segment.tiers, today))
    if segment.attribute:
        found.append(_has(session, program, segment.attribute, segment.value))
    if segment.enrolled_from is not None:
        found.append(Member.enrolled_on >= segment.enrolled_from)
    if segment.enrolled_through is not None:
        found.append(Member.enrolled_on <= segment.enrolled_through)
    if not found:
        raise Refused("missing_field", field="segment", allowed="a tier, an attribute or days of enrolment")
    return found


def _holds(program: Program, tiers: tuple[str, ...], today: date) -> ColumnElement[bool]:
    for tier in tiers:
        if tier not in program.tiers:
            raise Refused("unknown_tier", tier=tier, allowed=listed(program.tiers), nearest=nearest(tier, program.tiers))
    on = (TierSpan.begins <= today, or_(TierSpan.until.is_(None), TierSpan.until > today))
    return exists().where(TierSpan.member_id == Member.member_id, TierSpan.tier.in_(tiers), *on)


def _has(session: Session, program: Program, name: str, value: str) -> ColumnElement[bool]:
    """Whether an attribute has a value; without one, whether it is not set."""
    wanted = literal(checked_attributes(program.file.members.attributes, {name: value}), Text)
    postgresql = session.get_bind().dialect.name == "postgresql"

    def of(attributes: Any) -> Any:
        if postgresql:
            return func.json_extract_path_text(cast(attributes, JSON), name)
        return func.json_extract(attributes, f'$."{name}"')

    found: ColumnElement[bool] = of(Member.attributes) == of(wanted) if value else of(Member.attributes).is_(None)
    return found
