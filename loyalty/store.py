"""The database: engine, transactions, types and the naming of constraints. SQLite embedded, PostgreSQL beyond it."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Engine,
    FromClause,
    Integer,
    MetaData,
    Table,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from loyalty.keys import digest, dumps

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
#: From this many rows on a COPY is worth its set-up.
COPY_FROM = 50

#: A surrogate key that both databases count up by themselves.
Counted = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant. SQLite keeps no zone, so it is put back on reading; a naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)


class Base(DeclarativeBase):
    """All tables. A table of a member has `member_id` first in its primary key, so that it can be sharded by it."""

    metadata = MetaData(naming_convention=NAMING)


class Store:
    """One database. Cheap to make, safe to share between threads; a new process makes its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = create_engine(url, json_serializer=dumps)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _sqlite_connect)
            event.listen(self.engine, "begin", _sqlite_begin)
        self.reader = self.engine.execution_options(reading=True)
        if self.engine.dialect.name == "postgresql":
            self.reader = self.reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose changes all commit at the end, or none; SQLite takes its write lock at once."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, all of it as it was at one moment: it waits for no writer, and is not let write.

        It ends with a commit: psycopg forgets at a rollback the statements that it has prepared.
        """
        with Session(self.reader, expire_on_commit=False) as session:
            yield session
            session.commit()

    def close(self) -> None:
        self.engine.dispose()


def _sqlite_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late for a lock
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=60000", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    cast(Any, connection.connection.driver_connection).execute(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def insert(session: Session, table: type[Base], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows of one table, given as tuples in the order of `columns`: COPY on PostgreSQL where they are many."""
    if not rows:
        return
    target = cast(Table, table.__table__)
    names = ", ".join(f'"{name}"' for name in columns)
    if session.get_bind().dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f'INSERT INTO "{target.name}" ({names}) VALUES ({marks})'  # noqa: S608 names of our own tables
        session.connection().exec_driver_sql(statement, list(_sqlite_rows(target, columns, rows)))
        return
    if len(rows) >= COPY_FROM:
        _refuse_naive(target, columns, rows)
        driver: Any = session.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f'COPY "{target.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
        return
    session.connection().execute(target.insert(), [dict(zip(columns, row, strict=True)) for row in rows])


def _refuse_naive(table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """COPY goes past the types of the columns: what they refuse is refused here."""
    for n in (n for n, name in enumerate(columns) if isinstance(table.c[name].type, Instant)):
        naive = next((row[n] for row in rows if row[n] is not None and row[n].tzinfo is None), None)
        if naive is not None:
            raise ValueError(f"naive datetime {naive}")


def _sqlite_rows(table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows as SQLite keeps them: days and instants as the text in which the column's type reads them back."""
    days = [n for n, name in enumerate(columns) if isinstance(table.c[name].type, Date | Instant)]
    if not days:
        yield from rows
        return
    texts: dict[Any, str | None] = {None: None}
    for row in rows:
        cells = list(row)
        for n in days:
            value = cells[n]
            if value not in texts:
                texts[value] = _sqlite_text(value)
            cells[n] = texts[value]
        yield tuple(cells)


def _sqlite_text(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.tzinfo is None:
        raise ValueError(f"naive datetime {value}")
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def take_turns(session: Session, name: str) -> None:
    """Wait until no other transaction has this turn, and keep it until this one ends. On SQLite every writer does already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(digest(name))))


def among(session: Session, column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """`column IN values` for any number of values, as one bound parameter, so that the statement is prepared once."""
    if session.get_bind().dialect.name == "postgresql":
        return cast(ColumnElement[bool], column == any_(bindparam(None, list(values), type_=ARRAY(column.type))))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return cast(ColumnElement[bool], column.in_(select(listed.c.value)))


def pairs(session: Session, values: Sequence[tuple[int, int]]) -> FromClause:
    """A table of two columns, a and b, holding pairs of whole numbers: to join on a key of two parts."""
    if session.get_bind().dialect.name == "postgresql":
        firsts, seconds = ([pair[n] for pair in values] for n in (0, 1))
        arrays = [bindparam(None, part, type_=ARRAY(BigInteger)) for part in (firsts, seconds)]
        return func.unnest(*arrays).table_valued("a", "b").render_derived()
    rows = func.json_each(json.dumps(values)).table_valued("value")
    a, b = (func.json_extract(rows.c.value, f"$[{n}]") for n in (0, 1))
    return select(a.label("a"), b.label("b")).select_from(rows).subquery()


def upsert(
    session: Session, table: type[Base], keys: Sequence[str], columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Write rows of one table over those with the same key."""
    if not rows:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(cast(Table, table.__table__))
    changed = {name: statement.excluded[name] for name in columns if name not in keys}
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    session.connection().execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed), values)
