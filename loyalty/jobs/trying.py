"""A draft edition tried on all members: stretch by stretch, in this process or in several, nothing written."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import select

from loyalty.errors import Refused
from loyalty.insight.backtest import Trial, Tried, try_stretch
from loyalty.jobs import runs
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.migrate import require_current
from loyalty.jobs.runs import Progress
from loyalty.program.load import Draft, Edition, Files, Program, load
from loyalty.program.problems import listed, nearest
from loyalty.published.drafts import edition_of
from loyalty.published.operations import published
from loyalty.settings import Settings
from loyalty.status.tables import Standing

#: So many stretches are done in this process rather than in new ones.
FEW = 4


@dataclass(frozen=True)
class Asked:
    """What is to be tried: an edition's name or folder; from which day, the folder's name without it; told for which day.

    Without a day to tell it is today, or the draft's first day where that is later.
    """

    edition: str
    begins: date | None
    on: date | None
    now: datetime


def trial_for(deployment: Deployment, asked: Asked) -> Trial:
    """The program as published, and with the draft from its day on.

    Raises Refused: `database_behind`, `other_program`, `edition_changed`, `unknown_edition`, `edition_published`,
    `draft_without_day`, `draft_too_early`; ProgramInvalid with every problem of the draft.
    """
    require_current(deployment.store)
    with deployment.store.reading() as session:
        kept = published(session, deployment.program, asked.now)
    folder = _folder(deployment, asked.edition)
    begins = asked.begins or _day_of(folder)
    return trial_against(deployment.program, kept, Draft(folder, begins), asked.on or max(begins, deployment.today(asked.now)))


def trial_against(program: Program, kept: Sequence[Edition], draft: Draft | Files, on: date) -> Trial:
    """The published editions of a program, and the same with a draft, told for a day.

    Raises Refused: `edition_published`, `draft_too_early`; ProgramInvalid with every problem of the draft.
    """
    begins = draft.begins
    if not kept or begins < kept[0].begins:
        raise Refused("draft_too_early", begins=begins, program=program.id, first=kept[0].begins if kept else "no day")
    drafted = load(program.folder, draft, program.kept)
    if any(edition.begins == begins and edition.hash == edition_of(drafted, begins).hash for edition in kept):
        raise Refused("edition_published", edition=begins, program=program.id)
    names = {edition.begins for edition in kept} | {begins}
    then = replace(drafted, editions=tuple(edition for edition in drafted.editions if edition.begins in names))
    return Trial(replace(program, editions=tuple(kept)), then, begins, on)


def _folder(deployment: Deployment, edition: str) -> Path:
    """The folder of an edition: one of the program by its name, else any folder with an edition's files."""
    program = deployment.program
    own = program.folder / "editions" / edition
    names = [known.name for known in program.editions]
    if edition in names:
        return own
    if not Path(edition).is_dir():
        hint = nearest(edition, names)
        raise Refused("unknown_edition", edition=edition, program=program.id, allowed=listed(names), nearest=hint)
    return Path(edition)


def _day_of(folder: Path) -> date:
    try:
        return date.fromisoformat(folder.resolve().name)
    except ValueError:
        raise Refused("draft_without_day", folder=folder) from None


def try_all(deployment: Deployment, trial: Trial, asked: Asked, workers: int, progress: Progress) -> Iterator[Tried]:
    """What the trial comes to, for one stretch of members after the other; few are in hand at a time."""
    tasks = runs.stretches(deployment.store, select(Standing.member_id).order_by(Standing.member_id))
    _here[:] = [(deployment, trial)]
    with runs.pool(workers if len(tasks) > FEW else 1, _begin, (deployment.settings, asked)) as executor:
        for done, tried in enumerate(_mapped(executor, _stretch, tasks), 1):
            yield tried
            progress(done, len(tasks))


def _mapped(
    executor: Executor | None, work: Callable[[tuple[int, int]], Tried], tasks: list[tuple[int, int]]
) -> Iterator[Tried]:
    """The results in the order of the tasks."""
    if executor is None:
        yield from map(work, tasks)
        return
    waiting = iter(tasks)
    under_way: deque[Future[Tried]] = deque(executor.submit(work, task) for task in islice(waiting, 8))
    while under_way:
        result = under_way.popleft().result()
        under_way.extend(executor.submit(work, task) for task in islice(waiting, 1))
        yield result


#: The deployment and the trial that this process works on.
_here: list[tuple[Deployment, Trial]] = []


def _begin(settings: Settings, asked: Asked) -> None:
    """In a worker process: a deployment and a trial of its own."""
    deployment = Deployment(settings)
    _here[:] = [(deployment, trial_for(deployment, asked))]


def _stretch(stretch: tuple[int, int]) -> Tried:
    deployment, trial = _here[0]
    with deployment.store.reading() as session:
        return try_stretch(session, trial, *stretch)
