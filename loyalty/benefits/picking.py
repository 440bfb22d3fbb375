"""Picks of a tier's choice: made in time or ahead; units that they give are booked when they count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from loyalty.benefits.choices import Choosing, Given, Picked, choosing, choosings, fits, names
from loyalty.benefits.periods import choice_in, choice_of, edition_at, period_on, stretches, tier_at
from loyalty.benefits.queries import known_of, picks_of, tier_days
from loyalty.benefits.rights import Known
from loyalty.benefits.tables import BenefitPick
from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import digest
from loyalty.ledger.operations import Row, post
from loyalty.members.freezing import free
from loyalty.program.catalog import Choice
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.booked import edition_of
from loyalty.status.facts import still_member
from loyalty.status.marks import deadline
from loyalty.status.operations import mark_due
from loyalty.status.queries import Account
from loyalty.status.words import tier_named
from loyalty.store import among


@dataclass(frozen=True)
class Pick:
    """A member's pick of an option of a tier's choice; `period_of` is a day of the period, today without it."""

    choice: str
    option: str
    author: str
    reason: str
    key: str
    period_of: date | None = None


def pick(session: Session, program: Program, account: Account, wanted: Pick, now: datetime) -> bool:
    """Pick an option; False where the same key had picked the same before. Ahead of the period, or of the tier, it waits.

    Without `period_of` it is for the open choice that ends first, else for the period of today. Raises Refused:
    `unknown_choice`, `unknown_option`, `pick_too_late`, `pick_too_early`, `too_many_picks`, `option_picked`,
    `option_not_for`, `already_left`, `key_reused`, `member_frozen`.
    """
    today = day_of(now, program.zone)
    known = known_of(session, program, [account])[account.member_id]
    if _picked(known, wanted):
        return False
    still_member(account, today)
    free(session, account.member_id)
    if wanted.choice not in names(program):
        allowed = names(program)
        hint = nearest(wanted.choice, allowed)
        raise Refused("unknown_choice", choice=wanted.choice, allowed=listed(allowed), nearest=hint)
    made = _for(program, known, wanted, today)
    fresh = _allowed(program, account, known, made, wanted, today.toordinal())
    session.add(BenefitPick(
        member_id=account.member_id, choice=wanted.choice, period_on=date.fromordinal(fresh.period), n=fresh.n,
        option=wanted.option, picked_on=today, author=wanted.author, reason=wanted.reason, key=wanted.key, posted_at=now,
    ))  # fmt: skip
    session.flush()
    book_waiting(session, program, [account], today, now)
    return True


def _picked(known: Known, wanted: Pick) -> bool:
    """Whether the key has picked already. Raises Refused: `key_reused` for another option under the key."""
    before = next((one for one in known.picks if one.key == wanted.key), None)
    if before is not None and (before.choice, before.option) != (wanted.choice, wanted.option):
        raise Refused("key_reused", key=wanted.key, source="pick")
    return before is not None


def _for(program: Program, known: Known, wanted: Pick, today: date) -> Choosing:
    """The choice of the period that a pick is for. Raises Refused: `pick_too_early`, `unknown_choice`, `pick_too_late`."""
    name, per, day = wanted.choice, choice_of(program, wanted.choice), today.toordinal()
    if wanted.period_of is None:
        found = choosings(program, name, known.enrolled, known.spans, known.picks, day)
        open_ = [made for made in found if made.open]
        if open_:
            return min(open_, key=lambda made: min(slot.through for slot in made.open))
    of = (wanted.period_of or today).toordinal()
    period = period_on(program, per, known.enrolled, of)
    if period is None or period.last < known.enrolled:
        raise Refused(
            "unknown_choice",
            choice=Text(_("{name} on {day}"), name=name, day=date.fromordinal(of)),
            allowed=listed(names(program)),
            nearest="",
        )
    before = period_on(program, per, known.enrolled, period.first - 1)
    opens = before.first if before is not None else period.first
    if opens > day:
        raise Refused("pick_too_early", first=date.fromordinal(period.first), opens=date.fromordinal(opens))
    mine = [one for one in known.picks if (one.choice, one.period) == (name, period.first)]
    return choosing(program, name, period, known.spans, mine, day)


def _allowed(program: Program, account: Account, known: Known, made: Choosing, wanted: Pick, day: int) -> Picked:
    """The pick as it will be noted. Raises Refused with what stands against it."""
    choice = _offered(program, made, wanted, day)
    period, first = made.period, date.fromordinal(made.period.first)
    mine = [one for one in known.picks if (one.choice, one.period) == (wanted.choice, period.first)]
    if not choice.repeated and any(one.option == wanted.option for one in mine):
        raise Refused("option_picked", number=account.number, option=_option(choice, wanted.option), first=first)
    laid = stretches(program, known.spans, period.first, min(period.last, day))
    if made.open and not any(fits(made, slot, wanted.option, laid, day) for slot in made.open):
        raise _not_for(program, account, known, made, wanted, day)
    if not made.open:
        _ahead(account, choice, made, len(mine), day)
    return Picked(wanted.choice, period.first, max((one.n for one in mine), default=-1) + 1, wanted.option, day, wanted.key)


def _offered(program: Program, made: Choosing, wanted: Pick, day: int) -> Choice:
    """The choice by the edition of the open slot, else of the period's first day or today where that is later."""
    edition = made.open[0].edition if made.open else edition_at(program, max(min(day, made.period.last), made.period.first))
    choice = choice_in(edition, wanted.choice)
    if choice is None:
        raise Refused("unknown_choice", choice=wanted.choice, allowed=listed(names(program)), nearest="")
    if wanted.option not in choice.options:
        hint = nearest(wanted.option, choice.options)
        raise Refused("unknown_option", option=wanted.option, allowed=listed(choice.options), nearest=hint)
    return choice


