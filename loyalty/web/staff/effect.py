"""What an act changes, in words: each value that differs, as it was and as it is."""

import json
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from loyalty.desk.effect import State
from loyalty.i18n import Language, _
from loyalty.program.load import Edition
from loyalty.status.words import tier_name
from loyalty.web.portal.asked import STATES
from loyalty.web.portal.telling import unit_name
from loyalty.web.site import Site

#: What the parts of a member's state are called.
PARTS = {
    "status": _("status"), "counters": _("counter"), "balances": _("balance"), "benefits": _("benefit"),
    "choices": _("choice"), "companions": _("companion"), "requests": _("request"), "profile": _("profile"),
    "member": _("membership"), "attributes": _("attribute"), "messages": _("messages"), "notes": _("notes"),
}  # fmt: skip
#: What is inside them.
INSIDE = {
    "tier": _("tier"), "through": _("last day"), "source": _("source"), "left": _("remaining"), "name": _("name"),
    "until": _("until"), "ended_on": _("ended on"), "state": _("state"), "skipped": _("passed over because"),
    "email": _("e-mail address"), "phone": _("phone"), "language": _("language"), "left_on": _("left on"),
    "frozen": _("frozen"), "count": _("how many"), "waiting": _("waiting"), "sending": _("sending"), "sent": _("sent"),
    "failed": _("failed"), "dropped": _("dropped"),
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


def _leaves(state: Any, way: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """The values of a state, each with the names that lead to it."""
    if not isinstance(state, dict):
        yield way, state
        return
    for name, inner in state.items():
        yield from _leaves(inner, (*way, name))


def _what(site: Site, way: tuple[str, ...]) -> str:
    return " ".join(_named(site, way[0], name) for name in way[1:])


def _named(site: Site, part: str, name: str) -> str:
    if part in ("counters", "balances"):
        return unit_name(site.program, name, site.language)
    if _DAY.fullmatch(name):
        return site.language.day(date.fromisoformat(name))
    if part == "benefits" and name not in INSIDE:
        what, _space, number = name.partition(" ")
        return f"{_benefit(site, what)} {number}"
    return site.language.say(INSIDE.get(name, name))


def value_named(site: Site, part: str, name: str) -> str:
    """What a value of a part that is summed is called: a unit, or a benefit."""
    return _benefit(site, name) if part == "benefits" else _named(site, part, name)


def benefits_named(edition: Edition, language: Language) -> dict[str, str]:
    """What instruments and benefits of an edition are called, by id."""
    instruments = {one.id: language.own(one.name) for one in edition.benefits.instruments}
    return {**{one.id: language.own(one.name) for one in edition.benefits.benefits}, **instruments}


def _benefit(site: Site, what: str) -> str:
    named = (benefits_named(edition, site.language) for edition in reversed(site.program.editions))
    return next((names[what] for names in named if what in names), what.replace("_", " "))


def _value(site: Site, way: tuple[str, ...], value: Any) -> str:
    if value is None:
        return ""
    if way[-1] == "tier":
        return tier_name(site.program, value, site.language.code)
    if way[0] == "requests" and value in STATES:
        return site.language.say(STATES[value][0])
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False) if value and isinstance(value[0], dict) else site.language.listed(value)
    return _plain(site, way[0], value)


def _plain(site: Site, part: str, value: Any) -> str:
    if isinstance(value, str) and part in ("counters", "balances"):
        try:
            return site.language.number(Decimal(value))
        except InvalidOperation:
            return value
    if isinstance(value, str) and part != "profile" and _DAY.fullmatch(value):
        return site.language.day(date.fromisoformat(value))
    return site.language.told(value)
