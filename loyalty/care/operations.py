"""Verbs on cases: claim a missing activity, answer, close."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from loyalty.care.tables import Case, CaseChange
from loyalty.earning.operations import Report, activity_id, examine
from loyalty.earning.tables import Activity
from loyalty.errors import Refused
from loyalty.keys import digest, dumps
from loyalty.program.load import Program
from loyalty.status.queries import Account

#: The kind of a case that claims an activity.
MISSING = "missing_activity"


@dataclass(frozen=True)
class Claim:
    """An activity that a member misses: its kind, its day, its fields, a remark, and the key of the claim."""

    kind: str
    on: date
    fields: Mapping[str, Any]
    remark: str
    key: str


def claim(session: Session, program: Program, account: Account, wanted: Claim, author: str, now: datetime) -> tuple[Case, bool]:
    """Open the case of a missing activity, of a locked account; the case, and False where the key had claimed the same before.

    Nothing is posted. Raises Refused: what recording the activity would refuse of it, and `key_reused`.
    """
    told = digest(wanted.kind, wanted.on.isoformat(), dumps(dict(wanted.fields)), wanted.remark)
    identity = (account.member_id, digest("case", wanted.key))
    before = session.get(Case, identity)
    if before is not None:
        if before.input_hash != told:
            raise Refused("key_reused", key=wanted.key, source="case")
        return before, False
    examine(program, account, Report(wanted.kind, "claim", wanted.key, wanted.on, wanted.fields), now)
    fields = {"kind": wanted.kind, "on": wanted.on.isoformat(), "fields": dict(wanted.fields), "remark": wanted.remark}
    case = Case(
        member_id=identity[0], case_id=identity[1], key=wanted.key, input_hash=told, kind=MISSING,
        subject=f"{wanted.kind} {wanted.on.isoformat()}", fields=dumps(fields), state="open", made_at=now,
    )  # fmt: skip
    session.add(case)
    session.flush()
    _changed(session, case, "open", author, wanted.remark, now)
    return case, True


@dataclass(frozen=True)
class Answer:
    """What staff say to a case: `source` and `key` name the activity that was posted for it, if one was."""

    author: str
    text: str
    source: str = ""
    key: str = ""


def answer(session: Session, account: Account, key: str, said: Answer, now: datetime) -> bool:
    """Answer a case of a locked account; False where it was answered in the same words before.

    Raises Refused: `unknown_case`, `case_closed`; `unknown_activity` where the activity that was posted is not the member's.
    """
    case = _open_case(session, account, key)
    if said.key and session.get(Activity, (account.member_id, activity_id(said.source, said.key))) is None:
        raise Refused("unknown_activity", number=account.number, source=said.source, key=said.key)
    last = session.scalars(_log(case).order_by(CaseChange.n.desc()).limit(1)).one()
    if (last.state, last.text, last.source, last.key) == ("answered", said.text, said.source, said.key):
        return False
    _changed(session, case, "answered", said.author, said.text, now, said.source, said.key)
    return True


def close(session: Session, account: Account, key: str, author: str, text: str, now: datetime) -> None:
    """Close a case of a locked account: nothing more is said to it. Raises Refused: `unknown_case`, `case_closed`."""
    _changed(session, _open_case(session, account, key), "closed", author, text, now)


def _open_case(session: Session, account: Account, key: str) -> Case:
    case = session.get(Case, (account.member_id, digest("case", key)))
    if case is None:
        raise Refused("unknown_case", number=account.number, key=key)
    if case.state == "closed":
        raise Refused("case_closed", key=key)
    return case


def _log(case: Case) -> Any:
    return select(CaseChange).where(CaseChange.member_id == case.member_id, CaseChange.case_id == case.case_id)


def _changed(
    session: Session, case: Case, state: str, author: str, text: str, now: datetime, source: str = "", key: str = ""
) -> None:
    """Write the next row of a case's log, whose account is locked."""
    mine = (CaseChange.member_id == case.member_id, CaseChange.case_id == case.case_id)
    last = session.scalar(select(func.max(CaseChange.n)).where(*mine))
    session.add(CaseChange(
        member_id=case.member_id, case_id=case.case_id, n=0 if last is None else last + 1, state=state, author=author,
        text=text, source=source, key=key, at=now,
    ))  # fmt: skip
    case.state = state
    session.flush()
