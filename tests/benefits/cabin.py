"""Cabin, a small program of requests for tests: an airline's cabins with windows by tier, vouchers, companions, two kinds of
queue in one order. Its zone and its rules can be changed by a test."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits import operations
from loyalty.benefits.asking import Answer, Ask, Companion, ask, ask_one
from loyalty.benefits.changes import Became
from loyalty.benefits.ending import Act, act
from loyalty.benefits.foreseeing import foresee
from loyalty.benefits.locking import is_due
from loyalty.benefits.reasons import kept
from loyalty.benefits.services import Change, Told, change, service_id, tell
from loyalty.benefits.tables import Request, Service, ServiceClass
from loyalty.errors import Refused
from loyalty.jobs import scenario_entitlements
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.requests import clear_due, open_windows
from loyalty.members.operations import Enrolment, enrol
from loyalty.settle import settle, settle_services
from loyalty.status.facts import Grant, grant
from loyalty.status.operations import open_standings
from loyalty.status.queries import Account, account_read, lock_numbers
from tests.jobs import orbit

Deploy = Callable[..., Deployment]

LADDER = """
base: member
tiers:
  - {id: member, name: {en: Member}}
  - {id: silver, name: {en: Silver}, reach: [{km: 100000}]}
  - {id: gold, name: {en: Gold}, reach: [{km: 200000}]}
  - {id: platinum, name: {en: Platinum}, reach: [{km: 300000}]}
  - {id: 1k, name: {en: 1K}, reach: [{km: 400000}]}
  - {id: gs, name: {en: Global}, invitation: true}
window: calendar_year
validity: {through_end_of: {month: 1, years_after: 2}}
lifetime:
  - {tier: gold, path: {km: 1000000}}
"""
BENEFITS = """
categories:
  - {id: upgrades, name: {en: Upgrades}}
parameters:
  cabin: {name: {en: cabin}, values: {first: {name: {en: First}}, comfort: {name: {en: Comfort}}}}
benefits:
  - {id: cpu, category: upgrades, name: {en: free upgrades}, kind: flag,
     cells: {silver: true, gold: true, platinum: true, 1k: true, gs: true}}
  - {id: cpu_window, category: upgrades, name: {en: window}, kind: duration, by: cabin,
     cells: {silver: {first: day_of_service, comfort: 24h}, gold: {first: 48h, comfort: 72h},
             platinum: {first: 72h, comfort: any_time}, 1k: {first: 96h, comfort: any_time},
             gs: {first: 120h, comfort: any_time}}}
  - {id: cpu_companions, category: upgrades, name: {en: companions}, kind: count,
     cells: {silver: 1, gold: 1, platinum: 2, 1k: 4, gs: 8}}
  - {id: instant, category: upgrades, name: {en: fares upgraded at once}, kind: set,
     cells: {silver: ["Y"], gold: ["Y"], platinum: ["Y"], 1k: ["Y", M], gs: ["Y", M]}}
instruments:
  - {id: voucher, name: {en: Voucher}, returned: 30}
  - {id: certificate, name: {en: Certificate}}
"""
REQUESTS = """
services:
  flight:
    name: {en: flight}
    fields:
      number: {type: text, optional: true}
    classes: {economy: {en: Economy}, comfort: {en: Comfort}, first: {en: First}}
requests:
  - id: upgrade
    name: {en: upgrade}
    service: flight
    classes: {economy: [comfort, first], comfort: [first]}
    fields:
      fare: {type: text, one_of: ["Y", B, M, W, K], optional: true}
      paid: {type: money, optional: true}
    when: {not: {fare: K, to_class: comfort}}
    benefit: cpu
    window: cpu_window
    at_once: {benefit: instant, field: fare}
    instruments:
      - {instrument: voucher}
      - {instrument: certificate, window: 100h, each: request, when: {fare: {present: true}}}
    companions: cpu_companions
    party: PARTY
    too_large: LARGE
    opens: 90d
    closes: CLOSES
    queues:
      - id: full_fare
        name: {en: full fares}
        when: {any: [{fare: ["Y", B]}, {fare: M, tier: {at_least: 1k}}]}
        order:
          - {field: fare, ranked: ["Y", B, M]}
          - {tier: highest}
      - id: others
        name: {en: the others}
        order: ORDER
