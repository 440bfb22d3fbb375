"""What may be asked for in words: services, classes, the right, windows, instruments, the order of queues."""

from collections.abc import Iterator
from typing import NamedTuple

from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.asking import InstrumentUse, Key, Queue, RequestKind, RequestsFile, ServiceKind
from loyalty.program.benefit_words import Telling
from loyalty.program.cells import ahead
from loyalty.program.labels import Label, Labels, field_labels
from loyalty.program.words import Words, condition, months


class Said(NamedTuple):
    """One thing that is said of a request: the key by which two editions are held together, how it is put, the words."""

    key: str
    how: str
    text: str


PARTY = {
    "own": _("the member's tier"),
    "highest": _("the highest tier of the party"),
    "lowest": _("the lowest tier of the party"),
}
TOO_LARGE = {"skip": _("is passed over"), "hold": _("holds up those behind it")}


def request(kind: RequestKind, service: ServiceKind, telling: Telling, words: Words) -> Iterator[Said]:
    """All that is said of one kind of request, the order of its queues last."""
    say, labels = words.say, labels_of(kind, service, telling, words)
    yield Said("service", say(_("for a")), telling.text(service.name))
    for booked, wanted in kind.classes.items():
        classes = words.language.joined([_class(name, service, telling) for name in wanted], "or")
        yield Said(f"class {booked}", say(_("from {class_} to"), class_=_class(booked, service, telling)), classes)
    if kind.when is not None:
        yield Said("when", say(_("only for")), condition(kind.when, words.language, labels))
    yield from _right(kind, telling, words, labels)
    yield Said("party", say(_("processed with")), say(PARTY[kind.party]))
    yield Said("too_large", say(_("a party for which too few are left")), say(TOO_LARGE[kind.too_large]))
    yield Said("opens", say(_("asked")), _opens(kind.opens, telling))
    yield Said("closes", say(_("asked and given out")), _closes(kind, telling))
    if len(kind.queues) > 1:
        yield Said("queues", say(_("given out")), _in_turn([telling.text(one.name) for one in kind.queues], words.language))
    for one in kind.queues:
        yield Said(f"queue {one.id}", say(_("{queue}:"), queue=telling.text(one.name)), queue(one, words, labels))


def labels_of(kind: RequestKind, service: ServiceKind, telling: Telling, words: Words) -> Labels:
    """What may be asked of a request by the names that its conditions and orders use."""
    tiers = {tier.id: words.tier(tier.id) for tier in words.ladder.tiers}
    classes = {name: telling.text(text) for name, text in service.classes.items()}
    return {
        **words.labels,
        **field_labels(kind.fields, words.language),
        "from_class": Label(words.say(_("class booked")), classes),
        "to_class": Label(words.say(_("class asked for")), classes),
        "instrument": Label(
            words.say(_("instrument")), {one.id: telling.text(one.name) for one in telling.chart.file.instruments}
        ),
        "tier": Label(words.say(_("tier")), tiers),
    }


def _class(name: str, service: ServiceKind, telling: Telling) -> str:
    return telling.text(service.classes[name]) if name in service.classes else name


def _right(kind: RequestKind, telling: Telling, words: Words, labels: Labels) -> Iterator[Said]:
    say = words.say
    yield Said("benefit", say(_("by right of")), _benefit(kind.benefit, telling))
    yield Said("window", say(_("confirmed as")), say(_("{benefit} says"), benefit=_benefit(kind.window, telling)))
    if kind.at_once is not None:
        field, benefit = labels[kind.at_once.field].name, _benefit(kind.at_once.benefit, telling)
        yield Said(
            "at_once", say(_("confirmed at once")), say(_("where {field} is one of {benefit}"), field=field, benefit=benefit)
        )
    for n, use in enumerate(kind.instruments):
        # the same one may stand twice, for other requests
        again = sum(other.instrument == use.instrument for other in kind.instruments[:n])
        yield Said(f"instrument {use.instrument} {again}", say(_("with")), _instrument(use, telling, words, labels))
    if kind.companions is not None:
        many = say(_("as many as {benefit} says"), benefit=_benefit(kind.companions, telling))
        yield Said("companions", say(_("with companions")), many)


