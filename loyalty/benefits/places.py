"""The place of a request in its queue, and why others stand before it: told by keys, never by who the others are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked
from loyalty.benefits.judging import Judged
from loyalty.benefits.locking import OPEN
from loyalty.benefits.queues import Ranked, judged_rows
from loyalty.benefits.tables import Request, Service
from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.asking import Key, Queue
from loyalty.program.load import Program


class By(NamedTuple):
    """What sets two requests apart: the kind of request, the queue, a key of the queue, or in the end the number. Of one in
    another queue, `queue` is that one."""

    how: str
    key: Key | None = None
    queue: Queue | None = None


@dataclass(frozen=True)
class Place:
    """How many stand before a request, by the first key in which each differs, as the order compares them; and its queue."""

    queue: Queue
    before: tuple[tuple[By, int], ...]

    @property
    def total(self) -> int:
        """How many stand before it."""
        return sum(count for _by, count in self.before)


def place_of(session: Session, program: Program, service: Service, request: Any, now: datetime) -> Place | None:
    """The place of a request's row now, none unless it stands in its queue. Who may not be given a unit is not counted."""
    table = Request.__table__
    mine = (table.c.service_id == service.service_id, table.c.to_class == request.to_class, table.c.state.in_(OPEN))
    _known, rows = judged_rows(session, program, service, session.execute(select(table).where(*mine)).all(), now)
    own = next((one for one in rows if one[2].request_id == request.request_id and one[2].member_id == request.member_id), None)
    return None if own is None else place_among(own, rows, now)


def place_among(own: Ranked, rows: Sequence[Ranked], now: datetime) -> Place | None:
    """The same among all open requests for its class, judged already."""
    judged, asked, _row = own
    if not judged.open_at(now):
        return None
    others = [one for one, _, _ in rows if one.open_at(now) and not one.bar and one.order < judged.order]
    apart = [(_first(judged, one), one) for one in others]
    counted = Counter((n, one.queue if n == 1 else "") for n, one in apart)
    before = tuple((_apart(asked, judged, n, queue), count) for (n, queue), count in sorted(counted.items()))
    return Place(_queue(asked, judged.queue), before)


def _first(mine: Judged, other: Judged) -> int:
    """The place of the first part of the order in which two requests differ."""
    return next(n for n, (one, two) in enumerate(zip(mine.order, other.order, strict=False)) if one != two)


def _queue(asked: Asked, name: str) -> Queue:
    return next(line.queue for line in asked.lines if line.queue.id == name)


def _apart(asked: Asked, mine: Judged, n: int, queue: str) -> By:
    """What the part of the order is: the kind, the queue, one of its keys, the time of the request, its number."""
    if n < 2:
        return By("kind") if n == 0 else By("queue", queue=_queue(asked, queue))
    keys = _queue(asked, mine.queue).order
    if n - 2 < len(keys):
        return By("key", keys[n - 2])
    return By("requested" if n - 2 == len(keys) else "number")


# --- in words ---------------------------------------------------------------------------------------------------

#: By what sets apart, and which way it is ordered: so many who stand before one.
BEFORE = {
    "kind": _("{count} for something that goes first"),
    "queue": _("{count} in a queue that goes first: {name}"),
    "number": _("{count} asked at the same moment"),
    "requested earliest": _("{count} asked earlier"),
    "requested latest": _("{count} asked later"),
    "tier highest": _("{count} of a higher tier"),
    "tier lowest": _("{count} of a lower tier"),
    "lifetime highest": _("{count} with a higher lifetime tier"),
    "lifetime lowest": _("{count} with a lower lifetime tier"),
    "instrument first": _("{count} with an instrument"),
    "instrument last": _("{count} without an instrument"),
    "counter highest": _("{count} with more {name} in the last {months} months"),
    "counter lowest": _("{count} with less {name} in the last {months} months"),
    "field": _("{count} whose {name} goes first"),
}


def before_told(by: By, count: int, name: str, language: Language = ENGLISH) -> str:
    """So many who stand before a request, and why: `2 of a higher tier`. `name` is that of a counter's unit, a field or a
    queue."""
    months = by.key.months if by.key is not None else 0
    return language.say(BEFORE[_word(by)], count=language.number(count), name=name, months=language.number(months))


def _word(by: By) -> str:
    key = by.key
    if key is None:
        return "requested earliest" if by.how == "requested" else by.how
    if key.field is not None:
        return "field"
    if key.counter is not None:
        return f"counter {key.first}"
    how = next(name for name in ("tier", "lifetime", "instrument", "requested") if getattr(key, name) is not None)
    return f"{how} {getattr(key, how)}"
