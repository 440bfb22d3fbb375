"""Sign-ins of staff begun, looked up and ended: as those of members, with a shorter life and a second step that is dated."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.access.sign_ins import SignIns
from loyalty.access.staff_tables import Staff, StaffSignIn
from loyalty.audit.chain import Actor
from loyalty.errors import Refused

#: A sign-in ends by itself when it was not used for so long, and in any case so long after it began.
IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
#: Use is noted no more often than this.
NOTED = timedelta(minutes=1)
#: Sign-ins are kept for so long, to be looked at.
KEPT = timedelta(days=90)
STAFF = SignIns(StaffSignIn, "staff_id", "staff sign-in", IDLE, LONGEST)


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
    how: str
    place: str
    seen_at: datetime
    stepped_at: datetime | None

    @property
    def actor(self) -> Actor:
        """Who acts, as the audit log names them."""
        return Actor("staff", self.name, self.staff_id, self.place)


def begin_staff(
    session: Session, staff_id: int, how: str, now: datetime, place: str = "", agent: str = "", stepped: bool = False
) -> str:
    """Begin a sign-in; the token that the browser is to keep. The second step is still to be taken, unless it was `stepped`."""
    return STAFF.begin(session, staff_id, how, now, place, agent, stepped_at=now if stepped else None)


def staff_viewer(session: Session, token: str, now: datetime) -> StaffViewer | None:
    """Who is signed in with a token; none where it is unknown, ended or too old, or they are staff no more."""
    query = select(Staff, StaffSignIn).join(StaffSignIn, StaffSignIn.staff_id == Staff.staff_id)
    mine = (StaffSignIn.sign_in_id == STAFF.identity(token), Staff.active, *STAFF.holding(now))
    row = session.execute(query.where(*mine)).one_or_none()
    if row is None:
        return None
    staff, signed = row.Staff, row.StaffSignIn
    return StaffViewer(
        staff.staff_id, staff.name, staff.shown, tuple(json.loads(staff.roles)), bool(staff.totp),
        staff.password_at is not None or not staff.password, signed.sign_in_id, signed.how,
        signed.place, signed.seen_at, signed.stepped_at,
    )  # fmt: skip


def note_staff_use(session: Session, viewer: StaffViewer, now: datetime) -> None:
    """Note that a sign-in is in use."""
    STAFF.used(session, viewer.staff_id, viewer.sign_in_id, now)


def note_step(session: Session, sign_in_id: int, now: datetime) -> None:
    """Note that the second step was taken now."""
    session.execute(update(StaffSignIn).where(StaffSignIn.sign_in_id == sign_in_id).values(stepped_at=now))


def is_fresh(roles: Roles, viewer: StaffViewer, now: datetime) -> bool:
    """Whether the second step was taken in the minutes that the file of roles says."""
    return viewer.stepped_at is not None and now - viewer.stepped_at <= roles.fresh


def fresh_step(roles: Roles, viewer: StaffViewer, act: str, now: datetime) -> None:
    """Make sure that the second step is fresh where an act takes that. Raises Refused: `step_up_needed`."""
    if roles.steps_up(act) and not is_fresh(roles, viewer, now):
        raise Refused("step_up_needed")


def end_sign_ins(session: Session, staff_id: int, now: datetime, only: int | None = None, but: int | None = None) -> int:
    """End someone's sign-ins: all, `only` one, or all `but` one. Returns how many were ended."""
    return STAFF.end(session, staff_id, now, only, but)


def staff_sign_ins(session: Session, staff_id: int) -> list[StaffSignIn]:
    """Someone's sign-ins, those that have ended too, the newest first."""
    mine = select(StaffSignIn).where(StaffSignIn.staff_id == staff_id)
    return list(session.scalars(mine.order_by(StaffSignIn.started_at.desc())))


def holds(signed: StaffSignIn, now: datetime) -> bool:
    """Whether a sign-in holds still."""
    return STAFF.holds(signed, now)


def trim_staff_sign_ins(session: Session, now: datetime) -> int:
    """Delete sign-ins that are older than they are kept. Returns how many were deleted."""
    return STAFF.trim(session, now - KEPT)
