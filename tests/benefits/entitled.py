"""Orbit with benefits of every kind, and what tests of entitlements ask and do."""

from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from loyalty.benefits import operations, sharing, using
from loyalty.benefits.entitlements import Rights
from loyalty.benefits.picking import Pick, pick
from loyalty.benefits.queries import rights
from loyalty.clock import instant_at
from loyalty.jobs import recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.settle import settle
from loyalty.status.facts import Grant, Revocation
from loyalty.status.facts import grant as grant_tier
from loyalty.status.facts import revoke as revoke_tier
from loyalty.status.queries import account_read
from tests.jobs import orbit

Deploy = Callable[..., Deployment]

LADDER = (
    orbit.LADDER
    + """
lifetime:
  - {tier: low, path: {km: 1000}}
  - {tier: high, path: {km: 5000}}
milestones:
  - {id: steps, name: {en: steps}, at: {km: 150}, every: 50, gives: [{instrument: seat, expires: {months: 6}}]}
"""
)
BENEFITS = """
categories: [{id: all, name: {en: All}}]
parameters:
  cabin: {name: {en: cabin}, values: {front: {name: {en: Front}}, back: {name: {en: Back}}}}
benefits:
  - {id: lounge, category: all, name: {en: Lounge visits}, kind: count, quota: {per: calendar_year}, cells: {low: 2, high: 4}}
  - {id: guests, category: all, name: {en: Guests}, kind: count, quota: {per: membership_year, at_fall: end},
     cells: {low: 1, high: 3}}
  - {id: calls, category: all, name: {en: Calls}, kind: count, quota: {per: window}, cells: {ground: 1, high: 2}}
  - {id: vouchers, category: all, name: {en: Vouchers}, kind: grant, granted: tier,
     expires: {through_end_of: {month: 1, years_after: 1}}, cells: {low: {up: 2}, high: {up: 5, seat: 1}}}
  - {id: bags, category: all, name: {en: Bags}, kind: count, by: cabin, cells: {low: {front: 1}, high: {front: 2, back: 1}}}
  - {id: line, category: all, name: {en: Own line}, kind: flag, cells: {high: true}}
instruments:
  - {id: up, name: {en: upgrade}, returned: 90}
  - {id: seat, name: {en: seat}, valid_on: use}
  - {id: pass, name: {en: day pass}}
choices:
  - id: gift
    name: {en: Yearly gift}
    per: calendar_year
    picks: {low: 1, high: 3}
    options:
      pass: {name: {en: A day pass}, gives: [{instrument: pass, expires: {months: 12}}]}
      stars: {name: {en: Stars}, gives: [{unit: stars, amount: 50}]}
      far: {name: {en: Kilometres}, gives: [{unit: km, amount: 200}]}
      ups: {name: {en: Two upgrades}, at_least: high, gives: [{instrument: up, amount: 2, expires: {months: 6}}]}
    by: {month: 1, day: 31, years_after: 1}
    default: pass
  - id: extra
    name: {en: Extra}
    per: membership_year
    picks: {high: 2}
    repeated: true
    options:
      pass: {name: {en: A day pass}, gives: [{instrument: pass}]}
      seat: {name: {en: A seat}, gives: [{instrument: seat}]}
    by: {days: 30}
campaigns:
  - {id: spring, name: {en: Spring}, from: 2026-03-01, through: 2026-05-31, tiers: [low, high],
     when: {member.seat: window}, gives: [{instrument: pass, amount: 2, expires: {months: 3}}]}
sharing:
  - {id: partner, name: {en: Partner}, lifetime: {low: low, high: current}, through: {month: 1, day: 31, years_after: 1}}
"""


def deployed(deploy: Deploy, tmp_path: Path, zone: str = "UTC", benefits: str = BENEFITS) -> Deployment:
    """Orbit with benefits; M and N are members from January 1, 2026."""
    deployment = deploy("orbit", config=orbit.config(tmp_path / "config", zone, ladder=LADDER, benefits=benefits))
    orbit.enrolled(deployment, ["M", "N"])
    done(deployment, "2026-01-01", lambda *_given: None)
    return deployment


