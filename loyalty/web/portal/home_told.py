"""What the first page says, as plain values: the card, what keeps it, points, what to do now, the last activities."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from loyalty.benefits.queries import waiting_of
from loyalty.benefits.told import Right
from loyalty.earning.latest import Latest, latest_of
from loyalty.i18n import Language
from loyalty.ledger.operations import shown
from loyalty.program.load import Program
from loyalty.status.booked import edition_of
from loyalty.status.words import tier_name, unit_of
from loyalty.web.portal.standing import Whole
from loyalty.web.portal.telling import amounts_of, card_of, is_points, measures_of, soon, ways_of

#: How many of the last activities are told, and of what the next tier adds.
LATEST, ADDED = 5, 6


def home_told(session: Session, program: Program, name: str, whole: Whole, now: datetime, language: Language) -> dict[str, Any]:
    """All that the first page shows of a member."""
    status, benefits = whole.status, whole.benefits
    points = {unit: amount for unit, amount in status["balances"].items() if is_points(program, unit)}
    next_tier = benefits.next_tier
    mine = whole.account.member_id
    waiting, latest = waiting_of(session, mine), latest_of(session, mine, LATEST)  # also of one who left: as many statements
    return {
        "card": card_of(program, whole.account.number, name, status, language),
        "status": status, "last_day": last_day(whole),
        "groups": ways_of(program, status["ways"], ("keep", "confirm", "reach"), language),
        "next": next_told(program, status, language),
        "points": amounts_of(program, points, language) or amounts_of(program, _none_yet(program, whole), language),
        "todo": [*_requests(program, waiting, now, language), *_choices(whole), *_offers(program, whole, language),
                 *_expiring(whole)] if status["standing"] else [],
        "latest": [_latest(program, one, language) for one in latest],
        "next_tier": tier_name(program, next_tier, language.code) if next_tier else None,
        "adds": benefits.adds[:ADDED], "more": max(len(benefits.adds) - ADDED, 0),
    }  # fmt: skip


def last_day(whole: Whole) -> date | None:
    """The last day of membership of one who leaves or has left."""
    return None if whole.account.left_on is None else whole.account.left_on - timedelta(days=1)


def next_told(program: Program, status: Mapping[str, Any], language: Language) -> dict[str, Any] | None:
    """The tier that follows, if nothing more is known by then, and whether that is a fall."""
    following = status["next"]
    if following is None:
        return None
    falls = program.tiers.index(following["tier"]) < program.tiers.index(status["tier"])
    return {**following, "falls": falls, "name": tier_name(program, following["tier"], language.code)}


def _none_yet(program: Program, whole: Whole) -> dict[str, str]:
    """A balance of nothing, of each unit of points of the newest edition: for one who has had no points yet."""
    edition = program.edition_on(whole.status["as_of"]) or program.editions[0]
    return {name: "0" for name, unit in edition.units.units.items() if unit.kind == "points"}


def _requests(program: Program, waiting: Sequence[Any], now: datetime, language: Language) -> Iterator[dict[str, Any]]:
    for row in waiting:
        kinds = edition_of(program, row.edition.isoformat()).requests.requests
        name = next((language.own(kind.name) for kind in kinds if kind.id == row.kind), row.kind)
        opens = row.opens_at if row.opens_at is not None and row.opens_at > now else None
        yield {"what": "request", "name": name, "service": row.service, "starts": row.starts_at, "zone": row.zone,
               "opens": opens, "queued": row.state == "waitlisted"}  # fmt: skip


def _choices(whole: Whole) -> Iterator[dict[str, Any]]:
    for one in whole.benefits.choices:
        if one.picks:
            yield {"what": "choice", "kind": one.kind, "name": one.name, "picks": one.picks, "through": one.through}


def _offers(program: Program, whole: Whole, language: Language) -> Iterator[dict[str, Any]]:
    for one in whole.status["offers"]:
        name = tier_name(program, one["tier"], language.code)
        goal = list(measures_of(program, one["goal"], language))
        yield {"what": "offer", "name": name, "through": one["through"], "goal": goal}


def _expiring(whole: Whole) -> Iterator[dict[str, Any]]:
    """Instruments that end soon while some are left; quotas are counted anew and end with nothing lost."""
    found = [one for one in whole.benefits.rights if one.left and one.kind != "quota" and one.taken_back is None]
    for one in sorted(found, key=_end):
        if soon(one.through, whole.status["as_of"]):
            yield {"what": "expiry", "name": one.name, "left": one.left, "through": one.through}


def _end(right: Right) -> tuple[str, int]:
    return str(right.through), right.number


def _latest(program: Program, one: Latest, language: Language) -> dict[str, Any]:
    kinds = next((edition.activities.activities for edition in reversed(program.editions) if edition.begins <= one.on), {})
    about = kinds.get(one.kind)
    amounts = [(name, Decimal(amount)) for name, amount in amounts_of(program, _shown(program, one), language)]
    name = one.kind.replace("_", " ") if about is None else language.own(about.name)
    return {"name": name, "on": one.on, "reversed": one.reversed, "amounts": amounts}


def _shown(program: Program, one: Latest) -> dict[str, str]:
    """What of an activity is not nothing, points first where there are any."""
    amounts = {unit: amount for unit, amount in one.amounts.items() if amount}
    points = {unit: amount for unit, amount in amounts.items() if is_points(program, unit)}
    return {unit: shown(amount, unit_of(program, unit).decimals) for unit, amount in (points or amounts).items()}
