"""The requests clearing rate: what was decided in a stretch, what part was given, by kind and tier, and half the waits."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from loyalty.insight.rates import Decided, decided, median_waits
from loyalty.jobs.deployment import Deployment
from tests.benefits.cabin import Cabin, at, cabin

HOUR = timedelta(hours=1)


@pytest.fixture
def here(deploy: Callable[..., Deployment], tmp_path: Path) -> Cabin:
    return cabin(deploy, tmp_path)


def found(here: Cabin, since: str, until: str) -> dict[tuple[str, str], tuple[int, int]]:
    with here.store.reading() as session:
        return {pair: (one.decided, one.given) for pair, one in decided(session, at(since), at(until)).items()}


def waits(here: Cabin, by: str, since: str = "2026-06-01 00:00", until: str = "2026-07-01 00:00") -> dict[str, timedelta]:
    with here.store.reading() as session:
        return median_waits(session, at(since), at(until), by)  # type: ignore[arg-type]


def test_what_was_decided_and_given_by_kind_and_tier_and_the_median_wait(here: Cabin) -> None:
    here.members(["G1", "G2", "G3"], "gold")
    here.members(["P1", "P2"], "platinum")
    here.member("M")
    here.flight("F", "2026-06-10 18:00", first=0)
    for n, number in enumerate(("G1", "G2", "G3", "P1", "P2")):  # asked one hour after the other
        here.ask(number, "F", f"r{number}", f"2026-06-09 {n:02}:00")
    here.ask("M", "F", "rM", "2026-06-09 08:00")  # refused: was never to be given
    assert found(here, "2026-06-01 00:00", "2026-07-01 00:00") == {} and waits(here, "all") == {}
    here.change("F", "2026-06-09 10:00", "c1", units={"first": 2})  # both of platinum: 7 and 6 hours
    here.change("F", "2026-06-09 12:00", "c2", units={"first": 3})  # one of gold: 12 hours
    here.act("G2", "rG2", "cancel", "2026-06-09 13:00")  # not decided on
    here.look("2026-06-10 18:00")  # the third of gold is left
    june = ("2026-06-01 00:00", "2026-07-01 00:00")
    assert found(here, *june) == {("upgrade", "platinum"): (2, 2), ("upgrade", "gold"): (2, 1)}
    assert waits(here, "all") == {"": 7 * HOUR} and waits(here, "kind") == {"upgrade": 7 * HOUR}
    assert waits(here, "tier") == {"platinum": 6.5 * HOUR, "gold": 12 * HOUR}
    # the stretch has its first moment and not its last
    assert found(here, "2026-06-09 10:00", "2026-06-09 12:00") == {("upgrade", "platinum"): (2, 2)}
    assert found(here, "2026-06-09 12:00", "2026-06-10 18:00") == {("upgrade", "gold"): (1, 1)}
    assert waits(here, "all", "2026-06-09 12:00") == {"": 12 * HOUR}


def test_the_last_decision_on_a_request_counts(here: Cabin) -> None:
    here.member("G", "gold")
    here.flight("A", "2026-06-10 18:00", first=1)
    here.flight("B", "2026-06-10 19:00", first=0)
    here.ask("G", "A", "r", "2026-06-09 12:00")
    assert here.states() == {"r": "confirmed"}
    here.change("A", "2026-06-09 13:00", replaced_by="B")
    assert found(here, "2026-06-01 00:00", "2026-07-01 00:00") == {("upgrade", "gold"): (1, 1)}
    here.look("2026-06-10 19:00")
    assert found(here, "2026-06-01 00:00", "2026-07-01 00:00") == {("upgrade", "gold"): (1, 0)}
    assert waits(here, "tier") == {} and Decided(1, 0).given == 0


def test_what_is_taken_back_was_given(here: Cabin) -> None:
    here.member("G", "gold")
    here.flight("A", "2026-06-10 18:00", first=1)
    here.ask("G", "A", "r", "2026-06-09 12:00")
    here.act("G", "r", "give_back", "2026-06-09 14:00")
    assert here.states() == {"r": "cancelled"}
    assert found(here, "2026-06-01 00:00", "2026-07-01 00:00") == {("upgrade", "gold"): (1, 1)}
    assert waits(here, "all") == {"": timedelta(0)}
