"""Offers and attributes that change, on both databases."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.members.operations import change_attributes
from loyalty.settle import settle
from loyalty.status.facts import Revocation, revoke
from loyalty.status.ladder import rules_of
from loyalty.status.offers import Offered, offer
from loyalty.status.queries import account_read, facts_of, histories, spans_of, tier_on
from loyalty.status.told import told_of
from tests.conftest import day
from tests.jobs import orbit
from tests.status import given
from tests.status.given import flown, night, verified, voided

Deploy = Callable[..., Deployment]

OFFERS = """
offers:
  - {id: match, name: {en: Match}, tiers: [low, high], trial: {months: 6}, again_after: 12}
  - id: trial
    name: {en: Trial}
    tiers: [low, high]
    trial: {months: 3}
    goal: {km: 50}
    then: {through_end_of: {month: 1, years_after: 2}}
  - {id: old, name: {en: For the old}, tiers: [low], trial: {months: 1}, when: {member.age: {at_least: 60}}}
"""


def offered(deployment: Deployment, name: str, tier: str, on: str, key: str = "") -> bool:
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        wanted = Offered(name, tier, "ann", "came from elsewhere", key or f"{name} {on}")
        fresh = offer(session, deployment.program, account, wanted, orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))
        return fresh


def revoked(deployment: Deployment, on: str, key: str | None = None, tier: str | None = None) -> None:
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        wanted = Revocation("ann", "a mistake", f"revoke {on}", key, tier)
        revoke(session, deployment.program, account, wanted, orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))


def became(deployment: Deployment, on: str, **changes: Any) -> bool:
    """M's attributes change on a day."""
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        fresh = change_attributes(session, deployment.program, account.member_id, changes, date.fromisoformat(on))
        account.due(date.fromisoformat(on))
        settle(session, deployment.program, [account], orbit.noon(on))
        return fresh


def tiers(deployment: Deployment, *days: str) -> list[str | None]:
    with deployment.store.reading() as session:
        spans = spans_of(session, [1])[1]
    return [tier_on(spans, day(on)) for on in days]


def told(deployment: Deployment, on: str) -> dict[str, Any]:
    with deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        history = histories(session, rules_of(deployment.program), [account])[1]
        return told_of(deployment.program, account, history, facts_of(session, 1), {}, day(on)).data


@pytest.fixture
def deployment(deploy: Deploy, tmp_path: Path) -> Deployment:
    return given.deployed(deploy, tmp_path, OFFERS)


def test_a_match_without_a_goal_holds_for_its_time(deployment: Deployment) -> None:
    assert offered(deployment, "match", "high", "2026-02-01")
    assert told(deployment, "2026-02-01")["standing"]["source"] == "matched"
    assert tiers(deployment, "2026-01-31", "2026-02-01", "2026-07-31", "2026-08-01") == ["ground", "high", "high", "ground"]
    assert verified(deployment) == []


def test_a_trial_is_confirmed_on_the_day_its_goal_is_met(deployment: Deployment) -> None:
    offered(deployment, "trial", "high", "2026-02-01")
    flown(deployment, "before", "2026-02-01", 30)
    assert told(deployment, "2026-02-01")["offers"] == [
        {"offer": "trial", "tier": "high", "name": "High", "from": day("2026-02-01"), "through": day("2026-04-30"),
         "goal": [{"counter": "km", "have": "30", "need": "50", "missing": "20"}], "reason": "came from elsewhere"}
    ]  # fmt: skip
    assert given.standing(deployment).source == "trial"
    flown(deployment, "goal", "2026-03-01", 20)
    assert (given.standing(deployment).source, given.standing(deployment).until) == ("confirmed", day("2028-02-01"))
    assert told(deployment, "2026-03-01")["offers"] == []
    assert told(deployment, "2026-02-28")["offers"] != []
    assert verified(deployment) == []


def test_a_trial_that_fails_falls_to_what_was_earned(deployment: Deployment) -> None:
    flown(deployment, "earned", "2026-01-10", 110)
    offered(deployment, "trial", "high", "2026-02-01")
    flown(deployment, "short", "2026-02-02", 49)
    night(deployment, "2026-05-01")
    assert tiers(deployment, "2026-01-31", "2026-04-30", "2026-05-01") == ["low", "high", "low"]
    assert given.logged(deployment)[-1] == ("lowered", "high", "low", "2026-05-01")
    assert told(deployment, "2026-05-01")["offers"] == []
    assert verified(deployment) == []


def test_activity_of_the_trial_that_is_known_late_confirms_it_from_then_on(deployment: Deployment) -> None:
    offered(deployment, "trial", "high", "2026-02-01")
    flown(deployment, "after", "2026-05-02", 80)
    assert given.tier(deployment) == "ground"
    with deployment.store.transaction() as session:
        orbit.trip(session, deployment, "M", "late", "2026-04-30", 50, orbit.noon("2026-05-10"))
    assert tiers(deployment, "2026-05-01", "2026-05-09", "2026-05-10") == ["ground", "ground", "high"]
    assert verified(deployment) == []


def test_the_same_offer_is_refused_until_its_time_has_passed(deployment: Deployment) -> None:
    assert offered(deployment, "match", "low", "2026-02-01", "k")
    assert not offered(deployment, "match", "low", "2026-02-05", "k")
    with pytest.raises(Refused, match="used for another input"):
        offered(deployment, "match", "high", "2026-02-05", "k")
    with pytest.raises(Refused, match="Member M had the offer match already: it may be given again from 2027-02-01"):
        offered(deployment, "match", "low", "2027-01-31")
    assert offered(deployment, "match", "low", "2027-02-01")
    offered(deployment, "trial", "low", "2027-03-01")
    with pytest.raises(Refused, match="already: it is given once"):
        offered(deployment, "trial", "low", "2036-03-01")


