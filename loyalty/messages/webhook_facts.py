"""Facts about members as systems are told them: plain values and the member's number, nothing of the person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from loyalty.clock import start_of, through
from loyalty.keys import digest
from loyalty.ledger.operations import shown
from loyalty.messages.webhooks import instant
from loyalty.program.load import Program
from loyalty.status.booked import Booked
from loyalty.status.words import unit_of

#: In the order in which facts of one instant are told: what happened before what follows from it.
RANKS = {"member.joined": 0, "activity": 1, "status": 2, "award": 3, "request": 4, "member.left": 5}
#: Kinds of the log of changes that are about the membership; all others are about the status.
MEMBERSHIP = ("joined", "left")


class Fact(NamedTuple):
    """One fact: the digest of what it is recognized by within its member, its type, when it became known, its data.

    `latest` is the latest instant at which it may have become known, where only the day is recorded.
    """

    fact_id: int
    type: str
    at: datetime
    latest: datetime
    data: Mapping[str, Any]

    @property
    def order(self) -> tuple[datetime, int, int, str]:
        """Where it stands among the facts of its member."""
        rank = RANKS.get(self.type, RANKS.get(self.type.partition(".")[0], 0))
        return self.at, rank, int(self.data.get("n", 0)), str(self.data.get("key", ""))


@dataclass(slots=True)
class Known:
    """What is known of one member: rows of the logs, read."""

    number: str
    changes: Sequence[Any] = ()
    activities: Sequence[Any] = ()
    amounts: Mapping[int, Sequence[Any]] | None = None
    reversals: Sequence[Any] = ()
    awards: Sequence[Booked] = ()
    requests: Sequence[Any] = ()


def facts_of(program: Program, known: Known) -> list[Fact]:
    """The facts of one member, in their order."""
    sources = (_changes(known), _activities(program, known), _awards(program, known), _requests(known))
    return sorted((fact for source in sources for fact in source), key=lambda fact: fact.order)


def _fact(key: tuple[object, ...], type_: str, at: datetime, data: Mapping[str, Any], latest: datetime | None = None) -> Fact:
    return Fact(digest("webhook", *map(str, key)), type_, at, latest or at, data)


def _changes(known: Known) -> Iterator[Fact]:
    for row in known.changes:
        data = {
            "member": known.number, "n": row.n, "old": row.old, "new": row.new, "on": _said(row.effective_on),
            "through": _said(through(row.until)), "source": row.source,
        }  # fmt: skip
        about = "member" if row.kind in MEMBERSHIP else "status"
        yield _fact(("change", row.n), f"{about}.{row.kind}", row.recorded_at, data)


# --- activity -----------------------------------------------------------------------------------------------------


def _activities(program: Program, known: Known) -> Iterator[Fact]:
    amounts = known.amounts or {}
    for row in known.activities:
        type_ = "activity.posted" if row.version == 1 else "activity.corrected"
        booked = [one for one in amounts.get(row.activity_id, ()) if one.reverses is None]
        yield _fact(("activity", row.activity_id), type_, row.posted_at, _activity(program, known, row, booked))
    for row in known.reversals:
        if not row.corrected:  # of one that was corrected, the correction tells
            booked = [one for one in amounts.get(row.activity_id, ()) if one.reverses is not None]
            data = _activity(program, known, row, booked)
            yield _fact(("reversal", row.activity_id), "activity.reversed", row.reversed_at, data)


def _activity(program: Program, known: Known, row: Any, booked: Sequence[Any]) -> dict[str, Any]:
    sums: dict[str, int] = {}
    for entry in sorted(booked, key=lambda one: one.n):
        sums[entry.unit] = sums.get(entry.unit, 0) + entry.amount
    return {
        "member": known.number, "source": row.source, "key": row.key, "version": row.version, "kind": row.kind,
        "on": _said(row.on), "amounts": [{"unit": unit, "amount": _shown(program, unit, sums[unit])} for unit in sums],
    }  # fmt: skip


# --- awards -------------------------------------------------------------------------------------------------------


def _awards(program: Program, known: Known) -> Iterator[Fact]:
    for row in known.awards:
        data = partial(_award, program, known.number, row)
        yield _fact(("award", row.n), "award.given", row.recorded_at, data(row.awarded_on, choose_by=_said(row.choose_by)))
        for place, one in enumerate(row.chosen):
            on = date.fromisoformat(one["on"])
            told = data(on, option=one["option"], by_default="key" not in one)
            yield _dated(program, row, ("award", row.n, "chosen", place), "award.chosen", on, told)
        if row.withdrawn_on is not None:
            key = ("award", row.n, "withdrawn")
            told = data(row.withdrawn_on)
            if row.withdrawn_at is not None:
                yield _fact(key, "award.withdrawn", row.withdrawn_at, told)
            else:  # recorded when its instant was not kept yet
                yield _dated(program, row, key, "award.withdrawn", row.withdrawn_on, told)


def _dated(program: Program, row: Booked, key: tuple[object, ...], type_: str, on: date, data: Mapping[str, Any]) -> Fact:
    """A fact of which the day is recorded: it is told as of the day's beginning, or of the award where that is later."""
    begins, ends = start_of(on, program.zone), start_of(on + timedelta(days=1), program.zone)
    return _fact(key, type_, max(begins, row.recorded_at), data, max(ends, row.recorded_at))


def _award(program: Program, number: str, row: Booked, on: date, **more: Any) -> dict[str, Any]:
    gifts = [_gift(program, gift) for gift in row.gifts]
    return {
        "member": number, "n": row.n, "kind": row.kind, "name": row.name, "times": row.times,
        "window_on": _said(row.window_on), "on": _said(on), "gifts": gifts, **more,
    }  # fmt: skip


def _gift(program: Program, gift: Mapping[str, Any]) -> dict[str, Any]:
    if "unit" in gift:
        return {"unit": gift["unit"], "amount": _shown(program, gift["unit"], gift["amount"]), "on": gift["on"]}
    return {**gift, "amount": str(gift["amount"])}


# --- requests -----------------------------------------------------------------------------------------------------


def _requests(known: Known) -> Iterator[Fact]:
    for row in known.requests:
        service = {"kind": row.service_kind, "key": row.service_key, "starts_at": instant(row.starts_at), "zone": row.zone}
        data = {
            "member": known.number, "source": row.source, "key": row.key, "n": row.n, "kind": row.kind, "service": service,
            "from_class": row.from_class, "to_class": row.to_class, "size": row.size, "state": row.state,
            "reason": row.reason,
        }  # fmt: skip
        yield _fact(("request", row.request_id, row.n), f"request.{row.state}", row.at, data)


# --- values -------------------------------------------------------------------------------------------------------


def _shown(program: Program, name: str, amount: int) -> str:
    unit = unit_of(program, name)
    return shown(amount, unit.decimals if unit else 0)


def _said(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
