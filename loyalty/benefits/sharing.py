"""Companions: named for benefits, and those with whom a member with a lifetime tier shares the status."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from loyalty import i18n
from loyalty.benefits.queries import companions_of
from loyalty.benefits.tables import Companion
from loyalty.clock import day_of, through
from loyalty.errors import Refused
from loyalty.keys import digest
from loyalty.program.catalog import Sharing
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status import facts
from loyalty.status.claims import History, known_through, standing_on
from loyalty.status.ladder import rules_of
from loyalty.status.marks import deadline
from loyalty.status.queries import Account, histories
from loyalty.status.timeline import Walk, timeline
from loyalty.status.words import tier_named


@dataclass(frozen=True)
class Named:
    """Someone whom a member names as companion for benefits, from a day on, for ever without until. `instead` is the key of
    the one whom it replaces; `number` the companion's member number, if there is one."""

    name: str
    author: str
    reason: str
    key: str
    begins: date
    until: date | None = None
    number: str | None = None
    instead: str | None = None


@dataclass(frozen=True)
class Shared:
    """Status that a member shares with another from a day on, through the last day that the program says."""

    sharing: str
    begins: date
    author: str
    reason: str
    key: str


@dataclass(frozen=True)
class Ended:
    """The end of a companion, named by the key under which it was named."""

    key: str
    author: str
    reason: str


def name_companion(session: Session, program: Program, account: Account, wanted: Named, now: datetime) -> bool:
    """Name a companion for benefits; False where the same key had named the same before.

    Raises Refused: `span_backwards`, `grant_from_past`, `already_left`, `unknown_companion`, `key_reused`.
    """
    today = day_of(now, program.zone)
    row = Companion(name=wanted.name, number=wanted.number, begins=wanted.begins, until=wanted.until)
    told = (wanted.name, wanted.number, wanted.begins, wanted.until, wanted.instead)
    if _recorded(session, account, row, wanted, told):
        return False
    if wanted.until is not None and wanted.until <= wanted.begins:
        raise Refused("span_backwards", until=wanted.until, begins=wanted.begins)
    if wanted.begins < today:
        raise Refused("grant_from_past", today=today, begins=wanted.begins)
    facts.still_member(account, wanted.begins)
    if wanted.instead is not None:
        _end(named(session, account, wanted.instead), wanted.begins, wanted.author, f"replaced: {wanted.reason}")
    _record(session, row, now)
    return True


def named_on(session: Session, account: Account, day: date) -> int:
    """How many companions for benefits a member has on a day."""
    rows = companions_of(session, [account.member_id]).get(account.member_id, ())
    return sum(row.sharing is None and row.begins <= day < _over(row) for row in rows)


def end_companion(
    session: Session, program: Program, account: Account, companion: Account | None, wanted: Ended, now: datetime
) -> bool:
    """End a companion today, with the status that was shared; False where that was done before.

    `companion` is the account of one with whom the status is shared, locked too. Raises Refused: `unknown_companion`,
    `companion_ended` where it had ended of itself.
    """
    today = day_of(now, program.zone)
    row = named(session, account, wanted.key)
    if row.ended_on is not None and row.ended_on <= today:
        return False
    if row.until is not None and row.until <= today:
        raise Refused("companion_ended", key=wanted.key, on=row.until)
    if companion is not None and row.tier is not None:
        _take_back(session, program, account, companion, row, wanted.author, wanted.reason, now)
    _end(row, max(today, row.begins), wanted.author, wanted.reason)
    session.flush()
    return True


def _end(row: Companion, on: date, author: str, reason: str) -> None:
    row.ended_on, row.ended_by, row.end_reason, row.tier = on, author, reason, None


