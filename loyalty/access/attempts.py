"""Failed attempts, and names that are locked for a while because of them. By name, for attackers have many addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from loyalty.access.tables import Attempt
from loyalty.keys import digest

#: So many failures lock a name: for this long at first, twice as long each time, at most so long.
FREE = 5
FIRST, LONGEST = timedelta(minutes=15), timedelta(hours=24)
#: Failures are forgotten when none was added for so long.
FORGOTTEN = timedelta(days=7)


@dataclass(frozen=True)
class Counted:
    """An attempt that was counted before it is judged. `lock` is until when its name is locked if it fails."""

    subject: int
    locked: bool
    lock: datetime | None = None


def subject_of(*parts: str) -> int:
    """What attempts are counted under: a digest, so that the table tells nobody's name."""
    return digest("attempt", *parts)


def count(session: Session, subject: int, now: datetime) -> Counted:
    """Count an attempt. It is counted before it is judged, so that many at once are no more than one after another.

    While a name is locked nothing is counted, so a lock ends by itself.
    """
    row = _locked_row(session, subject, now)
    if row.locked_until is not None and row.locked_until > now:
        return Counted(subject, True)
    row.failures = 1 if now - row.last_at > FORGOTTEN else row.failures + 1
    row.last_at = now
    locks, rest = divmod(row.failures, FREE)
    row.locked_until = now + min(FIRST * 2 ** min(locks - 1, 20), LONGEST) if rest == 0 else None
    session.flush()
    return Counted(subject, False, row.locked_until)


def _locked_row(session: Session, subject: int, now: datetime) -> Attempt:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    first = {"subject": subject, "failures": 0, "last_at": now, "locked_until": None}
    session.execute(dialect.insert(cast(Table, Attempt.__table__)).on_conflict_do_nothing(), [first])
    return session.get_one(Attempt, subject, with_for_update=True)


def clear(session: Session, subjects: Sequence[int]) -> None:
    """Forget the failures of some names: one has succeeded."""
    session.execute(delete(Attempt).where(Attempt.subject.in_(subjects)))


def trim_attempts(session: Session, now: datetime) -> int:
    """Delete what is forgotten. Returns how many were deleted."""
    return int(session.execute(delete(Attempt).where(Attempt.last_at < now - FORGOTTEN)).rowcount)  # type: ignore[attr-defined]
