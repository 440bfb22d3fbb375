"""The log searched, exported, verified."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from loyalty.audit.chain import HASHED, fault
from loyalty.audit.tables import AuditLine

_TABLE = AuditLine.__table__


@dataclass(frozen=True)
class Wanted:
    """Which lines: of an actor by name, an act, a member, [since, until); empty for all."""

    actor: str = ""
    act: str = ""
    member_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Verified:
    """How the log was found: how many lines are in order, the hash of the last of these, and what is wrong with the next."""

    lines: int
    hash: str
    fault: str


def by_key(session: Session, key: str) -> AuditLine | None:
    """The line of an act by the key that it was sent with."""
    return session.scalar(select(AuditLine).where(AuditLine.key == key)) if key else None


def found(session: Session, wanted: Wanted, before: int | None = None, limit: int = 50) -> list[Row[Any]]:
    """The newest lines that are wanted; those older than line `before`, to go on from a page."""
    query = _where(wanted).order_by(_TABLE.c.n.desc()).limit(limit)
    return list(session.execute(query if before is None else query.where(_TABLE.c.n < before)))


def export(session: Session, wanted: Wanted) -> Iterator[str]:
    """The lines that are wanted, one JSON object each, first to last, with their hashes."""
    with session.execute(_where(wanted).order_by(_TABLE.c.n).execution_options(yield_per=1000)) as rows:
        for row in rows:
            yield json.dumps(told(row), ensure_ascii=False, default=_plain)


def told(line: Any) -> dict[str, Any]:
    """A line as plain values; `what` is read."""
    return {**{name: getattr(line, name) for name in HASHED}, "what": json.loads(line.what), "hash": line.hash}


def _plain(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, datetime) else str(value)


def _where(wanted: Wanted) -> Select[Any]:
    query = select(_TABLE)
    for name in ("actor", "act"):
        if getattr(wanted, name):
            query = query.where(_TABLE.c[name] == getattr(wanted, name))
    if wanted.member_id is not None:
        query = query.where(_TABLE.c.member_id == wanted.member_id)
    if wanted.since is not None:
        query = query.where(_TABLE.c.at >= wanted.since)
    return query if wanted.until is None else query.where(_TABLE.c.at < wanted.until)


def verify(session: Session, kept: tuple[int, str] | None = None) -> Verified:
    """Walk the whole log and tell the first line that is not in order; `kept` is a number and hash that were told before."""
    n, last = 0, ""
    with session.execute(select(_TABLE).order_by(_TABLE.c.n).execution_options(yield_per=1000)) as lines:
        for line in lines:
            why = fault(line, n + 1, last)
            if not why and kept is not None and line.n == kept[0] and line.hash != kept[1]:
                why = f"line {line.n} has another hash than was kept"
            if why:
                return Verified(n, last, why)
            n, last = line.n, line.hash
    return Verified(n, last, f"lines from {n + 1} to {kept[0]} are missing" if kept is not None and kept[0] > n else "")
