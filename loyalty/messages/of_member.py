"""What is known of one member, for previews: number, name, standing, the next tier and the balances, in any language."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.i18n import Language, fitting
from loyalty.ledger.queries import balances
from loyalty.messages.contexts import Around, next_tier, points, standing
from loyalty.messages.news import people
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.progress import position
from loyalty.status.queries import account_read, facts_of, histories


class OfMember(NamedTuple):
    """A member's tier, the language of the program that fits theirs, and the parts of a context in a language."""

    tier: str
    language: str
    told: Callable[[Language], dict[str, Any]]


def of_member(session: Session, program: Program, number: str, today: date) -> OfMember:
    """What is known of a member at the end of a day. Raises Refused: `unknown_member`, also for one who has left by then."""
    account = account_read(session, number)
    (person,) = people(session, program, [account.member_id], set(), today, 0) if account else (None,)
    if account is None or person is None:
        raise Refused("unknown_member", number=number)
    rules = rules_of(program)
    person.position = position(program, histories(session, rules, [account])[account.member_id], today)
    if person.position.span is None:
        raise Refused("unknown_member", number=number)
    sums = balances(session, account.member_id, today + timedelta(days=1))
    stated, edition = facts_of(session, account.member_id), program.edition_on(today) or program.editions[0]

    def told(language: Language) -> dict[str, Any]:
        around = Around(program, edition, today, language, program.zone.key, sums, stated)
        return {
            "member": {"number": number, "name": person.name, "zone": around.zone}, "standing": standing(person, around),
            "next": next_tier(person, around), "points": points(around),
        }  # fmt: skip

    return OfMember(rules.tiers[person.position.span.rank], fitting(person.language, program.file.languages), told)
