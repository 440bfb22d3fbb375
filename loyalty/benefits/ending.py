"""Requests ended or set aside by people: withdrawn by the member; cancelled, given back, skipped by staff with a reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.benefits.asking import request_id
from loyalty.benefits.changes import Became, Changes
from loyalty.benefits.clearing import clear, log_service
from loyalty.benefits.locking import GIVEN, OPEN, classes_of, is_due, lock_services, note_look
from loyalty.benefits.reasons import STATES
from loyalty.benefits.tables import Request, Service
from loyalty.clock import day_of
from loyalty.errors import Refused
from loyalty.program.load import Program
from loyalty.status.queries import Account


@dataclass(frozen=True)
class Act:
    """What someone does to a request, named by its source and key. The member withdraws it; staff cancel it, give back what
    it was given, let it be passed over (skip) or stand in the queue again (unskip). With `gone` the units that were given are
    no more: nobody else is given them."""

    how: Literal["withdraw", "cancel", "give_back", "skip", "unskip"]
    source: str
    key: str
    author: str
    reason: str = ""
    gone: bool = False


#: The reason under which each of them is kept.
REASON = {"withdraw": "by_member", "cancel": "by_staff", "give_back": "given_back", "skip": "skipped", "unskip": "skip_ended"}


def act(session: Session, program: Program, account: Account, wanted: Act, now: datetime) -> tuple[int, bool]:
    """Do it to a request of a locked account: the number of its service, and False where it is so already.

    Units that it was given are free again, instruments come back. Raises Refused: `unknown_request`, `request_ended`,
    `request_not_given`, `request_moved`, `service_ended` once the service has begun.
    """
    service, row = _request(session, program, account, wanted, now)
    if row.state == "cancelled" and wanted.how in ("withdraw", "cancel", "give_back"):
        return service.service_id, False
    if row.state not in (*OPEN, *GIVEN):
        raise Refused("request_ended", key=wanted.key, state=STATES[row.state])
    changes = Changes(session, program, wanted.author, day_of(now, program.zone), now)
    became = Became("cancelled", REASON[wanted.how], {"why": wanted.reason} if wanted.reason else {})
    if wanted.how in ("skip", "unskip"):
        return service.service_id, _skip(changes, service, row, wanted)
    if wanted.how == "give_back" and row.state not in GIVEN:
        raise Refused("request_not_given", key=wanted.key, state=STATES[row.state])
    if service.state != "open":
        raise Refused("service_ended", key=service.key, state=STATES[service.state])
    changes.add(row, became, decided_at=now, passed="", passed_details="{}")
    changes.write(wanted.reason)
    if row.state in GIVEN:
        _free(session, service, row, wanted, now)
    return service.service_id, True


def _free(session: Session, service: Service, row: Row[Any], wanted: Act, now: datetime) -> None:
    """Free the units that a request was given, or take them out of the service."""
    class_ = classes_of(session, [service.service_id])[service.service_id][row.to_class]
    class_.taken -= row.size
    if wanted.gone:
        class_.units -= row.size
        log_service(session, service, "changed", {"units": {row.to_class: class_.units}}, wanted.author, wanted.reason, now)
    note_look(service, now)
    session.flush()


def _request(session: Session, program: Program, account: Account, wanted: Act, now: datetime) -> tuple[Service, Row[Any]]:
    """The request under the lock of its service, which has been looked at."""
    row = _row(session, account, wanted)
    service = lock_services(session, [row.service_id])[row.service_id]
    if is_due(service, now):
        clear(session, program, service, now)
    again = _row(session, account, wanted)
    if again.service_id != row.service_id:
        raise Refused("request_moved", key=wanted.key)
    return service, again


def _row(session: Session, account: Account, wanted: Act) -> Row[Any]:
    table = Request.__table__
    mine = (table.c.member_id == account.member_id, table.c.request_id == request_id(wanted.source, wanted.key))
    row = session.execute(select(table).where(*mine)).one_or_none()
    if row is None:
        raise Refused("unknown_request", number=account.number, key=wanted.key, source=wanted.source)
    return row


def _skip(changes: Changes, service: Service, row: Row[Any], wanted: Act) -> bool:
    """Let a request be passed over until staff let it stand in the queue again; its state and reason stay."""
    if row.state not in OPEN:
        raise Refused("request_ended", key=wanted.key, state=STATES[row.state])
    skipped = wanted.reason if wanted.how == "skip" else ""
    if row.skipped == skipped:
        return False
    changes.add(row, Became(row.state, REASON[wanted.how], {"why": wanted.reason}), skipped=skipped)
    changes.write()
    note_look(service, changes.now)
    changes.session.flush()
    return True
