"""Acts on a service: the form, what it would come to for every request before it is done, and the doing, once for each form."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON
from loyalty.benefits.departures import stocks
from loyalty.benefits.locking import GIVEN
from loyalty.benefits.tables import Service
from loyalty.desk.approvals import not_allowed, submit_on_service
from loyalty.desk.performing import Sent
from loyalty.desk.services import CHANGE, CLEAR, ServiceDone, preview_on_service, size_on_service
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.web.failing import STATUS
from loyalty.web.guarding import NUMBER
from loyalty.web.portal.asked import STATES
from loyalty.web.portal.asking import Names
from loyalty.web.site import Site, back, form, fresh_key, here
from loyalty.web.staff.acting import Shown, outcome_told, prove
from loyalty.web.staff.effect import effect_told
from loyalty.web.staff.guard import acting, is_stale, needs, pages, worker
from loyalty.web.staff.services import service_of
from loyalty.web.staff.services_told import departure_told, names_of, read_start, why_told

Page = str | tuple[str, int] | Response
#: The ways of changing a service, and what each is called.
WAYS = {
    "units": _("Change its units"), "move": _("Move it to another start"), "close": _("Close it for requests"),
    "cancel": _("Cancel it"), "replace": _("Let another take its place"),
}  # fmt: skip
CLEARING = _("Clear its queues")
#: So many requests are told in a preview; the others are counted.
TOLD = 200


@dataclass(frozen=True)
class OnService(Shown):
    """The same of an act on a service, with what would become of its requests."""

    fates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def moved(self) -> int:
        """How many requests would change."""
        return sum(one["moved"] for one in self.fates)


@pages.get(f"/services/<{NUMBER}:number>/change")
@needs(CHANGE)
def change_service(number: int) -> Page:
    """The form to change a service in one of the ways."""
    return _form(CHANGE, number, _way(request.args.get("how", "units")))


@pages.post(f"/services/<{NUMBER}:number>/change")
@needs(CHANGE)
def change_service_sent(number: int) -> Page:
    """Tell what a change would come to, or do it."""
    return _sent(CHANGE, number, _way(form("how")))


@pages.get(f"/services/<{NUMBER}:number>/clear")
@needs(CLEAR)
def clear_service(number: int) -> Page:
    """The form to clear the queues of a service."""
    return _form(CLEAR, number, "")


@pages.post(f"/services/<{NUMBER}:number>/clear")
@needs(CLEAR)
def clear_service_sent(number: int) -> Page:
    """Tell who would get what and who not, or do it."""
    return _sent(CLEAR, number, "")


def _way(how: str) -> str:
    return how if how in WAYS else abort(404)


def _form(act: str, number: int, how: str) -> Page:
    service = service_of(number)
    if is_stale(act):
        return redirect(url_for("staff.code", after=request.full_path.rstrip("?")), 303)
    return _page(act, service, how, OnService({}, "", fresh_key()))


def _sent(act: str, number: int, how: str) -> Page:
    service, given = service_of(number), _given(how)
    typed = {name: value for name, value in given.items() if value}
    raw = {"kind": service.kind, "service": service.key, **({"how": how} if how else {}), **typed}
    sent = Sent(act, "", raw, form("reason", LONGEST_REASON), form("key", LONGEST_KEY))
    try:
        if is_stale(act):
            prove(act)
        if form("step") == "do":
            return _done(number, sent)
        return _page(act, service, how, _previewed(sent, given))
    except Refused as refusal:
        told = refusal_told(refusal, here().language)
        return _page(act, service, how, OnService(given, sent.reason, sent.key, told)), STATUS.get(refusal.code, 422)


def _given(how: str) -> dict[str, str]:
    """What was typed into the fields of a way."""
    if how == "units":
        names = [name for name in request.form if name.startswith("units.")]
        return {name: form(name, 20) for name in names}
    return {"move": {"starts": form("starts", 40)}, "replace": {"replaced_by": form("replaced_by", 200)}}.get(how, {})


def _previewed(sent: Sent, given: Mapping[str, str]) -> OnService:
    """The very act, taken back. Raises Refused as the act does."""
    site, who = here(), acting()
    judged = site.deployment.roles.may(who.roles, sent.act, size_on_service(site.reading, sent))
    if judged == "no":
        raise not_allowed(sent.act)
    site.done()
    done = preview_on_service(site.deployment.store, site.program, who.actor, sent, site.now)
    fates = fates_told(site, done)
    return OnService(given, sent.reason, sent.key, effect=service_effect(site, done), fates=fates, asks=judged == "ask")


def _done(number: int, sent: Sent) -> Response:
    site = here()
    with site.writing() as session:
        done = submit_on_service(session, site.program, site.deployment.roles, acting(), sent, site.now)
    return back("staff.service", outcome_told(done), number=number)


def service_effect(site: Site, done: ServiceDone) -> list[dict[str, str]]:
    """What changes of services and units; requests are told one by one."""
    before, after = ({name: part for name, part in state.items() if name != "requests"} for state in (done.before, done.after))
    return effect_told(site, before, after)


def fates_told(site: Site, done: ServiceDone) -> list[dict[str, Any]]:
    """What becomes of each live request, class by class in the order of the queue, those given before last; and why."""
    names = names_of(site)
    fates = sorted(done.fates, key=lambda one: (one.row.to_class, one.before in GIVEN))
    return [
        {"number": one.number, "key": one.row.key, "class": _class(names, one.row), "size": one.row.size, "moved": one.moved,
         "before": site.language.say(STATES[one.before][0]), "after": site.language.say(STATES[one.row.state][0]),
         "lit": STATES[one.row.state][1], "why": why_told(names, one.row)}
        for one in fates
    ]  # fmt: skip


def _class(names: Names, row: Any) -> str:
    kind = names.kinds.get(row.kind)
    return names.class_(kind.service if kind else "", row.to_class)


def _page(act: str, service: Service, how: str, shown: OnService) -> str:
    site, names = here(), names_of(here())
    roles, label = site.deployment.roles, WAYS.get(how, CLEARING)
    known = list(names.services[service.kind].classes) if service.kind in names.services else []
    stock = stocks(site.reading, [service.service_id])[service.service_id]
    classes = [(name, names.class_(service.kind, name), stock.get(name)) for name in dict.fromkeys([*known, *stock])]
    return render_template(
        "staff/service_act.html", number=service.service_id, head=departure_told(site, names, service, stock), how=how,
        label=site.language.say(label), shown=shown, stale=is_stale(act), limit=roles.limit(worker().roles, act),
        action=url_for("staff.change_service_sent" if how else "staff.clear_service_sent", number=service.service_id),
        classes=classes, starts=shown.given.get("starts") or read_start(service), told=TOLD,
    )  # fmt: skip
