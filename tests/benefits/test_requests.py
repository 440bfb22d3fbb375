"""Requests on the real database: windows to the second, units given and freed, instruments that come back. Both databases."""

from pathlib import Path

import pytest

from loyalty.benefits.reasons import sentence
from loyalty.errors import Refused
from tests.benefits.cabin import Cabin, Deploy, at, cabin


@pytest.fixture
def here(deploy: Deploy, tmp_path: Path) -> Cabin:
    found = cabin(deploy, tmp_path)
    for number, tier in (("M", None), ("S1", "silver"), ("S2", "silver"), ("G1", "gold"), ("K1", "1k"), ("K2", "1k")):
        found.member(number, tier)
    return found


def test_a61_a_window_of_96_hours_is_open_at_96_00_and_pending_at_96_01(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    early = here.ask("K1", "F", "early", "2026-06-06 17:59")
    assert (early.state, early.reason) == ("pending", "window_not_open")
    opens = "June 6, 2026, 6:00\u202fPM (GMT+00:00)"
    assert sentence(early.reason, early.details) == f"It may be confirmed from {opens}, the time of 1K."
    here.look("2026-06-06 17:59:59")
    assert here.states() == {"early": "pending"}
    due = here.ask("K2", "F", "due", "2026-06-06 18:00")
    assert (due.state, due.reason) == ("waitlisted", "window_open")
    here.look("2026-06-06 18:00")
    assert here.states() == {"early": "waitlisted", "due": "waitlisted"}


@pytest.mark.parametrize(("instrument", "asked", "left", "until"), [
    ("certificate", "2026-06-01 12:00", 1, "2026-06-10"),  # its old end: the day of the flight
    ("voucher", "2026-06-01 12:00", 1, "2026-07-09"),  # thirty days from the day on which it comes back
])  # fmt: skip
def test_a61_what_does_not_clear_comes_back(here: Cabin, instrument: str, asked: str, left: int, until: str) -> None:
    here.give("M", instrument, 1, through="2026-06-10")
    here.flight("F", "2026-06-10 18:00", first=0)
    assert here.ask("M", "F", "a", asked, instrument=instrument, fields={"fare": "W"}).state != "refused"
    assert here.has("M", "2026-06-10") == {}
    here.look("2026-06-10 17:59:59")
    assert here.has("M", "2026-06-10") == {}
    here.look("2026-06-10 18:00")
    assert here.states() == {"a": "not_cleared"}
    assert here.has("M", "2026-06-10") == {instrument: (left, until)}


def test_an_instrument_is_used_when_it_is_given_and_back_when_that_is_cancelled(here: Cabin) -> None:
    here.give("M", "voucher", 3)
    here.give("S1", "certificate", 1)
    here.flight("F", "2026-06-10 18:00", first=3)
    here.ask("M", "F", "m", "2026-06-01 12:00", instrument="voucher")
    assert here.states() == {"m": "confirmed"}
    assert here.has("M", "2026-06-02") == {"voucher": (2, "2026-12-31")}
    # one for each traveller, or one for the request
    here.ask("S1", "F", "s", "2026-06-06 14:00", ["ann"], instrument="certificate", fields={"fare": "W"})
    assert here.states()["s"] == "confirmed" and here.has("S1", "2026-06-07") == {}
    assert here.taken("F") == (3, 3)
    here.act("M", "m", "withdraw", "2026-06-08 12:00")
    assert here.taken("F") == (2, 3) and here.has("M", "2026-06-08") == {"voucher": (3, "2026-12-31")}
    here.ask("M", "F", "again", "2026-06-08 12:01", instrument="voucher")
    assert here.states() == {"m": "cancelled", "s": "confirmed", "again": "confirmed"}


def test_what_is_given_at_once_and_from_the_queue(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=1)
    here.ask("S1", "F", "s1", "2026-06-01 12:00", fields={"fare": "Y"})
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


def test_a_late_look_ends_as_those_in_time(here: Cabin) -> None:
    for key in ("in_time", "late"):
        here.flight(key, "2026-06-10 18:00", first=1)
        here.ask("S1", key, f"silver {key}", "2026-06-01 12:00", fields={"fare": "B"})
        here.ask("G1", key, f"gold {key}", "2026-06-01 12:00", fields={"fare": "W"})
        if key == "in_time":
            here.look("2026-06-08 18:00")
    # the full fare stands first, but its window opened two days after the other had been given the only seat
    here.look("2026-06-11 12:00")
    assert here.states() == {
        "silver in_time": "not_cleared", "gold in_time": "cleared", "silver late": "not_cleared", "gold late": "cleared",
    }  # fmt: skip
    assert here.rows()["gold late"].decided_at == at("2026-06-08 18:00")


def test_a_lower_tier_waits_longer_and_a_higher_one_less(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("S1", "F", "s", "2026-06-01 12:00", fields={"fare": "W"})
    here.ask("G1", "F", "g", "2026-06-01 12:00", ["S2"], fields={"fare": "W"})
    assert {key: row.opens_at for key, row in here.rows().items()} == {"s": at("2026-06-10 00:00"), "g": at("2026-06-08 18:00")}
    here.grant("S1", "1k", "2026-06-05", now=at("2026-06-05 12:00"))
    # a companion's tier counts as well, where the party goes at the highest
    here.grant("S2", "gs", "2026-06-05", now=at("2026-06-05 12:00"))
    assert {key: row.opens_at for key, row in here.rows().items()} == {"s": at("2026-06-06 18:00"), "g": at("2026-06-05 18:00")}
    here.grant("S1", "gs", "2026-06-06", "2026-06-07", now=at("2026-06-06 12:00"))
    assert here.states() == {"s": "waitlisted", "g": "pending"}
    here.settled("S1", at("2026-06-07 02:00"))
    assert (here.rows()["s"].state, here.rows()["s"].reason) == ("waitlisted", "window_open")


def test_a_window_that_closes_again(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    here.grant("M", "1k", "2026-06-01", "2026-06-08", now=at("2026-06-01 12:00"))
    here.ask("M", "F", "m", "2026-06-07 12:00")
    assert here.states() == {"m": "waitlisted"}
    here.settled("M", at("2026-06-08 02:00"))
    row = here.rows()["m"]
    assert (row.state, row.reason, row.opens_at) == ("pending", "no_window", None)
    here.look("2026-06-10 18:00")
    assert (here.rows()["m"].state, here.rows()["m"].reason) == ("cancelled", "right_ended")


def refused(here: Cabin, number: str, key: str, now: str = "2026-06-01 12:00", *party: str, **more: object) -> str:
    answer = here.ask(number, "F", key, now, party, **more)
    assert answer.state == "refused" and sentence(answer.reason, answer.details)
    assert here.states()[key] == "refused"
    return answer.reason


def test_refused_with_the_rule_that_is_broken(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0, comfort=2)
    assert refused(here, "M", "no right") == "no_benefit"
    assert refused(here, "S1", "down", to="comfort", from_class="first") == "class_not_offered"
    assert refused(here, "S1", "when", to="comfort", fields={"fare": "K"}) == "fields_not_allowed"
    assert refused(here, "S1", "early", "2026-03-01 12:00") == "too_early"
    assert refused(here, "S1", "party", "2026-06-01 12:00", "ann", "bob") == "too_many_companions"
    assert refused(here, "S1", "none held", instrument="voucher") == "instrument_not_held"
    assert refused(here, "S1", "unfit", instrument="certificate") == "instrument_not_allowed"
    assert here.ask("S1", "F", "first", "2026-06-01 12:00").state == "pending"
    assert refused(here, "S1", "second") == "asked_already"
    assert here.ask("S1", "F", "other class", "2026-06-01 12:00", to="comfort").state == "pending"
    here.look("2026-06-10 18:00")
    assert refused(here, "S2", "closed", "2026-06-10 18:00") == "service_closed"


def test_what_cannot_be_understood_is_not_recorded(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    for code, more in {
        "unknown_service": {"service": "G"}, "unknown_class": {"to": "business"}, "bad_field": {"fields": {"fare": "Q"}},
        "unknown_field": {"fields": {"seat": "1A"}}, "unknown_member": {"companions": ["N9"]},
        "unknown_request_kind": {"kind": "table"},
    }.items():  # fmt: skip
        with pytest.raises(Refused) as refusal:
            here.ask("S1", **{"service": "F", "key": "k", "now": "2026-06-01 12:00", **more})  # type: ignore[arg-type]
        assert refusal.value.code == code
    assert here.states() == {}


def test_a_key_counts_once(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=1)
    here.give("M", "voucher", 2)
    first = here.ask("M", "F", "k", "2026-06-01 12:00", instrument="voucher")
    again = here.ask("M", "F", "k", "2026-06-09 12:00", instrument="voucher")
    assert (first.repeated, again.repeated, again.state) == (False, True, "confirmed")
    assert here.has("M", "2026-06-09") == {"voucher": (1, "2026-12-31")}
    with pytest.raises(Refused) as refusal:
        here.ask("M", "F", "k", "2026-06-09 12:00")
    assert refusal.value.code == "key_reused"


def test_dl_companion_goes_at_the_lower_tier_both_or_none(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path, party="lowest")
    here.member("D", "1k")
    here.member("S", "silver")
    here.member("G", "gold")
    here.flight("F", "2026-06-10 18:00", first=1)
    here.ask("D", "F", "two", "2026-06-01 12:00", ["S"])
    here.ask("G", "F", "one", "2026-06-01 12:00")
    assert here.rows()["two"].opens_at == at("2026-06-10 00:00")
    here.change("F", "2026-06-01 13:00", units={"first": 0})
    here.look("2026-06-10 00:00")
    here.change("F", "2026-06-10 01:00", "c2", units={"first": 1})
    assert here.states() == {"two": "waitlisted", "one": "cleared"}
    here.change("F", "2026-06-10 02:00", "c3", units={"first": 2})
    assert here.rows()["two"].passed == "too_few_units"
    here.change("F", "2026-06-10 03:00", "c4", units={"first": 3})
    assert here.states() == {"two": "cleared", "one": "cleared"}


@pytest.mark.parametrize(("large", "single"), [("skip", "cleared"), ("hold", "waitlisted")])
def test_a_party_that_is_too_large(deploy: Deploy, tmp_path: Path, large: str, single: str) -> None:
    here = cabin(deploy, tmp_path, large=large)
    here.member("K", "1k")
    here.member("G", "gold")
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("K", "F", "two", "2026-06-09 12:00", ["ann"])
    here.ask("G", "F", "one", "2026-06-09 12:00")
    here.change("F", "2026-06-09 13:00", units={"first": 1})
    assert here.states() == {"two": "waitlisted", "one": single}
    row = here.rows()["two"]
    assert sentence(row.passed, row.passed_details) == "2 units are needed, 1 are left."


def test_dl_window_depends_on_the_class_wanted(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0, comfort=0)
    here.ask("G1", "F", "first", "2026-06-01 12:00")
    here.ask("G1", "F", "comfort", "2026-06-01 12:00", to="comfort")
    here.ask("K1", "F", "any time", "2026-06-01 12:00", to="comfort")
    opens = {key: row.opens_at for key, row in here.rows().items()}
    assert opens == {
        "first": at("2026-06-08 18:00"), "comfort": at("2026-06-07 18:00"), "any time": at("2026-06-01 12:00"),
    }  # fmt: skip


def test_skipped_by_staff_until_they_say_otherwise(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("K1", "F", "k", "2026-06-09 12:00")
    here.ask("G1", "F", "g", "2026-06-09 12:00")
    assert here.act("K1", "k", "skip", "2026-06-09 13:00", "no passport")
    assert not here.act("K1", "k", "skip", "2026-06-09 13:01", "no passport")
    here.change("F", "2026-06-09 14:00", units={"first": 1})
    row = here.rows()["k"]
    assert here.states() == {"k": "waitlisted", "g": "cleared"}
    assert sentence(row.passed, row.passed_details) == "Passed over by staff: no passport."
    here.act("K1", "k", "unskip", "2026-06-09 15:00", "found")
    with pytest.raises(Refused):
        here.act("K1", "k", "give_back", "2026-06-09 15:30")
    here.act("G1", "g", "give_back", "2026-06-09 16:00", "weight")
    assert here.states() == {"k": "cleared", "g": "cancelled"}


# --- services ---------------------------------------------------------------------------------------------------


def test_a_moved_service_keeps_the_time_of_requests_and_counts_windows_anew(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=1)
    here.ask("K1", "F", "k", "2026-06-09 12:00")
    here.ask("K2", "F", "k2", "2026-06-09 12:00")
    here.ask("G1", "F", "g", "2026-06-09 12:00")
    assert here.states() == {"k": "confirmed", "k2": "waitlisted", "g": "waitlisted"}
    assert here.change("F", "2026-06-09 13:00", starts="2026-06-13 18:00")
    assert not here.change("F", "2026-06-09 13:00", starts="2026-06-13 18:00")
    assert here.states() == {"k": "confirmed", "k2": "pending", "g": "pending"}
    assert here.rows()["g"].requested_at == at("2026-06-09 12:00")
    here.look("2026-06-09 18:00")
    assert here.states() == {"k": "confirmed", "k2": "waitlisted", "g": "pending"}


def test_a_replaced_service_hands_over_its_queue_and_gives_anew(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=2)
    here.flight("N", "2026-06-10 20:00", first=1)
    here.give("M", "voucher", 1)
    here.ask("M", "F", "m", "2026-06-01 12:00", instrument="voucher")
    here.ask("K1", "F", "k", "2026-06-09 12:00")
    here.ask("G1", "F", "g", "2026-06-09 12:00")
    assert here.states() == {"m": "confirmed", "k": "confirmed", "g": "waitlisted"}
    here.change("F", "2026-06-09 13:00", replaced_by="N")
    assert here.states() == {"m": "waitlisted", "k": "cleared", "g": "waitlisted"}
    assert here.taken("F")[0] == 0 and here.taken("N") == (1, 1)
    assert here.service("F").state == "cancelled"
    assert here.has("M", "2026-06-09") == {}
    here.look("2026-06-10 20:00")
    assert here.has("M", "2026-06-10") == {"voucher": (1, "2026-12-31")}


def test_a_cancelled_service_ends_everything(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=1)
    here.give("M", "voucher", 1)
    here.ask("M", "F", "m", "2026-06-01 12:00", instrument="voucher")
    here.ask("G1", "F", "g", "2026-06-09 12:00")
    here.change("F", "2026-06-09 13:00", cancelled=True)
    assert {row.state: row.reason for row in here.rows().values()} == {"cancelled": "service_cancelled"}
    assert here.has("M", "2026-06-09") == {"voucher": (1, "2026-12-31")}
    assert refused(here, "G1", "late", "2026-06-09 14:00") == "service_cancelled"
    with pytest.raises(Refused) as refusal:
        here.change("F", "2026-06-09 15:00", "more", units={"first": 2})
    assert refusal.value.code == "service_ended"


def test_units_are_never_fewer_than_those_given(here: Cabin) -> None:
    here.flight("F", "2026-06-10 18:00", first=2)
    here.ask("K1", "F", "k", "2026-06-09 12:00", ["ann"])
    for units, code in ((1, "units_taken"), (-1, "bad_units"), ("many", "bad_units")):
        with pytest.raises(Refused) as refusal:
            here.change("F", "2026-06-09 13:00", units={"first": units})
        assert refusal.value.code == code
    assert here.taken("F") == (2, 2)
    with pytest.raises(Refused) as refusal:
        here.change("F", "2026-06-09 13:00", units={"business": 1})
    assert refusal.value.code == "unknown_class"


def test_requests_close_before_the_service(deploy: Deploy, tmp_path: Path) -> None:
    here = cabin(deploy, tmp_path, closes="2h")
    here.member("K", "1k")
    here.member("G", "gold")
    here.flight("F", "2026-06-10 18:00", first=0)
    here.ask("K", "F", "k", "2026-06-10 15:59:59")
    here.look("2026-06-10 15:59:59")
    assert here.states() == {"k": "waitlisted"}
    here.look("2026-06-10 16:00")
    assert here.states() == {"k": "not_cleared"} and here.service("F").state == "open"
    assert refused(here, "G", "late", "2026-06-10 16:00") == "too_late"
    here.look("2026-06-10 18:00")
    assert here.service("F").state == "closed"
