"""Passwords: hashed with argon2id, compared at the same cost whatever there is to compare with, refused where weak. Pure."""

import unicodedata
from base64 import b64encode
from secrets import token_bytes

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from loyalty.i18n import _

#: A password has at least so many characters, and at most so many, for a long one costs more.
SHORTEST, LONGEST = 10, 200
_COMMON = """
1234567890 0123456789 12345678910 123456789a 123456789q 1234567891 0987654321 9876543210 1q2w3e4r5t 1q2w3e4r5t6y
1qaz2wsx3edc qwertyuiop qwertyuiop123 qwerty12345 qwerty123456 qwerty1234 asdfghjkl123 asdfghjkl1 zxcvbnm123 password12
password123 password1234 password12345 password2025 password2026 passw0rd123 p@ssword123 p@ssw0rd123 mypassword
letmein123 welcome123 welcome1234 iloveyou123 iloveyou12 sunshine123 princess123 football123 baseball123 superman123
charlie123 michael123 administrator changeme123 trustno123 abcdefghij abcdefghijk abcd123456 abc1234567 a123456789
aa12345678 qazwsxedcrfv 1111111111 0000000000 5201314520 woaini1314 woaini520520 zhang123456 wang123456 li123456789
secret12345 computer123 dragon12345 monkey12345 master12345 shadow12345 frequentflyer
"""
#: Passwords of ten characters and more that are tried first, in small letters.
COMMON = frozenset(_COMMON.split())
_HASHER = PasswordHasher()


def hashed(password: str) -> str:
    """The hash that is kept of a password."""
    return _HASHER.hash(_spelled(password))


def matches(kept: str, password: str) -> bool:
    """Whether a password is the one that was kept. One computation, also where there is none to compare with."""
    try:
        return _HASHER.verify(kept or _DUMMY, _spelled(password)) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Whether a hash was made at another cost than is asked for now."""
    return _HASHER.check_needs_rehash(kept)


def weakness(password: str, *own: str) -> str:
    """Why a password is not taken, empty where it is; `own` are the member's number and address, which anyone may know."""
    plain = _spelled(password).lower()
    if len(password) < SHORTEST:
        return _("A password has at least {count} characters.")
    if len(password) > LONGEST:
        return _("This password is too long.")
    if plain in COMMON or len(set(plain)) < 4:
        return _("Many people have this password, so it is tried first. Please choose another.")
    known = {part for one in own for part in (one.lower(), one.lower().partition("@")[0]) if len(part) > 3}
    if any(part in plain and len(plain) - len(part) < 4 for part in known):
        return _("Your number or your address is no password: others know it.")
    return ""


def _spelled(password: str) -> str:
    """One spelling for what keyboards send differently."""
    return unicodedata.normalize("NFC", password)


def _dummy() -> str:
    """A hash that nothing matches, of the same cost as a real one; made without computing any."""
    salt, rest = (b64encode(token_bytes(length)).decode().rstrip("=") for length in (_HASHER.salt_len, _HASHER.hash_len))
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${rest}"


_DUMMY = _dummy()