def done(deployment: Deployment, on: str, act: Callable[..., Any], number: str = "M") -> Any:
    """Do something with a member at noon of a day, by the program's clock, and settle what follows."""
    now = instant_at(date.fromisoformat(on), time(12), deployment.program.zone)
    with deployment.store.transaction() as session:
        settle(session, deployment.program, [orbit.locked(session, number)], now)
        account = orbit.locked(session, number)
        answer = act(session, deployment.program, account, now)
        settle(session, deployment.program, [account], now)
        return answer


def tier(deployment: Deployment, name: str, on: str, through: str | None = None, number: str = "M") -> None:
    """Staff grant a tier from a day through another."""
    until = _after(through)
    wanted = Grant(name, date.fromisoformat(on), until, "ann", "goodwill", f"{name} {on}")
    done(deployment, on, lambda *at: grant_tier(*at[:3], wanted, at[3]), number)


def fallen(deployment: Deployment, to: str, on: str, number: str = "M") -> None:
    """Every tier above another ends."""
    wanted = Revocation("ann", "misuse", f"fallen {on}", tier=to)
    done(deployment, on, lambda *at: revoke_tier(*at[:3], wanted, at[3]), number)


def given(deployment: Deployment, on: str, what: str, amount: int = 1, through: str | None = None, **more: Any) -> bool:
    begins = date.fromisoformat(more.pop("begins", on))
    key = more.pop("key", f"given {what} {on}")
    wanted = operations.Given(what, amount, begins, _after(through), "ann", "sorry", key, **more)
    return bool(done(deployment, on, lambda *at: operations.grant(*at[:3], wanted, at[3])))


def extended(deployment: Deployment, on: str, through: str, key: str = "extended", **target: Any) -> bool:
    wanted = operations.Change("ann", "late", key, until=_after(through), **target)
    return bool(done(deployment, on, lambda *at: operations.extend(*at[:3], wanted, at[3])))


def revoked(deployment: Deployment, on: str, key: str = "revoked", **target: Any) -> bool:
    wanted = operations.Change("ann", "misuse", key, **target)
    return bool(done(deployment, on, lambda *at: operations.revoke(*at[:3], wanted, at[3])))


def used(deployment: Deployment, on: str, what: str, amount: int = 1, key: str = "", service: str = "") -> using.Taken:
    day = date.fromisoformat(service) if service else None
    wanted = using.Use(what, "ann", "asked", key or f"{what} {on}", amount, day)
    answer: using.Taken = done(deployment, on, lambda *at: using.use(*at[:3], wanted, at[3]))
    return answer


def returned(deployment: Deployment, on: str, use: str, key: str = "") -> bool:
    wanted = using.Return(use, "ann", "not flown", key or f"back {use}")
    return bool(done(deployment, on, lambda *at: using.give_back(*at[:3], wanted, at[3])))


def picked(deployment: Deployment, on: str, choice: str, option: str, key: str = "", period: str = "") -> bool:
    of = date.fromisoformat(period) if period else None
    wanted = Pick(choice, option, "ann", "asked", key or f"{choice} {option} {on}", of)
    return bool(done(deployment, on, lambda *at: pick(*at[:3], wanted, at[3])))


def shared(
    deployment: Deployment, on: str, key: str = "shared", begins: str = "", numbers: tuple[str, str] = ("M", "N")
) -> bool:
    now = orbit.noon(on)
    with deployment.store.transaction() as session:
        accounts = {number: orbit.locked(session, number) for number in numbers}
        wanted = sharing.Shared("partner", date.fromisoformat(begins or on), "ann", "asked", key)
        fresh = sharing.share(session, deployment.program, accounts[numbers[0]], accounts[numbers[1]], wanted, now)
        settle(session, deployment.program, [accounts[numbers[1]]], now)
        return fresh


def mine(deployment: Deployment, on: str, number: str = "M") -> Rights:
    """What a member is entitled to on a day."""
    with deployment.store.reading() as session:
        account = account_read(session, number)
        assert account is not None
        return rights(session, deployment.program, [account], date.fromisoformat(on))[account.member_id]


def left(deployment: Deployment, on: str, what: str, service: str = "", number: str = "M") -> int:
    return mine(deployment, on, number).total(what, date.fromisoformat(service or on).toordinal())


def verified(deployment: Deployment) -> list[str]:
    return [what for _who, what in recalculate.verify(deployment, lambda _a, _b: None).differences]


def _after(through: str | None) -> date | None:
    return date.fromisoformat(through) + timedelta(days=1) if through else None
