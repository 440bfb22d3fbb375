"""A program with something on every page: the demonstration, small, on any database; and its most telling member."""

from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from loyalty import clock
from loyalty.access.signed import begin
from loyalty.access.staff import Hired, add, staff_named
from loyalty.access.staff_signed import begin_staff, note_step, staff_viewer
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Actor
from loyalty.benefits.tables import Request
from loyalty.desk.approvals import submit, who_is
from loyalty.desk.bulk import Many, draft, send
from loyalty.desk.files import Row
from loyalty.desk.performing import Sent
from loyalty.jobs import bulk, recalculate
from loyalty.jobs.demo import departures, draw
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.members.operations import change
from loyalty.members.tables import Member
from loyalty.settings import Settings
from loyalty.status.tables import Standing
from loyalty.web import create_app

SECRET = "a-secret-of-forty-characters-for-looking"


@dataclass
class Seeded:
    """The application, and a member of a high tier who has asked for something."""

    deployment: Deployment
    app: Flask
    member_id: int
    number: str

    def sign_in(self, member_id: int | None = None) -> str:
        """A sign-in begun; its token."""
        with self.deployment.store.transaction() as session:
            return begin(session, member_id or self.member_id, "link", clock.now() - timedelta(minutes=1))

    def staff_sign_in(self) -> str:
        """A sign-in of someone of the staff with every reading role and acts, whose second step was just taken; its token."""
        now = clock.now() - timedelta(minutes=1)
        with self.deployment.store.transaction() as session:
            staff_id = session.scalar(select(Staff.staff_id).where(Staff.name == "desk@house.example"))
            if staff_id is None:
                hired = Hired("desk@house.example", "Dana Desk", ("supervisor", "auditor", "administrator"), subject="desk")
                staff_id = add(session, self.deployment.roles, Actor("command", "command"), hired, now)[0].staff_id
            token = begin_staff(session, staff_id, "password", now)
            viewer = staff_viewer(session, token, now)
            assert viewer is not None
            note_step(session, viewer.sign_in_id, now)
        return token

    def work(self) -> None:
        """Something on the pages of staff: a note, lines of the log, an act that waits for approval."""
        now, roles = clock.now(), self.deployment.roles
        with self.deployment.store.transaction() as session:
            command = Actor("command", "command")
            asks, _password = add(session, roles, command, Hired("a@house.example", "A", ("agent",), "a"), now)
            add(session, roles, command, Hired("boss@house.example", "Bea Boss", ("supervisor",), "b"), now)
            who = who_is(asks)
            for act, raw in (
                ("note.add", {"text": "Prefers to be called in the evening."}),
                ("tier.waive", {"tier": self.tier}),
            ):
                submit(
                    session,
                    self.deployment.program,
                    roles,
                    who,
                    Sent(act, self.number, raw, "asked by phone", f"work {act}"),
                    now,
                )

        self._work_for_many(asks.name)

    def _work_for_many(self, name: str) -> None:
        """An act for many that was tried and waits for approval, with rows that would be refused; and a draft being tried."""
        now, deployment = clock.now(), self.deployment
        rows = [Row(line, number, {"text": "Called."}) for line, number in enumerate([self.number] * 21 + ["NOBODY"], 2)]
        for key, file in (("many", "strike.csv"), ("draft", "more.csv")):
            with deployment.store.transaction() as session:
                who = who_is(staff_named(session, "boss@house.example"))
                many = Many("note.add", rows, f"strike of pilots, after {name} was called", key, {"file": file})
                made = draft(session, deployment.program, deployment.roles, who, many, now)
                if key == "many":
                    send(session, deployment.roles, who, made.bulk_id, now)
            if key == "many":
                bulk.bulk(deployment, RunKey("bulk", now, now.date()), now, 1, lambda *_: None)

    @property
    def tier(self) -> str:
        return self.deployment.program.tiers[-1]

    def speak(self, language: str) -> None:
        """The member's language from now on."""
        with self.deployment.store.transaction() as session:
            change(session, self.member_id, clock.now(), language=language)


def seeded(settings: Settings, members: int = 60) -> Seeded:
    """The demonstration on a migrated, empty database."""
    now = clock.now()
    deployment = Deployment(replace(settings, secret=SECRET)).ready(now)
    draw(deployment, members, now, lambda _done, _all: None)
    recalculate.by_hand(deployment, None, False, now, 1, lambda _done, _all: None)
    departures(deployment, now)
    with deployment.store.reading() as session:
        asked = select(Request.member_id, func.count().label("times")).group_by(Request.member_id).subquery()
        query = select(Member.member_id, Member.number, Standing.tier).join(Standing, Standing.member_id == Member.member_id)
        rows = session.execute(query.join(asked, asked.c.member_id == Member.member_id).order_by(Member.member_id)).all()
        member_id, number, _tier = max(rows, key=lambda row: deployment.program.tiers.index(row.tier))
    return Seeded(deployment, create_app(deployment), member_id, number)
