"""Drafts tried on everyone as staff asked: scenario by scenario, then stretch by stretch, each kept as it is done.

One that was killed goes on where it stopped; where other editions have been published meanwhile, it starts anew.
"""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from loyalty.errors import Refused
from loyalty.insight import trials as rows
from loyalty.insight.backtest import Trial, Tried, try_stretch
from loyalty.insight.trial_tables import DraftTrial, TrialMove, TrialPart, TrialScenario
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.stage import empty_stage, fault
from loyalty.jobs.trying import FEW, trial_against
from loyalty.program.load import Edition, Files, Program
from loyalty.program.problems import ProgramInvalid
from loyalty.program.scenarios import Scenario, ScenarioFailed, scenarios_of
from loyalty.published.drafts import base_of, draft_of, files_of
from loyalty.published.operations import published
from loyalty.settings import Settings
from loyalty.status.tables import Standing
from loyalty.store import insert

MOVE_COLUMNS = ("trial_id", "number", "move", "now", "through_now", "then", "through_then", "source", "evidence")
#: What a draft is refused for ends its trial: no later run would do better.
WRONG = (Refused, ProgramInvalid, ScenarioFailed)


def trials(deployment: Deployment, key: RunKey, now: datetime, workers: int, progress: Progress) -> Result:
    """Do the trial that is asked for, or go on with it. What its draft is refused for is kept with it."""
    with deployment.store.transaction() as session:
        begun = runs.begin(session, key, now)
    with deployment.store.reading() as session:
        waiting = rows.under_way(session)
    if begun and waiting is not None:
        try:
            _try(deployment, key, waiting.trial_id, now, workers, progress)
        except WRONG as error:
            with deployment.store.transaction() as session:
                row = _running(session, waiting.trial_id)
                if row is not None:
                    row.state, row.error = "failed", str(error)
    with deployment.store.transaction() as session:
        return runs.finish(session, key, now)


def _running(session: Session, trial_id: int) -> DraftTrial | None:
    """A trial, locked, unless it is over: it may have been stopped."""
    row = session.get_one(DraftTrial, trial_id, with_for_update=True, populate_existing=True)
    return row if row.state in rows.UNDER_WAY else None


def _try(deployment: Deployment, key: RunKey, trial_id: int, now: datetime, workers: int, progress: Progress) -> None:
    program, trial, base = _against(deployment, trial_id, now)
    examples = list(scenarios_of(program.folder))
    members = select(Standing.member_id).order_by(Standing.member_id)
    found = runs.stretches(deployment.store, members) if trial is not None else []
    with deployment.store.transaction() as session:
        row = _running(session, trial_id)
        if row is not None and (row.parts is None or row.base != base):
            _plan(session, row, base, examples, found)
    _play(deployment, trial_id, program, examples, progress)
    if trial is not None:
        _fold(deployment, trial_id, trial, now, workers, progress)
    with deployment.store.transaction() as session:
        _over(session, key, trial_id)


def _against(deployment: Deployment, trial_id: int, now: datetime) -> tuple[Program, Trial | None, str]:
    """The program that scenarios are played by, what is tried on members, if anything, and the digest of what it is held
    against."""
    deployment.look(now, at_once=True)
    with deployment.store.reading() as session:
        kept: list[Edition] = published(session, deployment.program, now)
        row = rows.trial_of(session, trial_id)
        files = None if row.draft_id is None else files_of(session, draft_of(session, row.draft_id))
    if files is None:
        return deployment.program, None, base_of(kept)
    begins, on = row.begins or files.begins, row.on or files.begins
    trial = trial_against(deployment.program, kept, Files(begins, files.texts), on)
    return trial.then, trial, base_of(kept)