def share(session: Session, program: Program, account: Account, companion: Account, wanted: Shared, now: datetime) -> bool:
    """Share a member's status with a companion; False where the same key had done the same before. Both are locked.

    The companion is given the tier from `begins` on; who is due is settled by the edge. Raises Refused: `unknown_sharing`,
    `companion_self`, `grant_from_past`, `already_left`, `sharing_not_held`, `chain_of_sharing`, `sharing_changed`,
    `too_many_companions`, `key_reused`.
    """
    today = day_of(now, program.zone)
    row = Companion(sharing=wanted.sharing, name="", number=companion.number, begins=wanted.begins)
    told = (wanted.sharing, companion.number, wanted.begins)
    if _recorded(session, account, row, wanted, told):
        return False
    rule = rule_of(program, wanted.sharing, today)
    if companion.member_id == account.member_id:
        raise Refused("companion_self", number=account.number)
    if wanted.begins < today:
        raise Refused("grant_from_past", today=today, begins=wanted.begins)
    for one in (account, companion):
        facts.still_member(one, wanted.begins)
    year = date(wanted.begins.year, 1, 1)
    row.until = date.fromordinal(deadline(rule.through, year.toordinal(), wanted.begins.toordinal()) + 1)
    _free(account, rule, companions_of(session, [account.member_id]).get(account.member_id, ()), row)
    tier = shared_tier(session, program, account, rule, today)
    if tier is None:
        raise _no_right(session, program, account, rule, today)
    _record(session, row, now)
    give(session, program, account, companion, row, tier, wanted.reason, now)
    return True


def _no_right(session: Session, program: Program, account: Account, rule: Sharing, today: date) -> Refused:
    history = histories(session, rules_of(program), [account])[account.member_id]
    if "current" in rule.lifetime.values() and _shared_now(program, history, today):
        return Refused("chain_of_sharing", number=account.number, tier=tier_named(program, account.tier or ""))
    allowed = listed([tier_named(program, tier) for tier in rule.lifetime])
    return Refused("sharing_not_held", number=account.number, sharing=i18n.Named(rule.id, rule.name), allowed=allowed)


def _shared_now(program: Program, history: History, today: date) -> bool:
    span = standing_on(timeline(rules_of(program), known_through(history, today.toordinal())[0]), today.toordinal())
    return span is not None and span.hold.source == "shared"


def _free(account: Account, rule: Sharing, known: Sequence[Companion], row: Companion) -> None:
    """Make sure that another companion may be named. Raises Refused: `sharing_changed`, `too_many_companions`."""
    mine = [one for one in known if one.sharing == rule.id and one.number != row.number]
    year = row.begins.year
    this_year = {one.number: one for one in mine if one.begins.year == year}
    if len(this_year) >= rule.companions:
        who = next(iter(this_year))
        raise Refused("sharing_changed", number=account.number, companion=who, year=str(year))
    running = {one.number: one for one in mine if _over(one) > row.begins}
    if len(running) >= rule.companions:
        one = min(running.values(), key=_over)
        last = through(_over(one))
        raise Refused("too_many_companions", number=account.number, companion=one.number, last=last, most=rule.companions)


def _over(row: Companion) -> date:
    return min(row.until or date.max, row.ended_on or date.max)


def rule_of(program: Program, name: str, day: date) -> Sharing:
    """A sharing of the edition in force on a day. Raises Refused: `unknown_sharing`."""
    known = {one.id: one for one in rules_on(program, day)}
    if name not in known:
        raise Refused("unknown_sharing", sharing=name, allowed=listed(known), nearest=nearest(name, known))
    return known[name]


def rules_on(program: Program, day: date) -> Sequence[Sharing]:
    """How the edition in force on a day lets status be shared."""
    edition = program.edition_on(day)
    return edition.benefits.sharing if edition is not None else ()


def runs_on(row: Companion, day: date) -> bool:
    """Whether a sharing that nobody ended runs on a day."""
    return row.ended_on is None and row.begins <= day < (row.until or date.max)


def shared_tier(session: Session, program: Program, account: Account, rule: Sharing, today: date) -> str | None:
    """The tier that a member may share on a day: by the highest lifetime tier that the rule names; none without the right."""
    return tier_to_share(program, histories(session, rules_of(program), [account])[account.member_id], rule, today)


