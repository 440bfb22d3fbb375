"""Reads of activity: entries with their source, and how each came about."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import extract, func, literal, select
from sqlalchemy.orm import Session

from loyalty.earning.operations import activity_id
from loyalty.earning.rules import Said, Used, cap_window, explain, kept_values
from loyalty.earning.tables import Activity
from loyalty.errors import Refused
from loyalty.ledger.operations import shown
from loyalty.ledger.queries import entries_of
from loyalty.ledger.tables import Adjustment, Entry
from loyalty.members.rules import attribute_values
from loyalty.members.tables import Member
from loyalty.program.load import Program
from loyalty.program.models import Cap
from loyalty.program.problems import listed, nearest
from loyalty.status.booked import Booked, edition_of
from loyalty.status.rewards import awards_of
from loyalty.status.tables import StatusAward
from loyalty.store import among


def export(
    session: Session, program: Program, unit: str | None = None, number: str | None = None, late: bool = False
) -> Iterator[str]:
    """Entries as one JSON object a line, by member and cause. `late`: posted after the year they count for had ended.

    Raises Refused: `unknown_unit`.
    """
    decimals = {name: about.decimals for edition in program.editions for name, about in edition.units.units.items()}
    if unit is not None and unit not in decimals:
        raise Refused("unknown_unit", unit=unit, allowed=listed(decimals), nearest=nearest(unit, decimals))
    who = select(Member.member_id, Member.number).order_by(Member.member_id)
    if number is not None:
        who = who.where(Member.number == number)
    members = session.execute(who).all()
    for start in range(0, len(members), STRETCH):
        numbers = {row.member_id: row.number for row in members[start : start + STRETCH]}
        yield from _exported(session, numbers, decimals, unit, late)


#: Members exported at a time: each table is read by its own index, whatever the database knows of their sizes.
STRETCH = 500


def _exported(
    session: Session, numbers: Mapping[int, str], decimals: Mapping[str, int], unit: str | None, late: bool
) -> Iterator[str]:
    entry, first, last = Entry.__table__, min(numbers), max(numbers)
    activities = select(Activity.member_id, Activity.activity_id, Activity.source, Activity.key)
    adjustments = select(Adjustment.member_id, Adjustment.cause_id, literal("adjustment"), Adjustment.key)
    awards = select(StatusAward.member_id, StatusAward.cause_id, StatusAward.kind, StatusAward.name)
    causes: dict[tuple[int, int], tuple[str, str]] = {}
    for named in (
        activities.where(Activity.member_id.between(first, last)),
        adjustments.where(Adjustment.member_id.between(first, last)),
        awards.where(StatusAward.member_id.between(first, last)),
    ):
        causes |= {(row[0], row[1]): (row[2], row[3]) for row in session.execute(named)}
    query = select(entry).where(entry.c.member_id.between(first, last))
    if unit is not None:
        query = query.where(entry.c.unit == unit)
    if late:
        query = query.where(extract("year", entry.c.posted_on) > extract("year", entry.c.on))
    for row in session.execute(query.order_by(entry.c.member_id, entry.c.cause_id, entry.c.n)):
        # what a tier's choice gave has no cause of its own: it is told by its line
        source, key = causes.get((row.member_id, row.cause_id), (row.account, row.line or ""))
        yield json.dumps({
            "member": numbers[row.member_id], "unit": row.unit, "amount": shown(row.amount, decimals[row.unit]),
            "on": row.on.isoformat(), "posted_at": row.posted_at.isoformat(), "kind": row.kind, "line": row.line,
            "source": source, "key": key,
        }, ensure_ascii=False)  # fmt: skip


def capped_use(session: Session, program: Program, ids: Sequence[int], before: date = date.max) -> dict[int, Used]:
    """What capped lines, of any edition, have given each of some members in each of their windows, for days before one."""
    caps: dict[str, set[Cap]] = {}
    for kind in (kind for edition in program.editions for kind in edition.kinds.values()):
        for line in kind.caps:
            caps.setdefault(line.id, set()).update([line.cap] if line.cap else [])
    found: dict[int, Used] = {}
    table = Entry.__table__
    query = select(table.c.member_id, table.c.line, table.c.on, table.c.amount).where(
        among(session, table.c.member_id, ids), table.c.line.in_(caps), table.c.on < before
    )
    for member_id, line, on, amount in session.execute(query) if caps else ():
        used = found.setdefault(member_id, {})
        for key in {(line, cap_window(cap, on)) for cap in caps[line]}:
            used[key] = used.get(key, 0) + amount
    return found


@dataclass(frozen=True)
class Explained:
    """One entry and how it came about: the steps of its earn line, or the words of who booked or undid it."""

    unit: str
    amount: str
    on: date
    posted_on: date
    kind: str
    line: str | None
    source: str
    key: str
    steps: tuple[Said, ...]
    reason: str = ""


def explained_entries(session: Session, program: Program, member: Member, until: date | None = None) -> list[Explained]:
    """A member's entries in the order in which they became known, each explained."""
    return explained(session, program, member, entries_of(session, member.member_id, until))


