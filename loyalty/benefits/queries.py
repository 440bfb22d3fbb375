"""Reads of what members are entitled to: for one member or many in the same few statements."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.benefits.choices import Picked
from loyalty.benefits.entitlements import Rights, rights_of
from loyalty.benefits.periods import TierDays
from loyalty.benefits.rights import Granted, Known, Used
from loyalty.benefits.tables import BenefitGrant, BenefitPick, BenefitUse, Companion, Request, Service
from loyalty.program.load import Program
from loyalty.status.booked import Booked
from loyalty.status.queries import Account, attributes_of, spans_of
from loyalty.status.rewards import awards_of
from loyalty.status.windows import FAR
from loyalty.store import Base, among

T = TypeVar("T")


def known_of(
    session: Session, program: Program, accounts: Sequence[Account], spans: Mapping[int, Sequence[TierDays]] | None = None,
    awards: Mapping[int, Sequence[Booked]] | None = None,
) -> dict[int, Known]:  # fmt: skip
    """What is stored of some members' benefits, by member_id: a constant number of statements.

    `spans` and `awards` are not read where they are known already.
    """
    ids = [account.member_id for account in accounts]
    spans = tier_days(session, ids) if spans is None else spans
    awards = awards_of(session, ids) if awards is None else awards
    asks = any(one.when is not None for edition in program.editions for one in edition.benefits.campaigns)
    traits = attributes_of(session, program.file.members.attributes, accounts) if asks else {}
    picks = picks_of(session, ids)
    grants = _by_member(session, BenefitGrant, ids, _granted)
    uses = _by_member(session, BenefitUse, ids, _used)
    return {
        account.member_id: Known(
            account.enrolled_on.toordinal(),
            account.left_on.toordinal() if account.left_on is not None else None,
            spans.get(account.member_id, ()),
            traits.get(account.member_id, ()),
            awards.get(account.member_id, ()),
            picks.get(account.member_id, ()),
            grants.get(account.member_id, ()),
            uses.get(account.member_id, ()),
        )
        for account in accounts
    }


def rights(session: Session, program: Program, accounts: Sequence[Account], day: date) -> dict[int, Rights]:
    """What some members are entitled to on a day, by member_id."""
    known = known_of(session, program, accounts)
    return {member_id: rights_of(program, mine, day.toordinal()) for member_id, mine in known.items()}


def tier_days(session: Session, ids: Sequence[int]) -> dict[int, list[TierDays]]:
    """The cached timeline of some members, by member_id."""
    return {member_id: [_days(span) for span in mine] for member_id, mine in spans_of(session, ids).items()}


def picks_of(session: Session, ids: Sequence[int]) -> dict[int, list[Picked]]:
    """What some members picked, by member_id."""
    return _by_member(session, BenefitPick, ids, _picked)


def companions_of(session: Session, ids: Sequence[int]) -> dict[int, list[Companion]]:
    """Whom some members named, in the order in which they did, by member_id."""
    query = select(Companion).where(among(session, Companion.member_id, ids))
    rows = session.scalars(query.order_by(Companion.member_id, Companion.posted_at, Companion.companion_id))
    return {member_id: list(mine) for member_id, mine in groupby(rows, attrgetter("member_id"))}


def _by_member(session: Session, table: type[Base], ids: Sequence[int], read: Callable[[Any], T]) -> dict[int, list[T]]:
    columns = table.__table__
    keys = list(columns.primary_key)
    rows = session.execute(select(columns).where(among(session, keys[0], ids)).order_by(*keys))
    return {member_id: [read(row) for row in mine] for member_id, mine in groupby(rows, attrgetter("member_id"))}


def _days(span: Any) -> TierDays:
    return span.begins.toordinal(), span.until.toordinal() if span.until is not None else FAR, span.tier


def _picked(row: Any) -> Picked:
    return Picked(row.choice, row.period_on.toordinal(), row.n, row.option, row.picked_on.toordinal(), row.key)


def _granted(row: Any) -> Granted:
    until = row.until.toordinal() if row.until is not None else FAR
    return Granted(
        row.grant_id, row.kind, row.what, row.amount, row.begins.toordinal(), until, row.target, row.posted_on.toordinal(),
        row.author, row.approver, row.reason, row.key,
    )  # fmt: skip


def _used(row: Any) -> Used:
    returned = row.returned_on.toordinal() if row.returned_on is not None else None
    until = row.until.toordinal() if row.until is not None else None
    return Used(
        row.use_id, row.n, row.entitlement_id, row.what, row.amount, row.used_on.toordinal(),
        row.service_on.toordinal(), row.state, row.request_id, returned, until, row.key,
    )  # fmt: skip


def waiting_of(session: Session, member_id: int) -> Sequence[Row[Any]]:
    """A member's requests that are open, each with its service's key, start, zone and kind; the next service first."""
    asked, service = Request.__table__, Service.__table__
    query = select(asked, service.c.key.label("service"), service.c.starts_at, service.c.zone, service.c.kind.label("of"))
    query = query.join(service, service.c.service_id == asked.c.service_id)
    open_ = (asked.c.member_id == member_id, asked.c.state.in_(("pending", "waitlisted")))
    return session.execute(query.where(*open_).order_by(service.c.starts_at, asked.c.request_id)).all()
