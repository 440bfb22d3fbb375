"""The audit log: added to and nothing else, a chain in which any forgery is found, searched and exported. On both databases."""

import json
from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from loyalty.audit.chain import Act, Actor, line_hash
from loyalty.audit.operations import append
from loyalty.audit.queries import Wanted, by_key, export, found, verify
from loyalty.audit.tables import AuditLine
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.store import Store
from tests.conftest import NOON

ANN, BOB = Actor("staff", "ann@house.example", 1, "192.0.2.7"), Actor("staff", "bob@house.example", 2)


@pytest.fixture
def store(deploy: Callable[..., Deployment]) -> Store:
    return deploy().store


def write(store: Store, count: int = 5) -> None:
    for n in range(1, count + 1):
        with store.transaction() as session:
            act = Act("note.add" if n % 2 else "tier.grant", {"after": {"n": n, "ä": "中"}}, f"why {n}", n % 3 or None, f"k{n}")
            append(session, ANN if n < 4 else BOB, act, NOON + timedelta(hours=n, microseconds=n))


def unguarded(session: Session, *statements: str) -> None:
    """What somebody does who owns the table: the rule is taken away first."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    for name in ("audit_no_update", "audit_no_delete") if sqlite else ():
        session.execute(text(f"DROP TRIGGER {name}"))
    if not sqlite:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
    for statement in statements:
        session.execute(text(statement))
    if not sqlite:
        session.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = 'none' WHERE n = 2", "DELETE FROM audit WHERE n = 5",
                                       "DELETE FROM audit", "UPDATE audit SET hash = 'x'"])  # fmt: skip
def test_the_database_refuses_to_change_or_delete_a_line(store: Store, statement: str) -> None:
    write(store)
    with pytest.raises(DBAPIError, match="lines of the audit log are never changed"), store.transaction() as session:
        session.execute(text(statement))
    with store.transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
                session.execute(text("TRUNCATE audit"))
        assert verify(session).lines == 5


@pytest.mark.parametrize(("forged", "fault"), [
    ("UPDATE audit SET reason = 'none' WHERE n = 3", (2, "line 3 is not as it was written")),
    ("UPDATE audit SET at = (SELECT at FROM audit WHERE n = 1) WHERE n = 3", (2, "line 3 is not as it was written")),
    ("UPDATE audit SET member_id = NULL WHERE n = 4", (3, "line 4 is not as it was written")),
    ("DELETE FROM audit WHERE n = 2", (1, "line 2 is missing")),
    ("DELETE FROM audit WHERE n = 1", (0, "line 1 is missing")),
])  # fmt: skip
def test_a_line_that_was_forged_or_taken_out_is_the_first_that_is_told(
    store: Store, forged: str, fault: tuple[int, str]
) -> None:
    write(store)
    with store.transaction() as session:
        assert verify(session).fault == ""
        unguarded(session, forged)
        found_ = verify(session)
        assert (found_.lines, found_.fault) == fault


def test_a_line_forged_with_its_hash_breaks_the_next_and_the_kept_head_tells_the_last(store: Store) -> None:
    write(store)
    with store.transaction() as session:
        head = verify(session)
        for n, fault in ((3, "line 4 does not follow line 3"), (5, "line 5 has another hash than was kept")):
            nested = session.begin_nested()
            line = session.get_one(AuditLine, n)
            session.expunge(line)
            line.reason = "forged"
            unguarded(session, f"UPDATE audit SET reason = 'forged', hash = '{line_hash(line)}' WHERE n = {n}")
            assert verify(session, (head.lines, head.hash)).fault == fault
            nested.rollback()
        assert verify(session, (head.lines, head.hash)).fault == ""
        unguarded(session, "DELETE FROM audit WHERE n = 5")
        assert verify(session).fault == ""
        assert verify(session, (head.lines, head.hash)).fault == "lines from 5 to 5 are missing"


def test_many_who_write_at_once_make_one_chain(store: Store) -> None:
    def some(name: str) -> None:
        for n in range(5):
            with store.transaction() as session:
                append(session, Actor("staff", name), Act("note.add", {}, "", None, f"{name} {n}"), NOON)

    threads = [Thread(target=some, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as session:
        assert (verify(session).lines, verify(session).fault) == (20, "")


def test_a_key_is_in_the_log_once(store: Store) -> None:
    write(store, 1)
    with pytest.raises(Refused) as refusal, store.transaction() as session:
        append(session, BOB, Act("note.add", {}, key="k1"), NOON)
    assert refusal.value.code == "key_reused"
    with store.transaction() as session:
        append(session, BOB, Act("approval.ask", {}), NOON)
        append(session, BOB, Act("approval.ask", {}), NOON)
        line = by_key(session, "k1")
        assert line is not None and line.n == 1 and by_key(session, "") is None


def test_lines_are_found_by_actor_act_member_and_span_and_exported(store: Store) -> None:
    write(store)
    with store.reading() as session:

        def numbers(wanted: Wanted, **more: int) -> list[int]:
            return [row.n for row in found(session, wanted, **more)]

        assert numbers(Wanted()) == [5, 4, 3, 2, 1]
        assert numbers(Wanted(actor="bob@house.example")) == [5, 4]
        assert numbers(Wanted(act="tier.grant")) == [4, 2]
        assert numbers(Wanted(member_id=1)) == [4, 1]
        assert numbers(Wanted(since=NOON + timedelta(hours=2), until=NOON + timedelta(hours=4))) == [3, 2]
        assert numbers(Wanted(), limit=2) == [5, 4] and numbers(Wanted(), before=4, limit=2) == [3, 2]
        lines = [json.loads(line) for line in export(session, Wanted(actor="ann@house.example"))]
    assert [line["n"] for line in lines] == [1, 2, 3]
    assert lines[0]["what"] == {"after": {"n": 1, "ä": "中"}} and lines[1]["previous"] == lines[0]["hash"]
