"""A service looked at: windows opened, units given out along the queues, what is left ended at the close. One transaction
that holds the service locked, in a constant number of statements.

A late look goes through the moments that it missed, so that it ends as if each had been looked at in its time.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from loyalty.benefits.asked import Asked, rules_for
from loyalty.benefits.changes import Became, Changes
from loyalty.benefits.judging import Judged, Wish, judge, wish_of
from loyalty.benefits.locking import classes_of, local, note_look, requests_of, service_day
from loyalty.benefits.people import known_for
from loyalty.benefits.reasons import kept
from loyalty.benefits.tables import Service, ServiceChange
from loyalty.benefits.waitlist import Id, Passed, Waiting, give_out
from loyalty.clock import day_of
from loyalty.keys import dumps
from loyalty.program.load import Edition, Program
from loyalty.status.words import tier_named

#: The author of what the engine does itself.
ENGINE = "engine"
#: The bars that end the right to a request.
RIGHTS = ("membership_lost", "benefit_lost", "instrument_lost")


class Looked(NamedTuple):
    """What a look at a service did: requests given, requests otherwise changed, and whether it is closed now."""

    given: int
    changed: int
    closed: bool


def edition_for(program: Program, day: date) -> Edition:
    """The edition whose rules hold on a day; before the first, the first."""
    return program.edition_on(day) or program.editions[0]


def clear(session: Session, program: Program, service: Service, now: datetime, fresh: Collection[Id] = ()) -> Looked:
    """Look at a locked service. What is given of the requests `fresh`, made in this very transaction, is given at once."""
    if service.state != "open":
        return Looked(0, 0, service.state == "closed")
    look = _Look(session, program, service, now)
    look.walk()
    return look.write(fresh)


class _Look:
    """One look at one service."""

    def __init__(self, session: Session, program: Program, service: Service, now: datetime) -> None:
        self.session, self.program, self.service, self.now = session, program, service, now
        self.today = day_of(now, program.zone)
        self.classes = classes_of(session, [service.service_id])[service.service_id]
        self.rows = {(row.member_id, row.request_id): row for row in requests_of(session, [service.service_id])}
        edition, on = edition_for(program, self.today), service_day(service)
        self.rules: dict[Id, Asked] = {
            id_: rules_for(program, edition, row.kind, row.edition) for id_, row in self.rows.items()
        }
        self.wishes: dict[Id, Wish] = {id_: wish_of(row) for id_, row in self.rows.items()}
        wanted = [(wish, self.rules[id_], on) for id_, wish in self.wishes.items()]
        self.known = known_for(session, program, wanted, self.today) if wanted else None
        self.days: dict[date, dict[Id, Judged]] = {}
        self.given: dict[Id, datetime] = {}
        self.passed: dict[Id, Passed] = {}

    def judged(self, moment: datetime) -> dict[Id, Judged]:
        """Every open request as it is on the day of an instant."""
        day = day_of(moment, self.program.zone)
        if day not in self.days:
            service, zone = self.service, ZoneInfo(self.service.zone)
            self.days[day] = {
                id_: judge(self.rules[id_], wish, self.known, day, service.starts_at, zone)  # type: ignore[arg-type]
                for id_, wish in self.wishes.items()
            }
        return self.days[day]

    def moments(self) -> list[datetime]:
        """The instants at which units could be given since the last look, and now."""
        due = self.service.look_at
        since = due if due is not None and due <= self.now else self.now
        opened = {one.opens_at for one in self.judged(self.now).values() if one.opens_at is not None}
        between = {moment for moment in opened if since <= moment <= self.now}
        return sorted({*between, since, self.now})

    def walk(self) -> None:
        """Give out units at each of the moments in turn."""
        for moment in self.moments():
            for name, row in self.classes.items():
                if row.taken < row.units or moment == self.now:
                    self.give(name, moment)

    def give(self, name: str, moment: datetime) -> None:
        """Give out the units of one class at an instant, to those whose window was open then."""
        judged, row = self.judged(moment), self.classes[name]
        waiting = [
            Waiting(id_, wish.size, judged[id_].order, judged[id_].bar, self.rules[id_].kind.too_large == "hold")
            for id_, wish in self.wishes.items()
            if wish.to_class == name and id_ not in self.given
            and judged[id_].open_at(moment) and wish.requested_at <= moment
        ]  # fmt: skip
        came = give_out(row.units - row.taken, waiting)
        self.passed.update(came.passed)
        for id_ in came.given:
            self.given[id_] = moment
            row.taken += self.wishes[id_].size

    # --- what each became -------------------------------------------------------------------------------------------

    def write(self, fresh: Collection[Id]) -> Looked:
        changes = Changes(self.session, self.program, ENGINE, self.today, self.now)
        judged = self.judged(self.now)
        for id_, row in self.rows.items():
            self._note(changes, row, judged[id_], fresh)
        changed = changes.write("the request ended")
        self._next(judged)
        self.session.flush()
        return Looked(len(self.given), changed - len(self.given), self.service.state == "closed")

    def _note(self, changes: Changes, row: Row[Any], judged: Judged, fresh: Collection[Id]) -> None:
        id_ = (row.member_id, row.request_id)
        became = self._became(id_, row, judged, fresh)
        ended = became.state not in ("pending", "waitlisted")
        passed = self.passed.get(id_) if became.state == "waitlisted" else None
        values = {
            "opens_at": judged.opens_at if not ended else row.opens_at,
            "decided_at": self.given.get(id_, self.now) if ended else None,
            "passed": passed.reason if passed else "",
            "passed_details": kept(self._figures(id_, judged, passed.left)) if passed else "{}",
        }
        moved = became.state == "pending" and judged.opens_at != row.opens_at
        changes.add(row, became, became.state != row.state or moved, **values)

    def _became(self, id_: Id, row: Row[Any], judged: Judged, fresh: Collection[Id]) -> Became:
        if id_ in self.given:
            at_once = id_ in fresh
            details = {} if at_once else {"queue": self.rules[id_].queue(judged.queue)}
            return Became("confirmed", "given_at_once") if at_once else Became("cleared", "given_from_queue", details)
        if judged.closes_at <= self.now:
            return self._ended(id_, judged)
        if judged.open_at(self.now):
            return Became("waitlisted", "window_open", {"queue": self.rules[id_].queue(judged.queue)})
        return waits(self.program, judged, self.service.zone, row.state == "waitlisted" or row.reason == "window_closed")

    def _ended(self, id_: Id, judged: Judged) -> Became:
        if judged.bar in RIGHTS:
            why = {"reason": judged.bar, "figures": self._figures(id_, judged, 0)}
            return Became("cancelled", "right_ended", {"why": why})
        return Became("not_cleared", "not_given", {"closes_at": local(judged.closes_at, self.service.zone)})

    def _figures(self, id_: Id, judged: Judged, left: int) -> dict[str, Any]:
        wish, asked = self.wishes[id_], self.rules[id_]
        tier = tier_named(self.program, judged.own or judged.tier)
        return {"size": wish.size, "left": left, "why": wish.skipped, "tier": tier, "benefit": asked.benefit}

    def _next(self, judged: dict[Id, Judged]) -> None:
        """Note when the service is to be looked at next; it is closed once it has begun."""
        service = self.service
        service.look_at = None
        if service.starts_at <= self.now:
            close(self.session, service, ENGINE, "it has begun", self.now)
            return
        note_look(service, service.starts_at)
        for id_ in self.rows.keys() - self.given.keys():
            one = judged[id_]
            for moment in (one.opens_at, one.closes_at):
                if moment is not None and moment > self.now:
                    note_look(service, moment)


def waits(program: Program, judged: Judged, zone: str, closed_again: bool) -> Became:
    """A request whose window is not open: from when it may be confirmed, or that nothing opens it."""
    tier = tier_named(program, judged.tier)
    if judged.opens_at is None:
        return Became("pending", "no_window", {"tier": tier})
    reason = "window_closed" if closed_again else "window_not_open"
    return Became("pending", reason, {"opens_at": local(judged.opens_at, zone), "tier": tier})


def close(session: Session, service: Service, author: str, reason: str, now: datetime, **told: Any) -> None:
    """Note that a service is closed."""
    service.state, service.look_at = "closed", None
    log_service(session, service, "closed", {}, author, reason, now, **told)


def log_service(
    session: Session, service: Service, kind: str, details: Any, author: str, reason: str, now: datetime, **told: Any
) -> None:
    """Write one change of a service to its log; `told` are the key and input of one that was sent."""
    session.add(ServiceChange(
        service_id=service.service_id, n=service.changes, kind=kind, details=dumps(details), author=author, reason=reason,
        at=now, **told,
    ))  # fmt: skip
    service.changes += 1
