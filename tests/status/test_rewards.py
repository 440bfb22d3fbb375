"""What a ladder gives beside tiers, on both databases: booked once, taken back, given again, early, late or all at once."""

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, event, update

from loyalty.earning.operations import reverse
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.queries import faults
from loyalty.ledger.tables import Entry
from loyalty.members.operations import leave
from loyalty.settle import settle, settle_for
from loyalty.status.operations import mark_due
from loyalty.status.queries import account_read, lock_stretch
from loyalty.status.tables import Standing, StatusAward
from loyalty.status.verify import differences
from tests.conftest import day
from tests.jobs import orbit
from tests.status import given
from tests.status.given import awards, balance, chosen, flown, milestones, night, verified, voided

Deploy = Callable[..., Deployment]


# --- once -------------------------------------------------------------------------------------------------------


def test_an_award_is_booked_once_however_often_it_is_settled(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.STEPS))
    flown(deployment, "a", "2026-02-01", 120)
    flown(deployment, "a", "2026-02-01", 120)
    before = given.all_of(deployment)
    for on in ("2026-02-01", "2026-02-02", "2026-02-03"):
        night(deployment, on)
        night(deployment, on, everyone=True)
    assert given.all_of(deployment) == before
    assert [(row.times, row.gifts) for row in awards(deployment)] == [
        (n, [{"unit": "stars", "amount": 50, "on": "2026-02-01"}]) for n in (1, 2)
    ]
    assert balance(deployment) == {"km": 120, "stars": 1800 + 2 * 50}
    assert verified(deployment) == []


def test_a_gift_that_feeds_the_counter_meets_the_next_milestone_and_the_tier_at_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.BOOST, given.STEPS))
    flown(deployment, "a", "2026-02-01", 92)
    assert [(row.name, row.times) for row in awards(deployment)] == [("boost", 1), ("steps", 1), ("steps", 2)]
    assert given.tier(deployment) == "low"
    assert given.logged(deployment) == [("joined", None, "ground", "2026-01-01"), ("raised", "ground", "low", "2026-02-01")]
    assert verified(deployment) == []


@pytest.mark.parametrize("seed", range(8))
def test_on_each_day_or_late_and_all_at_once_comes_to_the_same(deploy: Deploy, tmp_path: Path, seed: int) -> None:
    """Two years of trips and voids: M's settled on each day, L's after more than a window."""
    deployment = given.deployed(deploy, tmp_path, given.ALL)
    orbit.enrolled(deployment, ["L"])
    chance, last, keys = random.Random(seed), date(2028, 3, 1), []
    on = date(2026, 1, 1)
    while (on := on + timedelta(days=chance.randrange(1, 60))) < last:
        _nights(deployment, on - timedelta(days=1))
        void = keys.pop(chance.randrange(len(keys))) if keys and chance.random() < 0.3 else None
        km = chance.randrange(10, 220)
        for number in "ML":
            if void is not None:
                voided(deployment, void, str(on), number == "M", number)
            else:
                flown(deployment, str(on), str(on), km, number == "M", number)
        keys += [] if void else [str(on)]
    _nights(deployment, last)
    night(deployment, str(last), everyone=True)
    assert verified(deployment) == []
    one, other = given.all_of(deployment), given.all_of(deployment, 2)
    assert one["awards"]
    assert one == other


def _nights(deployment: Deployment, last: date) -> None:
    """Every night on which something is due of M."""
    while (due := given.standing(deployment).review_on) is not None and due <= last:
        night(deployment, str(due), number="M")


# --- taken back -------------------------------------------------------------------------------------------------


def test_a_reversal_takes_back_by_new_entries_and_what_is_won_again_is_given_again(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.STEPS))
    flown(deployment, "a", "2026-02-01", 60)
    voided(deployment, "a", "2026-03-01")
    assert awards(deployment) == []
    (row,) = awards(deployment, standing=False)
    assert (row.awarded_on, row.withdrawn_on) == (day("2026-02-01"), day("2026-03-01"))
    assert balance(deployment) == {}
    flown(deployment, "b", "2026-04-01", 60)
    assert [row.awarded_on for row in awards(deployment)] == [day("2026-04-01")]
    assert balance(deployment) == {"km": 60, "stars": 900 + 50}
    with deployment.store.reading() as session:
        assert orbit.count(session, Entry, Entry.kind == "milestone") == 2
        assert faults(session, 1, 10) == []
    assert verified(deployment) == []


