"""Passkeys of staff: each is both steps of a sign-in. Every change is a line of the audit log."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from loyalty.access.keyring import Keyring, Party
from loyalty.access.staff_tables import StaffPasskey
from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append

STAFF = Keyring(StaffPasskey, "staff_id", "staff passkey")


def add(session: Session, party: Party, by: Actor, challenge: str, answer: str, name: str, now: datetime) -> bool:
    """Keep the passkey that a browser made for who acts; False where it is not what was asked for, is known, or there are
    enough."""
    made = STAFF.add(session, party, by.actor_id, challenge, answer, name, now)
    if made:
        _note(session, by, "staff.passkey.add", name, now)
    return made


def rename(session: Session, by: Actor, passkey_id: int, name: str, now: datetime) -> bool:
    """Name a passkey of who acts; False where it is not theirs."""
    done = STAFF.rename(session, by.actor_id, passkey_id, name)
    if done:
        _note(session, by, "staff.passkey.name", name, now)
    return done


def remove(session: Session, by: Actor, passkey_id: int, now: datetime) -> bool:
    """Take a passkey of who acts away; False where it is not theirs."""
    name = next((one.name for one in STAFF.of(session, by.actor_id) if one.passkey_id == passkey_id), "")
    gone = STAFF.remove(session, by.actor_id, passkey_id)
    if gone:
        _note(session, by, "staff.passkey.remove", name, now)
    return gone


def remove_all(session: Session, staff_id: int) -> int:
    """Take all of someone's passkeys away; how many there were. Noted by what it is a part of."""
    result: Any = session.execute(delete(StaffPasskey).where(StaffPasskey.staff_id == staff_id))
    return int(result.rowcount)


def _note(session: Session, by: Actor, act: str, name: str, now: datetime) -> None:
    append(session, by, Act(act, {"staff": by.name, "passkey": name}), now)
