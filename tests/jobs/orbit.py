"""Orbit, a small program for tests of the engine's machinery: one counter, two tiers, in whatever zone a test needs."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.earning.operations import Outcome, Report, record_one
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import Enrolment, enrol
from loyalty.settle import settle
from loyalty.status.operations import open_standings
from loyalty.status.queries import Account, lock_numbers
from loyalty.status.tables import TierSpan

Deploy = Callable[..., Deployment]

PROGRAM = """
program: orbit
name: {{en: Orbit}}
zone: {zone}
money: JPY
money_decimals: 0
languages: [en]
customer_file:
  fields:
    firm: {{group: extended, type: text}}
    rooms: {{group: basic, type: integer}}
  completeness: {{name: 1, email: 1, firm: 1, contacts: 1}}
  review: {{tiers: {reviewed}, managed: 3}}
members:
  number: {{prefix: OR, digits: 8}}
  attributes:
    seat: {{type: text, one_of: [window, aisle]}}
    age: {{type: integer}}
    vip: {{type: flag}}
"""
UNITS = """
units:
  stars: {kind: points, decimals: 1, name: {en: stars}}
  km: {kind: counter, name: {en: kilometres}}
"""
ACTIVITIES = """
activities:
  trip:
    name: {en: trip}
    fields:
      km: {type: integer, at_least: 0}
      note: {type: text, optional: true}
  purchase:
    name: {en: purchase}
    fields:
      amount: {type: money, at_least: 0}
"""
EARNING = """
lines:
  - id: stars
    name: {en: stars}
    unit: stars
    activity: trip
    steps: [{field: km}, {rate: "1.5"}]
  - id: km
    name: {en: kilometres}
    unit: km
    activity: trip
    steps: [{field: km}]
  - id: bought
    name: {en: stars of a purchase}
    unit: stars
    activity: purchase
    steps: [{field: amount}, {rate: "0.1"}, {round: half_up}]
"""
LADDER = """
base: ground
tiers:
  - {id: ground, name: {en: Ground}}
  - {id: low, name: {en: Low}, reach: [{km: 100}]}
  - {id: high, name: {en: High}, reach: [{km: 300}], keep: [{km: 200}]}
window: calendar_year
validity: {through_end_of: {month: 1, years_after: 2}}
"""
EDITION = {"units": UNITS, "activities": ACTIVITIES, "earning": EARNING, "ladder": LADDER}
MAPPINGS = {
    "orbit-members": """
program: orbit
members:
  number: number
  enrolled_on: enrolled
  left_on: {column: left, empty: ["", "-"]}
  name: name
  attributes: {seat: seat, age: age}
""",
    "orbit-trips": """
program: orbit
activities:
  source: till
  key: [id]
  member: number
  kind: trip
  on: {column: day, format: "%d.%m.%Y"}
  fields: {km: km}
  constants: {note: by file}
  reversals: {column: what, values: [return]}
""",
    "orbit-rows": """
program: orbit
activities:
  source: rows
  key: row
  member: number
  kind: trip
  on: day
  posted: same_day
  fields: {km: km}
""",
    "orbit-lines": """
program: orbit
format: ndjson
activities:
  source: lines
  key: [id]
  member: number
  kind: trip
  on: day
  fields: {km: km}
""",
    "orbit-member-lines": """
program: orbit
format: ndjson
members:
  number: number
  enrolled_on: enrolled
  attributes: {age: age, vip: vip}
""",
}


def config(folder: Path, zone: str = "UTC", **changed: str) -> Path:
    """A config folder with Orbit and its import mappings. `changed` replaces files of the edition, by name."""
    write_edition(folder, "2020-01-01", **changed)
    reviewed = "{low: 6, high: 1}" if "high" in changed.get("ladder", LADDER) else "{}"  # another ladder has other tiers
    (folder / "programs" / "orbit" / "program.yaml").write_text(PROGRAM.format(zone=zone, reviewed=reviewed))
    (folder / "imports").mkdir(parents=True, exist_ok=True)
    for name, text in MAPPINGS.items():
        (folder / "imports" / f"{name}.yaml").write_text(text)
    return folder


def write_edition(folder: Path, begins: str, **changed: str) -> None:
    """Write an edition of Orbit into a config folder, whole."""
    edition = folder / "programs" / "orbit" / "editions" / begins
    edition.mkdir(parents=True, exist_ok=True)
    for name, text in {**EDITION, **changed}.items():
        (edition / f"{name}.yaml").write_text(text)


def noon(day: str) -> datetime:
    """Noon UTC of a day."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).replace(hour=12)


