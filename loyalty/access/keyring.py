"""Passkeys (WebAuthn) of members or of staff: asked for, checked, kept, named, removed. They are found by themselves."""

from collections.abc import Sequence
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

from loyalty.keys import digest

#: Anyone has at most so many.
MOST = 20
#: What the library raises for what a browser sends: its own refusals, and what no JSON or no base64 it can read does.
_BAD = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Party:
    """Who asks for passkeys: the host that they are for, the origin of its pages, the program's name."""

    host: str
    origin: str
    name: str


def options_to_sign_in(party: Party) -> tuple[str, str]:
    """What a browser is asked, to sign in with any passkey that it has for us, as JSON; and the challenge in it."""
    options = generate_authentication_options(rp_id=party.host, user_verification=UserVerificationRequirement.REQUIRED)
    return options_to_json(options), bytes_to_base64url(options.challenge)


@dataclass(frozen=True)
class Keyring:
    """The passkeys of one kind of people: their table, its column that says whose, the word that their handles begin with."""

    table: Any
    owner: str
    word: str

    def options_to_add(self, session: Session, party: Party, owner_id: int, name: str, shown: str) -> tuple[str, str]:
        """What a browser is asked, to make a passkey, as JSON; and the challenge in it."""
        options = generate_registration_options(
            rp_id=party.host, rp_name=party.name, user_name=name, user_display_name=shown or name,
            user_id=digest(self.word, str(owner_id)).to_bytes(8, "big"),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential) for one in self.of(session, owner_id)],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )  # fmt: skip
        return options_to_json(options), bytes_to_base64url(options.challenge)

    def add(
        self, session: Session, party: Party, owner_id: int, challenge: str, answer: str, name: str, now: datetime
    ) -> bool:  # fmt: skip
        """Keep the passkey that a browser made; False where it is not what was asked for, is known, or there are enough."""
        try:
            made = verify_registration_response(
                credential=answer, expected_challenge=base64url_to_bytes(challenge), expected_rp_id=party.host,
                expected_origin=party.origin, require_user_verification=True,
            )  # fmt: skip
        except _BAD:
            return False
        known = select(self.table.passkey_id).where(self.table.passkey_id == _identity(made.credential_id))
        if len(self.of(session, owner_id)) >= MOST or session.scalar(known) is not None:
            return False
        session.add(self.table(
            **{self.owner: owner_id}, passkey_id=_identity(made.credential_id), credential=made.credential_id,
            public_key=made.credential_public_key, uses=made.sign_count, name=name[:60], added_at=now,
        ))  # fmt: skip
        session.flush()
        return True

    def signed_by(
        self, session: Session, party: Party, challenge: str, asked_at: datetime, credential: str, answer: str, now: datetime
    ) -> int | None:
        """Whose passkey (its id in base64url) signed a challenge; none where it is not so.

        A challenge asked before the passkey was used last is not taken: an answer cannot be sent twice.
        """
        try:
            identity = _identity(base64url_to_bytes(credential))
            key = session.scalar(select(self.table).where(self.table.passkey_id == identity).with_for_update())
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
        return int(getattr(key, self.owner)) if checked.credential_id == key.credential else None

    def of(self, session: Session, owner_id: int) -> Sequence[Any]:
        """Someone's passkeys, the oldest first."""
        mine = select(self.table).where(getattr(self.table, self.owner) == owner_id)
        return session.scalars(mine.order_by(self.table.added_at, self.table.passkey_id)).all()

    def rename(self, session: Session, owner_id: int, passkey_id: int, name: str) -> bool:
        """Name someone's passkey; False where it is not theirs."""
        return self._change(session, update(self.table).values(name=name[:60]), owner_id, passkey_id)

    def remove(self, session: Session, owner_id: int, passkey_id: int) -> bool:
        """Take someone's passkey away; False where it is not theirs."""
        return self._change(session, delete(self.table), owner_id, passkey_id)

    def _change(self, session: Session, statement: Any, owner_id: int, passkey_id: int) -> bool:
        mine = (getattr(self.table, self.owner) == owner_id, self.table.passkey_id == passkey_id)
        return int(session.execute(statement.where(*mine)).rowcount) == 1  # type: ignore[attr-defined]


def _identity(credential: bytes) -> int:
    return digest("passkey", bytes_to_base64url(credential))
