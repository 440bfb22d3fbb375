"""Where two rules of a ladder meet, by example: each of these once went wrong, or was told by nobody. See docs/ladder.md."""

from itertools import permutations

from loyalty.status.claims import Fact
from tests.status.lived import LADDER, changes, day, km, revoked

# --- an end that is put off -------------------------------------------------------------------------------------

PUT_OFF = LADDER + "validity: {months: 12, from_end: {months: 6}}"


def test_windows_of_one_posting_day_are_looked_at_in_their_order() -> None:
    """Two years known at once, in any order: what the older one gives is what the younger one puts off."""
    for entries in permutations([km("2014-12-01", 20, "2015-03-01"), km("2015-03-01", 10)]):
        assert changes(PUT_OFF, *entries)[1:] == [
            ("2015-03-01", "gold", "2015-11-30"), ("2015-12-01", "silver", "2016-05-31"), ("2016-06-01", "base", "ever"),
        ]  # fmt: skip


def test_what_a_window_gave_puts_off_nothing_that_it_gives_later() -> None:
    ladder = PUT_OFF.replace("[{km: 20}]", "[{legs: 1}]")
    assert changes(ladder, km("2014-02-01", 1, counter="legs"), km("2014-03-01", 10))[1:] == [
        ("2014-02-01", "gold", "2015-01-31"), ("2015-02-01", "silver", "2015-02-28"), ("2015-03-01", "base", "ever"),
    ]  # fmt: skip


def test_each_end_is_asked_for_itself_whether_the_window_is_near() -> None:
    """The end of gold, October 2015, is too far from the window of 2015; that of silver, March 2015, is not."""
    ladder = LADDER.replace("[{km: 20}]}", "[{km: 20}], validity: {months: 18}}")
    ladder += "validity: {months: 12, from_end: {months: 24, in_last: 3}}"
    assert changes(ladder, km("2014-03-01", 10), km("2014-04-01", 10), km("2015-02-01", 10))[1:] == [
        ("2014-03-01", "silver", "2015-02-28"), ("2014-04-01", "gold", "2015-09-30"), ("2015-10-01", "silver", "2017-02-28"),
        ("2017-03-01", "base", "ever"),
    ]  # fmt: skip


def test_a_layer_that_lies_on_nothing_puts_off_nothing() -> None:
    ladder = LADDER.replace("[{km: 20}]}", "[{legs: 1}], layer_on: silver, validity: {months: 36}}")
    ladder += "validity: {months: 3, from_end: {months: 6}}"
    assert changes(ladder, km("2014-02-01", 10), km("2014-02-01", 1, counter="legs"), km("2015-02-01", 10))[1:] == [
        ("2014-02-01", "gold", "2017-01-31"), ("2014-05-01", "base", "ever"), ("2015-02-01", "gold", "2017-01-31"),
        ("2015-05-01", "base", "ever"),
    ]  # fmt: skip


def test_an_end_stays_put_off_when_what_it_was_put_off_from_is_taken_back() -> None:
    assert changes(PUT_OFF, km("2014-12-01", 10), km("2015-03-01", 10), km("2014-12-01", -10, "2015-04-01"))[1:] == [
        ("2014-12-01", "silver", "2015-11-30"), ("2015-03-01", "silver", "2016-05-31"), ("2016-06-01", "base", "ever"),
    ]  # fmt: skip


# --- kept ---------------------------------------------------------------------------------------------------------


def test_who_keeps_a_tier_and_then_reaches_it_in_the_same_window_holds_it_no_shorter() -> None:
    ladder = LADDER.replace("reach: [{km: 10}]", "reach: [{km: 10}], keep: [{km: 5}]")
    ladder += "validity: {months: 12}\nkeep_validity: {months: 24}"
    assert changes(ladder, km("2014-12-01", 10), km("2015-02-01", 5), km("2015-03-01", 5))[1:] == [
        ("2014-12-01", "silver", "2015-11-30"), ("2015-02-01", "silver", "2017-01-31"), ("2017-02-01", "base", "ever"),
    ]  # fmt: skip


KEEPS = LADDER.replace("reach: [{km: 10}]", "reach: [{km: 10}], keep: [{km: 5}]")


def test_a_tier_held_on_the_last_day_of_a_window_is_kept_by_what_is_posted_later() -> None:
    """The window had its first entry before there was anything to keep; when its last comes, silver is over."""
    entries = [km("2014-01-01", 1), km("2013-02-01", 10, "2014-02-01"), km("2014-12-01", 5, "2015-01-01")]
    assert changes(KEEPS + "validity: {window_end: 1}", *entries)[1:] == [
        ("2014-02-01", "silver", "2014-12-31"), ("2015-01-01", "silver", "2015-12-31"), ("2016-01-01", "base", "ever"),
    ]  # fmt: skip


