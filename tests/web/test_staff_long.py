"""A member with a long history is told from a waypoint: the same figures, for the work of what came later. Both databases."""

import pickle
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from loyalty.i18n import translated
from loyalty.jobs.recalculate import verify
from loyalty.settle import settle
from loyalty.status import waypoints
from loyalty.status.queries import account_read, lock_numbers
from loyalty.status.tables import StatusFact, Waypoint
from loyalty.web.portal.standing import Whole, whole_of
from tests.web.console import Console
from tests.web.given import tier
from tests.web.records import book, fly, undo
from tests.web.test_frame import Deploy

LONG, STRETCH = 60, 40


@pytest.fixture
def console(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Console:
    monkeypatch.setattr(waypoints, "LONG", LONG)
    monkeypatch.setattr(waypoints, "STRETCH", STRETCH)
    console = Console(deploy())
    console.enrol("M", name="Ada")
    return console


def whole(console: Console, days: int = 0) -> tuple[Whole, int, bool]:
    """The member told, how many entries were read for it, and whether from a waypoint."""
    program, day = console.deployment.program, console.now.date() + timedelta(days=days)
    with console.deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        read = waypoints.read(session, program, account, day)
        told = whole_of(session, program, account, day, translated("en"))
    return told, len(read.history.entries), read.start is not None


def same(console: Console, from_waypoint: bool = True) -> int:
    """Told from the waypoint as it is told from everything; how many entries were read."""
    told, entries, used = whole(console)
    assert used == from_waypoint
    with console.deployment.store.transaction() as session:
        kept = [dict(row._mapping) for row in session.execute(select(Waypoint.__table__))]
        session.execute(delete(Waypoint))
    assert whole(console)[0] == told
    with console.deployment.store.transaction() as session:
        for row in kept:
            session.execute(Waypoint.__table__.insert().values(**row))  # type: ignore[attr-defined]
    return entries


def kept(console: Console) -> Any:
    with console.deployment.store.reading() as session:
        return session.scalars(select(Waypoint)).one_or_none()


def settled(console: Console) -> None:
    with console.deployment.store.transaction() as session:
        settle(session, console.deployment.program, list(lock_numbers(session, ["M"]).values()), console.now)


def test_a_short_history_has_none_and_a_long_one_is_read_from_its_waypoint_on(console: Console) -> None:
    fly(console, "M", 10, "2025-12-31")
    assert kept(console) is None and same(console, from_waypoint=False) > 0
    fly(console, "M", 300, "2026-05-20")
    assert str(kept(console).through) == "2026-06-14" and same(console) == 0
    console.later(days=1)
    fly(console, "M", 3, "2026-06-16")
    few = same(console)
    assert 0 < few <= 3 * len(console.deployment.program.editions[-1].units.units)
    assert verify(console.deployment, lambda _done, _all: None).differences == []


def test_it_is_made_anew_when_much_has_come_since_and_not_before(console: Console) -> None:
    fly(console, "M", 300, "2026-05-20")
    first = kept(console)
    console.later(days=5)
    fly(console, "M", 2, "2026-06-17")
    assert kept(console).through == first.through
    console.later(days=40)
    fly(console, "M", 30, "2026-07-25")
    assert kept(console).through > first.through and same(console) <= STRETCH * 4


def test_what_becomes_known_of_the_past_is_not_missed(console: Console) -> None:
    """Entries posted for before its day, a flight taken back, a tier given, an amount booked: the figures are those of all."""
    fly(console, "M", 300, "2026-05-20")
    told = whole(console)[0]
    fly(console, "M", 4, "2025-01-04")  # history loaded afterwards, known on days long ago
    assert whole(console)[0] != told and same(console) == 0  # settled, and another waypoint made
    with console.deployment.store.transaction() as session:
        session.execute(update(Waypoint).values(entries=Waypoint.entries - 1))
    assert same(console, from_waypoint=False) > 300
    settled(console)
    console.later(days=1)
    undo(console, "M", "2026-05-20", "refund")
    book(console, "M", "500", "2026-06-16", "goodwill")
    tier(console, "M", "summit", console.now.date())
    told, _entries, used = whole(console)
    assert used and told.status["standing"]["tier"] == "summit"
    same(console)
    # a fact of before its day is another thing that it was not made from
    with console.deployment.store.transaction() as session:
        session.execute(update(StatusFact).values(posted_on=told.account.enrolled_on))
    same(console, from_waypoint=False)


def test_it_does_not_outlive_the_rules_nor_the_code(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    fly(console, "M", 300, "2026-05-20")
    monkeypatch.setattr(waypoints, "_code", lambda: "another")
    same(console, from_waypoint=False)
    settled(console)
    assert same(console) == 0


def test_a_waypoint_that_leads_elsewhere_is_found(console: Console) -> None:
    fly(console, "M", 300, "2026-05-20")
    console.enrol("N", name="Ben")
    with console.deployment.store.transaction() as session:
        row = session.scalars(select(Waypoint)).one()
        program = console.deployment.program
        account = account_read(session, "N")
        assert account is not None
        short = waypoints.read(session, program, account, console.now.date()).history
        row.walk = waypoints.packed(waypoints.rules_of(program), short)
        row.sums = '{"miles": 1}'
    found = verify(console.deployment, lambda _done, _all: None).differences
    assert len(found) == 2 and "leads to another timeline" in found[0][1] and "other sums" in found[1][1]


def test_nothing_but_a_fold_is_read_from_its_bytes(console: Console) -> None:
    with pytest.raises(pickle.UnpicklingError, match="no part of a fold"):
        waypoints.unpacked(waypoints.rules_of(console.deployment.program), pickle.dumps(print), None)  # type: ignore[arg-type]


def test_the_screen_of_a_long_history_is_as_many_statements_as_that_of_a_short_one(console: Console) -> None:
    console.enrol("N", name="Ben")
    fly(console, "M", 300, "2026-05-20")
    client, counts = console.staff("supervisor"), []
    for number in ("N", "M"):
        client.get(f"/staff/members/{number}")
        console.app.extensions["loyalty"].kept.found.clear()
        with console.heard() as heard:
            assert client.get(f"/staff/members/{number}").status_code == 200
        counts.append(len(heard))
    assert counts[0] == counts[1], counts
