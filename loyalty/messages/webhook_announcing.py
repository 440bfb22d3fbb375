"""Facts made deliveries: for members noted, and again, or for older facts, where staff ask for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from loyalty.members.tables import Announcing, Member
from loyalty.messages.webhook_facts import Fact, Known, facts_of
from loyalty.messages.webhook_news import known_of
from loyalty.messages.webhook_operations import live_endpoints, patterns_of
from loyalty.messages.webhook_tables import WebhookDelivery, WebhookEndpoint
from loyalty.messages.webhooks import DeliveryId, body_of, wanted_from
from loyalty.program.load import Program
from loyalty.store import among, insert, pairs, take_turns

#: Facts are looked for so far before the instant at which their member was noted: history that is loaded may be older than its
#: transaction. What is older still is announced by replay alone. Deliveries are kept for longer, so that none is made again.
BACK = timedelta(days=31)
#: A member whose facts cannot be told is looked at again after so long.
AGAIN = timedelta(hours=1)
#: Who makes deliveries, or puts them in line again, takes turns: they are numbered within their member.
TURN = "webhooks"
COLUMNS = ("member_id", "endpoint_id", "fact_id", "n", "type", "body", "known_at", "state", "next_at", "tries", "failed",
           "claimed_by", "made_at")  # fmt: skip


@dataclass
class Announced:
    """What was done: members looked at, deliveries made, the error of each member whose facts cannot be told."""

    members: int = 0
    made: int = 0
    failures: dict[int, Exception] = field(default_factory=dict)


def announce(session: Session, program: Program, now: datetime, limit: int) -> Announced:
    """Make the deliveries of some members that were noted by now, those first that have waited longest.

    A fact is wanted by an endpoint from the instant on at which it asked for the type. A member that fails is looked at again
    later and stops no other. Without any endpoint, notes are dropped.
    """
    take_turns(session, TURN)
    endpoints = live_endpoints(session)
    if not endpoints:
        session.execute(delete(Announcing).where(Announcing.look_at <= now))
        return Announced()
    notes = _notes(session, now, limit)
    ids = sorted({note.member_id for note in notes})
    if not ids:
        return Announced()
    done = Announced(len(ids))
    since = _since(notes)
    known = _facts(program, known_of(session, ids, min(since.values())), done)
    facts = {member_id: [fact for fact in mine if fact.latest >= since[member_id]] for member_id, mine in known.items()}
    done.made = _make(session, endpoints, facts, now)
    _done_with(session, notes, done, now)
    return done


def _since(notes: Sequence[Row[Any]]) -> dict[int, datetime]:
    """From when on each member's facts are looked for."""
    found: dict[int, datetime] = {}
    for note in notes:
        at = note.noted_at - BACK
        found[note.member_id] = min(at, found.get(note.member_id, at))
    return found


def _notes(session: Session, now: datetime, limit: int) -> Sequence[Row[Any]]:
    due = Announcing.look_at <= now
    order = (func.min(Announcing.look_at), Announcing.member_id)
    first = select(Announcing.member_id).where(due).group_by(Announcing.member_id).order_by(*order).limit(limit)
    ids = list(session.scalars(first))
    table = Announcing.__table__
    return session.execute(select(table).where(among(session, table.c.member_id, ids), table.c.look_at <= now)).all()


def _facts(program: Program, known: Mapping[int, Known], done: Announced) -> dict[int, list[Fact]]:
    found = {}
    for member_id, mine in known.items():
        try:
            found[member_id] = facts_of(program, mine)
        except Exception as error:
            done.failures[member_id] = error
    done.members -= len(done.failures)
    return found


def _done_with(session: Session, notes: Sequence[Row[Any]], done: Announced, now: datetime) -> None:
    """Take away the notes that were looked at, and none that has been committed since."""
    wanted = pairs(session, [(note.member_id, note.note_id) for note in notes if note.member_id not in done.failures])
    same = (wanted.c.a == Announcing.member_id, wanted.c.b == Announcing.note_id)
    session.execute(delete(Announcing).where(select(wanted.c.b).where(*same).exists()))
    later = update(Announcing).where(among(session, Announcing.member_id, sorted(done.failures)), Announcing.look_at <= now)
    session.execute(later.values(look_at=now + AGAIN))


# --- deliveries ---------------------------------------------------------------------------------------------------


def _make(session: Session, endpoints: Sequence[WebhookEndpoint], facts: Mapping[int, Sequence[Fact]], now: datetime) -> int:
    """Make the deliveries that are wanted and not there yet; returns how many."""
    known = _known_ids(session, endpoints, list(facts))
    wanted: list[tuple[DeliveryId, Fact]] = []
    for endpoint in endpoints:
        patterns = patterns_of(endpoint)
        for member_id, mine in facts.items():
            for fact in mine:
                first = wanted_from(patterns, fact.type)
                if first is not None and fact.latest >= first:
                    wanted.append((DeliveryId(member_id, endpoint.endpoint_id, fact.fact_id), fact))
    return _write(session, [(id_, fact) for id_, fact in wanted if id_ not in known], now)


