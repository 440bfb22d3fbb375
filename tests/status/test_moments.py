"""The moments at which something is asked: when an attribute changes, and when a milestone is looked at. See docs/ladder.md."""

from loyalty.status.claims import Fact
from tests.status.lived import LADDER, awarded, changes, day, km

# --- an attribute changes -----------------------------------------------------------------------------------------

PAUSE = """
validity: {months: 6}
overrides: [{id: pause, from: 2014-07-01, through: 2014-12-31, extend: 2015-12-31, when: {member.country: cn}}]
"""


def test_who_comes_to_meet_what_an_extension_asks_for_while_the_tier_holds_has_it_longer() -> None:
    """Silver is held through July 31: one who moves that day still holds it, one who moves on August 1 does not."""
    flown = km("2014-02-01", 10)
    assert changes(LADDER + PAUSE, flown, countries={"2014-07-31": "cn"})[1:] == [
        ("2014-02-01", "silver", "2014-07-31"), ("2014-07-31", "silver", "2015-12-31"), ("2016-01-01", "base", "ever"),
    ]  # fmt: skip
    assert changes(LADDER + PAUSE, flown, countries={"2014-08-01": "cn"})[1:] == [
        ("2014-02-01", "silver", "2014-07-31"), ("2014-08-01", "base", "ever"),
    ]  # fmt: skip


def test_a_tier_that_an_attribute_extends_is_still_taken_back() -> None:
    flown = [km("2014-02-01", 10), km("2014-02-01", -10, "2014-09-01")]
    assert changes(LADDER + PAUSE, *flown, countries={"2014-03-01": "cn"})[1:] == [
        ("2014-02-01", "silver", "2014-07-31"), ("2014-03-01", "silver", "2015-12-31"), ("2014-09-01", "base", "ever"),
    ]  # fmt: skip


# --- milestones ---------------------------------------------------------------------------------------------------

GIVES = """
validity: {months: 12}
milestones:
  - {id: five, name: {en: Five}, at: {needs: {legs: 5}, GUARD}, gives: [{instrument: voucher}]}
"""
ONLY_CN = LADDER + GIVES.replace("GUARD", "when: {member.country: cn}")
FROM_SILVER = LADDER + GIVES.replace("GUARD", "holds: silver")


def test_a_tier_that_goes_and_comes_on_one_day_is_no_rise() -> None:
    """Silver of 2013 is refunded on the day on which that of 2012 comes to light: the milestone of 2014 is not looked at."""
    ladder = ONLY_CN.replace("{months: 12}", "{window_end: 2}")
    known = [km("2013-06-01", 10, "2014-01-02"), km("2014-02-01", 5, counter="legs")]
    swapped = [*known, km("2013-06-01", -10, "2014-04-01"), km("2012-06-01", 10, "2014-04-01")]
    assert changes(ladder, *swapped, countries={"2014-03-01": "cn"})[1:3] == [
        ("2014-01-02", "silver", "2015-12-31"), ("2014-04-01", "silver", "2014-12-31"),
    ]  # fmt: skip
    assert awarded(ladder, *swapped, countries={"2014-03-01": "cn"}) == []
    assert awarded(ladder, *known, km("2013-06-02", 10, "2014-04-01"), countries={"2014-03-01": "cn"}) == ["2014-04-01"]


def test_a_milestone_asks_for_the_tier_that_the_day_came_to() -> None:
    """Silver is refunded and the fifth leg flown on one day; and silver is reached on a day by what follows the fifth leg."""
    lost = [km("2014-02-01", 10), km("2014-02-01", -10, "2014-03-01"), km("2014-03-01", 5, counter="legs")]
    assert awarded(FROM_SILVER, *lost) == []
    assert awarded(FROM_SILVER, km("2014-03-01", 5, counter="legs"), km("2014-03-01", 10)) == ["2014-03-01"]


def test_a_milestone_asks_for_the_tier_with_which_the_day_opened() -> None:
    """Silver is granted, which opens the day; on the day on which it is also revoked, the day opens without it."""
    legs = km("2014-02-01", 5, counter="legs")
    given = Fact(day("2014-04-01"), 1, "granted", 1, day("2014-04-01"), day("2014-06-01"))
    assert awarded(FROM_SILVER, legs, facts=[given]) == ["2014-04-01"]
    taken = Fact(day("2014-04-01"), 2, "revoked", 0, day("2014-04-01"), day("2014-06-01"))
    assert awarded(FROM_SILVER, legs, facts=[given, taken]) == []


def test_a_tier_that_ends_as_it_is_granted_anew_is_no_rise() -> None:
    """Silver is over on August 1, the day on which one becomes Chinese and is granted silver."""
    ladder = ONLY_CN.replace("{months: 12}", "{months: 6}")
    flown = [km("2014-02-01", 10), km("2014-02-01", 5, counter="legs")]
    given = Fact(day("2014-08-01"), 1, "granted", 1, day("2014-08-01"), day("2014-12-01"))
    assert awarded(ladder, *flown, facts=[given], countries={"2014-08-01": "cn"}) == []
    late = given._replace(posted=day("2014-08-02"))
    assert awarded(ladder, *flown, facts=[late], countries={"2014-08-01": "cn"}) == ["2014-08-02"]
