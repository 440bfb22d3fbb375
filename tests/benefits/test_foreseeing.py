"""What is told without asking: windows, and the place in the queue by keys. That a request becomes what was foreseen is held by
every request that the tests of requests make (`cabin.asked`). Both databases."""

from pathlib import Path

import pytest

from loyalty.benefits.foreseeing import Way, Window, windows_for
from loyalty.benefits.places import before_told, place_of
from loyalty.benefits.queues import queues_told
from loyalty.status.queries import account_read
from tests.benefits.cabin import Cabin, Deploy, at, cabin


@pytest.fixture
def here(deploy: Deploy, tmp_path: Path) -> Cabin:
    found = cabin(deploy, tmp_path)
    for number, tier in (("M", None), ("S1", "silver"), ("S2", "silver"), ("G1", "gold"), ("G2", "gold"), ("K1", "1k")):
        found.member(number, tier)
    return found


def windows(here: Cabin, number: str, key: str, now: str) -> dict[Way, Window]:
    with here.store.reading() as session:
        account = account_read(session, number)
        assert account is not None
        service = here.service(key)
        told = windows_for(session, here.program, account, [service], at(now))[service.service_id]
    return {one.way: one for one in told}


def test_a_window_is_told_to_the_second_and_with_the_companions(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0, comfort=0)
    first, comfort = Way("upgrade", "economy", "first"), Way("upgrade", "economy", "comfort")
    before, then = windows(here, "G1", "F", "2026-06-08 17:59:59"), windows(here, "G1", "F", "2026-06-08 18:00")
    assert (before[first].state, before[first].opens_at, before[first].companions) == ("later", at("2026-06-08 18:00"), 1)
    assert then[first].state == "open" and then[first].closes_at == at("2026-06-10 18:00")
    assert before[comfort].state == "open" and list(before) == [comfort, first, Way("upgrade", "comfort", "first")]
    assert windows(here, "M", "F", "2026-06-09 12:00")[first].state == "no_right"
    early = windows(here, "K1", "F", "2026-03-11 23:59")[first]
    assert (early.state, early.opens_at) == ("early", at("2026-03-12 00:00"))
    assert windows(here, "K1", "F", "2026-06-10 18:00")[first].state == "over"


def test_a_class_without_units_told_cannot_be_asked_for(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=3)
    assert {way.to_class for way in windows(here, "G1", "F", "2026-06-09 12:00")} == {"first"}


def test_the_place_tells_what_sets_others_apart_and_never_who_they_are(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("K1", "F", "tier", "2026-06-10 10:00", fields={"fare": "W"})
    here.ask("G1", "F", "queue", "2026-06-10 10:01", fields={"fare": "B"})
    here.ask("S1", "F", "earlier", "2026-06-10 10:02", fields={"fare": "W"})
    here.ask("G2", "F", "tier too", "2026-06-10 10:03", fields={"fare": "W"})
    here.ask("S2", "F", "mine", "2026-06-10 10:04", fields={"fare": "W"})
    with here.store.reading() as session:
        row, service = here.rows()["mine"], here.service("F")
        place = place_of(session, here.program, service, row, at("2026-06-10 11:00"))
        queue = [one["key"] for one in queues_told(session, here.program, service, at("2026-06-10 11:00"))["first"]]
        assert place_of(session, here.program, service, row, at("2026-06-09 23:59")) is None
    assert place is not None and place.queue.id == "others"
    assert queue.index("mine") == place.total == 4
    told = [before_told(by, count, by.queue.id if by.queue else "") for by, count in place.before]
    assert told == ["1 in a queue that goes first: full_fare", "2 of a higher tier", "1 asked earlier"]


def test_who_is_skipped_stands_before_nobody(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("K1", "F", "skipped", "2026-06-10 10:00")
    here.ask("S2", "F", "mine", "2026-06-10 10:04")
    here.act("K1", "skipped", "skip", "2026-06-10 10:05")
    with here.store.reading() as session:
        place = place_of(session, here.program, here.service("F"), here.rows()["mine"], at("2026-06-10 11:00"))
    assert place is not None and place.total == 0
