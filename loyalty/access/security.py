"""What members change about how they come in; each change is told to them. And what is undone when it was not them."""

import json
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from loyalty.access.links import about, cancel_links, is_enough, use_link, write_link
from loyalty.access.signed import end
from loyalty.access.steps import code_digest, fresh_codes
from loyalty.access.tables import Link, Login, Passkey
from loyalty.access.tokens import NOT_ME
from loyalty.keys import dumps
from loyalty.members.operations import change
from loyalty.members.tables import Member
from loyalty.members.telling import notice


def login_of(session: Session, member_id: int) -> Login:
    """How a member signs in, to read; that of one who never set anything where there is none."""
    return session.get(Login, member_id) or Login(member_id=member_id, password="", totp="", recovery="[]")


def _locked(session: Session, member_id: int) -> Login:
    session.execute(select(Member.member_id).where(Member.member_id == member_id).with_for_update())
    found = session.get(Login, member_id, with_for_update=True)
    if found is None:
        found = Login(member_id=member_id, password="", totp="", recovery="[]")
        session.add(found)
    return found


def tell(session: Session, member_id: int, what: str, now: datetime, place: str = "") -> None:
    """Tell a member of something about signing in."""
    notice(session, member_id, "security", f"{what} {now.isoformat()}", {"what": what, "from": place}, now)


def set_password(session: Session, member_id: int, kept: str, now: datetime, place: str, but: int | None = None) -> None:
    """Set a password, given as its hash. Every sign-in but one ends: who had the old one is out."""
    login = _locked(session, member_id)
    login.password, login.password_at = kept, now
    session.flush()
    end(session, member_id, now, but=but)
    tell(session, member_id, "password", now, place)


# --- the second step ----------------------------------------------------------------------------------------------


def switch_on(session: Session, member_id: int, sealed: str, step: int, now: datetime, place: str) -> list[str]:
    """Ask for a second step from now on, by a sealed secret whose step was just used. Returns the recovery codes, once."""
    login = _locked(session, member_id)
    codes = fresh_codes()
    login.totp, login.totp_since, login.totp_step = sealed, now, step
    login.recovery = dumps([code_digest(code) for code in codes])
    session.flush()
    tell(session, member_id, "second_step", now, place)
    return codes


def switch_off(session: Session, member_id: int, now: datetime, place: str) -> bool:
    """Ask for no second step any more; False where none was asked for."""
    login = _locked(session, member_id)
    if not login.totp:
        return False
    _without_step(login)
    session.flush()
    tell(session, member_id, "second_step", now, place)
    return True


def _without_step(login: Login) -> None:
    login.totp, login.totp_since, login.totp_step, login.recovery = "", None, None, "[]"


def renew_codes(session: Session, member_id: int, now: datetime, place: str) -> list[str]:
    """New recovery codes; the ones before are worth nothing any more."""
    codes = fresh_codes()
    _locked(session, member_id).recovery = dumps([code_digest(code) for code in codes])
    session.flush()
    tell(session, member_id, "second_step", now, place)
    return codes


def use_step(session: Session, member_id: int, step: int) -> bool:
    """Use the code of a step up; False where it, or a later one, was used."""
    mine = (Login.member_id == member_id, func.coalesce(Login.totp_step, -1) < step)
    done = session.execute(update(Login).where(*mine).values(totp_step=step).returning(Login.member_id))
    return done.one_or_none() is not None


def use_code(session: Session, member_id: int, code: str) -> bool:
    """Use a recovery code up; False where it is none, or was used."""
    login = _locked(session, member_id)
    left = json.loads(login.recovery)
    if code_digest(code) not in left:
        return False
    login.recovery = dumps([one for one in left if one != code_digest(code)])
    session.flush()
    return True


# --- the address --------------------------------------------------------------------------------------------------


def ask_address(session: Session, member_id: int, old: str, address: str, locale: str, now: datetime) -> list[Link]:
    """Ask the new address and, where there is one, the old one to confirm a change. One asked for before is cancelled.

    None is asked where the new address has had enough letters.
    """
    if is_enough(session, address, now):
        return []
    cancel_links(session, member_id, ("email_old", "email_new"), now)
    letters = [("email_old", old)] if old else []
    return [
        write_link(session, purpose, to, locale, now, member_id, new=address)
        for purpose, to in [*letters, ("email_new", address)]
    ]


def confirm_address(session: Session, link: Link, now: datetime) -> str:
    """Confirm a change at one address: `changed` where both have now, `waiting` where the other is still to, else `over`."""
    assert link.member_id is not None
    member = session.get_one(Member, link.member_id, with_for_update=True)
    if not use_link(session, link, now):
        return "over"
    mine = (Link.member_id == link.member_id, Link.purpose.in_(("email_old", "email_new")), Link.made_at == link.made_at)
    if any(one.used_at is None for one in session.scalars(select(Link).where(*mine).execution_options(populate_existing=True))):
        return "waiting"
    change(session, member.member_id, now, email=about(link)["new"])
    return "changed"


# --- it was not me ------------------------------------------------------------------------------------------------


def not_me(session: Session, member_id: int, locale: str, now: datetime) -> Link | None:
    """Put a member's door back: every sign-in ends, no password holds, a change of address under way is cancelled, and a
    letter with a link goes to the member's address, which leads to a new password. None without an address.

    Passkeys and a second step that are newer than such a link works may be the other one's: they go too.
    """
    login = _locked(session, member_id)
    session.flush()
    recent = now - NOT_ME
    login.password, login.password_at = "", now
    if login.totp_since is not None and login.totp_since > recent:
        _without_step(login)
    session.flush()
    session.execute(delete(Passkey).where(Passkey.member_id == member_id, Passkey.added_at > recent))
    end(session, member_id, now)
    cancel_links(session, member_id, ("sign_in", "email_old", "email_new"), now)
    address = session.get_one(Member, member_id).email
    return write_link(session, "sign_in", address, locale, now, member_id, says="renew") if address else None
