"""Where scenarios are played: a database in memory, empty again after each."""

from loyalty.jobs import migrate
from loyalty.jobs.scenarios import play
from loyalty.program.load import Program
from loyalty.program.scenarios import Scenario, ScenarioFailed
from loyalty.store import Store


def empty_stage() -> Store:
    """A database with all tables and no rows, for the thread that makes it."""
    stage = Store("sqlite://")
    migrate.upgrade(stage)
    return stage


def fault(stage: Store, program: Program, scenario: Scenario) -> str:
    """What of a scenario does not hold; nothing where it holds. What it wrote is taken back."""
    try:
        with stage.transaction() as session:
            play(session, program, scenario)
            session.rollback()
    except ScenarioFailed as error:
        return str(error)
    return ""
