"""Offers: a tier on trial against a goal, or matched to another program's, from the day on which a member is given it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _, translated
from loyalty.keys import dumps
from loyalty.members.rules import attribute_values
from loyalty.program.conditions import compile_condition
from loyalty.program.labels import member_labels
from loyalty.program.ladder import Offer
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.program.scope import member_scope
from loyalty.program.words import condition, english
from loyalty.status.facts import known_tier, record_fact, recorded, still_member
from loyalty.status.queries import Account
from loyalty.status.tables import StatusFact
from loyalty.status.windows import after_months, compile_validity
from loyalty.status.words import tier_named


@dataclass(frozen=True)
class Offered:
    """A tier on trial, or matched, by an offer of the ladder in force; `evidence` tells what it rests on."""

    offer: str
    tier: str
    author: str
    reason: str
    key: str
    evidence: str = ""


def offer(session: Session, program: Program, account: Account, wanted: Offered, now: datetime) -> bool:
    """Record that a member has an offer from today; False where the same key had recorded the same before.

    Raises Refused: `unknown_offer`, `unknown_tier`, `offer_not_for` another tier or member, `offer_had` too short a time ago,
    `key_reused`, `already_left`.
    """
    today = day_of(now, program.zone)
    edition = program.edition_on(today)
    offers = {one.id: one for one in edition.ladder.offers} if edition else {}
    if wanted.offer not in offers:
        hint = nearest(wanted.offer, offers)
        raise Refused("unknown_offer", offer=wanted.offer, allowed=listed(offers), nearest=hint)
    about = offers[wanted.offer]
    known_tier(program, wanted.tier)
    kind = "trial" if about.goal is not None else "matched"
    first = today.toordinal()
    until = compile_validity(about.trial)(first, first, 12, first)
    fact = StatusFact(
        kind=kind, tier=wanted.tier, begins=today, until=date.fromordinal(until), author=wanted.author,
        reason=wanted.reason, key=wanted.key, offer=about.id, evidence=dumps({"rests_on": wanted.evidence}),
    )  # fmt: skip
    if recorded(session, account, fact):
        return False
    still_member(account, today)
    _may_have(session, program, account, about, wanted.tier, today)
    record_fact(session, account, fact, today, now)
    return True


def _may_have(session: Session, program: Program, account: Account, about: Offer, tier: str, today: date) -> None:
    named = Named(about.id, about.name)
    if tier not in about.tiers:
        raise Refused(
            "offer_not_for",
            offer=named,
            what=tier_named(program, tier),
            allowed=listed([tier_named(program, one) for one in about.tiers]),
        )
    attributes = program.file.members.attributes
    if about.when is not None:
        test = compile_condition(about.when, member_scope(attributes), (), lambda _way, _message: None)
        if not test(((), 0, attribute_values(attributes, account.attributes))):
            raise Refused(
                "offer_not_for",
                offer=named,
                what=Text(_("member {number}"), number=account.number),
                allowed=_told(program, about.when),
            )
    query = select(func.max(StatusFact.begins)).where(StatusFact.member_id == account.member_id, StatusFact.offer == about.id)
    last = session.scalar(query)
    again = None if last is None or about.again_after is None else after_months(last.toordinal(), about.again_after)
    if last is not None and (again is None or today.toordinal() < again):
        told = Text(_("it is given once"))
        if again is not None:
            told = Text(_("it may be given again from {day}"), day=date.fromordinal(again))
        raise Refused("offer_had", number=account.number, offer=named, again=told)


def _told(program: Program, given: Mapping[str, Any]) -> Named:
    """A condition on members in words, in every language of the program."""
    attributes = program.file.members.attributes
    told = {code: translated(code) for code in program.file.languages}
    texts = {code: condition(given, one, member_labels(attributes, one)) for code, one in told.items()}
    return Named(english(texts), texts)