"""
#: By tier, then by fare: the second of the two orders.
ORDER = '[{tier: highest}, {instrument: first}, {field: fare, ranked: ["Y", B, M, W, K]}, {requested: earliest}]'


def config(
    folder: Path, zone: str = "UTC", party: str = "highest", large: str = "skip", closes: str = "0h", order: str = ORDER,
    benefits: str = BENEFITS,
) -> Path:  # fmt: skip
    """A config folder with Cabin, under the name of orbit."""
    requests = REQUESTS.replace("PARTY", party).replace("LARGE", large).replace("CLOSES", closes).replace("ORDER", order)
    return orbit.config(folder, zone, ladder=LADDER, benefits=benefits, requests=requests)


def at(text: str) -> datetime:
    """An instant, by the clock of UTC: `2026-06-10 18:00`, with seconds where they matter."""
    return datetime.fromisoformat(f"{text}+00:00")


class Cabin:
    """A deployment of Cabin and what is done with it, each in a transaction of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment, self.store, self.program = deployment, deployment.store, deployment.program

    def member(self, number: str, tier: str | None = None, on: str = "2026-01-01", until: str | None = None) -> None:
        """Enrol a member with a tier granted."""
        self.members([number], tier, on, until)

    def members(
        self, numbers: Sequence[str], tier: str | None = None, on: str = "2026-01-01", until: str | None = None
    ) -> None:
        """The same of several."""
        first, now = date.fromisoformat("2026-01-01"), orbit.noon("2026-01-01")
        with self.store.transaction() as session:
            answers = enrol(session, self.program, [Enrolment(first, number) for number in numbers], now)
            open_standings(session, [(answer.member_id or 0, first) for answer in answers])
        if tier is not None:
            self.grants(numbers, tier, on, until)

    def grant(self, number: str, tier: str, on: str, until: str | None = None, now: datetime | None = None) -> None:
        """Grant a tier and settle."""
        self.grants([number], tier, on, until, now)

    def grants(self, numbers: Sequence[str], tier: str, on: str, until: str | None = None, now: datetime | None = None) -> None:
        """The same to several, in one transaction."""
        moment, begins = now or orbit.noon(on), date.fromisoformat(on)
        end, kind = date.fromisoformat(until) if until else None, "invited" if tier == "gs" else "granted"
        with self.store.transaction() as session:
            accounts = lock_numbers(session, numbers)
            for number, account in accounts.items():
                wanted = Grant(tier, begins, end, "test", "test", f"{number} {tier} {on}", kind)
                grant(session, self.program, account, wanted, moment)
            settle(session, self.program, list(accounts.values()), moment)

    def give(self, number: str, what: str, amount: int, through: str = "2026-12-31", on: str = "2026-01-01") -> None:
        """Grant instruments by hand."""
        with self.store.transaction() as session:
            account = lock_numbers(session, [number])[number]
            until = date.fromisoformat(through) + timedelta(days=1)
            wanted = operations.Given(what, amount, date.fromisoformat(on), until, "test", "test", f"{number} {what} {on}")
            operations.grant(session, self.program, account, wanted, orbit.noon(on))

    def give_member(self, number: str, what: str) -> None:
        """Enrol a member without a tier, with one instrument."""
        self.member(number)
        self.give(number, what, 1)

    def take_back(self, number: str, what: str, on: str) -> None:
        """Revoke what was given by hand."""
        with self.store.transaction() as session:
            account = lock_numbers(session, [number])[number]
            wanted = operations.Change("test", "test", f"back {number}", given=f"{number} {what} 2026-01-01")
            operations.revoke(session, self.program, account, wanted, orbit.noon(on))

    def has(self, number: str, on: str) -> dict[str, tuple[int, str]]:
        """What is left of each instrument on a day, with the last day of what ends first."""
        day = date.fromisoformat(on)
        with self.store.reading() as session:
            account = account_read(session, number)
            found = scenario_entitlements.found(session, self.program, account, day)
        return {what: (int(left), found["until"].get(what, "")) for what, left in found["has"].items() if int(left)}

    def settled(self, number: str, now: datetime) -> None:
        """The night's fold of one member."""
        with self.store.transaction() as session:
            settle(session, self.program, [lock_numbers(session, [number])[number]], now)

    def flight(self, key: str, starts: str, zone: str = "UTC", now: str = "2026-03-15 12:00", **units: int) -> int:
        with self.store.transaction() as session:
            number, _ = tell(session, self.program, Told(key, at(starts), units, "test", zone=zone), at(now))
        return number

    def change(self, key: str, now: str, change_key: str = "c", **wanted: Any) -> bool:
        number = service_id("flight", key)
        if "replaced_by" in wanted:
            wanted["replaced_by"] = service_id("flight", wanted["replaced_by"])
        if "starts" in wanted:
            wanted["starts_at"] = at(wanted.pop("starts"))
        with self.store.transaction() as session:
            done = change(session, self.program, number, Change("test", "test", change_key, **wanted), at(now))
            ids = [number, *([wanted["replaced_by"]] if "replaced_by" in wanted else [])]
            settle_services(session, self.program, ids, at(now))
        return done

    def ask(self, number: str, service: str, key: str, now: str, companions: Sequence[str] = (), **more: Any) -> Answer:
        with self.store.transaction() as session:
            return asked(session, self.deployment, number, service, key, at(now), companions, **more)

    def asks(self, service: str, wanted: Sequence[tuple[str, str, datetime, str]]) -> None:
        """Many requests, as (member number, key, time, fare), made in one transaction that gives nothing."""
        with self.store.transaction() as session:
            accounts = lock_numbers(session, [number for number, *_ in wanted])
            asks = [
                (accounts[number],
                 Ask(service, "economy", "first", "test", key, "test", fields={"fare": fare}, requested_at=moment))
                for number, key, moment, fare in wanted
            ]  # fmt: skip
            answers = ask(session, self.program, asks, max(moment for _, _, moment, _ in wanted))
        assert [answer.refusal for answer in answers] == [None] * len(wanted)

    def act(self, number: str, key: str, how: Any, now: str, reason: str = "why") -> bool:
        with self.store.transaction() as session:
            account = lock_numbers(session, [number])[number]
            service, done = act(session, self.program, account, Act(how, "test", key, "test", reason), at(now))
            settle_services(session, self.program, [service], at(now))
        return done

    def look(self, now: str) -> None:
        """Both jobs, by hand."""
        open_windows(self.deployment, at(now))
        clear_due(self.deployment, at(now))

    def states(self) -> dict[str, str]:
        """Key -> state of every request."""
        return {key: row.state for key, row in self.rows().items()}

    def rows(self) -> Mapping[str, Any]:
        with self.store.reading() as session:
            return {row.key: row for row in session.execute(select(Request.__table__))}

    def taken(self, service: str, class_: str = "first") -> tuple[int, int]:
        """(taken, units) of a class."""
        with self.store.reading() as session:
            row = session.get_one(ServiceClass, (service_id("flight", service), class_))
            return row.taken, row.units

    def service(self, key: str) -> Service:
        with self.store.reading() as session:
            return session.get_one(Service, service_id("flight", key))


