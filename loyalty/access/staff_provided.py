"""Staff whom the identity provider knows: added at their first sign-in, their roles as its groups say at each one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.access.roles import Roles
from loyalty.access.staff import Hired, add, change_roles
from loyalty.access.staff_signed import end_sign_ins
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append
from loyalty.errors import Refused
from loyalty.store import take_turns

#: Who changes roles when groups do.
PROVIDER = Actor("provider", "identity provider")
FOLLOWED = "groups of the identity provider"
#: An id of the provider is no longer than this.
LONGEST_SUBJECT = 255


@dataclass(frozen=True)
class Asked:
    """What the browser is sent away with, to be held against what it comes back with; `verifier` stays with us."""

    address: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Answered:
    """Who someone is to the provider: an id that stays theirs, an address that it has confirmed (else empty), a name, groups,
    and how they proved it (amr and acr)."""

    subject: str
    email: str
    name: str
    groups: tuple[str, ...]
    proved_by: tuple[str, ...]


def admit(session: Session, roles: Roles, who: Answered, now: datetime) -> Staff | Refused:
    """Someone with the roles that their groups give now, added where they are new; or why they are not let in.

    Known by the subject, else, once, by an address that the provider has confirmed. Who has no group that gives a role loses
    theirs and is out everywhere; that stays, hence a refusal is returned, not raised.
    """
    take_turns(session, "staff")
    staff = session.scalar(select(Staff).where(Staff.subject == who.subject, Staff.active).with_for_update())
    wanted = roles.of_groups(who.groups)
    if not wanted:
        if staff is not None:
            change_roles(session, roles, PROVIDER, staff.name, [], FOLLOWED, now, follows=True)
            end_sign_ins(session, staff.staff_id, now)
        return Refused("no_group", name=who.name or who.subject)
    if staff is None:
        return _new(session, roles, who, wanted, now)
    change_roles(session, roles, PROVIDER, staff.name, wanted, FOLLOWED, now, follows=True)
    return staff


def _new(session: Session, roles: Roles, who: Answered, wanted: list[str], now: datetime) -> Staff | Refused:
    """Someone whose subject is new: who was added by address, or a new row."""
    name = who.email.strip().lower()
    if not name:
        return Refused("provider_wrong", why="email_verified")
    known = session.scalar(select(Staff).where(Staff.name == name).with_for_update())
    if known is None:
        hired = Hired(name, who.name or name, tuple(wanted), who.subject, FOLLOWED)
        try:
            return add(session, roles, PROVIDER, hired, now)[0]
        except Refused as refusal:
            return refusal
    if not known.active:
        return Refused("staff_ended", name=name)
    if known.subject:
        return Refused("staff_exists", name=name)
    known.subject = who.subject
    session.flush()
    append(session, PROVIDER, Act("staff.provided", {"staff": name, "subject": who.subject}), now)
    change_roles(session, roles, PROVIDER, name, wanted, FOLLOWED, now, follows=True)
    return known
