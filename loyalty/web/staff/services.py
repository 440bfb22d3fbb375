"""The requests desk: services by departure, and one of them with its units, queues and history."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import abort, render_template, request

from loyalty.benefits.departures import Sought, departures, stocks
from loyalty.benefits.tables import Service
from loyalty.clock import instant_of, start_of, ticks
from loyalty.desk.services import CHANGE, CLEAR, lines_on_service
from loyalty.members.finding import numbers_by_id
from loyalty.program.labels import field_labels
from loyalty.web.guarding import NUMBER
from loyalty.web.portal.asking import Names
from loyalty.web.portal.labels import inputs_of
from loyalty.web.portal.paging import read_place
from loyalty.web.site import Site, here
from loyalty.web.staff.guard import may, may_ask, needs, pages
from loyalty.web.staff.member_told import lines_told
from loyalty.web.staff.services_told import (
    departure_told,
    departures_told,
    ended_told,
    history_told,
    names_of,
    queues_told,
    state_told,
)

#: Services of a page; the days that are shown where none are named.
PAGE, DAYS = 50, 7
#: The longest stretch of days that may be asked for.
LONGEST = 400
#: What a service is found by, beside its fields, which are named `field.`.
FIELDS = ("since", "until", "key", "kind", "state")
STATES = ("open", "closed", "cancelled")


def _given() -> dict[str, str]:
    """What is looked for, as it was typed."""
    wanted = [name for name in request.args if name in FIELDS or name.startswith("field.")]
    return {name: request.args[name].replace("\0", "").strip()[:100] for name in wanted}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def days_of(site: Site, given: dict[str, str]) -> tuple[date, date]:
    """The first and the last day that are asked for, by the program's clock: today and the six after, where none are."""
    first = _day(given.get("since", "")) or site.today
    last = _day(given.get("until", "")) or first + timedelta(days=DAYS - 1)
    first = max(first, date(1970, 1, 2))
    return first, max(first, min(last, first + timedelta(days=LONGEST)))


def _sought(site: Site, given: dict[str, str], names: Names) -> Sought:
    first, last = days_of(site, given)
    known = {f"field.{one['name']}" for one in _inputs(site, names)}
    fields = {name.partition(".")[2]: value for name, value in given.items() if name in known and value}
    zone = site.program.zone
    return Sought(start_of(first, zone), start_of(last + timedelta(days=1), zone), given.get("key", ""),
                  given.get("kind", ""), given.get("state", ""), fields)  # fmt: skip


def _inputs(site: Site, names: Names) -> list[dict[str, Any]]:
    """The fields of services that are texts, each once."""
    known = {name: about for kind in names.services.values() for name, about in kind.fields.items() if about.type == "text"}
    return inputs_of(known, field_labels(known, site.language), site.language)


def _place(parts: list[str]) -> tuple[datetime, int]:
    """Where a page goes on: the instant and the number of its last service."""
    at, number = parts
    return instant_of(int(at)), int(number)


def _written(one: Service) -> str:
    """The place of a service as an address has it."""
    return f"{ticks(one.starts_at)}.{one.service_id}"


@pages.get("/services")
@needs("desk.read")
def services() -> str:
    """Services by their start, a page at a time, each with its units and who waits."""
    site, given, names = here(), _given(), names_of(here())
    after = read_place(request.args.get("after", ""), _place)
    found = departures(site.reading, _sought(site, given, names), after, PAGE + 1)
    first, last = days_of(site, given)
    shown = {**given, "since": first.isoformat(), "until": last.isoformat()}
    more = {**shown, "after": _written(found[PAGE - 1])} if found[PAGE:] else None
    return render_template(
        "staff/services.html", rows=departures_told(site, names, found[:PAGE]), given=shown, more=more, first=after is None,
        kinds={name: names.service(name) for name in names.services}, inputs=_inputs(site, names),
        states={name: state_told(site, name) for name in STATES},
    )  # fmt: skip


def service_of(number: int) -> Service:
    """A service by number, to read. Ends the request with 404 where there is none."""
    return here().reading.get(Service, number) or abort(404)


@pages.get(f"/services/<{NUMBER}:number>")
@needs("desk.read")
def service(number: int) -> str:
    """One service: its units, its queues with the reason of each place, who was given and who ended, what happened."""
    site, names, one = here(), names_of(here()), service_of(number)
    only, start = request.args.get("class", ""), max(request.args.get("start", 0, type=int), 0)
    head = departure_told(site, names, one, stocks(site.reading, [number])[number])
    if only and only not in {known.id for known in head.classes}:
        abort(404)
    return render_template(
        "staff/service.html", number=number, head=head, only=only, queues=queues_told(site, names, one, only, start),
        ended=ended_told(site, names, one), history=history_told(site, names, one), zone=site.program.zone.key,
        lines=_lines(site, number) if may("audit.read") else None, is_open=one.state == "open", state=one.state,
        changes=may_ask(CHANGE), clears=may_ask(CLEAR),
        acts={act: may_ask(act) for act in ("request.skip", "request.unskip", "request.cancel", "request.give_back")},
    )  # fmt: skip


def _lines(site: Site, number: int) -> list[dict[str, Any]]:
    """The last lines of the audit log on a service and its requests."""
    rows: Any = lines_on_service(site.reading, number, PAGE)
    return lines_told(site, rows, numbers_by_id(site.reading, (row.member_id for row in rows)))