def _benefit(name: str, telling: Telling) -> str:
    return telling.text(telling.chart.benefits[name].name)


EACH = {"traveller": _("{instrument} for each traveller"), "request": _("{instrument} for the request")}


def _instrument(use: InstrumentUse, telling: Telling, words: Words, labels: Labels) -> str:
    name = telling.so_many(1, telling.instrument(use.instrument))
    parts = [words.say(EACH[use.each], instrument=name), words.say(_("confirmed {time}"), time=_opens(use.window, telling))]
    if use.when:
        parts.append(words.say(_("only for {condition}"), condition=condition(use.when, words.language, labels)))
    return words.language.clauses(parts)


def _opens(text: str, telling: Telling) -> str:
    told, at = telling.ahead(ahead(text)), _("at {time}") if text == "any_time" else _("from {time}")
    return telling.spoken.say(at, time=told)


def _closes(kind: RequestKind, telling: Telling) -> str:
    closes = ahead(kind.closes)
    return telling.spoken.say(_("to {time}"), time=telling.ahead(closes)) if closes.hours else telling.phrase("at_start")


def _in_turn(parts: list[str], language: Language) -> str:
    text = parts[0]
    for part in parts[1:]:
        text = language.say(_("{one}, then {other}"), one=text, other=part)
    return text


def queue(given: Queue, words: Words, labels: Labels) -> str:
    """Who stands in a queue and in which order."""
    order = words.say(_("by {keys}"), keys=_in_turn([key(one, words, labels) for one in given.order], words.language))
    if not given.when:
        return order
    only = words.say(_("for {condition}"), condition=condition(given.when, words.language, labels))
    return words.language.clauses([only, order])


#: Which comes first.
FIRST = {
    "highest": _("{what}, the highest first"),
    "lowest": _("{what}, the lowest first"),
    "earliest": _("{what}, the earliest first"),
    "latest": _("{what}, the latest first"),
}
WITH_ONE = {"first": _("instrument, those with one first"), "last": _("instrument, those with one last")}


def key(given: Key, words: Words, labels: Labels) -> str:
    """One key of an order: `the tier, the highest first`."""
    say = words.say
    if given.instrument is not None:
        return say(WITH_ONE[given.instrument])
    if given.counter is not None:
        span = months(given.months, words.language)
        what, first = say(_("{counter} of {span}"), counter=words.unit(given.counter), span=span), given.first
    elif given.field is not None:
        what, first = labels[given.field].name, given.first
        if given.ranked:
            ranked = words.language.enumerated([labels[given.field].values.get(one, one) for one in given.ranked])
            return say(_("{what}: {details}"), what=what, details=ranked)
    elif given.requested is not None:
        return say(FIRST[given.requested], what=say(_("time of the request")))
    else:
        what, first = (say(_("tier")), given.tier) if given.tier else (say(_("lifetime tier")), given.lifetime or "highest")
    return say(FIRST[first], what=what)


def service(given: ServiceKind, language: Language = ENGLISH) -> str:
    """The classes of a kind of service, the lowest first, and what is told of one."""
    classes = language.enumerated([language.own(name) for name in given.classes.values()])
    text = language.say(_("classes {classes}"), classes=classes)
    fields = [one.name for one in field_labels(given.fields, language).values()]
    told = language.say(_("told with {fields}"), fields=language.enumerated(fields)) if fields else ""
    return language.sentences([text, told])


def lines(file: RequestsFile, telling: Telling, words: Words) -> Iterator[str]:
    """All that may be asked for, a line each."""
    for kind in file.requests:
        name = telling.text(kind.name)
        yield words.say(_("{what}: {details}"), what=name, details=telling.text(kind.sentence)) if kind.sentence else name
        for one in request(kind, file.services[kind.service], telling, words):
            yield "  " + words.say(_("{how} {what}"), how=one.how, what=one.text)
