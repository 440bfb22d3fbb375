"""What an act changes: the state of a member before and after, and the small difference between the two."""

import json
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.benefits.asking import request_id
from loyalty.benefits.queries import companions_of, rights
from loyalty.benefits.rights import last_day
from loyalty.benefits.tables import Request, ServiceClass
from loyalty.care.files import competitors_of, contacts_of, file_of
from loyalty.care.tables import Case
from loyalty.clock import through
from loyalty.desk.tables import Note
from loyalty.ledger.operations import shown
from loyalty.ledger.queries import balances
from loyalty.members.freezing import freeze_of
from loyalty.members.operations import PROFILE
from loyalty.members.tables import Member
from loyalty.messages.tables import Message
from loyalty.program.load import Program
from loyalty.status.ladder import rules_of
from loyalty.status.queries import Account, histories, spans_of
from loyalty.status.rewards import awards_of
from loyalty.status.timeline import Walk
from loyalty.status.words import unit_of

#: A state, or a part of one: a value, or such by name.
State = dict[str, Any]


def state_of(session: Session, program: Program, account: Account, today: date) -> State:
    """A settled member as acts may change him: JSON values, by part and name."""
    member_id = account.member_id
    member = session.get_one(Member, member_id, populate_existing=True)
    return {
        "status": _status(session, member_id, today),
        "counters": _counters(session, program, account, today),
        "balances": _balances(session, program, member_id),
        "benefits": _benefits(session, program, account, today),
        "choices": _choices(session, program, account, today),
        "companions": _companions(session, member_id),
        "requests": _requests(session, member_id),
        "profile": {name: getattr(member, name) for name in PROFILE},
        "member": {"left_on": _text(member.left_on), "frozen": freeze_of(session, member_id) is not None},
        "attributes": json.loads(member.attributes),
        **_file(session, member_id),
        "cases": {one.key: one.state for one in session.scalars(select(Case).where(Case.member_id == member_id))},
        "messages": _messages(session, member_id),
        "notes": {"count": session.scalar(select(func.count()).select_from(Note).where(Note.member_id == member_id)) or 0},
    }


def _file(session: Session, member_id: int) -> State:
    """The customer file: its facts, who looks after the member, when it was reviewed; contacts and competitors by number."""
    filed = file_of(session, member_id)
    reviewed = filed.reviewed_at.isoformat(timespec="seconds") if filed.reviewed_at else None
    about = {"manager": filed.manager.name if filed.manager else None, "reviewed": reviewed, "reviewed_by": filed.reviewed_by}
    contacts = {
        str(one.contact_id): {name: getattr(one, name) for name in ("name", "relation", "phone", "email", "note")}
        for one in contacts_of(session, member_id)
    }
    competitors = {
        str(one.competitor_id): {"program": one.program, "their_tier": one.tier, "share": one.share, "known_by": one.source,
                                 "as_of": _text(one.as_of)}
        for one in competitors_of(session, member_id)
    }  # fmt: skip
    return {"file": {**filed.fields, **about}, "contacts": contacts, "competitors": competitors}


#: The parts that are deleted for good when a membership ends: the log is not to keep them.
FORGOTTEN = frozenset(("file", "contacts", "competitors"))


def without(state: State, hidden: Collection[str]) -> State:
    """A state but for some of its parts."""
    return {name: part for name, part in state.items() if name not in hidden}


def changed(before: State, after: State) -> tuple[State, State]:
    """The parts of two states that differ, each as it was and as it is; what is missing on a side is left out there."""
    was: State = {}
    now: State = {}
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            one, other = changed(one, other)
            if one or other:
                was[name], now[name] = one, other
        elif one != other:
            was.update({name: one} if name in before else {})
            now.update({name: other} if name in after else {})
    return was, now


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _status(session: Session, member_id: int, today: date) -> State:
    """The spans of tier that hold or are to come, by their first day."""
    spans = [span for span in spans_of(session, [member_id]).get(member_id, []) if span.until is None or span.until > today]
    return {
        span.begins.isoformat(): {"tier": span.tier, "through": _text(through(span.until)), "source": span.source}
        for span in spans
    }


def _counters(session: Session, program: Program, account: Account, today: date) -> State:
    """What counts in the window of today."""
    if today < account.enrolled_on:
        return {}
    rules = rules_of(program)
    history = histories(session, rules, [account])[account.member_id]
    walk = Walk(rules, history)
    walk.feed(history.entries)
    walk.advance(today.toordinal())
    totals = walk.window_on(today.toordinal()).totals
    return {unit: _amount(program, unit, int(total)) for unit, total in zip(rules.counters, totals, strict=False)}


def _balances(session: Session, program: Program, member_id: int) -> State:
    """What was booked of each unit altogether."""
    return {unit: _amount(program, unit, total) for unit, total in balances(session, member_id).items()}


def _amount(program: Program, unit: str, amount: int) -> str:
    return shown(amount, getattr(unit_of(program, unit), "decimals", 0))


def _benefits(session: Session, program: Program, account: Account, today: date) -> State:
    """Entitlements that have not ended, by what they are of and their number: how many are left, through which day."""
    mine = rights(session, program, [account], today)[account.member_id]
    on = today.toordinal()
    return {
        f"{one.what} {one.number}": {"left": mine.left(one, max(on, one.begins)), "through": _text(last_day(one.until))}
        for one in mine.entitlements if one.until > max(on, one.begins)
    }  # fmt: skip


def _choices(session: Session, program: Program, account: Account, today: date) -> State:
    """Options that were picked or chosen, by choice and period, milestone and window."""
    picks = rights(session, program, [account], today)[account.member_id].known.picks
    found: State = {}
    for one in picks:
        found.setdefault(f"{one.choice} {date.fromordinal(one.period)}", []).append(one.option)
    for award in awards_of(session, [account.member_id]).get(account.member_id, []):
        if award.chosen:
            name = f"{award.name} {award.window_on} {award.times}"
            found.setdefault(name, []).extend(one["option"] for one in award.chosen)
    return found


def _companions(session: Session, member_id: int) -> State:
    return {
        row.key: {"name": row.name or row.number, "until": _text(row.until), "ended_on": _text(row.ended_on)}
        for row in companions_of(session, [member_id]).get(member_id, [])
    }


def _requests(session: Session, member_id: int) -> State:
    rows = session.execute(
        select(Request.source, Request.key, Request.state, Request.skipped).where(Request.member_id == member_id)
    )
    return {f"{row.source} {row.key}": {"state": row.state, "skipped": row.skipped} for row in rows}


def beside_request(session: Session, account: Account, wanted: Any) -> State:
    """What an act on a request may change that is not the member's: the units of its service, and the requests of others."""
    mine = (Request.member_id == account.member_id, Request.request_id == request_id(wanted.source, wanted.request))
    service = session.scalar(select(Request.service_id).where(*mine))
    units = session.execute(select(ServiceClass.__table__).where(ServiceClass.service_id == service))
    theirs = (Request.service_id == service, Request.member_id != account.member_id, Request.state != "refused")
    others = select(Member.number, Request.key, Request.state).join(Member, Member.member_id == Request.member_id)
    return {
        "units": {row[1]: {"units": row.units, "taken": row.taken} for row in units},
        "queue": {f"{row.number} {row.key}": row.state for row in session.execute(others.where(*theirs))},
    }


def _messages(session: Session, member_id: int) -> State:
    """How many messages are in which state."""
    query = select(Message.state, func.count()).where(Message.member_id == member_id).group_by(Message.state)
    return {state: count for state, count in session.execute(query)}  # noqa: C416 a row is no pair
