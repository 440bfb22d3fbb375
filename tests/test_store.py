"""The store: instants, lists of any length, bulk writing, transactions. On both databases."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from loyalty.earning.tables import Activity
from loyalty.jobs.tables import Run
from loyalty.ledger.operations import COLUMNS, Row
from loyalty.ledger.tables import Entry
from loyalty.members.tables import Member
from loyalty.store import COPY_FROM, Store, among, pairs, upsert
from loyalty.store import insert as write

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
RUN = {"job": "test", "as_of": date(2026, 6, 15), "everyone": False, "scheduled": False, "status": "done", "items": 0,
       "changes": 0, "failures": 0, "started_at": NOON}  # fmt: skip


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store(database_url)) as store:
        yield store


# --- instants ---------------------------------------------------------------------------------------------------


def test_an_instant_is_the_same_instant_in_utc_whatever_zone_it_came_in(store: Store) -> None:
    kathmandu = timezone(timedelta(hours=5, minutes=45))
    given = datetime(2026, 6, 15, 17, 45, 0, 123456, tzinfo=kathmandu)
    with store.transaction() as session:
        session.execute(insert(Run).values(**RUN, due=given))
    with store.reading() as session:
        (found,) = session.scalars(select(Run.due))
        assert found == given
        assert found.utcoffset() == timedelta(0)
        assert found.isoformat() == "2026-06-15T12:00:00.123456+00:00"
        assert session.scalar(select(Run.finished_at)) is None
        assert session.scalars(select(Run.job).where(Run.due == given)).all() == ["test"]
        assert session.scalars(select(Run.job).where(Run.due > given)).all() == []


def test_an_instant_just_before_an_hour_sorts_before_it(store: Store) -> None:
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(microseconds=1)]
    with store.transaction() as session:
        session.execute(insert(Run), [{**RUN, "due": moment} for moment in reversed(moments)])
    with store.reading() as session:
        assert session.scalars(select(Run.due).order_by(Run.due)).all() == moments
        assert session.scalar(select(func.max(Run.due))) == moments[-1]


def test_a_naive_datetime_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="naive datetime"), store.transaction() as session:
        session.execute(insert(Run).values(**RUN, due=datetime(2026, 6, 15, 12)))  # noqa: DTZ001
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 0


@pytest.mark.parametrize("rows", [1, COPY_FROM])
def test_a_naive_datetime_is_refused_by_bulk_writing_too(store: Store, rows: int) -> None:
    naive = datetime(2026, 6, 15, 12)  # noqa: DTZ001
    with pytest.raises(Exception, match="naive datetime"), store.transaction() as session:
        write(session, Entry, COLUMNS, [(*entry(n)[:7], naive, *entry(n)[8:]) for n in range(rows)])
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Entry)) == 0


# --- lists of any length ----------------------------------------------------------------------------------------


def members(store: Store, count: int) -> list[int]:
    row = {"enrolled_on": date(2026, 1, 1), "created_at": NOON}
    with store.transaction() as session:
        session.execute(insert(Member), [{**row, "number": f"M{n}"} for n in range(count)])
        return list(session.scalars(select(Member.member_id).order_by(Member.member_id)))


@pytest.mark.parametrize("asked", [0, 1, 2, 70_000])  # 70,000: more than a statement may have parameters
def test_among_takes_any_number_of_values(store: Store, asked: int) -> None:
    ids = members(store, 3)
    with store.reading() as session:
        wanted = [*ids[:asked], *range(10**6, 10**6 + asked - 3)]
        found = session.scalars(select(Member.member_id).where(among(session, Member.member_id, wanted))).all()
        assert sorted(found) == ids[:asked]


def test_among_takes_texts_as_they_are(store: Store) -> None:
    numbers = ["M1", "it's", 'a "quoted" one', "back\\slash", "{brace,comma}", "伟", "NULL", ""]
    row = {"enrolled_on": date(2026, 1, 1), "created_at": NOON}
    with store.transaction() as session:
        session.execute(insert(Member), [{**row, "number": number} for number in numbers])
    with store.reading() as session:
        for number in numbers:
            assert session.scalars(select(Member.number).where(among(session, Member.number, [number]))).all() == [number]
        found = session.scalars(select(Member.number).where(among(session, Member.number, [*numbers, *numbers])))
        assert sorted(found) == sorted(numbers)


@pytest.mark.parametrize("asked", [0, 1, 2, 40_000])
def test_pairs_takes_any_number_of_pairs(store: Store, asked: int) -> None:
    largest = 2**63 - 1
    given = [(1, largest), (2, -largest), *((n, n) for n in range(3, 40_001))][:asked]
    with store.reading() as session:
        table = pairs(session, given)
        assert sorted(tuple(row) for row in session.execute(select(table.c.a, table.c.b))) == sorted(given)


# --- bulk writing -----------------------------------------------------------------------------------------------

AWKWARD = ["plain", "tab\there", "line\nbreak", "back\\slash", "\\N", "quote's \"", "伟 🛫", "", None]


def entry(n: int) -> Row:
    basis = AWKWARD[n % len(AWKWARD)]
    amount = (2**63 - 1) * (-1) ** n
    stamp = NOON + timedelta(microseconds=n)
    return 1, 2**62 + n, n, "km", amount, date(2024, 2, 29), date(9999, 12, 31), stamp, "earn", "issuance", basis, None, basis


@pytest.mark.parametrize("count", [0, 1, COPY_FROM - 1, COPY_FROM, COPY_FROM + 1])
def test_few_and_many_rows_are_written_alike(store: Store, count: int) -> None:
    """Below COPY_FROM by a statement, from it on by COPY (PostgreSQL)."""
    rows = [entry(n) for n in range(count)]
    with store.transaction() as session:
        write(session, Entry, COLUMNS, rows)
    with store.reading() as session:
        found = session.execute(select(*(Entry.__table__.c[name] for name in COLUMNS)).order_by(Entry.n)).all()
        assert [tuple(row) for row in found] == rows


def test_one_row_at_a_time_gives_what_all_at_once_give(store: Store) -> None:
    columns = ("member_id", "activity_id", "source", "key", "version", "kind", "on", "posted_at", "fields", "input_hash",
               "edition", "tier")  # fmt: skip
    day = date(2026, 2, 28)
    rows: list[tuple[Any, ...]] = [
        (1, n, "tab\t", f"键 {n}", 1, "trip", day, NOON, '{"a":"\\\\"}', 2**63 - 1, day, "") for n in range(COPY_FROM)
    ]
    with store.transaction() as session:
        for row in rows:
            write(session, Activity, columns, [row])
    with store.reading() as session:
        singly = [tuple(row) for row in session.execute(select(Activity.__table__).order_by(Activity.activity_id))]
    with store.transaction() as session:
        session.execute(text("DELETE FROM activity"))
        write(session, Activity, columns, rows)
    with store.reading() as session:
        assert [tuple(row) for row in session.execute(select(Activity.__table__).order_by(Activity.activity_id))] == singly


def test_upsert_writes_over_the_row_of_the_same_key(store: Store) -> None:
    (member,) = members(store, 1)
    columns = ("member_id", "number", "enrolled_on", "created_at")
    with store.transaction() as session:
        upsert(session, Member, ["member_id"], columns, [(member, "again", date(2026, 3, 1), NOON)])
        upsert(session, Member, ["member_id"], columns, [])
    with store.reading() as session:
        assert session.execute(select(Member.number, Member.enrolled_on)).all() == [("again", date(2026, 3, 1))]


# --- transactions -----------------------------------------------------------------------------------------------


def test_a_failing_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as session:
        session.execute(insert(Run).values(**RUN, due=NOON))
        write(session, Entry, COLUMNS, [entry(n) for n in range(COPY_FROM)])
        _ = 1 / 0
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 0
        assert session.scalar(select(func.count()).select_from(Entry)) == 0


def test_who_only_reads_is_not_let_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read.?only"), store.reading() as session:
        session.add(Run(**RUN, due=NOON))
    with pytest.raises(DBAPIError, match=r"read.?only"), store.reading() as session:
        session.execute(insert(Run).values(**RUN, due=NOON))
    with store.transaction() as session:  # on the connection that was read from
        session.execute(insert(Run).values(**RUN, due=NOON))
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(Run)) == 1


def test_what_was_read_again_and_again_stays_prepared(store: Store) -> None:
    if store.engine.dialect.name != "postgresql":
        pytest.skip("SQLite's driver keeps statements by itself")
    for _ in range(8):
        with store.reading() as session:
            session.scalar(select(func.count()).select_from(Run))
    with store.reading() as session:
        named = session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert any("FROM run" in one for one in named)


def together(*works: Callable[[], None]) -> list[BaseException]:
    """Do works in threads at the same time; the errors of those that failed."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