@pytest.mark.parametrize("more", [given.STEPS, given.BOOST, given.KEPT])
def test_taken_back_and_won_again_within_a_day_it_stands_once(deploy: Deploy, tmp_path: Path, more: str) -> None:
    """The day counts together, whatever was settled in between: on the day of the award, and on a later one."""
    deployment = given.deployed(deploy, tmp_path, milestones(more))
    flown(deployment, "0", "2026-02-01", 95)
    wanted = [row.identity for row in awards(deployment)]
    won = balance(deployment)
    for n, on in enumerate(["2026-02-01", "2026-02-01", "2026-02-05", "2026-02-05"]):
        voided(deployment, str(n), on)
        assert verified(deployment) == []
        flown(deployment, str(n + 1), on, 95)
        assert [row.identity for row in awards(deployment)] == wanted
        assert balance(deployment) == won
        assert verified(deployment) == []
    night(deployment, "2026-02-06", everyone=True)
    assert [row.identity for row in awards(deployment)] == wanted


def test_a34_keep_leaves_what_was_granted_and_gives_it_no_second_time(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.KEPT, given.STEPS))
    flown(deployment, "0", "2026-02-01", 60)
    for n in range(10):
        voided(deployment, str(n), f"2026-03-{2 * n + 1:02}")
        assert [row.name for row in awards(deployment)] == ["badge"]
        flown(deployment, str(n + 1), f"2026-03-{2 * n + 2:02}", 60)
        assert sorted(row.name for row in awards(deployment)) == ["badge", "steps"]
    assert balance(deployment) == {"km": 60, "stars": 900 + 10 + 50}
    assert verified(deployment) == []


STRICT, LENIENT = orbit.LADDER, orbit.LADDER + "reversal: keep_until_end\n"


@pytest.mark.parametrize(("ladder", "tier"), [(STRICT, "ground"), (LENIENT, "low")])
def test_a34_a_void_reviews_tier_and_milestone_each_by_its_policy(
    deploy: Deploy, tmp_path: Path, ladder: str, tier: str
) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.STEPS, given.KEPT), ladder)
    flown(deployment, "e", "2026-02-01", 120)
    assert (given.tier(deployment), len(awards(deployment))) == ("low", 3)
    voided(deployment, "e", "2026-03-01")
    assert given.tier(deployment) == tier
    assert [row.name for row in awards(deployment)] == ["badge"]
    gone = [(row.name, row.times, row.withdrawn_on) for row in awards(deployment, standing=False) if row.withdrawn_on]
    assert gone == [("steps", 1, day("2026-03-01")), ("steps", 2, day("2026-03-01"))]
    lowered = [("lowered", "low", "ground", "2026-03-01")] if tier == "ground" else []
    assert given.logged(deployment)[2:] == lowered
    assert verified(deployment) == []


@pytest.mark.parametrize("days", [0, 1])
def test_a33_buying_and_refunding_ten_times_leaves_all_as_it_was(deploy: Deploy, tmp_path: Path, days: int) -> None:
    deployment = given.deployed(deploy, tmp_path, f"{given.DEPOSITS}{milestones(given.STEPS, given.BOOST, given.CHOICE)}")
    flown(deployment, "before", "2026-02-01", 40)
    on = date(2026, 3, 1)
    before = (balance(deployment), [row.identity for row in awards(deployment)], given.tier(deployment))
    for n in range(10):
        flown(deployment, f"k{n}", str(on), 320)
        assert given.tier(deployment) == "high"
        on += timedelta(days=days)
        voided(deployment, f"k{n}", str(on))
        on += timedelta(days=days)
    assert (balance(deployment), [row.identity for row in awards(deployment)], given.tier(deployment)) == before
    assert verified(deployment) == []


