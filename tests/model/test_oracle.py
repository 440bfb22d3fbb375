"""The oracle by hand: examples computed from docs/ladder.md and the published rules, not from any program."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from loyalty.program.ladder import LadderFile, Window
from loyalty.program.models import Attribute, Unit
from tests.model.oracle.calendar import EVER, Layout, containing, ending_with, laid, tied_to
from tests.model.oracle.days import Day, told
from tests.model.oracle.story import Award
from tests.model.oracle.terms import Life, Posting, Program, Stated


def on(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def tier(name: str, *reach: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": name, "name": {"en": name}, "reach": reach, **more}


def ladder(*tiers: dict[str, Any], **more: Any) -> LadderFile:
    found: dict[str, Any] = {"window": "calendar_year", "validity": {"through_end_of": {"month": 1, "years_after": 2}}, **more}
    return LadderFile.model_validate({"base": "base", "tiers": (tier("base"), *tiers), **found})


def life(
    ladders: LadderFile | Sequence[tuple[str, LadderFile]],
    entries: Sequence[tuple[Any, ...]] = (),
    enrolled: str = "2014-01-01",
    kind: Any = "counter",
    **more: Any,
) -> Life:
    """Entries: (day posted, amount[, day for which it counts[, place of the counter]])."""
    units = {"km": Unit(kind=kind, name={"en": "km"}), "own": Unit(kind="counter", name={"en": "own"})}
    editions = [("2000-01-01", ladders)] if isinstance(ladders, LadderFile) else ladders
    program = Program(tuple((date.fromisoformat(begins), one, units) for begins, one in editions), more.pop("attributes", {}))
    postings = [
        Posting(on(entry[0]), on(entry[2] if len(entry) > 2 else entry[0]), entry[3] if len(entry) > 3 else 0, entry[1])
        for entry in entries
    ]
    return Life(program, on(enrolled), None, tuple(sorted(postings, key=lambda p: (p.posted, p.on))), **more)


def held(days: dict[int, Day]) -> list[tuple[str, int, str | None]]:
    """(first day, rank, day on which it no longer holds) of every change."""
    found: list[tuple[str, int, str | None]] = []
    for day, about in days.items():
        until = None if about.until == EVER else str(date.fromordinal(about.until))
        if not found or found[-1][1:] != (about.rank, until):
            found.append((str(date.fromordinal(day)), about.rank, until))
    return found


def run(member: Life, through: str = "2020-12-31") -> list[tuple[str, int, str | None]]:
    return held(told(member, on(through))[0])


def span(layout: dict[str, Any], day: str, enrolled: str = "2014-01-31") -> list[tuple[str, str]]:
    found = Layout("", Window.model_validate(layout), (), on(enrolled))
    if layout.get("every") == "day":
        frames = [ending_with(found, on(day))]
    elif "before_end" in layout:
        frames = [tied_to(found, on(day) + 1)]
    else:
        frames = list(containing(found, on(day)))
        assert [laid(found, frame.place) for frame in frames] == frames
    return [(str(date.fromordinal(frame.first)), str(date.fromordinal(frame.last))) for frame in frames]


# --- windows ----------------------------------------------------------------------------------------------------


def test_windows() -> None:
    assert span({"months": 12, "begins": {"month": 3}}, "2014-02-28") == [("2013-03-01", "2014-02-28")]
    assert span({"months": 12, "begins": "enrolment"}, "2015-02-01") == [("2015-01-31", "2016-01-30")]
    assert span({"months": 1, "begins": "enrolment"}, "2014-03-01") == [("2014-02-28", "2014-03-30")]
    assert span({"months": 12, "begins": "enrolment_month"}, "2014-01-05") == [("2014-01-01", "2014-12-31")]
    assert span({"months": 24}, "2015-05-05") == [("2014-01-01", "2015-12-31")]
    assert span({"months": 5}, "2000-06-01") == [("2000-06-01", "2000-10-31")]
    assert span({"months": 24, "every": 12}, "2015-05-05") == [("2014-01-01", "2015-12-31"), ("2015-01-01", "2016-12-31")]
    assert len(span({"months": 12, "every": 1}, "2015-05-05")) == 12
    assert span({"months": 12, "every": "day"}, "2014-03-15") == [("2013-03-16", "2014-03-15")]
    assert span({"days": 30, "every": "day"}, "2014-03-30") == [("2014-03-01", "2014-03-30")]
    assert span({"months": 12, "before_end": 1}, "2026-07-31") == [("2025-07-01", "2026-06-30")]


def test_activity_of_a_stretched_window_counts_in_both() -> None:
    stretched = ({"day": "2014-06-01", "from": "2014-01-01", "through": "2015-03-31"},)
    rules = ladder(tier("silver", {"km": 10}), stretched=stretched, validity={"window_end": 0})
    assert run(life(rules, [("2014-05-01", 6), ("2015-02-01", 4), ("2015-05-01", 6)])) == [
        ("2014-01-01", 0, None),
        ("2015-02-01", 1, "2015-04-01"),
        ("2015-04-01", 0, None),
        ("2015-05-01", 1, "2016-01-01"),
        ("2016-01-01", 0, None),
    ]


def test_a_window_judged_at_its_end_forgets_what_was_met_in_between() -> None:
    rules = ladder(tier("silver", {"km": 10}), window={"months": 12, "judged": "at_end"}, validity={"months": 12})
    assert run(life(rules, [("2014-05-01", 12), ("2014-06-01", -3), ("2015-05-01", 10)])) == [
        ("2014-01-01", 0, None),
        ("2016-01-01", 1, "2017-01-01"),
        ("2017-01-01", 0, None),
    ]


def test_a_level_stands_for_its_average() -> None:
    """500 from October 2 on is 91 days of 365: an average of 124."""
    rules = ladder(
        tier("silver", {"km": 124}),
        tier("gold", {"km": 125}),
        window={"months": 12, "judged": "at_end"},
        validity={"window_end": 1},
    )
    assert run(life(rules, [("2014-10-02", 500), ("2015-01-01", -500)], kind="level"))[:2] == [
        ("2014-01-01", 0, None),
        ("2015-01-01", 1, "2016-01-01"),
    ]


def test_what_is_posted_too_late_does_not_count() -> None:
    rules = ladder(tier("silver", {"km": 10}), window={"months": 12, "closes_after": 10})
    assert run(life(rules, [("2015-01-10", 10, "2014-12-31")]))[1:2] == [("2015-01-10", 1, "2016-02-01")]
    assert run(life(rules, [("2015-01-11", 10, "2014-12-31")]))[1:2] == []


# --- counters ---------------------------------------------------------------------------------------------------


def test_580_xp_climb_three_tiers_in_one_day_and_pay_for_each() -> None:
    rules = ladder(
        tier("silver", {"km": 100}),
        tier("gold", {"km": 180}),
        tier("platinum", {"km": 300}),
        window={"months": 12, "begins": "month_after_tier_change"},
        keep="at_end",
        validity={"window_end": 0},
        counters={"km": {"when_met": "pay"}},
        lapse={"to": "one_tier_down"},
    )
    assert run(life(rules, [("2014-03-10", 580)]), "2018-12-31") == [
        ("2014-01-01", 0, None),
        ("2014-03-10", 3, "2015-04-01"),
        ("2015-04-01", 2, "2016-04-01"),
        ("2016-04-01", 1, "2017-04-01"),
        ("2017-04-01", 0, None),
    ]
    # 579 leave 299 for platinum; what is left opens the next window: one more, a month later, is enough
    assert run(life(rules, [("2014-03-10", 579), ("2014-04-10", 1)]), "2014-12-31")[1:] == [
        ("2014-03-10", 2, "2015-04-01"),
        ("2014-04-10", 3, "2015-05-01"),
    ]
    # a reversal of one takes platinum back, and with it come back its 300
    assert run(life(rules, [("2014-03-10", 580), ("2014-05-01", -1), ("2014-06-01", 1)]), "2014-12-31")[1:] == [
        ("2014-03-10", 3, "2015-04-01"),
        ("2014-05-01", 2, "2015-04-01"),
        ("2014-06-01", 3, "2015-07-01"),
    ]


def delta(**rollover: Any) -> LadderFile:
    return ladder(
        tier("silver", {"km": 25_000}, {"own": 30}),
        tier("gold", {"km": 50_000}, {"own": 60}),
        counters={"km": {"rollover": {"of": "excess", "earned": "silver", **rollover}}},
    )


def test_40_000_over_25_000_roll_15_000() -> None:
    entries = [("2014-05-01", 40_000), ("2015-05-01", 9_999), ("2015-06-01", 1)]
    assert run(life(delta(), entries)) == [
        ("2014-01-01", 0, None),
        ("2014-05-01", 1, "2016-02-01"),
        ("2015-06-01", 1, "2017-02-01"),
        ("2017-02-01", 0, None),
    ]
    half = [("2014-05-01", 40_000), ("2015-05-01", 17_499), ("2015-06-01", 1)]
    assert run(life(delta(percent=50), half))[2:3] == [("2015-06-01", 1, "2017-02-01")]
    most = [("2014-05-01", 40_000), ("2015-05-01", 19_999), ("2015-06-01", 1)]
    assert run(life(delta(most={"tier": {"silver": 5000, "gold": 9000}}), most))[2:3] == [("2015-06-01", 1, "2017-02-01")]


def test_what_rolls_in_may_reach_a_tier_as_the_year_opens() -> None:
    rolled = life(delta(), [("2014-05-01", 80_000)])  # 30,000 above gold
    assert run(rolled, "2016-12-31") == [
        ("2014-01-01", 0, None),
        ("2014-05-01", 2, "2016-02-01"),
        ("2016-02-01", 1, "2017-02-01"),
    ]
    assert run(life(delta(), [("2014-05-01", 24_999), ("2015-05-01", 24_999)])) == [("2014-01-01", 0, None)]


def test_late_activity_that_earns_a_higher_tier_lowers_what_was_rolled_over() -> None:
    """20,000 above silver; with 6,000 more there are 1,000 above gold, and a tier earned with the 20,000 goes."""
    entries = [("2014-05-01", 45_000), ("2015-03-01", 5_000), ("2015-04-01", 6_000, "2014-12-01")]
    days, _ = told(life(delta(), entries), on("2017-12-31"))
    assert held(days) == [
        ("2014-01-01", 0, None),
        ("2014-05-01", 1, "2016-02-01"),
        ("2015-03-01", 1, "2017-02-01"),
        ("2015-04-01", 2, "2016-02-01"),
        ("2016-02-01", 0, None),
    ]


def test_what_was_rolled_in_once_is_not_rolled_on() -> None:
    plain = ladder(tier("silver", {"km": 20}), counters={"km": {"rollover": {"of": "all"}}})
    once = ladder(tier("silver", {"km": 20}), counters={"km": {"rollover": {"of": "all", "once": True}}})
    entries = [("2014-05-01", 10), ("2015-05-01", 5), ("2016-05-01", 5)]
    assert run(life(plain, entries))[1:2] == [("2016-05-01", 1, "2018-02-01")]
    assert run(life(once, entries)) == [("2014-01-01", 0, None)]


def test_a_tier_that_is_in_grace_was_not_kept_and_nothing_rolls_over() -> None:
    rules = ladder(
        tier("silver", {"km": 10}),
        window={"months": 3, "begins": "tier_change"},
        keep="at_end",
        validity={"window_end": 0},
        lapse={"grace": {"days": 45}},
        counters={"km": {"when_met": "pay", "rollover": {"of": "all", "unless_fallen": True}}},
    )
    assert run(life(rules, [("2014-02-01", 14), ("2014-06-30", 6)]))[1:] == [
        ("2014-02-01", 1, "2014-05-01"),
        ("2014-05-01", 1, "2014-06-15"),
        ("2014-06-15", 0, None),
    ]


# --- ends -------------------------------------------------------------------------------------------------------


def test_a_soft_landing_takes_four_years() -> None:
    rules = ladder(
        *(tier(name, {"km": least}) for name, least in (("silver", 10), ("gold", 20), ("platinum", 30), ("diamond", 40))),
        validity={"through_end_of": {"month": 12, "years_after": 0}},
        lapse={"to": "one_tier_down"},
    )
    assert run(life(rules, [("2014-05-01", 40)])) == [
        ("2014-01-01", 0, None),
        ("2014-05-01", 4, "2015-01-01"),
        ("2015-01-01", 3, "2016-01-01"),
        ("2016-01-01", 2, "2017-01-01"),
        ("2017-01-01", 1, "2018-01-01"),
        ("2018-01-01", 0, None),
    ]


def test_kept_at_the_end_by_the_months_before_it() -> None:
    """Through 2027-07-31: July 2026 through June 2027 count; what is posted from August 1 on is too late."""
    rules = ladder(
        tier("silver", {"km": 10}, keep=({"km": 6},)),
        keep="at_end",
        keep_window={"months": 12, "before_end": 1},
        validity={"through_end_of": {"month": 7, "years_after": 2}},
    )

    def ends(posted: str, counted: str) -> list[str | None]:
        member = life(rules, [("2025-05-31", 10), (posted, 6, counted)], "2025-01-01")
        return [until for _, rank, until in run(member, "2028-01-01") if rank == 1]

    for counted in ("2026-07-01", "2027-06-30"):
        assert ends(counted, counted) == ["2027-08-01", "2028-08-01"]
        assert ends("2027-07-31", counted) == ["2027-08-01", "2028-08-01"]
        assert ends("2027-08-01", counted) == ["2027-08-01"]
    for counted in ("2026-06-30", "2027-07-01"):
        assert ends(counted, counted) == ["2027-08-01"]


def test_grace_once_and_then_the_fall() -> None:
    lapse = {"to": "one_tier_down", "grace": {"months": 3}, "validity": {"months": 1}}
    rules = ladder(tier("silver", {"km": 10}), tier("gold", {"km": 20}), validity={"months": 12}, lapse=lapse)
    assert run(life(rules, [("2014-05-01", 20)])) == [
        ("2014-01-01", 0, None),
        ("2014-05-01", 2, "2015-05-01"),
        ("2015-05-01", 2, "2015-08-01"),
        ("2015-08-01", 1, "2015-09-01"),
        ("2015-09-01", 1, "2015-12-01"),
        ("2015-12-01", 0, None),
    ]


def test_a_floor_holds_for_ever() -> None:
    rules = ladder(tier("silver", {"km": 10}), tier("gold", {"km": 20}), validity={"months": 1}, lapse={"floor": "silver"})
    assert run(life(rules, [("2014-05-01", 20)]))[1:] == [("2014-05-01", 2, "2014-06-01"), ("2014-06-01", 1, None)]


def test_who_holds_it_already_gets_months_beyond_its_end() -> None:
    validity = {"months": 12, "from_end": {"months": 12, "in_last": 12}}
    rules = ladder(tier("silver", {"km": 10}), validity=validity)
    assert run(life(rules, [("2014-05-01", 10), ("2015-02-01", 10)]))[1:] == [
        ("2014-05-01", 1, "2015-05-01"),
        ("2015-02-01", 1, "2016-05-01"),
        ("2016-05-01", 0, None),
    ]


def test_an_extension_reaches_what_was_earned_before() -> None:
    plain = {"validity": {"months": 12}}
    extended = {"id": "x", "from": "2015-01-01", "through": "2015-12-31", "extend": "2016-06-30"}
    rules = [("2000-01-01", ladder(tier("silver", {"km": 10}), **plain)),
             ("2015-03-01", ladder(tier("silver", {"km": 10}), overrides=(extended,), **plain))]  # fmt: skip
    assert run(life(rules, [("2014-05-01", 10)]))[1:] == [
        ("2014-05-01", 1, "2015-05-01"),
        ("2015-03-01", 1, "2016-07-01"),
        ("2016-07-01", 0, None),
    ]


# --- beside the tiers -------------------------------------------------------------------------------------------


def test_a_layer_holds_on_top_of_its_tier_only() -> None:
    rules = ladder(
        tier("gold", {"km": 10}, validity={"months": 1}), tier("top", {"own": 5}, layer_on="gold", validity={"months": 12})
    )
    entries = [("2014-02-01", 5, "2014-02-01", 1), ("2014-05-01", 10)]
    assert run(life(rules, entries)) == [("2014-01-01", 0, None), ("2014-05-01", 2, "2015-02-01"), ("2014-06-01", 0, None)]


def test_whole_years_held_are_a_lifetime() -> None:
    rules = ladder(tier("silver", {"km": 10}), lifetime=({"tier": "silver", "path": {"held": {"tier": "silver", "years": 2}}},))
    entries = [("2014-01-01", 10), ("2015-05-01", 1), ("2015-06-01", 9)]
    assert run(life(rules, entries)) == [
        ("2014-01-01", 1, "2016-02-01"),
        ("2015-06-01", 1, "2017-02-01"),
        ("2016-01-01", 1, None),
    ]


def test_days_held_accrue_to_a_lifetime() -> None:
    accrual = {"counter": "own", "per_day": {"silver": 1}}
    rules = ladder(
        tier("silver", {"km": 10}),
        accruals=(accrual,),
        lifetime=({"tier": "silver", "path": {"own": 31}},),
        validity={"months": 12},
    )
    assert run(life(rules, [("2014-05-01", 10)]))[1:] == [("2014-05-01", 1, "2015-05-01"), ("2014-06-01", 1, None)]


def test_milestones_again_and_withdrawn() -> None:
    """Six at 100,000, two more every 50,000; 5,001 taken back from 200,000 withdraw the third."""
    milestone = {"id": "gpu", "name": {"en": "GPU"}, "at": {"km": 100_000}, "every": 50_000, "gives": ({"instrument": "gpu"},)}
    member = life(ladder(milestones=(milestone,)), [("2014-05-01", 155_000), ("2014-06-01", 45_000), ("2014-07-01", -5_001)])
    awards = told(member, on("2014-12-31"))[1]

    def shown(award: Award) -> tuple[int, str, str | None]:
        return award.n, str(date.fromordinal(award.on)), (award.withdrawn and str(date.fromordinal(award.withdrawn))) or None

    assert [shown(award) for award in awards] == [
        (1, "2014-05-01", None),
        (2, "2014-05-01", None),
        (3, "2014-06-01", "2014-07-01"),
    ]


def test_a_trial_is_confirmed_by_its_own_days_even_late() -> None:
    offer = {
        "id": "match",
        "name": {"en": "M"},
        "tiers": ("silver",),
        "trial": {"months": 3},
        "goal": {"km": 10},
        "then": {"months": 12},
    }
    rules = ladder(tier("silver", {"km": 100}), offers=(offer,))
    trial = Stated(on("2014-03-01"), 1, "trial", 1, on("2014-03-01"), on("2014-06-01"), offer="match")
    entries = [("2014-02-01", 50), ("2014-05-01", 9), ("2014-06-10", 1, "2014-05-31")]
    assert run(life(rules, entries, stated=(trial,)), "2016-01-01")[1:] == [
        ("2014-03-01", 1, "2014-06-01"),
        ("2014-06-01", 0, None),
        ("2014-06-10", 1, "2015-06-10"),
        ("2015-06-10", 0, None),
    ]
    assert run(life(rules, [*entries[:2], ("2014-06-10", 1)], stated=(trial,)), "2016-01-01")[2:] == [("2014-06-01", 0, None)]


def test_thresholds_of_a_group_are_rounded_up() -> None:
    override = {"id": "x", "from": "2014-01-01", "through": "2014-12-31", "thresholds": 75, "when": {"member.country": "cn"}}
    rules = ladder(tier("silver", {"km": 11}), overrides=(override,))

    def rank(amount: int, country: str, year: int = 2014) -> int:
        attributes = {"country": Attribute(type="text")}
        entries = [(f"{year}-05-01", amount)]
        member = life(rules, entries, attributes=attributes, traits=((on("2014-01-01"), (country,)),))
        return told(member, on(f"{year}-05-01"))[0][on(f"{year}-05-01")].rank

    assert [rank(8, "cn"), rank(9, "cn"), rank(9, "de"), rank(9, "cn", 2015), rank(11, "de")] == [0, 1, 0, 0, 1]
