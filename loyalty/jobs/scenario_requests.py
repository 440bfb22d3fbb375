"""What scenarios say of requests: service, changed, asks, withdraws, looked; then requests, queue, taken."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from loyalty.benefits.asking import Ask, Companion, ask_one
from loyalty.benefits.clearing import clear
from loyalty.benefits.ending import Act, act
from loyalty.benefits.locking import classes_of, is_due, local, lock_services
from loyalty.benefits.queues import queues_told
from loyalty.benefits.services import Change, Told, change, tell
from loyalty.benefits.tables import Request, RequestChange, Service
from loyalty.benefits.telling import find_service
from loyalty.clock import instant_at
from loyalty.errors import Refused
from loyalty.jobs.requests import CHUNK, open_some
from loyalty.program.load import Program
from loyalty.program.scenarios import ScenarioFailed
from loyalty.settle import settle_services
from loyalty.status.queries import Account, account_read

SOURCE = "scenario"


@dataclass(frozen=True)
class Step:
    """One step: the member's account, the moment, its key."""

    session: Session
    program: Program
    account: Account
    now: datetime
    key: str


def act_on(verb: str, step: Step, given: dict[str, Any]) -> None:
    """Do what a step says. Raises Refused; KeyError or TypeError for keys that the word does not have."""
    VERBS[verb](step, given)


def _starts(text: str, zone: ZoneInfo) -> datetime:
    moment = datetime.fromisoformat(text)
    return instant_at(moment.date(), moment.time(), zone)


def _service(step: Step, given: dict[str, Any]) -> None:
    zone = given.pop("zone", None)
    starts = _starts(given.pop("starts"), ZoneInfo(zone) if zone else step.program.zone)
    told = Told(step.key, starts, given.pop("units"), SOURCE, given.pop("kind", None), zone, given)
    tell(step.session, step.program, told, step.now)


def _changed(step: Step, given: dict[str, Any]) -> None:
    service, other = _named(step, given.pop("service")), given.pop("replaced_by", None)
    after = _named(step, other) if other else None
    starts = given.pop("starts", None)
    wanted = Change(
        SOURCE, SOURCE, step.key, starts_at=_starts(starts, ZoneInfo(service.zone)) if starts else None,
        replaced_by=after.service_id if after else None, **given,
    )  # fmt: skip
    change(step.session, step.program, service.service_id, wanted, step.now)
    settle_services(step.session, step.program, [one.service_id for one in (service, after) if one], step.now)


def _named(step: Step, key: str) -> Service:
    return find_service(step.session, step.program, None, str(key))


def _asks(step: Step, given: dict[str, Any]) -> None:
    party = tuple(_companion(step, str(name)) for name in given.pop("with", ()))
    booked = given.pop("booked", None)
    wanted = Ask(
        str(given.pop("service")), given.pop("from"), given.pop("to"), SOURCE, step.key, SOURCE, given.pop("request", None),
        party, instrument=given.pop("instrument", None), booked_on=date.fromisoformat(booked) if booked else None, fields=given,
    )  # fmt: skip
    answer = ask_one(step.session, step.program, step.account, wanted, step.now)
    fresh = [] if answer.repeated else [answer.id]
    settle_services(step.session, step.program, [answer.service_id], step.now, fresh)


def _companion(step: Step, name: str) -> Companion:
    """A companion: by number, where a member of the scenario has the name."""
    return Companion(number=name) if account_read(step.session, name) else Companion(name)


def _withdraws(step: Step, given: dict[str, Any]) -> None:
    wanted = Act("withdraw", SOURCE, str(given.pop("request")), SOURCE)
    service, _ = act(step.session, step.program, step.account, wanted, step.now)
    settle_services(step.session, step.program, [service], step.now)


def _looked(step: Step, given: dict[str, Any]) -> None:
    """Both jobs, in the scenario's own transaction."""
    if given:
        raise KeyError(*given)
    while open_some(step.session, step.now, CHUNK):
        pass
    due = select(Service.service_id).where(Service.look_at <= step.now)
    for service in lock_services(step.session, list(step.session.scalars(due))).values():
        if is_due(service, step.now):
            clear(step.session, step.program, service, step.now)


VERBS = {"service": _service, "changed": _changed, "asks": _asks, "withdraws": _withdraws, "looked": _looked}


# --- then -------------------------------------------------------------------------------------------------------


def found(session: Session, program: Program, expected: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """What a line asks of requests, queues and units, as known at an instant."""
    asked = expected.get("requests", {})
    return {
        "requests": {key: _request(session, str(key), wanted, at) for key, wanted in asked.items()},
        "queue": _queue(session, program, expected["queue"], at) if "queue" in expected else {},
        "taken": _taken(session, program, expected["taken"]) if "taken" in expected else {},
    }


def _request(session: Session, key: str, wanted: Any, at: datetime) -> Any:
    """The state of a request, with what else is asked of it: its reason, when it may be confirmed, why it was passed over."""
    row = session.scalar(select(Request).where(Request.source == SOURCE, Request.key == key))
    if row is None:
        return "none"
    mine = (RequestChange.member_id == row.member_id, RequestChange.request_id == row.request_id, RequestChange.at <= at)
    last = session.scalar(select(RequestChange).where(*mine).order_by(RequestChange.n.desc()).limit(1))
    state, reason = (last.state, last.reason) if last else ("none", "")
    if not isinstance(wanted, dict):
        return state
    zone = session.get_one(Service, row.service_id).zone
    told = json.loads(last.details).get("opens_at") if last else None
    opens = (
        local(datetime.fromisoformat(told["at"]), told["zone"])
        if told
        else (local(row.opens_at, zone) if row.opens_at else "never")
    )
    known = {"state": state, "reason": reason, "opens": opens, "passed": row.passed}
    unknown = set(wanted) - set(known)
    if unknown:
        raise ScenarioFailed(f"then: requests: {sorted(unknown)}; allowed: state, reason, opens, passed")
    return {name: known[name] for name in wanted}


def _queue(session: Session, program: Program, wanted: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    try:
        service = find_service(session, program, None, str(wanted["service"]))
    except Refused as refusal:
        raise ScenarioFailed(f"then: queue: {refusal}") from refusal
    places = queues_told(session, program, service, at).get(wanted["class"], [])
    return {"service": wanted["service"], "class": wanted["class"], "order": [place["key"] for place in places]}


def _taken(session: Session, program: Program, wanted: Mapping[str, Any]) -> dict[str, Any]:
    service = find_service(session, program, None, str(wanted["service"]))
    classes = classes_of(session, [service.service_id])[service.service_id]
    return {"service": wanted["service"], **{name: str(row.taken) for name, row in classes.items()}}