def _plan(session: Session, row: DraftTrial, base: str, examples: list[Scenario], found: list[tuple[int, int]]) -> None:
    """Write down what is to be done, in place of what was done against other editions."""
    for table in (TrialMove, TrialPart, TrialScenario):
        session.execute(delete(table).where(table.trial_id == row.trial_id))
    row.state, row.base, row.parts = "running", base, len(found)
    session.flush()
    parts = [(row.trial_id, n, first, last, "") for n, (first, last) in enumerate(found)]
    insert(session, TrialPart, ("trial_id", "n", "first", "last", "result"), parts)
    played = [(row.trial_id, n, one.file, one.name, "") for n, one in enumerate(examples)]
    insert(session, TrialScenario, ("trial_id", "n", "file", "name", "found"), played)


def _play(deployment: Deployment, trial_id: int, program: Program, examples: list[Scenario], progress: Progress) -> None:
    """Play the scenarios that were not played yet."""
    with deployment.store.reading() as session:
        mine = (TrialScenario.trial_id == trial_id, TrialScenario.holds.is_(None))
        todo = session.execute(select(TrialScenario.n, TrialScenario.file, TrialScenario.name).where(*mine)).all()
    known = {(one.file, one.name): one for one in examples}
    stage = empty_stage() if todo else None
    for done, (n, file, name) in enumerate(todo, 1):
        example = known.get((file, name))
        found = "it is no longer among the files" if example is None or stage is None else fault(stage, program, example)
        with deployment.store.transaction() as session:
            if _running(session, trial_id) is None:
                break
            row = session.get_one(TrialScenario, (trial_id, n))
            row.holds, row.found = not found, found
        progress(done, len(todo))
    if stage is not None:
        stage.close()


def _fold(deployment: Deployment, trial_id: int, trial: Trial, now: datetime, workers: int, progress: Progress) -> None:
    """Try the stretches of members that were not tried yet, here or in several processes."""
    with deployment.store.reading() as session:
        mine = (TrialPart.trial_id == trial_id, TrialPart.done_at.is_(None))
        todo = session.scalars(select(TrialPart.n).where(*mine).order_by(TrialPart.n)).all()
    _here[:] = [(deployment, trial)]
    with runs.pool(workers if len(todo) > FEW else 1, _begin, (deployment.settings, trial_id, now)) as executor:
        runs.map_chunks(executor, _part, [(trial_id, n, now) for n in todo], progress)


#: The deployment and the trial that this process works on.
_here: list[tuple[Deployment, Trial]] = []


def _begin(settings: Settings, trial_id: int, now: datetime) -> None:
    """In a worker process: a deployment and a trial of its own."""
    deployment = Deployment(settings)
    _program, trial, _base = _against(deployment, trial_id, now)
    assert trial is not None
    _here[:] = [(deployment, trial)]


def _part(task: tuple[int, int, datetime]) -> None:
    """Try a stretch without a lock on anything, and write what came of it at once."""
    trial_id, n, now = task
    deployment, trial = _here[0]
    with deployment.store.reading() as session:
        if rows.trial_of(session, trial_id).state != "running":
            return
        part = session.get_one(TrialPart, (trial_id, n))
        tried = try_stretch(session, trial, part.first, part.last)
    with deployment.store.transaction() as session:
        row, part = _running(session, trial_id), session.get_one(TrialPart, (trial_id, n))
        if row is None or part.done_at is not None:
            return
        part.result, part.done_at = rows.written(tried), now
        session.flush()
        insert(session, TrialMove, MOVE_COLUMNS, [
            (trial_id, one.number, one.move, one.now, one.through_now, one.then, one.through_then, one.source, one.evidence)
            for one in tried.moves
        ])  # fmt: skip


def _over(session: Session, key: RunKey, trial_id: int) -> None:
    """End a trial all of whose parts are done: what they came to is put together."""
    row = _running(session, trial_id)
    if row is None:
        return
    total = Tried()
    for text in session.scalars(select(TrialPart.result).where(TrialPart.trial_id == trial_id).order_by(TrialPart.n)):
        total.add(rows.read(text))
    row.state, row.result = "done", rows.written(total)
    runs.tally(session, key, total.members, 0)
