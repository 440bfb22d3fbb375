"""The fold against the slow oracle, for random programs of the whole language of ladder.yaml."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.status.claims import Span, known_through, standing_on
from loyalty.status.timeline import timeline
from tests.model.engine import agree, covers_membership, history_of, rules_of, tiers
from tests.model.lives import lives
from tests.model.oracle.days import told
from tests.model.oracle.story import Award
from tests.model.oracle.terms import Life
from tests.model.plans import BESIDE, MECHANICS
from tests.model.strategies import HORIZON, START


def examples(count: int) -> settings:
    """So many examples; more where others than the usual ones are explored (make explore)."""
    explored = settings.default is not None and not settings.default.derandomize
    return settings(max_examples=20 * count if explored else count)


@pytest.mark.parametrize("mechanic", MECHANICS)
@examples(12)
@given(data=st.data())
def test_a_mechanic_alone_is_as_the_oracle_says(mechanic: str, data: Any) -> None:
    _is_as_the_oracle_says(data.draw(lives({mechanic})))


@pytest.mark.parametrize("mechanic", MECHANICS)
@examples(18)
@given(data=st.data())
def test_a_mechanic_with_editions_facts_and_reversals_is_as_the_oracle_says(mechanic: str, data: Any) -> None:
    _is_as_the_oracle_says(data.draw(lives({mechanic, *BESIDE})))


@examples(80)
@given(life=lives())
def test_all_together_are_as_the_oracle_says(life: Life) -> None:
    _is_as_the_oracle_says(life)


def _is_as_the_oracle_says(life: Life) -> None:
    from loyalty.status.timeline import fold

    folded = fold(rules_of(life), history_of(life))
    days, awards = told(life, HORIZON)
    covers_membership(folded.spans, life)
    agree(folded.spans, days)
    # windows are called by other names
    assert sorted((it[0], it[2], it[3], it[4] or 0) for it in folded.awards if it[3] <= HORIZON) == _sorted(awards)


def _sorted(awards: Sequence[Award]) -> list[tuple[str, int, int, int]]:
    return sorted((award.milestone, award.n, award.on, award.withdrawn or 0) for award in awards)


@examples(80)
@given(life=lives(), also=st.integers(START, HORIZON))
def test_the_past_is_never_rewritten(life: Life, also: int) -> None:
    rules, history = rules_of(life), history_of(life)
    whole = timeline(rules, history)
    happened = [entry[0] for entry in history.entries] + [fact.posted for fact in history.facts]
    for day in {*happened, also}:
        then = timeline(rules, known_through(history, day)[0])
        assert [change for change in tiers(then) if change[0] <= day] == [change for change in tiers(whole) if change[0] <= day]
        assert _opening(then, day) == _opening(whole, day)


def _opening(spans: Sequence[Span], day: int) -> int | None:
    span = standing_on(spans, day)
    return None if span is None else span.opening if span.begins == day else span.rank


@examples(50)
@given(life=lives(), random=st.randoms(use_true_random=True))
def test_the_order_of_a_posting_day_does_not_matter(life: Life, random: Random) -> None:
    rules, history = rules_of(life), history_of(life)
    whole = tiers(timeline(rules, history))
    for _ in range(3):
        shuffled = random.sample(history.entries, len(history.entries))
        again = history._replace(entries=sorted(shuffled, key=lambda entry: entry[0]))
        assert tiers(timeline(rules, again)) == whole
        assert tiers(timeline(rules, history._replace(facts=random.sample(history.facts, len(history.facts))))) == whole
