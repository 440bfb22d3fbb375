"""Orbit with messages, and what tests of them ask."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select

from loyalty.jobs import recalculate
from loyalty.jobs.delivering import deliver
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Result, RunKey
from loyalty.jobs.telling import messages, statements
from loyalty.members.operations import Enrolment
from loyalty.members.operations import enrol as enrolled
from loyalty.messages.frozen import thaw
from loyalty.messages.tables import Message
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers
from tests.jobs import orbit

Deploy = Callable[..., Deployment]
SECRET = "a-secret-of-forty-characters-for-tests-.."

CONSENTS = """
consents:
  account: {name: {en: Account}, transactional: true}
  news: {name: {en: News}}
  extras: {name: {en: Extras}, given: false}
"""
KINDS = """
messages:
  - {name: security, of: security, consent: account, priority: urgent}
  - {name: welcome, of: joined, consent: account}
  - {name: promoted, of: status_change, when: {kind: raised}, consent: news}
  - {name: lapsed, of: status_change, when: {kind: lowered}, consent: news}
  - {name: ending, of: ending, days: [60, 30], consent: news}
  - {name: near, of: near, near: 80, cool_down: 30, consent: news}
  - {name: activity, of: activity, digest: day, consent: news, priority: low}
  - {name: birthday, of: birthday, within: 0, consent: news}
  - {name: anniversary, of: anniversary, within: 0, consent: extras}
  - {name: statement, of: period, within: 20, consent: news, priority: low}
  - {name: survey, of: survey, consent: news}
"""
HEAD = "zone: time_zone\nborn: born\n"
ALL = HEAD + CONSENTS + KINDS


def config(folder: Path, text: str = ALL, zone: str = "UTC", **changed: str) -> Path:
    """The config folder of Orbit with messages; members may have a date of birth and a zone."""
    orbit.config(folder, zone, messages=text, **changed)
    program = folder / "programs" / "orbit" / "program.yaml"
    program.write_text(program.read_text() + "    born: {type: day}\n    time_zone: {type: text}\n")
    return folder


def opened(deploy: Deploy, tmp_path: Path, text: str = ALL, zone: str = "UTC", **settings: Any) -> Deployment:
    """Orbit with messages; mail goes to a folder."""
    made = deploy("orbit", config=config(tmp_path / "config", text, zone))
    return again(made, **{"mail": f"folder:{tmp_path / 'mail'}", **settings})


def again(deployment: Deployment, **settings: Any) -> Deployment:
    """The same deployment with other settings."""
    common = {"secret": SECRET, "web_address": "https://orbit.example", "mail_from": "club@orbit.example"}
    other = Deployment(replace(deployment.settings, **{"mail_per_second": 9999, **common, **settings}))
    other.__dict__["store"] = deployment.store  # one pool of connections, closed with the test
    return other


def nothing(_done: int, _all: int) -> None:
    """No progress is shown."""


def at(day: str, hour: int = 12, minute: int = 0) -> datetime:
    """An instant of a day, UTC."""
    return datetime.combine(date.fromisoformat(day), time(hour, minute), UTC)


def build(deployment: Deployment, now: datetime) -> Result:
    """Make the messages of an instant."""
    return messages(deployment, RunKey("messages", now, deployment.today(now)), now, 1, nothing)


def month(deployment: Deployment, now: datetime) -> Result:
    """Make the statements of the month before an instant."""
    return statements(deployment, RunKey("statements", now, deployment.today(now)), now, 1, nothing)


def night(deployment: Deployment, now: datetime) -> Result:
    """Fold those who are due."""
    return recalculate.recalculate(deployment, RunKey("recalculate", now, deployment.today(now)), now, 1, nothing)


def send(deployment: Deployment, now: datetime, workers: int = 1) -> Result:
    """Send what waits."""
    return deliver(deployment, RunKey("deliver", now, deployment.today(now)), now, workers, nothing)


def rows(deployment: Deployment, *kinds: str) -> Sequence[Row[Any]]:
    """All messages, or those of some kinds, in the order of facts."""
    table = Message.__table__
    query = select(table).order_by(table.c.member_id, table.c.on, table.c.kind, table.c.message_id)
    with deployment.store.reading() as session:
        return session.execute(query.where(table.c.kind.in_(kinds)) if kinds else query).all()


def told(deployment: Deployment, *kinds: str) -> list[tuple[str, str]]:
    """(kind, day) of messages."""
    return [(row.kind, row.on.isoformat()) for row in rows(deployment, *kinds)]


def context(row: Row[Any]) -> dict[str, Any]:
    """What the templates of a message are given."""
    return thaw(row.context)


def enrol(deployment: Deployment, *numbers: str, on: str = "2026-01-01", **more: Any) -> None:
    """Members with an address each, noted and folded."""
    day = date.fromisoformat(on)
    with deployment.store.transaction() as session:
        wanted = [
            Enrolment(day, number, **{"email": f"{number.lower()}@members.example", "name": f"Member {number}", **more})
            for number in numbers
        ]
        answers = enrolled(session, deployment.program, wanted, at(on))
        open_standings(session, [(answer.member_id or 0, day) for answer in answers])
        settle(session, deployment.program, list(lock_numbers(session, numbers).values()), at(on))
