"""Drafts of editions: sent in, read, tried, proposed to be published."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date

from flask import render_template, request
from werkzeug.wrappers import Response

from loyalty.audit.chain import LONGEST_KEY, LONGEST_REASON
from loyalty.desk.proposing import propose
from loyalty.desk.publishing import first_day, ripe
from loyalty.errors import Refused, refusal_told
from loyalty.i18n import _
from loyalty.insight import trials as rows
from loyalty.program.load import EDITION_FILES, Program
from loyalty.program.problems import Problem, ProgramInvalid
from loyalty.published.drafts import Draft, add_draft, draft_of, edition_of, files_of
from loyalty.published.tables import EditionDraft, PublishedEdition
from loyalty.published.upload import MOST_SENT, read_upload
from loyalty.web.failing import STATUS
from loyalty.web.guarding import NUMBER, takes
from loyalty.web.site import Site, back, form, fresh_key, here
from loyalty.web.staff.guard import acting, may_ask, needs, pages
from loyalty.web.staff.program import changes
from loyalty.web.staff.program_read import suspected, with_draft

Page = str | tuple[str, int]


@dataclass(frozen=True)
class Typed:
    """What was typed into the form of a draft, and what is wrong with it."""

    begins: str = ""
    note: str = ""
    key: str = field(default_factory=fresh_key)
    wrong: str = ""
    problems: tuple[Problem, ...] = ()


@pages.get("/program/drafts/new")
@needs("program.draft")
def draft_new() -> str:
    return _form(Typed())


def _form(typed: Typed) -> str:
    site = here()
    first = first_day(site.program, site.now)
    return render_template("staff/program_new.html", typed=typed, files=list(EDITION_FILES), first=first, most=MOST_SENT)


@pages.post("/program/drafts/new")
@needs("program.draft")
@takes(MOST_SENT)
def draft_sent() -> Page | Response:
    """Keep a draft that loads; what is wrong with it is told with file and line, and nothing is kept."""
    site, typed = here(), Typed(form("begins", 10), form("note", LONGEST_REASON), form("key", LONGEST_KEY))
    try:
        sent = [(one.filename or "", one.read(MOST_SENT)) for one in request.files.getlist("files")]
        wanted = Draft(_day("begins", typed.begins), read_upload(sent), typed.note, typed.key)
        with site.writing() as session:
            draft_id = add_draft(session, site.program, acting().actor, wanted, site.now).draft_id
    except Refused as refusal:
        told = Typed(typed.begins, typed.note, typed.key, refusal_told(refusal, site.language))
        return _form(told), STATUS.get(refusal.code, 422)
    except ProgramInvalid as error:
        wrong = site.language.say(_("These files cannot be used: nothing was kept."))
        return _form(Typed(typed.begins, typed.note, typed.key, wrong, error.problems)), 422
    return back("staff.draft", site.language.say(_("The draft is kept. Try it on everyone before it is published.")),
                number=draft_id)  # fmt: skip


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        allowed = here().language.say(_("a day"))
        raise Refused("bad_field", field=name, found=repr(text), allowed=allowed, nearest="") from None


@pages.get(f"/program/drafts/<{NUMBER}:number>")
@needs("program.read")
def draft(number: int) -> str:
    """A draft: checked, compared with the edition before it, its trials, and what stands against publishing it."""
    return _page(number, "", "", fresh_key())


def _page(number: int, wrong: str, reason: str, key: str) -> str:
    site = here()
    row = draft_of(site.reading, number)
    loaded = with_draft(site, row)
    published = site.reading.get(PublishedEdition, row.begins)
    return render_template(
        "staff/program_draft.html", row=row, files=sorted(files_of(site.reading, row).texts), problems=loaded.problems,
        **_told(site, loaded.program, row), trials=rows.trials_of(site.reading, number), under_way=rows.under_way(site.reading),
        published=published is not None and published.draft_id == number, hindered=_hindered(site, row),
        proposes=may_ask("program.publish"), wrong=wrong, reason=reason, key=key,
        zone=site.program.zone.key,
    )  # fmt: skip


def _told(site: Site, program: Program | None, row: EditionDraft) -> dict[str, object]:
    """What is suspicious in it, and how it differs from the edition before it."""
    if program is None:
        return {"warnings": [], "before": None, "changes": []}
    edition = edition_of(program, row.begins)
    before = next((one for one in reversed(program.editions) if one.begins < row.begins), None)
    told = changes(before, edition) if before else []
    return {"warnings": suspected(site, program, edition), "before": before, "changes": told}


def _hindered(site: Site, row: EditionDraft) -> str:
    """What stands against publishing it now, if anything."""
    try:
        ripe(site.reading, site.program, row, site.now)
    except Refused as refusal:
        return refusal_told(refusal, site.language)
    return ""


@pages.get(f"/program/drafts/<{NUMBER}:number>/edition.zip")
@needs("program.read")
def draft_files(number: int) -> Response:
    """The files of a draft as they were sent."""
    site, packed = here(), io.BytesIO()
    row = draft_of(site.reading, number)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files_of(site.reading, row).texts.items():
            archive.writestr(f"{row.begins}/{name}", text)
    answer = Response(packed.getvalue(), mimetype="application/zip")
    answer.headers["Content-Disposition"] = f'attachment; filename="draft-{number}-{row.begins}.zip"'
    return answer


@pages.post(f"/program/drafts/<{NUMBER}:number>/trials")
@needs("program.draft")
def draft_tried(number: int) -> Response:
    """Ask for a trial, from the draft's own day or as if it began on another."""
    site = here()
    row = draft_of(site.reading, number)
    begins = _day("begins", form("begins", 10)) if form("begins", 10) else None
    if begins is not None and begins < site.program.editions[0].begins:
        first = site.program.editions[0].begins
        raise Refused("draft_too_early", begins=begins, program=site.program.id, first=first)
    with site.writing() as session:
        asked = rows.ask_trial(session, acting().actor, row, begins, site.today, site.now)
    return back("staff.trial", site.language.say(_("The trial begins soon.")), number=asked.trial_id)


@pages.post(f"/program/drafts/<{NUMBER}:number>/publish")
@needs("program.publish", asking=True)
def draft_proposed(number: int) -> Page | Response:
    """Ask for it to be published: another approves it."""
    site, reason, key = here(), form("reason", LONGEST_REASON), form("key", LONGEST_KEY)
    try:
        with site.writing() as session:
            roles = site.deployment.roles
            asked = propose(session, site.program, roles, acting(), number, reason, key, site.now)
    except Refused as refusal:
        if refusal.code == "unknown_draft":
            raise
        return _page(number, refusal_told(refusal, site.language), reason, key), STATUS.get(refusal.code, 422)
    said = site.language.say(_("This waits for another to approve it."))
    return back("staff.approval", said, number=asked.approval_id)
