"""What a member may ask for now, what was asked, and what came of it."""

from datetime import date
from typing import Any

from flask import Blueprint, abort, render_template, request
from werkzeug.wrappers import Response

from loyalty.benefits.asked import asked_of
from loyalty.benefits.asking import Ask, ask_one, request_id
from loyalty.benefits.ending import Act, act
from loyalty.benefits.foreseeing import Way, Window, foresee, windows_for
from loyalty.benefits.locking import GIVEN, OPEN
from loyalty.benefits.places import place_of
from loyalty.benefits.tables import Request, Service
from loyalty.benefits.telling import changes_of, own_requests, services_found
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.settle import settle_services
from loyalty.web.guarding import NUMBER, limiter
from loyalty.web.portal.asked import facts_told, foreseen_told, logged_told, placed_told, request_told
from loyalty.web.portal.asking import Names, grouped, service_told, window_told
from loyalty.web.portal.forms import SOURCE, AskForm, ask_form, kept, left_of, sent
from loyalty.web.site import back, form, fresh_key, here, tell

pages = Blueprint("requests", __name__)

Page = str | tuple[str, int] | Response
#: So many requests that have ended are shown.
PAST = 20


@pages.before_request
def asked_for() -> None:
    """A program of which nothing may be asked has no such pages."""
    if not here().edition.requests.requests:
        abort(404)


def _names() -> Names:
    site = here()
    return Names(site.program, site.edition, site.language)


# --- all of them, and the search --------------------------------------------------------------------------------


@pages.get("/requests")
def requests() -> str:
    """The member's requests, and services to ask of, found by key and day."""
    site, names = here(), _names()
    told = [request_told(names, row, site.now) for row in own_requests(site.reading, site.viewer.member_id)]
    ahead = [one for one in told if one.service.starts_at > site.now]
    past = [one for one in told if one.service.starts_at <= site.now][-PAST:]
    key, on = request.args.get("key", "").strip()[:100], request.args.get("on", "")[:10]
    return render_template("requests.html", open=[one for one in ahead if one.is_open or one.is_given],
                           ended=[*[one for one in ahead if not (one.is_open or one.is_given)], *reversed(past)],
                           found=_found(names, key, _day(on)), key=key, on=on, kinds=_kinds(names))  # fmt: skip


def _kinds(names: Names) -> list[str]:
    return [names.service(name) for name in dict.fromkeys(kind.service for kind in here().edition.requests.requests)]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _found(names: Names, key: str, on: date | None) -> dict[str, Any] | None:
    """The services that are looked for, each with the member's windows; none where nothing is looked for."""
    site = here()
    if not key and on is None:
        return None
    kinds = [kind.service for kind in site.edition.requests.requests]
    services, more = services_found(site.reading, kinds, key, on, site.now)
    windows = windows_for(site.reading, site.program, site.account, services, site.now)
    return {"more": more, "services": [
        (service_told(names, one.service_id, one),
         grouped([window_told(names, one, window, site.now, None, False) for window in windows[one.service_id]], site.language))
        for one in services
    ]}  # fmt: skip


# --- a service --------------------------------------------------------------------------------------------------


def _service(number: int) -> Service:
    service = here().reading.get(Service, number)
    known = {kind.service for kind in here().edition.requests.requests}
    return service if service is not None and service.kind in known else abort(404)


def _windows(service: Service) -> list[Window]:
    site = here()
    return windows_for(site.reading, site.program, site.account, [service], site.now)[service.service_id]


@pages.get(f"/requests/services/<{NUMBER}:number>")
def service_(number: int) -> str:
    """All that may be asked of a service, with the member's windows and requests."""
    site, names = here(), _names()
    service = _service(number)
    left = left_of(site, service)
    mine = [row for row in own_requests(site.reading, site.viewer.member_id) if row.service_id == number]
    own = {row.to_class: row.request_id for row in mine if row.state in (*OPEN, *GIVEN)}
    offered = {name: {*left} & {*asked.instruments} for name, asked in asked_of(site.edition).items()}
    told = [window_told(names, service, one, site.now, own.get(one.way.to_class), bool(offered[one.way.kind]))
            for one in _windows(service)]  # fmt: skip
    return render_template("service.html", service=service_told(names, number, service), windows=told,
                           mine=[request_told(names, row, site.now) for row in mine])  # fmt: skip


# --- asking -----------------------------------------------------------------------------------------------------


@pages.get(f"/requests/services/<{NUMBER}:number>/ask")
def ask(number: int) -> str:
    """The form to ask for one thing of a service."""
    service = _service(number)
    return _form(service, _asks(service, request.args), {"key": fresh_key()})