def tier_to_share(program: Program, history: History, rule: Sharing, today: date) -> str | None:
    """The same from a member's history. What is shared with the member is left out of it, so that nothing is passed on."""
    rules, day = rules_of(program), today.toordinal()
    known, _ = known_through(history, day)
    known = known._replace(facts=[fact for fact in known.facts if fact.kind != "shared"])
    if known.left is not None and known.left <= day:
        return None
    walk = Walk(rules, known)
    walk.feed(known.entries)
    walk.advance(day)
    held = [hold.rank for hold in walk.holds if hold.source == "lifetime" and hold.begins <= day < hold.until]
    named = [rank for rank in held if rules.tiers[rank] in rule.lifetime]
    if not named:
        return None
    tier = rule.lifetime[rules.tiers[max(named)]]
    if tier != "current":
        return tier
    span = standing_on(timeline(rules, known), day)
    return rules.tiers[span.rank] if span is not None else None


# --- what is given to the companion -----------------------------------------------------------------------------


def give(
    session: Session, program: Program, account: Account, companion: Account, row: Companion, tier: str, reason: str,
    now: datetime,
) -> None:  # fmt: skip
    """Give a companion a tier for the rest of the span, as a fact under a key that says which tier it is."""
    today = day_of(now, program.zone)
    row.tiers += 1
    row.tier = tier
    begins = max(row.begins, today)
    told = reason or f"shared by member {account.number}"
    wanted = facts.Grant(tier, begins, row.until, f"member {account.number}", told, _key(account, row), "shared")
    facts.grant(session, program, companion, wanted, now)
    session.flush()


def _take_back(
    session: Session, program: Program, account: Account, companion: Account, row: Companion, author: str, why: str,
    now: datetime,
) -> None:  # fmt: skip
    key = _key(account, row)
    facts.revoke(session, program, companion, facts.Revocation(author, why, f"{key} ended", grant_key=key), now)


def _key(account: Account, row: Companion) -> str:
    """The key of the fact of the tier that is shared now: each tier that was shared is a fact of its own."""
    return f"shared {account.member_id} {row.companion_id} {row.tiers}"


def follow(
    session: Session, program: Program, account: Account, companion: Account, row: Companion, tier: str | None, now: datetime
) -> bool:
    """Bring a companion's tier up to what the member shares now; tells whether anything changed. Both are locked.

    Without a tier the right is lost: the sharing ends today.
    """
    today = day_of(now, program.zone)
    if row.tier == tier or not runs_on(row, today):
        return False
    if companion.left_on is not None and companion.left_on <= today:
        return False
    if row.tier is not None:
        _take_back(session, program, account, companion, row, f"member {account.number}", "the shared tier changed", now)
    if tier is None:
        _end(row, today, f"member {account.number}", "the right to share is lost")
        session.flush()
    else:
        give(session, program, account, companion, row, tier, "", now)
    return True


# --- rows -------------------------------------------------------------------------------------------------------


def named(session: Session, account: Account, key: str) -> Companion:
    """Whom a member named under a key. Raises Refused: `unknown_companion`."""
    row = session.get(Companion, (account.member_id, digest("companion", key)))
    if row is None:
        raise Refused("unknown_companion", number=account.number, key=key)
    return row


def _recorded(session: Session, account: Account, row: Companion, wanted: Named | Shared, told: Sequence[object]) -> bool:
    row.member_id, row.companion_id, row.key = account.member_id, digest("companion", wanted.key), wanted.key
    row.author, row.reason = wanted.author, wanted.reason
    row.input_hash, row.tiers = digest(*map(str, told), wanted.author, wanted.reason), 0
    before = session.get(Companion, (row.member_id, row.companion_id))
    if before is not None and before.input_hash != row.input_hash:
        raise Refused("key_reused", key=wanted.key, source="companion")
    return before is not None


def _record(session: Session, row: Companion, now: datetime) -> None:
    row.posted_at = now
    session.add(row)
    session.flush()
