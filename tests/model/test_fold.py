"""The fold against the slow oracle, and what must hold of it for every program and every history."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loyalty.program.ladder import Validity
from loyalty.status.claims import History, Span, known_through, standing_on
from loyalty.status.timeline import Walk, timeline
from tests.model.engine import agree, covers_membership, history_of, rules_of, tiers
from tests.model.oracle.days import days_of
from tests.model.oracle.terms import Life, Posting, Program
from tests.model.strategies import HORIZON, START, ladder, lives, units


def examples(count: int) -> settings:
    """So many examples; more where others than the usual ones are explored (make explore)."""
    explored = settings.default is not None and not settings.default.derandomize
    return settings(max_examples=20 * count if explored else count)


def through(found: list[tuple[int, int, int]], day: int) -> list[tuple[int, int, int]]:
    return [change for change in found if change[0] <= day]


def from_(found: list[tuple[int, int, int]], day: int) -> list[tuple[int, int, int]]:
    standing = [(day, *change[1:]) for change in found if change[0] <= day][-1:]
    return standing + [change for change in found if change[0] > day]


@examples(120)
@given(life=lives())
def test_every_day_is_as_the_oracle_says(life: Life) -> None:
    spans = timeline(rules_of(life), history_of(life))
    covers_membership(spans, life)
    days = days_of(life, HORIZON)
    agree(spans, days)
    for span in spans:
        if span.begins <= HORIZON:
            assert (span.hold.source, span.hold.totals, span.hold.short) in days[span.begins].best, span


@examples(100)
@given(life=lives(), random=st.randoms(use_true_random=True))
def test_neither_feeds_nor_the_order_of_a_posting_day_matter(life: Life, random: Random) -> None:
    rules, history = rules_of(life), history_of(life)
    whole = timeline(rules, history)
    for cut in _boundaries(history):
        for advanced in (False, True):
            walk = Walk(rules, history)
            walk.feed(history.entries[:cut])
            if advanced:
                walk.advance(history.entries[cut][0])
            walk.feed(history.entries[cut:])
            assert walk.finish() == whole
    for _ in range(3):
        shuffled = random.sample(history.entries, len(history.entries))
        again = timeline(rules, history._replace(entries=sorted(shuffled, key=lambda entry: entry[0])))
        assert tiers(again) == tiers(whole)
        assert timeline(rules, history._replace(facts=random.sample(history.facts, len(history.facts)))) == whole


def _boundaries(history: History) -> Iterator[int]:
    for cut in range(1, len(history.entries)):
        if history.entries[cut - 1][0] < history.entries[cut][0]:
            yield cut


@examples(100)
@given(life=lives(), also=st.integers(START, HORIZON))
def test_the_past_is_never_rewritten(life: Life, also: int) -> None:
    rules, history = rules_of(life), history_of(life)
    whole = timeline(rules, history)
    happened = [entry[0] for entry in history.entries] + [fact.posted for fact in history.facts]
    for day in {*happened, also}:
        known, next_day = known_through(history, day)
        assert next_day == min((later for later in happened if later > day), default=None)
        assert [*known.entries, *known.facts] == [
            *(entry for entry in history.entries if entry[0] <= day), *(fact for fact in history.facts if fact.posted <= day)
        ]  # fmt: skip
        then = timeline(rules, known)
        assert through(tiers(then), day) == through(tiers(whole), day)
        assert _opening(then, day) == _opening(whole, day)


def _opening(spans: Sequence[Span], day: int) -> int | None:
    span = standing_on(spans, day)
    return None if span is None else span.opening if span.begins == day else span.rank


@examples(150)
@given(life=lives(keeps=False, least=1, strict=True), data=st.data())
def test_a_posting_taken_back_leaves_nothing(life: Life, data: Any) -> None:
    """Under strict reversal, where nothing else happens between the two. (A path to keep may be met by either.)"""
    posted = data.draw(st.sampled_from([START, *(posting.posted + 1 for posting in life.postings)]))
    undone = posted + data.draw(st.integers(0, 20))
    begun = [begins.toordinal() for begins, _, _ in life.program.editions]
    happens = [*begun, *(posting.posted for posting in life.postings), *(max(f.posted, life.enrolled) for f in life.stated)]
    assume(not any(posted <= day <= undone for day in happens))
    on, counter = (
        posted - data.draw(st.sampled_from([0, 0, 30, 300])),
        data.draw(st.integers(0, len(life.program.editions[0][2]) - 1)),
    )
    extra = [Posting(day, on, counter, amount) for day, amount in ((posted, 15), (undone, -15))]
    stays = replace(life, left=None)
    more = replace(stays, postings=(*life.postings, *extra))
    rules = rules_of(life)
    before, after = timeline(rules, history_of(stays)), timeline(rules, history_of(more))
    assert from_(tiers(before), undone) == from_(tiers(after), undone)
    assert through(tiers(before), posted - 1) == through(tiers(after), posted - 1)


# --- thresholds -------------------------------------------------------------------------------------------------


def one_year(thresholds: Sequence[int]) -> Life:
    """A program of one counter: the least total of each tier, held through the year."""
    reach = {rank: [{0: least}] for rank, least in enumerate(thresholds, 1)}
    only = ladder(len(thresholds), reach, {}, {}, Validity(window_end=0), strict=True)
    return Life(Program(((date.fromordinal(START), only, units(1)),)), START)


def rank_with(life: Life, *amounts: int) -> int:
    """The tier on the day of the last of some postings, one a day."""
    entries = [(START + n, START + n, 0, amount) for n, amount in enumerate(amounts)]
    span = standing_on(timeline(rules_of(life), History(START, None, entries)), START + max(len(amounts) - 1, 0))
    assert span is not None
    return span.rank


@examples(100)
@given(thresholds=st.sets(st.integers(1, 10**9), min_size=1, max_size=5).map(sorted))
def test_one_less_is_the_tier_below_and_one_more_is_no_tier_above(thresholds: list[int]) -> None:
    life = one_year(thresholds)
    for rank, least in enumerate(thresholds, 1):
        more = rank + (least + 1 in thresholds)
        assert [rank_with(life, amount) for amount in (least - 1, least, least + 1)] == [rank - 1, rank, more]
        assert [rank_with(life, least - 1, *ones) for ones in ((), (1,), (1, 1))] == [rank - 1, rank, more]


def test_exactly_the_threshold() -> None:
    assert [rank_with(one_year([100, 150, 200]), 149, *more) for more in ((), (1,), (1, 49), (1, 50))] == [1, 2, 2, 3]


def test_a_tier_whose_minimum_is_0_begins_with_the_first_posting() -> None:
    life = one_year([0, 25_000, 50_000])
    assert [rank_with(life, *amounts) for amounts in ((), (1,), (24_999,), (25_000,), (50_000,))] == [0, 1, 1, 2, 3]
