"""The form with which a member asks: what it holds for a way to ask, and what was sent of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from loyalty.benefits.asked import asked_of
from loyalty.benefits.asking import Ask, Companion
from loyalty.benefits.foreseeing import Way, Window
from loyalty.benefits.instruments import valid_day
from loyalty.benefits.locking import service_day
from loyalty.benefits.queries import rights
from loyalty.benefits.tables import Service
from loyalty.errors import Refused
from loyalty.i18n import _
from loyalty.program.asking import RequestKind
from loyalty.program.labels import Label
from loyalty.program.load import Edition
from loyalty.program.models import ActivityField
from loyalty.web.portal.asking import Names
from loyalty.web.site import Site, form

#: The source under whose name requests of members are kept.
SOURCE = "portal"
#: At most so many companions fit into a form.
MOST = 8


@dataclass(frozen=True)
class Field:
    """A field of a form: what it is called, how it is typed in, its only values."""

    name: str
    label: str
    type: str
    options: Mapping[str, str]
    required: bool


@dataclass(frozen=True)
class AskForm:
    """All that may be told with a request: its own fields, companions, instruments with how many are left, and the day of
    booking where a benefit asks for it. `bare` where it may be asked without an instrument."""

    way: Way
    fields: tuple[Field, ...]
    companions: int
    instruments: tuple[tuple[str, str, int], ...]
    bare: bool
    booked: bool


def ask_form(site: Site, names: Names, service: Service, window: Window, left: Mapping[str, int]) -> AskForm:
    """The form for one way to ask of a service; `left` is how many of each instrument the member may take for it."""
    kind = asked_of(site.edition)[window.way.kind].kind
    labels = names.fields(kind.id)
    fields = tuple(_field(site, name, about, labels[name]) for name, about in kind.fields.items())
    held = tuple((name, names.instrument(name), count) for name, count in left.items() if name in _offered(kind))
    may = min(window.companions, MOST)
    return AskForm(window.way, fields, may, held, window.state != "no_right", _needs_booking(site.edition, kind))


def left_of(site: Site, service: Service) -> dict[str, int]:
    """How many of each instrument the member may take for a service, those of which there are any."""
    program, today, account = site.program, site.today, site.account
    mine = rights(site.reading, program, [account], today)[account.member_id]
    on = service_day(service)
    whats = dict.fromkeys(name for kind in site.edition.requests.requests for name in _offered(kind))
    counts = {name: mine.total(name, valid_day(program, name, on, today).toordinal()) for name in whats}
    return {name: count for name, count in counts.items() if count}


def _offered(kind: RequestKind) -> list[str]:
    return list(dict.fromkeys(use.instrument for use in kind.instruments))


def _needs_booking(edition: Edition, kind: RequestKind) -> bool:
    asked = [kind.benefit, kind.window, *([kind.companions] if kind.companions else [])]
    asked += [kind.at_once.benefit] if kind.at_once else []
    return any(edition.chart.benefits[name].as_of != "use" for name in asked)


def _field(site: Site, name: str, about: ActivityField, label: Label) -> Field:
    language = site.language
    options = {value: label.values.get(value, value) for value in about.one_of or ()}
    if about.type == "flag":
        options = {"true": language.say(_("yes")), "false": language.say(_("no"))}
    if options:
        options = {"": language.say(_("please choose")) if not about.optional else language.say(_("not told")), **options}
    return Field(name, label.name, "date" if about.type == "day" else "text", options, not about.optional)


def sent(service: Service, asks: AskForm, author: str) -> Ask:
    """What was sent of a form. Raises Refused: `bad_field`."""
    fields = {field.name: told for field in asks.fields if (told := form(f"field-{field.name}", 200))}
    people = [_companion(n) for n in range(asks.companions)]
    return Ask(
        service.key, asks.way.from_class, asks.way.to_class, SOURCE, form("key", 100), author, asks.way.kind,
        tuple(one for one in people if one is not None), fields, form("instrument", 40) or None, _booked(),
    )  # fmt: skip


def _companion(n: int) -> Companion | None:
    name, number = form(f"name-{n}", 200), form(f"number-{n}", 40)
    return Companion(name, number or None) if name or number else None


def _booked() -> date | None:
    text = form("booked_on", 10)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused("bad_field", field="booked_on", found=text, allowed="YYYY-MM-DD", nearest="") from None


def kept(given: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, to be shown again."""
    return {name: str(value) for name, value in given.items() if name not in ("csrf_token", "step")}
