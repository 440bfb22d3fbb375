"""A desk to test at: Orbit with something for every act, staff of every role, a member with a history and one without."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from loyalty.access.staff import Hired, add, staff_named
from loyalty.audit.chain import Actor
from loyalty.audit.tables import AuditLine
from loyalty.benefits.services import Told, tell
from loyalty.care.operations import Claim, claim
from loyalty.desk import approvals, performing
from loyalty.desk.approvals import Asked, Who, submit, who_is
from loyalty.desk.performing import Done, Sent
from loyalty.jobs.deployment import Deployment
from loyalty.messages.tables import Message
from loyalty.status.queries import lock_numbers
from loyalty.status.tables import StatusFact
from loyalty.store import Base
from tests.benefits import cabin, entitled
from tests.conftest import NOON, ROOT, day
from tests.jobs import orbit
from tests.status import given
from tests.status.test_offers import OFFERS

CHOICE = given.CHOICE.replace("instrument: lounge", "instrument: pass").replace("km: 200", "km: 150")
LADDER = orbit.LADDER + "waiver: {within: {km: 150}}\n" + OFFERS + given.milestones(CHOICE)
FRONT = """
  - {id: front, category: all, name: {en: Front seats}, kind: flag, cells: {low: true, high: true}}
  - {id: front_window, category: all, name: {en: window}, kind: duration, cells: {low: any_time, high: any_time}}
instruments:
"""
BENEFITS = entitled.BENEFITS.partition("sharing:")[0].replace("\ninstruments:\n", FRONT)
REQUESTS = """
services:
  flight:
    name: {en: flight}
    classes: {economy: {en: Economy}, first: {en: First}}
requests:
  - id: upgrade
    name: {en: upgrade}
    service: flight
    classes: {economy: [first]}
    benefit: front
    window: front_window
    opens: 90d
    closes: 0h
    queues:
      - {id: all, name: {en: all}, order: [{requested: earliest}]}
"""
ROLES = ("agent", "supervisor", "loyalty_manager", "finance", "auditor", "administrator")


@dataclass
class Counter:
    """A deployment and what staff do there, each act in a transaction of its own."""

    deployment: Deployment
    now: datetime = NOON

    def who(self, name: str) -> Who:
        """Someone of the staff, by the first part of the address: the name of the role."""
        with self.deployment.store.reading() as session:
            return who_is(staff_named(session, f"{name}@house.example"), "192.0.2.7")

    def sent(self, act: str, raw: Mapping[str, Any], key: str, number: str = "M", reason: str = "asked for by phone") -> Sent:
        return Sent(act, number, raw, reason, key)

    def act(self, name: str, act: str, raw: Mapping[str, Any], key: str, number: str = "M", **more: Any) -> Done | Asked:
        """What someone sends, done or asked for."""
        sent, who = self.sent(act, raw, key, number, **more), self.who(name)
        with self.deployment.store.transaction() as session:
            return submit(session, self.deployment.program, self.deployment.roles, who, sent, self.now)

    def perform(self, act: str, raw: Mapping[str, Any], key: str, number: str = "M") -> Done:
        """The same whatever the roles."""
        sent, by = self.sent(act, raw, key, number), self.who("supervisor").actor
        with self.deployment.store.transaction() as session:
            return performing.perform(session, self.deployment.program, by, sent, self.now)

    def preview(self, act: str, raw: Mapping[str, Any], key: str, number: str = "M") -> Done:
        by = self.who("supervisor").actor
        sent = self.sent(act, raw, key, number)
        return performing.preview(self.deployment.store, self.deployment.program, by, sent, self.now)

    def approve(self, name: str, approval_id: int, why: str = "seen") -> Done:
        who = self.who(name)
        with self.deployment.store.transaction() as session:
            return approvals.approve(session, self.deployment.program, self.deployment.roles, who, approval_id, why, self.now)

    def facts(self) -> Sequence[StatusFact]:
        """What is stated about M's status, first to last."""
        with self.deployment.store.reading() as session:
            return session.scalars(select(StatusFact).where(StatusFact.member_id == 1).order_by(StatusFact.posted_at)).all()

    def lines(self) -> Sequence[AuditLine]:
        with self.deployment.store.reading() as session:
            return session.scalars(select(AuditLine).order_by(AuditLine.n)).all()

    def rows(self, but: int | None = None) -> dict[str, list[str]]:
        """Every row of every table; with `but`, those of tables of members that are not one member's."""
        with self.deployment.store.reading() as session:
            return {
                name: sorted(repr(tuple(row)) for row in session.execute(table.select()) if but is None or row.member_id != but)
                for name, table in Base.metadata.tables.items()
                if but is None or ("member_id" in table.c and name != "audit")
            }


def counter(deploy: Callable[..., Deployment], tmp_path: Path) -> Counter:
    """M has flown 180 km, N nothing; one of the staff has each role, and a second supervisor is called other."""
    folder = orbit.config(tmp_path / "config", ladder=LADDER, benefits=BENEFITS, requests=REQUESTS)
    (folder / "staff.yaml").write_text((ROOT / "config" / "staff.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    deployment = deploy("orbit", config=folder)
    orbit.enrolled(deployment, ["M", "N"], email="m@members.example", phone="+49 30 1234")
    orbit.travelled(deployment, "M", "T1", "2026-03-01", 180)
    orbit.travelled(deployment, "N", "T1", "2026-03-01", 10)
    with deployment.store.transaction() as session:
        for name in (*ROLES, "other"):
            role = "supervisor" if name == "other" else name
            hired = Hired(f"{name}@house.example", name, (role,), subject=f"sub-{name}")
            add(session, deployment.roles, Actor("command", "command"), hired, NOON)
    return Counter(deployment)


def with_requests(desk: Counter) -> Counter:
    """M has a request that waits (W), and one that was given (G)."""
    with desk.deployment.store.transaction() as session:
        for key, units in (("F0", 0), ("F1", 1)):
            told = Told(key, cabin.at("2026-08-10 18:00"), {"first": units}, "test", zone="UTC")
            tell(session, desk.deployment.program, told, desk.now)
    for service, key in (("F0", "W"), ("F1", "G")):
        with desk.deployment.store.transaction() as session:
            cabin.asked(session, desk.deployment, "M", service, key, desk.now)
    return desk


def with_case(desk: Counter, key: str = "C") -> Counter:
    """M misses a trip."""
    with desk.deployment.store.transaction() as session:
        account = lock_numbers(session, ["M"])["M"]
        wanted = Claim("trip", day("2026-03-02"), {"km": "20"}, "it was late", key)
        claim(session, desk.deployment.program, account, wanted, "member M", desk.now)
    return desk


def with_message(desk: Counter, message_id: int = 7) -> Counter:
    """M has a message that could not be sent."""
    with desk.deployment.store.transaction() as session:
        session.add(Message(
            member_id=1, message_id=message_id, kind="welcome", on=desk.now.date(), consent=None, priority=1, locale="en",
            zone="UTC", address="old@members.example", context="{}", state="failed", next_at=desk.now, error="no such box",
            made_at=desk.now,
        ))  # fmt: skip
    return desk
