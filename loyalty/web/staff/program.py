"""The program desk: editions in words, what is suspicious in them, two of them compared, the scenarios played."""

from itertools import groupby
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from loyalty.i18n import _
from loyalty.insight import trials as rows
from loyalty.program.compare import compare
from loyalty.program.load import Edition
from loyalty.published.drafts import drafts_with_editions, editions_kept
from loyalty.web.portal.chart import comparison
from loyalty.web.portal.ladder_told import earning_told, ladder_told, tiers_told
from loyalty.web.portal.paging import before_given
from loyalty.web.site import Site, back, here
from loyalty.web.staff.guard import acting, needs, pages
from loyalty.web.staff.program_read import DRAFT, named, suspected

#: Drafts of one page.
PAGE = 20


@pages.get("/program")
@needs("program.read")
def program() -> str:
    """The editions, the newest drafts, and how the scenarios were found last."""
    site = here()
    before = before_given()
    found = drafts_with_editions(site.reading, before, PAGE + 1)
    older = found[PAGE - 1][0].draft_id if found[PAGE:] else None
    played = next(iter(rows.trials_of(site.reading, None, 1)), None)
    return render_template(
        "staff/program.html", editions=_editions(site), drafts=found[:PAGE], older=older, first=before is None, played=played,
        progress=rows.progress_of(site.reading, played.trial_id) if played else None, under_way=rows.under_way(site.reading),
        names=[one.name for one in site.program.editions] + [f"{DRAFT}{one.draft_id}" for one, _published in found[:PAGE]],
        zone=site.program.zone.key,
    )  # fmt: skip


def _editions(site: Site) -> list[dict[str, Any]]:
    """The editions, the newest first: whether each is in force, over or still to come, and since when it is published."""
    kept = {row.begins: row for row in editions_kept(site.reading)}
    force = site.program.edition_on(site.today)
    return [
        {"edition": one, "row": kept.get(one.begins),
         "state": "now" if one is force else "future" if one.begins > site.today else "past"}
        for one in reversed(site.program.editions)
    ]  # fmt: skip


@pages.get("/program/editions/<name>")
@needs("program.read")
def edition(name: str) -> str:
    """An edition in words, as members read it, with what is suspicious in it; also a draft, by `draft-` and its number."""
    site = here()
    program, found = named(site, name)
    return render_template(
        "staff/program_edition.html", edition=found, name=name, draft=name.startswith(DRAFT), mine=None, shown="all",
        tiers=tiers_told(found, site.language), ladder=ladder_told(found, site.language),
        earning=earning_told(found, site.language), chart=comparison(found, None, "", site.language),
        warnings=suspected(site, program, found), others=[one.name for one in program.editions if one.name != name],
    )  # fmt: skip


@pages.get("/program/compare")
@needs("program.read")
def compared() -> str:
    """What differs between two editions or drafts, in words."""
    site = here()
    one, other = (named(site, request.args.get(name, ""))[1] for name in ("before", "after"))
    return render_template("staff/program_compare.html", before=one, after=other, changes=changes(one, other))


def changes(one: Edition, other: Edition) -> list[tuple[str, list[str]]]:
    """The differences of two editions by file."""
    return [(file, [change.text for change in group]) for file, group in groupby(compare(one, other), lambda one: one.file)]


@pages.post("/program/scenarios")
@needs("program.draft")
def play_scenarios() -> Response:
    """Ask for the program's scenarios to be played by what is published."""
    site = here()
    with site.writing() as session:
        asked = rows.ask_trial(session, acting().actor, None, None, site.today, site.now)
    return back("staff.trial", site.language.say(_("The scenarios are played soon.")), number=asked.trial_id)
