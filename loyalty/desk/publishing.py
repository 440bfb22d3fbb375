"""A draft published as an edition: what must be so before it is, and the doing, which is always an approval."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from loyalty.audit.chain import Act as Line
from loyalty.audit.chain import Actor
from loyalty.audit.operations import append
from loyalty.clock import day_of
from loyalty.desk.performing import Approved, Done
from loyalty.errors import Refused
from loyalty.insight.trial_tables import DraftTrial
from loyalty.insight.trials import tried
from loyalty.program.load import Edition, Program
from loyalty.program.problems import ProgramInvalid
from loyalty.published.drafts import base_of, draft_of, drafted, edition_of, editions_kept, files_of
from loyalty.published.tables import EditionDraft, PublishedEdition
from loyalty.status.operations import mark_all_due
from loyalty.store import take_turns

#: The act; whatever the roles say, another approves it.
PUBLISH = "program.publish"
#: So long before its first day an edition is published at the latest: every process looks for new ones each minute.
AHEAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Publishable:
    """A draft that may be published: the edition that it is, that which would be in force without it, and its trial."""

    draft: EditionDraft
    edition: Edition
    before: Edition | None
    trial: DraftTrial


def first_day(program: Program, now: datetime) -> date:
    """The first day from which an edition that is published now may hold."""
    return day_of(now + AHEAD, program.zone) + timedelta(days=1)


def ripe(session: Session, program: Program, draft: EditionDraft, now: datetime) -> DraftTrial:
    """The trial of a draft whose day and trial let it be published now; its files are not read.

    Raises Refused: `edition_too_early`, `edition_day_taken`, `draft_not_tried` where its trial was not whole, from another day,
    or against other editions than are published now.
    """
    first = first_day(program, now)
    if draft.begins < first:
        raise Refused("edition_too_early", begins=draft.begins, first=first)
    kept = editions_kept(session)
    if any(row.begins == draft.begins for row in kept):
        raise Refused("edition_day_taken", begins=draft.begins)
    trial = tried(session, draft, base_of(kept))
    if trial is None:
        raise Refused("draft_not_tried", draft=draft.draft_id, begins=draft.begins)
    return trial


def publishable(session: Session, program: Program, draft_id: int, now: datetime) -> Publishable:
    """A draft, if it may be published now.

    Raises Refused: `unknown_draft`, `draft_invalid`, `edition_changed` where its files make another edition than when it was
    sent, and what `ripe` raises.
    """
    draft = draft_of(session, draft_id)
    trial = ripe(session, program, draft, now)
    try:
        then = drafted(program, files_of(session, draft))
    except ProgramInvalid as error:
        problems = error.problems
        raise Refused("draft_invalid", draft=draft_id, count=len(problems), first=str(problems[0])) from None
    edition = edition_of(then, draft.begins)
    if edition.hash != draft.hash:
        raise Refused("edition_changed", edition=draft.begins, program=program.id)
    return Publishable(draft, edition, program.edition_on(draft.begins), trial)


def publish_draft(
    session: Session, program: Program, by: Actor, draft_id: int, sent: tuple[str, str], approved: Approved, now: datetime
) -> Done:
    """Publish a draft: every process reads its files from now on, and everyone is due on its first day. `sent` is the reason
    and the key with which it was asked for.

    Raises as `publishable` does.
    """
    take_turns(session, "publish")
    wanted = publishable(session, program, draft_id, now)
    edition, (reason, key) = wanted.edition, sent
    session.add(PublishedEdition(
        begins=edition.begins, program=program.id, hash=edition.hash, content=edition.content, published_at=now,
        draft_id=draft_id,
    ))  # fmt: skip
    session.flush()
    mark_all_due(session, edition.begins)
    before, after = _told(wanted.before), _told(edition)
    what = {
        "before": before, "after": after, "draft": draft_id, "trial": wanted.trial.trial_id,
        "asked_by": approved.asked_by, "approved_by": by.name, "approval": approved.approval_id,
    }  # fmt: skip
    append(session, by, Line(PUBLISH, what, reason, None, key), now)
    return Done(True, before, after)


def _told(edition: Edition | None) -> dict[str, str]:
    return {} if edition is None else {"edition": edition.name, "hash": edition.hash}
