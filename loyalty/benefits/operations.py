"""What staff do to entitlements: grant, extend, revoke. Each has a key, an author, a reason; the account is locked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty.benefits.instruments import known_amount, known_right
from loyalty.benefits.queries import rights
from loyalty.benefits.rights import Entitlement, last_day
from loyalty.benefits.sources import staff_number
from loyalty.benefits.tables import BenefitGrant
from loyalty.benefits.using import ended
from loyalty.clock import day_of, through
from loyalty.errors import Refused
from loyalty.keys import digest
from loyalty.program.load import Program
from loyalty.status.facts import still_member
from loyalty.status.queries import Account
from loyalty.status.words import thing


@dataclass(frozen=True)
class Given:
    """A grant by staff: so many of an instrument or quota for [begins, until), for ever without until."""

    what: str
    amount: int
    begins: date
    until: date | None
    author: str
    reason: str
    key: str
    approver: str = ""


@dataclass(frozen=True)
class Change:
    """What is done to an entitlement: named by its number, by the key of a grant, or by what it is of (that which ends
    first). With `until` its end is put off, without it is revoked from today on."""

    author: str
    reason: str
    key: str
    right: int | None = None
    given: str | None = None
    what: str | None = None
    until: date | None = None
    approver: str = ""


def grant(session: Session, program: Program, account: Account, wanted: Given, now: datetime) -> bool:
    """Record a grant by staff; False where the same key had recorded the same before.

    Raises Refused: `unknown_entitlement`, `bad_amount`, `grant_from_past`, `span_backwards`, `already_left`, `key_reused`.
    """
    today = day_of(now, program.zone)
    known_right(program, wanted.what)
    known_amount(wanted.what, wanted.amount)
    if wanted.until is not None and wanted.until <= wanted.begins:
        raise Refused("span_backwards", until=wanted.until, begins=wanted.begins)
    row = BenefitGrant(kind="grant", what=wanted.what, amount=wanted.amount, begins=wanted.begins, until=wanted.until)
    told = (wanted.what, wanted.amount, wanted.begins, wanted.until)
    if _recorded(session, account, row, wanted, told):
        return False
    if wanted.begins < today:
        raise Refused("grant_from_past", today=today, begins=wanted.begins)
    still_member(account, wanted.begins)
    _record(session, row, today, now)
    return True


def extend(session: Session, program: Program, account: Account, wanted: Change, now: datetime) -> bool:
    """Put an entitlement's end off; False where the same key had done the same before. One that has ended holds again.

    Raises Refused: `unknown_right`, `extension_not_later`, `entitlement_ended` where it was taken back, `key_reused`,
    `not_held`, `unknown_entitlement`, `already_left`.
    """
    today = day_of(now, program.zone)
    row = BenefitGrant(kind="extension", what="", amount=0, begins=today, until=wanted.until)
    if _recorded(session, account, row, wanted, (wanted.right, wanted.given, wanted.what, wanted.until)):
        return False
    still_member(account, today)
    target = _target(session, program, account, wanted, today)
    assert wanted.until is not None
    if target.taken_back is not None:
        raise ended(account, target, thing(program, target.what), today)
    if wanted.until.toordinal() <= target.until:
        raise Refused("extension_not_later", last=last_day(target.until), through=through(wanted.until))
    # a new end before the day of its own record would be no span: it cannot help either
    if wanted.until <= today:
        raise Refused("span_backwards", until=wanted.until, begins=today)
    row.what, row.target = target.what, target.number
    _record(session, row, today, now)
    return True


def revoke(session: Session, program: Program, account: Account, wanted: Change, now: datetime) -> bool:
    """End an entitlement today; False where the same key had done the same before. What was used stays used.

    Raises Refused: `unknown_right`, `entitlement_ended` where it has ended, `key_reused`, `not_held`, `unknown_entitlement`.
    """
    today = day_of(now, program.zone)
    row = BenefitGrant(kind="revocation", what="", amount=0, begins=today)
    if _recorded(session, account, row, wanted, (wanted.right, wanted.given, wanted.what)):
        return False
    target = _target(session, program, account, wanted, today)
    if target.taken_back is not None or target.until <= today.toordinal():
        raise ended(account, target, thing(program, target.what), today)
    row.what, row.target = target.what, target.number
    _record(session, row, today, now)
    return True


def _target(session: Session, program: Program, account: Account, wanted: Change, today: date) -> Entitlement:
    """The entitlement that a change names."""
    mine = rights(session, program, [account], today)[account.member_id]
    if wanted.what is not None and wanted.right is None and wanted.given is None:
        known_right(program, wanted.what)
        holding = [one for one in mine.of(wanted.what) if one.until > max(one.begins, today.toordinal())]
        if not holding:
            raise Refused("not_held", number=account.number, what=thing(program, wanted.what), on=today)
        return holding[0]
    number = staff_number(digest("benefit", wanted.given)) if wanted.given is not None else wanted.right
    found = next((one for one in mine.entitlements if one.number == number), None)
    if found is None:
        raise Refused("unknown_right", number=account.number, right=wanted.given or wanted.right)
    return found


def _recorded(session: Session, account: Account, row: BenefitGrant, wanted: Given | Change, told: Sequence[object]) -> bool:
    """Whether the key has recorded this already. Raises Refused: `key_reused` for something else under the key."""
    row.member_id, row.grant_id, row.key = account.member_id, digest("benefit", wanted.key), wanted.key
    row.author, row.approver, row.reason = wanted.author, wanted.approver, wanted.reason
    row.input_hash = digest(row.kind, *map(str, told), wanted.author, wanted.approver, wanted.reason)
    before = session.get(BenefitGrant, (row.member_id, row.grant_id))
    if before is not None and before.input_hash != row.input_hash:
        raise Refused("key_reused", key=wanted.key, source="benefit")
    return before is not None


def _record(session: Session, row: BenefitGrant, today: date, now: datetime) -> None:
    row.posted_on, row.posted_at = today, now
    session.add(row)
    session.flush()
