"""Sign-ins of staff begun, looked up and ended: as those of members, with a shorter life and a second step that is dated."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.access.staff_tables import Staff, StaffSignIn
from loyalty.audit.chain import Actor
from loyalty.errors import Refused
from loyalty.keys import digest

#: A sign-in ends by itself when it was not used for so long, and in any case so long after it began.
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
#: Use is noted no more often than this.
NOTED = timedelta(minutes=1)
#: Sign-ins are kept for so long, to be looked at.
KEPT = timedelta(days=90)


@dataclass(frozen=True)
class StaffViewer:
    """Someone of the staff who is signed in, as pages need them. Without `stepped_at` the second step is still to be taken."""

    staff_id: int
    name: str
    shown: str
    roles: tuple[str, ...]
    has_step: bool
    chose_password: bool
    sign_in_id: int
    place: str
    seen_at: datetime
    stepped_at: datetime | None

    @property
    def actor(self) -> Actor:
        """Who acts, as the audit log names them."""
        return Actor("staff", self.name, self.staff_id, self.place)


def begin_staff(session: Session, staff_id: int, how: str, now: datetime, place: str = "", agent: str = "") -> str:
    """Begin a sign-in; the token that the browser is to keep. The second step is still to be taken."""
    token = secrets.token_urlsafe(32)
    session.add(StaffSignIn(
        sign_in_id=digest("staff sign-in", token), staff_id=staff_id, how=how, place=place[:45], agent=agent[:200],
        started_at=now, seen_at=now,
    ))  # fmt: skip
    session.flush()
    return token


def staff_viewer(session: Session, token: str, now: datetime) -> StaffViewer | None:
    """Who is signed in with a token; none where it is unknown, ended or too old, or they are staff no more."""
    query = select(Staff, StaffSignIn).join(StaffSignIn, StaffSignIn.staff_id == Staff.staff_id)
    mine = (StaffSignIn.sign_in_id == digest("staff sign-in", token), StaffSignIn.ended_at.is_(None), Staff.active)
    fresh = (StaffSignIn.seen_at > now - IDLE, StaffSignIn.started_at > now - LONGEST)
    row = session.execute(query.where(*mine, *fresh)).one_or_none()
    if row is None:
        return None
    staff, signed = row.Staff, row.StaffSignIn
    return StaffViewer(
        staff.staff_id, staff.name, staff.shown, tuple(json.loads(staff.roles)), bool(staff.totp),
        staff.password_at is not None or not staff.password, signed.sign_in_id, signed.place, signed.seen_at, signed.stepped_at,
    )  # fmt: skip


def note_staff_use(session: Session, viewer: StaffViewer, now: datetime) -> None:
    """Note that a sign-in is in use."""
    session.execute(update(StaffSignIn).where(StaffSignIn.sign_in_id == viewer.sign_in_id).values(seen_at=now))


def note_step(session: Session, sign_in_id: int, now: datetime) -> None:
    """Note that the second step was taken now."""
    session.execute(update(StaffSignIn).where(StaffSignIn.sign_in_id == sign_in_id).values(stepped_at=now))


def fresh_step(roles: Roles, viewer: StaffViewer, act: str, now: datetime) -> None:
    """Make sure that the second step is fresh where an act takes that. Raises Refused: `step_up_needed`."""
    stale = viewer.stepped_at is None or now - viewer.stepped_at > roles.fresh
    if roles.steps_up(act) and stale:
        raise Refused("step_up_needed")


def end_sign_ins(session: Session, staff_id: int, now: datetime, only: int | None = None, but: int | None = None) -> int:
    """End someone's sign-ins: all, `only` one, or all `but` one. Returns how many were ended."""
    query = update(StaffSignIn).where(StaffSignIn.staff_id == staff_id, StaffSignIn.ended_at.is_(None))
    if only is not None:
        query = query.where(StaffSignIn.sign_in_id == only)
    if but is not None:
        query = query.where(StaffSignIn.sign_in_id != but)
    return int(session.execute(query.values(ended_at=now)).rowcount)  # type: ignore[attr-defined]


def staff_sign_ins(session: Session, staff_id: int) -> list[StaffSignIn]:
    """Someone's sign-ins, those that have ended too, the newest first."""
    mine = select(StaffSignIn).where(StaffSignIn.staff_id == staff_id)
    return list(session.scalars(mine.order_by(StaffSignIn.started_at.desc())))


def holds(signed: StaffSignIn, now: datetime) -> bool:
    """Whether a sign-in holds still."""
    return signed.ended_at is None and signed.seen_at > now - IDLE and signed.started_at > now - LONGEST


def trim_staff_sign_ins(session: Session, now: datetime) -> int:
    """Delete sign-ins that are older than they are kept. Returns how many were deleted."""
    return int(session.execute(delete(StaffSignIn).where(StaffSignIn.seen_at < now - KEPT)).rowcount)  # type: ignore[attr-defined]
