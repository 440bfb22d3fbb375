"""What all ways of coming in share: where a request comes from, the second step, the new token that the browser keeps."""

import json
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import redirect, request, session, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from loyalty.access.agents import agent_named
from loyalty.access.keyring import Party
from loyalty.access.passwords import LONGEST
from loyalty.access.security import login_of
from loyalty.access.signed import enter
from loyalty.web.guarding import inside
from loyalty.web.site import here

#: How often one network address may send the forms of these pages.
LIMIT = "30 per minute; 300 per hour"
#: After the first proof the second step is waited for so long; a challenge to a passkey holds for so long.
HALF, ASKED = timedelta(minutes=10), timedelta(minutes=5)


def place() -> str:
    """The network address that asks."""
    return request.remote_addr or ""


def told_place() -> str:
    """The browser and the address that ask, as a mail about security tells them."""
    return ", ".join(part for part in (agent_named(request.user_agent.string), place()) if part)


def secret(name: str) -> str:
    """A password as it was typed: blanks belong to it. No longer than what is refused as too long."""
    return request.form.get(name, "")[: LONGEST + 1]


def admitted(transaction: Session, member_id: int, how: str) -> str | None:
    """Begin a sign-in after a first proof: the token; none where a second step is asked for. A passkey is both."""
    if how != "passkey" and login_of(transaction, member_id).totp:
        return None
    return enter(transaction, member_id, how, here().now, place(), request.user_agent.string)


def go_on(token: str | None, member_id: int, how: str, after: str | None) -> Response:
    """After a first proof: on to the page that was wanted, or to the second step."""
    if token is not None:
        return come_in(token, after)
    session.clear()
    session["half"] = [member_id, how, here().now.isoformat(), inside(after) or ""]
    return redirect(url_for("signing.code"), 303)


def come_in(token: str, after: str | None) -> Response:
    """Let the browser keep a sign-in, and nothing of what it kept before."""
    session.clear()
    session.permanent = True
    session["_user_id"], session["_fresh"] = token, True
    return redirect(inside(after) or url_for("home.home"), 303)


def half() -> tuple[int, str, str] | None:
    """Who has given the first proof and not the second: member, how, where they wanted to go; none where it is too long ago.

    A password that was changed meanwhile takes it back.
    """
    kept = session.get("half")
    if not kept or here().now - datetime.fromisoformat(kept[2]) > HALF:
        return None
    changed = login_of(here().reading, kept[0]).password_at
    if changed is not None and changed > datetime.fromisoformat(kept[2]):
        return None
    return kept[0], kept[1], kept[3]


def party() -> Party:
    """Who asks for passkeys here."""
    site = here()
    address = urlsplit(site.deployment.settings.web_address or request.host_url)
    name = site.language.own(site.program.file.name)
    return Party(address.hostname or "", f"{address.scheme}://{address.netloc}", name)


def credential_id(answer: str) -> str:
    """The id of the credential that a browser answers with; empty where there is none."""
    try:
        found = json.loads(answer)["rawId"]
    except (ValueError, KeyError, TypeError):
        return ""
    return found if isinstance(found, str) else ""


def keep_challenge(challenge: str, what: str) -> None:
    """Keep what a passkey is asked to sign, until it answers."""
    session["challenge"] = [challenge, what, here().now.isoformat()]


def taken_challenge(what: str) -> tuple[str, datetime] | None:
    """What was asked, once, and when; none where nothing was, or too long ago."""
    kept = session.pop("challenge", None)
    if not kept or kept[1] != what or here().now - datetime.fromisoformat(kept[2]) > ASKED:
        return None
    return kept[0], datetime.fromisoformat(kept[2])
