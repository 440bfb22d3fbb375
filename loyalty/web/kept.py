"""Pages of members kept as long as nothing that they were made from has changed: told by a mark, never by time."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import lru_cache
from threading import Lock
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from loyalty.benefits.tables import BenefitGrant, BenefitPick, BenefitUse, Request, Service
from loyalty.earning.tables import Activity, Reversal
from loyalty.ledger.tables import Entry
from loyalty.members.tables import AttributeChange, Member
from loyalty.status.tables import Standing, StatusAward, StatusFact
from loyalty.store import Base, Instant

T = TypeVar("T")

#: Rows that are never changed nor taken away: their number says whether there is a new one.
COUNTED: tuple[type[Base], ...] = (Entry, Activity, Reversal, StatusFact, AttributeChange)
#: Rows that are changed in place: all of them are looked at.
WHOLE: tuple[type[Base], ...] = (Member, Standing, StatusAward, BenefitGrant, BenefitPick, BenefitUse)


def mark_of(session: Session, member_id: int, now: datetime) -> str:
    """A digest that changes with every fact of a member's status, points, activity, benefits and requests, and with the opening
    of a request's window. One statement.

    Whom they named as companions, messages and sign-ins are not in it.
    """
    row = session.execute(_query(session.get_bind().dialect.name), {"member": member_id, "now": now}).one()
    return hashlib.sha256(repr(tuple(row)).encode()).hexdigest()


@lru_cache
def _query(dialect: str) -> Select[Any]:
    member = bindparam("member", type_=Member.__table__.c.member_id.type)
    array, gathered = ("json_build_array", "json_agg") if dialect == "postgresql" else ("json_array", "json_group_array")

    def whole(*columns: ColumnElement[Any]) -> ColumnElement[Any]:
        return sql_cast(getattr(func, gathered)(getattr(func, array)(*columns)), Text)

    parts: list[Any] = [
        select(func.count()).select_from(table.__table__).where(table.__table__.c.member_id == member).scalar_subquery()
        for table in COUNTED
    ]
    for table in WHOLE:
        columns = table.__table__.c
        parts.append(select(whole(*columns)).where(columns.member_id == member).scalar_subquery())
    asked, service = Request.__table__, Service.__table__
    opened = asked.c.opens_at <= bindparam("now", type_=Instant())
    of_service = (service.c.key, service.c.starts_at, service.c.zone, service.c.state)
    requests = select(whole(*asked.c, opened, *of_service)).join_from(
        asked, service, asked.c.service_id == service.c.service_id
    )
    parts.append(requests.where(asked.c.member_id == member).scalar_subquery())
    return select(*(part.label(f"p{n}") for n, part in enumerate(parts)))


class Kept:
    """What was made last, by key, at most so many: made again as soon as its mark is another. Nobody changes what is kept."""

    def __init__(self, most: int = 2000) -> None:
        self.most, self.lock = most, Lock()
        self.found: OrderedDict[Hashable, tuple[str, Any]] = OrderedDict()

    def get(self, key: Hashable, mark: str, make: Callable[[], T]) -> T:
        """What stands under a key and this mark; made now where nothing does."""
        with self.lock:
            known = self.found.get(key)
            if known is not None and known[0] == mark:
                self.found.move_to_end(key)
                return cast(T, known[1])
        made = make()
        with self.lock:
            self.found[key] = (mark, made)
            self.found.move_to_end(key)
            while len(self.found) > self.most:
                self.found.popitem(last=False)
        return made
