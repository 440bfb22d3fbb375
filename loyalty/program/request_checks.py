"""Cross-checks of requests.yaml: services, classes, fields, the benefits that give the right, the order of queues."""

from collections.abc import Mapping
from dataclasses import dataclass

from loyalty.program.asking import Key, RequestKind, RequestsFile, ServiceKind
from loyalty.program.benefit_checks import check_count, check_kind
from loyalty.program.catalog import BenefitsFile
from loyalty.program.conditions import Tell, compile_condition
from loyalty.program.models import Attribute
from loyalty.program.names import Names, check_fields, once, unknown
from loyalty.program.problems import listed
from loyalty.program.reader import Way
from loyalty.program.request_scope import BESIDE, request_scope
from loyalty.program.scope import Scope


@dataclass(frozen=True)
class Around:
    """What requests may name: the benefits and the ladder's names; attributes and decimals of the program's money."""

    benefits: BenefitsFile
    names: Names
    attributes: Mapping[str, Attribute]
    money: int

    @property
    def instruments(self) -> list[str]:
        return [instrument.id for instrument in self.benefits.instruments]


def check_asking(file: RequestsFile, tell: Tell) -> None:
    """What requests.yaml says of itself: ids, services, classes, fields."""
    once([kind.id for kind in file.requests], "request", lambda n: ("requests", n, "id"), tell)
    for name, service in file.services.items():
        check_fields(service.fields, ("services", name, "fields"), BESIDE, tell)
    for n, kind in enumerate(file.requests):
        way: Way = ("requests", n)
        check_fields(kind.fields, (*way, "fields"), BESIDE, tell)
        _queues(kind, (*way, "queues"), tell)
        if kind.service not in file.services:
            tell((*way, "service"), unknown("service", kind.service, list(file.services)))
        else:
            _classes(kind, list(file.services[kind.service].classes), (*way, "classes"), tell)


def _queues(kind: RequestKind, way: Way, tell: Tell) -> None:
    once([queue.id for queue in kind.queues], "queue", lambda n: (*way, n, "id"), tell)
    if kind.queues[-1].when is not None:
        tell((*way, len(kind.queues) - 1, "when"),
             "found a condition in the last queue; allowed: none there, so that every request stands in one")  # fmt: skip


def _classes(kind: RequestKind, classes: list[str], way: Way, tell: Tell) -> None:
    for booked, wanted in kind.classes.items():
        if booked not in classes:
            tell((*way, booked), unknown("class", booked, classes))
        if not wanted:
            tell((*way, booked), f"found no class; allowed: at least one of {listed(classes)}")
        _wanted(booked, wanted, classes, (*way, booked), tell)


def _wanted(booked: str, wanted: tuple[str, ...], classes: list[str], way: Way, tell: Tell) -> None:
    for n, name in enumerate(wanted):
        if name not in classes:
            tell((*way, n), unknown("class", name, classes))
        elif name == booked:
            tell((*way, n), f"found {name}, the class booked; allowed: another one")
    once(list(wanted), "class", lambda n: (*way, n), tell)


def check_requests(file: RequestsFile, around: Around) -> None:
    """Requests against benefits, ladder, units and attributes."""
    for n, kind in enumerate(file.requests):
        service = file.services.get(kind.service)
        _right(kind, around, ("requests", n))
        _window(kind, service, around, ("requests", n, "window"))
        if service is not None:
            scope = _scope(kind, service, around)
            _conditions(kind, scope, ("requests", n), around.names.tell)
            _orders(kind, scope, around.names, ("requests", n, "queues"))


def _scope(kind: RequestKind, service: ServiceKind, around: Around) -> Scope:
    return request_scope(kind, service, around.instruments, around.names.tiers, around.attributes, around.money)


def _conditions(kind: RequestKind, scope: Scope, way: Way, tell: Tell) -> None:
    given = [((*way, "when"), kind.when)]
    given += [((*way, "instruments", n, "when"), use.when) for n, use in enumerate(kind.instruments)]
    given += [((*way, "queues", n, "when"), queue.when) for n, queue in enumerate(kind.queues)]
    for here, condition in given:
        if condition is not None:
            compile_condition(condition, scope, here, tell)


