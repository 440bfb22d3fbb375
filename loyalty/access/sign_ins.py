"""What sign-ins of members and of staff share: begun with a token that the browser keeps, whether they hold, used, ended."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, update
from sqlalchemy.orm import Session

from loyalty.keys import digest


@dataclass(frozen=True)
class SignIns:
    """The sign-ins of one kind of people: their table, its column that says whose, the word that tokens are digested with.

    One ends by itself when it was not used for `idle`, and in any case `longest` after it began.
    """

    table: Any
    owner: str
    word: str
    idle: timedelta
    longest: timedelta

    def begin(self, session: Session, owner_id: int, how: str, now: datetime, place: str, agent: str, **more: Any) -> str:
        """Begin one; the token. A new one each time, so that none can be planted."""
        token = secrets.token_urlsafe(32)
        session.add(self.table(
            **{self.owner: owner_id}, sign_in_id=self.identity(token), how=how, place=place[:45], agent=agent[:200],
            started_at=now, seen_at=now, **more,
        ))  # fmt: skip
        session.flush()
        return token

    def identity(self, token: str) -> int:
        """What is kept of a token."""
        return digest(self.word, token)

    def holding(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """That a sign-in holds, for a query."""
        table = self.table
        return table.ended_at.is_(None), table.seen_at > now - self.idle, table.started_at > now - self.longest

    def holds(self, signed: Any, now: datetime) -> bool:
        """Whether a sign-in holds."""
        return bool(signed.ended_at is None and signed.seen_at > now - self.idle and signed.started_at > now - self.longest)

    def used(self, session: Session, owner_id: int, sign_in_id: int, now: datetime) -> None:
        """Note that a sign-in is in use."""
        mine = (self._of(owner_id), self.table.sign_in_id == sign_in_id)
        session.execute(update(self.table).where(*mine).values(seen_at=now))

    def end(self, session: Session, owner_id: int, now: datetime, only: int | None = None, but: int | None = None) -> int:
        """End someone's sign-ins: all, `only` one, or all `but` one. Returns how many were ended."""
        query = update(self.table).where(self._of(owner_id), self.table.ended_at.is_(None))
        if only is not None:
            query = query.where(self.table.sign_in_id == only)
        if but is not None:
            query = query.where(self.table.sign_in_id != but)
        return int(session.execute(query.values(ended_at=now)).rowcount)  # type: ignore[attr-defined]

    def trim(self, session: Session, before: datetime) -> int:
        """Delete those that were used before an instant for the last time. Returns how many were deleted."""
        return int(session.execute(delete(self.table).where(self.table.seen_at < before)).rowcount)  # type: ignore[attr-defined]

    def _of(self, owner_id: int) -> ColumnElement[bool]:
        mine: ColumnElement[bool] = getattr(self.table, self.owner) == owner_id
        return mine
