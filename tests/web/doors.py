"""What tests of coming in share: letters read from the table, passwords set, a key that is made of software."""

import hashlib
import json
import re
import struct
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from sqlalchemy import select

from loyalty.access import passwords
from loyalty.access.security import login_of, set_password
from loyalty.access.steps import fresh_secret, sealed
from loyalty.access.tables import Link, Login, SignIn
from loyalty.access.tokens import PATHS, link_token
from loyalty.members.tables import Notice
from tests.web.portal import Portal, send

PASSWORD = "seven grey herons"


def give_password(portal: Portal, *member_ids: int, password: str = PASSWORD) -> None:
    kept = passwords.hashed(password)
    with portal.deployment.store.transaction() as session:
        for member_id in member_ids:
            set_password(session, member_id, kept, portal.now, "")


def give_step(portal: Portal, member_id: int) -> str:
    """A second step; its secret."""
    shared = fresh_secret()
    with portal.deployment.store.transaction() as session:
        login = session.merge(login_of(session, member_id))
        login.totp, login.totp_since = sealed(portal.deployment.settings, shared), portal.now
    return shared


def letters(portal: Portal) -> list[Link]:
    with portal.deployment.store.reading() as session:
        return list(session.scalars(select(Link).order_by(Link.link_id)))


def path(portal: Portal, link: Link | None = None) -> str:
    """The page that a link opens; the newest without one."""
    link = link or letters(portal)[-1]
    return PATHS[link.purpose] + link_token(portal.deployment.settings, link)


def open_link(client: FlaskClient, address: str, data: dict[str, Any] | None = None) -> Any:
    return send(client, address, data)


def told(portal: Portal) -> list[str]:
    """What members are told of security, in the order of time."""
    with portal.deployment.store.reading() as session:
        rows = session.scalars(select(Notice).where(Notice.source == "security").order_by(Notice.at, Notice.notice_id))
        return [json.loads(row.fields)["what"] for row in rows]


def sign_ins(portal: Portal) -> list[SignIn]:
    with portal.deployment.store.reading() as session:
        return list(session.scalars(select(SignIn).order_by(SignIn.started_at, SignIn.sign_in_id)))


def login(portal: Portal, member_id: int) -> Login:
    with portal.deployment.store.reading() as session:
        return login_of(session, member_id)


def is_in(client: FlaskClient) -> bool:
    return bool(client.get("/me/security").status_code == 200)


def by_password(client: FlaskClient, name: str, password: str = PASSWORD, **more: str) -> Any:
    return send(client, "/sign-in", {"name": name, "password": password, **more})


def without_tokens(page: str) -> str:
    """A page without what differs each time."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """A passkey made of software: ES256, user verified, one credential."""

    origin: str = "http://localhost"
    host: str = "localhost"
    flags: int = 0b101
    uses: int = 0
    credential: bytes = b"a credential of a test"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any]) -> str:
        """Answer to what is asked of a new passkey."""
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        about = bytes(16) + struct.pack(">H", len(self.credential)) + self.credential + cose
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | 0x40) + about})
        return self._answer(self._client("webauthn.create", options), {"attestationObject": b64(attested)})

    def sign(self, options: dict[str, Any]) -> str:
        """Answer to a challenge."""
        self.uses += 1
        data, client = self._data(self.flags), self._client("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(client, {"authenticatorData": b64(data), "signature": b64(signature), "userHandle": ""})

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + struct.pack(">BI", flags, self.uses)

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        about = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(about).encode()

    def _answer(self, client: bytes, response: dict[str, str]) -> str:
        name = b64(self.credential)
        return json.dumps(
            {"id": name, "rawId": name, "type": "public-key", "response": {"clientDataJSON": b64(client), **response}}
        )


def add_passkey(client: FlaskClient, authenticator: Authenticator, name: str = "my phone") -> Any:
    options = send(client, "/me/security/passkeys/options").json
    return send(client, "/me/security/passkeys", {"name": name, "credential": authenticator.make(options)})


def by_passkey(client: FlaskClient, authenticator: Authenticator, **more: str) -> Any:
    options = send(client, "/sign-in/passkey/options").json
    return send(client, "/sign-in/passkey", {"credential": authenticator.sign(options), **more})
