"""What the page about coming in shows, as plain values."""

import json
from datetime import datetime
from typing import Any

import segno
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.access.agents import agent_named
from loyalty.access.links import about
from loyalty.access.security import login_of
from loyalty.access.signed import Viewer, begun_lately, sign_ins_of
from loyalty.access.tables import Link, Passkey, SignIn
from loyalty.i18n import Language, _

#: How one signed in, in words.
HOW = {"password": _("by password"), "link": _("by a link"), "passkey": _("by passkey")}

#: Who came in just now by one of these may set a password without the old one.
RENEWING = ("link", "passkey")


def security_told(session: Session, who: Viewer, now: datetime, language: Language) -> dict[str, Any]:
    """How a member comes in, and where they are in."""
    login = login_of(session, who.member_id)
    keys = session.scalars(select(Passkey).where(Passkey.member_id == who.member_id).order_by(Passkey.added_at)).all()
    renews = begun_lately(session, who, now) in RENEWING
    return {
        "has_password": bool(login.password), "asks_old": bool(login.password) and not renews,
        "password_at": login.password_at, "has_step": bool(login.totp),
        "step_since": login.totp_since, "codes_left": len(json.loads(login.recovery)), "email": who.email,
        "changing": _changing(session, who.member_id, now),
        "passkeys": [{"id": key.passkey_id, "name": key.name, "added": key.added_at, "used": key.used_at} for key in keys],
        "sign_ins": [_sign_in(one, who, language) for one in sign_ins_of(session, who.member_id, now)],
    }  # fmt: skip


def qr(address: str) -> Markup:
    """An address as a QR code, dark on light, for the app of the second step."""
    return Markup(segno.make(address, error="m").svg_inline(border=3, light="#fff", omitsize=True))  # noqa: S704 drawn here


def _sign_in(one: SignIn, who: Viewer, language: Language) -> dict[str, Any]:
    return {
        "id": one.sign_in_id, "mine": one.sign_in_id == who.sign_in_id, "how": language.say(HOW[one.how]), "place": one.place,
        "agent": agent_named(one.agent) or language.say(_("A browser")), "since": one.started_at, "used": one.seen_at,
    }  # fmt: skip


def _changing(session: Session, member_id: int, now: datetime) -> dict[str, Any] | None:
    """The change of address that is under way, and who is still to confirm it."""
    mine = (Link.member_id == member_id, Link.purpose.in_(("email_old", "email_new")), Link.expires_at > now)
    links = session.scalars(select(Link).where(*mine).order_by(Link.link_id)).all()
    waiting = [link.purpose for link in links if link.used_at is None]
    return (
        {"new": about(links[0])["new"], "old_too": "email_old" in waiting, "new_too": "email_new" in waiting}
        if waiting
        else None
    )
