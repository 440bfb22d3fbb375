"""The screen of a member with 10,000 activities against that of one with 10. Part of `make bench`, or run alone.

Both are opened in turns in one process, nothing kept, then as they are opened again; what counts is the time of the processor,
which what else the machine does does not lengthen, and on PostgreSQL the time of the clock, for the database works elsewhere.
"""

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from flask.testing import FlaskClient

from loyalty import clock
from loyalty.access.staff import Hired, add
from loyalty.access.staff_signed import begin_staff, note_step, staff_viewer
from loyalty.audit.chain import Actor
from loyalty.jobs import imports, migrate
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, enrol
from loyalty.settings import Settings
from loyalty.status.operations import open_standings
from loyalty.web import create_app
from loyalty.web.staff.guard import TOKEN

ROUNDS, YEARS = 15, 6
#: The activities of each member, the first and the last of whom are opened.
COUNTS = (10, *([10] * 50), 10_000)


def build(deployment: Deployment, folder: Path, now: datetime) -> None:
    """Members, with flights of the last years loaded as history, and everyone folded."""
    import bench

    random, today = Random(1), deployment.today(now)
    numbers = [f"M{n:09}" for n in range(len(COUNTS))]
    begins = today - timedelta(days=YEARS * 365 + 30)
    with deployment.store.transaction() as session:
        answers = enrol(session, deployment.program, [Enrolment(begins, number) for number in numbers], now)
        open_standings(session, [(answer.member_id or 0, begins) for answer in answers])
    path = folder / "history.csv"
    with path.open("w") as file:
        file.write(bench.HEADER)
        for number, count in zip(numbers, COUNTS, strict=True):
            days: list[date] = sorted(today - timedelta(days=random.randrange(2, YEARS * 365)) for _ in range(count))
            file.writelines(bench.flights(random, number, days, "h"))
    job = imports.Job("bench", bench.mapping("same_day"), path, folder / "rejects")
    imports.run_import(deployment, job, now, lambda _done: None)
    bench.run(deployment, False, now, 1)


def signed_in(deployment: Deployment, client: FlaskClient, now: datetime) -> None:
    """Someone of the staff who reads everything."""
    with deployment.store.transaction() as session:
        hired = Hired("desk@house.example", "Dana Desk", ("supervisor", "auditor"), subject="desk")
        token = begin_staff(
            session, add(session, deployment.roles, Actor("command", "command"), hired, now)[0].staff_id, "bench", now
        )
        viewer = staff_viewer(session, token, now)
        assert viewer is not None
        note_step(session, viewer.sign_in_id, now)
    with client.session_transaction() as kept:
        kept[TOKEN] = token


def measured(url: str, line: Callable[[str, str, str, bool], None]) -> None:
    """On an empty database."""
    now = clock.now()
    deployment = Deployment(Settings(database_url=url, secret="a-secret-of-forty-characters-for-the-bench"))
    migrate.upgrade(deployment.store)
    deployment.ready(now)
    with tempfile.TemporaryDirectory() as folder:
        build(deployment, Path(folder), now)
    app = create_app(deployment, lambda: now)
    client, kept = app.test_client(), app.extensions["loyalty"].kept
    signed_in(deployment, client, now)
    watch = time.process_time if url.startswith("sqlite") else time.perf_counter
    for what, anew in (("first opened", True), ("opened again", False)):
        short, long = _times(client, lambda anew=anew: kept.found.clear() if anew else None, watch)
        told = f"{short * 1000:.0f} ms with 10 activities, {long * 1000:.0f} ms with 10,000: {long / short:.2f} x"
        line(f"member screen, {what}", told, "2 x", long < 2 * short)
    deployment.store.close()


def _times(client: FlaskClient, before: Callable[[], None], watch: Callable[[], float]) -> tuple[float, float]:
    """Seconds of each, the median of rounds in turns."""
    found: dict[int, list[float]] = {0: [], len(COUNTS) - 1: []}
    for round_ in range(ROUNDS + 2):
        for n, times in found.items():
            before()
            start = watch()
            answer = client.get(f"/staff/members/M{n:09}")
            seconds = watch() - start
            assert answer.status_code == 200
            if round_ >= 2:  # templates are read, statements put together
                times.append(seconds)
    short, long = (median(times) for times in found.values())
    return short, long


def both(postgresql: Callable[[], AbstractContextManager[str]], line: Callable[[str, str, str, bool], None]) -> None:
    """On both databases."""
    with tempfile.TemporaryDirectory() as folder:
        print("The member's screen, on SQLite")
        measured(f"sqlite:///{folder}/screen.db", line)
    print("The member's screen, on PostgreSQL")
    with postgresql() as url:
        measured(url, line)


if __name__ == "__main__":
    import bench

    both(bench.postgresql, bench.line)
