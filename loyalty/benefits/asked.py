"""Kinds of request compiled: everything of requests.yaml that can be decided before a request is made is decided here, once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from loyalty.benefits.waitlist import Facts, Place, compile_key
from loyalty.earning.rules import Readers, readers_of
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.program.asking import InstrumentUse, Queue, RequestKind, ServiceKind
from loyalty.program.cells import Ahead, ahead
from loyalty.program.conditions import Test, always, compile_condition
from loyalty.program.load import Edition, Program
from loyalty.program.models import ActivityKind
from loyalty.program.problems import listed, nearest
from loyalty.program.request_scope import request_scope
from loyalty.program.scope import Case, Scope, scope_of
from loyalty.program.words import english


class Instrument(NamedTuple):
    """An instrument with which a request may be made: for which requests, from when, and one for each traveller or one."""

    use: InstrumentUse
    test: Test
    window: Ahead

    def needed(self, size: int) -> int:
        """How many of it a party of a size needs."""
        return size if self.use.each == "traveller" else 1


class Line(NamedTuple):
    """A queue of a kind of request: which requests stand in it, and by which keys."""

    queue: Queue
    test: Test
    keys: tuple[Place, ...]


@dataclass(frozen=True, eq=False)
class Asked:
    """One kind of request of one edition, ready to judge. `place` is its place in the file."""

    edition: Edition
    place: int
    kind: RequestKind
    service: ServiceKind
    readers: Readers
    when: Test
    instruments: Mapping[str, Instrument]
    lines: tuple[Line, ...]
    opens: Ahead

    @property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """The counters that its order asks for, each with its months."""
        keys = [key for line in self.lines for key in line.queue.order]
        return tuple(dict.fromkeys((key.counter, key.months) for key in keys if key.counter is not None))

    @property
    def lifetime(self) -> bool:
        """Whether its order asks for the lifetime tier."""
        return any(key.lifetime is not None for line in self.lines for key in line.queue.order)

    def queue(self, name: str) -> Named:
        """What a queue is called."""
        return next(Named(english(line.queue.name), line.queue.name) for line in self.lines if line.queue.id == name)

    @property
    def benefit(self) -> Named:
        """What the benefit that gives the right to ask is called."""
        texts = self.edition.chart.benefits[self.kind.benefit].name
        return Named(english(texts), texts)

    def class_(self, name: str) -> Named:
        """What a class of the service is called."""
        return Named(name, self.service.classes.get(name))

    def order(self, facts: Facts) -> tuple[tuple[Any, ...], str]:
        """The place of a request among all of its service and class, without its number; and the name of its queue."""
        n, line = next((n, line) for n, line in enumerate(self.lines) if line.test(facts.case))
        keys = tuple(place(facts) for place in line.keys)
        return (self.place, n, *keys, facts.requested_at), line.queue.id


def asked_of(edition: Edition) -> Mapping[str, Asked]:
    """The kinds of request of an edition by name, compiled once."""
    return _compiled(edition)


@lru_cache(maxsize=64)
def _compiled(edition: Edition) -> Mapping[str, Asked]:
    return {kind.id: _Compiling(edition, place, kind).asked() for place, kind in enumerate(edition.requests.requests)}


class _Compiling:
    """One kind of request being compiled."""

    def __init__(self, edition: Edition, place: int, kind: RequestKind) -> None:
        self.edition, self.place, self.kind = edition, place, kind
        self.service = edition.requests.services[kind.service]
        instruments = [instrument.id for instrument in edition.benefits.instruments]
        attributes = edition.head.members.attributes
        money = edition.head.money_decimals
        self.scope: Scope = request_scope(kind, self.service, instruments, tuple(edition.ranks), attributes, money)

    def asked(self) -> Asked:
        kind = self.kind
        uses = {use.instrument: Instrument(use, self._test(use.when), ahead(use.window)) for use in kind.instruments}
        lines = tuple(Line(queue, self._test(queue.when), self._keys(queue)) for queue in kind.queues)
        readers = readers_of(kind.fields, self.scope)
        return Asked(
            self.edition, self.place, kind, self.service, readers, self._test(kind.when), uses, lines, ahead(kind.opens)
        )

    def _test(self, condition: Any) -> Test:
        return always if condition is None else compile_condition(condition, self.scope, (), lambda _way, _message: None)

    def _keys(self, queue: Queue) -> tuple[Place, ...]:
        return tuple(compile_key(key, self._get(key.field)) for key in queue.order)

    def _get(self, field: str | None) -> Callable[[Case], Any] | None:
        return None if field is None else self.scope[field].get


@lru_cache(maxsize=256)
def service_readers(edition: Edition, kind: str) -> Readers:
    """How the fields of a kind of service are read."""
    fields = edition.requests.services[kind].fields
    about = ActivityKind(name={}, fields=fields)
    return readers_of(fields, scope_of(about, (), {}, edition.head.money_decimals))


def service_kind(edition: Edition, name: str | None) -> str:
    """The kind of service meant: the one named, or the only one. Raises Refused: `unknown_service_kind`."""
    known = edition.requests.services
    if name is None and len(known) == 1:
        return next(iter(known))
    if name is None or name not in known:
        raise Refused("unknown_service_kind", kind=name or Text(_("not named")), allowed=listed(known),
                      nearest=nearest(name or "", known))  # fmt: skip
    return name


def request_kind(edition: Edition, name: str | None) -> Asked:
    """The kind of request meant: the one named, or the only one. Raises Refused: `unknown_request_kind`."""
    known = asked_of(edition)
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name is None or name not in known:
        raise Refused("unknown_request_kind", kind=name or Text(_("not named")), allowed=listed(known),
                      nearest=nearest(name or "", known))  # fmt: skip
    return known[name]


def rules_for(program: Program, edition: Edition, kind: str, asked_in: Any) -> Asked:
    """The rules of a stored request: of the edition in force, or, where that has none of its kind, of its own."""
    found = asked_of(edition).get(kind)
    if found is None:
        own = next(one for one in program.editions if one.begins == asked_in)
        found = asked_of(own)[kind]
    return found
