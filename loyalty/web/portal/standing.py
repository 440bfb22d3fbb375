"""What a member is, read once for a page: the status and the benefits told, with all that both are told from."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from loyalty.benefits.entitlements import rights_of
from loyalty.benefits.queries import known_of
from loyalty.benefits.told import Benefits, benefits_told
from loyalty.i18n import Language
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account
from loyalty.status.rewards import awards_of
from loyalty.status.told import told_of
from loyalty.status.waypoints import read


@dataclass(frozen=True)
class Whole:
    """A member at the end of a day: `status` is what told_of tells, `benefits` are without companions."""

    account: Account
    status: dict[str, Any]
    benefits: Benefits


def whole_of(
    session: Session, program: Program, account: Account, day: date, language: Language, most: int | None = None
) -> Whole:
    """The member told, in as many statements whatever there is to tell: what came since the member's waypoint is read once."""
    mine = account.member_id
    rules, known = rules_of(program), read(session, program, account, day)
    awards = awards_of(session, [mine]).get(mine, [])
    told_awards = awards if most is None else ()
    told = told_of(program, account, known.history, known.facts, known.sums, day, told_awards, language, known.start)
    spans = [(span.begins, span.until, rules.tiers[span.rank]) for span in told.position.spans]
    benefits = known_of(session, program, [account], {mine: spans}, {mine: awards})[mine]
    rights = rights_of(program, benefits, day.toordinal())
    return Whole(account, told.data, benefits_told(program, account, rights, (), day, language.code, most))
