"""The second step: codes by time from an app (RFC 6238), and recovery codes for who has lost it. Pure."""

import hashlib
import secrets
from base64 import b32encode, urlsafe_b64encode
from datetime import datetime
from hmac import compare_digest

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from loyalty.settings import Settings

#: Seconds of a step; codes of the step before and after are taken too, for clocks differ.
STEP = 30
#: Recovery codes made at a time.
RECOVERY = 8


def fresh_secret() -> str:
    """A new secret for an app."""
    return pyotp.random_base32()


def app_address(secret: str, number: str, program: str) -> str:
    """What the QR code tells an app."""
    return pyotp.TOTP(secret).provisioning_uri(name=number, issuer_name=program)


def step_of(secret: str, code: str, now: datetime, after: int | None) -> int | None:
    """The step whose code this is, later than `after`; none where it is no code of now, or one that was used."""
    given, step = code.replace(" ", ""), int(now.timestamp()) // STEP
    if len(given) != 6 or not given.isascii():
        return None
    for one in (step - 1, step, step + 1):
        if compare_digest(pyotp.TOTP(secret).generate_otp(one), given) and (after is None or one > after):
            return one
    return None


def sealed(settings: Settings, secret: str) -> str:
    """A secret as it is kept: readable with the secret of the settings alone."""
    return _box(settings).encrypt(secret.encode()).decode()


def opened(settings: Settings, kept: str) -> str | None:
    """A kept secret, also one sealed with an old secret; none where no secret of the settings opens it."""
    try:
        return _box(settings).decrypt(kept.encode()).decode()
    except InvalidToken:
        return None


def _box(settings: Settings) -> MultiFernet:
    # the first of the list seals, all of them open
    return MultiFernet([Fernet(_key(one)) for one in (settings.secret, *settings.old_secrets.split())])


def _key(secret: str) -> bytes:
    derived = HKDF(SHA256(), 32, salt=None, info=b"loyalty second step").derive(secret.encode())
    return urlsafe_b64encode(derived)


def fresh_codes() -> list[str]:
    """New recovery codes, of 80 random bits each: xxxx-xxxx-xxxx-xxxx."""
    plain = [b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY)]
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in plain]


def code_digest(code: str) -> str:
    """What is kept of a recovery code. With so many random bits a plain hash is as good as a slow one."""
    return hashlib.sha256("".join(letter for letter in code.lower() if letter.isalnum()).encode()).hexdigest()