def test_what_one_window_gives_is_kept_by_another_with_the_months_of_its_own_activity() -> None:
    """Both were posted in March: silver of June 2013 is kept from February 10, not from the day of posting."""
    entries = [km("2013-06-01", 10, "2014-03-01"), km("2014-02-10", 5, "2014-03-01")]
    assert changes(KEEPS + "validity: {months: 12}", *entries)[1:] == [
        ("2014-03-01", "silver", "2015-02-09"), ("2015-02-10", "base", "ever"),
    ]  # fmt: skip


def test_who_holds_a_tier_in_grace_keeps_a_lower_one_by_the_same_window() -> None:
    """Grace is of no window: silver is kept, from the day on which gold is in grace, by what had given gold."""
    ladder = KEEPS.replace("reach: [{km: 10}], ", "") + "validity: {months: 3}\nlapse: {grace: {days: 45}}"
    assert changes(ladder, km("2014-03-01", 20))[1:4] == [
        ("2014-03-01", "gold", "2014-05-31"), ("2014-06-01", "gold", "2014-07-15"), ("2014-07-16", "silver", "2014-08-31"),
    ]  # fmt: skip


AT_END = LADDER + "keep: at_end\n"


def test_thresholds_of_a_window_tied_to_the_end_are_those_of_its_own_first_day() -> None:
    """Silver ends in the window of 2015, but October to December 2014 are counted, and 2014 asks for half."""
    ladder = AT_END.replace("reach: [{km: 10}]", "reach: [{km: 10}], keep: [{km: 8}]")
    ladder += "keep_window: {months: 3, before_end: 1}\nvalidity: {months: 6}\n"
    ladder += "overrides: [{id: half, from: 2014-01-01, through: 2014-12-31, thresholds: 50}]"
    assert changes(ladder, km("2014-08-01", 5), km("2014-11-01", 4))[1:] == [
        ("2014-08-01", "silver", "2015-01-31"), ("2015-02-01", "silver", "2015-07-31"), ("2015-08-01", "base", "ever"),
    ]  # fmt: skip


def test_who_lands_within_a_personal_window_holds_that_tier_through_it() -> None:
    """Gold is in grace for a day; that silver follows opens no window: it ends with the one from April to June."""
    ladder = AT_END.replace("calendar_year", "{months: 3, begins: month_after_tier_change}")
    ladder += "validity: {window_end: 0}\nlapse: {to: one_tier_down, grace: {days: 1}}"
    assert changes(ladder, km("2014-09-29", 20))[3:] == [
        ("2015-04-01", "gold", "2015-04-01"), ("2015-04-02", "silver", "2015-06-30"), ("2015-07-01", "silver", "2015-07-01"),
        ("2015-07-02", "base", "ever"),
    ]  # fmt: skip


def test_a_layer_that_lies_on_nothing_is_not_held() -> None:
    """Gold lies on silver, which is not there: a path that asks for gold is not met."""
    ladder = LADDER.replace("[{km: 20}]}", "[{legs: 1}], layer_on: silver}")
    ladder = ladder.replace("window:", "  - {id: top, name: {en: Top}, reach: [{needs: {km: 1}, holds: gold}]}\nwindow:")
    assert changes(ladder + "validity: {months: 3}", km("2014-02-01", 1, counter="legs"), km("2014-02-01", 1)) == [
        ("2014-01-01", "base", "ever"),
    ]  # fmt: skip


def test_a_path_to_reach_that_had_to_wait_is_met_when_the_tier_before_is_taken_back() -> None:
    """Silver of 2014 stands in the way of silver of 2015, until the refund of the flight of 2014."""
    ladder = AT_END + "validity: {through_end_of: {month: 3, years_after: 1}}"
    assert changes(ladder, km("2014-12-01", 10), km("2015-02-01", 10), km("2014-12-01", -10, "2015-02-15"))[1:] == [
        ("2014-12-01", "silver", "2015-03-31"), ("2015-02-15", "silver", "2016-03-31"), ("2016-04-01", "base", "ever"),
    ]  # fmt: skip


