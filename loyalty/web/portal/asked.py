"""Requests as their pages need them: what was asked, how it stands and why, who stands before, what happened when."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.benefits.changes import Became
from loyalty.benefits.locking import GIVEN, OPEN
from loyalty.benefits.places import By, Place, before_told
from loyalty.i18n import _
from loyalty.program.load import Edition
from loyalty.web.portal.asking import Names, ServiceTold, change_told, field_told, service_told, span_told

#: What the states of requests are called, and how they are lit.
STATES = {
    "refused": (_("refused"), "bad"),
    "pending": (_("waits for its window"), ""),
    "waitlisted": (_("in the queue"), ""),
    "confirmed": (_("confirmed"), "good"),
    "cleared": (_("confirmed from the queue"), "good"),
    "not_cleared": (_("not given"), "bad"),
    "cancelled": (_("cancelled"), "bad"),
}


@dataclass(frozen=True)
class RequestTold:
    """A member's request: its service, how it stands, when its window opens, why."""

    number: int
    name: str
    change: str
    service: ServiceTold
    state: str
    words: str
    lit: str
    opens: str
    why: str
    size: int
    is_open: bool
    is_given: bool


def request_told(names: Names, row: Any, now: datetime) -> RequestTold:
    """A request, by a row of `own_requests`."""
    language = names.language
    words, lit = STATES[row.state]
    opens, later = "", row.opens_at is not None and row.opens_at > now
    if row.state == "pending" and later:
        opens = language.say(_("opens in {span}"), span=span_told(row.opens_at - now, language))
    return RequestTold(
        row.request_id, names.kind(row.kind), change_told(names, row.service_kind, row),
        service_told(names, row.service_id, row, "service_"), row.state, language.say(words), lit, opens,
        _why(names, row), row.size, row.state in OPEN, row.state in GIVEN,
    )  # fmt: skip


def _why(names: Names, row: Any) -> str:
    """Why a request stands as it does. How many units there are is told to nobody."""
    if row.passed in ("no_units", "too_few_units"):
        return names.language.say(_("Nothing that is free is enough for it yet."))
    code, details = (row.passed, row.passed_details) if row.passed else (row.reason, row.details)
    return names.reason(code, details)


def foreseen_told(names: Names, became: Became, opens_at: datetime | None, now: datetime) -> tuple[str, str, str]:
    """What a request would become: how it is lit, what comes of it, and why."""
    language = names.language
    why = names.reason(became.reason, became.details)
    if became.state == "refused":
        return "bad", language.say(_("This would be refused.")), why
    if became.state == "pending" and opens_at is not None and opens_at > now:
        return "", language.say(_("It would wait: its window opens in {span}."), span=span_told(opens_at - now, language)), why
    if became.state == "pending":
        return "", language.say(_("It would wait.")), why
    return (
        "good",
        language.say(_("Its window is open: it is given at once if there is room and nobody stands before it, else it waits.")),
        why,
    )


def facts_told(names: Names, row: Any) -> list[tuple[str, str]]:
    """What was told with a request, each with its name."""
    language = names.language
    people = [one.get("name") or one.get("number") for one in json.loads(row.party)]
    labels = names.fields(row.kind)
    found = [field_told(labels, name, value) for name, value in json.loads(row.fields).items()]
    if row.instrument:
        found.append((language.say(_("with")), names.instrument(row.instrument)))
    if people:
        found.append((language.say(_("companions")), language.listed(people)))
    return [*found, (language.say(_("asked")), language.instant(row.requested_at, ZoneInfo(row.service_zone)))]


def logged_told(names: Names, one: Any, zone: str) -> tuple[str, str, str]:
    """A line of a request's log: when, what it became, why."""
    language = names.language
    why = names.reason(one.reason, one.details)
    return language.instant(one.at, ZoneInfo(zone)), language.say(STATES[one.state][0]), why


def placed_told(names: Names, edition: Edition, kind: str, place: Place) -> list[str]:
    """Who stands before a request of a kind, by what sets them apart: counted, never named."""
    return [before_told(by, count, _apart(names, edition, kind, by), names.language) for by, count in place.before]


def _apart(names: Names, edition: Edition, kind: str, by: By) -> str:
    """What a counter, a field or a queue that sets requests apart is called."""
    if by.queue is not None:
        return names.language.own(by.queue.name)
    if by.key is not None and by.key.counter is not None:
        unit = edition.units.units.get(by.key.counter)
        return names.language.own(unit.name) if unit else by.key.counter
    if by.key is not None and by.key.field is not None:
        return field_told(names.fields(kind), by.key.field, "")[0]
    return ""
