"""Windows that end with each day of activity: what is carried from one to the next is what counting anew would say."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.program.ladder import LadderFile, Tier, Validity, Window
from loyalty.program.models import Unit
from loyalty.status.claims import Entry, History
from loyalty.status.compiled import Rules
from loyalty.status.counting import Counts
from loyalty.status.ladder import compile_rules

START = date(2014, 1, 1).toordinal()
UNITS = {name: Unit(kind="counter", name={"en": name}) for name in ("km", "legs")}


def rules_of(window: Window) -> Rules:
    """A ladder of one tier, counted in a window."""
    reach = ({"km": Decimal(10)}, {"legs": Decimal(3)})
    tiers = (Tier(id="base", name={"en": "Base"}), Tier(id="silver", name={"en": "Silver"}, reach=reach))
    ladder = LadderFile(base="base", tiers=tiers, window=window, validity=Validity(months=12))
    return compile_rules([(date(2010, 1, 1), ladder, UNITS)])


@st.composite
def histories(draw: st.DrawFn) -> list[Entry]:
    """Activity of three years, much of it late, some of it taken back, in the order in which it became known."""
    found = []
    for _ in range(draw(st.integers(1, 40))):
        posted = START + draw(st.integers(0, 1000))
        on = posted - draw(st.sampled_from([0, 0, 0, 1, 5, 30, 31, 200, 400]))
        found.append((posted, on, draw(st.integers(0, 1)), draw(st.sampled_from([1, 2, 5, 20, -1, -5]))))
    return sorted(found, key=lambda entry: entry[0])


@pytest.mark.parametrize("closes_after", [None, 0, 10])
@pytest.mark.parametrize("length", [{"months": 1}, {"months": 12}, {"days": 1}, {"days": 90}])
@given(entries=histories())
def test_every_window_has_what_counting_anew_would_say(
    length: dict[str, int], closes_after: int | None, entries: list[Entry]
) -> None:
    rules = rules_of(Window(**length, every="day", closes_after=closes_after))  # type: ignore[arg-type]
    counts = Counts(rules, History(START, None, entries))
    (track,) = rules.tracks
    for n, entry in enumerate(entries, 1):
        touched = counts.add(entry)
        posted, on, _, _ = entry
        lasts = {
            one_on for one_posted, one_on, _, _ in entries[:n] if closes_after is None or one_posted <= one_on + closes_after
        }
        assert {window.last for window in counts.all()} == lasts
        for window in counts.all():
            assert window.totals == counts.between(track, window.first, window.last)
            open_ = closes_after is None or posted <= window.last + closes_after
            assert (window in touched) == (window.first <= on <= window.last and open_)