# --- the right to ask -------------------------------------------------------------------------------------------


def _right(kind: RequestKind, around: Around, way: Way) -> None:
    tell, file = around.names.tell, around.benefits
    plain = {benefit.id: benefit for benefit in file.benefits if benefit.by is None}
    if kind.benefit not in {benefit.id for benefit in file.benefits}:
        tell((*way, "benefit"), unknown("benefit", kind.benefit, list(plain)))
    elif kind.benefit not in plain:
        tell((*way, "benefit"), f"{kind.benefit} has a parameter; allowed: a benefit without, {listed(plain)}")
    if kind.companions is not None:
        check_count(kind.companions, file, (*way, "companions"), tell)
    for n, use in enumerate(kind.instruments):
        if use.instrument not in around.instruments:
            tell((*way, "instruments", n, "instrument"), unknown("instrument", use.instrument, around.instruments))
    if kind.at_once is not None:
        check_kind(kind.at_once.benefit, "set", file, (*way, "at_once", "benefit"), tell)
        texts = [name for name, field in kind.fields.items() if field.type == "text"]
        if kind.at_once.field not in texts:
            field = kind.fields.get(kind.at_once.field)
            told = f"{kind.at_once.field} is {field.type}; allowed: a text, {listed(texts)}" if field else None
            tell((*way, "at_once", "field"), told or unknown("text field", kind.at_once.field, texts))


def _window(kind: RequestKind, service: ServiceKind | None, around: Around, way: Way) -> None:
    """The value of the window is asked with the class wanted, where it depends on one."""
    file, tell = around.benefits, around.names.tell
    benefit = check_kind(kind.window, "duration", file, way, tell, by=True)
    parameter = file.parameters.get(benefit.by) if benefit is not None and benefit.by is not None else None
    if parameter is None:
        return
    asked = dict.fromkeys(name for classes in kind.classes.values() for name in classes)
    wanted = [name for name in asked if service is not None and name in service.classes]
    missing = [name for name in wanted if name not in parameter.values]
    if parameter.of != "word" or missing:
        values = "days before" if parameter.of != "word" else listed(parameter.values)
        tell(way, f"{kind.window} depends on {values}; allowed: on every class that may be asked for, {listed(wanted)}")


# --- queues -----------------------------------------------------------------------------------------------------


def _orders(kind: RequestKind, scope: Scope, names: Names, way: Way) -> None:
    for q, queue in enumerate(kind.queues):
        for n, key in enumerate(queue.order):
            _key(key, kind, scope, names, (*way, q, "order", n))


def _key(key: Key, kind: RequestKind, scope: Scope, names: Names, way: Way) -> None:
    if key.counter is not None:
        names.counter(key.counter, (*way, "counter"))
    elif "months" in key.model_fields_set:
        names.tell((*way, "months"), f"found {key.months}; allowed: months of a counter only")
    if key.field is not None:
        _field(key, key.field, [*kind.fields, *BESIDE], scope, names, way)
    elif key.counter is None and "first" in key.model_fields_set:
        names.tell((*way, "first"), f"found {key.first}; allowed: first of a counter or of a field with a number")


def _field(key: Key, name: str, fields: list[str], scope: Scope, names: Names, way: Way) -> None:
    if name not in fields:
        names.tell((*way, "field"), unknown("field", name, fields))
        return
    subject = scope[name]
    named = subject.type in ("text", "flag")
    if named and key.ranked is None:
        names.tell((*way, "field"), f"{name} is {subject.type}, which has no order; allowed: with ranked, its values")
    elif not named and key.ranked is not None:
        names.tell((*way, "ranked"), f"{name} is {subject.type}; allowed: ranked for a text or a flag only")
    elif key.ranked is not None:
        values = ("true", "false") if subject.type == "flag" else subject.one_of
        for n, value in enumerate(key.ranked):
            if values is not None and value not in values:
                names.tell((*way, "ranked", n), unknown("value", value, values))
        once(list(key.ranked), "value", lambda n: (*way, "ranked", n), names.tell)
        if "first" in key.model_fields_set:
            names.tell((*way, "first"), f"found {key.first} with ranked; allowed: first of a field with a number")
