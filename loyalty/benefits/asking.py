"""Requests made. Each is judged as it stands: refused with a reason, waiting for its window, or in the queue.

Whether it is given at once follows, in the same transaction, from `loyalty.settle.settle_services`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, request_kind
from loyalty.benefits.changes import LOGGED, Became
from loyalty.benefits.clearing import clear, edition_for, waits
from loyalty.benefits.holding import hold, left_for
from loyalty.benefits.judging import Judged, Known, Wish, judge
from loyalty.benefits.locking import GIVEN, OPEN, classes_of, is_due, lock_services, note_look, requests_of, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.reasons import kept
from loyalty.benefits.refusing import Refusal, refusal_of
from loyalty.benefits.services import service_id
from loyalty.benefits.tables import Request, RequestChange, RequestCompanion, Service
from loyalty.benefits.waitlist import Id
from loyalty.clock import day_of
from loyalty.earning.rules import read_with
from loyalty.errors import Refused
from loyalty.i18n import Text, _
from loyalty.keys import digest, dumps
from loyalty.members.freezing import frozen_of
from loyalty.members.tables import Member
from loyalty.members.telling import note
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest
from loyalty.status.queries import Account
from loyalty.status.words import thing
from loyalty.store import among, insert, pairs

COLUMNS = (
    "member_id", "request_id", "service_id", "kind", "edition", "from_class", "to_class", "size", "party", "fields",
    "instrument", "booked_on", "state", "reason", "details", "passed", "passed_details", "skipped", "opens_at",
    "requested_at", "decided_at", "source", "key", "input_hash", "changes",
)  # fmt: skip


@dataclass(frozen=True)
class Companion:
    """Someone who travels with the member, with a member number or without."""

    name: str = ""
    number: str | None = None


@dataclass(frozen=True)
class Ask:
    """What a member asks: of which service, from the class booked to another, for whom, with which instrument.

    `kind` is needed where there are several kinds of request. `requested_at` is stated only where the request was made
    elsewhere, earlier; else it is now.
    """

    service: str
    from_class: str
    to_class: str
    source: str
    key: str
    author: str
    kind: str | None = None
    companions: tuple[Companion, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    instrument: str | None = None
    booked_on: date | None = None
    requested_at: datetime | None = None


@dataclass(slots=True)
class Answer:
    """What became of what was asked: the request's number and state, `repeated` where it was asked before under its key, or
    why it could not be understood."""

    ask: Ask
    id: Id = (0, 0)
    service_id: int = 0
    state: str = ""
    reason: str = ""
    details: str = "{}"
    repeated: bool = False
    refusal: Refused | None = None

    def take(self, became: Became) -> None:
        self.state, self.reason, self.details = became.state, became.reason, kept(became.details)


@dataclass(slots=True)
class _Item:
    """A request on its way."""

    account: Account
    answer: Answer
    asked: Asked
    wish: Wish
    fields: str
    input_hash: int
    opens_at: datetime | None = None
    passed: str = ""


def request_id(source: str, key: str) -> int:
    """The number of a request: its source and key give it, for one member."""
    return digest("request", source, key)


def ask(session: Session, program: Program, asks: Sequence[tuple[Account, Ask]], now: datetime) -> list[Answer]:
    """Record requests of locked accounts, one after the other; one answer for each.

    What the program does not allow is recorded as refused, with the reason. What cannot be understood has a refusal and is not
    recorded: `unknown_request_kind`, `unknown_service`, `unknown_class`, `unknown_member` (a companion), `unknown_field`,
    `missing_field`, `bad_field`, `key_reused`, `member_frozen`. Neither stops another.
    """
    answers = [Answer(one) for _, one in asks]
    asking = _Asking(session, program, now)
    items = asking.read([account for account, _ in asks], answers)
    asking.record(items)
    return answers


def ask_one(session: Session, program: Program, account: Account, wanted: Ask, now: datetime) -> Answer:
    """Record one request. Raises what `ask` refuses."""
    (answer,) = ask(session, program, [(account, wanted)], now)
    if answer.refusal is not None:
        raise answer.refusal
    return answer


class _Asking:
    """Some requests being made."""

    def __init__(self, session: Session, program: Program, now: datetime) -> None:
        self.session, self.program, self.now = session, program, now
        self.today = day_of(now, program.zone)
        self.edition = edition_for(program, self.today)

    # --- what is asked ----------------------------------------------------------------------------------------------

    def read(self, accounts: Sequence[Account], answers: Sequence[Answer]) -> list[_Item]:
        """The requests that can be understood and are new, their services locked and looked at."""
        items: list[_Item] = []
        for account, answer in zip(accounts, answers, strict=True):
            try:
                items.append(self._item(account, answer))
            except Refused as refusal:
                answer.refusal = refusal
        self.services = lock_services(self.session, [item.answer.service_id for item in items])
        for service in self.services.values():
            if is_due(service, self.now):
                clear(self.session, self.program, service, self.now)
        self.classes = classes_of(self.session, self.services)
        numbers = known_numbers(self.session, [one.number for item in items for one in item.answer.ask.companions])
        self.frozen = frozen_of(self.session, [account.member_id for account in accounts])
        before = self._before(items)
        return [item for item in items if self._understood(item, numbers, before)]

    def _item(self, account: Account, answer: Answer) -> _Item:
        one = answer.ask
        asked = request_kind(self.edition, one.kind)
        reading = read_with(asked.readers, one.fields)
        requested_at = one.requested_at or self.now
        if requested_at > self.now:
            raise Refused(
                "bad_field",
                field="requested_at",
                found=requested_at,
                allowed=Text(_("at most {value}"), value=self.now),
                nearest="",
            )
        wish = wish_for(account, one, asked, requested_at)
        answer.id = wish.id
        answer.service_id = service_id(asked.kind.service, one.service)
        told = {**asdict(one), "fields": reading.kept, "author": "", "kind": asked.kind.id}
        return _Item(account, answer, asked, wish, reading.kept, digest(dumps(told)))

    def _before(self, items: Sequence[_Item]) -> dict[Id, Any]:
        """What was asked under the same keys before."""
        if not items:
            return {}
        table, wanted = Request.__table__, pairs(self.session, [item.wish.id for item in items])
        match = (wanted.c.a == table.c.member_id) & (wanted.c.b == table.c.request_id)
        return {(row.member_id, row.request_id): row for row in self.session.execute(select(table).join(wanted, match))}

    def _understood(self, item: _Item, numbers: set[str], before: dict[Id, Any]) -> bool:
        known = before.get(item.wish.id)
        try:
            if known is not None:
                _repeated(item, known)
                return False
            self._possible(item, numbers)
        except Refused as refusal:
            item.answer.refusal = refusal
            return False
        before[item.wish.id] = item
        return True

    def _possible(self, item: _Item, numbers: set[str]) -> None:
        one, service = item.answer.ask, self.services.get(item.answer.service_id)
        if item.account.member_id in self.frozen:
            raise Refused("member_frozen", number=item.account.number)
        if service is None:
            raise Refused("unknown_service", kind=item.asked.kind.service, key=one.service)
        known_in(item.asked, one, numbers)

    # --- what becomes of it -----------------------------------------------------------------------------------------

    def record(self, items: Sequence[_Item]) -> None:
        """Judge the requests one after the other, and write them."""
        if not items:
            return
        session, program = self.session, self.program
        wanted = [(item.wish, item.asked, service_day(self.services[item.answer.service_id])) for item in items]
        known = known_for(session, program, wanted, self.today, fresh=True)
        had = {
            (row.service_id, row.member_id, row.to_class): row.key
            for row in requests_of(session, self.services, (*OPEN, *GIVEN))
        }  # fmt: skip
        for item in items:
            self._decide(item, known, had)
        self._write(items)

    def _decide(self, item: _Item, known: Known, had: dict[tuple[int, int, str], str]) -> None:
        service, answer, wish = self.services[item.answer.service_id], item.answer, item.wish
        judged = judge(item.asked, wish, known, self.today, service.starts_at, ZoneInfo(service.zone))
        same = (service.service_id, wish.id[0], wish.to_class)
        there = tuple(self.classes[service.service_id])
        about = Refusal(item.asked, wish, known, judged, service, there, self.today, self.now)
        reason = refusal_of(self.program, about, had.get(same)) or self._take(item, service)
        if reason is not None:
            answer.take(reason)
            return
        item.opens_at = judged.opens_at
        had[same] = answer.ask.key
        answer.take(self._waiting(item, judged, service))

    def _waiting(self, item: _Item, judged: Judged, service: Service) -> Became:
        note_look(service, judged.closes_at)
        if not judged.open_at(self.now):
            note_look(service, judged.opens_at)
        else:
            units = self.classes[service.service_id][item.wish.to_class]
            if units.taken < units.units:
                note_look(service, self.now)
            else:
                item.passed = "no_units"
        return stands(self.program, item.asked, judged, service.zone, self.now)

    def _take(self, item: _Item, service: Service) -> Became | None:
        """Take the instruments that the request needs; the reason where there are too few."""
        wish, session, program, on = item.wish, self.session, self.program, service_day(service)
        short = lacks(session, program, item.account, item.asked, wish, on, self.today)
        if wish.instrument is not None and short is None:
            needed = item.asked.instruments[wish.instrument].needed(wish.size)
            hold(session, program, item.account, wish.instrument, needed, on, wish.id[1], item.answer.ask.author, self.now)
        return short

    def _write(self, items: Sequence[_Item]) -> None:
        rows = [self._row(item) for item in items]
        insert(self.session, Request, COLUMNS, [tuple(row[name] for name in COLUMNS) for row in rows])
        numbered = [
            (*item.wish.id, n, number) for item in items for n, number in enumerate(item.wish.companions) if number is not None
        ]
        insert(self.session, RequestCompanion, ("member_id", "request_id", "n", "number"), numbered)
        log = [
            (*item.wish.id, 0, item.answer.state, item.answer.reason, item.answer.details, item.answer.ask.author, self.now)
            for item in items
        ]
        insert(self.session, RequestChange, LOGGED, log)
        note(self.session, sorted({row[0] for row in log}), self.now)
        self.session.flush()

    def _row(self, item: _Item) -> dict[str, Any]:
        answer, wish = item.answer, item.wish
        refused = answer.state == "refused"
        return {
            "member_id": wish.id[0], "request_id": wish.id[1], "service_id": answer.service_id, "kind": wish.kind,
            "edition": self.edition.begins, "from_class": wish.from_class, "to_class": wish.to_class, "size": wish.size,
            "party": dumps([asdict(one) for one in answer.ask.companions]), "fields": item.fields,
            "instrument": wish.instrument, "booked_on": wish.booked_on, "state": answer.state, "reason": answer.reason,
            "details": answer.details, "passed": item.passed, "passed_details": "{}", "skipped": "", "opens_at": item.opens_at,
            "requested_at": wish.requested_at, "decided_at": self.now if refused else None, "source": answer.ask.source,
            "key": answer.ask.key, "input_hash": item.input_hash, "changes": 1,
        }  # fmt: skip


# --- what is judged alike where a request is only foreseen ------------------------------------------------------


def wish_for(account: Account, one: Ask, asked: Asked, requested_at: datetime) -> Wish:
    """What is asked, as it is judged."""
    return Wish(
        (account.member_id, request_id(one.source, one.key)), asked.kind.id, one.from_class, one.to_class,
        tuple(companion.number for companion in one.companions), dict(one.fields), one.instrument, one.booked_on, requested_at,
    )  # fmt: skip


def known_numbers(session: Session, numbers: Sequence[str | None]) -> set[str]:
    """Those of some companions' numbers that are members'. One statement, none without a number."""
    wanted = [number for number in numbers if number is not None]
    if not wanted:
        return set()
    return set(session.scalars(select(Member.number).where(among(session, Member.number, wanted))))


def known_in(asked: Asked, one: Ask, numbers: set[str]) -> None:
    """Make sure that classes and companions exist. Raises Refused: `unknown_class`, `unknown_member`."""
    for name in (one.from_class, one.to_class):
        _known_class(name, one.service, asked.service.classes)
    for companion in one.companions:
        if companion.number is not None and companion.number not in numbers:
            raise Refused("unknown_member", number=companion.number)


def stands(program: Program, asked: Asked, judged: Judged, zone: str, now: datetime) -> Became:
    """What a request that is not refused becomes before units are given out: it waits for its window, or in its queue."""
    if not judged.open_at(now):
        return waits(program, judged, zone, False)
    return Became("waitlisted", "window_open", {"queue": asked.queue(judged.queue)})


def lacks(
    session: Session, program: Program, account: Account, asked: Asked, wish: Wish, on: date, today: date
) -> Became | None:
    """The refusal of a request for whose instrument too few are left; none where there are enough, or it needs none."""
    if wish.instrument is None:
        return None
    needed = asked.instruments[wish.instrument].needed(wish.size)
    left = left_for(session, program, account, wish.instrument, on, today)
    figures = {"instrument": thing(program, wish.instrument), "needed": needed, "left": left, "on": on}
    return None if left >= needed else Became("refused", "instrument_not_held", figures)


def _known_class(name: str, key: str, known: Mapping[str, Any]) -> None:
    if name not in known:
        raise Refused("unknown_class", key=key, class_=name, allowed=listed(known), nearest=nearest(name, known))


def _repeated(item: _Item, known: Any) -> None:
    """Answer a key that was used before: as the request stands. Raises Refused: `key_reused` for another input."""
    if known.input_hash != item.input_hash:
        raise Refused("key_reused", key=item.answer.ask.key, source=item.answer.ask.source)
    answer = item.answer
    answer.repeated = True
    if isinstance(known, _Item):
        known = known.answer
    answer.state, answer.reason, answer.details = known.state, known.reason, known.details
