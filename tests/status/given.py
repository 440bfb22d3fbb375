"""Orbit with a ladder that gives more than tiers, and what tests of it ask."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.earning.operations import Report, record_one, reverse
from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.queries import balances
from loyalty.ledger.tables import Entry
from loyalty.settle import settle, settle_for
from loyalty.status.booked import Booked
from loyalty.status.facts import Grant, grant
from loyalty.status.operations import mark_due
from loyalty.status.queries import Account, account_read, lock_stretch
from loyalty.status.rewards import Pick, awards_of, choose
from loyalty.status.tables import Standing, StatusChange, TierSpan
from tests.jobs import orbit

DEPOSITS = """
deposits:
  - {id: welcome, unit: stars, amount: {tier: {low: 10, high: 50}}}
  - {id: start, unit: km, amount: {tier: {high: 40}}}
"""
STEPS = """
  - {id: steps, name: {en: steps}, at: {km: 50}, every: 50, gives: [{unit: stars, amount: 5}]}
"""
BOOST = """
  - {id: boost, name: {en: boost}, at: {km: 90}, gives: [{unit: km, amount: 15}]}
"""
CHOICE = """
  - id: pick
    name: {en: two of three}
    at: {km: 200}
    choice:
      pick: 2
      by: {month: 1, day: 31, years_after: 1}
      options:
        stars: [{unit: stars, amount: 100}]
        km: [{unit: km, amount: 60}]
        lounge: [{instrument: lounge, amount: 2, expires: {months: 6}}]
      default: stars
"""
KEPT = """
  - {id: badge, name: {en: badge}, at: {km: 60}, gives: [{instrument: badge}, {unit: stars, amount: 1}], reversal: keep}
"""
ALL = f"{DEPOSITS}\nmilestones:{STEPS}{BOOST}{CHOICE}{KEPT}"


def deployed(deploy: Callable[..., Deployment], tmp_path: Path, more: str, ladder: str = orbit.LADDER) -> Deployment:
    """Orbit with more in its ladder; member M of January 1, 2026, is settled."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config", ladder=ladder + more))
    orbit.enrolled(deployment, ["M"])
    night(deployment, "2026-01-01")
    return deployment


def milestones(*given: str) -> str:
    """A part of ladder.yaml."""
    return "\nmilestones:" + "".join(given)


def night(deployment: Deployment, on: str, everyone: bool = False, number: str = "") -> None:
    """Settle those who are due by a day, or everyone, or one member."""
    with deployment.store.transaction() as session:
        accounts = lock_stretch(session, 1, 10_000, None if everyone or number else date.fromisoformat(on))
        accounts = [account for account in accounts if number in ("", account.number)]
        settle_for(session, deployment.program, accounts, date.fromisoformat(on), orbit.noon(on), whole=everyone)


def flown(deployment: Deployment, key: str, on: str, km: int, settled: bool = True, number: str = "M") -> None:
    """One trip on a day."""
    with deployment.store.transaction() as session:
        account = orbit.locked(session, number)
        report = Report("trip", "test", key, date.fromisoformat(on), {"km": km})
        record_one(session, deployment.program, account, report, orbit.noon(on))
        _follow(session, deployment, account, on, settled)


def voided(deployment: Deployment, key: str, on: str, settled: bool = True, number: str = "M") -> None:
    """A trip taken back on a day."""
    with deployment.store.transaction() as session:
        account = orbit.locked(session, number)
        reverse(session, deployment.program, account, "test", key, "void", orbit.noon(on))
        _follow(session, deployment, account, on, settled)


def granted(deployment: Deployment, tier: str, on: str) -> None:
    """Staff grant M a tier from a day, for ever."""
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        wanted = Grant(tier, date.fromisoformat(on), None, "ann", "goodwill", f"{tier} {on}")
        grant(session, deployment.program, account, wanted, orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))


def _follow(session: Session, deployment: Deployment, account: Account, on: str, settled: bool) -> None:
    if settled:
        settle(session, deployment.program, [account], orbit.noon(on))
    else:
        mark_due(session, [account.member_id], date.fromisoformat(on))


def chosen(deployment: Deployment, option: str, on: str, key: str = "", window_of: str = "") -> bool:
    """A pick of member M; tells whether it was new."""
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        of = date.fromisoformat(window_of) if window_of else None
        wanted = Pick("pick", option, "ann", "asked", key or f"{option} {on}", of)
        fresh = choose(session, deployment.program, account, wanted, orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))
        return fresh


def awards(deployment: Deployment, name: str = "", standing: bool = True) -> list[Booked]:
    """The awards of M, of one name; those taken back too where asked for."""
    with deployment.store.reading() as session:
        rows = awards_of(session, [1]).get(1, [])
    return [row for row in rows if name in ("", row.name) and (not standing or row.withdrawn_on is None)]


def balance(deployment: Deployment) -> dict[str, int]:
    """M's sums by unit, in the smallest step."""
    with deployment.store.reading() as session:
        return {unit: total for unit, total in balances(session, 1).items() if total}


def standing(deployment: Deployment, member: int = 1) -> Standing:
    with deployment.store.reading() as session:
        return session.get_one(Standing, member)


def tier(deployment: Deployment) -> str | None:
    with deployment.store.reading() as session:
        account = account_read(session, "M")
        return account.tier if account else None


def logged(deployment: Deployment) -> list[tuple[str, str | None, str | None, str]]:
    with deployment.store.reading() as session:
        rows = session.scalars(select(StatusChange).where(StatusChange.member_id == 1).order_by(StatusChange.n))
        return [(row.kind, row.old, row.new, row.effective_on.isoformat()) for row in rows]


def verified(deployment: Deployment) -> list[str]:
    return [what for _who, what in recalculate.verify(deployment, lambda _a, _b: None).differences]


def all_of(deployment: Deployment, member: int = 1) -> dict[str, list[Any]]:
    """Everything that a member's fold leads to, without when it was written and in which order."""
    with deployment.store.reading() as session:
        rows = awards_of(session, [member]).get(member, [])
        entry, span, change = Entry.__table__.c, TierSpan.__table__.c, StatusChange.__table__.c
        entries = select(entry.unit, entry.amount, entry.on, entry.posted_on, entry.kind, entry.line)
        spans = select(span.begins, span.until, span.tier, span.opening, span.source, span.evidence)
        changes = select(change.kind, change.old, change.new, change.effective_on, change.until, change.source)
        found = {
            name: sorted(map(str, session.execute(query.where(column == member))))
            for name, query, column in (("entries", entries, entry.member_id), ("spans", spans, span.member_id),
                                        ("changes", changes, change.member_id))
        }  # fmt: skip
    told = [(row.identity, row.awarded_on, row.withdrawn_on, row.gifts, row.chosen, row.settled) for row in rows]
    return {**found, "awards": sorted(map(str, told))}
