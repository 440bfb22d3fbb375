"""Services, windows and requests as their pages need them: names and instants in words of the member's language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.benefits.foreseeing import Way, Window
from loyalty.benefits.reasons import sentence
from loyalty.benefits.tables import Service
from loyalty.i18n import Language, _
from loyalty.program.asking import RequestKind, ServiceKind
from loyalty.program.labels import Label, Labels, field_labels
from loyalty.program.load import Edition, Program

#: What a window is called, and how it is lit.
WINDOWS = {
    "open": (_("open"), "good"),
    "later": (_("opens in {span}"), ""),
    "early": (_("may be asked in {span}"), ""),
    "never": (_("no time is set for your tier"), ""),
    "no_right": (_("not with your tier"), ""),
    "over": (_("requests have ended"), "bad"),
}
#: What the states of services are called, where that says something.
SERVICES = {"open": "", "closed": _("closed"), "cancelled": _("cancelled")}


def span_told(span: timedelta, language: Language) -> str:
    """A time that is left, in its two largest parts: 2 days 3 hours; a minute for less."""
    minutes = max(int(span.total_seconds() // 60), 1)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [
        language.many(days, "{count} day", "{count} days") if days else "",
        language.many(hours, "{count} hour", "{count} hours") if hours else "",
        language.many(rest, "{count} minute", "{count} minutes") if rest and not days else "",
    ]
    one, *others = [part for part in parts if part]
    return language.say(_("{larger} {smaller}"), larger=one, smaller=others[0]) if others else one


class Names:
    """What a program's services, requests and classes are called in a language, those of former editions among them."""

    def __init__(self, program: Program, edition: Edition, language: Language) -> None:
        self.language = language
        editions = [*program.editions, edition]
        self.kinds: dict[str, RequestKind] = {kind.id: kind for one in editions for kind in one.requests.requests}
        self.services: dict[str, ServiceKind] = {name: kind for one in editions for name, kind in one.requests.services.items()}
        self._instruments = {one.id: one.name for edition in editions for one in edition.benefits.instruments}

    def kind(self, name: str) -> str:
        """What a kind of request is called."""
        return self.language.own(self.kinds[name].name) if name in self.kinds else name.replace("_", " ")

    def service(self, name: str) -> str:
        """What a kind of service is called."""
        return self.language.own(self.services[name].name) if name in self.services else name.replace("_", " ")

    def class_(self, service: str, name: str) -> str:
        """What a class of a kind of service is called."""
        classes = self.services[service].classes if service in self.services else {}
        return self.language.own(classes[name]) if name in classes else name

    def instrument(self, name: str) -> str:
        """What an instrument is called."""
        return self.language.own(self._instruments[name]) if name in self._instruments else name.replace("_", " ")

    def fields(self, kind: str) -> Labels:
        """What the fields of a kind of request, and their values, are called."""
        return field_labels(self.kinds[kind].fields, self.language) if kind in self.kinds else {}

    def reason(self, code: str, details: str | Mapping[str, Any]) -> str:
        """The sentence of a reason."""
        return sentence(code, details, self.language)


def field_told(labels: Labels, name: str, value: Any) -> tuple[str, str]:
    """A field that was told: what it is called, and its value."""
    known = labels.get(name, Label(name.replace("_", " ")))
    return known.name, known.values.get(str(value), str(value))


# --- services and windows ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ServiceTold:
    """A service as members see it: no units, only what it is and when."""

    number: int
    kind: str
    key: str
    starts: str
    starts_at: datetime
    state: str
    fields: tuple[tuple[str, str], ...]


def service_told(names: Names, number: int, row: Any, prefix: str = "") -> ServiceTold:
    """A service, by a row whose columns begin with a prefix."""
    kind, key, zone, starts_at, state, fields = (
        getattr(row, prefix + name) for name in ("kind", "key", "zone", "starts_at", "state", "fields")
    )
    values = json.loads(fields)
    order = names.services[kind].fields if kind in names.services else {}
    labels = field_labels(order, names.language)
    told = tuple(field_told(labels, name, values[name]) for name in order or values if name in values)
    language = names.language
    starts, said = language.instant(starts_at, ZoneInfo(zone)), language.say(SERVICES[state])
    return ServiceTold(number, names.service(kind), key, starts, starts_at, said, told)


@dataclass(frozen=True)
class WindowTold:
    """One thing that may be asked of a service, with the member's window in words. `own` is the number of a request of the
    member that asks it already; `by_instrument` whether an instrument is needed."""

    way: Way
    name: str
    change: str
    lit: str
    words: str
    exact: str
    own: int | None
    may: bool
    by_instrument: bool


def window_told(
    names: Names, service: Service, window: Window, now: datetime, own: int | None, instruments: bool
) -> WindowTold:
    """A window; `instruments` is whether the member holds one with which this may be asked."""
    language, zone = names.language, ZoneInfo(service.zone)
    text, lit = WINDOWS[window.state]
    span = span_told(window.opens_at - now, language) if window.opens_at is not None and window.opens_at > now else ""
    by_instrument = window.state == "no_right" and instruments
    may = own is None and (window.state in ("open", "later", "never") or by_instrument)
    return WindowTold(
        window.way, names.kind(window.way.kind), change_told(names, service.kind, window.way), lit,
        language.say(text, span=span), _exact(window, language, zone), own, may, by_instrument,
    )  # fmt: skip


def _exact(window: Window, language: Language, zone: ZoneInfo) -> str:
    if window.state == "open":
        return language.say(_("until {instant}"), instant=language.instant(window.closes_at, zone))
    if window.state in ("later", "early") and window.opens_at is not None:
        return language.say(_("from {instant}"), instant=language.instant(window.opens_at, zone))
    return ""


def change_told(names: Names, service: str, way: Any) -> str:
    """From which class to which: `Economy to Business`."""
    booked, wanted = names.class_(service, way.from_class), names.class_(service, way.to_class)
    return names.language.say(_("{from_class} to {to_class}"), from_class=booked, to_class=wanted)


def grouped(windows: Sequence[WindowTold], language: Language) -> list[tuple[str, WindowTold]]:
    """Windows that are the same told once, with what is asked: the name alone where all of a kind are the same."""
    found: dict[tuple[str, str, str], list[WindowTold]] = {}
    for one in windows:
        found.setdefault((one.name, one.words, one.exact), []).append(one)
    names = [key[0] for key in found]
    return [
        (name if names.count(name) == 1 else language.listed([one.change for one in same]), same[0])
        for (name, _words, _exact), same in found.items()
    ]
