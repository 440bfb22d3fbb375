"""Messages made from facts, for a chunk of members: found, held against what is told already, written to the outbox."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from loyalty.clock import start_of
from loyalty.i18n import fitting, translated
from loyalty.keys import digest
from loyalty.ledger.queries import balances_of
from loyalty.members.tables import Telling
from loyalty.members.telling import look_at
from loyalty.messages.contexts import Around, context_of, left_told
from loyalty.messages.facts import FINDERS, Fact, Frame, Person, together
from loyalty.messages.frozen import freeze
from loyalty.messages.news import people
from loyalty.messages.outbox import suppressed, write
from loyalty.messages.rights import choices_of, rights_left
from loyalty.messages.rules import quiet_until
from loyalty.messages.tables import Message
from loyalty.program.load import Edition, Program
from loyalty.program.telling import FIELDS, PRIORITIES, MessageKind
from loyalty.program.telling_checks import known_values, test_of
from loyalty.status.ladder import rules_of
from loyalty.status.progress import position
from loyalty.status.queries import facts_of_all, histories
from loyalty.store import among

#: Facts that are found when something is new, and those that the calendar brings.
NEWS = ("joined", "activity", "status_change", "award", "request", "survey", "security", "near", "ending", "choosing")
CALENDAR = ("ending", "choosing", "birthday", "anniversary")


@dataclass(frozen=True)
class Plan:
    """What is to be told on a day: the edition's messages of some sources, each with its condition ready to ask."""

    program: Program
    edition: Edition
    kinds: tuple[MessageKind, ...]
    today: date
    days: tuple[date, ...]

    @cached_property
    def tests(self) -> Mapping[str, Any]:
        """The condition of each message by its name."""
        edition, tiers = self.edition, tuple(self.edition.ranks)
        known = known_values(edition.ladder, edition.benefits, edition.requests)
        attributes = self.program.file.members.attributes
        return {kind.name: test_of(kind, tiers, attributes, known, (), _refuse) for kind in self.kinds}

    @cached_property
    def sources(self) -> frozenset[str]:
        return frozenset(kind.of for kind in self.kinds)

    @cached_property
    def back(self) -> int:
        """How many days back facts are looked for; a digest reaches back over its month."""
        return max((kind.within + (31 if kind.of == "activity" else 1) for kind in self.kinds), default=0)

    @cached_property
    def frame(self) -> Frame:
        return Frame(self.today, self.days, self.program.zone, self.edition.ranks, self.edition.messages.born)


def _refuse(way: Any, message: str) -> None:
    raise ValueError(f"{way}: {message}")


def plan_for(program: Program, today: date, days: Sequence[date], sources: Collection[str]) -> Plan | None:
    """The plan of a day; none where no edition is in force or it tells nothing of these sources."""
    edition = program.edition_on(today)
    kinds = tuple(kind for kind in edition.messages.messages if kind.of in sources) if edition else ()
    return Plan(program, edition, kinds, today, tuple(days)) if edition is not None and kinds else None


class Wanted(NamedTuple):
    """A message that may be made: for whom, of which row, about which fact."""

    person: Person
    kind: MessageKind
    fact: Fact

    @property
    def message_id(self) -> int:
        return digest("message", self.kind.name, *self.fact.key)


@dataclass
class Built:
    """What a chunk came to: members looked at, messages made, the error of each member that was passed over."""

    members: int = 0
    made: int = 0
    failures: dict[int, Exception] = field(default_factory=dict)


def build(session: Session, plan: Plan, ids: Sequence[int], now: datetime) -> Built:
    """Make the messages of some members that are not made yet; take their notes away, or put them off to when there is more to
    tell. One member's error stops no other: it is told, and the note stays."""
    return _Building(session, plan, now).of(ids)


def taken_notes(session: Session, ids: Sequence[int], now: datetime) -> set[int]:
    """Take away the notes of some members up to an instant: those that can be seen now. One that commits later stays."""
    gone = delete(Telling).where(among(session, Telling.member_id, ids), Telling.noted_at <= now)
    return set(session.scalars(gone.returning(Telling.member_id)))


