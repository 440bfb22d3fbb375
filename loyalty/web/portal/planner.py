"""What a member would be with activity not yet made: worked out by the same fold, nothing written."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request

from loyalty.earning import airports
from loyalty.earning.planning import ground_of
from loyalty.errors import Refused, refusal_told
from loyalty.program.load import Edition
from loyalty.web.portal.plan_form import Form, Wrong, added, fields_told, read_kept, route_of, trip_told
from loyalty.web.portal.plan_told import plan_told
from loyalty.web.site import Site, here

pages = Blueprint("planner", __name__)


@pages.get("/planner")
def planner() -> str:
    site = here()
    return _page(site, Form(next(iter(site.edition.kinds))))


@pages.post("/planner")
def plan() -> str | tuple[str, int]:
    """The same with a trip added, taken out, or another kind to add: the whole plan travels in the form."""
    site = here()
    kinds = site.edition.kinds
    wanted = request.form.get("show") or request.form.get("kind", "")
    form = Form(wanted if wanted in kinds else next(iter(kinds)), read_kept(request.form.getlist("trip"), site.today))
    gone = request.form.get("remove", "")
    if gone.isdecimal() and int(gone) < len(form.trips):
        del form.trips[int(gone)]
    elif request.form.get("act") == "add":
        form.values = {name.removeprefix("field-"): value.strip()[:200] for name, value in request.form.items()
                       if name.startswith("field-") or name == "on"}  # fmt: skip
        try:
            form.trips.append(added(site.program, site.edition, form, site.today, site.language))
            form.values = {"on": form.values.get("on", "")}
        except Wrong as wrong:
            form.wrong[wrong.field] = wrong.told
    page = _page(site, form)
    return (page, 422) if form.wrong else page


@pages.get("/planner/airports")
def matching() -> str:
    """Airports that a text may mean, as options of a list; the text is that of the field that asks."""
    text = next((value for name, value in request.args.items() if name.startswith("field-")), "")
    codes = airports.matching(text[:60])
    return render_template("airports.html", airports={code: airports.label(code) for code in codes})


def _page(site: Site, form: Form) -> str:
    told: dict[str, Any] | None = None
    if form.trips:
        try:
            told = _worked_out(site, form)
        except Refused as refused:
            form.wrong.setdefault("", refusal_told(refused, site.language))
    kinds = {name: site.language.own(site.edition.activities.activities[name].name) for name in site.edition.kinds}
    return render_template(
        "planner.html", form=form, kinds=kinds, told=told,
        fields=fields_told(site.program, site.edition, form, site.language),
        trips=[trip_told(_edition(site, one.on), one, site.language) for one in form.trips],
        live=route_of(site.program, form.kind) is not None,
    )  # fmt: skip


def _worked_out(site: Site, form: Form) -> dict[str, Any]:
    day = _day(site, form)
    planned = [one for one in form.trips if one.posted_on <= day]
    ground = ground_of(site.reading, site.program, site.account, site.today)
    return plan_told(
        site.program, ground.projected([], day, site.language), ground.projected(planned, day, site.language), site.language
    )


def _day(site: Site, form: Form) -> date:
    """The day that is looked at: the last of the plan."""
    return max([site.today, *(one.posted_on for one in form.trips)])


def _edition(site: Site, on: date) -> Edition:
    return site.program.edition_on(on) or site.edition
