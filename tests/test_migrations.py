"""The tables made, checked, taken back and made again; editions published and never changed. On both databases."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pytest
from alembic.util import CommandError
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, inspect, select, text

from loyalty.cli import main
from loyalty.errors import Refused
from loyalty.insight.tables import Snapshot
from loyalty.jobs import migrate
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.tables import Run, RunChunk, RunFailure
from loyalty.published import PublishedEdition, publish
from loyalty.settings import Settings
from loyalty.store import Base, Store
from tests.jobs import orbit

ROOT = Path(__file__).parent.parent


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgresql_server")
    name = f"loyalty_empty_{os.getpid()}"
    before, _, query = server.partition("?")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield before.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def store(empty_url: str) -> Iterator[Store]:
    with closing(Store(empty_url)) as store:
        yield store


def tables(store: Store) -> set[str]:
    return set(inspect(store.engine).get_table_names()) - {"alembic_version"}


ALL = {table.name for table in Base.metadata.sorted_tables}


def test_up_from_nothing_one_down_and_up_again(store: Store) -> None:
    assert tables(store) == set()
    migrate.upgrade(store)
    assert tables(store) == ALL
    migrate.check(store)
    migrate.require_current(store)
    migrate.upgrade(store)  # again: nothing to do
    migrate.downgrade(store, "-1")
    assert tables(store) < ALL
    with pytest.raises(Refused) as refusal:
        migrate.require_current(store)
    assert refusal.value.code == "database_behind"
    migrate.upgrade(store)
    migrate.check(store)
    assert tables(store) == ALL


def test_all_the_way_down_leaves_nothing(store: Store) -> None:
    migrate.upgrade(store)
    migrate.downgrade(store, "base")
    assert tables(store) == set()


def test_runs_of_before_keep_what_they_did_and_go_on(store: Store) -> None:
    """A run that was killed under the old tables has its chunks still."""
    migrate.upgrade(store, "0002")
    due = "2026-06-15 02:30:00.000000"
    run = f"'recalculate', '{due}', '2026-06-15', false, true, '{{}}', '{due}', NULL, 7, 8, 1"
    with store.transaction() as session:
        for statement in (
            f"INSERT INTO run VALUES ({run.format('running')})",
            f"INSERT INTO run_chunk VALUES ('recalculate', '{due}', 0, 1, 9, NULL, 7, 8)",
            f"INSERT INTO run_failure VALUES ('recalculate', '{due}', 4, 'ZeroDivisionError: x')",
        ):
            session.execute(text(statement))
    migrate.upgrade(store)
    with store.reading() as session:
        (run_row,) = session.scalars(select(Run))
        assert (run_row.items, run_row.changes, run_row.failures) == (7, 8, 1)
        assert (run_row.chunks, run_row.crashes, run_row.error) == (1, 0, None)
        assert session.scalars(select(RunChunk)).one().items == 7
        assert session.scalars(select(RunFailure)).one().item == 4
    migrate.downgrade(store, "0002")
    with store.reading() as session:
        assert session.scalar(text("SELECT members FROM run")) == 7
        assert session.scalar(text("SELECT member_id FROM run_failure")) == 4


@pytest.mark.parametrize("drift", ["ALTER TABLE member ADD COLUMN nickname TEXT", "DROP INDEX ix_standing_review_on"])
def test_a_table_that_is_not_what_the_models_say_is_found(store: Store, drift: str) -> None:
    migrate.upgrade(store)
    with store.transaction() as session:
        session.execute(text(drift))
    with pytest.raises(CommandError):
        migrate.check(store)


# --- commands ---------------------------------------------------------------------------------------------------


def loyalty(url: str, *arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"LOYALTY_DATABASE_URL": url, **environ})


HAND = ["--author", "A", "--reason", "R", "--key", "K"]
BY = ["--author", "A", "--reason", "R"]
#: Every command that needs a database, with arguments that are in order.
COMMANDS: dict[str, list[str]] = {
    "db check": [],
    "program try": ["2027-01-01"],
    "members import": ["northern-lights-members", "absent.csv"],
    "members add": [],
    "members show": ["N1"],
    "members attributes": ["N1", "seat=window"],
    "members leave": ["N1", "--on", "2026-01-01"],
    "members export": [],
    "activities import": ["northern-lights-activities", "absent.csv"],
    "activities add": ["N1", "flight", "--key", "K", "--on", "2026-01-01"],
    "activities correct": ["N1", "flight", "--key", "K", "--on", "2026-01-01", "--reason", "R"],
    "activities reverse": ["N1", "--key", "K", "--reason", "R"],
    "entries export": [],
    "entries adjust": ["N1", "miles", "10", *HAND],
    "member": ["N1"],
    "explain": ["N1"],
    "plan": ["N1"],
    "ladder": [],
    "status grant": ["N1", "gold", *HAND],
    "status offer": ["N1", "match", "gold", *HAND],
    "status choose": ["N1", "milestone", "option", *HAND],
    "status revoke": ["N1", *HAND],
    "status waive": ["N1", "gold", "--approver", "B", *HAND],
    "services add": ["S", "--starts", "2026-06-10 18:00", "--author", "A"],
    "services import": ["orbit-flights", "absent.csv"],
    "services change": ["S", "--units", "first=1", *HAND],
    "services cancel": ["S", *HAND],
    "services show": ["S"],
    "services list": [],
    "requests ask": ["N1", "S", "economy", "first", "--key", "K", "--author", "A"],
    "requests import": ["orbit-asked", "absent.csv"],
    "requests withdraw": ["N1", "K", "--author", "A"],
    "requests cancel": ["N1", "K", "--author", "A", "--reason", "R"],
    "requests skip": ["N1", "K", "--author", "A", "--reason", "R"],
    "requests clear": [],
    "requests show": ["S"],
    "requests of": ["N1"],
    "benefits": ["N1"],
    "benefit grant": ["N1", "lounge", "2", *HAND],
    "benefit extend": ["N1", "--through", "2027-01-31", "--what", "lounge", *HAND],
    "benefit revoke": ["N1", "--what", "lounge", *HAND],
    "benefit use": ["N1", "lounge", *HAND],
    "benefit return": ["N1", "K1", *HAND],
    "benefit pick": ["N1", "choice", "option", *HAND],
    "benefit share": ["N1", "sharing", "N2", *HAND],
    "benefit companion": ["N1", "Ann", *HAND],
    "benefit end": ["N1", "K1", "--author", "A", "--reason", "R"],
    "recalculate": [],
    "verify": [],
    "run": ["recalculate"],
    "schedule": [],
    "members link": ["N1"],
    "members consent": ["N1"],
    "members digest": ["N1", "day"],
    "members change": ["N1", "--name", "N"],
    "messages build": [],
    "messages send": [],
    "messages list": [],
    "messages show": ["1.1"],
    "messages retry": ["--all"],
    "messages bounces": ["absent"],
    "messages suppressed": [],
    "messages notice": ["N1", "survey", "--key", "K"],
    "jobs history": ["recalculate"],
    "health": [],
    "webhooks add": ["https://a.example/", "--type", "*", *BY],
    "webhooks change": ["1", *BY],
    "webhooks list": [],
    "webhooks health": [],
    "webhooks show": ["1"],
    "webhooks enable": ["1", *BY],
    "webhooks disable": ["1", *BY],
    "webhooks rotate": ["1", *BY],
    "webhooks remove": ["1", *BY],
    "webhooks test": ["1", *BY],
    "webhooks deliveries": [],
    "serve": [],
    "cases list": [],
    "cases show": ["N1", "K"],
    "cases answer": ["N1", "K", "--author", "A", "--text", "T"],
    "cases close": ["N1", "K", "--author", "A"],
    "cases add": ["N1", "flight", "--on", "2026-01-01", "--author", "A", "--key", "K"],
    "staff add": ["a@house.example", "--shown", "A", "--role", "agent"],
    "staff list": [],
    "staff roles": ["a@house.example", "--role", "agent", "--reason", "R"],
    "staff renew": ["a@house.example", "--reason", "R"],
    "staff end": ["a@house.example", "--reason", "R"],
    "staff sign-ins": ["a@house.example"],
    "staff bulk try": ["note.add", "absent.csv", *BY],
    "staff bulk send": ["note.add", "absent.csv", *HAND],
    "staff bulk list": [],
    "staff bulk show": ["1"],
    "staff bulk errors": ["1"],
    "desk acts": [],
    "desk act": ["N1", "note.add", "text=T", *HAND],
    "desk preview": ["N1", "note.add", "text=T", *BY],
    "desk approvals": [],
    "desk approve": ["1", "--author", "A"],
    "desk refuse": ["1", "--author", "A", "--reason", "R"],
    "desk withdraw": ["1", "--author", "A"],
    "audit verify": [],
    "audit show": [],
    "audit export": [],
    "webhooks replay": ["1", "--failed-since", "2026-01-01", *BY],
}
#: Commands that need none, or make their own.
WITHOUT = {
    "db upgrade",
    "demo",
    "messages preview",
    *(f"program {name}" for name in ("list", "check", "show", "test", "schema", "compare")),
}


def leaves(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}"


def test_every_command_is_known_here() -> None:
    assert set(leaves(main)) == COMMANDS.keys() | WITHOUT


def test_a_database_without_tables_is_refused_by_every_command(empty_url: str) -> None:
    for command, arguments in COMMANDS.items():
        result = loyalty(empty_url, *command.split(), *arguments)
        assert (result.exit_code, result.stdout) == (2, ""), command
        assert result.stderr.count("\n") == 1, command
        assert result.stderr.startswith("The database is at nothing, this program needs 0012"), command
        assert "loyalty db upgrade" in result.stderr, command


def test_db_upgrade_makes_a_database_fit(empty_url: str) -> None:
    first = loyalty(empty_url, "db", "upgrade")
    assert (first.exit_code, first.stdout) == (0, "The tables are up to date; 1 edition(s) of skyway published.\n")
    again = loyalty(empty_url, "db", "upgrade")
    assert (again.exit_code, again.stdout) == (0, "The tables are up to date; 0 edition(s) of skyway published.\n")
    check = loyalty(empty_url, "db", "check")
    assert (check.exit_code, check.stdout) == (0, "The database fits.\n")


def test_db_check_tells_what_differs(empty_url: str) -> None:
    assert loyalty(empty_url, "db", "upgrade").exit_code == 0
    with closing(Store(empty_url)) as store, store.transaction() as session:
        session.execute(text("ALTER TABLE member ADD COLUMN nickname TEXT"))
    result = loyalty(empty_url, "db", "check")
    assert result.exit_code == 1
    assert "nickname" in result.stderr
    assert "Traceback" not in result.output


# --- editions ---------------------------------------------------------------------------------------------------

BEFORE, AFTER = orbit.noon("2026-06-15"), orbit.noon("2027-06-15")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return orbit.config(tmp_path / "config")


@pytest.fixture
def reopened(database_url: str, folder: Path) -> Iterator[Callable[..., Deployment]]:
    """Makes a deployment anew, as a process does that starts after its files have changed."""
    made: list[Deployment] = []

    def make(program: str = "orbit") -> Deployment:
        made.append(Deployment(Settings(program=program, database_url=database_url, config=str(folder))))
        return made[-1]

    yield make
    for deployment in made:
        deployment.store.close()


def published(deployment: Deployment) -> list[tuple[date, str, str]]:
    with deployment.store.reading() as session:
        rows = session.scalars(select(PublishedEdition).order_by(PublishedEdition.begins))
        return [(row.begins, row.hash, row.content) for row in rows]


def publishes(deployment: Deployment, now: object) -> list[date]:
    with deployment.store.transaction() as session:
        return publish(session, deployment.program, now)  # type: ignore[arg-type]


EASIER = orbit.LADDER.replace("km: 100", "km: 50")
FIRST, NEXT = date(2020, 1, 1), date(2027, 1, 1)


def test_publishing_twice_writes_once(reopened: Callable[..., Deployment]) -> None:
    assert publishes(reopened(), BEFORE) == [FIRST]
    kept = published(reopened())
    assert publishes(reopened(), AFTER) == []
    assert published(reopened()) == kept
    edition = reopened().program.editions[0]
    assert kept == [(edition.begins, edition.hash, edition.content)]


def test_another_spelling_of_the_same_rules_is_no_change(reopened: Callable[..., Deployment], folder: Path) -> None:
    publishes(reopened(), BEFORE)
    orbit.write_edition(folder, "2020-01-01", ladder="# a remark\n" + orbit.LADDER.replace("km: 100", 'km: "100"'))
    assert publishes(reopened(), AFTER) == []


@pytest.mark.parametrize("file", ["units", "activities", "earning", "ladder"])
def test_an_edition_that_has_begun_is_not_changed(reopened: Callable[..., Deployment], folder: Path, file: str) -> None:
    publishes(reopened(), BEFORE)
    kept = published(reopened())
    # a digit in a rule, or a letter in a text that members read: neither is changed unseen
    changed = EASIER if file == "ladder" else orbit.EDITION[file].replace("name: {en: ", "name: {en: New ")
    orbit.write_edition(folder, "2020-01-01", **{file: changed})
    with pytest.raises(Refused) as refusal:
        publishes(reopened(), BEFORE)
    assert refusal.value.code == "edition_changed"
    assert "Edition 2020-01-01 of orbit has been published and is not the same any more" in str(refusal.value)
    with pytest.raises(Refused):
        reopened().ready(BEFORE)
    assert published(reopened()) == kept


def test_an_edition_that_has_begun_is_not_taken_away(reopened: Callable[..., Deployment], folder: Path) -> None:
    orbit.write_edition(folder, "2023-01-01")
    assert publishes(reopened(), BEFORE) == [FIRST, date(2023, 1, 1)]
    shutil.rmtree(folder / "programs" / "orbit" / "editions" / "2023-01-01")
    with pytest.raises(Refused) as refusal:
        publishes(reopened(), BEFORE)
    assert refusal.value.code == "edition_changed"


def test_an_edition_still_to_come_may_be_replaced_and_taken_back(reopened: Callable[..., Deployment], folder: Path) -> None:
    orbit.write_edition(folder, "2027-01-01")
    assert publishes(reopened(), BEFORE) == [FIRST, NEXT]
    orbit.write_edition(folder, "2027-01-01", ladder=EASIER)
    assert publishes(reopened(), BEFORE) == [NEXT]
    assert [row[2] for row in published(reopened())] == [edition.content for edition in reopened().program.editions]
    shutil.rmtree(folder / "programs" / "orbit" / "editions" / "2027-01-01")
    assert publishes(reopened(), BEFORE) == []
    assert [row[0] for row in published(reopened())] == [FIRST]


def test_it_may_be_replaced_to_its_eve_by_the_programs_own_clock(reopened: Callable[..., Deployment], folder: Path) -> None:
    """The program's day decides: in Kathmandu 2027 begins at 18:15 UTC."""
    orbit.config(folder, "Asia/Kathmandu")
    orbit.write_edition(folder, "2027-01-01")
    publishes(reopened(), BEFORE)
    orbit.write_edition(folder, "2027-01-01", ladder=EASIER)
    eve = orbit.noon("2026-12-31")
    with pytest.raises(Refused) as refusal:
        publishes(reopened(), eve.replace(hour=18, minute=15))
    assert refusal.value.code == "edition_changed"
    assert publishes(reopened(), eve.replace(hour=18, minute=14)) == [NEXT]


