"""Which process keeps the schedule: one at a time, by a lock that ends with it."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from loyalty.jobs.deployment import Deployment

#: A number of ours among PostgreSQL's advisory locks: whoever holds it leads.
LEADER_LOCK = 7101002
#: Whether any process holds it in this database.
HELD = text(
    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :lock "
    "AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
)


@contextmanager
def leading(deployment: Deployment) -> Iterator[Callable[[], bool]]:
    """A question to ask again and again: does this process lead? The lead ends with the process, however it ends, and on
    PostgreSQL with the connection that holds it."""
    if deployment.store.engine.dialect.name == "postgresql":
        engine = deployment.store.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield lambda: _holds(connection)
            connection.invalidate()  # the lock goes with it
        return
    with _file(deployment).open("w") as file:
        yield lambda: _locks(file)


def _holds(connection: Connection) -> bool:
    try:
        return bool(connection.scalar(select(func.pg_try_advisory_lock(LEADER_LOCK))))
    except DBAPIError:
        connection.rollback()  # connects anew when asked again
        return False


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_led(deployment: Deployment) -> bool:
    """Whether any process keeps the schedule now; on SQLite, any of this machine."""
    if deployment.store.engine.dialect.name == "postgresql":
        with deployment.store.reading() as session:
            return bool(session.scalar(HELD, {"lock": LEADER_LOCK}))
    try:
        with _file(deployment).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _file(deployment: Deployment) -> Path:
    return Path(f"{deployment.store.engine.url.database or 'loyalty'}.leader")
