"""What an act changes, in words: each value that differs, as it was and as it is."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.benefits.reasons import STATES as SERVICE_STATES
from loyalty.desk.effect import State
from loyalty.desk.performing import Done
from loyalty.i18n import Language, _
from loyalty.program.load import Edition
from loyalty.status.words import tier_name
from loyalty.web.portal.asked import STATES
from loyalty.web.portal.labels import value_of
from loyalty.web.portal.telling import unit_name
from loyalty.web.site import Site
from loyalty.web.speaking import named
from loyalty.web.staff.file_told import fact_named

#: What the parts of a member's state are called.
PARTS = {
    "status": _("status"), "counters": _("counter"), "balances": _("balance"), "benefits": _("benefit"),
    "choices": _("choice"), "companions": _("companion"), "requests": _("request"), "profile": _("profile"),
    "member": _("membership"), "attributes": _("attribute"), "messages": _("messages"), "notes": _("notes"),
    "services": _("service"), "units": _("units"), "queue": _("request of another"),
    "file": _("customer file"), "contacts": _("key contact"), "competitors": _("other program"), "cases": _("case"),
}  # fmt: skip
#: What is inside them.
INSIDE = {
    "tier": _("tier"), "through": _("last day"), "source": _("source"), "left": _("remaining"), "name": _("name"),
    "until": _("until"), "ended_on": _("ended on"), "state": _("state"), "skipped": _("passed over because"),
    "email": _("e-mail address"), "phone": _("phone"), "language": _("language"), "left_on": _("left on"),
    "frozen": _("frozen"), "count": _("how many"), "waiting": _("waiting"), "sending": _("sending"), "sent": _("sent"),
    "failed": _("failed"), "dropped": _("dropped"), "units": _("units"), "taken": _("given"), "starts": _("start"),
    "manager": _("account manager"), "reviewed": _("last reviewed"),
    "reviewed_by": _("reviewed by"), "relation": _("relation"), "note": _("note"), "program": _("program"),
    "their_tier": _("tier there"), "share": _("share of wallet, percent"), "known_by": _("known from"), "as_of": _("as of"),
    "open": _("open"), "answered": _("answered"), "closed": _("closed"),
}  # fmt: skip
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
Leaf = tuple[tuple[str, ...], Any]


def effect_told(site: Site, before: State, after: State) -> list[dict[str, str]]:
    """Every value that differs: the part, what of it, before and after; nothing where it was or is not there."""
    was, now = dict(_leaves(before)), dict(_leaves(after))
    return [
        {"part": site.language.say(PARTS.get(way[0], way[0])), "what": _what(site, way),
         "before": _value(site, way, was.get(way)), "after": _value(site, way, now.get(way))}
        for way in dict.fromkeys([*was, *now])
    ]  # fmt: skip


def preview_told(site: Site, done: Done) -> list[dict[str, str]]:
    """What an act would change: of the member, then of others."""
    return effect_told(site, done.before, done.after) + effect_told(site, *done.beside)


def _leaves(state: Any, way: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """The values of a state, each with the names that lead to it."""
    if not isinstance(state, dict):
        yield way, state
        return
    for name, inner in state.items():
        yield from _leaves(inner, (*way, name))


def _what(site: Site, way: tuple[str, ...]) -> str:
    return " ".join(filter(None, (_named(site, way[0], name) for name in way[1:])))


def _named(site: Site, part: str, name: str) -> str:
    if part in ("counters", "balances"):
        return unit_name(site.program, name, site.language)
    if _DAY.fullmatch(name):
        return site.language.day(date.fromisoformat(name))
    if part == "units" and name not in INSIDE:
        return class_named(site, name)
    if part == "benefits" and name not in INSIDE:
        what, _space, number = name.partition(" ")
        return f"{benefit_named(site, what)} {number}"
    if part == "file" and name in site.program.file.customer_file.fields:
        return fact_named(site.program, name, site.language)
    # the number of a contact tells nobody anything
    return "" if part in ("contacts", "competitors") and name not in INSIDE else site.language.say(INSIDE.get(name, name))


def class_named(site: Site, name: str) -> str:
    """A class of a service, whose key may stand before it."""
    key, space, class_ = name.rpartition(" ")
    kinds = [kind for edition in reversed(site.program.editions) for kind in edition.requests.services.values()]
    told = next((site.language.own(kind.classes[class_]) for kind in kinds if class_ in kind.classes), class_)
    return f"{key}{space}{told}"


def value_named(site: Site, part: str, name: str) -> str:
    """What a value of a part that is summed is called: a unit, or a benefit."""
    return benefit_named(site, name) if part == "benefits" else _named(site, part, name)


def benefits_named(edition: Edition, language: Language) -> dict[str, str]:
    """What instruments and benefits of an edition are called, by id."""
    instruments = {one.id: language.own(one.name) for one in edition.benefits.instruments}
    return {**{one.id: language.own(one.name) for one in edition.benefits.benefits}, **instruments}


def benefit_named(site: Site, what: str) -> str:
    """What an instrument or a benefit is called, by the newest edition that has it; else its id."""
    named = (benefits_named(edition, site.language) for edition in reversed(site.program.editions))
    return next((names[what] for names in named if what in names), what.replace("_", " "))


def _value(site: Site, way: tuple[str, ...], value: Any) -> str:
    if value is None:
        return ""
    if way[-1] in ("tier", "language"):
        tier = way[-1] == "tier"
        return tier_name(site.program, value, site.language.code) if tier else named([value], site.language)[value]
    if way[0] in ("requests", "queue") and value in STATES:
        return site.language.say(STATES[value][0])
    if way[0] in ("services", "file"):
        return (_service if way[0] == "services" else _of_file)(site, way[-1], value)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value and isinstance(value[0], dict) else site.language.listed(value)
    return _plain(site, way[0], value)


def _service(site: Site, name: str, value: str) -> str:
    """A state of a service, or its start by the program's clock."""
    if name == "starts":
        return site.language.instant(datetime.fromisoformat(value), site.program.zone)
    return site.language.told(SERVICE_STATES[value])


def _of_file(site: Site, name: str, value: Any) -> str:
    known = site.program.file.customer_file.fields
    if name in known:
        return value_of(known[name], value, site.language)
    return site.language.instant(datetime.fromisoformat(value), site.program.zone) if name == "reviewed" else str(value)


def _plain(site: Site, part: str, value: Any) -> str:
    if isinstance(value, str) and part in ("counters", "balances"):
        try:
            return site.language.number(Decimal(value))
        except InvalidOperation:
            return value
    if part == "cases":
        return site.language.say(INSIDE.get(value, value))
    if isinstance(value, str) and part != "profile" and _DAY.fullmatch(value):
        return site.language.day(date.fromisoformat(value))
    return site.language.told(value)
