"""Speed of requests: windows opened for many, a departure cleared in one pass. Part of `make bench`, or run alone."""

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import event, text

sys.path.insert(0, str(Path(__file__).parents[2]))

from loyalty.benefits.tables import Service
from loyalty.jobs import migrate, requests
from loyalty.jobs.deployment import Deployment
from loyalty.settings import Settings
from tests.benefits.cabin import Cabin, at, config
from tests.conftest import NOON

FLIGHTS, EACH = 20, 500
BARE = text(
    "UPDATE request SET state = 'waitlisted', reason = 'window_come', details = '{}', changes = changes + 1"
    " WHERE state = 'pending' AND opens_at <= :now"
)


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def filled(url: str, folder: Path) -> Cabin:
    """Cabin with a member for each request, and departures that all of them wait for."""
    deployment = Deployment(Settings(program="orbit", database_url=url, config=str(config(folder))))
    migrate.upgrade(deployment.store)
    here = Cabin(deployment.ready(NOON))
    for n in range(FLIGHTS):
        numbers = [f"N{n:02}{member:04}" for member in range(EACH)]
        here.members(numbers, "gold")
        here.flight(f"F{n}", "2026-06-10 18:00", first=EACH // 5)
        first = at("2026-06-01 06:00")
        here.asks(f"F{n}", [(number, number, first + timedelta(seconds=m), "BMWK"[m % 4]) for m, number in enumerate(numbers)])
    return here


def bare(here: Cabin, now: str) -> float:
    """One bare UPDATE of the same rows, taken back."""
    with here.store.engine.connect() as connection:
        seconds = timed(lambda: connection.execute(BARE, {"now": at(now) if "postgres" in here.store.url else now}))
        connection.rollback()
    return seconds


def tidy(here: Cabin) -> None:
    if here.store.engine.dialect.name == "postgresql":
        with here.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def measured(url: str, line: Callable[[str, str, str, bool], None]) -> None:
    """Print what requests cost on a database."""
    with tempfile.TemporaryDirectory() as name:
        here = filled(url, Path(name))
        tidy(here)
        yardstick = min(bare(here, "2026-06-08 18:00:00.000000") for _ in range(3))
        tidy(here)
        opening = timed(lambda: requests.open_windows(here.deployment, at("2026-06-08 18:00")))
        told = f"{opening:.2f} s, {opening / yardstick:.1f} x one bare UPDATE ({yardstick:.3f} s)"
        line(f"{FLIGHTS * EACH:,} windows opened", told, "5 x", opening <= 5 * yardstick)
        heard: list[str] = []
        event.listen(here.store.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: heard.append(sql))
        tidy(here)
        one = here.service("F0")
        heard.clear()
        clearing = timed(lambda: cleared(here, one))
        told = f"{clearing * 1000:.0f} ms, {len(heard)} statements, {here.taken('F0')[0]} of {EACH} given"
        line("one departure cleared", told, "14 statements", len(heard) <= 14)
        print(f"     all {FLIGHTS} departures cleared: {timed(lambda: here.look('2026-06-08 18:00')):.2f} s")
        here.store.close()


def cleared(here: Cabin, one: Service) -> None:
    with here.store.transaction() as session:
        requests.clear_one(session, here.deployment, one.service_id, at("2026-06-08 18:00"))


def on_sqlite(line: Callable[[str, str, str, bool], None]) -> None:
    with tempfile.TemporaryDirectory() as name:
        measured(f"sqlite:///{name}/bench.db", line)


if __name__ == "__main__":
    from bench import line as told_line
    from bench import postgresql

    print("SQLite")
    on_sqlite(told_line)
    print("PostgreSQL")
    with postgresql() as address:
        measured(address, told_line)