class _Building:
    """One chunk on its way."""

    def __init__(self, session: Session, plan: Plan, now: datetime) -> None:
        self.session, self.plan, self.now = session, plan, now
        self.built = Built()
        self.later: dict[datetime, list[int]] = {}
        self.stated: dict[int, Any] = {}

    def of(self, ids: Sequence[int]) -> Built:
        plan = self.plan
        persons = people(self.session, plan.program, ids, plan.sources, plan.today, plan.back)
        self.built.members = len(persons)
        if plan.sources & {"award", "choosing"}:
            choices = choices_of(self.session, plan.program, persons, plan.today)
            for person in persons:
                person.choices = [*person.choices, *choices.get(person.account.member_id, ())]
        if plan.sources & {"near", "ending"}:
            self._locate(persons)
        wanted = [one for person in persons for one in self._safely(person, self._wanted)]
        wanted = self._fresh(self._cooled(self._addressed(wanted)))
        self._locate([one.person for one in wanted if one.person.position is None])
        self._write(wanted)
        for at, members in self.later.items():
            look_at(self.session, members, at)
        look_at(self.session, list(self.built.failures), self.now + timedelta(hours=1))
        return self.built

    def _safely(self, person: Person, work: Any) -> list[Any]:
        """What a work on one member gives; nothing, and the error noted, where it fails."""
        try:
            return list(work(person))
        except Exception as error:
            self.built.failures[person.account.member_id] = error
            return []

    def _locate(self, persons: Sequence[Person]) -> None:
        """Where members stand on the day: folded from their whole history."""
        accounts = list({person.account.member_id: person.account for person in persons}.values())
        rules, day = rules_of(self.plan.program), self.plan.today
        known = histories(self.session, rules, accounts)
        for person in persons:
            if person.position is None:
                member_id = person.account.member_id
                self._safely(person, lambda one, history=known[member_id]: self._placed(one, history, day))

    def _placed(self, person: Person, history: Any, day: date) -> tuple[()]:
        person.position = position(self.plan.program, history, day)
        return ()

    # --- what may be told -----------------------------------------------------------------------------------------

    def _wanted(self, person: Person) -> Iterable[Wanted]:
        """The facts of a member that a message of the edition tells, as far as the member wants to be told."""
        for kind in self.plan.kinds:
            if not self._consents(person, kind):
                continue
            for fact in self._facts(person, kind):
                if self._tells(person, kind, fact):
                    yield Wanted(person, kind, fact)

    def _consents(self, person: Person, kind: MessageKind) -> bool:
        consent = self.plan.edition.messages.consents[kind.consent]
        return consent.transactional or person.consents.get(kind.consent, consent.given)

    def _facts(self, person: Person, kind: MessageKind) -> Iterable[Fact]:
        if kind.of == "activity":
            return self._activity(person, kind)
        facts = list(FINDERS[kind.of](person, kind, self.plan.frame))
        if kind.of == "near" and facts:
            # told or not, how near a member is has to be looked at again
            self._look(person, self.plan.today + timedelta(days=1))
        return facts

    def _tells(self, person: Person, kind: MessageKind, fact: Fact) -> bool:
        """Whether a fact is new enough, of the time of membership, and such as the message asks for."""
        age = (self.plan.today - fact.on).days
        if not 0 <= age <= kind.within or fact.on < person.account.enrolled_on:
            return False
        left = person.account.left_on
        if left is not None and left <= self.plan.today and fact.source not in ("status_change", "security"):
            return False
        rank = self.plan.edition.ranks.get(person.account.tier or "", 0)
        attributes = tuple(person.attributes.get(name) for name in self.plan.program.file.members.attributes)
        return bool(self.plan.tests[kind.name]((fact.values, rank, attributes)))

    def _activity(self, person: Person, kind: MessageKind) -> Iterable[Fact]:
        """Activity of stretches that are over; the others are looked at again when they are."""
        for (stretch, alone), posted in together(person, kind, self.plan.program.zone).items():
            if stretch.digest != "each" and stretch.last >= self.plan.today:
                self._look(person, stretch.last + timedelta(days=1))
                continue
            key = ("each", str(alone)) if alone else (stretch.digest, stretch.first.isoformat())
            yield Fact("activity", key, stretch.last, (len(posted),), posted)

    def _look(self, person: Person, day: date) -> None:
        self.later.setdefault(start_of(day, self.plan.program.zone), []).append(person.account.member_id)

    # --- what is told already -------------------------------------------------------------------------------------

    def _addressed(self, wanted: list[Wanted]) -> list[Wanted]:
        """Those with an address to which mail may go."""
        gone = suppressed(self.session, {_address(one) for one in wanted if _address(one)})
        return [one for one in wanted if _address(one) and _address(one).lower() not in gone]

    def _cooled(self, wanted: list[Wanted]) -> list[Wanted]:
        """Without those that come too soon after another of the same row."""
        names = {one.kind.name for one in wanted if one.kind.cool_down}
        if not names:
            return wanted
        ids = [one.person.account.member_id for one in wanted if one.kind.name in names]
        query = select(Message.member_id, Message.kind, func.max(Message.on)).group_by(Message.member_id, Message.kind)
        query = query.where(among(self.session, Message.member_id, ids), Message.kind.in_(names))
        last = {(member_id, kind): on for member_id, kind, on in self.session.execute(query)}
        kept = []
        for one in sorted(wanted, key=lambda one: one.fact.on):
            key = (one.person.account.member_id, one.kind.name)
            before = last.get(key)
            if one.kind.cool_down and before is not None and (one.fact.on - before).days < one.kind.cool_down:
                continue
            last[key] = one.fact.on
            kept.append(one)
        return kept

    def _fresh(self, wanted: list[Wanted]) -> list[Wanted]:
        """Those not made yet. Activity that was posted for a stretch told already is told by itself, as its next part."""
        ids = {one.person.account.member_id for one in wanted}
        query = select(Message.member_id, Message.message_id).where(among(self.session, Message.member_id, sorted(ids)))
        made = {tuple(row) for row in self.session.execute(query.where(Message.on >= self._oldest(wanted)))} if ids else set()
        fresh, again = [], []
        for one in wanted:
            if (one.person.account.member_id, one.message_id) not in made:
                fresh.append(one)
            elif one.kind.of == "activity" and one.fact.key[0] != "each":
                again.append(one)
        return fresh + self._rest(again)

    def _oldest(self, wanted: list[Wanted]) -> date:
        return min((one.fact.on for one in wanted), default=self.plan.today)

    def _rest(self, again: list[Wanted]) -> list[Wanted]:
        """Of stretches told already: what was posted for them afterwards."""
        if not again:
            return []
        ids = sorted({one.person.account.member_id for one in again})
        query = select(Message.member_id, Message.kind, Message.on, Message.context)
        query = query.where(among(self.session, Message.member_id, ids), Message.kind.in_({one.kind.name for one in again}))
        told: dict[tuple[int, str, date, str], set[int]] = {}
        parts: dict[tuple[int, str, date, str], int] = {}
        for member_id, kind, on, context in self.session.execute(query.where(Message.on >= self._oldest(again))):
            of = json.loads(context)["told"]
            key = (member_id, kind, on, of["digest"])
            told.setdefault(key, set()).update(of["ids"])
            parts[key] = parts.get(key, 0) + 1
        found = []
        for one in again:
            key = (one.person.account.member_id, one.kind.name, one.fact.on, one.fact.key[0])
            rest = [posted for posted in one.fact.about if posted.activity_id not in told.get(key, set())]
            if rest:
                again_key = (*one.fact.key, str(parts[key] + 1))
                found.append(one._replace(fact=one.fact._replace(key=again_key, values=(len(rest),), about=rest)))
        return found

    # --- writing --------------------------------------------------------------------------------------------------

    def _write(self, wanted: list[Wanted]) -> None:
        if not wanted:
            return
        ids = sorted({one.person.account.member_id for one in wanted})
        units = [name for name, unit in self.plan.edition.units.units.items() if unit.kind == "points"]
        sums = balances_of(self.session, ids, units)
        stated = facts_of_all(self.session, [one.person.account.member_id for one in wanted if one.person.account.facts])
        told = [one.person for one in wanted if one.kind.of == "period"]
        left = rights_left(self.session, self.plan.program, told, self.plan.today) if told else {}
        rows = []
        for one in wanted:
            member_id = one.person.account.member_id
            if member_id in self.built.failures:
                continue
            around = self._around(one.person, sums.get(member_id, {}), stated.get(member_id, {}))
            if member_id in left:
                around = replace(around, left=left_told(left[member_id], around))
            rows += self._safely(one.person, lambda _person, one=one, around=around: [self._row(one, around)])
        self.built.made = write(self.session, rows)

    def _around(self, person: Person, sums: Mapping[str, int], stated: Mapping[int, Any]) -> Around:
        plan = self.plan
        language = translated(fitting(person.language, plan.program.file.languages))
        return Around(plan.program, plan.edition, plan.today, language, self._zone(person).key, sums, stated)

    def _zone(self, person: Person) -> ZoneInfo:
        """The member's zone; the program's where there is none, or none of this name."""
        try:
            return ZoneInfo(str(person.attributes[self.plan.edition.messages.zone or ""]))
        except (KeyError, ValueError, OSError, ZoneInfoNotFoundError):
            return self.plan.program.zone

    def _row(self, one: Wanted, around: Around) -> tuple[Any, ...]:
        """A row of the outbox, in the order of its columns."""
        kind, file = one.kind, self.plan.edition.messages
        context = context_of(one.person, one.fact, around)
        if kind.of == "activity":
            context["told"] = {"digest": one.fact.key[0], "ids": [posted.activity_id for posted in one.fact.about]}
        urgent = kind.priority == "urgent"
        until = None if urgent else quiet_until(file.quiet, self.now, ZoneInfo(around.zone))
        refusable = not file.consents[kind.consent].transactional
        return (
            one.person.account.member_id, one.message_id, kind.name, one.fact.on, kind.consent if refusable else None,
            PRIORITIES.index(kind.priority), around.language.code, around.zone, _address(one), freeze(context), "waiting",
            until or self.now, 0, "", "", self.now, None,
        )  # fmt: skip


def _address(one: Wanted) -> str:
    return one.fact.address or one.person.email


assert set(FIELDS) == {*NEWS, *CALENDAR, "period"}
