"""Files read in: chunk by chunk, each in a transaction of its own, resumable after a kill, the same twice changing nothing."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.earning import intake as activities_intake
from loyalty.earning.operations import Outcome, record, reverse
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.request_imports import requests_taker, services_taker
from loyalty.jobs.taking import Reject, Take, Tally, read_rows, reject, repeat
from loyalty.members import intake as members_intake
from loyalty.members.files import FileRow, file_hash, rows_of
from loyalty.members.mapping import MappingFile
from loyalty.members.operations import enrol
from loyalty.members.tables import ImportFile
from loyalty.members.telling import note
from loyalty.status.operations import mark_due, open_standings
from loyalty.status.queries import lock_numbers

#: Rows of a file in one transaction.
CHUNK = 5000


@dataclass(frozen=True)
class Job:
    """One file to read through a mapping; rejected rows go to `rejects`, one JSON object a line."""

    name: str
    mapping: MappingFile
    path: Path
    rejects: Path
    dry_run: bool = False


class DryRun(Exception):
    """Undoes a trial."""


def run_import(deployment: Deployment, job: Job, now: datetime, progress: Callable[[int], None], chunk: int = CHUNK) -> Tally:
    """Read a file in. An import of the same file and mapping that was killed goes on after its last whole chunk.

    A dry run does the very same in one transaction and takes it back. Raises Refused where the file cannot be read by
    the mapping at all.
    """
    if job.mapping.program != deployment.program.id:
        raise Refused("other_program", found=job.mapping.program, expected=deployment.program.id)
    take = _taker(deployment, job.mapping, now)
    read_hash = file_hash(job.path)
    if job.dry_run:
        return _trial(deployment, job, take, progress, chunk)
    import_id, tally = _begun(deployment, job, read_hash, now)
    with _Rejects(job.rejects, tally.read) as rejects:
        rows = islice(rows_of(job.path, job.mapping), tally.read, None)
        for mine in _chunks(rows, chunk):
            with deployment.store.transaction() as session:
                rejects.add(take(session, mine, tally))
                _note(session, import_id, tally, None)
            progress(tally.read)
    with deployment.store.transaction() as session:
        _note(session, import_id, tally, now)
    return tally


def _trial(deployment: Deployment, job: Job, take: Take, progress: Callable[[int], None], chunk: int) -> Tally:
    tally = Tally()
    with _Rejects(job.rejects, 0) as rejects:
        try:
            with deployment.store.transaction() as session:
                for mine in _chunks(rows_of(job.path, job.mapping), chunk):
                    rejects.add(take(session, mine, tally))
                    progress(tally.read)
                raise DryRun
        except DryRun:
            return tally


def _chunks(rows: Iterator[FileRow], size: int) -> Iterator[list[FileRow]]:
    while mine := list(islice(rows, size)):
        yield mine


# --- how far it came --------------------------------------------------------------------------------------------


def _begun(deployment: Deployment, job: Job, read_hash: str, now: datetime) -> tuple[int, Tally]:
    with deployment.store.transaction() as session:
        open_one = (
            ImportFile.mapping == job.name, ImportFile.file_hash == read_hash, ImportFile.finished_at.is_(None),
        )  # fmt: skip
        row = session.scalar(select(ImportFile).where(*open_one).order_by(ImportFile.import_id).limit(1).with_for_update())
        if row is None:
            row = ImportFile(mapping=job.name, file_hash=read_hash, started_at=now, rows=0, posted=0, repeated=0, rejected=0)
            session.add(row)
            session.flush()
        return row.import_id, Tally(row.rows, row.posted, row.repeated, row.rejected)


def _note(session: Session, import_id: int, tally: Tally, finished_at: datetime | None) -> None:
    row = session.get_one(ImportFile, import_id)
    row.rows, row.posted, row.repeated, row.rejected = tally.read, tally.posted, tally.repeated, tally.rejected
    row.finished_at = finished_at


class _Rejects:
    """The file of rejected rows. Written before its chunk commits; what a killed chunk left is cut off on resuming."""

    def __init__(self, path: Path, done: int) -> None:
        self.path = path
        kept = self._before(done) if done else []
        self.lines = kept

    def __enter__(self) -> "_Rejects":
        if self.lines:
            self.path.write_text("".join(self.lines), encoding="utf-8")
        elif self.path.exists():
            self.path.unlink()
        return self

    def __exit__(self, *_: object) -> None:
        self.lines = []

    def add(self, rejects: list[Reject]) -> None:
        if not rejects:
            return
        with self.path.open("a", encoding="utf-8") as file:
            for reject in rejects:
                file.write(json.dumps(asdict(reject), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _before(self, done: int) -> list[str]:
        if not self.path.exists():
            return []
        kept = []
        for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n") and json.loads(line)["row"] <= done:
                kept.append(line)
        return kept


# --- taking rows ------------------------------------------------------------------------------------------------


def _taker(deployment: Deployment, mapping: MappingFile, now: datetime) -> Take:
    if mapping.services or mapping.requests:
        about = mapping.services or mapping.requests
        return (services_taker if mapping.services else requests_taker)(deployment, about, now)  # type: ignore[arg-type]
    return _members_taker(deployment, mapping, now) if mapping.members else _activities_taker(deployment, mapping, now)


def _members_taker(deployment: Deployment, mapping: MappingFile, now: datetime) -> Take:
    assert mapping.members is not None
    read = members_intake.reader_of(mapping.members)

    def take(session: Session, rows: list[FileRow], tally: Tally) -> list[Reject]:
        taken, rejects = read_rows(rows, read, tally)
        answers = enrol(session, deployment.program, [enrolment for _, enrolment in taken], now)
        opened = []
        for (row, enrolment), answer in zip(taken, answers, strict=True):
            if answer.refusal is not None:
                rejects.append(reject(row, answer.refusal))
            elif answer.member_id is None:
                repeat(tally, row)
            else:
                opened.append((answer.member_id, enrolment.enrolled_on))
        open_standings(session, opened)
        tally.posted += len(opened)
        tally.rejected += len(rejects)
        return sorted(rejects, key=lambda reject: reject.row)

    return take


def _activities_taker(deployment: Deployment, mapping: MappingFile, now: datetime) -> Take:
    assert mapping.activities is not None
    read = activities_intake.reader_of(mapping.activities)

    def take(session: Session, rows: list[FileRow], tally: Tally) -> list[Reject]:
        taken, rejects = read_rows(rows, read, tally)
        accounts = lock_numbers(session, list({item.number for _, item in taken}))
        before = {number: account.review_on for number, account in accounts.items()}
        known = []
        for row, item in taken:
            if item.number in accounts:
                known.append((row, item))
            else:
                rejects.append(reject(row, Refused("unknown_member", number=item.number)))
        for part, backwards in _in_order(known):
            if backwards:
                rejects += _take_back(session, deployment, accounts, part, tally, now)
                continue
            reports = [(accounts[item.number], item.report) for _, item in part]
            outcomes = record(session, deployment.program, reports, now)
            rejects += _count([row for row, _ in part], outcomes, tally)
        note(session, [account.member_id for account in accounts.values()], now)
        _mark(session, [account for number, account in accounts.items() if account.review_on != before[number]])
        tally.rejected += len(rejects)
        return sorted(rejects, key=lambda reject: reject.row)

    return take


def _in_order(known: list[tuple[FileRow, Any]]) -> Iterator[tuple[list[tuple[FileRow, Any]], bool]]:
    """The rows in stretches of postings and of reversals: a reversal may follow its activity in the same chunk."""
    part: list[tuple[FileRow, Any]] = []
    for row, item in known:
        if part and part[-1][1].reverses != item.reverses:
            yield part, part[-1][1].reverses
            part = []
        part.append((row, item))
    if part:
        yield part, part[-1][1].reverses


def _count(rows: list[FileRow], outcomes: list[Outcome], tally: Tally) -> list[Reject]:
    rejects = []
    for row, outcome in zip(rows, outcomes, strict=True):
        if outcome.refusal is not None:
            rejects.append(reject(row, outcome.refusal))
        elif outcome.repeated:
            repeat(tally, row)
        else:
            tally.posted += 1
    return rejects


def _take_back(
    session: Session,
    deployment: Deployment,
    accounts: dict[str, Any],
    part: list[tuple[FileRow, Any]],
    tally: Tally,
    now: datetime,
) -> list[Reject]:
    rejects = []
    for row, item in part:
        report = item.report
        try:
            account = accounts[item.number]
            fresh = reverse(session, deployment.program, account, report.source, report.key, "taken back by the source", now,
                            posted_on=report.posted_on)  # fmt: skip
        except Refused as refusal:
            rejects.append(reject(row, refusal))
            continue
        if fresh:
            tally.posted += 1
        else:
            repeat(tally, row)
    return rejects


def _mark(session: Session, accounts: list[Any]) -> None:
    """Note in the database what the accounts of a chunk noted: the earliest day of facts to be folded."""
    days: dict[Any, list[int]] = {}
    for account in accounts:
        days.setdefault(account.review_on, []).append(account.member_id)
    for day in sorted(days):
        mark_due(session, days[day], day)
