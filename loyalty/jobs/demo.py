"""The demonstration: seeded members of a program and two years of their activity, through the real operations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any

from pydantic import Field

from loyalty.earning.airports import distance
from loyalty.earning.operations import Report, record
from loyalty.errors import Refused
from loyalty.jobs.demo_departures import Departures, draw_departures, let_wait
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.runs import Progress
from loyalty.members.operations import Enrolment, enrol
from loyalty.program.load import parse
from loyalty.program.problems import ProgramInvalid
from loyalty.program.reader import read
from loyalty.program.values import Part
from loyalty.status.operations import open_standings
from loyalty.status.queries import lock_numbers

SEED = 2012
#: Members enrolled, and their two years recorded, in one transaction.
CHUNK = 250


class Travellers(Part):
    """So many of a hundred members, with about so many flights a year."""

    share: Annotated[int, Field(ge=1, le=100)]
    flights: Annotated[tuple[int, ...], Field(min_length=2, max_length=2)]


class DemoFile(Part):
    """demo.yaml: what a program's demonstration is drawn from."""

    activity: str
    airports: Annotated[tuple[str, ...], Field(min_length=2)]
    far: tuple[str, ...]
    far_percent: Annotated[int, Field(ge=0, le=100)]
    origin: str
    destination: str
    distance: str
    fields: dict[str, dict[str, int]]
    travellers: Annotated[tuple[Travellers, ...], Field(min_length=1)]
    years: Annotated[tuple[int, ...], Field(min_length=1)]
    departures: Departures | None = None
    given: Annotated[tuple[str, ...], Field(min_length=1)]
    family: Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Drawn:
    """What the demonstration made."""

    members: int
    activities: int


def demo_file(folder: Path) -> DemoFile:
    """The demo.yaml of a program. Raises Refused: `no_config` without one; ProgramInvalid with its problems."""
    path = folder / "demo.yaml"
    if not path.is_file():
        raise Refused("no_config", path=path)
    document = read(f"{folder.name}/demo.yaml", path.read_text(encoding="utf-8"))
    about = parse(document, DemoFile)
    if not isinstance(about, DemoFile):
        raise ProgramInvalid(document.problems)
    return about


def draw(deployment: Deployment, members: int, now: datetime, progress: Progress) -> Drawn:
    """Enrol members and record their activity of two whole years and this one, each known on its own day.

    The same seed draws the same on the same day.
    """
    about = demo_file(deployment.program.folder)
    today = deployment.today(now)
    first = date(today.year - 2, 1, 1)
    random = Random(SEED)  # noqa: S311 a demonstration is to be the same for everybody
    activities = 0
    for start in range(0, members, CHUNK):
        enrolments = [_enrolment(random, about, first) for _ in range(min(CHUNK, members - start))]
        activities += _record(deployment, about, random, enrolments, (first, today), now)
        progress(start + len(enrolments), members)
    return Drawn(members, activities)


def departures(deployment: Deployment, now: datetime) -> str | None:
    """Tell the departures of the demonstration and their requests, once the members have their tiers; the key of one to look
    at, none where there are none."""
    about = demo_file(deployment.program.folder).departures
    random = Random(SEED)  # noqa: S311 the same for everybody
    return None if about is None else draw_departures(deployment, about, random, now)


def waiting(deployment: Deployment, numbers: Sequence[str], now: datetime) -> str | None:
    """Let one of some members wait in the queue of a departure; who it is, none where there are no departures."""
    about = demo_file(deployment.program.folder).departures
    random = Random(SEED)  # noqa: S311 the same for everybody
    return None if about is None else let_wait(deployment, about, random, numbers, now)


def _enrolment(random: Random, about: DemoFile, first: date) -> Enrolment:
    enrolled_on = (
        first - timedelta(days=random.randrange(900))
        if random.random() < 0.8
        else first + timedelta(days=random.randrange(500))
    )
    given, family = random.choice(about.given), random.choice(about.family)
    return Enrolment(
        max(enrolled_on, date(2021, 1, 1)), name=f"{given} {family}", email=f"member{random.randrange(10**9)}@demo.example"
    )


def _record(
    deployment: Deployment, about: DemoFile, random: Random, enrolments: list[Enrolment], span: tuple[date, date], now: datetime
) -> int:
    with deployment.store.transaction() as session:
        answers = enrol(session, deployment.program, enrolments, now)
        opened = [(answer.member_id or 0, enrolment.enrolled_on) for answer, enrolment in zip(answers, enrolments, strict=True)]
        open_standings(session, opened)
        accounts = lock_numbers(session, [answer.number for answer in answers])
        reports = []
        for answer in answers:
            account = accounts[answer.number]
            days = _days(random, about, max(span[0], account.enrolled_on), span[1])
            reports += [(account, _report(random, about, answer.number, n, on)) for n, on in enumerate(days)]
        refused = [outcome.refusal for outcome in record(session, deployment.program, reports, now) if outcome.refusal]
        if refused:
            raise refused[0]
    return len(reports)


def _days(random: Random, about: DemoFile, first: date, today: date) -> Iterator[date]:
    """The days on which one member travels, first to last."""
    habit = random.choices(about.travellers, [group.share for group in about.travellers])[0]
    flights = random.randint(*habit.flights)
    chosen = []
    for year in range(first.year, today.year + 1):
        begins, ends = max(first, date(year, 1, 1)), min(today, date(year + 1, 1, 1))
        length = max((ends - begins).days, 1)
        count = round(flights * random.choice(about.years) / 100 * length / 365)
        chosen += [begins + timedelta(days=random.randrange(length)) for _ in range(count)]
    return iter(sorted(day for day in chosen if first <= day < today))


def _report(random: Random, about: DemoFile, number: str, n: int, on: date) -> Report:
    origin, destination = random.sample(about.airports, 2)
    if about.far and random.randrange(100) < about.far_percent:
        destination = random.choice(about.far)
    fields: dict[str, Any] = {
        about.origin: origin,
        about.destination: destination,
        about.distance: distance(*sorted((origin, destination))),
    }
    for name, weights in about.fields.items():
        fields[name] = random.choices(list(weights), list(weights.values()))[0]
    return Report(about.activity, "demo", f"{number}-{n}", on, fields, on)
