"""A program with something on every page: the demonstration, small, on any database; and its most telling member."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from unittest.mock import patch

from flask import Flask
from sqlalchemy import func, select

from loyalty import clock
from loyalty.access.signed import begin
from loyalty.access.staff import Hired, add, staff_named
from loyalty.access.staff_signed import begin_staff, note_step, staff_viewer
from loyalty.access.staff_tables import Staff
from loyalty.audit.chain import Actor
from loyalty.benefits.tables import Request
from loyalty.care.operations import Claim, claim
from loyalty.desk.approvals import submit, who_is
from loyalty.desk.bulk import Many, draft, send
from loyalty.desk.files import Row
from loyalty.desk.performing import Sent
from loyalty.i18n import translated
from loyalty.insight.trials import ask_trial
from loyalty.jobs import bulk, recalculate, runs
from loyalty.jobs.asking import ask_run
from loyalty.jobs.demo import departures, draw
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.jobs.schedule import run_now
from loyalty.jobs.timetable import job_named
from loyalty.members.operations import change
from loyalty.members.tables import Member
from loyalty.messages.examples import example
from loyalty.messages.frozen import freeze
from loyalty.messages.tables import Message
from loyalty.program.scenarios import scenarios_of
from loyalty.published.drafts import Draft, add_draft
from loyalty.settings import Settings
from loyalty.status.queries import lock_numbers
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
                roles = ("supervisor", "auditor", "administrator", "loyalty_manager")
                hired = Hired("desk@house.example", "Dana Desk", roles, subject="desk")
                staff_id = add(session, self.deployment.roles, Actor("command", "command"), hired, now)[0].staff_id
            token = begin_staff(session, staff_id, "password", now)
            viewer = staff_viewer(session, token, now)
            assert viewer is not None
            note_step(session, viewer.sign_in_id, now)
        return token

    def work(self) -> None:
        """Something on the pages of staff: a note, lines of the log, an act that waits for approval; figures of each day;
        runs of jobs, one asked for and one with a member who failed; messages of every state; a file, a case; a draft."""
        self._draft()
        self._nights()
        self._messages()
        now, roles = clock.now(), self.deployment.roles
        with self.deployment.store.transaction() as session:
            command = Actor("command", "command")
            asks, _password = add(session, roles, command, Hired("a@house.example", "A", ("agent",), "a"), now)
            boss, _password = add(session, roles, command, Hired("boss@house.example", "Bea Boss", ("supervisor",), "b"), now)
            for staff, act, raw in (
                (asks, "note.add", {"text": "Prefers to be called in the evening."}),
                (asks, "tier.waive", {"tier": self.tier}),
                (
                    asks,
                    "file.change",
                    {"facts.company": "Acme Instruments", "facts.seat": "aisle", "facts.interests": "sailing"},
                ),
                (asks, "contact.set", {"name": "Bo Lind", "relation": "assistant", "phone": "+1 312 555 0199"}),
                (asks, "competitor.set", {"program": "Other Air", "their_tier": "Gold", "share": "30", "known_by": "said so"}),
                (boss, "manager.assign", {"manager": "boss@house.example"}),
            ):
                who = who_is(staff)
                submit(
                    session,
                    self.deployment.program,
                    roles,
                    who,
                    Sent(act, self.number, raw, "asked by phone", f"work {act}"),
                    now,
                )
            account = lock_numbers(session, [self.number])[self.number]
            fields = {"carrier": "SK", "origin": "ORD", "destination": "FRA", "distance": "4343", "booking_class": "J"}
            wanted = Claim("flight", now.date() - timedelta(days=40), fields, "I boarded last.", "seen missing")
            claim(session, self.deployment.program, account, wanted, f"member {self.number}", now)
        self._work_for_many(asks.name)

    def _draft(self) -> None:
        """A draft that raises some and lets others fall, as if it had held for two years, with a few of the scenarios."""
        now, program = clock.now(), self.deployment.program
        folder = program.folder / "editions" / program.editions[-1].name
        texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
        for less, more in (("75000", "110000"), ("50000", "30000")):
            texts["ladder.yaml"] = texts["ladder.yaml"].replace(f"qualifying_miles: {less}", f"qualifying_miles: {more}")
        begins, by = now.date() + timedelta(days=60), Actor("command", "command")
        with self.deployment.store.transaction() as session:
            sent = add_draft(session, program, by, Draft(begins, texts, "Gold for fewer miles", "work draft"), now)
            ask_trial(session, by, sent, now.date() - timedelta(days=700), now.date(), now)
        with patch("loyalty.jobs.trials.scenarios_of", lambda folder: islice(scenarios_of(folder), 40, 48)):
            run_now(self.deployment, job_named(self.deployment.settings, "trials"), now, lambda _done, _all: None)

    def _nights(self) -> None:
        now, silent = clock.now(), (lambda _done, _all: None)
        run_now(self.deployment, job_named(self.deployment.settings, "snapshot"), now, silent)
        failed = RunKey("recalculate", self.night, self.night.date(), scheduled=True)
        with self.deployment.store.transaction() as session:
            runs.begin(session, failed, self.night)
            runs.fail(session, failed, self.member_id, ValueError("no path to 'gold' is met"))
            runs.tally(session, failed, 60, 4)
            runs.finish(session, failed, self.night + timedelta(seconds=75))
            job, by = job_named(self.deployment.settings, "trim"), Actor("command", "command")
            ask_run(session, job, by, "asked by phone", "work run", now.date(), now)

    def _messages(self) -> None:
        program, now = self.deployment.program, clock.now()
        with self.deployment.store.transaction() as session:
            for n, (kind, state) in enumerate(
                (("promoted", "sent"), ("kept", "sent"), ("near", "waiting"), ("ending", "failed"), ("survey", "dropped"))
            ):
                context = example(program, kind, self.tier, translated("en"), now.date())
                session.add(Message(
                    member_id=self.member_id, message_id=n, kind=kind, on=now.date(), consent=None, priority=1, locale="en",
                    zone="UTC", address="alex@x.example", context=freeze(context), state=state, next_at=now, made_at=now,
                    sent_at=now if state == "sent" else None,
                    error={"dropped": "the member has withdrawn consent"}.get(state, ""),
                ))  # fmt: skip

    @property
    def night(self) -> datetime:
        """When a run was due that failed for a member."""
        return clock.now().replace(hour=2, minute=30, second=0, microsecond=0) - timedelta(days=1)

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
