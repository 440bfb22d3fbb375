"""What a process works with: the settings, the program, the database; made once at an edge."""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from loyalty import clock, settings, store
from loyalty.access.roles import Roles, read_roles
from loyalty.errors import Refused
from loyalty.jobs.migrate import require_current
from loyalty.program.load import Program, load
from loyalty.program.problems import listed, nearest
from loyalty.published import publish
from loyalty.settings import Settings
from loyalty.status.operations import mark_all_due


@dataclass(frozen=True)
class Deployment:
    """One program on one database."""

    settings: Settings

    @cached_property
    def program(self) -> Program:
        """The program of the settings. Raises Refused: `unknown_program`; ProgramInvalid with every problem."""
        return find_program(self.settings, self.settings.program)

    @cached_property
    def roles(self) -> Roles:
        """The roles of staff. Raises ProgramInvalid with every problem of their file."""
        return read_roles(self.settings.config_folder)

    @cached_property
    def store(self) -> store.Store:
        return store.Store(self.settings.database_url)

    def ready(self, now: datetime) -> "Deployment":
        """Make sure that the database fits: its tables are current and its editions are the program's.

        Raises Refused: `database_behind`, `other_program`, `edition_changed`.
        """
        require_current(self.store)
        self.publish(now)
        return self

    def publish(self, now: datetime) -> list[date]:
        """Publish the editions that are not yet; everyone is due on the first day on which they change a rule.

        Returns the first days of those published. Raises Refused: `other_program`, `edition_changed`.
        """
        with self.store.transaction() as session:
            written = publish(session, self.program, now)
            for begins in written:
                mark_all_due(session, max(begins, self.today(now)))
        return written

    def today(self, now: datetime) -> date:
        """The program's day of an instant."""
        return clock.day_of(now, self.program.zone)


def find_program(chosen: Settings, name: str) -> Program:
    """A program by the name of its folder. Raises Refused: `unknown_program`; ProgramInvalid with every problem."""
    folder = chosen.config_folder / "programs"
    names = program_names(chosen)
    if name not in names:
        raise Refused("unknown_program", program=name, allowed=listed(names), nearest=nearest(name, names))
    return load(folder / name)


def program_names(chosen: Settings) -> list[str]:
    """The programs that there are: folders with a program.yaml. Raises Refused: `no_config` without any folder."""
    folder = chosen.config_folder / "programs"
    if not folder.is_dir():
        raise Refused("no_config", path=folder)
    return sorted(path.name for path in folder.iterdir() if (path / "program.yaml").is_file())


def read_deployment() -> Deployment:
    """The deployment that this process's environment describes."""
    return Deployment(settings.read())
