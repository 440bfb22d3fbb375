"""The queues of a service in their order, each place with its keys."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, rules_for
from loyalty.benefits.clearing import edition_for
from loyalty.benefits.judging import Judged, Known, judge, wish_of
from loyalty.benefits.locking import GIVEN, OPEN, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.tables import Request, Service
from loyalty.benefits.telling import request_told
from loyalty.clock import day_of
from loyalty.i18n import ENGLISH, Language, _
from loyalty.ledger.operations import shown
from loyalty.program.asking import Key
from loyalty.program.benefit_words import telling
from loyalty.program.load import Program
from loyalty.program.request_words import labels_of
from loyalty.program.words import months, words_of
from loyalty.status.words import thing, tier_named

#: A request as it is judged, with its rules and its row.
Ranked = tuple[Judged, Asked, Row[Any]]


def queues_told(
    session: Session, program: Program, service: Service, now: datetime, language: Language = ENGLISH
) -> dict[str, list[dict[str, Any]]]:
    """By class: the requests of a service that are open or given, in the order in which they stand before each other."""
    known, found = live_rows(session, program, service, now)
    told: dict[str, list[dict[str, Any]]] = {}
    for judged, asked, row in found:
        told.setdefault(row.to_class, []).append(_place(program, known, judged, asked, row, service.zone, language))
    return told


def live_rows(session: Session, program: Program, service: Service, now: datetime) -> tuple[Known, list[Ranked]]:
    """The requests of a service that are open or given, in the order in which they stand before each other, as judged now."""
    table = Request.__table__
    mine = (table.c.service_id == service.service_id, table.c.state.in_((*OPEN, *GIVEN)))
    known, found = judged_rows(session, program, service, session.execute(select(table).where(*mine)).all(), now)
    return known, sorted(found, key=lambda one: one[0].order)


def judged_rows(
    session: Session, program: Program, service: Service, rows: Sequence[Row[Any]], now: datetime
) -> tuple[Known, list[Ranked]]:
    """Requests of a service as they are judged now, each with its rules, and what was known for it."""
    today = day_of(now, program.zone)
    edition = edition_for(program, today)
    rules = [rules_for(program, edition, row.kind, row.edition) for row in rows]
    wanted = [(wish_of(row), asked, service_day(service)) for row, asked in zip(rows, rules, strict=True)]
    known = known_for(session, program, wanted, today)
    return known, [
        (judge(asked, wish, known, today, service.starts_at, ZoneInfo(service.zone)), asked, row)
        for (wish, asked, _), row in zip(wanted, rows, strict=True)
    ]


def _place(
    program: Program, known: Known, judged: Judged, asked: Asked, row: Row[Any], zone: str, language: Language
) -> dict[str, Any]:
    queue, keys = keys_told(program, (judged, asked, row), language)
    return {
        **request_told(row, zone, language), "number": known.people[row.member_id].number,
        "tier": language.told(tier_named(program, judged.tier)), "queue": queue, "keys": dict(keys),
    }  # fmt: skip


def keys_told(program: Program, ranked: Ranked, language: Language = ENGLISH) -> tuple[str, list[tuple[str, str]]]:
    """The queue in which a request stands, and each key of its order with the value that the request has."""
    judged, asked, row = ranked
    line = next(line for line in asked.lines if line.queue.id == judged.queue)
    keys = _Keys(program, asked, judged, row, language)
    return language.own(line.queue.name), [keys.told(key) for key in line.queue.order]


@dataclass(frozen=True)
class _Keys:
    """The keys of an order as they are for a request, in a language."""

    program: Program
    asked: Asked
    judged: Judged
    row: Row[Any]
    language: Language

    def told(self, key: Key) -> tuple[str, str]:
        """What one key is called, and its value."""
        say, row = self.language.say, self.row
        if key.tier is not None:
            return say(_("tier")), self.tier(self.judged.tier)
        if key.lifetime is not None:
            rank = self.judged.facts.lifetime
            return say(_("lifetime")), say(_("none")) if rank is None else self.tier(self.program.tiers[rank])
        if key.instrument is not None:
            name = self.language.told(thing(self.program, row.instrument)) if row.instrument else say(_("none"))
            return say(_("instrument")), name
        if key.counter is not None:
            return self.counter(key.counter, key.months)
        if key.requested is not None:
            return say(_("requested")), f"{row.requested_at:%Y-%m-%d %H:%M:%S} UTC"
        return self.field(str(key.field))

    def tier(self, name: str) -> str:
        return self.language.told(tier_named(self.program, name))

    def counter(self, name: str, span: int) -> tuple[str, str]:
        unit = self.asked.edition.units.units[name]
        amount = shown(self.judged.facts.counters.get((name, span), 0), unit.decimals)
        called = _("{counter} of {span}")
        return self.language.say(called, counter=self.language.own(unit.name), span=months(span, self.language)), amount

    def field(self, name: str) -> tuple[str, str]:
        row, asked = self.row, self.asked
        beside = {"from_class": row.from_class, "to_class": row.to_class, "instrument": row.instrument}
        value = {**beside, **json.loads(row.fields)}.get(name)
        words = words_of(asked.edition, self.language)
        labels = labels_of(
            asked.kind, asked.service, telling(asked.edition.chart, asked.edition.head, self.language.code), words
        )
        if value is None:
            return labels[name].name, self.language.say(_("none"))
        told = self.language.told(value) if isinstance(value, bool) else labels[name].values.get(str(value), str(value))
        return labels[name].name, told