@pages.post(f"/requests/services/<{NUMBER}:number>/ask")
@limiter.limit("120 per hour")
def ask_it(number: int) -> Page:
    """Look at what would come of a request, or make it."""
    site, service = here(), _service(number)
    asks = _asks(service, request.form)
    given = kept(request.form)
    try:
        wanted = sent(service, asks, f"member {site.viewer.number}")
        if not wanted.key:
            abort(400)
        if form("step") == "ask" and _known(wanted):
            return _make(wanted)
        foreseen = foresee(site.reading, site.program, site.account, wanted, site.now)
        if form("step") == "ask" and foreseen.became.state != "refused":
            return _make(wanted)
    except Refused as error:
        if error.code in ("key_reused", "unknown_service"):
            raise
        return _form(
            service, asks, given, ("bad", site.language.say(_("This cannot be asked so.")), refusal_told(error, site.language))
        ), 422
    verdict = foreseen_told(_names(), foreseen.became, foreseen.judged.opens_at, site.now)
    page = _form(service, asks, given, verdict)
    return (page, 422) if foreseen.became.state == "refused" else page


def _asks(service: Service, given: Any) -> AskForm:
    """The form for what is meant by a kind of request and two classes; 404 where there is no such thing to ask."""
    site = here()
    way = Way(given.get("kind", ""), given.get("from", ""), given.get("to", ""))
    window = next((one for one in _windows(service) if one.way == way), None) or abort(404)
    return ask_form(site, _names(), service, window, left_of(site, service))


def _form(service: Service, asks: AskForm, given: dict[str, str], verdict: tuple[str, str, str] | None = None) -> str:
    site, names = here(), _names()
    window = next(one for one in _windows(service) if one.way == asks.way)
    told = window_told(names, service, window, site.now, None, bool(asks.instruments))
    kind = names.kinds[asks.way.kind]
    return render_template("ask.html", service=service_told(names, service.service_id, service), form=asks, window=told,
                           sentence=site.language.own(kind.sentence) if kind.sentence else "", given=given,
                           verdict=verdict)  # fmt: skip


def _known(wanted: Ask) -> bool:
    """Whether something was asked under the key before."""
    site = here()
    return site.reading.get(Request, (site.viewer.member_id, request_id(SOURCE, wanted.key))) is not None


def _make(wanted: Ask) -> Response:
    site = here()
    with site.writing() as session:
        answer = ask_one(session, site.program, site.locked(session), wanted, site.now)
        fresh = [] if answer.repeated else [answer.id]
        settle_services(session, site.program, [answer.service_id], site.now, fresh)
    return back("requests.request_", site.language.say(_("Your request is recorded.")), number=answer.id[1])


# --- a request --------------------------------------------------------------------------------------------------


def _own(number: int) -> Any:
    rows = own_requests(here().reading, here().viewer.member_id, number)
    return rows[0] if rows else abort(404)


@pages.get(f"/requests/<{NUMBER}:number>")
def request_(number: int) -> str:
    """How a request stands: its place in the queue and why, what became of it when."""
    site, names, row = here(), _names(), _own(number)
    service = site.reading.get(Service, row.service_id) or abort(404)
    place = place_of(site.reading, site.program, service, row, site.now) if row.state == "waitlisted" else None
    log = changes_of(site.reading, row.member_id, row.request_id)
    return render_template("request.html", one=request_told(names, row, site.now), facts=facts_told(names, row), place=place,
                           log=[logged_told(names, one, row.service_zone) for one in log], may_end=_may_end(row),
                           before=placed_told(names, site.edition, row.kind, place) if place else [],
                           queue=site.language.own(place.queue.name) if place else "")  # fmt: skip


def _may_end(row: Any) -> bool:
    return row.state in (*OPEN, *GIVEN) and row.service_state == "open" and row.service_starts_at > here().now


@pages.get(f"/requests/<{NUMBER}:number>/withdraw")
def withdraw(number: int) -> str:
    """Asks whether a request is to be withdrawn."""
    row = _own(number)
    if not _may_end(row):
        abort(404)
    return render_template("withdraw.html", one=request_told(_names(), row, here().now))


@pages.post(f"/requests/<{NUMBER}:number>/withdraw")
def withdraw_it(number: int) -> Page:
    """Withdraw a request; what it was given is free again."""
    site, row = here(), _own(number)
    wanted = Act("withdraw", row.source, row.key, f"member {site.viewer.number}")
    try:
        with site.writing() as session:
            service, _fresh = act(session, site.program, site.locked(session), wanted, site.now)
            settle_services(session, site.program, [service], site.now)
    except Refused as error:
        tell(refusal_told(error, site.language), "refused")
        return back("requests.request_", number=number)
    return back("requests.request_", site.language.say(_("Your request is withdrawn.")), number=number)
