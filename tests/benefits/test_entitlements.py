"""Entitlements on both databases: what each source gives, what is left of it, and what is refused."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, update

from loyalty.benefits import using
from loyalty.benefits.queries import rights
from loyalty.benefits.tables import BenefitUse
from loyalty.benefits.told import benefits_of
from loyalty.clock import instant_at
from loyalty.errors import Refused
from loyalty.members.operations import change_attributes, leave
from loyalty.status.queries import account_read, read_stretch
from tests.benefits import entitled
from tests.benefits.entitled import (
    Deploy,
    deployed,
    extended,
    given,
    left,
    mine,
    picked,
    returned,
    revoked,
    tier,
    used,
    verified,
)
from tests.jobs import orbit
from tests.status.given import balance, voided


def refused(code: str, act: object, *arguments: object, **more: object) -> str:
    """The sentence with which something is refused."""
    with pytest.raises(Refused) as refusal:
        act(*arguments, **more)  # type: ignore[operator]
    assert refusal.value.code == code, refusal.value
    return str(refusal.value)


# --- A62: quotas ------------------------------------------------------------------------------------------------


def test_a62_a_rise_within_the_period_adds_the_difference_once(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01", "2028-12-31")
    assert left(deployment, "2026-01-31", "lounge") == 0 and left(deployment, "2026-02-01", "lounge") == 2
    used(deployment, "2026-02-02", "lounge", 2)
    tier(deployment, "high", "2026-06-01", "2026-08-31")
    assert [left(deployment, on, "lounge") for on in ("2026-05-31", "2026-06-01", "2026-12-31")] == [0, 2, 2]
    tier(deployment, "high", "2026-10-01", "2026-10-31")  # again within the period: nothing more
    assert left(deployment, "2026-10-01", "lounge") == 2
    used(deployment, "2026-10-02", "lounge")
    # after the fall what is left stays, and the next period begins anew with the lower tier
    assert [left(deployment, on, "lounge") for on in ("2026-12-31", "2027-01-01")] == [1, 2]
    assert verified(deployment) == []


def test_a62_a_status_that_comes_back_has_what_is_left_and_not_the_whole_again(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "high", "2026-02-01", "2026-04-30")
    used(deployment, "2026-03-01", "guests", 2)
    assert left(deployment, "2026-04-30", "guests") == 1
    assert left(deployment, "2026-05-01", "guests") == 0  # at_fall: end
    assert "ended" not in refused("entitlement_ended", used, deployment, "2026-05-02", "guests")
    before = {one.number for one in mine(deployment, "2026-04-30").of("guests")}
    tier(deployment, "high", "2026-07-01", "2026-08-31")
    assert left(deployment, "2026-07-01", "guests") == 1
    tier(deployment, "low", "2026-09-01", "2026-12-31")  # one for low, two used: nothing is left, nothing is owed
    assert left(deployment, "2026-09-01", "guests") == 0
    assert {one.number for one in mine(deployment, "2026-09-01").of("guests")} == before
    assert verified(deployment) == []


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati", "Asia/Kathmandu", "UTC"])
def test_a62_an_instant_at_the_boundary_belongs_to_one_period(deploy: Deploy, tmp_path: Path, zone: str) -> None:
    """Midnight of January 1 by the program's clock: the second before is of the old year, midnight of the new."""
    deployment = deployed(deploy, tmp_path, zone)
    tier(deployment, "low", "2026-02-01", "2028-12-31")
    midnight = instant_at(date(2027, 1, 1), time(0), deployment.program.zone)
    for n, at in enumerate((midnight - timedelta(seconds=1), midnight)):
        with deployment.store.transaction() as session:
            wanted = using.Use("lounge", "ann", "asked", f"at {n}", 2)
            using.use(session, deployment.program, orbit.locked(session, "M"), wanted, at)
    taken = mine(deployment, "2027-01-01")
    assert sorted(taken.taken.values()) == [2, 2] and len(taken.taken) == 2
    for on in ("2026-12-31", "2027-01-01"):
        holding = [one for one in mine(deployment, on).of("lounge") if one.holds(date.fromisoformat(on).toordinal())]
        assert len(holding) == 1
    assert verified(deployment) == []


def test_a62_the_quota_comes_with_the_period_without_any_run(deploy: Deploy, tmp_path: Path) -> None:
    """Nothing is refreshed: years later, with no job between, each period has had its own quota."""
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    for year in (2026, 2027, 2029):
        assert left(deployment, f"{year}-06-01", "lounge") == 2
        used(deployment, f"{year}-06-01", "lounge", 2)
        assert left(deployment, f"{year}-12-31", "lounge") == 0


