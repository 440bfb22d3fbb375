"""A fold that is kept and gone on with is the fold of everything: for random lives under programs of the whole language."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.status.claims import History, known_through, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.paths import Look
from loyalty.status.timeline import Walk
from loyalty.status.waypoints import Unpacker, is_kept, packed, unpacked
from tests.model import lives as whole_language
from tests.model import strategies
from tests.model.engine import history_of, rules_of
from tests.model.oracle.terms import Life
from tests.model.strategies import HORIZON
from tests.model.test_fold import examples


def seen(rules: Rules, known: History, day: int, walks: list[Walk]) -> Any:
    """What is told of a member on a day: spans with their evidence, awards, counters, ways."""
    for walk in walks:
        walk.feed(known.entries)
    spans = walks[0].finish()
    walk = walks[1]
    walk.advance(day)
    walk.time.accrue(day + 1)
    window = walk.window_on(day) if day >= known.enrolled else None
    span = standing_on(spans, day)
    ways = tuple(Look(walk, span, day).ways()) if span is not None else ()
    life = walk.life.totals if walk.life else None
    return spans, walks[0].marks.awards, window and (window.key, window.totals), life, ways


def agrees(life: Life, cut: int, day: int) -> None:
    """Kept at the end of one day, and told on a later one."""
    rules, history = rules_of(life), history_of(life)
    if not is_kept(rules) or cut < history.enrolled:
        return
    first, _ = known_through(history, cut)
    known, _ = known_through(history, day)
    if any(track.personal for track in rules.tracks) and bool(first.facts) != bool(known.facts):
        return
    kept = packed(rules, first._replace(left=None))  # that the member leaves may become known later
    later = known._replace(entries=[entry for entry in known.entries if entry[0] > cut])
    found = seen(rules, later, day, [unpacked(rules, kept, known._replace(entries=later.entries)) for _ in range(2)])
    assert found == seen(rules, known, day, [Walk(rules, known) for _ in range(2)])


def days(life: Life, data: Any) -> tuple[int, int]:
    """A day to keep the fold at, most often one on which something was posted, and a later one."""
    posted = sorted({posting.posted for posting in life.postings} | {life.enrolled})
    cut = data.draw(st.sampled_from([*posted, *(day + 1 for day in posted), *(day + 40 for day in posted)]))
    return cut, data.draw(
        st.sampled_from([cut, cut + 1, cut + 31, cut + 400, *(day for day in posted if day > cut), max(cut, HORIZON)])
    )


@examples(60)
@given(life=strategies.lives(), data=st.data())
def test_a_fold_gone_on_with_is_the_fold_of_everything(life: Life, data: Any) -> None:
    agrees(life, *days(life, data))


@examples(120)
@given(life=whole_language.lives(), data=st.data())
def test_whatever_the_program_asks_for(life: Life, data: Any) -> None:
    agrees(life, *days(life, data))


@pytest.mark.parametrize("name", ["pickle", "pickle.loads", "io.open", "packed", "read"])
def test_what_is_kept_names_nothing_but_classes_of_the_fold(name: str) -> None:
    module = "loyalty.status.waypoints"
    kept = b"\x80\x04\x8c" + bytes([len(module)]) + module.encode() + b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    with pytest.raises(pickle.UnpicklingError, match="no part of a fold"):
        Unpacker((), kept).load()
