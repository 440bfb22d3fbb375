"""The proof of what was used: nothing beyond its quota, nothing that was not held, nothing for a request that is not so."""

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.entitlements import Rights, rights_of
from loyalty.benefits.queries import known_of
from loyalty.benefits.rights import Entitlement, Known, Used
from loyalty.benefits.tables import BenefitUse, Request
from loyalty.program.load import Program
from loyalty.status.queries import read_stretch

#: What a request may be for which something is held, and for which something was used.
MAY_BE = {"held": ("pending", "waitlisted"), "used": ("confirmed", "cleared")}


def faults(session: Session, program: Program, first: int, last: int) -> list[tuple[int, str]]:
    """Of a stretch of members, as (member_id, what): entitlements overdrawn, uses of what was not held on their day, and
    what is held or used for a request that is not open or not given."""
    using = set(session.scalars(select(BenefitUse.member_id).where(BenefitUse.member_id.between(first, last)).distinct()))
    if not using:
        return []
    accounts = [account for account in read_stretch(session, first, last) if account.member_id in using]
    states = _states(session, first, last)
    found = []
    for member_id, known in known_of(session, program, accounts).items():
        mine = rights_of(program, known, _last_day(known))
        found += [(member_id, what) for what in (*_overdrawn(mine), *_not_held(mine), *_not_so(known, states, member_id))]
    return found


def _states(session: Session, first: int, last: int) -> dict[tuple[int, int], str]:
    columns = (Request.member_id, Request.request_id, Request.state)
    rows = session.execute(select(*columns).where(Request.member_id.between(first, last)))
    return {(member_id, request_id): state for member_id, request_id, state in rows}


def _last_day(known: Known) -> int:
    """The last day of which anything is stored: by then all that was used must have been held."""
    days = [max(use.on, use.returned or 0) for use in known.uses]
    return max([*days, *(one.posted for one in known.grants), *(one.on for one in known.picks)])


def _overdrawn(mine: Rights) -> Iterator[str]:
    for one in mine.entitlements:
        most = max((step.amount for step in one.steps if step.on <= mine.day), default=0)
        if mine.taken[one.number] > most:
            yield f"entitlement {one.number} to {one.what} is overdrawn: {mine.taken[one.number]} of {most} are used or held"


def _not_held(mine: Rights) -> Iterator[str]:
    entitled = {one.number: one for one in mine.entitlements}
    for use in mine.known.uses:
        one = entitled.get(use.entitlement)
        used = f"{use.amount} of {use.what} were used on {_day(use.on)}"
        if one is None or one.what != use.what:
            yield f"{used} of entitlement {use.entitlement}, which was never held"
        elif not _held(one, use):
            yield f"{used}, outside the span of entitlement {use.entitlement}"


def _held(one: Entitlement, use: Used) -> bool:
    """Whether a use lay within the span, which may have been cut off since."""
    cut = one.taken_back is not None or any(step.amount == 0 for step in one.steps)
    return any(one.begins <= day and (day < one.until or cut) for day in (use.on, use.service))


def _not_so(known: Known, states: Mapping[tuple[int, int], str], member_id: int) -> Iterator[str]:
    for use in known.uses:
        if use.request is None or use.state not in MAY_BE:
            continue
        state = states.get((member_id, use.request), "missing")
        if state not in MAY_BE[use.state]:
            yield f"{use.amount} of {use.what} are {use.state} for request {use.request}, which is {state}"


def _day(ordinal: int) -> date:
    return date.fromordinal(ordinal)
