"""What the tests of one process make once and use again: programs, compiled statements, connections to PostgreSQL."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from psycopg import OperationalError
from sqlalchemy import Dialect, Engine, create_engine, event

from loyalty.program.load import Draft, Files, Program, load

_programs: dict[str, Program] = {}
_dialects: dict[str, Dialect] = {}
_compiled: dict[str, dict[Any, Any]] = {}
_connections: dict[tuple[int, str], list[Any]] = {}


def load_once(folder: Path, draft: Draft | None = None, kept: Sequence[Files] = ()) -> Program:
    """`load`, but a program whose files are those of one loaded before is that one. What cannot be loaded is told each time."""
    if draft is not None or kept:
        return load(folder, draft, kept)
    content = hashlib.sha256(repr(list(_files(folder))).encode()).hexdigest()
    if content not in _programs:
        _programs[content] = load(folder)
    found = _programs[content]
    return found if found.folder == folder else replace(found, folder=folder)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Whatever `load` reads of a folder: the names in it and what the files hold."""
    yield folder.name, b""
    for path in [folder / "program.yaml", *sorted((folder / "editions").rglob("*"))]:
        yield str(path.relative_to(folder)), path.read_bytes() if path.is_file() else b""


def engine_sharing(url: str, **options: Any) -> Engine:
    """`create_engine`, with the dialect of the first engine of its kind, so that both keep compiled statements together.

    The first to come is that of a migrated database: a dialect learns what its server can do when it first connects.
    """
    kind = url.partition(":")[0]
    engine = create_engine(url, execution_options={"compiled_cache": _compiled.setdefault(kind, {})}, **options)
    if kind.startswith("postgresql"):
        _keep_connections(engine, url)
    engine.dialect = _dialects.get(kind, engine.dialect)
    return engine


def share_dialect(engine: Engine) -> None:
    """From now on engines of this kind have the dialect of this one, which has connected."""
    _dialects.setdefault(engine.url.drivername, engine.dialect)


def _keep_connections(engine: Engine, url: str) -> None:
    """What an engine closes, the next one opens: a new server process reads its catalogue anew, which took most of a test."""
    kept = _connections.setdefault((os.getpid(), url), [])
    dialect = engine.dialect  # the pool's, which stays when the engine is given another
    close = dialect.do_close

    def opened(*_connecting: object) -> Any:
        while kept:
            connection = kept.pop()
            with suppress(OperationalError):  # it may have been lost
                connection.execute("SELECT 1")
                connection.rollback()
                return connection
            connection.close()
        return None

    def closed(connection: Any) -> None:
        try:
            connection.rollback()
            connection.execute("SELECT pg_advisory_unlock_all()")
            connection.execute("RESET ALL")
            connection.commit()
        except OperationalError:  # it has been lost
            close(connection)
        else:
            kept.append(connection)

    event.listen(engine, "do_connect", opened)
    dialect.do_close, dialect.do_terminate = closed, close  # type: ignore[method-assign]


def close_kept() -> None:
    """Close the connections that were kept, when the last test has ended."""
    while _connections:
        for connection in _connections.popitem()[1]:
            connection.close()
