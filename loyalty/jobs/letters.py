"""Letters with links sent: by the job, so that none is lost, and by the pages at once, so that nobody waits."""

from collections.abc import Callable
from datetime import datetime
from random import Random

from sqlalchemy.orm import Session

from loyalty.access.entering import members_of
from loyalty.access.links import claim_letters, mark_letter
from loyalty.access.tables import Link
from loyalty.jobs import runs
from loyalty.jobs.delivering import ticking
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.messages.letters import Carried, again, carry
from loyalty.messages.outbox import suppressed
from loyalty.messages.transports import Transport, Unreachable, transport_of

LETTERS = "letters"
#: Letters claimed at a time: what is sent twice at most where a sender is killed.
BATCH = 10


def letters(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
    """Send the letters that wait. Several may run at once. Where the settings name no place for mail, letters wait.

    Raises Refused: `mail_not_set` where they name one and lack what it needs.
    """
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    if begun and deployment.settings.mail:
        tried, sent = send_letters(deployment, now)
        progress(tried, tried)
        with deployment.store.transaction() as session:
            runs.tally(session, key, tried, sent)
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def send_letters(deployment: Deployment, now: datetime) -> tuple[int, int]:
    """Send what waits until nothing is left: how many were tried, how many sent."""
    transport, clock = transport_of(deployment.settings), ticking(now)
    tried = sent = 0
    try:
        while states := _batch(deployment, transport, clock):
            tried, sent = tried + len(states), sent + states.count("sent")
    finally:
        transport.close()
    return tried, sent


def _batch(deployment: Deployment, transport: Transport, clock: Callable[[], datetime]) -> list[str]:
    """Claimed in a transaction, sent, each marked in one of its own. What became of each."""
    with deployment.store.transaction() as session:
        claimed = claim_letters(session, clock(), BATCH)
        gone = suppressed(session, {link.address for link in claimed})
        numbers = {link.link_id: _number(session, link) for link in claimed}
    states, random = [], Random()  # noqa: S311 it spreads waits
    for link in claimed:
        now = clock()
        if link.address in gone:
            done = Carried("failed", "nothing is sent to this address any more", now)
        else:
            done = _carried(deployment, transport, link, numbers[link.link_id], now, random)
        with deployment.store.transaction() as session:
            mark_letter(session, link, done.state, done.error, done.next_at, done.sent_at)
        states.append(done.state)
    return states


def _carried(deployment: Deployment, transport: Transport, link: Link, number: str, now: datetime, random: Random) -> Carried:
    try:
        return carry(deployment.program, deployment.settings, transport, link, number, now, random)
    except Unreachable as error:
        return again(link, str(error), now, random)
    except Exception as error:  # a template that cannot be: the others go on
        return Carried("failed", type(error).__name__, now)


def _number(session: Session, link: Link) -> str:
    """The number of the only member whom a link is for."""
    if link.purpose in ("join", "unknown"):
        return ""
    members = members_of(session, link)
    return str(members[0].number) if len(members) == 1 else ""