def test_a_membership_year_from_a_leap_day(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    orbit.enrolled(deployment, ["L"], "2028-02-29")
    entitled.done(deployment, "2028-02-29", lambda *_at: None, "L")
    tier(deployment, "low", "2028-03-01", number="L")
    spans = [(date.fromordinal(one.begins), date.fromordinal(one.until))
             for one in mine(deployment, "2032-03-01", "L").of("guests")]  # fmt: skip
    assert spans == [
        (date(2028, 3, 1), date(2029, 2, 28)), (date(2029, 2, 28), date(2030, 2, 28)), (date(2030, 2, 28), date(2031, 2, 28)),
        (date(2031, 2, 28), date(2032, 2, 29)), (date(2032, 2, 29), date(2033, 2, 28)),
    ]  # fmt: skip


def test_the_lowest_tier_has_a_quota_of_the_ladders_window_too(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    assert left(deployment, "2026-01-01", "calls") == 1
    tier(deployment, "high", "2026-02-01")
    assert left(deployment, "2026-02-01", "calls") == 2


def test_another_edition_adds_what_it_gives_more_and_takes_nothing(deploy: Deploy, tmp_path: Path) -> None:
    more = entitled.BENEFITS.replace("cells: {low: 2, high: 4}", "cells: {low: 3, high: 1}")
    orbit.config(tmp_path / "config", ladder=entitled.LADDER, benefits=entitled.BENEFITS)
    orbit.write_edition(tmp_path / "config", "2026-07-01", ladder=entitled.LADDER, benefits=more)
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01", "2026-09-30")
    assert [left(deployment, on, "lounge") for on in ("2026-06-30", "2026-07-01")] == [2, 3]
    tier(deployment, "high", "2026-10-01")  # one, by the rules of its day
    assert [left(deployment, on, "lounge") for on in ("2026-10-01", "2027-01-01")] == [3, 1]


# --- grants by tiers, milestones, campaigns, staff ---------------------------------------------------------------


def test_a_tier_gives_its_instruments_once_in_a_window_less_those_of_a_lower_one(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    assert left(deployment, "2026-02-01", "up") == 2
    tier(deployment, "high", "2026-05-01", "2026-06-30")
    assert (left(deployment, "2026-05-01", "up"), left(deployment, "2026-05-01", "seat")) == (5, 1)
    tier(deployment, "high", "2026-08-01", "2026-08-31")
    assert left(deployment, "2026-08-01", "up") == 5
    # those of the window of 2026 are good through January 2027; the new window gives its own on its first day
    assert [left(deployment, on, "up") for on in ("2026-12-31", "2027-01-01", "2027-01-31", "2027-02-01")] == [5, 7, 7, 2]
    assert [one.steps[0].amount for one in mine(deployment, "2026-08-01").of("up")] in ([2, 3], [3, 2])


def test_a34_what_a_milestone_gave_ends_when_a_reversal_takes_it_back(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    orbit.travelled(deployment, "M", "a", "2026-02-01", 160)
    orbit.travelled(deployment, "M", "b", "2026-03-01", 100)
    assert left(deployment, "2026-03-01", "seat") == 3
    assert left(deployment, "2026-08-01", "seat") == 2  # six months from the first
    used(deployment, "2026-03-02", "seat", 2)
    voided(deployment, "a", "2026-04-01")
    assert left(deployment, "2026-04-01", "seat") == 0
    with deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        told = benefits_of(session, deployment.program, account, date(2026, 4, 1))
    flagged = [(right.what, right.used_then, right.taken_back) for right in told.rights if right.used_then]
    assert flagged == [("seat", 1, date(2026, 4, 1)), ("seat", 1, date(2026, 4, 1))]
    assert "taken back on April 1, 2026" in told.rights[-1].reason or any("taken back" in one.reason for one in told.rights)
    assert verified(deployment) == []


def test_a_campaign_gives_once_on_the_first_day_on_which_all_of_it_is_true(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01", "2026-03-31")

    def seated(*at: object) -> None:
        change_attributes(at[0], at[1], at[2].member_id, {"seat": "window"}, date(2026, 3, 15))  # type: ignore[arg-type, attr-defined]

    assert left(deployment, "2026-03-14", "pass") == 0
    entitled.done(deployment, "2026-03-15", seated)
    assert [left(deployment, on, "pass") for on in ("2026-03-14", "2026-03-15", "2026-06-14", "2026-06-15")] == [0, 2, 2, 0]
    tier(deployment, "low", "2026-05-01", "2026-05-31")
    assert left(deployment, "2026-05-01", "pass") == 2


def test_staff_grant_extend_and_revoke(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    assert given(deployment, "2026-03-01", "pass", 2, "2026-04-30", key="g", approver="bob")
    assert not given(deployment, "2026-03-01", "pass", 2, "2026-04-30", key="g", approver="bob")
    refused("key_reused", given, deployment, "2026-03-01", "pass", 3, "2026-04-30", key="g")
    refused("unknown_entitlement", given, deployment, "2026-03-01", "pas", 3)
    refused("bad_amount", given, deployment, "2026-03-01", "pass", 0)
    refused("grant_from_past", given, deployment, "2026-03-02", "pass", begins="2026-03-01", key="h")
    assert [left(deployment, on, "pass") for on in ("2026-02-28", "2026-03-01", "2026-04-30", "2026-05-01")] == [0, 2, 2, 0]
    # an ended one holds again when its end is put off
    refused("extension_not_later", extended, deployment, "2026-05-10", "2026-04-30", given="g")
    assert extended(deployment, "2026-05-10", "2026-06-30", given="g")
    assert not extended(deployment, "2026-05-10", "2026-06-30", given="g")
    assert [left(deployment, on, "pass") for on in ("2026-05-09", "2026-05-10", "2026-06-30", "2026-07-01")] == [0, 2, 2, 0]
    assert revoked(deployment, "2026-06-01", what="pass")
    assert left(deployment, "2026-06-01", "pass") == 0
    refused("entitlement_ended", extended, deployment, "2026-06-02", "2027-06-30", key="e", given="g")
    refused("unknown_right", extended, deployment, "2026-06-02", "2027-06-30", key="e", given="nothing")
    refused("not_held", revoked, deployment, "2026-06-02", "r", what="pass")


# --- use and return ---------------------------------------------------------------------------------------------


def test_what_ends_first_is_used_first_and_one_use_may_take_from_several(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    for key, through in (("late", "2027-12-31"), ("soon", "2026-06-30"), ("ever", None)):
        given(deployment, "2026-03-01", "pass", 2, through, key=key)
    answer = used(deployment, "2026-03-02", "pass", 3, "u")
    assert answer.fresh and [amount for _, amount in answer.parts] == [2, 1]
    again = used(deployment, "2026-03-09", "pass", 3, "u")
    assert not again.fresh and again.parts == answer.parts
    refused("key_reused", used, deployment, "2026-03-02", "pass", 2, "u")
    ends = [date.fromordinal(one.until).year for one in mine(deployment, "2026-03-02").entitlements
            if one.number in dict(answer.parts)]  # fmt: skip
    assert ends == [2026, 2028]
    assert "3 of pass left" in refused("nothing_left", used, deployment, "2026-03-02", "pass", 4, "v")
    # for a service in 2028 only what is for ever is good
    refused("nothing_left", used, deployment, "2026-03-02", "pass", 3, "v", "2028-05-01")
    used(deployment, "2026-03-02", "pass", 2, "v", "2028-05-01")
    assert (left(deployment, "2026-03-02", "pass"), left(deployment, "2026-03-02", "pass", "2028-05-01")) == (1, 0)


def test_refusals_say_what_is_the_matter(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    assert "up" in refused("unknown_entitlement", used, deployment, "2026-03-01", "upp")
    refused("not_held", used, deployment, "2026-03-01", "pass")
    given(deployment, "2026-03-01", "pass", 1, "2026-08-31", begins="2026-05-01")
    assert "2026-05-01" in refused("not_yet", used, deployment, "2026-03-02", "pass")
    refused("not_yet", used, deployment, "2026-03-02", "pass", service="2026-06-01")
    assert "through 2026-08-31" in refused("entitlement_ended", used, deployment, "2026-09-01", "pass")
    refused("bad_amount", used, deployment, "2026-06-01", "pass", 0)


def test_a_return_is_good_to_the_old_end_or_for_so_many_days(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "up", 2, "2026-06-30")
    given(deployment, "2026-03-01", "pass", 1, "2026-06-30")
    used(deployment, "2026-04-01", "up", 2, "u")
    used(deployment, "2026-04-01", "pass", 1, "p")
    assert returned(deployment, "2026-06-01", "u") and returned(deployment, "2026-06-01", "p")
    assert not returned(deployment, "2026-06-09", "u")
    refused("nothing_to_return", returned, deployment, "2026-06-09", "u", "another")
    refused("nothing_to_return", returned, deployment, "2026-06-09", "nothing")
    # 90 days from June 1 on; the pass as before
    assert [left(deployment, on, "up") for on in ("2026-06-01", "2026-06-30", "2026-07-01", "2026-08-29", "2026-08-30")] == [
        2, 2, 2, 2, 0]  # fmt: skip
    assert [left(deployment, on, "pass") for on in ("2026-06-30", "2026-07-01")] == [1, 0]
    used(deployment, "2026-08-01", "up", 1, "w")
    assert left(deployment, "2026-08-01", "up") == 1
    returned(deployment, "2026-08-20", "w")
    assert [left(deployment, on, "up") for on in ("2026-08-20", "2026-09-30", "2026-11-17", "2026-11-18")] == [2, 1, 1, 0]
    assert verified(deployment) == []


def test_a_return_to_what_was_revoked_gives_nothing(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "up", 2, "2026-06-30", key="g")
    used(deployment, "2026-04-01", "up", 1, "u")
    revoked(deployment, "2026-04-10", given="g")
    returned(deployment, "2026-04-20", "u")
    assert left(deployment, "2026-04-20", "up") == 0
    assert verified(deployment) == []


def test_the_end_of_membership_ends_everything(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "high", "2026-02-01")
    given(deployment, "2026-03-01", "pass")
    entitled.done(deployment, "2026-04-01", lambda *at: leave(at[0], "M", date(2026, 5, 1)))
    for what in ("pass", "lounge", "up", "guests"):
        assert [left(deployment, on, what) > 0 for on in ("2026-04-30", "2026-05-01")] == [True, False]
    refused("already_left", given, deployment, "2026-05-01", "pass", key="late")


def test_verify_finds_what_is_overdrawn_never_held_or_for_no_request(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    given(deployment, "2026-03-01", "pass", 2)
    used(deployment, "2026-03-01", "pass", 1, "u")
    assert verified(deployment) == []
    for change, told in (
        ({"amount": 3}, "overdrawn: 3 of 2"), ({"entitlement_id": 7}, "never held"), ({"request_id": 5}, "which is missing"),
        ({"used_on": date(2026, 1, 5), "service_on": date(2026, 1, 5)}, "outside the span"),
    ):  # fmt: skip
        with deployment.store.transaction() as session:
            kept = session.get_one(BenefitUse, (1, session.query(BenefitUse.use_id).scalar(), 0))
            before = {name: getattr(kept, name) for name in change}
            session.execute(update(BenefitUse).values(**change))
        assert any(told in one for one in verified(deployment)), told
        with deployment.store.transaction() as session:
            session.execute(update(BenefitUse).values(**before))
    assert verified(deployment) == []


# --- many, and all of it ----------------------------------------------------------------------------------------


def test_the_statements_do_not_follow_the_members_or_what_they_have(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    orbit.enrolled(deployment, [f"X{n}" for n in range(40)])

    def counted(work: object) -> int:
        taken: list[str] = []
        listener = lambda *given: taken.append(given[2])  # noqa: E731
        event.listen(deployment.store.engine, "before_cursor_execute", listener)
        work()  # type: ignore[operator]
        event.remove(deployment.store.engine, "before_cursor_execute", listener)
        return len(taken)

    def told() -> None:
        with deployment.store.reading() as session:
            account = account_read(session, "M")
            assert account is not None
            benefits_of(session, deployment.program, account, date(2026, 6, 1))

    def many(number: int) -> None:
        with deployment.store.reading() as session:
            accounts = read_stretch(session, 1, 100)[:number]
            rights(session, deployment.program, accounts, date(2026, 6, 1))

    before = counted(told)
    tier(deployment, "high", "2026-02-01")
    for n in range(5):
        given(deployment, "2026-03-01", "pass", 2, key=f"g{n}")
        used(deployment, "2026-03-02", "pass", 1, f"u{n}")
    picked(deployment, "2026-03-01", "gift", "ups")
    assert counted(told) == before <= 9
    assert counted(lambda: many(1)) == counted(lambda: many(40))


def test_benefits_tell_everything_of_a_member(deploy: Deploy, tmp_path: Path) -> None:
    deployment = deployed(deploy, tmp_path)
    tier(deployment, "low", "2026-02-01")
    used(deployment, "2026-02-02", "lounge")
    with deployment.store.reading() as session:
        account = account_read(session, "M")
        assert account is not None
        told = benefits_of(session, deployment.program, account, date(2026, 2, 3))
    assert (told.tier, told.next_tier) == ("low", "high")
    assert ("bags", "Front", "1") in [(has.benefit, has.parameter, has.words) for has in told.chart]
    lounge = next(right for right in told.rights if right.what == "lounge")
    assert (lounge.left, lounge.used, lounge.quota, lounge.through) == (1, 1, 2, date(2026, 12, 31))
    assert lounge.reason == "quota for 2026: 2 for Low since February 1, 2026 (rules of 2020-01-01)"
    (gift,) = [choice for choice in told.choices if choice.choice == "gift"]
    assert (gift.picks, gift.through, gift.default) == (1, date(2027, 1, 31), "pass")
    assert [option.option for option in gift.options if option.allowed] == ["pass", "stars", "far"]
    assert told.left["lounge"] == 1 and told.left["up"] == 2
    assert any("Own line" in line for line in told.adds)
    assert balance(deployment) == {}
