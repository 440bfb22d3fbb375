"""Reads of activity: entries with their source, and how each came about."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import extract, func, literal, select
from sqlalchemy.orm import Session

from loyalty.earning.operations import activity_id
from loyalty.earning.rules import Said, Used, cap_window, explain, kept_values
from loyalty.earning.tables import Activity
from loyalty.errors import Refused
from loyalty.i18n import ENGLISH, Language, _
from loyalty.ledger.operations import shown
from loyalty.ledger.queries import entries_of
from loyalty.ledger.tables import Adjustment, Entry
from loyalty.members.rules import attribute_values
from loyalty.members.tables import AttributeChange, Member
from loyalty.program.earning_words import CAPS, FIGURES, ROUNDED
from loyalty.program.load import Edition, Program
from loyalty.program.models import Cap
from loyalty.program.problems import listed, nearest
from loyalty.status.booked import Booked, edition_of, milestone_of
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
    """One entry and how it came about: the steps of its earn line, or the words of who booked or undid it.

    `name` is what its line is called, or the activity, `unit_name` its unit, in the language asked for.
    """

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
    name: str = ""
    unit_name: str = ""


def explained_entries(
    session: Session, program: Program, member: Member, until: date | None = None, language: Language = ENGLISH
) -> list[Explained]:
    """A member's entries in the order in which they became known, each explained in a language."""
    return explained(session, program, member, entries_of(session, member.member_id, until), language)


def explained(
    session: Session, program: Program, member: Member, rows: Sequence[Any], language: Language = ENGLISH
) -> list[Explained]:
    """Some of a member's entries, each explained in a language: what they name is read, and nothing else."""
    causes = sorted({row.cause_id for row in rows})
    mine = (Activity.member_id == member.member_id, among(session, Activity.activity_id, causes))
    activities = {row.activity_id: row for row in session.scalars(select(Activity).where(*mine))}
    hand = (Adjustment.member_id == member.member_id, among(session, Adjustment.cause_id, causes))
    adjusted = {row.cause_id: row for row in session.scalars(select(Adjustment).where(*hand))}
    given = {row.cause_id: row for row in awards_of(session, [member.member_id]).get(member.member_id, [])}
    traits = _traits(session, program, member)
    return [
        _given(program, row, given[row.cause_id], language) if row.cause_id in given
        else _explained(program, traits, row, activities, adjusted, language)
        for row in rows
    ]  # fmt: skip


#: A member's attributes as rules see them, with the days from which they were known, first to last.
Traits = Sequence[tuple[date, tuple[Any, ...]]]


def _traits(session: Session, program: Program, member: Member) -> Traits:
    """What was known of a member, and from when: an activity was judged by what was known when it was posted."""
    known = program.file.members.attributes
    query = select(AttributeChange).where(AttributeChange.member_id == member.member_id).order_by(AttributeChange.n)
    changes = [(row.known_on, attribute_values(known, row.attributes)) for row in session.scalars(query)]
    return changes or [(date.min, attribute_values(known, member.attributes))]


def _given(program: Program, row: Any, award: Booked, language: Language) -> Explained:
    """An entry of something that the ladder gave."""
    unit = edition_of(program, award.edition).units.units[row.unit]
    milestone = award.kind == "milestone"
    name = language.own(milestone_of(program, award.edition, award.name).name) if milestone else language.own(unit.name)
    what = _("milestone {name}") if milestone else _("opening amount of {name}")
    told = {"what": language.say(what, name=name), "day": language.day(award.window_on), "edition": award.edition}
    reason = language.say(_("{what} in the window from {day} (rules of {edition})"), **told)
    if award.times > 1:
        again = _("{what}, time {times}, in the window from {day} (rules of {edition})")
        reason = language.say(again, times=award.times, **told)
    if row.kind == "reversal":
        reason = language.say(_("{reason}, taken back"), reason=reason)
    amount, unit_name = shown(row.amount, unit.decimals), language.own(unit.name)
    return Explained(
        row.unit, amount, row.on, row.posted_on, row.kind, row.line, award.kind, award.name, (), reason, name, unit_name
    )


