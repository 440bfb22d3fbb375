"""Passkeys (WebAuthn): added, asked for, checked, named, removed. They are found by themselves: no name is asked for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from loyalty.access.security import tell
from loyalty.access.tables import Passkey
from loyalty.keys import digest

#: A member has at most so many.
MOST = 20
#: What the library raises for what a browser sends: its own refusals, and what no JSON or no base64 it can read does.
_BAD = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Party:
    """Who asks for passkeys: the host that they are for, the origin of its pages, the program's name."""

    host: str
    origin: str
    name: str


def options_to_add(session: Session, party: Party, member_id: int, number: str, name: str) -> tuple[str, str]:
    """What a browser is asked, to make a passkey, as JSON; and the challenge in it."""
    known = session.scalars(select(Passkey.credential).where(Passkey.member_id == member_id))
    options = generate_registration_options(
        rp_id=party.host, rp_name=party.name, user_name=number, user_display_name=name or number,
        user_id=digest("passkey", str(member_id)).to_bytes(8, "big"),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )  # fmt: skip
    return options_to_json(options), bytes_to_base64url(options.challenge)


def add(
    session: Session, party: Party, member_id: int, challenge: str, answer: str, name: str, now: datetime, place: str
) -> bool:
    """Keep the passkey that a browser made; False where it is not what was asked for, is known, or there are enough."""
    try:
        made = verify_registration_response(
            credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=party.host,
            expected_origin=party.origin, require_user_verification=True,
        )  # fmt: skip
    except _BAD:
        return False
    mine = session.scalars(select(Passkey.passkey_id).where(Passkey.member_id == member_id)).all()
    passkey_id = _identity(made.credential_id)
    if len(mine) >= MOST or session.scalar(select(Passkey.member_id).where(Passkey.passkey_id == passkey_id)) is not None:
        return False
    session.add(Passkey(
        member_id=member_id, passkey_id=passkey_id, credential=made.credential_id, public_key=made.credential_public_key,
        uses=made.sign_count, name=name[:60], added_at=now,
    ))  # fmt: skip
    session.flush()
    tell(session, member_id, "passkey", now, place)
    return True


def options_to_sign_in(party: Party) -> tuple[str, str]:
    """What a browser is asked, to sign in with any passkey that it has for us; and the challenge in it."""
    options = generate_authentication_options(rp_id=party.host, user_verification=UserVerificationRequirement.REQUIRED)
    return options_to_json(options), bytes_to_base64url(options.challenge)


def signed_by(
    session: Session, party: Party, challenge: str, asked_at: datetime, credential: str, answer: str, now: datetime
) -> int | None:
    """The member whose passkey (its id in base64url) signed a challenge; none where it is not so.

    A challenge asked before the passkey was used last is not taken: an answer cannot be sent twice.
    """
    try:
        key = session.scalar(
            select(Passkey).where(Passkey.passkey_id == _identity(base64url_to_bytes(credential))).with_for_update()
        )
        if key is None or (key.used_at is not None and key.used_at >= asked_at):
            return None
        checked = verify_authentication_response(
            credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=party.host,
            expected_origin=party.origin, credential_public_key=key.public_key, credential_current_sign_count=key.uses,
            require_user_verification=True,
        )  # fmt: skip
    except _BAD:
        return None
    key.uses, key.used_at = checked.new_sign_count, now
    session.flush()
    return key.member_id if checked.credential_id == key.credential else None


def rename(session: Session, member_id: int, passkey_id: int, name: str) -> bool:
    """Name a member's passkey; False where it is not the member's."""
    return _one(session, update(Passkey).values(name=name[:60]), member_id, passkey_id)


def remove(session: Session, member_id: int, passkey_id: int, now: datetime, place: str) -> bool:
    """Take a member's passkey away; False where it is not the member's."""
    gone = _one(session, delete(Passkey), member_id, passkey_id)
    if gone:
        tell(session, member_id, "passkey", now, place)
    return gone


def _one(session: Session, statement: Any, member_id: int, passkey_id: int) -> bool:
    mine = (Passkey.member_id == member_id, Passkey.passkey_id == passkey_id)
    return int(session.execute(statement.where(*mine)).rowcount) == 1  # type: ignore[attr-defined]


def _identity(credential: bytes) -> int:
    return digest("passkey", bytes_to_base64url(credential))