def test_a_path_to_reach_that_had_to_wait_is_met_when_the_tier_is_over_and_not_kept() -> None:
    """Kept by October to December, too little; but the calendar year of the end has enough."""
    ladder = AT_END + "keep_window: {months: 3, before_end: 1}\nvalidity: {through_end_of: {month: 1, years_after: 1}}"
    assert changes(ladder, km("2014-03-01", 10), km("2015-01-10", 20))[1:] == [
        ("2014-03-01", "silver", "2015-01-31"), ("2015-01-10", "gold", "2016-01-31"), ("2016-02-01", "base", "ever"),
    ]  # fmt: skip
    assert changes(ladder, km("2014-03-01", 10), km("2015-01-10", 10))[1:] == [
        ("2014-03-01", "silver", "2015-01-31"), ("2015-02-01", "silver", "2016-01-31"), ("2016-02-01", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_kept_in_its_own_window_by_a_path_to_reach_is_not_lost_by_a_refund_that_leaves_enough() -> None:
    ladder = AT_END + "keep_window: {months: 6}\nvalidity: {months: 3}"
    assert changes(ladder, km("2014-01-02", 10), km("2014-03-01", 2), km("2014-03-01", -2, "2014-04-10"))[1:] == [
        ("2014-01-02", "silver", "2014-04-01"), ("2014-04-02", "silver", "2014-07-01"), ("2014-07-02", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_kept_by_the_window_before_its_end_is_none_of_the_window_that_begins_that_day() -> None:
    """The year before the end, March 2015 to February 2016, is also a window of the ladder; what that gives is not revoked."""
    ladder = AT_END.replace("reach: [{km: 10}]", "reach: [{km: 10}], keep: [{km: 5}]")
    ladder = ladder.replace("calendar_year", "{months: 12, begins: {month: 3}}")
    ladder += "keep_window: {months: 12, before_end: 0}\nvalidity: {months: 24, whole_months: true}"
    entries = [km("2014-02-01", 10), km("2015-04-01", 5), km("2015-05-01", 5, "2016-05-01")]
    assert changes(ladder, *entries, facts=[revoked("2016-04-01", 0)])[1:] == [
        ("2014-02-01", "silver", "2016-02-29"), ("2016-03-01", "silver", "2018-02-28"), ("2016-04-01", "base", "ever"),
        ("2016-05-01", "silver", "2017-05-31"), ("2017-06-01", "base", "ever"),
    ]  # fmt: skip


# --- what was won, extended, paid and taken back ------------------------------------------------------------------


def test_a_tier_that_an_edition_extends_is_still_taken_back() -> None:
    extending = """
overrides:
  - {id: pause, from: 2014-01-01, through: 2016-12-31, extend: 2017-12-31}
"""
    ladder = LADDER + "validity: {months: 12}"
    entries = [km("2014-02-01", 10), km("2014-02-01", -10, "2014-08-01")]
    assert changes(ladder, *entries, editions={"2014-06-01": ladder + extending})[1:] == [
        ("2014-02-01", "silver", "2015-01-31"), ("2014-06-01", "silver", "2017-12-31"), ("2014-08-01", "base", "ever"),
    ]  # fmt: skip


PAYS = LADDER + "counters: {km: {when_met: pay}, legs: {when_met: pay}}\n"


def test_a_tier_that_is_over_stays_paid() -> None:
    """Silver of February is over when its flight is refunded: it is not given again, and what is owed is flown first."""
    entries = [km("2014-02-01", 10), km("2014-02-01", -10, "2014-06-01"), km("2014-07-01", 29), km("2014-07-02", 1)]
    assert changes(PAYS + "validity: {months: 3}", *entries)[1:] == [
        ("2014-02-01", "silver", "2014-04-30"), ("2014-05-01", "base", "ever"), ("2014-07-02", "gold", "2014-10-01"),
        ("2014-10-02", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_taken_back_returns_all_that_it_cost() -> None:
    """Gold cost 20 km and a leg; the leg is refunded: the 20 km are there for two legs more."""
    ladder = PAYS.replace("[{km: 10}]", "[]").replace("[{km: 20}]", "[{km: 20, legs: 1}]") + "validity: {months: 12}"
    entries = [km("2014-02-01", 20), km("2014-02-01", 1, counter="legs"), km("2014-02-01", -1, "2014-03-01", counter="legs")]
    assert changes(ladder, *entries, km("2014-04-01", 1, counter="legs"))[1:] == [
        ("2014-02-01", "gold", "2015-01-31"), ("2014-03-01", "base", "ever"), ("2014-04-01", "gold", "2015-03-31"),
        ("2015-04-01", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_that_was_over_is_not_extended_by_an_edition_that_begins_later() -> None:
    """Silver of 2013 is over when the edition begins, though its end lies in the time that is extended."""
    extending = "\noverrides:\n  - {id: pause, from: 2014-01-01, through: 2014-12-31, extend: 2015-12-31}\n"
    ladder = LADDER + "validity: {months: 12}"
    entries = [km("2013-06-01", 10, "2014-01-02"), km("2014-02-01", 10)]
    assert changes(ladder, *entries, editions={"2014-09-01": ladder + extending})[1:] == [
        ("2014-01-02", "silver", "2014-05-31"), ("2014-02-01", "silver", "2015-01-31"), ("2015-02-01", "base", "ever"),
    ]  # fmt: skip


def test_what_time_brings_is_judged_by_the_edition_that_begins_that_day() -> None:
    """A whole year of silver is full on the day on which it is no longer asked for."""
    entries = [km("2014-01-01", 10)]
    ladder = LADDER + "validity: {months: 36}"
    for_life = ladder + "\nlifetime:\n  - {tier: gold, path: {held: {tier: silver, years: 1}}}"
    assert changes(for_life, *entries) == [("2014-01-01", "silver", "2016-12-31"), ("2015-01-01", "gold", "ever")]
    assert changes(for_life, *entries, editions={"2015-01-02": ladder})[-1] == ("2015-01-01", "gold", "ever")
    assert changes(for_life, *entries, editions={"2015-01-01": ladder})[-1] == ("2017-01-01", "base", "ever")


def test_a_window_tied_to_the_end_of_a_tier_averages_levels() -> None:
    """500,000 from the middle of the three months before the end are 250,000 on average: too little."""
    ladder = """
base: base
tiers:
  - {id: base, name: {en: Base}}
  - {id: silver, name: {en: Silver}, reach: [{km: 10}], keep: [{savings: 400000}]}
window: calendar_year
keep: at_end
keep_window: {months: 3, before_end: 0}
validity: {months: 11}
"""
    assert changes(ladder, km("2014-02-01", 10), km("2014-11-16", 500_000, counter="savings"))[1:3] == [
        ("2014-02-01", "silver", "2014-12-31"), ("2015-01-01", "base", "ever"),
    ]  # fmt: skip
    assert changes(ladder, km("2014-02-01", 10), km("2014-10-10", 500_000, counter="savings"))[1:3] == [
        ("2014-02-01", "silver", "2014-12-31"), ("2015-01-01", "silver", "2015-11-30"),
    ]  # fmt: skip


def test_a_tier_reached_again_in_its_grace_has_its_own_grace() -> None:
    """Grace of the first and silver of the second end on one day."""
    ladder = LADDER + "validity: {months: 1}\nlapse: {grace: {months: 1}}"
    ladder = ladder.replace("calendar_year", "{months: 1}")
    assert changes(ladder, km("2014-01-01", 10), km("2014-02-01", 10)) == [
        ("2014-01-01", "silver", "2014-01-31"), ("2014-02-01", "silver", "2014-02-28"), ("2014-03-01", "silver", "2014-03-31"),
        ("2014-04-01", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_lands_on_a_day_that_is_in_no_window() -> None:
    """The window of 2014 was made to end in October; gold ends in November."""
    ladder = (
        LADDER
        + """
stretched: [{day: 2014-06-01, from: 2014-01-01, through: 2014-10-31}]
validity: {months: 6}
lapse: {to: one_tier_down, validity: {through_end_of: {month: 3, years_after: 1}}}
"""
    )
    assert changes(ladder, km("2014-05-15", 20)) == [
        ("2014-01-01", "base", "ever"), ("2014-05-15", "gold", "2014-11-14"), ("2014-11-15", "silver", "2015-03-31"),
        ("2015-04-01", "base", "ever"),
    ]  # fmt: skip


def test_what_rolled_into_a_personal_window_counts_on_the_day_on_which_the_tier_asks_for_less() -> None:
    """Nothing happens at the end of the first window but that half is rolled over; the edition of May asks for no more."""
    ladder = LADDER.replace("calendar_year", "{months: 3, begins: tier_change}")
    ladder += "keep: at_end\nvalidity: {window_end: 0}\ncounters: {km: {rollover: {of: all, percent: 50}}}"
    editions = {"2014-05-01": ladder.replace("[{km: 10}]", "[{km: 4}]")}
    assert changes(ladder, km("2014-02-01", 8), editions=editions)[:2] == [
        ("2014-01-01", "base", "ever"), ("2014-05-01", "silver", "2014-07-31"),
    ]  # fmt: skip


def test_nothing_rolls_over_for_who_falls_from_a_tier_that_was_granted() -> None:
    """Silver is granted through the end of the third window; the 8 km of the first roll as far as that."""
    ladder = LADDER.replace("calendar_year", "{months: 3, begins: tier_change}")
    ladder += "keep: at_end\nvalidity: {window_end: 0}\ncounters: {km: {rollover: {of: all, unless_fallen: true}}}"
    granted = Fact(day("2014-02-01"), 1, "granted", 1, day("2014-02-01"), day("2014-10-01"))
    flown = [km("2014-02-01", 8), km("2014-10-01", 5), km("2014-10-02", 5)]
    assert changes(ladder, *flown, facts=[granted])[1:4] == [
        ("2014-02-01", "silver", "2014-09-30"), ("2014-10-01", "base", "ever"), ("2014-10-02", "silver", "2015-01-01"),
    ]  # fmt: skip
    longer = granted._replace(until=granted.until + 1)
    assert changes(ladder, *flown, facts=[longer])[2] == ("2014-10-01", "silver", "2014-12-31")


def test_what_was_revoked_in_a_personal_window_is_reached_by_what_rolls_into_the_next() -> None:
    ladder = LADDER.replace("calendar_year", "{months: 6, begins: tier_change}")
    ladder += "keep: at_end\nvalidity: {window_end: 0}\ncounters: {km: {rollover: {of: all}}}"
    assert changes(ladder, km("2014-05-01", 10), facts=[revoked("2014-05-01", 0)])[:2] == [
        ("2014-01-01", "base", "ever"), ("2014-07-01", "silver", "2014-12-31"),
    ]  # fmt: skip


def test_what_rolls_into_a_window_that_is_judged_at_its_end_waits_for_that_end() -> None:
    ladder = LADDER.replace("calendar_year", "{months: 6, judged: at_end}")
    ladder += "validity: {window_end: 1}\ncounters: {km: {when_met: pay, rollover: {of: all}}}"
    assert changes(ladder, km("2014-02-01", 25))[1:] == [
        ("2014-07-01", "silver", "2014-12-31"), ("2015-01-01", "silver", "2015-06-30"), ("2015-07-01", "base", "ever"),
    ]  # fmt: skip


def test_who_loses_a_tier_by_revocation_has_the_lower_one_that_it_stood_in_the_way_of() -> None:
    """Gold came first, by legs; with keep: at_end, silver was not reached below it."""
    ladder = AT_END.replace("[{km: 20}]", "[{legs: 1}]") + "validity: {months: 12}"
    entries = [km("2014-02-01", 1, counter="legs"), km("2014-03-01", 10)]
    assert changes(ladder, *entries, facts=[revoked("2014-05-01", 1)])[1:3] == [
        ("2014-02-01", "gold", "2015-01-31"), ("2014-05-01", "silver", "2015-04-30"),
    ]  # fmt: skip


def test_a_layer_reached_with_a_tier_holds_from_the_personal_window_that_the_tier_opens() -> None:
    ladder = AT_END.replace("calendar_year", "{months: 3, begins: tier_change}").replace(
        "[{km: 20}]", "[{km: 10}], layer_on: silver"
    )
    ladder = ladder.replace("layer_on: silver}", "layer_on: silver, validity: {window_end: 1}}") + "validity: {window_end: 2}"
    assert changes(ladder, km("2014-02-10", 10))[1][2] == "2014-08-09"


def test_what_was_reached_in_a_window_and_kept_in_it_is_not_reached_there_again() -> None:
    """Kept on March 1 by the 10 km of the year; in April 12 are asked for, and there are 12 in June."""
    ladder = AT_END + "validity: {months: 1}"
    entries = [km("2014-02-01", 10), km("2014-06-01", 2)]
    editions = {"2014-03-15": ladder.replace("[{km: 10}]", "[{km: 12}]")}
    assert changes(ladder, *entries, editions=editions)[1:] == [
        ("2014-02-01", "silver", "2014-02-28"), ("2014-03-01", "silver", "2014-03-31"), ("2014-04-01", "base", "ever"),
    ]  # fmt: skip


def test_what_was_held_by_a_kept_tier_until_it_was_reached_was_held() -> None:
    """The first half of 2014 gives silver anew; on the last day of the second, silver was held by what that had kept."""
    ladder = KEEPS.replace("calendar_year", "{months: 6}") + "validity: {months: 12}"
    entries = [km("2013-06-01", 10, "2014-01-01"), km("2014-04-01", 5)]
    entries += [km("2014-06-01", 5, "2015-02-01"), km("2014-12-01", 5, "2015-02-01")]
    assert changes(ladder, *entries)[-2:] == [("2015-02-01", "silver", "2015-11-30"), ("2015-12-01", "base", "ever")]
