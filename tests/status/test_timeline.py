"""The fold by example: each case once went wrong, or is where two rules meet. What holds for all is in tests/model."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from loyalty.program.ladder import LadderFile, Lifetime, MonthEnd, Tier, Validity
from loyalty.program.models import Unit
from loyalty.status.claims import Entry, Fact, History, Span, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.ladder import compile_rules
from loyalty.status.timeline import timeline
from loyalty.status.windows import FAR

JANUARY_AFTER = Validity(through_end_of=MonthEnd(month=1, years_after=1))


def day(text: str) -> int:
    """A day of 2014 as month-day, or any day."""
    return date.fromisoformat(text if len(text) > 5 else f"2014-{text}").toordinal()


TIERS = ("base", "silver", "gold")
UNITS = {"km": Unit(kind="counter", name={"en": "km"})}


def edition(
    begins: str, reach: dict[int, int], keep: dict[int, int] | None = None, strict: bool = True,
    validity: Validity = JANUARY_AFTER, lifetime: dict[int, int] | None = None,
) -> tuple[date, LadderFile]:  # fmt: skip
    """An edition of one counter: rank -> least total."""

    def ways(given: dict[int, int] | None, rank: int) -> tuple[dict[str, Decimal], ...]:
        return ({"km": Decimal(given[rank])},) if given and rank in given else ()

    tiers = [Tier(id=name, name={"en": name}, reach=ways(reach, n), keep=ways(keep, n)) for n, name in enumerate(TIERS)]
    life = [Lifetime(tier=TIERS[rank], path={"km": Decimal(least)}) for rank, least in (lifetime or {}).items()]
    ladder = LadderFile(
        base="base", tiers=tuple(tiers), window="calendar_year", validity=validity, lifetime=tuple(life),
        reversal="strict" if strict else "keep_until_end",
    )  # fmt: skip
    return date.fromordinal(day(begins)), ladder


def rules(*editions: tuple[date, LadderFile]) -> Rules:
    return compile_rules([(begins, ladder, UNITS) for begins, ladder in editions])


def posted(on: str, amount: int, late: str = "") -> Entry:
    return day(late or on), day(on), 0, amount


def folded(
    editions: Sequence[tuple[date, LadderFile]],
    entries: Sequence[Entry] = (),
    facts: Sequence[Fact] = (),
    enrolled: str = "01-01",
):
    """The spans of a member enrolled on New Year's Day."""
    return timeline(rules(*editions), History(day(enrolled), None, entries, facts))


def ranks(spans: Sequence[Span], *days: str) -> list[int]:
    found = [standing_on(spans, day(on)) for on in days]
    return [span.rank for span in found if span]


def granted(on: str, rank: int, until: str = "2015-01-01", id: int = 1) -> Fact:
    return Fact(day(on), id, "granted", rank, day(on), day(until))


def revoked(on: str, rank: int = 0, revokes: int | None = None, id: int = 2) -> Fact:
    return Fact(day(on), id, "revoked", rank, day(on), FAR, revokes)


PLAIN = edition("01-01", {1: 10, 2: 20})
LENIENT = edition("01-01", {1: 10, 2: 20}, strict=False)


@pytest.mark.parametrize("strict", [True, False])
def test_a_reversal_does_not_bring_back_what_was_revoked(strict: bool) -> None:
    entries = [posted("02-01", 25), posted("05-01", -10)]
    spans = folded([PLAIN if strict else LENIENT], entries, [revoked("04-01")])
    assert ranks(spans, "03-31", "04-01", "05-01", "2015-01-31") == [2, 0, 0, 0]


def test_what_was_revoked_is_not_won_again_in_its_window_even_after_a_reversal() -> None:
    entries = [posted("02-01", 15), posted("05-01", -15), posted("06-01", 15), posted("2015-01-10", 15)]
    spans = folded([PLAIN], entries, [revoked("04-01")])
    assert ranks(spans, "03-31", "04-01", "06-01", "2015-01-10") == [1, 0, 0, 1]


@pytest.mark.parametrize("ids", [(1, 2), (2, 1)])
def test_a_grant_is_revoked_on_its_own_day_whatever_the_ids(ids: tuple[int, int]) -> None:
    grant, revocation = ids
    for fact in (revoked("03-01", revokes=grant, id=revocation), revoked("03-01", id=revocation)):
        assert ranks(folded([PLAIN], facts=[granted("03-01", 1, id=grant), fact]), "03-01", "04-01") == [0, 0]


def test_a_revocation_also_ends_what_is_earned_on_its_day() -> None:
    entries = [posted("02-01", 25), posted("2015-01-10", 15)]
    assert ranks(folded([PLAIN], entries, [revoked("2015-01-10")]), "2015-01-09", "2015-01-10") == [2, 0]