def asked(
    session: Session, deployment: Deployment, number: str, service: str, key: str, now: datetime,
    companions: Sequence[str] = (), to: str = "first", source: str = "test", **more: Any,
) -> Answer:  # fmt: skip
    """One request made and its service settled. Companions are member numbers, or names that begin with a small letter.

    What becomes of it is what was foreseen, wherever nothing was left unlooked at.
    """
    party = tuple(Companion(name) if name[0].islower() else Companion(number=name) for name in companions)
    from_class = more.pop("from_class", "economy")
    wanted = Ask(service, from_class, to, source, key, "test", companions=party, **more)
    account = lock_numbers(session, [number])[number]
    foreseen = told_before(session, deployment, account, wanted, now)
    answer = ask_one(session, deployment.program, account, wanted, now)
    if foreseen is not None and not answer.repeated:
        assert (answer.state, answer.reason, answer.details) == (foreseen.state, foreseen.reason, kept(foreseen.details))
    settle_services(session, deployment.program, [answer.service_id], now, [answer.id])
    return answer


def told_before(session: Session, deployment: Deployment, account: Account, wanted: Ask, now: datetime) -> Became | None:
    """What is foreseen of a request, none where its service is still to be looked at or it cannot be understood; nothing is
    written meanwhile."""
    service = session.get(Service, service_id("flight", wanted.service))
    if service is not None and is_due(service, now):
        return None
    with session.no_autoflush:
        try:
            return foresee(session, deployment.program, account, wanted, now).became
        except Refused:
            return None
        finally:
            assert not session.dirty and not session.new


def cabin(deploy: Deploy, tmp_path: Path, **changed: Any) -> Cabin:
    """Cabin on the test's database."""
    return Cabin(deploy("orbit", config=config(tmp_path / "config", **changed)))