def test_after_membership_nothing_is_given_and_nothing_falls_due(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, given.ALL)
    flown(deployment, "a", "2026-12-01", 320)
    flown(deployment, "b", "2026-12-05", 70)
    assert max(row.times for row in awards(deployment, "steps")) == 8
    with deployment.store.transaction() as session:
        leave(session, "M", day("2026-12-03"))
        settle(session, deployment.program, [orbit.locked(session, "M")], orbit.noon("2026-12-10"))
    assert max(row.times for row in awards(deployment, "steps")) == 6
    assert all(row.settled for row in awards(deployment))
    assert given.standing(deployment).review_on is None
    for on in ("2027-01-01", "2027-02-01"):
        night(deployment, on, everyone=True)
    assert awards(deployment, "welcome") == []
    with pytest.raises(Refused, match="no open choice"):
        chosen(deployment, "lounge", "2026-12-10")
    assert verified(deployment) == []


# --- deposits ---------------------------------------------------------------------------------------------------


def test_a_deposit_is_booked_once_a_window_by_the_tier_that_opened_its_first_day(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, given.DEPOSITS)
    flown(deployment, "a", "2026-06-01", 150)
    assert given.standing(deployment).review_on == day("2027-01-01")
    night(deployment, "2027-01-01")
    # reached on the day itself: the window has opened with the lower tier
    flown(deployment, "b", "2027-01-01", 400)
    night(deployment, "2027-01-02", everyone=True)
    assert [(row.name, row.gifts) for row in awards(deployment)] == [
        ("welcome", [{"unit": "stars", "amount": 100, "on": "2027-01-01"}])
    ]
    assert given.standing(deployment).review_on == day("2028-01-01")
    night(deployment, "2028-01-01")
    assert [(row.name, row.gifts[0]["amount"]) for row in awards(deployment)][1:] == [("welcome", 500), ("start", 40)]
    assert verified(deployment) == []


@pytest.mark.parametrize("night_on", ["2027-01-01", "2027-01-09", "2027-12-31"])
def test_a_late_deposit_is_that_of_its_day(deploy: Deploy, tmp_path: Path, night_on: str) -> None:
    """Low through 2027-01-31 only: a run on the 9th, or at the end of the year, still books that of January 1."""
    deployment = given.deployed(deploy, tmp_path, given.DEPOSITS, orbit.LADDER.replace("years_after: 2", "years_after: 1"))
    flown(deployment, "a", "2026-06-01", 150)
    night(deployment, night_on)
    (row,) = awards(deployment)
    assert (row.awarded_on, row.gifts[0]["amount"]) == (day("2027-01-01"), 100)
    assert verified(deployment) == []


def test_a_window_that_no_run_saw_gets_its_deposit(deploy: Deploy, tmp_path: Path) -> None:
    """Low through 2028-01-31: the run of 2029 is two windows late, and nothing opened the third."""
    deployment = given.deployed(deploy, tmp_path, given.DEPOSITS)
    flown(deployment, "a", "2026-06-01", 150)
    night(deployment, "2029-03-01")
    assert [(row.awarded_on, row.gifts[0]["amount"]) for row in awards(deployment)] == [
        (day("2027-01-01"), 100),
        (day("2028-01-01"), 100),
    ]
    assert verified(deployment) == []


def test_a_tier_given_on_the_first_day_after_the_run_moves_the_deposit(deploy: Deploy, tmp_path: Path) -> None:
    """A grant of the day belongs to its opening: an early run comes to the same as a late one."""
    deployment = given.deployed(deploy, tmp_path, given.DEPOSITS)
    flown(deployment, "a", "2026-06-01", 150)
    night(deployment, "2027-01-01")
    given.granted(deployment, "high", "2027-01-01")
    assert sorted((row.name, row.gifts[0]["amount"]) for row in awards(deployment)) == [("start", 40), ("welcome", 500)]
    assert balance(deployment) == {"km": 190, "stars": 2250 + 500}
    night(deployment, "2027-01-05", everyone=True)
    assert verified(deployment) == []


