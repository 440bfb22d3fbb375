"""What links carry: signed with the secret of the settings when they are sent, bound to their purpose, kept nowhere. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from loyalty.access.tables import Link
from loyalty.clock import instant_of, ticks
from loyalty.settings import Settings

#: Where the link of each purpose leads; the token follows. A letter of another purpose carries no link of its own.
PATHS: Mapping[str, str] = {
    "sign_in": "/sign-in/link/", "join": "/join/", "email_old": "/address/old/", "email_new": "/address/new/",
}  # fmt: skip
#: Where the pages are on this machine, while nothing says that they are elsewhere.
LOCAL = "http://127.0.0.1:8000"
#: For so long after a mail its link "it was not me" works.
NOT_ME = timedelta(days=7)


def link_token(settings: Settings, link: Link) -> str:
    """The token of a link. It names when the link was made too: after a restore from a backup its number may be another's."""
    return str(_signer(settings, link.purpose).dumps([link.link_id, ticks(link.made_at)]))


def read_link(settings: Settings, purpose: str, token: str) -> tuple[int, datetime] | None:
    """The link that a token of a purpose is of, and when it was made; none for anything else."""
    found = _read(settings, purpose, token)
    return None if found is None else (found[0], instant_of(found[1]))


def link_address(settings: Settings, link: Link) -> str:
    """The address of the page that a link opens."""
    base = settings.web_address or LOCAL
    return f"{base}{PATHS[link.purpose]}{link_token(settings, link)}"


def not_me_token(settings: Settings, member_id: int, at: datetime) -> str:
    """What the link "it was not me" of a mail about security carries."""
    return str(_signer(settings, "not me").dumps([member_id, ticks(at)]))


def read_not_me(settings: Settings, token: str, now: datetime) -> int | None:
    """The member of such a link; none for anything else, and where the mail is too old."""
    found = _read(settings, "not me", token)
    if found is None or now - instant_of(found[1]) > NOT_ME:
        return None
    return found[0]


def _read(settings: Settings, purpose: str, token: str) -> tuple[int, int] | None:
    try:
        first, second = _signer(settings, purpose).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return (first, second) if type(first) is int and type(second) is int else None


def _signer(settings: Settings, purpose: str) -> URLSafeSerializer:
    # the last of the list signs, all of them are taken
    keys = [*settings.old_secrets.split(), settings.secret]
    return URLSafeSerializer(keys, salt=f"loyalty link {purpose}", signer_kwargs={"digest_method": hashlib.sha256})