def _not_for(program: Program, account: Account, known: Known, made: Choosing, wanted: Pick, day: int) -> Refused:
    choice = made.open[0].choice
    least = choice.options[wanted.option].at_least or ""
    best = tier_at(known.spans, min(day, made.period.last)) or program.tiers[0]
    allowed = Text(_("{tier} and higher"), tier=tier_named(program, least))
    option = _option(choice, wanted.option)
    return Refused("option_not_for", option=option, allowed=allowed, number=account.number, tier=tier_named(program, best))


def _option(choice: Choice, option: str) -> Named:
    return Named(option, choice.options[option].name)


def _ahead(account: Account, choice: Choice, made: Choosing, count: int, day: int) -> None:
    """Whether a pick may wait: in time, and for what a tier not reached yet would pick more. Raises Refused."""
    first = date.fromordinal(made.period.first)
    # counted in days it ends so long after it opens, which it may do through the period
    last = made.period.last if choice.by.month is None else deadline(choice.by, made.period.first, day)
    full = len(made.waiting) >= max(choice.picks.values()) - len(made.slots)
    if full and len(made.slots) > sum(one.how == "pick" for one in made.given):
        last = max(slot.through for slot in made.slots)
    if last < day:
        raise Refused("pick_too_late", choice=Named(choice.id, choice.name), first=first, last=date.fromordinal(last))
    if full:
        raise Refused("too_many_picks", number=account.number, count=count, first=first)


# --- units that a pick gives ------------------------------------------------------------------------------------


@lru_cache(maxsize=100)
def with_units(program: Program) -> frozenset[str]:
    """The choices with an option that gives a unit."""
    choices = [choice for edition in program.editions for choice in edition.benefits.choices]
    return frozenset(
        choice.id for choice in choices for option in choice.options.values() if any(gift.unit for gift in option.gives)
    )


def book_waiting(session: Session, program: Program, accounts: Sequence[Account], as_of: date, now: datetime) -> list[Account]:
    """Book the units of picks that count by a day and are not booked yet, on the day from which each counts; the members
    for whom something was booked: they are due. Two statements where nothing waits, none where no option gives units."""
    if not with_units(program):
        return []
    by_id = {account.member_id: account for account in accounts}
    unbooked = (BenefitPick.choice.in_(sorted(with_units(program))), BenefitPick.booked_on.is_(None))
    waiting = session.execute(
        select(BenefitPick.member_id, BenefitPick.choice, BenefitPick.period_on, BenefitPick.n)
        .where(among(session, BenefitPick.member_id, list(by_id)), *unbooked)
        .order_by(BenefitPick.member_id)
    ).all()
    keys = {(row.member_id, row.choice, row.period_on.toordinal(), row.n) for row in waiting}
    booked = [(by_id[who], given) for who, given in _counted(session, program, by_id, keys, as_of.toordinal())]
    post(session, [row for account, given in booked for row in entries(program, account, given, now)])
    _note(session, booked)
    return list({account.member_id: account for account, _ in booked}.values())


def _counted(
    session: Session, program: Program, by_id: dict[int, Account], keys: set[tuple[int, str, int, int]], day: int
) -> list[tuple[int, Given]]:
    """Of some picks those that count by a day, each with its member."""
    ids = sorted({key[0] for key in keys})
    if not ids:
        return []
    spans, picks = tier_days(session, ids), picks_of(session, ids)
    found = []
    for who in ids:
        for name in sorted({key[1] for key in keys if key[0] == who}):
            enrolled = by_id[who].enrolled_on.toordinal()
            for made in choosings(program, name, enrolled, spans.get(who, []), picks.get(who, []), day):
                mine = [one for one in made.given if one.how == "pick" and (who, name, made.period.first, one.n) in keys]
                found += [(who, given) for given in mine if any(gift.unit for gift in given.gifts)]
    return found


def entries(program: Program, account: Account, given: Given, now: datetime) -> list[Row]:
    """The entries of the units that a pick gives."""
    units, on = edition_of(program, given.edition).units.units, date.fromordinal(given.on)
    return [
        (account.member_id, cause(given), n, gift.unit, int(gift.amount.scaleb(units[gift.unit].decimals)), on, on, now,
         "choice", "choice", given.choice, None, None)
        for n, gift in enumerate(given.gifts) if gift.unit is not None
    ]  # fmt: skip


def cause(given: Given) -> int:
    """The cause of the entries of a pick."""
    return digest("pick", given.choice, str(given.period.first), str(given.n))


def _note(session: Session, booked: Sequence[tuple[Account, Given]]) -> None:
    """Note what was booked, and that its members are due from that day."""
    table = cast(Table, BenefitPick.__table__)
    keys = ("member_id", "choice", "period_on", "n")
    rows = [
        (account.member_id, given.choice, date.fromordinal(given.period.first), given.n, date.fromordinal(given.on))
        for account, given in booked
    ]
    if rows:
        mine = [table.c[name] == bindparam(f"k_{name}") for name in keys]
        values = [{**{f"k_{name}": row[n] for n, name in enumerate(keys)}, "day": row[-1]} for row in rows]
        session.connection().execute(update(table).where(*mine).values(booked_on=bindparam("day")), values)
    for on in sorted({row[-1] for row in rows}):
        mark_due(session, [row[0] for row in rows if row[-1] == on], on)
    for account, given in booked:
        account.due(date.fromordinal(given.on))