# --- choices ----------------------------------------------------------------------------------------------------


def test_a_choice_not_made_falls_to_its_default_after_the_deadline(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.CHOICE))
    flown(deployment, "a", "2026-06-01", 200)
    assert chosen(deployment, "lounge", "2026-07-01")
    (row,) = awards(deployment)
    assert row.gifts == [{"instrument": "lounge", "amount": 2, "through": "2026-12-31", "on": "2026-07-01"}]
    assert given.standing(deployment).review_on == day("2027-02-01")
    night(deployment, "2027-01-31")
    assert not awards(deployment)[0].settled
    night(deployment, "2027-02-20")
    (row,) = awards(deployment)
    assert (row.settled, [one["option"] for one in row.chosen]) == (True, ["lounge", "stars"])
    assert row.gifts[1:] == [{"unit": "stars", "amount": 1000, "on": "2027-02-01"}]
    before = given.all_of(deployment)
    night(deployment, "2027-02-21", everyone=True)
    assert given.all_of(deployment) == before
    assert verified(deployment) == []


def test_a_choice_is_made_once_a_key_and_only_while_it_is_open(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.CHOICE))
    with pytest.raises(Refused, match=r"Member M has no open choice of pick\."):
        chosen(deployment, "lounge", "2026-06-01")
    flown(deployment, "a", "2026-06-01", 200)
    flown(deployment, "b", "2027-01-10", 200)
    with pytest.raises(Refused, match=r"The option longe is unknown.*lounge"):
        chosen(deployment, "longe", "2027-01-11")
    assert [chosen(deployment, "km", "2027-01-11", "k1", "2027-01-11") for _ in range(2)] == [True, False]
    with pytest.raises(Refused, match="used for another input"):
        chosen(deployment, "lounge", "2027-01-11", "k1")
    assert chosen(deployment, "lounge", "2027-01-31", "k2")
    with pytest.raises(Refused, match="no open choice"):
        chosen(deployment, "lounge", "2027-02-01", "k3", "2026-06-01")
    night(deployment, "2027-02-01")
    assert [[one["option"] for one in row.chosen] for row in awards(deployment)] == [["lounge", "stars"], ["km"]]
    assert balance(deployment)["km"] == 460
    assert verified(deployment) == []


def test_a_choice_won_after_its_deadline_falls_to_its_default_on_that_day(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.CHOICE))
    with deployment.store.transaction() as session:
        orbit.trip(session, deployment, "M", "late", "2026-06-01", 200, orbit.noon("2027-03-01"))
    (row,) = awards(deployment)
    assert [(one["option"], one["on"]) for one in row.chosen] == [("stars", "2027-03-01")] * 2
    assert verified(deployment) == []


def test_a_choice_whose_milestone_is_voided_is_taken_back_with_what_was_picked(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.CHOICE))
    flown(deployment, "a", "2026-06-01", 220)
    chosen(deployment, "lounge", "2026-06-10")
    chosen(deployment, "stars", "2026-06-10")
    assert balance(deployment) == {"km": 220, "stars": 3300 + 1000}
    voided(deployment, "a", "2026-06-20")
    assert (balance(deployment), awards(deployment)) == ({}, [])
    with pytest.raises(Refused, match="no open choice"):
        chosen(deployment, "lounge", "2026-06-20", "again")
    assert verified(deployment) == []


# --- rules that feed themselves ---------------------------------------------------------------------------------

ENDLESS = """
  - {id: endless, name: {en: endless}, at: {km: 500}, every: 10, gives: [{unit: km, amount: 10}]}
"""


