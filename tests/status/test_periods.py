"""Rises, falls, grants and the ends of periods: what went wrong in other systems, on both databases."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from loyalty.errors import Refused
from loyalty.jobs import migrate
from loyalty.jobs.deployment import Deployment
from loyalty.ledger.queries import balances
from loyalty.members.operations import Enrolment, enrol_one, leave
from loyalty.settings import Settings
from loyalty.settle import settle
from loyalty.status.facts import Grant, Waiver, grant, waive
from loyalty.status.ladder import rules_of
from loyalty.status.operations import open_standings
from loyalty.status.queries import account_read, facts_of, histories, ladder_count, spans_of, tier_on
from loyalty.status.told import told_of
from tests.conftest import day
from tests.jobs import orbit
from tests.status import given
from tests.status.given import flown, night, verified, voided

Deploy = Callable[..., Deployment]


def tiers(deployment: Deployment, *days: str) -> list[str | None]:
    with deployment.store.reading() as session:
        spans = spans_of(session, [1])[1]
    return [tier_on(spans, day(on)) for on in days]


def granted(deployment: Deployment, tier: str, on: str, until: str, kind: str = "granted") -> None:
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        wanted = Grant(tier, day(on), day(until), "ann", "goodwill", f"{tier} {on}", kind)
        grant(session, deployment.program, account, wanted, orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))


@pytest.mark.parametrize("kind", ["granted", "gifted", "bought", "shared", "matched"])
def test_a11_a_tier_given_until_a_day_is_no_floor_and_no_ceiling(deploy: Deploy, tmp_path: Path, kind: str) -> None:
    deployment = given.deployed(deploy, tmp_path, "")
    granted(deployment, "low", "2026-02-01", "2027-01-01", kind)
    flown(deployment, "a", "2026-06-01", 300)
    assert tiers(deployment, "2026-05-31", "2026-06-01", "2028-01-31", "2028-02-01") == ["low", "high", "high", "ground"]
    granted(deployment, "high", "2028-03-01", "2028-04-01", kind)
    night(deployment, "2028-04-01")
    assert tiers(deployment, "2028-03-31", "2028-04-01") == ["high", "ground"]
    assert given.logged(deployment)[-1] == ("lowered", "high", "ground", "2028-04-01")
    assert verified(deployment) == []


@pytest.mark.parametrize(("policy", "after"), [("strict", "ground"), ("keep_until_end", "low")])
def test_a14_points_removed_review_the_tier_by_the_stated_policy(
    deploy: Deploy, tmp_path: Path, policy: str, after: str
) -> None:
    deployment = given.deployed(deploy, tmp_path, f"reversal: {policy}\n")
    flown(deployment, "a", "2026-02-01", 120)
    voided(deployment, "a", "2026-03-01")
    assert tiers(deployment, "2026-02-28", "2026-03-01", "2028-01-31", "2028-02-01") == ["low", after, after, "ground"]
    with deployment.store.reading() as session:
        flagged = ['"short":true' in span.evidence for span in spans_of(session, [1])[1] if span.tier == "low"]
    assert flagged == ([False] if policy == "strict" else [False, True])
    assert verified(deployment) == []


def test_a15_an_edition_that_asks_less_moves_exactly_those_who_meet_it(deploy: Deploy, tmp_path: Path) -> None:
    folder = orbit.config(tmp_path / "config")
    orbit.write_edition(folder, "2026-07-01", ladder=orbit.LADDER.replace("km: 100", "km: 80"))
    deployment = deploy("orbit", config=folder)
    km = {"A": 79, "B": 80, "C": 99, "D": 100, "E": 0}
    orbit.enrolled(deployment, list(km))
    for number, distance in km.items():
        flown(deployment, "a", "2026-03-01", distance, number=number)
    assert _ladder(deployment, "2026-06-30") == {"ground": 4, "low": 1}
    night(deployment, "2026-07-01")
    assert _ladder(deployment, "2026-07-01") == {"ground": 2, "low": 3}
    assert orbit.tiers_on(deployment, "2026-07-01") == {1: "ground", 2: "low", 3: "low", 4: "low", 5: "ground"}
    assert verified(deployment) == []


def _ladder(deployment: Deployment, on: str) -> dict[str, int]:
    with deployment.store.reading() as session:
        return {row.tier: row.members for row in ladder_count(session, day(on))}


def test_a18_a_rise_has_its_end_and_the_night_leaves_it(deploy: Deploy, tmp_path: Path) -> None:
    deployment = given.deployed(deploy, tmp_path, "")
    flown(deployment, "a", "2026-06-01", 120)
    for on in ("2026-06-01", "2026-06-02", "2026-12-31", "2027-01-01"):
        night(deployment, on, everyone=True)
        assert (given.standing(deployment).tier, given.standing(deployment).until) == ("low", day("2028-02-01"))
    assert len(given.logged(deployment)) == 2


WAIVER = "waiver: {within: {km: 60}}\n"


def test_a25_a_waiver_says_so_and_is_no_earned_status(deploy: Deploy, tmp_path: Path) -> None:
    """59 short of what a tier takes, pardoned by hand; 61 short is not."""
    deployment = given.deployed(deploy, tmp_path, WAIVER)
    with pytest.raises(Refused, match="km is 100 short of tier Low; at most 60 may be waived"):
        waived(deployment, "2026-05-01")
    flown(deployment, "a", "2026-06-01", 41)
    waived(deployment, "2026-06-02")
    with deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        history = histories(session, rules_of(deployment.program), [account])[1]
        told = told_of(deployment.program, account, history, facts_of(session, 1), balances(session, 1), day("2026-06-02"))
        by_source = {(row.tier, row.source): row.members for row in ladder_count(session, day("2026-06-02"), by_source=True)}
    standing = told.data["standing"]
    assert (standing["tier"], standing["source"], standing["valid_through"]) == ("low", "waived", day("2028-01-31"))
    assert standing["reason"] == "with a waiver by ann, approved by bob: strike"
    assert by_source == {("low", "waived"): 1}
    assert told.data["counters"]["km"] == "41"
    assert verified(deployment) == []


def waived(deployment: Deployment, on: str) -> None:
    with deployment.store.transaction() as session:
        account = orbit.locked(session, "M")
        waive(session, deployment.program, account, Waiver("low", "ann", "bob", "strike", "w1"), orbit.noon(on))
        settle(session, deployment.program, [account], orbit.noon(on))


# --- from one program to another --------------------------------------------------------------------------------


@pytest.fixture
def other(tmp_path: Path, sqlite_template: Path) -> Iterator[Deployment]:
    """A deployment of another program, on a database of its own."""
    shutil.copy(sqlite_template, tmp_path / "other.db")
    folder = orbit.config(tmp_path / "other")
    shutil.move(folder / "programs" / "orbit", folder / "programs" / "comet")
    file = folder / "programs" / "comet" / "program.yaml"
    file.write_text(file.read_text().replace("program: orbit", "program: comet"))
    settings = replace(Settings(), program="comet", database_url=f"sqlite:///{tmp_path / 'other.db'}", config=str(folder))
    deployment = Deployment(settings)
    migrate.upgrade(deployment.store)
    yield deployment.ready(orbit.noon("2026-01-01"))
    deployment.store.close()


def test_a17_who_moves_to_another_program_starts_from_its_own_activity(
    deploy: Deploy, tmp_path: Path, other: Deployment
) -> None:
    """High in one program through 2028; the other knows nothing of it, and closes nothing."""
    old = given.deployed(deploy, tmp_path, given.ALL)
    flown(old, "a", "2026-02-01", 320)
    with old.store.transaction() as session:
        leave(session, "M", day("2026-07-01"))
        settle(session, old.program, [orbit.locked(session, "M")], orbit.noon("2026-07-01"))
    with other.store.transaction() as session:
        answer = enrol_one(session, other.program, Enrolment(date(2026, 7, 1), "M"), orbit.noon("2026-07-01"))
        open_standings(session, [(answer.member_id or 0, date(2026, 7, 1))])
        settle(session, other.program, [orbit.locked(session, "M")], orbit.noon("2026-07-01"))

    assert tiers(old, "2026-06-30", "2026-07-01", "2027-06-01") == ["high", None, None]
    assert given.logged(old)[-1] == ("left", "high", None, "2026-07-01")
    assert tiers(other, "2026-06-30", "2026-07-01") == [None, "ground"]
    with pytest.raises(Refused, match="left on 2026-07-01"):
        flown(old, "b", "2026-08-01", 10)
    flown(other, "b", "2026-08-01", 99)
    assert tiers(other, "2026-08-01") == ["ground"]
    flown(other, "c", "2026-08-02", 1)
    assert tiers(other, "2026-08-02") == ["low"]
    night(old, "2027-02-01", everyone=True)
    assert given.awards(old, "welcome") == []
    assert verified(old) == verified(other) == []