def test_a_reversal_leaves_what_is_still_met_by_the_edition_that_gave_it() -> None:
    stricter = edition("03-01", {1: 30, 2: 60})
    entries = [posted("02-01", 14), posted("04-01", -1), posted("05-01", -4)]
    spans = folded([PLAIN, stricter], entries)
    assert ranks(spans, "02-01", "03-01", "04-01", "05-01") == [1, 1, 1, 0]


def test_a_tier_does_not_keep_itself() -> None:
    """Reached with a posting that is taken back: the path to keep is for those who hold the tier without it."""
    keeping = edition("01-01", {1: 10}, {1: 5})
    entries = [posted("02-01", 7), posted("03-01", 3), posted("04-01", -3)]
    assert ranks(folded([keeping], entries), "02-01", "03-01", "04-01") == [0, 1, 0]
    assert ranks(folded([keeping], [posted("02-01", 7), posted("03-01", 7), posted("04-01", -7)], [granted("01-01", 1)]),
                 "04-01", "2015-01-31") == [1, 1]  # fmt: skip


@pytest.mark.parametrize(("lost", "kept"), [("2015-02-01", "02-01"), ("02-01", "2015-02-01")])
def test_a_tier_lost_in_one_window_keeps_nothing_in_another(lost: str, kept: str) -> None:
    keeping = edition("01-01", {1: 10}, {1: 5}, validity=Validity(window_end=2))
    entries = [posted(lost, 10, "2015-03-01"), *sorted([posted(lost, -10, "2015-05-01"), posted(kept, 6, "2015-05-01")])]
    assert ranks(folded([keeping], entries), "2015-04-30", "2015-05-01", "2015-06-01") == [1, 0, 0]


def test_a_tier_that_ends_as_an_edition_begins_is_not_kept_by_it() -> None:
    ending = edition("01-01", {1: 10}, {1: 8}, validity=Validity(months=1))
    kinder = edition("03-01", {1: 10}, {1: 5}, validity=Validity(months=1))
    facts = [granted("01-01", 1, "2014-03-01")]
    assert ranks(folded([ending, kinder], [posted("02-10", 6)], facts), "02-28", "03-01") == [1, 0]


def test_a_gift_of_the_day_on_which_an_edition_begins_keeps_by_that_edition() -> None:
    old, new = edition("01-01", {1: 10}, {1: 5}), edition("03-01", {1: 10}, {1: 8})
    facts = [granted("03-01", 1, "2014-04-01")]
    assert ranks(folded([old, new], [posted("02-10", 6)], facts), "03-01", "04-01") == [1, 0]
    assert ranks(folded([old, new], [posted("02-10", 8)], facts), "03-01", "04-01") == [1, 1]


def test_months_run_from_the_day_on_which_an_edition_or_a_gift_makes_a_path_count() -> None:
    months = Validity(months=2)
    old, new = edition("01-01", {1: 10}, {1: 5}, validity=months), edition("06-01", {1: 5}, validity=months)
    nothing = [posted("05-01", 7), posted("05-02", -7)]
    for more in ([], nothing):
        entries = [posted("01-10", 7), *more]
        assert ranks(folded([old, new], entries), "05-31", "06-01", "07-31", "08-01") == [0, 1, 1, 0]
        assert ranks(folded([old], entries, [granted("06-01", 1, "2014-06-10")]), "06-01", "07-31", "08-01") == [1, 1, 0]


def test_what_was_posted_before_enrolment_is_judged_by_the_edition_of_enrolment() -> None:
    kinder = edition("03-01", {1: 5})
    entries = [posted("02-10", 4), posted("07-10", 2)]
    assert ranks(folded([PLAIN, kinder], entries, enrolled="06-01"), "06-01", "07-10") == [0, 1]


@pytest.mark.parametrize("facts", [(), (granted("06-01", 0),)])
def test_the_day_of_enrolment_opens_with_what_was_known_before(facts: tuple[Fact, ...]) -> None:
    spans = folded([PLAIN], [posted("05-01", 12)], facts, enrolled="06-01")
    assert (spans[0].rank, spans[0].opening) == (1, 1)


def test_the_order_of_a_posting_day_does_not_move_the_end_of_a_tier() -> None:
    entries = [posted("03-05", 5, "04-01"), posted("01-20", 5, "04-01"), posted("02-07", 5, "04-01")]
    for order in permutations(entries):
        spans = folded([edition("01-01", {1: 10}, validity=Validity(months=6))], order)
        assert [(span.rank, span.until) for span in spans][1] == (1, day("09-05"))
