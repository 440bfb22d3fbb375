"""Links that work once, and the letters that carry them: written, claimed to be sent, used up."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from loyalty.access.tables import Link
from loyalty.access.tokens import read_link
from loyalty.keys import dumps
from loyalty.settings import Settings

#: How long the link of each purpose works; a letter that could not be sent by then is given up.
SPANS = {
    "sign_in": timedelta(minutes=15), "unknown": timedelta(minutes=15), "join": timedelta(hours=24),
    "email_old": timedelta(hours=24), "email_new": timedelta(hours=24),
}  # fmt: skip
#: At most so many letters go to one address in an hour, whoever asks for them.
MOST = 5
#: For so long a claim holds; then whoever claimed is taken for dead.
LEASE = timedelta(minutes=2)
#: Links are kept for so long after they have ended.
KEPT = timedelta(days=30)


def write_link(
    session: Session, purpose: str, address: str, locale: str, now: datetime, member_id: int | None = None,
    span: timedelta | None = None, **fields: Any,
) -> Link:  # fmt: skip
    """Write a link, and its letter, which is still to be sent. `fields` are what it is about."""
    link = Link(
        purpose=purpose, member_id=member_id, address=address.lower(), locale=locale, fields=dumps(fields), made_at=now,
        expires_at=now + (span or SPANS[purpose]), state="waiting", next_at=now, attempts=0, error="",
    )  # fmt: skip
    session.add(link)
    session.flush()
    return link


def hand_out(session: Session, member_id: int, now: datetime, span: timedelta) -> Link:
    """A link to sign in as a member that no letter carries: whoever runs the deployment hands it out."""
    link = write_link(session, "sign_in", "", "", now, member_id, span)
    link.state, link.sent_at = "sent", now
    session.flush()
    return link


def is_enough(session: Session, address: str, now: datetime) -> bool:
    """Whether an address has had as many letters in the last hour as it may have."""
    query = select(func.count()).select_from(Link)
    recent = query.where(Link.address == address.lower(), Link.made_at > now - timedelta(hours=1), Link.address != "")
    return (session.scalar(recent) or 0) >= MOST


def find_link(session: Session, settings: Settings, purpose: str, token: str, now: datetime) -> Link | None:
    """The link of a token that still works: none for one that was used, has ended, or is of another purpose."""
    named = read_link(settings, purpose, token)
    if named is None:
        return None
    link = session.get(Link, named[0])
    if link is None or (link.purpose, link.made_at) != (purpose, named[1]):
        return None
    return link if link.used_at is None and link.expires_at > now else None


def use_link(session: Session, link: Link, now: datetime) -> bool:
    """Use a link up; False where another was quicker."""
    mine = (Link.link_id == link.link_id, Link.used_at.is_(None), Link.expires_at > now)
    done = session.execute(update(Link).where(*mine).values(used_at=now).returning(Link.link_id))
    return done.one_or_none() is not None


def cancel_links(session: Session, member_id: int, purposes: Sequence[str], now: datetime) -> None:
    """End the links of a member that still work, of some purposes; letters that wait are given up."""
    mine = (Link.member_id == member_id, Link.purpose.in_(purposes), Link.expires_at > now)
    session.execute(update(Link).where(*mine).values(expires_at=now))


def about(link: Link) -> dict[str, Any]:
    """What a link is about."""
    return dict(json.loads(link.fields))


# --- letters ------------------------------------------------------------------------------------------------------


def claim_letters(session: Session, now: datetime, limit: int) -> list[Link]:
    """Claim the letters that wait longest. Those that another has claimed are passed over; the claim counts as an attempt."""
    first = (
        select(Link.link_id).where(Link.state == "waiting", Link.next_at <= now).order_by(Link.next_at).limit(limit)
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    taken = update(Link).where(Link.link_id.in_(first)).values(next_at=now + LEASE, attempts=Link.attempts + 1)
    rows = session.scalars(taken.returning(Link), execution_options={"populate_existing": True}).all()
    return sorted(rows, key=lambda link: link.link_id)


def mark_letter(session: Session, link: Link, state: str, error: str, next_at: datetime, sent_at: datetime | None) -> None:
    """Write what became of a claimed letter."""
    mine = (Link.link_id == link.link_id, Link.state == "waiting")
    values = {"state": state, "error": error, "next_at": next_at, "sent_at": sent_at}
    session.execute(update(Link).where(*mine).values(**values))


def trim_links(session: Session, now: datetime) -> int:
    """Delete links that ended long ago. Returns how many were deleted."""
    return int(session.execute(delete(Link).where(Link.expires_at < now - KEPT)).rowcount)  # type: ignore[attr-defined]
