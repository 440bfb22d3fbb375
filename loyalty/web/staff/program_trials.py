"""Trials: how far one is, what it came to in figures and as a drawing, who moves."""

from collections.abc import Iterator
from typing import Any

from flask import Response as Streamed
from flask import render_template, request
from werkzeug.wrappers import Response

from loyalty.i18n import _
from loyalty.insight import trials as rows
from loyalty.insight.trial_tables import DraftTrial, TrialMove
from loyalty.program.load import Program
from loyalty.published.drafts import draft_of
from loyalty.status.evidence import read_evidence
from loyalty.status.words import reason, tier_name
from loyalty.web.guarding import NUMBER
from loyalty.web.site import Site, back, here
from loyalty.web.staff.guard import acting, may, needs, pages
from loyalty.web.staff.program_read import trial_told
from loyalty.web.staff.program_told import result_told

#: Members of one page.
PAGE = 50
#: What the ways to move are called.
KINDS = {"rise": _("rises"), "fall": _("falls"), "longer": _("for longer"), "shorter": _("for less long")}


@pages.context_processor
def _words() -> dict[str, Any]:
    return {"trial_states": rows.STATES}


@pages.get(f"/program/trials/<{NUMBER}:number>")
@needs("program.read")
def trial(number: int) -> str:
    """How far it is; once it is over what it came to; the scenarios that do not hold, or all of them."""
    site = here()
    row = rows.trial_of(site.reading, number)
    whole = bool(request.args.get("scenarios"))
    result = rows.read(row.result) if row.result else None
    about = _about(site, row)
    return render_template(
        "staff/program_trial.html", row=row, progress=rows.progress_of(site.reading, number), whole=whole,
        scenarios=rows.scenarios_played(site.reading, number, failed=not whole), zone=site.program.zone.key,
        told=result_told(site, result, about) if result and row.draft_id is not None else None,
        going=row.state in rows.UNDER_WAY, moves=may("member.read"),
    )  # fmt: skip


def _about(site: Site, row: DraftTrial) -> Any:
    return None if row.draft_id is None else trial_told(site, row, draft_of(site.reading, row.draft_id))


@pages.post(f"/program/trials/<{NUMBER}:number>/stop")
@needs("program.draft")
def stop_trial(number: int) -> Response:
    """Stop a trial."""
    site = here()
    with site.writing() as session:
        rows.stop_trial(session, acting().actor, number, site.now)
    return back("staff.trial", site.language.say(_("Stopped.")), number=number)


@pages.get(f"/program/trials/<{NUMBER}:number>/moves")
@needs("member.read")
def trial_moves(number: int) -> str:
    """Who moves, by number, a page at a time."""
    site = here()
    row = rows.trial_of(site.reading, number)
    wanted, after = request.args.get("move", ""), request.args.get("after", "").replace("\0", "")[:40]
    wanted = wanted if wanted in rows.MOVES else ""
    found = rows.moves_of(site.reading, number, wanted, after, PAGE + 1)
    about = _about(site, row)
    program = about.then if about else site.program
    more = {"after": found[PAGE - 1].number, **({"move": wanted} if wanted else {})} if found[PAGE:] else None
    return render_template(
        "staff/program_moves.html", row=row, wanted=wanted, kinds=KINDS, first=not after, more=more,
        moves=[_move(site, program, one) for one in found[:PAGE]],
    )  # fmt: skip


def _move(site: Site, program: Program, one: TrialMove) -> dict[str, Any]:
    """A move in words; its reason as the program tells it."""
    language = site.language
    why = reason(program, one.source, read_evidence(one.evidence), {}, language)
    return {
        "number": one.number, "move": language.say(KINDS[one.move]), "now": tier_name(program, one.now, language.code),
        "through_now": one.through_now, "then": tier_name(program, one.then, language.code),
        "through_then": one.through_then, "why": why,
    }  # fmt: skip


@pages.get(f"/program/trials/<{NUMBER}:number>/moves.csv")
@needs("member.read")
def trial_export(number: int) -> Streamed:
    """Everyone who moves as CSV, written while it is read."""
    site = here()
    rows.trial_of(site.reading, number)
    answer = Streamed(_written(site, number), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="trial-{number}-moves.csv"'
    return answer


def _written(site: Site, number: int) -> Iterator[str]:
    """In a session of its own: the request's is given back before the last line is sent."""
    with site.deployment.store.reading() as session:
        yield from rows.moves_csv(session, number)