def _known_ids(session: Session, endpoints: Sequence[WebhookEndpoint], ids: Sequence[int]) -> set[DeliveryId]:
    table = WebhookDelivery.__table__
    mine = (among(session, table.c.member_id, ids), table.c.endpoint_id.in_([one.endpoint_id for one in endpoints]))
    return {
        DeliveryId(*row)
        for row in session.execute(select(table.c.member_id, table.c.endpoint_id, table.c.fact_id).where(*mine))
    }


def _write(session: Session, fresh: Iterable[tuple[DeliveryId, Fact]], now: datetime) -> int:
    """Write deliveries, numbered within member and endpoint after those that are there."""
    fresh = list(fresh)
    last = _last_numbers(session, sorted({id_.member_id for id_, _ in fresh})) if fresh else {}
    rows = []
    for id_, fact in fresh:
        line = (id_.member_id, id_.endpoint_id)
        last[line] = last.get(line, 0) + 1
        body = body_of(fact.type, fact.at, fact.data)
        rows.append((*id_, last[line], fact.type, body, fact.at, "waiting", now, 0, 0, "", now))
    insert(session, WebhookDelivery, COLUMNS, rows)
    return len(rows)


def _last_numbers(session: Session, ids: Sequence[int]) -> dict[tuple[int, int], int]:
    table = WebhookDelivery.__table__
    line = (table.c.member_id, table.c.endpoint_id)
    query = select(*line, func.max(table.c.n)).where(among(session, table.c.member_id, ids)).group_by(*line)
    return {(member_id, endpoint_id): n for member_id, endpoint_id, n in session.execute(query)}


# --- replay -------------------------------------------------------------------------------------------------------


def replay_facts(
    session: Session, program: Program, endpoint: WebhookEndpoint, ids: Sequence[int], span: tuple[datetime, datetime],
    now: datetime,
) -> tuple[int, int]:  # fmt: skip
    """Send an endpoint the facts of some members that became known in [first, last), of the types that it asks for: also
    those from before it asked, and those sent already, under the ids that they had. Returns how many were made, and how many
    were put in line again."""
    take_turns(session, TURN)
    first, last = span
    patterns = patterns_of(endpoint)
    wanted = [
        (DeliveryId(member_id, endpoint.endpoint_id, fact.fact_id), fact)
        for member_id, known in known_of(session, ids, first).items()
        for fact in facts_of(program, known)
        if first <= fact.at < last and wanted_from(patterns, fact.type) is not None
    ]
    known_ids = _known_ids(session, [endpoint], ids)
    again = put_in_line(session, [id_ for id_, _ in wanted if id_ in known_ids], now)
    return _write(session, [one for one in wanted if one[0] not in known_ids], now), again


def put_in_line(session: Session, ids: Sequence[DeliveryId], now: datetime) -> int:
    """Let deliveries be sent again, at once; those that are being sent now are left. Returns how many."""
    table = WebhookDelivery.__table__
    count = 0
    for endpoint_id in sorted({id_.endpoint_id for id_ in ids}):
        wanted = pairs(session, [(id_.member_id, id_.fact_id) for id_ in ids if id_.endpoint_id == endpoint_id])
        mine = select(wanted.c.b).where(wanted.c.a == table.c.member_id, wanted.c.b == table.c.fact_id).exists()
        count += _again(session, now, table.c.endpoint_id == endpoint_id, mine)
    return count


def put_failed_in_line(session: Session, endpoint_id: int | None, since: datetime, now: datetime) -> int:
    """Let what was given up at an instant or later be sent again. Returns how many."""
    table = WebhookDelivery.__table__
    where = [table.c.state == "failed", table.c.done_at >= since]
    if endpoint_id is not None:
        where.append(table.c.endpoint_id == endpoint_id)
    return _again(session, now, *where)


def _again(session: Session, now: datetime, *where: Any) -> int:
    table = WebhookDelivery.__table__
    live = table.c.endpoint_id.in_(select(WebhookEndpoint.endpoint_id).where(WebhookEndpoint.state != "removed"))
    not_under_way = table.c.state != "sending"
    values = {"state": "waiting", "next_at": now, "failed": 0, "done_at": None}
    changed = update(WebhookDelivery).where(live, not_under_way, *where).values(values)
    return len(session.execute(changed.returning(WebhookDelivery.fact_id)).all())


def members_after(session: Session, member_id: int, limit: int) -> list[int]:
    """The next members by member_id."""
    query = select(Member.member_id).where(Member.member_id > member_id).order_by(Member.member_id).limit(limit)
    return list(session.scalars(query))
