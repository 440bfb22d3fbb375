"""What a process works with: the settings, the program, the database; made once at an edge."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

from loyalty import clock, settings, store
from loyalty.access.roles import Roles, read_roles
from loyalty.errors import Refused
from loyalty.jobs.migrate import require_current
from loyalty.program.load import Files, Program, load
from loyalty.program.problems import listed, nearest
from loyalty.published.drafts import kept_files, kept_mark
from loyalty.published.operations import publish
from loyalty.settings import Settings
from loyalty.status.operations import mark_all_due

#: A process looks so often at most whether an edition was published by another.
LOOKS = timedelta(minutes=1)


@dataclass
class Looked:
    """When a process looked last for what is published, and what it found, as a mark."""

    at: datetime | None = None
    mark: str = ""


@dataclass(frozen=True)
class Deployment:
    """One program on one database."""

    settings: Settings
    looked: Looked = field(default_factory=Looked, compare=False)

    @cached_property
    def program(self) -> Program:
        """The program of the settings, with the editions that were published from drafts; `look` brings it up to date.

        Raises Refused: `unknown_program`; ProgramInvalid with every problem.
        """
        with self.store.reading() as session:
            self.looked.mark = kept_mark(session)
            kept = kept_files(session) if self.looked.mark else []
        return find_program(self.settings, self.settings.program, kept)

    def look(self, now: datetime, at_once: bool = False) -> None:
        """Take up what was published since this process last looked, a minute ago at least, or at once.

        An edition is published well before its first day (`desk/publishing.py`), so each process knows it by then. What is
        being done meanwhile goes on with the program that it began with. Raises as `program` does.
        """
        if not at_once and self.looked.at is not None and abs(now - self.looked.at) < LOOKS:
            return
        with self.store.reading() as session:
            mark = kept_mark(session)
        if "program" in self.__dict__ and mark != self.looked.mark:
            del self.__dict__["program"]
        self.looked.at = now

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
        self.looked.at = now
        return self

    def publish(self, now: datetime) -> list[date]:
        """Publish the editions that are not yet; everyone is due on the first day on which they change a rule.

        Returns the first days of those published. Raises Refused: `other_program`, `edition_changed`.
        """
        self.look(now, at_once=True)
        with self.store.transaction() as session:
            written = publish(session, self.program, now)
            for begins in written:
                mark_all_due(session, max(begins, self.today(now)))
        return written

    def today(self, now: datetime) -> date:
        """The program's day of an instant."""
        return clock.day_of(now, self.program.zone)


def find_program(chosen: Settings, name: str, kept: Sequence[Files] = ()) -> Program:
    """A program by the name of its folder, with editions that are kept elsewhere.

    Raises Refused: `unknown_program`; ProgramInvalid with every problem.
    """
    folder = chosen.config_folder / "programs"
    names = program_names(chosen)
    if name not in names:
        raise Refused("unknown_program", program=name, allowed=listed(names), nearest=nearest(name, names))
    return load(folder / name, kept=kept)


def program_names(chosen: Settings) -> list[str]:
    """The programs that there are: folders with a program.yaml. Raises Refused: `no_config` without any folder."""
    folder = chosen.config_folder / "programs"
    if not folder.is_dir():
        raise Refused("no_config", path=folder)
    return sorted(path.name for path in folder.iterdir() if (path / "program.yaml").is_file())


def read_deployment() -> Deployment:
    """The deployment that this process's environment describes."""
    return Deployment(settings.read())
