"""What may be asked for in words: services, classes, the right, windows, instruments, the order of queues."""

from collections.abc import Iterator
from typing import NamedTuple

from loyalty.program.asking import InstrumentUse, Key, Queue, RequestKind, RequestsFile, ServiceKind
from loyalty.program.benefit_words import Telling
from loyalty.program.cells import ahead
from loyalty.program.words import Words, condition, english, joined, many


class Said(NamedTuple):
    """One thing that is said of a request: the key by which two editions are held together, how it is put, the words."""

    key: str
    how: str
    text: str


PARTY = {"own": "the member's tier", "highest": "the highest tier of the party", "lowest": "the lowest tier of the party"}
TOO_LARGE = {"skip": "is passed over", "hold": "holds up those behind it"}


def request(kind: RequestKind, service: ServiceKind, telling: Telling, words: Words) -> Iterator[Said]:
    """All that is said of one kind of request, the order of its queues last."""
    yield Said("service", "for a", telling.text(service.name))
    for booked, wanted in kind.classes.items():
        classes = joined([_class(name, service, telling) for name in wanted], "or")
        yield Said(f"class {booked}", f"from {_class(booked, service, telling)} to", classes)
    if kind.when is not None:
        yield Said("when", "only for", condition(kind.when))
    yield from _right(kind, telling)
    yield Said("party", "processed with", PARTY[kind.party])
    yield Said("too_large", "a party for which too few are left", TOO_LARGE[kind.too_large])
    yield Said("opens", "asked", _opens(kind.opens, telling))
    yield Said("closes", "asked and given out", _closes(kind, telling))
    if len(kind.queues) > 1:
        yield Said("queues", "given out", ", then ".join(telling.text(one.name) for one in kind.queues))
    for one in kind.queues:
        yield Said(f"queue {one.id}", f"{telling.text(one.name)}:", queue(one, words))


def _class(name: str, service: ServiceKind, telling: Telling) -> str:
    return telling.text(service.classes[name]) if name in service.classes else name


def _right(kind: RequestKind, telling: Telling) -> Iterator[Said]:
    yield Said("benefit", "by right of", _benefit(kind.benefit, telling))
    yield Said("window", "confirmed as", f"{_benefit(kind.window, telling)} says")
    if kind.at_once is not None:
        field = kind.at_once.field.replace("_", " ")
        yield Said("at_once", "confirmed at once", f"where {field} is one of {_benefit(kind.at_once.benefit, telling)}")
    for n, use in enumerate(kind.instruments):
        # the same one may stand twice, for other requests
        again = sum(other.instrument == use.instrument for other in kind.instruments[:n])
        yield Said(f"instrument {use.instrument} {again}", "with", _instrument(use, telling))
    if kind.companions is not None:
        yield Said("companions", "with companions", f"as many as {_benefit(kind.companions, telling)} says")


def _benefit(name: str, telling: Telling) -> str:
    return telling.text(telling.chart.benefits[name].name)


def _instrument(use: InstrumentUse, telling: Telling) -> str:
    each = {"traveller": "for each traveller", "request": "for the request"}[use.each]
    only = f", only for {condition(use.when)}" if use.when else ""
    name = telling.so_many(1, telling.instrument(use.instrument))
    return f"{name} {each}, confirmed {_opens(use.window, telling)}{only}"


def _opens(text: str, telling: Telling) -> str:
    told = telling.ahead(ahead(text))
    return f"at {told}" if text == "any_time" else f"from {told}"


def _closes(kind: RequestKind, telling: Telling) -> str:
    closes = ahead(kind.closes)
    return telling.phrase("at_start") if not closes.hours else f"to {telling.ahead(closes)}"


def queue(given: Queue, words: Words) -> str:
    """Who stands in a queue and in which order."""
    only = f"for {condition(given.when)}, " if given.when else ""
    return f"{only}by {', then '.join(key(one, words) for one in given.order)}"


def key(given: Key, words: Words) -> str:
    """One key of an order: `the tier, the highest first`."""
    if given.counter is not None:
        return f"{words.unit(given.counter)} of {many(given.months, 'month')}, the {given.first} first"
    if given.field is not None:
        field = given.field.replace("_", " ")
        return f"{field}: {', '.join(given.ranked)}" if given.ranked else f"{field}, the {given.first} first"
    if given.instrument is not None:
        return f"instrument, those with one {given.instrument}"
    if given.requested is not None:
        return f"time of the request, the {given.requested} first"
    what, which = ("tier", given.tier) if given.tier is not None else ("lifetime tier", given.lifetime)
    return f"{what}, the {which} first"


def service(given: ServiceKind) -> str:
    """The classes of a kind of service, the lowest first, and what is told of one."""
    classes = f"classes {', '.join(english(name) for name in given.classes.values())}"
    fields = ", ".join(name.replace("_", " ") for name in given.fields)
    return f"{classes}; told with {fields}" if fields else classes


def lines(file: RequestsFile, telling: Telling, words: Words) -> Iterator[str]:
    """All that may be asked for, a line each."""
    for kind in file.requests:
        sentence = f": {telling.text(kind.sentence)}" if kind.sentence else ""
        yield f"{telling.text(kind.name)}{sentence}"
        for one in request(kind, file.services[kind.service], telling, words):
            yield f"  {one.how} {one.text}"
