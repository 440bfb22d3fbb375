"""Staff: added, given roles, ended; their password and second step. Every change is a line of the audit log."""

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from loyalty.access.attempts import Counted, clear, count, subject_of
from loyalty.access.passwords import hashed, is_outdated
from loyalty.access.roles import Roles
from loyalty.access.staff_passkeys import remove_all
from loyalty.access.staff_signed import end_sign_ins
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append
from loyalty.errors import Refused
from loyalty.keys import dumps
from loyalty.program.problems import listed, nearest
from loyalty.store import take_turns

#: As author of what they do staff stand in the tables of every room.
LONGEST_NAME = 100


def held(staff: Staff) -> list[str]:
    """The roles of someone; none for who has ended."""
    return list(json.loads(staff.roles)) if staff.active else []


def actor(staff: Staff, place: str = "") -> Actor:
    """Someone of the staff as the audit log names them."""
    return Actor("staff", staff.name, staff.staff_id, place)


def staff_named(session: Session, name: str) -> Staff:
    """Someone who is staff now, by name. Raises Refused: `unknown_staff`, `staff_ended`."""
    staff = session.scalar(select(Staff).where(Staff.name == name.strip().lower()))
    if staff is None:
        raise Refused("unknown_staff", name=name)
    if not staff.active:
        raise Refused("staff_ended", name=name)
    return staff


def all_staff(session: Session) -> Sequence[Staff]:
    """Everyone, those who have ended too, by name."""
    return session.scalars(select(Staff).order_by(Staff.name)).all()


@dataclass(frozen=True)
class Hired:
    """Someone to add, and why. Without `subject` they sign in by a password that is made for them."""

    name: str
    shown: str
    roles: tuple[str, ...]
    subject: str = ""
    reason: str = ""


def add(session: Session, roles: Roles, by: Actor, wanted: Hired, now: datetime) -> tuple[Staff, str]:
    """Add someone; the password that was made for them, told once, empty with a subject.

    Raises Refused: `bad_field` for no mail address or no name, `unknown_role`, `staff_exists`.
    """
    name = _address(wanted.name)
    if not wanted.shown.strip():
        raise Refused("bad_field", field="shown", found=repr(wanted.shown), allowed="a name", nearest="")
    _known(roles, wanted.roles)
    if session.scalar(select(Staff.staff_id).where(Staff.name == name)) is not None:
        raise Refused("staff_exists", name=name)
    password = "" if wanted.subject else secrets.token_urlsafe(12)
    staff = Staff(
        name=name, shown=wanted.shown.strip(), roles=dumps(list(wanted.roles)), password=hashed(password) if password else "",
        subject=wanted.subject, active=True, created_at=now,
    )  # fmt: skip
    session.add(staff)
    session.flush()
    _note(session, by, "staff.add", staff, {}, {"roles": list(wanted.roles)}, wanted.reason, now)
    return staff, password


