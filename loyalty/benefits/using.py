"""Entitlements used and given back. The account is locked by whoever calls: of two uses of the last one, one succeeds."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.entitlements import Rights
from loyalty.benefits.instruments import good_again, known_amount, known_right, valid_day
from loyalty.benefits.queries import rights
from loyalty.benefits.rights import Entitlement, last_day
from loyalty.benefits.tables import BenefitUse
from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import digest
from loyalty.members.freezing import free
from loyalty.program.load import Program
from loyalty.status.queries import Account
from loyalty.status.words import thing


class Taken(NamedTuple):
    """The answer to a use: whether it is new, and what it took of which entitlements."""

    fresh: bool
    parts: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Use:
    """So many of an instrument or quota used, for a service on a day; today's without it."""

    what: str
    author: str
    reason: str
    key: str
    amount: int = 1
    service_on: date | None = None


@dataclass(frozen=True)
class Return:
    """What was used under a key comes back."""

    used: str
    author: str
    reason: str
    key: str


def use(session: Session, program: Program, account: Account, wanted: Use, now: datetime) -> Taken:
    """Take so many of what the member has, the earliest end first; the same key again is answered as before.

    Raises Refused, and takes nothing: `unknown_entitlement`, `bad_amount`, `nothing_left`, `not_held`, `not_yet`,
    `entitlement_ended`, `key_reused`, `member_frozen`.
    """
    told = digest(wanted.what, str(wanted.amount), str(wanted.service_on or ""), wanted.author, wanted.reason)
    use_id = digest("use", wanted.key)
    mine = (BenefitUse.member_id == account.member_id, BenefitUse.use_id == use_id)
    before = session.scalars(select(BenefitUse).where(*mine).order_by(BenefitUse.n)).all()
    if before:
        if before[0].input_hash != told:
            raise Refused("key_reused", key=wanted.key, source="use")
        return Taken(False, tuple((row.entitlement_id, row.amount) for row in before))
    free(session, account.member_id)
    today = day_of(now, program.zone)
    parts = plan(session, program, account, wanted.what, wanted.amount, wanted.service_on or today, today)
    row = {"use_id": use_id, "state": "used", "author": wanted.author, "reason": wanted.reason, "key": wanted.key,
           "input_hash": told, "posted_at": now, "used_on": today, "service_on": wanted.service_on or today}  # fmt: skip
    for n, (one, amount) in enumerate(parts):
        session.add(
            BenefitUse(member_id=account.member_id, n=n, entitlement_id=one.number, what=one.what, amount=amount, **row)
        )
    session.flush()
    return Taken(True, tuple((one.number, amount) for one, amount in parts))


def give_back(session: Session, program: Program, account: Account, wanted: Return, now: datetime) -> bool:
    """What a use took comes back, once; False where the same key had given the same back before.

    Raises Refused: `nothing_to_return`, `key_reused`.
    """
    mine = (BenefitUse.member_id == account.member_id, BenefitUse.use_id == digest("use", wanted.used))
    rows = session.scalars(select(BenefitUse).where(*mine).order_by(BenefitUse.n)).all()
    again = (BenefitUse.member_id == account.member_id, BenefitUse.return_key == wanted.key, BenefitUse.state == "returned")
    before = session.scalars(select(BenefitUse).where(*again)).first()
    if before is not None:
        if (before.key, before.returned_by, before.return_reason) != (wanted.used, wanted.author, wanted.reason):
            raise Refused("key_reused", key=wanted.key, source="return")
        return False
    if not rows or rows[0].state == "returned":
        why = Text(_("; it came back on {day}"), day=rows[0].returned_on) if rows else ""
        raise Refused("nothing_to_return", number=account.number, key=wanted.used, why=why)
    today = day_of(now, program.zone)
    for row in rows:
        row.state, row.returned_on, row.until = "returned", today, good_again(program, row.what, today)
        row.returned_by, row.return_reason, row.return_key = wanted.author, wanted.reason, wanted.key
    session.flush()
    return True


def plan(
    session: Session, program: Program, account: Account, what: str, amount: int, service_on: date, today: date
) -> list[tuple[Entitlement, int]]:
    """What a use would take of which entitlements. Raises Refused with what stands against it."""
    known_right(program, what)
    known_amount(what, amount)
    mine = rights(session, program, [account], today)[account.member_id]
    on = valid_day(program, what, service_on, today)
    parts = mine.take(what, amount, on.toordinal())
    if sum(part for _, part in parts) < amount:
        raise lacking(account, mine, thing(program, what), amount, on)
    return parts


def lacking(account: Account, mine: Rights, what: Named, amount: int, on: date) -> Refused:
    """Why so many of something cannot be taken for a day: ended, not begun, used up, or never held."""
    day = on.toordinal()
    mine_all = [one for one in mine.of(what) if one.begins < one.until]
    holding = [one for one in mine_all if one.holds(day) and one.begins <= mine.day]
    if holding:
        quota, taken = sum(one.quota(min(day, mine.day)) for one in holding), sum(mine.taken[one.number] for one in holding)
        left = mine.total(what, day)
        return Refused(
            "nothing_left", number=account.number, what=what, on=on, amount=amount, left=left, taken=taken, quota=quota
        )
    later = [one for one in mine_all if one.begins > min(day, mine.day) and one.until > day]
    if later:
        begins = date.fromordinal(min(one.begins for one in later))
        return Refused("not_yet", number=account.number, what=what, begins=begins, on=on)
    if mine_all:
        return ended(account, max(mine_all, key=lambda one: one.until), what, on)
    return Refused("not_held", number=account.number, what=what, on=on)


def ended(account: Account, one: Entitlement, what: Named, on: date) -> Refused:
    """The refusal of an entitlement that has ended."""
    return Refused("entitlement_ended", number=account.number, what=what, last=last_day(one.until), on=on)
