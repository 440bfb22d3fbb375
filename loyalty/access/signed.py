"""Sign-ins begun, looked up and ended. The browser keeps a random token; the database only its digest."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from loyalty.access.agents import agent_named, network_of
from loyalty.access.sign_ins import SignIns
from loyalty.access.tables import SignIn
from loyalty.members.freezing import free
from loyalty.members.tables import Member
from loyalty.members.telling import notice

#: A sign-in ends by itself when it was not used for so long, and in any case so long after it began.
IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)
#: Use is noted no more often than this.
NOTED = timedelta(minutes=10)
#: For so long after members have proved who they are nobody asks again; after a link or a passkey a forgotten password can
#: be set anew.
LATELY = timedelta(minutes=15)
MEMBERS = SignIns(SignIn, "member_id", "sign-in", IDLE, LONGEST)

_MEMBER, _SIGN_IN = Member.__table__, SignIn.__table__
#: Asked for every page: put together once.
_VIEWER = (
    select(
        *(_MEMBER.c[name] for name in ("member_id", "number", "name", "email", "language", "left_on")),
        _SIGN_IN.c.sign_in_id, _SIGN_IN.c.seen_at,
    )
    .join_from(_MEMBER, _SIGN_IN, _SIGN_IN.c.member_id == _MEMBER.c.member_id)
    .where(_SIGN_IN.c.sign_in_id == bindparam("id"), _SIGN_IN.c.ended_at.is_(None))
    .where(_SIGN_IN.c.seen_at > bindparam("seen"), _SIGN_IN.c.started_at > bindparam("started"))
)  # fmt: skip


@dataclass(frozen=True)
class Viewer:
    """The member who is signed in, as pages need them."""

    member_id: int
    number: str
    name: str
    email: str
    language: str
    left_on: object
    sign_in_id: int
    seen_at: datetime


def begin(session: Session, member_id: int, how: str, now: datetime, place: str = "", agent: str = "") -> str:
    """Begin a sign-in; the token that the browser is to keep. A new one each time, so that none can be planted.

    Raises Refused: `member_frozen`.
    """
    free(session, member_id)
    return MEMBERS.begin(session, member_id, how, now, place, agent)


def enter(session: Session, member_id: int, how: str, now: datetime, place: str, agent: str) -> str:
    """Begin a sign-in as `begin` does, and tell the member where no earlier one came with this browser from this network."""
    seen = select(SignIn.agent, SignIn.place).where(SignIn.member_id == member_id).distinct()
    known = {(agent_named(row.agent), network_of(row.place)) for row in session.execute(seen)}
    if (agent_named(agent), network_of(place)) not in known:
        told = ", ".join(part for part in (agent_named(agent), place) if part)
        notice(session, member_id, "security", f"signed_in {now.isoformat()}", {"what": "signed_in", "from": told}, now)
    return begin(session, member_id, how, now, place, agent)


def viewer_of(session: Session, token: str, now: datetime) -> Viewer | None:
    """Who is signed in with a token; none where it is unknown, ended, or too old."""
    given = {"id": MEMBERS.identity(token), "seen": now - IDLE, "started": now - LONGEST}
    row = session.execute(_VIEWER, given).one_or_none()
    return None if row is None else Viewer(**row._mapping)


def note_use(session: Session, viewer: Viewer, now: datetime) -> None:
    """Note that a sign-in is in use."""
    MEMBERS.used(session, viewer.member_id, viewer.sign_in_id, now)


def end(session: Session, member_id: int, now: datetime, only: int | None = None, but: int | None = None) -> int:
    """End a member's sign-ins: all, `only` one, or all `but` one. Returns how many were ended."""
    return MEMBERS.end(session, member_id, now, only, but)


def begun_lately(session: Session, viewer: Viewer, now: datetime) -> str:
    """How a sign-in was begun, where that was just now: `password`, `link` or `passkey`; empty where it was earlier."""
    mine = (SignIn.member_id == viewer.member_id, SignIn.sign_in_id == viewer.sign_in_id)
    row = session.execute(select(SignIn.how, SignIn.started_at).where(*mine)).one_or_none()
    return row.how if row is not None and now - row.started_at < LATELY else ""


def sign_ins_of(session: Session, member_id: int, now: datetime) -> list[SignIn]:
    """A member's sign-ins that hold, those used last first."""
    mine = select(SignIn).where(SignIn.member_id == member_id, *MEMBERS.holding(now))
    return list(session.scalars(mine.order_by(SignIn.seen_at.desc())))


def trim_sign_ins(session: Session, now: datetime) -> int:
    """Delete sign-ins that can hold no more and tell nothing new. Returns how many were deleted."""
    return MEMBERS.trim(session, now - LONGEST)