def test_rules_that_feed_themselves_for_ever_are_refused_for_that_member_alone(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, milestones(given.STEPS, ENDLESS))
    orbit.enrolled(deployment, ["N"])
    with pytest.raises(Refused, match="What member M is given meets again and again what gives it"):
        flown(deployment, "a", "2026-02-01", 500)
    flown(deployment, "a", "2026-02-01", 500, settled=False)
    flown(deployment, "b", "2026-02-01", 120, settled=False, number="N")
    with deployment.store.transaction() as session:
        accounts = lock_stretch(session, 1, 2, None)
        at = day("2026-02-01")
        folded = settle_for(session, deployment.program, accounts, at, orbit.noon("2026-02-01"), True, isolate=True)
    assert {who: str(error)[:13] for who, error in folded.failures.items()} == {1: "What member M"}
    assert (given.tier(deployment), awards(deployment)) == ("ground", [])
    with deployment.store.reading() as session:
        other = account_read(session, "N")
        assert other is not None and other.tier == "low"
        assert orbit.count(session, StatusAward, StatusAward.member_id == 2) == 2
    assert given.standing(deployment).review_on == day("2026-02-01")
    assert verified(deployment) == []


# --- verify, and what it costs ----------------------------------------------------------------------------------


def test_verify_finds_what_is_missing_superfluous_or_booked_wrongly(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, given.ALL)
    flown(deployment, "a", "2026-02-01", 120)
    night(deployment, "2027-01-01")
    assert verified(deployment) == []
    names = {row.name: row.n for row in awards(deployment)}
    boost = (StatusAward.member_id == 1, StatusAward.n == names["boost"])
    welcome = (StatusAward.member_id == 1, StatusAward.n == names["welcome"])
    wrong = json.dumps([{"unit": "km", "amount": 16, "on": "2026-02-01"}])
    never = day("2026-02-01")
    for statement, told in [
        (update(StatusAward).where(*boost).values(name="other"), ["other of 2026-02-01 should not", "boost of 2026-02-01 is"]),
        (update(StatusAward).where(*boost).values(withdrawn_on=never), ["boost of 2026-02-01 is missing", "it gave 0"]),
        (update(StatusAward).where(*boost).values(gifts=wrong), ["has booked 15 km, it gave 16"]),
        (delete(StatusAward).where(*welcome), ["welcome of 2027-01-01 is missing", "has booked 100 stars, it gave 0"]),
        (update(Standing).values(review_on=day("2030-01-01")), ["looked at again on 2030-01-01; folded: on 2028-01-01"]),
    ]:  # fmt: skip
        with deployment.store.transaction() as session:
            session.execute(statement)
            found = [what for _who, what in differences(session, deployment.program, 1, 10)[1]]
            session.rollback()
        assert all(any(what in one for one in found) for what in told), found
    assert verified(deployment) == []


def test_a64_the_statements_of_a_chunk_do_not_follow_its_members(deploy: Deploy, tmp_path: Path) -> None:
    """Milestones of their own days, deposits, choices that fall to their default, and taken back: all in one chunk."""
    deployment = given.deployed(deploy, tmp_path, given.ALL)
    found = [_statements(deployment, first, members) for first, members in ((1000, 10), (2000, 80))]
    assert found[1] <= found[0] < 40  # many rows go by COPY, which is none
    assert verified(deployment) == []


def _statements(deployment: Deployment, first: int, members: int) -> int:
    """How many statements it takes to settle some new members, twice."""
    numbers = [f"N{first + n}" for n in range(members)]
    orbit.enrolled(deployment, numbers)
    for n, number in enumerate(numbers):
        on = str(date(2026, 2, 1) + timedelta(days=n))
        flown(deployment, "a", on, 60 + 50 * (n % 6), False, number)
    taken: list[str] = []
    for at in ("2026-10-01", "2027-02-10"):
        with deployment.store.transaction() as session:
            for number in numbers[::3] if at > "2027" else ():
                reverse(session, deployment.program, orbit.locked(session, number), "test", "a", "void", orbit.noon(at))
                mark_due(session, [orbit.locked(session, number).member_id], day(at))
            accounts = [account for account in lock_stretch(session, 1, 10_000, day(at)) if account.number in numbers]
            event.listen(deployment.store.engine, "before_cursor_execute", counted := lambda *given: taken.append(given[2]))
            settle_for(session, deployment.program, accounts, day(at), orbit.noon(at))
            event.remove(deployment.store.engine, "before_cursor_execute", counted)
    return len(taken)
