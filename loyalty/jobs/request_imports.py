"""Files of services and of requests: a chunk of rows taken in one transaction, its services locked at once."""

import json
from datetime import datetime

from sqlalchemy.orm import Session

from loyalty.benefits.asked import service_kind
from loyalty.benefits.asking import ask
from loyalty.benefits.clearing import edition_for
from loyalty.benefits.intake import AUTHOR, Asked, requests_reader, services_reader
from loyalty.benefits.locking import classes_of, lock_services
from loyalty.benefits.services import Change, Told, change, service_id, tell
from loyalty.benefits.tables import Service
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.taking import Reject, Take, Tally, read_rows, reject, repeat
from loyalty.keys import digest, dumps
from loyalty.members.files import FileRow
from loyalty.members.mapping import RequestsMapping, ServicesMapping
from loyalty.settle import settle_services
from loyalty.status.queries import lock_numbers


def services_taker(deployment: Deployment, mapping: ServicesMapping, now: datetime) -> Take:
    """Takes rows of services: told, or changed to what the row says."""
    program = deployment.program
    read = services_reader(mapping, program.zone)

    def take(session: Session, rows: list[FileRow], tally: Tally) -> list[Reject]:
        taken, rejects = read_rows(rows, read, tally)
        kind = service_kind(edition_for(program, deployment.today(now)), mapping.kind)
        ids = [service_id(kind, told.key) for _, told in taken]
        lock_services(session, ids)
        for row, told in taken:
            try:
                with session.begin_nested():
                    fresh = _told(session, deployment, told, now)
            except Refused as refusal:
                rejects.append(reject(row, refusal))
                continue
            if fresh:
                tally.posted += 1
            else:
                repeat(tally, row)
        settle_services(session, program, ids, now)
        tally.rejected += len(rejects)
        return sorted(rejects, key=lambda one: one.row)

    return take


def _told(session: Session, deployment: Deployment, told: Told, now: datetime) -> bool:
    """Tell a service, or change it to what is told; False where that is nothing new."""
    try:
        return tell(session, deployment.program, told, now)[1]
    except Refused as refusal:
        kind = service_kind(edition_for(deployment.program, deployment.today(now)), told.kind)
        service = session.get(Service, service_id(kind, told.key))
        zone = told.zone or deployment.program.zone.key
        if refusal.code != "key_reused" or service is None or service.zone != zone or not _same_fields(service, told):
            raise
    classes = classes_of(session, [service.service_id])[service.service_id]
    units = {
        name: number for name, number in told.units.items() if name not in classes or str(classes[name].units) != str(number)
    }
    starts = told.starts_at if told.starts_at != service.starts_at else None
    if not units and starts is None:
        return False
    # the log counts on, so that a row which says again what was changed in between changes it again
    key = f"{AUTHOR} {digest(dumps(units), str(starts))} {service.changes}"
    return change(session, deployment.program, service.service_id, Change(AUTHOR, AUTHOR, key, units, starts), now)


def _same_fields(service: Service, told: Told) -> bool:
    given = {name: str(value) for name, value in told.fields.items() if value not in (None, "")}
    return given == {name: str(value) for name, value in json.loads(service.fields).items()}


def requests_taker(deployment: Deployment, mapping: RequestsMapping, now: datetime) -> Take:
    """Takes rows of requests. What the program refuses is recorded with its reason; rejected is what cannot be understood."""
    read = requests_reader(mapping, deployment.program.zone)

    def take(session: Session, rows: list[FileRow], tally: Tally) -> list[Reject]:
        taken, rejects = read_rows(rows, read, tally)
        accounts = lock_numbers(session, list({asked.number for _, asked in taken}))
        known: list[tuple[FileRow, Asked]] = []
        for row, asked in taken:
            if asked.number in accounts:
                known.append((row, asked))
            else:
                rejects.append(reject(row, Refused("unknown_member", number=asked.number)))
        answers = ask(session, deployment.program, [(accounts[one.number], one.ask) for _, one in known], now)
        for (row, _), answer in zip(known, answers, strict=True):
            if answer.refusal is not None:
                rejects.append(reject(row, answer.refusal))
            elif answer.repeated:
                repeat(tally, row)
            else:
                tally.posted += 1
        fresh = [answer.id for answer in answers if answer.refusal is None and not answer.repeated]
        settle_services(session, deployment.program, [one.service_id for one in answers if one.refusal is None], now, fresh)
        tally.rejected += len(rejects)
        return sorted(rejects, key=lambda one: one.row)

    return take
