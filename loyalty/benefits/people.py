"""Reads for judging requests: the tiers of everyone in their parties, totals of counters, lifetime tiers, instruments held."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked
from loyalty.benefits.holding import lost
from loyalty.benefits.judging import Known, Person, Wish
from loyalty.benefits.waitlist import Id
from loyalty.ledger.tables import Entry
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.status.claims import known_through
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories, read_accounts
from loyalty.status.tables import TierSpan
from loyalty.status.timeline import Walk
from loyalty.status.windows import after_months
from loyalty.store import among


def known_for(
    session: Session, program: Program, wishes: Sequence[tuple[Wish, Asked, date]], day: date, fresh: bool = False
) -> Known:
    """Everything that judging some requests on a day needs, in a constant number of statements; each comes with its rules
    and the day of its service. `fresh` requests hold no instrument yet."""
    ids = sorted({wish.id[0] for wish, _, _ in wishes})
    numbers = sorted({number for wish, _, _ in wishes for number in wish.companions if number is not None})
    people = people_of(session, ids, numbers)
    kinds = list(dict.fromkeys(asked for _, asked, _ in wishes))
    counters = list(dict.fromkeys(counter for asked in kinds for counter in asked.counters))
    with_instrument = {wish.id: on for wish, _, on in wishes if wish.instrument is not None and not fresh}
    lifelong = [wish.id[0] for wish, asked, _ in wishes if asked.lifetime]
    wanted = sorted({*(member for member, _ in with_instrument), *lifelong})
    read = read_accounts(session, wanted) if wanted else []
    return Known(
        {person.member_id: person for person in people}, {person.number: person for person in people},
        _totals(session, ids, counters, day) if counters else {},
        _lifetimes(session, program, [account for account in read if account.member_id in lifelong], day),
        _lost(session, program, read, with_instrument, day),
    )  # fmt: skip


def people_of(session: Session, ids: Sequence[int], numbers: Sequence[str]) -> list[Person]:
    """Members by id or number, each with the cached timeline. One statement."""
    member, span = Member.__table__, TierSpan.__table__
    about = (member.c.member_id, member.c.number, member.c.attributes, member.c.enrolled_on, member.c.left_on)
    columns = (*about, span.c.begins, span.c.until, span.c.tier)
    rows = session.execute(
        select(*columns)
        .join(span, span.c.member_id == member.c.member_id, isouter=True)
        .where(or_(among(session, member.c.member_id, ids), among(session, member.c.number, numbers)))
        .order_by(member.c.member_id, span.c.n)
    )
    return [
        Person(*key, tuple((row.begins, row.until, row.tier) for row in mine if row.begins is not None))
        for key, mine in groupby(rows, lambda row: (row[0], row[1], row[2], row[3], row[4]))
    ]


def _totals(
    session: Session, ids: Sequence[int], counters: Sequence[tuple[str, int]], day: date
) -> Mapping[int, Mapping[tuple[str, int], int]]:
    """Each member's total of some counters over so many months back from a day, as known on it. One statement."""
    entry = Entry.__table__
    spans = [(unit, date.fromordinal(after_months(day.toordinal(), -months))) for unit, months in counters]
    sums = [func.sum(case((and_(entry.c.unit == unit, entry.c.on > after), entry.c.amount), else_=0)) for unit, after in spans]
    query = select(entry.c.member_id, *sums).where(
        among(session, entry.c.member_id, ids), entry.c.unit.in_([unit for unit, _ in counters]),
        entry.c.on > min(after for _, after in spans), entry.c.on <= day, entry.c.posted_on <= day,
    )  # fmt: skip
    rows = session.execute(query.group_by(entry.c.member_id))
    return {row[0]: dict(zip(counters, map(int, row[1:]), strict=True)) for row in rows}


def _lifetimes(session: Session, program: Program, accounts: Sequence[Account], day: date) -> dict[int, int | None]:
    """The rank of each member's lifetime tier on a day, as known on it; none without."""
    rules = rules_of(program)
    found: dict[int, int | None] = {}
    for member_id, history in histories(session, rules, accounts).items():
        known, _ = known_through(history, day.toordinal())
        walk = Walk(rules, known)
        walk.feed(known.entries)
        walk.advance(day.toordinal())
        found[member_id] = max((hold.rank for hold in walk.holds if hold.source == "lifetime"), default=None)
    return found


def _lost(
    session: Session, program: Program, accounts: Sequence[Account], services: Mapping[Id, date], day: date
) -> frozenset[Id]:
    return frozenset(lost(session, program, accounts, services, day)) if services else frozenset()
