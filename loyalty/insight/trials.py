"""Trials as rows: asked for, one at a time; how far each is, what it came to, who moves."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from loyalty.audit.chain import Act, Actor
from loyalty.audit.operations import append
from loyalty.errors import Refused
from loyalty.i18n import Text, _
from loyalty.insight.backtest import Tried
from loyalty.insight.trial_tables import DraftTrial, TrialMove, TrialPart, TrialScenario
from loyalty.keys import dumps
from loyalty.published.tables import EditionDraft
from loyalty.sheets import csv_line
from loyalty.store import take_turns

#: The states of a trial that is not over.
UNDER_WAY = ("waiting", "running")
#: What the states are called.
STATES = {"waiting": _("waiting"), "running": _("under way"), "done": _("done"), "failed": _("failed"), "stopped": _("stopped")}
#: The moves that a list can be narrowed to.
MOVES = ("rise", "fall", "longer", "shorter")
#: What of a move is written to a file.
MOVE_FIELDS = ("number", "move", "now", "through_now", "then", "through_then")


@dataclass(frozen=True)
class Progress:
    """How far a trial is: stretches of members done and in all, scenarios played, in all, and those that do not hold."""

    parts: int
    done: int
    scenarios: int
    played: int
    failed: int


def ask_trial(
    session: Session, by: Actor, draft: EditionDraft | None, begins: date | None, today: date, now: datetime
) -> DraftTrial:
    """Ask for a trial of a draft from its day on, or as if it began on another; without a draft for the scenarios alone.

    The job `trials` does it. It is told for today, or the first day where that is later. Raises Refused: `trial_under_way`.
    """
    take_turns(session, "trial")
    waiting = under_way(session)
    if waiting is not None:
        raise Refused("trial_under_way", trial=waiting.trial_id)
    first = (begins or draft.begins) if draft is not None else None
    row = DraftTrial(
        draft_id=draft.draft_id if draft is not None else None, begins=first, on=max(first, today) if first else None,
        asked_by=by.name, asked_at=now, state="waiting", base="", result="", error="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    what = {"trial": row.trial_id, "draft": row.draft_id, "begins": row.begins, "on": row.on}
    append(session, by, Act("program.try", what), now)
    return row


def stop_trial(session: Session, by: Actor, trial_id: int, now: datetime) -> None:
    """Stop a trial: what it has found so far stays. Raises Refused: `unknown_trial`, `trial_ended`."""
    row = session.get(DraftTrial, trial_id, with_for_update=True)
    if row is None:
        raise Refused("unknown_trial", trial=trial_id)
    if row.state not in UNDER_WAY:
        raise Refused("trial_ended", trial=trial_id, state=Text(STATES[row.state]))
    row.state = "stopped"
    session.flush()
    append(session, by, Act("program.stop", {"trial": trial_id}), now)


# --- reads ------------------------------------------------------------------------------------------------------


def under_way(session: Session) -> DraftTrial | None:
    """The trial that is not over, if any."""
    return session.scalar(select(DraftTrial).where(DraftTrial.state.in_(UNDER_WAY)))


def trial_of(session: Session, trial_id: int) -> DraftTrial:
    """A trial. Raises Refused: `unknown_trial`."""
    found = session.get(DraftTrial, trial_id)
    if found is None:
        raise Refused("unknown_trial", trial=trial_id)
    return found


def trials_of(session: Session, draft_id: int | None, limit: int = 20) -> Sequence[DraftTrial]:
    """The newest trials of a draft, or of the program as it is published."""
    mine = DraftTrial.draft_id.is_(None) if draft_id is None else DraftTrial.draft_id == draft_id
    return session.scalars(select(DraftTrial).where(mine).order_by(DraftTrial.trial_id.desc()).limit(limit)).all()


def tried(session: Session, draft: EditionDraft, base: str) -> DraftTrial | None:
    """The newest whole trial of a draft from its own day on, against the editions that are published now."""
    return next((one for one in trials_of(session, draft.draft_id)
                 if one.state == "done" and one.begins == draft.begins and one.base == base), None)  # fmt: skip


def progress_of(session: Session, trial_id: int) -> Progress:
    """How far a trial is."""
    parts, done = session.execute(
        select(func.count(), func.count(TrialPart.done_at)).where(TrialPart.trial_id == trial_id)
    ).one()
    failed = func.count(case((TrialScenario.holds.is_(False), 1)))
    query = select(func.count(), func.count(TrialScenario.holds), failed).where(TrialScenario.trial_id == trial_id)
    return Progress(parts, done, *session.execute(query).one())


def scenarios_played(session: Session, trial_id: int, failed: bool) -> Sequence[TrialScenario]:
    """The scenarios of a trial in their order; those that do not hold, or all."""
    query = select(TrialScenario).where(TrialScenario.trial_id == trial_id).order_by(TrialScenario.n)
    return session.scalars(query.where(TrialScenario.holds.is_(False)) if failed else query).all()


def moves_of(session: Session, trial_id: int, move: str = "", after: str = "", limit: int = 50) -> Sequence[TrialMove]:
    """Who moves, by number, perhaps only in one way; those after a number, to go on from a page."""
    query = select(TrialMove).where(TrialMove.trial_id == trial_id, TrialMove.number > after)
    if move:
        query = query.where(TrialMove.move == move)
    return session.scalars(query.order_by(TrialMove.number).limit(limit)).all()


def all_moves(session: Session, trial_id: int) -> Iterator[TrialMove]:
    """Everyone who moves, by number, read a stretch at a time."""
    query = select(TrialMove).where(TrialMove.trial_id == trial_id).order_by(TrialMove.number)
    yield from session.scalars(query.execution_options(yield_per=1000))


def moves_csv(session: Session, trial_id: int) -> Iterator[str]:
    """Everyone who moves as lines of a CSV file, the header first."""
    yield csv_line(MOVE_FIELDS)
    for move in all_moves(session, trial_id):
        yield csv_line(getattr(move, name) for name in MOVE_FIELDS)


# --- what a trial came to, as text ------------------------------------------------------------------------------


def written(tried: Tried) -> str:
    """What a trial came to, but for who moves, as JSON; `read` reads it."""
    return dumps(
        {
            "members": tried.members,
            "matrix": sorted([now, then, count] for (now, then), count in tried.matrix.items()),
            "kinds": tried.kinds,
            "milestones": tried.milestones,
            "gifts": tried.gifts,
            "judged": tried.judged,
            "unjudged": tried.unjudged,
            "failures": tried.failures,
        }
    )


def read(text: str) -> Tried:
    """What was written."""
    told: Mapping[str, Any] = json.loads(text)
    milestones, gifts = ((Counter(one), Counter(other)) for one, other in (told["milestones"], told["gifts"]))
    return Tried(
        told["members"], Counter({(now, then): count for now, then, count in told["matrix"]}), Counter(told["kinds"]),
        milestones, gifts, told["judged"], told["unjudged"], [(number, why) for number, why in told["failures"]],
    )  # fmt: skip
