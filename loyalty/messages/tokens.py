"""Signed links: who opens one may do what it says for its member, and nothing else."""

from itsdangerous import BadSignature, URLSafeSerializer

from loyalty.settings import Settings

_SALT = "loyalty unsubscribe"


def unsubscribe_token(settings: Settings, member_id: int, consent: str) -> str:
    """What an unsubscribe link carries. It has no end: the link of an old mail must work as well."""
    return str(_signer(settings).dumps([member_id, consent]))


def read_token(settings: Settings, token: str) -> tuple[int, str] | None:
    """The member and the consent of a link, signed with the secret or one of the old ones; none for anything else."""
    if not settings.secret:
        return None
    try:
        member_id, consent = _signer(settings).loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return (member_id, consent) if isinstance(member_id, int) and isinstance(consent, str) else None


def _signer(settings: Settings) -> URLSafeSerializer:
    # the last of the list signs, all of them are taken
    return URLSafeSerializer([*settings.old_secrets.split(), settings.secret], salt=_SALT)