def explained(session: Session, program: Program, member: Member, rows: Sequence[Any]) -> list[Explained]:
    """Some of a member's entries, each explained: what they name is read, and nothing else."""
    causes = sorted({row.cause_id for row in rows})
    mine = (Activity.member_id == member.member_id, among(session, Activity.activity_id, causes))
    activities = {row.activity_id: row for row in session.scalars(select(Activity).where(*mine))}
    hand = (Adjustment.member_id == member.member_id, among(session, Adjustment.cause_id, causes))
    adjusted = {row.cause_id: row for row in session.scalars(select(Adjustment).where(*hand))}
    given = {row.cause_id: row for row in awards_of(session, [member.member_id]).get(member.member_id, [])}
    return [
        _given(program, row, given[row.cause_id]) if row.cause_id in given
        else _explained(program, member, row, activities, adjusted)
        for row in rows
    ]  # fmt: skip


def _given(program: Program, row: Any, award: Booked) -> Explained:
    """An entry of something that the ladder gave."""
    decimals = edition_of(program, award.edition).units.units[row.unit].decimals
    times = f" for the {award.times}. time" if award.times > 1 else ""
    reason = f"{award.kind} {award.name}{times} in the window from {award.window_on} (rules of {award.edition})"
    told = f"{reason}, taken back" if row.kind == "reversal" else reason
    amount = shown(row.amount, decimals)
    return Explained(row.unit, amount, row.on, row.posted_on, row.kind, row.line, award.kind, award.name, (), told)


def _explained(
    program: Program, member: Member, row: Any, activities: Mapping[int, Activity], adjusted: Mapping[int, Adjustment]
) -> Explained:
    activity, adjustment = activities.get(row.cause_id), adjusted.get(row.cause_id)
    edition = program.edition_on(activity.edition if activity else row.on)
    decimals = edition.units.units[row.unit].decimals if edition else 0
    said: tuple[Said, ...] = ()
    if activity is not None and edition is not None and row.kind == "earn":
        kind = edition.kinds[activity.kind]
        attributes = attribute_values(program.file.members.attributes, member.attributes)
        case = (kept_values(edition, kind, activity.fields), edition.ranks.get(activity.tier, 0), attributes)
        used = json.loads(row.basis)["used"] if row.basis else 0
        said = tuple(explain(edition, kind, row.line, case, used))
    source, key, reason = row.account, row.line or "", f"{row.account} {row.line}"
    if activity is not None:
        source, key, reason = activity.source, activity.key, ""
    elif adjustment is not None:
        source, key, reason = "adjustment", adjustment.key, adjustment.reason
    amount = shown(row.amount, decimals)
    return Explained(row.unit, amount, row.on, row.posted_on, row.kind, row.line, source, key, said, reason)


def earned_by(session: Session, program: Program, member_id: int, source: str, key: str) -> dict[str, str]:
    """Unit -> net amount as text of the first version of an activity: what it earned, less what was undone."""
    query = select(Entry.unit, func.sum(Entry.amount)).group_by(Entry.unit)
    mine = (Entry.member_id == member_id, Entry.cause_id == activity_id(source, key))
    decimals = {name: about.decimals for edition in program.editions for name, about in edition.units.units.items()}
    return {unit: shown(int(total), decimals[unit]) for unit, total in session.execute(query.where(*mine))}


def steps_in_words(steps: tuple[Said, ...]) -> str:
    """The steps as one line: `field distance = 337; minimum 500 = 500; percent 150 = 750`."""
    return "; ".join(f"{step.verb} {step.figure} = {format(step.value.normalize(), ',f')}" for step in steps)
