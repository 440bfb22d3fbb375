"""Passkeys of members; each that comes or goes is told to its member."""

from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.access.keyring import Keyring, Party
from loyalty.access.security import tell
from loyalty.access.tables import Passkey

MEMBERS = Keyring(Passkey, "member_id", "passkey")


def add(
    session: Session, party: Party, member_id: int, challenge: str, answer: str, name: str, now: datetime, place: str
) -> bool:
    """Keep the passkey that a browser made; False where it is not what was asked for, is known, or there are enough."""
    made = MEMBERS.add(session, party, member_id, challenge, answer, name, now)
    if made:
        tell(session, member_id, "passkey", now, place)
    return made


def remove(session: Session, member_id: int, passkey_id: int, now: datetime, place: str) -> bool:
    """Take a member's passkey away; False where it is not the member's."""
    gone = MEMBERS.remove(session, member_id, passkey_id)
    if gone:
        tell(session, member_id, "passkey", now, place)
    return gone
