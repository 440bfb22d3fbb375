"""Choices that tiers let members make: in time, ahead, by default; what they give is booked once."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from loyalty.earning.queries import export
from loyalty.jobs.follow import JOB, follow_benefits
from loyalty.jobs.runs import RunKey
from tests.benefits.entitled import Deploy, deployed, done, fallen, left, mine, picked, tier, verified
from tests.benefits.test_entitlements import refused
from tests.jobs import orbit
from tests.jobs.orbit import noon
from tests.status import given as status
from tests.status.given import balance


def got(deployment: object, on: str) -> list[str]:
    """What the choices gave by a day: option, and whether it was picked."""
    found = [one for one in mine(deployment, on).entitlements if one.kind == "choice"]  # type: ignore[arg-type]
    told = {(one.why["first"], one.why["option"], one.why["picked"] is None, one.begins) for one in found}
    return [f"{option} by default" if default else option for _, option, default, _ in sorted(told)]


def test_a_pick_gives_from_its_day_and_what_is_not_picked_falls_to_the_default(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "high", "2026-03-01")
    assert picked(deployment, "2026-04-01", "gift", "ups", "k")
    assert not picked(deployment, "2026-04-09", "gift", "ups", "k")
    refused("key_reused", picked, deployment, "2026-04-01", "gift", "pass", "k")
    refused("option_picked", picked, deployment, "2026-04-01", "gift", "ups", "l")
    refused("unknown_option", picked, deployment, "2026-04-01", "gift", "upps", "l")
    refused("unknown_choice", picked, deployment, "2026-04-01", "gifts", "ups", "l")
    assert [left(deployment, on, "up") - 5 for on in ("2026-03-31", "2026-04-01", "2026-09-30", "2026-10-01")] == [0, 2, 2, 0]
    # the deadline is January 31: one in time, in the year after, and two by default the day after
    picked(deployment, "2027-01-31", "gift", "stars")
    assert balance(deployment)["stars"] == 500
    assert got(deployment, "2027-01-31") == ["ups"]
    assert got(deployment, "2027-02-01") == ["pass by default", "ups"] or got(deployment, "2027-02-01") == [
        "ups",
        "pass by default",
    ]
    assert left(deployment, "2027-02-01", "pass") == 1
    late = refused("pick_too_late", picked, deployment, "2027-02-01", "gift", "far", "m", "2026-05-01")
    assert "through 2027-01-31" in late
    assert verified(deployment) == []


def test_a_rise_opens_so_many_more_and_a_fall_takes_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    refused("option_not_for", picked, deployment, "2026-02-02", "gift", "ups")
    picked(deployment, "2026-02-02", "gift", "pass")
    tier(deployment, "high", "2026-06-01", "2026-06-30")
    picked(deployment, "2026-07-05", "gift", "ups")  # the tier is lost, the pick is not
    picked(deployment, "2026-07-06", "gift", "stars")
    refused("too_many_picks", picked, deployment, "2026-07-07", "gift", "far")
    assert got(deployment, "2027-06-01")[:2] == ["pass", "ups"]


def test_a_pick_ahead_waits_for_the_tier_and_for_the_period(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    picked(deployment, "2026-02-01", "gift", "ups")
    picked(deployment, "2026-02-01", "gift", "far")
    assert got(deployment, "2026-12-31") == [] and balance(deployment) == {}
    tier(deployment, "low", "2026-05-01")  # not high enough for the one, the other counts
    assert balance(deployment)["km"] == 200
    tier(deployment, "high", "2026-06-01")
    assert got(deployment, "2026-06-01") == ["ups"]
    refused("pick_too_early", picked, deployment, "2026-06-02", "gift", "ups", "n", "2028-01-01")
    picked(deployment, "2026-06-02", "gift", "stars", "n", "2027-12-31")
    assert "stars" not in balance(deployment)
    assert verified(deployment) == []


@pytest.mark.parametrize("late", [0, 40])
def test_a_pick_for_the_coming_period_is_booked_by_the_nights_run(deploy: Deploy, tmp_path: Path, late: int) -> None:
    """On its first day, or late for that day; run twice, once."""
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    picked(deployment, "2026-11-01", "gift", "far", "n", "2027-05-05")
    day = date(2027, 1, 1) + timedelta(days=late)
    for _ in range(2):
        follow_benefits(deployment, RunKey(JOB, noon(str(day)), day), noon(str(day)), 1, lambda _a, _b: None)
    assert balance(deployment) == {"km": 200}
    with deployment.store.reading() as session:
        (line,) = export(session, deployment.program, number="M")
    assert '"on": "2027-01-01"' in line and '"source": "choice", "key": "gift"' in line
    assert status.tier(deployment) == "low"
    assert verified(deployment) == []


def test_what_a_pick_gives_to_a_counter_raises_the_tier_the_same_day(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    orbit.travelled(deployment, "M", "a", "2026-03-01", 120)
    picked(deployment, "2026-03-02", "gift", "far")
    assert status.tier(deployment) == "high"
    assert verified(deployment) == []


def test_what_a_pick_gives_lets_the_next_one_count(deploy: Deploy, tmp_path: Path) -> None:
    """100 km flown and 200 picked make High, whose picks take the stars and the upgrades that wait."""
    deployment = deployed(deploy, tmp_path)
    for option in ("far", "stars", "ups"):
        picked(deployment, "2026-02-01", "gift", option)
    orbit.travelled(deployment, "M", "a", "2026-03-01", 110)
    assert status.tier(deployment) == "high"
    assert balance(deployment) == {"km": 310, "stars": 110 * 15 + 500}
    assert got(deployment, "2026-03-01") == ["ups"]
    assert verified(deployment) == []


def test_days_are_counted_from_when_it_opens_and_without_a_default_it_is_lost(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "high", "2026-03-01")
    picked(deployment, "2026-03-31", "extra", "pass", "1")
    refused("pick_too_late", picked, deployment, "2026-04-01", "extra", "pass", "2")
    fallen(deployment, "ground", "2026-04-02")
    assert len([one for one in mine(deployment, "2026-12-31").entitlements if one.why.get("choice") == "extra"]) == 1
    # repeated: the same twice in the next membership year
    tier(deployment, "high", "2027-02-01")
    picked(deployment, "2027-02-01", "extra", "pass", "3")
    picked(deployment, "2027-02-01", "extra", "pass", "4")
    assert left(deployment, "2027-02-01", "pass") >= 3


def test_one_who_left_picks_nothing(deploy: Deploy, tmp_path: Path) -> None:
    from loyalty.members.operations import leave

    deployment = deployed(deploy, tmp_path)
    tier(deployment, "high", "2026-03-01")
    done(deployment, "2026-04-01", lambda *at: leave(at[0], "M", date(2026, 4, 2)))
    refused("already_left", picked, deployment, "2026-04-02", "gift", "pass")
    assert left(deployment, "2027-02-02", "pass") == 0
