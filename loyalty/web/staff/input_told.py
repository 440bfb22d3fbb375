"""What was asked for, in words: each field of an act's input by its label, its value by what it is called."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic.fields import FieldInfo

from loyalty.desk.acts import ACTS
from loyalty.desk.services import ON_SERVICES
from loyalty.i18n import _
from loyalty.program.labels import field_labels
from loyalty.program.load import Edition
from loyalty.status.words import tier_name
from loyalty.web.portal.labels import value_of
from loyalty.web.portal.telling import unit_name
from loyalty.web.site import Site
from loyalty.web.speaking import named
from loyalty.web.staff.effect import benefit_named, class_named
from loyalty.web.staff.fields import WORDS
from loyalty.web.staff.member_told import act_told, source_told
from loyalty.web.staff.service_acting import WAYS

#: What the input of an act for many holds.
BULK = {"bulk": _("Number of the file"), "act": _("Act"), "rows": _("Rows"), "largest": _("Size of the largest row")}


def input_told(site: Site, act: str, raw: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The label and the value of each field; what an act of a time to come holds, by its names."""
    shape = _shape(act)
    found: list[tuple[str, str]] = []
    for name, value in raw.items():
        if isinstance(value, Mapping):
            found += _pairs(site, act, raw, value)
            continue
        label = str(shape[name].title) if name in shape else BULK.get(name, name.replace("_", " "))
        found.append((site.language.say(label), _value(site, act, name, value)))
    return found


def _shape(act: str) -> Mapping[str, FieldInfo]:
    """The fields of what an act takes; none of an act for many, whose input is ours alone."""
    shape = ACTS[act].shape if act in ACTS else ON_SERVICES.get(act)
    return shape.model_fields if shape is not None else {}


def _pairs(site: Site, act: str, raw: Mapping[str, Any], pairs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The fields of an activity, the member's attributes, facts of the customer file, or units of a service by class."""
    if act in ON_SERVICES:
        units = site.language.say(str(_shape(act)["units"].title))
        return [(f"{units} {class_named(site, one)}", site.language.told(value)) for one, value in pairs.items()]
    file, kind = site.program.file, _kind(site, str(raw.get("kind")))
    of_activity: Mapping[str, Any] = kind.fields if kind else {}
    others: Mapping[str, Any] = file.members.attributes if act == "member.attributes" else file.customer_file.fields
    known = of_activity if act.startswith("activity.") else others
    labels = field_labels(known, site.language)
    return [
        (labels[one].name, value_of(known[one], value, site.language, site.program.file.money)) if one in known
        else (one.replace("_", " "), str(value))
        for one, value in pairs.items()
    ]  # fmt: skip


def _kind(site: Site, kind: str) -> Any:
    editions: list[Edition] = [*reversed(site.program.editions)]
    return next((one.activities.activities[kind] for one in editions if kind in one.activities.activities), None)


def _value(site: Site, act: str, name: str, value: Any) -> str:
    text, language = str(value), site.language
    told: Mapping[str, Callable[[], str]] = {
        "tier": lambda: tier_name(site.program, text, language.code) if text in site.program.tiers else text,
        "unit": lambda: unit_name(site.program, text, language),
        "what": lambda: benefit_named(site, text),
        "language": lambda: named([text], language)[text],
        "source": lambda: source_told(text, language),
        "act": lambda: act_told(site, text),
        "kind": lambda: _kind_told(site, act, text),
        "how": lambda: language.say(WAYS.get(text, text)),
    }
    return told[name]() if name in told and value else _plain(site, act, name, value)


def _kind_told(site: Site, act: str, kind: str) -> str:
    """The kind of an activity, of a service, or of a grant."""
    services = {name: one for edition in site.program.editions for name, one in edition.requests.services.items()}
    found = services.get(kind) if act in ON_SERVICES else _kind(site, kind) if act.startswith("activity.") else None
    return site.language.own(found.name) if found else site.language.say(WORDS.get(kind, kind))


def _plain(site: Site, act: str, name: str, value: Any) -> str:
    """Days, amounts and counts as the language writes them, by what the act takes; anything else as it is."""
    about = _shape(act).get(name)
    if about is None or value is None or isinstance(value, list):
        return site.language.told("" if value is None else value)
    if "datetime.datetime" in str(about.annotation):
        return site.language.instant(datetime.fromisoformat(str(value)), site.program.zone)
    if "date" in str(about.annotation):
        return site.language.day(date.fromisoformat(str(value)))
    return site.language.number(Decimal(str(value))) if "Decimal" in str(about.annotation) else site.language.told(value)
