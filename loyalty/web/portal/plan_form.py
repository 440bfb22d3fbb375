"""A plan as a form carries it: the trips that are in it, and the one that is being added; read, checked, and shown again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from loyalty.earning import airports
from loyalty.earning.projection import Planned
from loyalty.earning.rules import read_fields
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import Language, _
from loyalty.program.labels import field_labels
from loyalty.program.load import Edition, Program
from loyalty.program.models import ActivityField, Route

#: How many activities a plan may have, and how far ahead they may be.
MOST, YEARS = 40, 3


@dataclass
class Wrong(Exception):
    """What is wrong with a field of the form, in the member's language; `field` is on for the day, empty for the whole plan."""

    field: str
    told: str


@dataclass
class Form:
    """The form as it was sent: trips already in the plan, and the values of the one being added."""

    kind: str
    trips: list[Planned] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)


def kept(planned: Planned) -> str:
    """An activity of the plan as a hidden field keeps it."""
    return json.dumps({"kind": planned.kind, "on": planned.on.isoformat(), "fields": dict(planned.fields)}, ensure_ascii=False)


def read_kept(texts: Sequence[str], today: date) -> list[Planned]:
    """The activities that hidden fields keep; what is not as we wrote it is left out, for only a forged form has it."""
    return [one for one in (_read_one(text, today) for text in texts[:MOST]) if one is not None]


def _read_one(text: str, today: date) -> Planned | None:
    try:
        given = json.loads(text)
        on = date.fromisoformat(given["on"])
        fields = {str(name): str(value) for name, value in given["fields"].items()}
        return Planned(str(given["kind"]), on, fields, max(on, today)) if _may_be(on, today) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _may_be(on: date, today: date) -> bool:
    return today - timedelta(days=366) <= on <= today + timedelta(days=366 * YEARS)


def added(program: Program, edition: Edition, form: Form, today: date, language: Language) -> Planned:
    """The activity that is being added, its distance worked out where airports tell it. Raises Wrong for the first that is."""
    try:
        on = date.fromisoformat(form.values.get("on") or today.isoformat())
    except ValueError:
        raise Wrong("on", language.say(_("This is no day; allowed: YYYY-MM-DD."))) from None
    if not _may_be(on, today):
        raise Wrong("on", language.say(_("Allowed: up to a year back, up to {years} years ahead."), years=YEARS))
    if len(form.trips) >= MOST:
        raise Wrong("", language.say(_("A plan has at most {most} activities: take one out first."), most=MOST))
    then = program.edition_on(on) or edition
    if form.kind not in then.kinds:
        raise Wrong("on", language.say(_("There is no such activity under the rules of that day.")))
    fields = {name: form.values[name] for name in then.activities.activities[form.kind].fields if form.values.get(name)}
    _find_airports(route_of(program, form.kind), fields, language)
    form.values.update(fields)
    try:
        read_fields(then, then.kinds[form.kind], fields)
    except Refused as refused:
        raise Wrong(str(refused.fields.get("field", "")), _sentence(refused, language)) from None
    return Planned(form.kind, on, fields, max(on, today))


def _sentence(refused: Refused, language: Language) -> str:
    """What is allowed, beside the field that it is about."""
    if refused.code == "missing_field":
        return language.say(_("Please fill this in."))
    return refusal_told(refused, language)


def route_of(program: Program, kind: str) -> Route | None:
    """The way between airports that a kind of activity tells of; none without one, and where airports are not known here."""
    return next((route for route in program.file.routes if route.activity == kind), None) if airports.airports() else None


def _find_airports(route: Route | None, fields: dict[str, str], language: Language) -> None:
    """Airports by name become their codes; a distance that is left out is worked out."""
    if route is None:
        return
    for name in (route.origin, route.destination):
        if name in fields:
            fields[name] = _airport(name, fields[name], language)
    if not fields.get(route.distance) and route.origin in fields and route.destination in fields:
        try:
            fields[route.distance] = str(airports.distance(fields[route.origin], fields[route.destination], route.unit))
        except ImportError:
            return  # the member is asked for it


def _airport(name: str, text: str, language: Language) -> str:
    code = text.strip().upper()
    if code in airports.airports():
        return code
    in_brackets = code[-4:-1] if code.endswith(")") and code[-5:-4] == "(" else ""
    if in_brackets in airports.airports():
        return in_brackets
    found = airports.matching(text, 6)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Wrong(name, language.say(_("No airport is known by this; try its code, or its city.")))
    raise Wrong(name, language.say(_("Which one? {airports}"), airports=language.listed(map(airports.label, found), "or")))


# --- shown ------------------------------------------------------------------------------------------------------


def fields_told(program: Program, edition: Edition, form: Form, language: Language) -> list[dict[str, Any]]:
    """The fields of the kind that is being added, as the form shows them."""
    about = edition.activities.activities[form.kind]
    labels, route = field_labels(about.fields, language), route_of(program, form.kind)
    told = []
    for name, one in about.fields.items():
        label = labels[name]
        options = {value: label.values.get(value, value) for value in one.one_of or ()}
        options = {"": "–", **options} if options and one.optional else options
        airport = route is not None and name in (route.origin, route.destination)
        worked = route is not None and name == route.distance
        told.append({
            "name": name, "label": label.name, "type": one.type, "options": options, "airport": airport, "worked": worked,
            "required": not one.optional and not worked, "value": form.values.get(name, ""), "wrong": form.wrong.get(name, ""),
            "hint": _hint(one, airport, worked, language),
        })  # fmt: skip
    return told


def _hint(about: ActivityField, airport: bool, worked: bool, language: Language) -> str:
    if airport:
        return language.say(_("Code, city or name"))
    if worked:
        return language.say(_("Worked out from the airports where it is left out"))
    return language.say(_("At least {least}"), least=about.at_least) if about.at_least else ""


def trip_told(edition: Edition, planned: Planned, language: Language) -> dict[str, Any]:
    """An activity of the plan in a line: what it is, when, and its fields by the names of their values."""
    about = edition.activities.activities.get(planned.kind)
    labels: Mapping[str, Any] = field_labels(about.fields, language) if about is not None else {}
    parts = []
    for name, value in planned.fields.items():
        label = labels.get(name)
        told = label.values.get(value, value) if label is not None else value
        parts.append(f"{label.name if label is not None else name} {told}")
    name = language.own(about.name) if about is not None else planned.kind
    return {"name": name, "on": planned.on, "fields": " · ".join(parts), "kept": kept(planned)}
