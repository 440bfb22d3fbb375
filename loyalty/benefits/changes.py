"""Changes of requests gathered and written together: the rows, their log, the instruments; a few statements for any number."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import Row, Table, bindparam, select, tuple_, update
from sqlalchemy.orm import Session

from loyalty.benefits.holding import capture, give_back
from loyalty.benefits.locking import GIVEN
from loyalty.benefits.reasons import kept
from loyalty.benefits.tables import BenefitUse, Request, RequestChange
from loyalty.benefits.waitlist import Id
from loyalty.members.telling import note
from loyalty.program.load import Program
from loyalty.store import insert, pairs

#: What a change may write of a request.
CHANGED = ("service_id", "state", "reason", "details", "passed", "passed_details", "skipped", "opens_at", "decided_at",
           "changes")  # fmt: skip
LOGGED = ("member_id", "request_id", "n", "state", "reason", "details", "author", "at")
ENDS = ("not_cleared", "cancelled")


class Became(NamedTuple):
    """What a request becomes: its state, with the reason and its figures."""

    state: str
    reason: str
    details: Mapping[str, Any] = {}


class Changes:
    """The changes of one transaction by one author, to be written by `write`."""

    def __init__(self, session: Session, program: Program, author: str, today: date, now: datetime) -> None:
        self.session, self.program, self.author, self.today, self.now = session, program, author, today, now
        self.rows: list[dict[str, Any]] = []
        self.log: list[tuple[Any, ...]] = []
        self.used: list[Id] = []
        self.again: list[Id] = []
        self.ended: list[Id] = []

    def add(self, row: Row[Any], became: Became, logged: bool = True, **values: Any) -> None:
        """Note what a request becomes, and other values of its row; with `logged` the change joins its log."""
        details = kept(became.details)
        fresh = {
            **{name: getattr(row, name) for name in CHANGED}, "state": became.state, "reason": became.reason,
            "details": details, **values,
        }  # fmt: skip
        if all(fresh[name] == getattr(row, name) for name in CHANGED):
            return
        if logged:
            self.log.append((row.member_id, row.request_id, row.changes, became.state, became.reason, details, self.author,
                             self.now))  # fmt: skip
            fresh["changes"] = row.changes + 1
        keys = {"m": row.member_id, "r": row.request_id}
        self.rows.append({**keys, **{f"new_{name}": value for name, value in fresh.items()}})
        if row.instrument is not None and became.state != row.state:
            self._instrument((row.member_id, row.request_id), row.state, became.state)

    def _instrument(self, id_: Id, before: str, state: str) -> None:
        if state in GIVEN:
            self.used.append(id_)
        elif state in ENDS:
            self.ended.append(id_)
        elif before in GIVEN:
            self.again.append(id_)

    def write(self, reason: str = "") -> int:
        """Write what was noted, use and return instruments; how many requests changed."""
        if self.rows:
            table = cast(Table, Request.__table__)
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in CHANGED}
            mine = (table.c.member_id == bindparam("m"), table.c.request_id == bindparam("r"))
            self.session.connection().execute(update(table).where(*mine).values(values), self.rows)
        insert(self.session, RequestChange, LOGGED, self.log)
        note(self.session, sorted({row[0] for row in self.log}), self.now)
        if self.used:
            capture(self.session, self.used)
        if self.again:
            _hold_again(self.session, self.again)
        if self.ended:
            give_back(self.session, self.program, self.ended, self.today, self.author, reason)
        return len(self.rows)


def _hold_again(session: Session, ids: Sequence[Id]) -> None:
    """What was used for requests that are asked anew elsewhere is held for them; as much as before, so none can be too many."""
    wanted = pairs(session, ids)
    mine = tuple_(BenefitUse.member_id, BenefitUse.request_id).in_(select(wanted.c.a, wanted.c.b))
    session.execute(update(BenefitUse).where(mine, BenefitUse.state == "used").values(state="held"))