def test_another_programs_database_is_refused(reopened: Callable[..., Deployment], folder: Path) -> None:
    shutil.copytree(ROOT / "config" / "programs" / "northern-lights", folder / "programs" / "northern-lights")
    publishes(reopened(), BEFORE)
    kept = published(reopened())
    other = reopened("northern-lights")
    with pytest.raises(Refused) as refusal:
        other.ready(BEFORE)
    assert refusal.value.code == "other_program"
    assert published(reopened()) == kept
    result = loyalty(other.settings.database_url, "ladder", LOYALTY_PROGRAM="northern-lights", LOYALTY_CONFIG=str(folder))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "The database belongs to program orbit, the settings name northern-lights.\n"


def test_a_changed_edition_is_told_in_one_line(reopened: Callable[..., Deployment], folder: Path) -> None:
    deployment = reopened()
    deployment.ready(BEFORE)
    orbit.write_edition(folder, "2020-01-01", ladder=EASIER)
    result = CliRunner().invoke(main, ["db", "check"], env=dict(orbit.environment(deployment)))
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "state the change as a new edition" in result.stderr


def test_two_that_open_a_new_database_at_once_publish_once(database_url: str, folder: Path) -> None:
    settings = replace(Settings(), program="orbit", database_url=database_url, config=str(folder))
    deployment = Deployment(settings)
    processes = [orbit.start(deployment, "ladder", "--json") for _ in range(3)]
    answers = [(*process.communicate(timeout=120), process.returncode) for process in processes]
    assert [answer[1:] for answer in answers] == [("", 0)] * 3
    assert [row[0] for row in published(deployment)] == [FIRST]
    deployment.store.close()


def test_days_kept_before_points_were_are_taken_again(store: Store) -> None:
    migrate.upgrade(store, "0010")
    with store.transaction() as session:
        session.execute(text("INSERT INTO snapshot VALUES ('2026-06-14', '2026-06-15 03:15:00.000000', 0)"))
    migrate.upgrade(store)
    with store.reading() as session:
        assert session.scalars(select(Snapshot.taken_at)).one() == datetime(1970, 1, 1, tzinfo=UTC)
