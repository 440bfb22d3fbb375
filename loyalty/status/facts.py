"""Facts about status that people state: grants, invitations, waivers, revocations. Each has a key, an author, a reason."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.i18n import Named
from loyalty.keys import digest, dumps
from loyalty.ledger.operations import shown
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.claims import Window
from loyalty.status.compiled import Path, Rules
from loyalty.status.evidence import path_evidence
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories
from loyalty.status.tables import Standing, StatusFact
from loyalty.status.timeline import Walk
from loyalty.status.winning import end_of
from loyalty.status.words import tier_named

#: The kinds of grant.
GIVEN = ("granted", "invited", "matched", "gifted", "bought", "shared")


@dataclass(frozen=True)
class Grant:
    """A tier for a span, [begins, until), for ever without until; `kind` is one of GIVEN.

    Granted by staff, invited by the program, matched to another program's, gifted by a member, bought, shared by a companion.
    """

    tier: str
    begins: date
    until: date | None
    author: str
    reason: str
    key: str
    kind: str = "granted"
    approver: str = ""


def grant(session: Session, program: Program, account: Account, wanted: Grant, now: datetime) -> bool:
    """Record a grant; False where the same key had recorded the same before. It counts from today at the earliest.

    Raises Refused: `unknown_tier`, `not_invitation_tier`, `grant_from_past`, `span_backwards`, `key_reused`,
    `already_left`.
    """
    today = day_of(now, program.zone)
    known_tier(program, wanted.tier)
    if wanted.kind == "invited" and not _by_invitation(program, wanted.tier, today):
        raise Refused("not_invitation_tier", tier=wanted.tier)
    if wanted.until is not None and wanted.until <= wanted.begins:
        raise Refused("span_backwards", until=wanted.until, begins=wanted.begins)
    fact = StatusFact(
        kind=wanted.kind, tier=wanted.tier, begins=wanted.begins, until=wanted.until, author=wanted.author,
        approver=wanted.approver, reason=wanted.reason, key=wanted.key,
    )  # fmt: skip
    if recorded(session, account, fact):
        return False
    if wanted.begins < today:
        raise Refused("grant_from_past", today=today, begins=wanted.begins)
    still_member(account, wanted.begins)
    record_fact(session, account, fact, today, now)
    return True


@dataclass(frozen=True)
class Revocation:
    """The end of a grant, named by its key, or of every tier above `tier`, from the day it is recorded."""

    author: str
    reason: str
    key: str
    grant_key: str | None = None
    tier: str | None = None


def revoke(session: Session, program: Program, account: Account, wanted: Revocation, now: datetime) -> bool:
    """Record a revocation; False where the same key had recorded the same before.

    What was earned and then revoked is not won again in the same window. Raises Refused: `unknown_tier`,
    `nothing_to_revoke` where the member has no such grant, `key_reused`.
    """
    today = day_of(now, program.zone)
    tier = wanted.tier or program.tiers[0]
    known_tier(program, tier)
    revokes = digest("status", wanted.grant_key) if wanted.grant_key is not None else None
    fact = StatusFact(
        kind="revoked", tier=tier, begins=today, until=None, revokes=revokes, author=wanted.author, reason=wanted.reason,
        key=wanted.key,
    )  # fmt: skip
    if recorded(session, account, fact):
        return False
    if revokes is not None and session.get(StatusFact, (account.member_id, revokes)) is None:
        raise Refused("nothing_to_revoke", what=f"member {account.number} has no grant {wanted.grant_key}")
    record_fact(session, account, fact, today, now)
    return True


@dataclass(frozen=True)
class Waiver:
    """Staff's pardon of a small shortfall: the tier as if its path had been met today, in today's window or that of a day."""

    tier: str
    author: str
    approver: str
    reason: str
    key: str
    window_of: date | None = None


def waive(session: Session, program: Program, account: Account, wanted: Waiver, now: datetime) -> bool:
    """Record a waiver of what a window lacks for a tier, within the program's limits; its standing says `waived`.

    For one who holds the tier, or held it when the window ended, the paths to keep it count too. Raises Refused:
    `waiver_not_offered`, `waiver_too_large` (of the path that lacks least), `unknown_tier`, `key_reused`, `already_left`.
    """
    today = day_of(now, program.zone)
    known_tier(program, wanted.tier)
    fact = StatusFact(
        kind="waived", tier=wanted.tier, begins=today, author=wanted.author, approver=wanted.approver,
        reason=wanted.reason, key=wanted.key,
    )  # fmt: skip
    if recorded(session, account, fact):
        return False
    still_member(account, today)
    rules = rules_of(program)
    history = histories(session, rules, [account])[account.member_id]
    walk = Walk(rules, history)
    walk.feed(history.entries)
    walk.advance(today.toordinal())
    window = walk.window_on((wanted.window_of or today).toordinal())
    path = _pardonable(program, rules, window, walk.held_in(window, today.toordinal()), wanted.tier)
    fact.until = date.fromordinal(
        max(end_of(walk, window, rules.tiers.index(wanted.tier), today.toordinal()), today.toordinal() + 1)
    )
    fact.evidence = dumps(path_evidence(rules, path, window.totals, window.key, window.ladder.edition))
    record_fact(session, account, fact, today, now)
    return True


def _pardonable(program: Program, rules: Rules, window: Window, held: int, tier: str) -> Path:
    """A path of the tier of which no more is missing than may be waived; refused with the counter that lacks too much."""
    edition = next(edition for edition in program.editions if edition.name == window.ladder.edition)
    if edition.ladder.waiver is None:
        raise Refused("waiver_not_offered")
    units = edition.units.units
    within = {rules.index[name]: int(most.scaleb(units[name].decimals)) for name, most in edition.ladder.waiver.within.items()}
    rank = rules.tiers.index(tier)
    ways = [window.ways.reach, window.ways.keep if held >= rank else ()]
    refusals = []
    for path in (path for way in ways for path in dict(way).get(rank, ())):
        missing = [(place, need - window.totals[place], need) for place, need in path.needs if window.totals[place] < need]
        over = [(Fraction(short, need), place, short) for place, short, need in missing if short > within.get(place, 0)]
        if not over:
            return path
        refusals.append(max(over))
    if not refusals:
        raise Refused("waiver_not_offered")
    _, place, short = min(refusals)
    unit = rules.counters[place]
    decimals = units[unit].decimals
    most = shown(within.get(place, 0), decimals)
    raise Refused(
        "waiver_too_large",
        unit=Named(unit, units[unit].name),
        short=shown(short, decimals),
        tier=tier_named(program, tier),
        within=most,
    )


def still_member(account: Account, day: date) -> None:
    """Make sure that a day is before the member left. Raises Refused: `already_left`."""
    if account.left_on is not None and day >= account.left_on:
        raise Refused("already_left", number=account.number, left_on=account.left_on)


def known_tier(program: Program, tier: str) -> None:
    """Make sure that the program has a tier. Raises Refused: `unknown_tier`."""
    if tier not in program.tiers:
        raise Refused("unknown_tier", tier=tier, allowed=listed(program.tiers), nearest=nearest(tier, program.tiers))


def _by_invitation(program: Program, tier: str, today: date) -> bool:
    edition = program.edition_on(today)
    return edition is not None and any(known.id == tier and known.invitation for known in edition.ladder.tiers)


def _told(fact: StatusFact) -> int:
    """The hash of what the client stated, without what the engine works out itself: a waiver's end, an offer's days."""
    until = "" if fact.kind == "waived" or fact.offer else str(fact.until)
    begins = str(fact.begins) if fact.kind in GIVEN and not fact.offer else ""
    parts: list[Any] = [
        fact.kind,
        fact.tier,
        begins,
        until,
        fact.revokes,
        fact.author,
        fact.approver or "",
        fact.reason,
    ]
    return digest(*(str(part) for part in parts), *([fact.offer] if fact.offer else []))


def recorded(session: Session, account: Account, fact: StatusFact) -> bool:
    """Whether the fact's key has recorded it already. Raises Refused: `key_reused` for another fact under the key."""
    fact.member_id, fact.fact_id = account.member_id, digest("status", fact.key)
    fact.input_hash = _told(fact)
    before = session.get(StatusFact, (fact.member_id, fact.fact_id))
    if before is not None and before.input_hash != fact.input_hash:
        raise Refused("key_reused", key=fact.key, source="status")
    return before is not None


def record_fact(session: Session, account: Account, fact: StatusFact, today: date, now: datetime) -> None:
    """Write a fact as known from today; the member is then due."""
    fact.posted_on, fact.posted_at = today, now
    session.add(fact)
    session.flush()
    account.facts += 1
    account.due(today)
    values = {"facts": account.facts, "review_on": account.review_on}
    session.execute(update(Standing).where(Standing.member_id == account.member_id).values(**values))