@pytest.mark.parametrize("by", [{"key": "t"}, {"tier": "ground"}])
def test_a_trial_revoked_ends_with_its_goal(deployment: Deployment, by: dict[str, str]) -> None:
    offered(deployment, "trial", "high", "2026-02-01", "t")
    flown(deployment, "some", "2026-02-10", 30)
    revoked(deployment, "2026-02-20", **by)
    assert told(deployment, "2026-02-20")["offers"] == []
    flown(deployment, "goal", "2026-03-01", 30)
    assert tiers(deployment, "2026-02-19", "2026-02-20", "2026-03-01") == ["high", "ground", "ground"]
    assert verified(deployment) == []


def test_a_revocation_of_what_is_above_leaves_a_trial_below_its_goal(deployment: Deployment) -> None:
    offered(deployment, "trial", "low", "2026-02-01")
    revoked(deployment, "2026-02-20", tier="low")
    flown(deployment, "goal", "2026-03-01", 50)
    assert given.standing(deployment).source == "confirmed"


def test_a_goal_is_met_once_and_a_void_does_not_take_the_tier_back(deployment: Deployment) -> None:
    """What the trial has confirmed holds: the goal was met when it was judged."""
    offered(deployment, "trial", "high", "2026-02-01")
    flown(deployment, "goal", "2026-03-01", 50)
    voided(deployment, "goal", "2026-03-10")
    assert given.standing(deployment).source == "confirmed"
    assert verified(deployment) == []


def test_an_offer_is_only_for_its_tiers_and_members(deployment: Deployment) -> None:
    with pytest.raises(Refused, match="The offer old is not for High; allowed: Low"):
        offered(deployment, "old", "high", "2026-02-01")
    with pytest.raises(Refused, match="The offer old is not for member M"):
        offered(deployment, "old", "low", "2026-02-01")
    with pytest.raises(Refused, match=r"The offer mach is unknown.*Did you mean match"):
        offered(deployment, "mach", "low", "2026-02-01")
    became(deployment, "2026-03-01", age=61)
    assert offered(deployment, "old", "low", "2026-03-01")
    assert tiers(deployment, "2026-03-01", "2026-04-01") == ["low", "ground"]


# --- attributes -------------------------------------------------------------------------------------------------

EASIER = orbit.LADDER.replace(
    "reach: [{km: 100}]", "reach: [{km: 100}, {needs: {km: 40}, when: {member.seat: window}}]"
) + """
milestones:
  - {id: vip, name: {en: vip}, at: {needs: {km: 20}, when: {member.vip: true}}, gives: [{unit: stars, amount: 1}]}
"""  # fmt: skip


def test_a_path_counts_from_the_day_its_attribute_is_known_and_the_past_stays(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, "", EASIER)
    flown(deployment, "a", "2026-02-01", 45)
    before = told(deployment, "2026-02-28")
    assert became(deployment, "2026-03-01", seat="window")
    assert not became(deployment, "2026-03-02", seat="window")
    assert tiers(deployment, "2026-02-01", "2026-02-28", "2026-03-01") == ["ground", "ground", "low"]
    assert told(deployment, "2026-02-28") == before
    became(deployment, "2026-04-01", seat="")
    assert tiers(deployment, "2026-04-01", "2028-01-31", "2028-02-01") == ["low", "low", "ground"]
    # in the next year the path does not count any more
    flown(deployment, "b", "2028-02-05", 45)
    assert given.tier(deployment) == "ground"
    assert given.logged(deployment)[1:] == [
        ("raised", "ground", "low", "2026-03-01"), ("lowered", "low", "ground", "2028-02-01")
    ]  # fmt: skip
    assert verified(deployment) == []


def test_of_two_changes_on_one_day_the_last_counts(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, "", EASIER)
    became(deployment, "2026-02-01", seat="window")
    became(deployment, "2026-02-01", seat="aisle")
    flown(deployment, "a", "2026-02-02", 45)
    assert given.tier(deployment) == "ground"
    became(deployment, "2026-02-03", seat="")
    became(deployment, "2026-02-03", seat="window")
    assert given.tier(deployment) == "low"
    assert verified(deployment) == []


def test_a_milestone_for_some_is_met_by_the_posting_after_the_attribute_is_known(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, "", EASIER)
    flown(deployment, "a", "2026-02-01", 25)
    became(deployment, "2026-02-10", vip="true")
    assert given.awards(deployment) == []
    flown(deployment, "b", "2026-02-11", 1)
    assert [row.awarded_on for row in given.awards(deployment)] == [day("2026-02-11")]
    assert verified(deployment) == []


CANNOT_BE = [("seta", "window", "mean seat"), ("seat", "roof", "allowed: window")]


@pytest.mark.parametrize(("name", "value", "said"), CANNOT_BE)
def test_attributes_that_cannot_be_are_refused(deploy: Deploy, tmp_path: Path, name: str, value: str, said: str) -> None:
    deployment = given.deployed(deploy, tmp_path, "", EASIER)
    with pytest.raises(Refused, match=said):
        became(deployment, "2026-02-01", **{name: value})
