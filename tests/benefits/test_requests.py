"""Requests on the real database: windows to the second, one unit for one, instruments that come back. Both databases."""

from pathlib import Path

import pytest

from loyalty.errors import Refused
from tests.benefits.cabin import Deploy, cabin


def test_a61_a_window_of_96_hours_is_open_at_96_00_and_pending_at_96_01(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    here.member("K1", "1k")
    here.member("K2", "1k")
    here.flight("F", "2026-06-10 18:00", first=0)
    early = here.ask("K1", "F", "early", "2026-06-06 17:59")
    assert (early.state, early.reason) == ("pending", "window_not_open")
    here.look("2026-06-06 17:59:59")
    assert here.states() == {"early": "pending"}
    due = here.ask("K2", "F", "due", "2026-06-06 18:00")
    assert (due.state, due.reason) == ("waitlisted", "window_open")
    here.look("2026-06-06 18:00")
    assert here.states() == {"early": "waitlisted", "due": "waitlisted"}


def test_what_is_given_at_once_and_from_the_queue(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path)
    here.members(["S1", "S2"], "silver")
    here.members(["G1"], "gold")
    here.flight("F", "2026-06-10 18:00", first=1)
    assert here.ask("S1", "F", "s1", "2026-06-01 12:00", fields={"fare": "Y"}).state == "waitlisted"
    assert here.states() == {"s1": "confirmed"}
    assert here.taken("F") == (1, 1)
    here.ask("S2", "F", "s2", "2026-06-02 12:00", fields={"fare": "M"})
    here.ask("G1", "F", "g1", "2026-06-02 12:00", fields={"fare": "M"})
    here.act("S1", "s1", "withdraw", "2026-06-03 12:00")
    assert here.states() == {"s1": "cancelled", "s2": "pending", "g1": "pending"}
    here.look("2026-06-08 18:00")
    assert here.states() == {"s1": "cancelled", "s2": "pending", "g1": "cleared"}
    here.look("2026-06-10 18:00")
    assert here.states() == {"s1": "cancelled", "s2": "not_cleared", "g1": "cleared"}
    assert here.service("F").state == "closed"
    with pytest.raises(Refused):
        here.act("S2", "s2", "withdraw", "2026-06-11 12:00")