def _explained(
    program: Program, traits: Traits, row: Any, activities: Mapping[int, Activity], adjusted: Mapping[int, Adjustment],
    language: Language,
) -> Explained:  # fmt: skip
    activity, adjustment = activities.get(row.cause_id), adjusted.get(row.cause_id)
    edition = program.edition_on(activity.edition if activity else row.on)
    decimals = edition.units.units[row.unit].decimals if edition else 0
    said: tuple[Said, ...] = ()
    if activity is not None and edition is not None and row.kind == "earn":
        kind = edition.kinds[activity.kind]
        attributes = next((values for known_on, values in reversed(traits) if known_on <= row.posted_on), traits[0][1])
        case = (kept_values(edition, kind, activity.fields), edition.ranks.get(activity.tier, 0), attributes)
        used = json.loads(row.basis)["used"] if row.basis else 0
        said = tuple(explain(edition, kind, row.line, case, used))
    source, key, reason = row.account, row.line or "", _booked(program, row, language)
    if activity is not None:
        source, key, reason = activity.source, activity.key, ""
    elif adjustment is not None:
        source, key, reason = "adjustment", adjustment.key, adjustment.reason
    amount = shown(row.amount, decimals)
    named = edition or program.editions[-1]
    return Explained(
        row.unit, amount, row.on, row.posted_on, row.kind, row.line, source, key, said, reason,
        _line_name(named, row.line, activity, language), language.own(named.units.units[row.unit].name),
    )  # fmt: skip


def _booked(program: Program, row: Any, language: Language) -> str:
    """Why an entry without an activity was booked: the choice of a tier that gave it."""
    choices = (choice for edition in reversed(program.editions) for choice in edition.benefits.choices)
    name = next((language.own(choice.name) for choice in choices if choice.id == row.line), None)
    return f"{row.account} {row.line}" if name is None else language.say(_("choice {name}"), name=name)


def _line_name(edition: Edition, line: str | None, activity: Activity | None, language: Language) -> str:
    """What an earn line is called; without one the activity, else nothing."""
    texts = next((one.name for one in edition.earning.lines if one.id == line), None)
    if texts is None and activity is not None:
        texts = edition.activities.activities[activity.kind].name
    return language.own(texts) if texts is not None else ""


def earned_by(session: Session, program: Program, member_id: int, source: str, key: str) -> dict[str, str]:
    """Unit -> net amount as text of the first version of an activity: what it earned, less what was undone."""
    query = select(Entry.unit, func.sum(Entry.amount)).group_by(Entry.unit)
    mine = (Entry.member_id == member_id, Entry.cause_id == activity_id(source, key))
    decimals = {name: about.decimals for edition in program.editions for name, about in edition.units.units.items()}
    return {unit: shown(int(total), decimals[unit]) for unit, total in session.execute(query.where(*mine))}


def steps_in_words(steps: Sequence[Said], language: Language = ENGLISH) -> str:
    """The steps as one line: `distance 337, at least 500, booking class: Y, 150 % = 750`. What changes nothing is left out."""
    told, before = [], Decimal(0)
    for step in steps:
        if step.verb in ("field", "amount") or step.value != before or step.verb == "percent":
            told.append(step_told(step, language))
        before = step.value
    if len(told) < 2:
        return "".join(told)
    return language.say(_("{steps} = {value}"), steps=language.clauses(told), value=language.number(before))


def step_told(step: Said, language: Language) -> str:
    """What a step did, by which figure, in a language."""
    if step.verb == "field":
        return language.say(_("{field} {value}"), field=language.told(step.figure), value=language.number(step.value))
    if step.verb == "round":
        return language.say(ROUNDED[step.figure])
    if step.verb == "cap":
        most, _per, per = step.figure.partition(" per ")
        return language.say(CAPS[per], amount=language.number(Decimal(most)))
    figure = Decimal(step.figure)
    told = language.share(figure)
    if step.verb != "percent":
        number = told if step.verb == "bonus" else language.number(figure)
        told = language.say(FIGURES[step.verb], figure=number)
    if not step.by:
        return told
    by = [
        language.say(_("{field} {value}"), field=language.told(name), value=_value(value, language)) for name, value in step.by
    ]
    return language.say(_("{by}: {step}"), by=language.enumerated(by), step=told)


def _value(value: Any, language: Language) -> str:
    return language.say(_("none")) if value is None else language.told(value)
