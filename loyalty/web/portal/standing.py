"""What a member is, read once for a page: the status and the benefits told, with all that both are told from."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from loyalty.benefits.entitlements import rights_of
from loyalty.benefits.queries import known_of
from loyalty.benefits.told import Benefits, benefits_told
from loyalty.i18n import Language
from loyalty.ledger.queries import balances
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, history_of
from loyalty.status.rewards import awards_of
from loyalty.status.told import told_of


@dataclass(frozen=True)
class Whole:
    """A member at the end of a day: `status` is what told_of tells, `benefits` are without companions."""

    account: Account
    status: dict[str, Any]
    benefits: Benefits


def whole_of(session: Session, program: Program, account: Account, day: date, language: Language) -> Whole:
    """The member told, in as many statements whatever there is to tell: the history is read once and folded once."""
    mine = account.member_id
    rules = rules_of(program)
    history, facts = history_of(session, rules, account)
    sums = balances(session, mine, day + timedelta(days=1))
    awards = awards_of(session, [mine]).get(mine, [])
    told = told_of(program, account, history, facts, sums, day, awards, language)
    spans = [(span.begins, span.until, rules.tiers[span.rank]) for span in told.position.spans]
    known = known_of(session, program, [account], {mine: spans}, {mine: awards})[mine]
    rights = rights_of(program, known, day.toordinal())
    return Whole(account, told.data, benefits_told(program, account, rights, (), day, language.code))