def _address(name: str) -> str:
    try:
        address = validate_email(name.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        address = ""
    if not 0 < len(address) <= LONGEST_NAME:
        raise Refused(
            "bad_field",
            field="name",
            found=repr(name),
            allowed=f"a mail address of at most {LONGEST_NAME} characters",
            nearest="",
        )
    return address


def _known(roles: Roles, wanted: Collection[str]) -> None:
    known = roles.file.roles
    for role in wanted:
        if role not in known:
            raise Refused("unknown_role", role=role, allowed=listed(known), nearest=nearest(role, known))


def change_roles(
    session: Session,
    roles: Roles,
    by: Actor,
    name: str,
    wanted: Sequence[str],
    reason: str,
    now: datetime,
    follows: bool = False,
) -> bool:
    """Give someone these roles and no others; False where they have them. Nobody changes their own.

    Where they `follow` the groups of the identity provider, the last administrator may lose theirs: it is master of these.

    Raises Refused: `reason_missing`, `unknown_staff`, `staff_ended`, `unknown_role`, `own_roles`, `last_administrator`.
    """
    staff = _another(session, by, name, reason)
    _known(roles, wanted)
    before = held(staff)
    if sorted(before) == sorted(wanted):
        return False
    if roles.may(wanted, "staff.change") != "yes" and not follows:
        _still_run(session, roles, staff)
    staff.roles = dumps(list(wanted))
    _note(session, by, "staff.roles", staff, {"roles": before}, {"roles": list(wanted)}, reason, now)
    return True


def end(session: Session, roles: Roles, by: Actor, name: str, reason: str, now: datetime) -> None:
    """End someone: they are out at once, everywhere. Nobody ends themselves.

    Raises Refused: `reason_missing`, `unknown_staff`, `staff_ended`, `own_roles`, `last_administrator`.
    """
    staff = _another(session, by, name, reason)
    _still_run(session, roles, staff)
    before = held(staff)
    staff.active, staff.ended_at, staff.password, staff.totp, staff.subject = False, now, "", "", ""
    session.flush()
    remove_all(session, staff.staff_id)
    end_sign_ins(session, staff.staff_id, now)
    _note(session, by, "staff.end", staff, {"roles": before}, {"roles": []}, reason, now)


def renew_password(session: Session, by: Actor, name: str, reason: str, now: datetime) -> str:
    """Make a new password for someone who lost theirs, told once; the second step is to be set up anew, passkeys go, sign-ins
    end.

    Nobody does it for themselves. Raises Refused: `reason_missing`, `unknown_staff`, `staff_ended`, `own_roles`.
    """
    staff = _another(session, by, name, reason)
    password = secrets.token_urlsafe(12)
    staff.password, staff.password_at = hashed(password), None
    staff.totp, staff.totp_since, staff.totp_step = "", None, None
    session.flush()
    remove_all(session, staff.staff_id)
    end_sign_ins(session, staff.staff_id, now)
    _note(session, by, "staff.renew", staff, {}, {}, reason, now)
    return password


def set_password(session: Session, by: Actor, staff: Staff, kept: str, now: datetime, but: int | None = None) -> None:
    """Someone chooses a password, given as its hash; every sign-in of theirs but one ends."""
    staff.password, staff.password_at = kept, now
    session.flush()
    end_sign_ins(session, staff.staff_id, now, but=but)
    _note(session, by, "staff.password", staff, {}, {}, "", now)


def set_step(session: Session, by: Actor, staff: Staff, sealed: str, step: int, now: datetime) -> None:
    """Someone sets up the second step, by a sealed secret whose step was just used."""
    staff.totp, staff.totp_since, staff.totp_step = sealed, now, step
    session.flush()
    _note(session, by, "staff.second_step", staff, {}, {}, "", now)


def use_step(session: Session, staff_id: int, step: int) -> bool:
    """Use the code of a step up; False where it, or a later one, was used."""
    mine = (Staff.staff_id == staff_id, func.coalesce(Staff.totp_step, -1) < step)
    done = session.execute(update(Staff).where(*mine).values(totp_step=step).returning(Staff.staff_id))
    return done.one_or_none() is not None


def _another(session: Session, by: Actor, name: str, reason: str) -> Staff:
    """Someone, locked, whom another changes for a reason."""
    if not reason.strip():
        raise Refused("reason_missing")
    staff = _locked(session, name)
    if by.actor_id == staff.staff_id:
        raise Refused("own_roles")
    return staff


def _still_run(session: Session, roles: Roles, but: Staff) -> None:
    """Make sure that someone else may change who is staff. Raises Refused: `last_administrator`."""
    if roles.may(held(but), "staff.change") != "yes":
        return
    others = session.scalars(select(Staff).where(Staff.active, Staff.staff_id != but.staff_id))
    if not any(roles.may(held(one), "staff.change") == "yes" for one in others):
        raise Refused("last_administrator", name=but.name)


def _locked(session: Session, name: str) -> Staff:
    take_turns(session, "staff")  # two administrators cannot end each other
    staff = staff_named(session, name)
    session.refresh(staff, with_for_update=True)
    if not staff.active:
        raise Refused("staff_ended", name=name)
    return staff


def _note(
    session: Session, by: Actor, act: str, staff: Staff, before: object, after: object, reason: str, now: datetime
) -> None:
    session.flush()
    what = {"staff": staff.name, "before": before, "after": after}
    append(session, by, Act(act, what, reason), now)


# --- by password ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StaffTried:
    """A name and what its password is to be compared with: empty where it has none, is nobody's, or is locked."""

    counted: Counted
    staff_id: int | None
    password: str


def try_staff(session: Session, name: str, now: datetime) -> StaffTried:
    """Begin an attempt by password. The transaction must end before the password is compared, which takes long."""
    counted = count(session, subject_of("staff", name.strip().lower()), now)
    staff = session.scalar(select(Staff).where(Staff.name == name.strip().lower(), Staff.active))
    open_ = staff is not None and not counted.locked
    return StaffTried(counted, staff.staff_id if staff else None, staff.password if staff is not None and open_ else "")


def judge_staff(session: Session, tried: StaffTried, right: bool, password: str) -> None:
    """End an attempt: its failures are forgotten if it was right."""
    if not right:
        return
    clear(session, [tried.counted.subject])
    if is_outdated(tried.password):
        session.execute(update(Staff).where(Staff.staff_id == tried.staff_id).values(password=hashed(password)))


def try_staff_code(session: Session, staff_id: int, now: datetime) -> Counted:
    """Begin an attempt at someone's second step; `attempts.clear` forgets its failures once one was right."""
    return count(session, subject_of("staff second step", str(staff_id)), now)
