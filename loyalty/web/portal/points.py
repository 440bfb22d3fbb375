"""The balance of points and how it came about."""

from datetime import date
from decimal import Decimal
from itertools import accumulate
from typing import Any

from flask import Blueprint, render_template, request

from loyalty.earning.queries import explained
from loyalty.earning.records import Record, causes_of
from loyalty.i18n import _
from loyalty.ledger.queries import daily_sums, entries_before, place_of, sums_below
from loyalty.members.tables import Member
from loyalty.web.drawing_points import points_drawn
from loyalty.web.portal.activity_told import Teller
from loyalty.web.portal.balances import exact, spendable
from loyalty.web.portal.paging import entry_of, entry_written, read_place
from loyalty.web.site import Site, here

pages = Blueprint("points", __name__)

#: Entries of one page, and months of the table beside a drawing.
PAGE, MONTHS = 40, 24


@pages.get("/points")
def points() -> str:
    site = here()
    units = spendable(site)
    before = read_place(request.args.get("before", ""), entry_of)
    member = site.reading.get_one(Member, site.viewer.member_id)
    rows = entries_before(site.reading, member.member_id, PAGE + 1, before, units)
    told = _entries(site, member, rows[:PAGE])
    older = entry_written(place_of(rows[PAGE - 1])) if rows[PAGE:] else None
    sums = daily_sums(site.reading, member.member_id, units)
    balances = [_balance(site, unit, sums.get(unit, [])) for unit in units]
    return render_template("points.html", balances=balances, entries=told, older=older, first=before is None)


def _balance(site: Site, unit: str, days: list[tuple[date, int]]) -> dict[str, Any]:
    """A unit's balance: now, as a drawing, and at the end of each month."""
    sums = accumulate(amount for _day, amount in days)
    course = [(day, exact(site, unit, total)) for (day, _), total in zip(days, sums, strict=True)]
    name = Teller(site.program, site.language).unit(unit)
    title = site.language.say(_("Balance of {unit} over time"), unit=name)
    months = {(day.year, day.month): (day, amount) for day, amount in course}
    return {
        "name": name, "now": course[-1][1] if course else Decimal(0), "title": title,
        "drawing": points_drawn(course, site.today, title, site.language), "months": list(months.values())[-MONTHS:][::-1],
    }  # fmt: skip


def _entries(site: Site, member: Member, rows: Any) -> list[dict[str, Any]]:
    """Entries, the newest first, each with the balance that it left."""
    if not rows:
        return []
    teller = Teller(site.program, site.language)
    running = sums_below(site.reading, member.member_id, place_of(rows[-1]))
    activities, adjusted = causes_of(site.reading, member.member_id, [row.cause_id for row in rows])
    found = []
    for row, entry in reversed(
        list(zip(rows, explained(site.reading, site.program, member, rows, site.language), strict=True))
    ):
        running[row.unit] = running.get(row.unit, 0) + row.amount
        activity = activities.get(row.cause_id)
        record = Record(row.on, row.cause_id, activity, None, adjusted.get(row.cause_id), (entry,))
        found.append({
            **teller.line(entry, teller.title(record)), "what": teller.title(record), "on": row.on,
            "fields": teller.brief(activity),
            "balance": exact(site, row.unit, running[row.unit]),
        })  # fmt: skip
    return found[::-1]
