"""Waypoints: the fold of a long history as it was at the end of a day, kept so that only what came later need be read.

A waypoint is a cache of a pure function. It is used only where nothing it was made from is another: as many entries up to its
day (entries are only ever added), the same facts and attributes, the same rules, the same code.
"""

import hashlib
import io
import json
import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path as FilePath
from typing import Any, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.keys import digest, dumps
from loyalty.ledger.queries import Counted, entries_since, sums_through
from loyalty.ledger.tables import Entry
from loyalty.program.load import Program
from loyalty.status.claims import History, Span, known_through
from loyalty.status.compiled import Rules
from loyalty.status.counting import HORIZON
from loyalty.status.happenings import events_of
from loyalty.status.ladder import rules_of
from loyalty.status.progress import Start
from loyalty.status.queries import Account, facts_of, history_from
from loyalty.status.tables import StatusFact, Waypoint
from loyalty.status.timeline import Walk
from loyalty.status.windows import FAR
from loyalty.store import among, upsert

#: Histories of so many counter entries have a waypoint; it is made anew once so many more have come.
LONG, STRETCH = 1000, 500
COLUMNS = ("member_id", "through", "entries", "counted", "known", "rules", "sums", "walk")


def is_kept(rules: Rules) -> bool:
    """Whether folds of these rules may be kept: not where levels are averaged up to a day that moves on."""
    return not rules.levels


# --- the walk as bytes ------------------------------------------------------------------------------------------


def packed(rules: Rules, history: History) -> bytes:
    """The fold of what is known of a member as bytes; what belongs to the rules stands in them by its place."""
    walk = Walk(rules, history)
    walk.feed(history.entries)
    popped = len(_events(rules, history)) - len(walk.events)
    places = {id(part): place for place, part in enumerate(_parts(rules))}
    file = io.BytesIO()
    packer = pickle.Pickler(file, protocol=5)
    packer.persistent_id = lambda part: places.get(id(part))  # type: ignore[method-assign]
    packer.dump((popped, walk))
    return file.getvalue()


def unpacked(rules: Rules, kept: bytes, history: History) -> Walk:
    """The fold that was kept, gone on by what is known on a day: facts and attributes that came later, and another today."""
    popped, walk = cast(tuple[int, Walk], Unpacker(list(_parts(rules)), kept).load())
    events = _events(rules, history)
    walk.events = events[: len(events) - popped]
    if walk.events:
        walk.next = min(walk.next, walk.events[-1][0][0])
    walk.left = FAR if history.left is None else history.left
    counts = walk.counts
    counts.today, counts.given = history.today, bool(history.facts)
    if rules.times:
        counts.horizon = history.today + HORIZON
    return walk


class Unpacker(pickle.Unpickler):
    """Reads nothing but values of the fold."""

    def __init__(self, parts: Sequence[Any], kept: bytes) -> None:
        super().__init__(io.BytesIO(kept))
        self.parts = parts

    def persistent_load(self, place: int) -> Any:
        return self.parts[place]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "set"):
            return set
        if module.startswith("loyalty.status.") and "." not in name:
            found = super().find_class(module, name)
            if isinstance(found, type) and found.__module__ == module:  # a class of that module, not what it imports
                return found
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a fold")


def _events(rules: Rules, history: History) -> list[Any]:
    return events_of(rules, history) if history.facts or history.traits or len(rules.ladders) > 1 else []


def _parts(rules: Rules) -> Iterator[Any]:
    """Every part of the rules that a fold may hold, in one order."""
    yield rules
    yield from rules.tracks
    for ladder in rules.ladders:
        yield ladder
        for ways in (*ladder.ways, ladder.lifetime, *(ways for scaled in ladder.scaled for ways in scaled)):
            yield ways
            for _, paths in (*ways.reach, *ways.keep):
                yield paths
                yield from (part for path in paths for part in (path, path.met))
        for goal in ladder.goals.values():
            yield from () if goal is None else (goal, goal.path, goal.path.met, goal.then)


# --- what it was made from --------------------------------------------------------------------------------------