def enrolled(
    deployment: Deployment, numbers: Sequence[str], on: str = "2026-01-01", now: datetime | None = None, **more: str
) -> None:
    """Enrol members, their standing still to be folded."""
    day = date.fromisoformat(on)
    with deployment.store.transaction() as session:
        wanted = [Enrolment(day, number, **more) for number in numbers]
        answers = enrol(session, deployment.program, wanted, now or noon(on))
        open_standings(session, [(answer.member_id or 0, day) for answer in answers])


def trip(session: Session, deployment: Deployment, number: str, key: str, on: str, km: int, now: datetime) -> Outcome:
    """Record one trip and settle it."""
    account = locked(session, number)
    outcome = record_one(
        session, deployment.program, account, Report("trip", "test", key, date.fromisoformat(on), {"km": km}), now
    )
    settle(session, deployment.program, [account], now)
    return outcome


def travelled(deployment: Deployment, number: str, key: str, on: str, km: int, now: datetime | None = None) -> Outcome:
    """Record one trip and settle it, in a transaction of its own."""
    with deployment.store.transaction() as session:
        return trip(session, deployment, number, key, on, km, now or noon(on))


def locked(session: Session, number: str) -> Account:
    """A member's account."""
    return lock_numbers(session, [number])[number]


def count(session: Session, table: type, *where: object) -> int:
    """How many rows a table has."""
    return session.scalar(select(func.count()).select_from(table).where(*where)) or 0  # type: ignore[arg-type]


def everything(deployment: Deployment, *tables: type) -> list[list[tuple[object, ...]]]:
    """All rows of some tables, sorted: to compare what is with what was."""
    with deployment.store.reading() as session:
        return [sorted((tuple(row) for row in session.execute(select(table.__table__))), key=repr) for table in tables]  # type: ignore[attr-defined]


def tiers_on(deployment: Deployment, day: str) -> dict[int, str]:
    """member_id -> tier, read from the cached timelines."""
    on = date.fromisoformat(day)
    holds = (TierSpan.begins <= on, TierSpan.until.is_(None) | (TierSpan.until > on))
    with deployment.store.reading() as session:
        return {row.member_id: row.tier for row in session.execute(select(TierSpan.member_id, TierSpan.tier).where(*holds))}


def environment(deployment: Deployment, **more: str) -> Mapping[str, str]:
    """The environment in which a `loyalty` process is this deployment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOYALTY_")}
    chosen = deployment.settings
    return {
        **kept,
        "LOYALTY_PROGRAM": chosen.program,
        "LOYALTY_DATABASE_URL": chosen.database_url,
        "LOYALTY_CONFIG": chosen.config,
        **more,
    }


def start(
    deployment: Deployment, *arguments: str, cwd: Path | None = None, before: str = "", **more: str
) -> "subprocess.Popen[str]":
    """Start a `loyalty` command as a process of its own; `before` is Python run ahead of it, to make chunks small."""
    code = f"import sys\nfrom loyalty.cli import main\n{before}\nif __name__ == '__main__':\n main(sys.argv[1:], 'loyalty')"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        cwd=cwd, env=environment(deployment, **more), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(
    deployment: Deployment, *arguments: str, cwd: Path | None = None, before: str = "", **more: str
) -> tuple[int, str, str]:
    """Run a `loyalty` command to its end: its exit code, stdout, stderr."""
    with start(deployment, *arguments, cwd=cwd, before=before, **more) as process:
        out, err = process.communicate(timeout=300)
    return process.returncode, out, err
