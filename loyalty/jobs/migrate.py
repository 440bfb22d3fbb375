"""The database's tables brought up to date, and checked: Alembic, called directly."""

import warnings
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from loyalty import settings
from loyalty.errors import Refused
from loyalty.store import Store


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(settings.folder("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(store: Store, to: str = "head") -> None:
    """Bring the tables to a revision, the newest by default; all of it or nothing."""
    with store.engine.begin() as connection:
        command.upgrade(_config(connection), to)


def downgrade(store: Store, to: str) -> None:
    """Take the tables back to a revision."""
    with store.engine.begin() as connection:
        command.downgrade(_config(connection), to)


def check(store: Store) -> None:
    """Raises alembic's CommandError where the tables are not what the models say."""
    with store.engine.begin() as connection, warnings.catch_warnings():
        # SQLite does not tell what an index on an expression is on, so it is not compared there
        warnings.filterwarnings("ignore", "(Skipped unsupported reflection|autogenerate skipping).* expression-based index")
        command.check(_config(connection))


def revision(store: Store, message: str) -> None:
    """Write a new migration from the difference between the tables and the models. For developers."""
    with store.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)


@cache
def _newest() -> str | None:
    """The newest revision; Alembic runs every migration's file to find it, so it is asked once per process."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def require_current(store: Store) -> None:
    """Raises Refused: `database_behind` unless the tables are at the newest revision."""
    newest = _newest()
    with store.reading() as session:
        found = MigrationContext.configure(session.connection()).get_current_revision()
    if found != newest:
        raise Refused("database_behind", found=found or "nothing", expected=newest)