def test_writers_wait_for_each_other_rather_than_fail(store: Store) -> None:
    """Each reads, then writes: where a transaction began without its lock, SQLite would refuse the second at once."""
    (member,) = members(store, 1)

    def work() -> None:
        for _ in range(5):
            with store.transaction() as session:
                row = session.scalars(select(Member).where(Member.member_id == member).with_for_update()).one()
                counted = int(row.name or 0)
                time.sleep(0.01)
                row.name = str(counted + 1)

    assert together(*[work] * 4) == []
    with store.reading() as session:
        assert session.scalar(select(Member.name)) == "20"


def test_a_reader_waits_for_no_writer(store: Store) -> None:
    (member,) = members(store, 1)
    with store.transaction() as session:
        session.get_one(Member, member).name = "new"
        session.flush()
        began = time.monotonic()
        with store.reading() as other:
            assert other.scalar(select(Member.name)) == ""
        assert time.monotonic() - began < 5
    with store.reading() as session:
        assert session.scalar(select(Member.name)) == "new"


def test_foreign_keys_hold(store: Store) -> None:
    statement = "INSERT INTO standing (member_id, source, facts, spans, changes, spans_digest) VALUES (77, '', 0, 0, 0, 0)"
    with pytest.raises(Exception, match=r"(?i)foreign key"), store.transaction() as session:
        session.execute(text(statement))