@cache
def _code() -> str:
    """A digest of the code that folds: another one may fold otherwise."""
    here = FilePath(__file__).parent
    files = sorted([*here.glob("*.py"), *(here.parent / "program").glob("*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def rules_hash(program: Program) -> str:
    """A digest of all that a fold follows: the editions, the attributes that rules ask for, the code."""
    attributes = {name: about.type for name, about in program.file.members.attributes.items()}
    told = "".join((*(edition.hash for edition in program.editions), dumps(list(attributes.items())), _code()))
    return hashlib.sha256(told.encode()).hexdigest()


def _known(rules: Rules, history: History, day: int) -> int:
    """A digest of what beside entries was known of a member by a day."""
    facts = sorted(tuple(fact) for fact in history.facts if fact.posted <= day)
    traits = [trait for trait in history.traits if trait[0] <= day]
    # whether any fact is known may matter to windows that are opened by a change of tier
    given = bool(history.facts) if any(track.personal for track in rules.tracks) else None
    return digest("waypoint", repr((history.enrolled, facts, traits, given)))


# --- read and written -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Read:
    """What is known of a member: the history, whose beginning `start` tells where there is one; facts by id, and sums."""

    history: History
    facts: Mapping[int, StatusFact]
    sums: Mapping[str, int]
    start: Start | None = None


def read(session: Session, program: Program, account: Account, day: date) -> Read:
    """What is known of a member by the end of a day, from a waypoint where one holds: as many statements with as without."""
    rules, mine = rules_of(program), account.member_id
    facts = facts_of(session, mine)
    history = history_from(session, rules, account, facts)
    row, count = _kept(session, mine)
    if row is not None and _holds(row, program, rules, history, day):
        later = entries_since(session, mine, row.through)
        if count - len(later) == row.entries:
            sums, entries, kept = _told(later, json.loads(row.sums), day), _counted(rules, later), row.walk
            return Read(history._replace(entries=entries), facts, sums, lambda known: unpacked(rules, kept, known))
    every = entries_since(session, mine, date.min)
    return Read(history._replace(entries=_counted(rules, every)), facts, _told(every, {}, day))


def _kept(session: Session, member_id: int) -> tuple[Waypoint | None, int]:
    """A member's waypoint, and how many entries there are now: they are only ever added."""
    count = select(func.count()).select_from(Entry).where(Entry.member_id == member_id).scalar_subquery()
    query = select(Waypoint, count).where(Waypoint.member_id == member_id)
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    return (None, 0) if row is None else (row[0], row[1])


def _holds(row: Waypoint, program: Program, rules: Rules, history: History, day: date) -> bool:
    through = row.through.toordinal()
    return row.through <= day and row.rules == rules_hash(program) and row.known == _known(rules, history, through)


def _told(entries: Sequence[Any], before: dict[str, int], day: date) -> dict[str, int]:
    """Unit -> what was booked of it by the end of a day, with what was before some entries."""
    sums = dict(before)
    for one in entries:
        if one.posted_on <= day:
            sums[one.unit] = sums.get(one.unit, 0) + one.amount
    return sums


def _counted(rules: Rules, entries: Sequence[Any]) -> list[Counted]:
    """Those that count in the ladder, as the fold takes them."""
    places = {unit: place for place, unit in enumerate(rules.counters)}
    return sorted(
        (one.posted_on.toordinal(), one.on.toordinal(), places[one.unit], one.amount) for one in entries if one.unit in places
    )


def keep(session: Session, program: Program, found: Sequence[tuple[Account, History]], as_of: date) -> None:
    """Write the waypoints of members who need another, through the day before: of long histories, locked and just folded."""
    rules = rules_of(program)
    long = {account.member_id: history for account, history in found if len(history.entries) > LONG} if is_kept(rules) else {}
    if not long:
        return
    query = select(Waypoint).where(among(session, Waypoint.member_id, sorted(long)))
    known = {row.member_id: row for row in session.scalars(query.execution_options(populate_existing=True))}
    behind = _behind(session, sorted(known)) if known else frozenset()
    known = {mine: row for mine, row in known.items() if mine not in behind}
    through, fingerprint = as_of - timedelta(days=1), rules_hash(program)
    stale = {mine: one for mine, one in long.items() if _is_stale(known.get(mine), rules, fingerprint, one, through)}
    sums = sums_through(session, sorted(stale), through)
    rows = []
    for mine, history in stale.items():
        by_then, _ = known_through(history, through.toordinal())
        count, units = sums.get(mine, (0, {}))
        about = (count, len(by_then.entries), _known(rules, history, through.toordinal()), fingerprint, dumps(units))
        rows.append((mine, through, *about, packed(rules, by_then)))
    upsert(session, Waypoint, ("member_id",), COLUMNS, rows)


def _behind(session: Session, ids: Sequence[int]) -> frozenset[int]:
    """The members of whom more entries are known now through the day of their waypoint."""
    then = (Entry.member_id == Waypoint.member_id) & (Entry.posted_on <= Waypoint.through)
    query = select(Waypoint.member_id).join(Entry, then).where(among(session, Waypoint.member_id, ids))
    return frozenset(session.scalars(query.group_by(Waypoint.member_id).having(func.count() != Waypoint.entries)))


def _is_stale(row: Waypoint | None, rules: Rules, fingerprint: str, history: History, through: date) -> bool:
    """Whether a member needs another waypoint, and one through a day is of use."""
    day = through.toordinal()
    by_then = sum(entry[0] <= day for entry in history.entries)
    if by_then <= LONG or day < history.enrolled:
        return False
    if row is None or row.rules != fingerprint or row.through > through:
        return True
    last = row.through.toordinal()
    counted = sum(entry[0] <= last for entry in history.entries)
    return row.counted != counted or row.known != _known(rules, history, last) or by_then - counted > STRETCH


def wrong(
    session: Session, program: Program, found: Sequence[tuple[Account, History, tuple[Span, ...]]]
) -> list[tuple[int, str]]:  # fmt: skip
    """Of members with their whole history and what it folds to on the day of the last fold: waypoints that hold, and lead
    elsewhere."""
    rules = rules_of(program)
    ids = [account.member_id for account, _, _ in found]
    kept = {row.member_id: row for row in session.scalars(select(Waypoint).where(among(session, Waypoint.member_id, ids)))}
    told = []
    for account, history, spans in found:
        row, day = kept.get(account.member_id), account.folded_on
        if row is None or day is None or not _holds(row, program, rules, history, day):
            continue
        known, _ = known_through(history, day.toordinal())
        later = [entry for entry in known.entries if entry[0] > row.through.toordinal()]
        if len(known.entries) - len(later) != row.counted:
            continue  # another is made when the member is folded next
        walk = unpacked(rules, row.walk, known._replace(entries=later))
        walk.feed(later)
        if walk.finish() != spans:
            told.append((account.member_id, f"the waypoint of {row.through} leads to another timeline"))
        count, sums = sums_through(session, [account.member_id], row.through).get(account.member_id, (0, {}))
        if count == row.entries and sums != json.loads(row.sums):
            told.append((account.member_id, f"the waypoint of {row.through} has other sums than the books"))
    return told
