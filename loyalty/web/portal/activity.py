"""All that a member did, and what came of it: as a page, as CSV, and the claim of what is missing."""

import csv
import io
import secrets
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from loyalty.care.operations import Claim, claim
from loyalty.care.queries import cases_of
from loyalty.earning.records import Sought, records
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.ledger.queries import entries_before, place_of
from loyalty.members.tables import Member
from loyalty.program.labels import field_labels
from loyalty.store import Store
from loyalty.web.guarding import limiter
from loyalty.web.portal.activity_told import Teller, csv_rows
from loyalty.web.portal.labels import inputs_of
from loyalty.web.portal.paging import cause_of, read_place
from loyalty.web.site import Site, back, form, here

pages = Blueprint("activity", __name__)

#: Records of one page, and entries read at a time for the file of all of them.
PAGE, STRETCH = 20, 500
#: What each state of a case is called.
STATES = {"open": _("with our staff"), "answered": _("answered"), "closed": _("closed")}


@pages.get("/activity")
def activity() -> str:
    site = here()
    year = request.args.get("year", "")
    before = read_place(request.args.get("before", ""), cause_of)
    sought = Sought(_among(request.args.get("kind"), kinds(site)), _among(request.args.get("unit"), units(site)),
                    int(year) if year in years(site) else None, before)  # fmt: skip
    member = site.reading.get_one(Member, site.viewer.member_id)
    found = records(site.reading, site.program, member, sought, PAGE + 1, site.language)
    told = [Teller(site.program, site.language).record(record) for record in found[:PAGE]]
    chosen = {"kind": sought.kind, "unit": sought.unit, "year": year if sought.year else ""}
    older = {**{name: value for name, value in chosen.items() if value}, "before": told[-1]["id"]} if found[PAGE:] else None
    say = site.language.say
    return render_template(
        "activity.html", records=told, chosen=chosen, kinds={"": say(_("everything")), **kinds(site)},
        units={"": say(_("all units")), **units(site)}, years={"": say(_("all years")), **years(site)}, older=older,
        first=before is None,
    )  # fmt: skip


def _among(wanted: str | None, known: dict[str, str]) -> str:
    return wanted if wanted is not None and wanted in known else ""


def kinds(site: Site) -> dict[str, str]:
    """What the records of a member may be: kinds of activity of any edition, adjustments, and what else was given."""
    teller = Teller(site.program, site.language)
    names = dict.fromkeys(name for edition in site.program.editions for name in edition.activities.activities)
    of_activity = {name: teller.kind(name) for name in names}
    return {
        **of_activity,
        "adjustment": site.language.say(_("Adjustment")),
        "award": site.language.say(_("Given by the program")),
    }


def units(site: Site) -> dict[str, str]:
    """Every unit of any edition by its name."""
    teller = Teller(site.program, site.language)
    return {name: teller.unit(name) for edition in site.program.editions for name in edition.units.units}


def years(site: Site) -> dict[str, str]:
    """The years in which a member can have done something, the newest first."""
    first = min(site.program.editions[0].begins, site.account.enrolled_on).year
    return {str(year): str(year) for year in range(site.today.year, first - 1, -1)}


# --- the file of all entries ------------------------------------------------------------------------------------


@pages.get("/activity/entries.csv")
def entries_csv() -> Response:
    """Every entry, the newest first, written while it is read."""
    site = here()
    number, member_id, teller = site.viewer.number, site.viewer.member_id, Teller(site.program, site.language)
    answer = Response(_written(site.deployment.store, member_id, teller), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_plain(number)}.csv"'
    return answer


def _plain(number: str) -> str:
    """A member number as a name of a file."""
    return "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in number)


def _written(store: Store, member_id: int, teller: Teller) -> Iterator[str]:
    """The file in stretches, read in a session of its own: the request is over before the last is sent."""
    place = None
    yield "\ufeff"  # so that spreadsheets take it for UTF-8
    with store.reading() as session:
        member = session.get_one(Member, member_id)
        yield _lines([teller.csv_head()])
        while rows := entries_before(session, member_id, STRETCH, place):
            yield _lines(csv_rows(session, teller, member, rows))
            place = place_of(rows[-1])


def _lines(rows: list[list[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


# --- claims -----------------------------------------------------------------------------------------------------


@pages.get("/activity/claims")
def claims() -> str:
    site = here()
    teller, zone = Teller(site.program, site.language), site.program.zone.key
    told = [_told(site, teller, case) for case in cases_of(site.reading, site.viewer.member_id)]
    return render_template("claims.html", claims=told, zone=zone)


def _told(site: Site, teller: Teller, case: Any) -> dict[str, Any]:
    """A claim as a page tells it: what was claimed, its state, and what was said by whom: the member, or staff."""
    language = site.language
    said = [
        {"mine": row["author"] == site.viewer.number, "text": row["text"], "at": row["at"], "posted": bool(row["key"]),
         "state": language.say(STATES[row["state"]])}
        for row in case.log
    ]  # fmt: skip
    return {
        "key": case.key, "title": teller.kind(case.fields["kind"]), "on": date.fromisoformat(case.fields["on"]),
        "state": case.state, "state_said": language.say(STATES[case.state]), "said": said,
        "fields": list(teller.values(case.fields["kind"], date.fromisoformat(case.fields["on"]), case.fields["fields"])),
    }  # fmt: skip


@pages.get("/activity/claim")
def claim_form() -> str:
    return _claim_page(here(), {"kind": request.args.get("kind", ""), "key": secrets.token_hex(4).upper()}, "")


@pages.post("/activity/claim")
@limiter.limit("20 per hour", key_func=lambda: str(here().viewer.member_id))
def claim_sent() -> AnyResponse | tuple[str, int]:
    """Open a case; what was typed is shown again where it is refused."""
    site = here()
    given = {name: form(name, most) for name, most in (("kind", 40), ("on", 10), ("key", 40), ("remark", 500))}
    given |= {name: form(name, 200) for name in request.form if name.startswith("field-")}
    try:
        on = date.fromisoformat(given["on"])
    except ValueError:
        return _claim_page(site, given, site.language.say(_("Please say on which day it was."))), 422
    told = {name.removeprefix("field-"): value for name, value in given.items() if name.startswith("field-") and value}
    wanted = Claim(given["kind"], on, told, given["remark"], given["key"] or secrets.token_hex(4))
    try:
        with site.writing() as session:
            account = site.locked(session)
            claim(session, site.program, account, wanted, site.viewer.number, site.now)
    except Refused as refusal:
        return _claim_page(site, given, refusal_told(refusal, site.language)), 422
    return back("activity.claims", site.language.say(_("We have your claim and look into it.")))


def _claim_page(site: Site, given: dict[str, str], wrong: str) -> str:
    """The form: which kind, and the fields of that kind that a member can know."""
    known = site.edition.activities.activities
    kind = given["kind"] if given["kind"] in known else next(iter(known))
    asked = {name: about for name, about in known[kind].fields.items() if not (about.type == "flag" and about.optional)}
    names = {name: site.language.own(about.name) for name, about in known.items()}
    inputs = inputs_of(asked, field_labels(asked, site.language), site.language)
    return render_template("claim.html", kind=kind, kinds=names, inputs=inputs, given=given, wrong=wrong)
