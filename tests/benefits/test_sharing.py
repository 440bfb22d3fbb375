"""Status shared with a companion: followed, ended, never passed on; and companions for benefits."""

from datetime import date
from pathlib import Path

from loyalty.benefits import sharing
from loyalty.benefits.queries import companions_of
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.follow import JOB, follow_benefits
from loyalty.jobs.runs import RunKey
from loyalty.members.operations import leave
from tests.benefits.entitled import Deploy, deployed, done, fallen, shared, tier, verified
from tests.benefits.test_entitlements import refused
from tests.jobs import orbit
from tests.jobs.orbit import noon
from tests.status.given import night, voided


def run(deployment: Deployment, on: str) -> int:
    day = date.fromisoformat(on)
    night(deployment, on)
    return follow_benefits(deployment, RunKey(JOB, noon(on), day), noon(on), 1, lambda _a, _b: None).changes


def tier_of(deployment: Deployment, on: str, member: int = 2) -> str | None:
    return orbit.tiers_on(deployment, on).get(member)


def for_life(deployment: Deployment, km: int = 1000, number: str = "M", on: str = "2026-02-01") -> None:
    orbit.travelled(deployment, number, f"far {on}", on, km)


def test_the_companion_has_the_tier_named_for_the_lifetime_tier(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    refused("sharing_not_held", shared, deployment, "2026-02-01")
    for_life(deployment)  # high by the year, low for life
    refused("unknown_sharing", lambda: sharing.rule_of(deployment.program, "partners", date(2026, 2, 1)))
    refused("companion_self", shared, deployment, "2026-02-02", numbers=("M", "M"))
    assert shared(deployment, "2026-02-02")
    assert not shared(deployment, "2026-02-02")
    assert [tier_of(deployment, on) for on in ("2026-02-01", "2026-02-02", "2027-01-31", "2027-02-01")] == [
        "ground", "low", "low", "ground"]  # fmt: skip
    assert verified(deployment) == []


def test_the_current_tier_is_followed_and_ends_with_the_right(deploy: Deploy, tmp_path: Path) -> None:
    """5,000 km: high for life, and what is shared is the current tier."""
    deployment = deployed(deploy, tmp_path)
    for_life(deployment, 5000)
    shared(deployment, "2026-02-02")
    assert tier_of(deployment, "2026-02-02") == "high"
    assert run(deployment, "2026-03-01") == 0
    voided(deployment, "far 2026-02-01", "2026-04-01")  # neither the tier nor the right is left
    orbit.travelled(deployment, "M", "again", "2026-04-02", 1200)  # and now low for life, high by the year
    assert run(deployment, "2026-04-03") == 1
    assert [tier_of(deployment, on) for on in ("2026-04-02", "2026-04-03")] == ["high", "low"]
    voided(deployment, "again", "2026-05-01")
    assert run(deployment, "2026-05-02") == 1 and run(deployment, "2026-05-03") == 0
    assert [tier_of(deployment, on) for on in ("2026-05-01", "2026-05-02")] == ["low", "ground"]
    assert verified(deployment) == []


def test_it_ends_the_day_on_which_the_sharing_member_leaves(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    for_life(deployment)
    shared(deployment, "2026-02-02")
    done(deployment, "2026-03-01", lambda *at: leave(at[0], "M", date(2026, 6, 1)))
    assert [run(deployment, on) for on in ("2026-05-31", "2026-06-01")] == [0, 1]
    assert [tier_of(deployment, on) for on in ("2026-05-31", "2026-06-01")] == ["low", "ground"]


def test_what_is_shared_is_not_passed_on(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    orbit.enrolled(deployment, ["P"])
    for_life(deployment, 5000)
    shared(deployment, "2026-02-02")
    refused("chain_of_sharing", shared, deployment, "2026-02-03", "k", numbers=("N", "P"))
    # one with a right of their own shares that, not the higher one that is shared with them
    for_life(deployment, 1000, "N", "2026-03-01")
    shared(deployment, "2026-03-02", "k", numbers=("N", "P"))
    assert (tier_of(deployment, "2026-03-02"), tier_of(deployment, "2026-03-02", 3)) == ("high", "low")


def test_one_companion_a_year_another_one_in_a_later_year(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    orbit.enrolled(deployment, ["P"])
    for_life(deployment)
    shared(deployment, "2026-02-02", "first")
    refused("sharing_changed", shared, deployment, "2026-03-01", "k", numbers=("M", "P"))

    def ended(*at: object) -> bool:
        companion = orbit.locked(at[0], "N")  # type: ignore[arg-type]
        wanted = sharing.Ended("first", "ann", "parted")
        return sharing.end_companion(*at[:3], companion, wanted, at[3])  # type: ignore[call-arg, arg-type, misc]

    assert "through 2027-01-31" in refused(
        "too_many_companions", shared, deployment, "2026-12-31", "k", "2027-01-01", ("M", "P")
    )
    assert done(deployment, "2026-11-01", ended) and not done(deployment, "2026-11-01", ended)
    night(deployment, "2026-11-01", number="N")
    assert tier_of(deployment, "2026-11-01") == "ground"
    refused("sharing_changed", shared, deployment, "2026-11-02", "k", numbers=("M", "P"))
    assert shared(deployment, "2026-12-31", "k", "2027-01-01", ("M", "P"))
    assert [tier_of(deployment, on, 3) for on in ("2026-12-31", "2027-01-01", "2028-01-31", "2028-02-01")] == [
        "ground", "low", "low", "ground"]  # fmt: skip
    assert verified(deployment) == []


def test_companions_for_benefits_are_named_replaced_and_ended(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)

    def named(on: str, name: str, key: str, instead: str | None = None) -> bool:
        wanted = sharing.Named(name, "ann", "asked", key, date.fromisoformat(on), instead=instead)
        return bool(done(deployment, on, lambda *at: sharing.name_companion(*at[:3], wanted, at[3])))

    assert named("2026-02-01", "Bea", "1") and not named("2026-02-01", "Bea", "1")
    refused("key_reused", named, "2026-02-01", "Cal", "1")
    refused("unknown_companion", named, "2026-02-01", "Cal", "2", "7")
    assert named("2026-03-01", "Cal", "2", "1")
    wanted = sharing.Ended("2", "ann", "parted")
    assert done(deployment, "2026-04-01", lambda *at: sharing.end_companion(*at[:3], None, wanted, at[3]))
    with deployment.store.reading() as session:
        rows = companions_of(session, [1])[1]
        assert [(row.name, row.ended_on) for row in rows] == [("Bea", date(2026, 3, 1)), ("Cal", date(2026, 4, 1))]


def test_a_grant_of_another_kind_stays_when_the_sharing_ends(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    for_life(deployment)
    tier(deployment, "low", "2026-02-01", "2026-12-31", "N")
    shared(deployment, "2026-02-02")
    fallen(deployment, "ground", "2026-03-01")
    run(deployment, "2026-03-02")
    assert tier_of(deployment, "2026-03-02") == "low"
