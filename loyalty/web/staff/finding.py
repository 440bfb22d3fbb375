"""Members as lists show them: found by what was asked, or opened last by who is signed in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from loyalty.benefits.telling import members_by_request
from loyalty.earning.latest import members_by_activity
from loyalty.members.finding import find as find_members
from loyalty.members.tables import Member
from loyalty.status.queries import read_accounts
from loyalty.status.words import tier_name
from loyalty.store import among
from loyalty.web.site import Site, here
from loyalty.web.staff.guard import RECENT, needs, pages

#: So many members opened last are remembered, in the browser alone.
REMEMBERED = 8


@dataclass(frozen=True)
class Listed:
    """A member in a list."""

    number: str
    name: str
    tier: str
    email: str
    phone: str
    left: bool


@pages.get("/find")
@needs("member.read")
def find() -> str | Response:
    """Who may be meant; a single one is opened at once."""
    site, asked = here(), request.args.get("q", "").replace("\0", "").strip()[:100]
    rows: Sequence[Any] = find_members(site.reading, asked)
    if not rows and asked:
        rows = by_key(site, asked)
    if len(rows) == 1:
        return redirect(url_for("staff.member", number=rows[0].number), 303)
    return render_template("staff/find.html", asked=asked, found=listed(site, rows), recent=recent(site), seeking=True)


def by_key(site: Site, key: str) -> Sequence[Any]:
    """The members of a request, or of an activity, of this key."""
    ids = members_by_request(site.reading, key) or members_by_activity(site.reading, key)
    return site.reading.scalars(select(Member).where(among(site.reading, Member.member_id, ids))).all() if ids else []


def listed(site: Site, rows: Iterable[Any]) -> list[Listed]:
    """Members with the tier that each holds, in the order in which they are given."""
    mine = list(rows)
    tiers = {one.member_id: one.tier for one in read_accounts(site.reading, [one.member_id for one in mine])}
    return [
        Listed(one.number, one.name, _tier(site, tiers.get(one.member_id)), one.email, one.phone,
               one.left_on is not None and one.left_on <= site.today)
        for one in mine
    ]  # fmt: skip


def _tier(site: Site, tier: str | None) -> str:
    return tier_name(site.program, tier, site.language.code) if tier else ""


def recent(site: Site) -> list[Listed]:
    """The members whom who is signed in opened last, the last first."""
    numbers = session.get(RECENT, [])
    if not numbers:
        return []
    found = {one.number: one for one in site.reading.scalars(select(Member).where(among(site.reading, Member.number, numbers)))}
    return listed(site, [found[number] for number in numbers if number in found])


def remember(number: str) -> None:
    """Note that a member was opened."""
    before = session.get(RECENT, [])
    if before[:1] != [number]:
        session[RECENT] = [number, *(one for one in before if one != number)][:REMEMBERED]
