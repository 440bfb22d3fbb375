"""How each act is done: by the operation of the room whose act it is. Each answers whether it changed anything."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.access.signed import end as end_sign_ins
from loyalty.benefits import operations, picking, sharing, using
from loyalty.benefits.ending import Act as RequestAct
from loyalty.benefits.ending import act as act_on_request
from loyalty.care.filing import end_membership
from loyalty.clock import through
from loyalty.desk.tables import Note
from loyalty.earning.operations import Report, correct, record_one, reverse
from loyalty.errors import Refused
from loyalty.keys import digest
from loyalty.ledger.operations import Correction
from loyalty.ledger.operations import adjust as adjust_amount
from loyalty.members import freezing
from loyalty.members.operations import change, change_attributes
from loyalty.messages.outbox import resend as resend_message
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.settle import settle_services
from loyalty.status import facts, offers, rewards
from loyalty.status.queries import Account


@dataclass(frozen=True)
class Doing:
    """An act being done: for whose locked account, with what, by whom and why, and who approved it.

    `others` are the accounts of other members that the act is about, locked too, by number.
    """

    session: Session
    program: Program
    account: Account
    others: dict[str, Account]
    input: Any
    author: str
    approver: str
    reason: str
    key: str
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(self.program.zone).date()

    @property
    def by(self) -> dict[str, Any]:
        """Author, reason and key, as operations take them."""
        return {"author": self.author, "reason": self.reason, "key": self.key}

    def call(self, operation: Callable[..., Any], wanted: object) -> Any:
        """Call an operation on the account."""
        return operation(self.session, self.program, self.account, wanted, self.now)


Do = Callable[[Doing], bool]


def _until(last: date | None) -> date | None:
    return last + timedelta(days=1) if last else None


# --- activities and amounts -------------------------------------------------------------------------------------


def _report(doing: Doing) -> Report:
    one = doing.input
    return Report(one.kind, one.source, one.activity or doing.key, one.on, one.fields)


def post(doing: Doing) -> bool:
    return not doing.call(record_one, _report(doing)).repeated


def correct_activity(doing: Doing) -> bool:
    args = (doing.session, doing.program, doing.account)
    return not correct(*args, _report(doing), doing.reason, doing.now).repeated


def reverse_activity(doing: Doing) -> bool:
    one, args = doing.input, (doing.session, doing.program, doing.account)
    return reverse(*args, one.source, one.activity, doing.reason, doing.now)


def adjust(doing: Doing) -> bool:
    one = doing.input
    wanted = Correction({one.unit: format(one.amount, "f")}, one.on or doing.today, **doing.by)
    fresh = adjust_amount(doing.session, doing.program, doing.account.member_id, wanted, doing.now)
    doing.account.due(doing.today)
    return fresh


# --- benefits ---------------------------------------------------------------------------------------------------


def grant_benefit(doing: Doing) -> bool:
    one = doing.input
    begins, until = one.begins or doing.today, _until(one.through)
    wanted = operations.Given(one.what, one.amount, begins, until, approver=doing.approver, **doing.by)
    return bool(doing.call(operations.grant, wanted))


def _change(doing: Doing, until: date | None = None) -> operations.Change:
    one = doing.input
    named: dict[str, Any] = {"right": one.right, "given": one.given, "what": one.what}
    return operations.Change(**named, until=until, approver=doing.approver, **doing.by)


def extend_benefit(doing: Doing) -> bool:
    return bool(doing.call(operations.extend, _change(doing, _until(doing.input.through))))


def revoke_benefit(doing: Doing) -> bool:
    return bool(doing.call(operations.revoke, _change(doing)))


def use_benefit(doing: Doing) -> bool:
    one = doing.input
    return bool(doing.call(using.use, using.Use(one.what, amount=one.amount, service_on=one.service_on, **doing.by)).fresh)


def return_benefit(doing: Doing) -> bool:
    return bool(doing.call(using.give_back, using.Return(doing.input.used, **doing.by)))


def pick(doing: Doing) -> bool:
    one = doing.input
    return bool(doing.call(picking.pick, picking.Pick(one.choice, one.option, period_of=one.period_of, **doing.by)))


def name_companion(doing: Doing) -> bool:
    one = doing.input
    span = (one.begins or doing.today, _until(one.through))
    wanted = sharing.Named(one.name, doing.author, doing.reason, doing.key, *span, number=one.number, instead=one.instead)
    return bool(doing.call(sharing.name_companion, wanted))


def shared_with(_session: Session, account: Account, wanted: Any) -> list[str]:
    """The member with whom the status is to be shared, who is locked too."""
    return [wanted.number] if wanted.number != account.number else []


def share_status(doing: Doing) -> bool:
    one = doing.input
    companion = doing.others.get(one.number, doing.account)
    wanted = sharing.Shared(one.sharing, one.begins or doing.today, **doing.by)
    return sharing.share(doing.session, doing.program, doing.account, companion, wanted, doing.now)


def companions_number(session: Session, account: Account, wanted: Any) -> list[str]:
    """The member with whom the companion to end shares the status, who is locked too."""
    row = sharing.named(session, account, wanted.companion)
    return [row.number] if row.sharing is not None and row.number is not None else []


def end_companion(doing: Doing) -> bool:
    other = next(iter(doing.others.values()), None)
    wanted = sharing.Ended(doing.input.companion, doing.author, doing.reason)
    return sharing.end_companion(doing.session, doing.program, doing.account, other, wanted, doing.now)


# --- status -----------------------------------------------------------------------------------------------------


def grant_tier(doing: Doing) -> bool:
    one = doing.input
    wanted = facts.Grant(
        one.tier, one.begins or doing.today, _until(one.through), kind=one.kind, approver=doing.approver, **doing.by
    )
    return bool(doing.call(facts.grant, wanted))


def offer_tier(doing: Doing) -> bool:
    one = doing.input
    return bool(doing.call(offers.offer, offers.Offered(one.offer, one.tier, evidence=one.evidence, **doing.by)))


def extend_tier(doing: Doing) -> bool:
    """A grant of the tier that is held, through a later day. Raises Refused: `tier_for_ever`, `tier_not_extended`."""
    tier, account, until = doing.account.tier or doing.program.tiers[0], doing.account, _until(doing.input.through)
    facts.still_member(account, doing.today)
    if account.until is None:
        raise Refused("tier_for_ever", tier=tier, number=account.number)
    if until is not None and until <= account.until:
        last, wanted = through(account.until), doing.input.through
        raise Refused("tier_not_extended", tier=tier, number=account.number, last=last, through=wanted)
    return bool(doing.call(facts.grant, facts.Grant(tier, doing.today, until, approver=doing.approver, **doing.by)))


def revoke_tier(doing: Doing) -> bool:
    one = doing.input
    return bool(doing.call(facts.revoke, facts.Revocation(grant_key=one.grant_key, tier=one.tier, **doing.by)))


def waive(doing: Doing) -> bool:
    one = doing.input
    wanted = facts.Waiver(one.tier, window_of=one.window_of, approver=doing.approver or doing.author, **doing.by)
    return bool(doing.call(facts.waive, wanted))


def choose(doing: Doing) -> bool:
    one = doing.input
    return bool(doing.call(rewards.choose, rewards.Pick(one.milestone, one.option, window_of=one.window_of, **doing.by)))


# --- the member -------------------------------------------------------------------------------------------------


def change_profile(doing: Doing) -> bool:
    wanted = doing.input.model_dump(exclude_none=True)
    languages = doing.program.file.languages
    if wanted.get("language") and wanted["language"] not in languages:
        hint = nearest(wanted["language"], languages)
        raise Refused("unknown_language", language=wanted["language"], allowed=listed(languages), nearest=hint)
    return change(doing.session, doing.account.member_id, doing.now, **wanted)


def change_attributes_(doing: Doing) -> bool:
    wanted = doing.input.attributes
    fresh = change_attributes(doing.session, doing.program, doing.account.member_id, wanted, doing.today)
    doing.account.due(doing.today)
    return fresh


def freeze(doing: Doing) -> bool:
    fresh = freezing.freeze(doing.session, doing.account.member_id, doing.author, doing.reason, doing.now)
    if fresh:
        end_sign_ins(doing.session, doing.account.member_id, doing.now)
    return fresh


def unfreeze(doing: Doing) -> bool:
    return freezing.unfreeze(doing.session, doing.account.member_id, doing.author, doing.reason, doing.now)


def leave(doing: Doing) -> bool:
    return end_membership(doing.session, doing.account, doing.input.on)


def resend(doing: Doing) -> bool:
    return resend_message(doing.session, doing.account.member_id, doing.input.message, doing.now)


def add_note(doing: Doing) -> bool:
    note_id = digest("note", doing.key)
    if doing.session.get(Note, (doing.account.member_id, note_id)) is not None:
        return False
    doing.session.add(Note(
        member_id=doing.account.member_id, note_id=note_id, text=doing.input.text, author=doing.author, at=doing.now
    ))  # fmt: skip
    doing.session.flush()
    return True


# --- requests ---------------------------------------------------------------------------------------------------


def on_request(how: Any) -> Do:
    """What is done to a request, whose service is then settled."""

    def do(doing: Doing) -> bool:
        gone = getattr(doing.input, "becomes", "") == "gone"
        wanted = RequestAct(how, doing.input.source, doing.input.request, doing.author, doing.reason, gone)
        service, fresh = doing.call(act_on_request, wanted)
        settle_services(doing.session, doing.program, [service], doing.now)
        return bool(fresh)

    return do
