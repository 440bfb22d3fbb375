"""Verbs on services: told, changed, moved, replaced, cancelled, closed. Each has a key and a line in the service's log.

What follows for their requests is drawn by `loyalty.settle.settle_services`, in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import service_kind, service_readers
from loyalty.benefits.changes import Became, Changes
from loyalty.benefits.clearing import Looked, clear, close, edition_for, log_service
from loyalty.benefits.locking import GIVEN, OPEN, classes_of, is_due, local, lock_services, note_look, requests_of
from loyalty.benefits.reasons import STATES
from loyalty.benefits.tables import Service, ServiceChange, ServiceClass
from loyalty.clock import day_of
from loyalty.earning.rules import read_with
from loyalty.errors import Refused
from loyalty.i18n import Named, Text, _
from loyalty.keys import digest, dumps
from loyalty.program.asking import ServiceKind
from loyalty.program.load import Program
from loyalty.program.problems import listed, nearest


@dataclass(frozen=True)
class Told:
    """A service as it is told: its kind (none where the program has one), its key, its start, the zone of its place (the
    program's without it), the units of each class, its fields."""

    key: str
    starts_at: datetime
    units: Mapping[str, Any]
    author: str
    kind: str | None = None
    zone: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What changes of a service: units by class, another start, its end (cancelled or closed), or the one, by its number, that
    takes its place."""

    author: str
    reason: str
    key: str
    units: Mapping[str, Any] = field(default_factory=dict)
    starts_at: datetime | None = None
    cancelled: bool = False
    closed: bool = False
    replaced_by: int | None = None

    @property
    def kind(self) -> str:
        """The word under which it stands in the log."""
        if self.replaced_by is not None:
            return "replaced"
        if self.cancelled or self.closed:
            return "cancelled" if self.cancelled else "closed"
        return "moved" if self.starts_at is not None else "changed"


def service_id(kind: str, key: str) -> int:
    """The number of a service: its kind and key give it."""
    return digest("service", kind, key)


def tell(session: Session, program: Program, told: Told, now: datetime) -> tuple[int, bool]:
    """Record a service; its number, and False where the same was told before under the key.

    Raises Refused: `unknown_service_kind`, `bad_zone`, `unknown_class`, `bad_units`, `unknown_field`, `missing_field`,
    `bad_field`, `key_reused`.
    """
    edition = edition_for(program, day_of(now, program.zone))
    kind = service_kind(edition, told.kind)
    zone = told.zone or program.zone.key
    _known_zone(zone)
    fields = read_with(service_readers(edition, kind), told.fields).kept
    units = {
        name: _units(name, number, told.key, edition.requests.services[kind].classes) for name, number in told.units.items()
    }
    number = service_id(kind, told.key)
    input_hash = digest(told.starts_at.isoformat(), zone, dumps(units), fields)
    before = session.get(Service, number)
    if before is not None and before.input_hash != input_hash:
        raise Refused("key_reused", key=told.key, source=kind)
    if before is not None:
        return number, False
    service = Service(
        service_id=number, kind=kind, key=told.key, starts_at=told.starts_at, zone=zone, fields=fields, state="open",
        look_at=told.starts_at, input_hash=input_hash, changes=0, created_at=now,
    )  # fmt: skip
    session.add(service)
    session.flush()
    session.add_all(ServiceClass(service_id=number, class_=name, units=count, taken=0) for name, count in units.items())
    details = {"starts": local(told.starts_at, zone), "zone": zone, "units": units}
    log_service(session, service, "told", details, told.author, "", now)
    session.flush()
    return number, True


def _known_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Refused("bad_zone", zone=zone) from None


def _units(name: str, number: Any, key: str, classes: Any) -> int:
    if name not in classes:
        raise Refused("unknown_class", key=key, class_=name, allowed=listed(classes), nearest=nearest(name, classes))
    text = str(number)
    if isinstance(number, bool) or not text.isdecimal() or int(text) >= 10**6:
        raise Refused("bad_units", class_=name, found=repr(number))
    return int(text)


def change(session: Session, program: Program, number: int, wanted: Change, now: datetime) -> bool:
    """Change a service; False where the key had changed it the same before.

    What was missed before is looked at first, so that a change never reaches back. Raises Refused: `unknown_service`,
    `key_reused`, `service_ended`, `unknown_class`, `bad_units`, `units_taken`.
    """
    services = lock_services(session, [one for one in (number, wanted.replaced_by) if one is not None])
    service, other = services.get(number), services.get(wanted.replaced_by or 0)
    for one, found in ((number, service), (wanted.replaced_by, other)):
        if one is not None and found is None:
            raise Refused("unknown_service", kind=Text(_("service")), key=one)
    assert service is not None
    if _changed_before(session, service, wanted.key, _hash_of(wanted)):
        return False
    for known in services.values():
        if is_due(known, now):
            clear(session, program, known, now)
    _may_change(service, wanted)
    changing = _Changing(session, program, service, wanted, now)
    changing.apply(other)
    session.flush()
    return True


def _hash_of(wanted: Change) -> int:
    starts = wanted.starts_at.isoformat() if wanted.starts_at else ""
    return digest(wanted.kind, dumps(dict(wanted.units)), starts, str(wanted.replaced_by), wanted.author, wanted.reason)


def _changed_before(session: Session, service: Service, key: str, input_hash: int) -> bool:
    mine = (ServiceChange.service_id == service.service_id, ServiceChange.key == key)
    before = session.scalar(select(ServiceChange.input_hash).where(*mine))
    if before is not None and before != input_hash:
        raise Refused("key_reused", key=key, source=service.kind)
    return before is not None


def _may_change(service: Service, wanted: Change) -> None:
    """One that is closed may be moved, and is open again; one that is cancelled may not be changed at all."""
    if service.state == "cancelled" or (service.state == "closed" and wanted.starts_at is None):
        raise Refused("service_ended", key=service.key, state=STATES[service.state])


class _Changing:
    """A change under way."""

    def __init__(self, session: Session, program: Program, service: Service, wanted: Change, now: datetime) -> None:
        self.session, self.program, self.service, self.wanted, self.now = session, program, service, wanted, now
        self.classes = classes_of(session, [service.service_id])[service.service_id]
        self.changes = Changes(session, program, wanted.author, day_of(now, program.zone), now)
        self.told = {"key": wanted.key, "input_hash": _hash_of(wanted)}

    def apply(self, other: Service | None) -> None:
        wanted = self.wanted
        if other is not None:
            self.replace(other)
        elif wanted.cancelled:
            self.end("cancelled", {}, (*OPEN, *GIVEN), Became("cancelled", "service_cancelled"))
        elif wanted.closed:
            closes = local(self.now, self.service.zone)
            self.end("closed", {}, OPEN, Became("not_cleared", "not_given", {"closes_at": closes}))
        else:
            self.figures()
        self.changes.write(wanted.reason)

    def figures(self) -> None:
        """Other units, another start."""
        service, wanted = self.service, self.wanted
        details: dict[str, Any] = {}
        if wanted.units:
            details["units"] = self.set_units()
        if wanted.starts_at is not None:
            details["starts"] = local(wanted.starts_at, service.zone)
            service.starts_at = wanted.starts_at
            service.state = "open" if wanted.starts_at > self.now else service.state
        note_look(service, self.now)
        self.log(wanted.kind, details)

    def set_units(self) -> dict[str, int]:
        edition = edition_for(self.program, day_of(self.now, self.program.zone))
        known = edition.requests.services[self.service.kind].classes
        units = {name: _units(name, number, self.service.key, known) for name, number in self.wanted.units.items()}
        for name, number in units.items():
            row = self.classes.get(name)
            if row is None:
                self.session.add(ServiceClass(service_id=self.service.service_id, class_=name, units=number, taken=0))
            elif number < row.taken:
                raise Refused("units_taken", class_=name, taken=row.taken, units=number)
            else:
                row.units = number
        return units

    def end(self, kind: str, details: Mapping[str, Any], states: tuple[str, ...], became: Became) -> None:
        """End the service, and its requests of some states."""
        for row in requests_of(self.session, [self.service.service_id], states):
            self.changes.add(row, became, decided_at=self.now, passed="", passed_details="{}")
        if kind == "closed":
            close(self.session, self.service, self.wanted.author, self.wanted.reason, self.now, **self.told)
            return
        self.service.state, self.service.look_at = "cancelled", None
        for units in self.classes.values():
            units.taken = 0
        self.log(kind, details)

    def replace(self, other: Service) -> None:
        """Requests go over to another service with their time; what was given is asked anew there."""
        if other.kind != self.service.kind:
            raise Refused("unknown_service", kind=self.service.kind, key=other.key)
        if other.state != "open" or other is self.service:
            raise Refused("service_ended", key=other.key, state=STATES[other.state])
        live = (*OPEN, *GIVEN)
        there = {(row.member_id, row.to_class): row.key for row in requests_of(self.session, [other.service_id], live)}
        offered = classes_of(self.session, [other.service_id])[other.service_id]
        known = (edition.requests.services for edition in reversed(self.program.editions))
        kind = next(services[self.service.kind] for services in known if self.service.kind in services)
        for row in requests_of(self.session, [self.service.service_id], live):
            became = _over(row, there.get((row.member_id, row.to_class)), list(offered), kind)
            over = became.state == "pending"
            number, decided = (other.service_id, None) if over else (row.service_id, self.now)
            self.changes.add(row, became, passed="", passed_details="{}", decided_at=decided, service_id=number)
        note_look(other, self.now)
        self.end("replaced", {"by": other.key}, (), Became("cancelled", "service_cancelled"))

    def log(self, kind: str, details: Mapping[str, Any]) -> None:
        log_service(self.session, self.service, kind, details, self.wanted.author, self.wanted.reason, self.now, **self.told)


def _over(row: Any, asked: str | None, offered: list[str], kind: ServiceKind) -> Became:
    """What becomes of a request whose service is replaced: it goes over, unless the same is asked there already."""
    if asked is not None:
        return Became("cancelled", "asked_already", {"key": asked})
    if row.to_class not in offered:
        from_class, to_class, *allowed = (
            Named(name, kind.classes.get(name)) for name in (row.from_class, row.to_class, *offered)
        )
        return Became("cancelled", "class_not_offered", {"from_class": from_class, "to_class": to_class, "allowed": allowed})
    return Became("pending", "replaced")


def note_cleared(session: Session, service: Service, stated: Change, looked: Looked, now: datetime) -> None:
    """Note in a service's log that staff had its queues cleared, under the key that `stated` has."""
    details = {"given": looked.given, "changed": looked.changed}
    told = {"key": stated.key, "input_hash": _hash_of(stated)}
    log_service(session, service, "cleared", details, stated.author, stated.reason, now, **told)
    session.flush()
