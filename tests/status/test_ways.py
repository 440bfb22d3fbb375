"""What a member is told of the ways to a tier: that what is still to come, and no less, gets there."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.program.load import Program, load
from loyalty.status.claims import History, standing_on
from loyalty.status.ladder import rules_of
from loyalty.status.progress import position
from loyalty.status.queries import Account
from loyalty.status.timeline import timeline
from loyalty.status.told import told_of
from loyalty.status.ways import Further
from tests.conftest import ROOT

PROGRAMS = [load(folder) for folder in sorted((ROOT / "config" / "programs").iterdir())]
ENROLLED = date(2023, 5, 14).toordinal()
TODAY = date(2026, 3, 10)


@st.composite
def histories(draw: st.DrawFn, program: Program) -> History:
    """A member with some of what the paths ask for, in the last three years."""
    rules = rules_of(program)
    scale = {
        place: sorted({need for ladder in rules.ladders for path in ladder.paths for at, need in path.needs if at == place})
        for place in range(len(rules.counters))
    }
    entries = []
    for _ in range(draw(st.integers(0, 8))):
        place = draw(st.integers(0, len(rules.counters) - 1))
        most = draw(st.sampled_from(scale[place] or [10]))
        on = draw(st.integers(ENROLLED, TODAY.toordinal()))
        entries.append((on, on, place, draw(st.integers(1, most + 1))))
    values = tuple(draw(st.sampled_from([None, True])) if about.type == "flag" else None for about in rules.attributes.values())
    return History(ENROLLED, None, sorted(entries), (), [(ENROLLED, values)])


def ranks(program: Program, history: History) -> tuple[int, int]:
    """The rank held at the end of today, and the end of the claim to it."""
    rules = rules_of(program)
    span = standing_on(timeline(rules, history), TODAY.toordinal())
    assert span is not None
    return span.rank, span.hold.until


def more(program: Program, history: History, one: Further, amount: int) -> History:
    """The same with more of a counter, posted today."""
    today = TODAY.toordinal()
    entry = (today, today, rules_of(program).index[one.counter], amount)
    return history._replace(entries=sorted([*history.entries, entry]))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
@settings(max_examples=50)
@given(data=st.data())
def test_so_much_more_and_no_less_reaches_the_next_tier(program: Program, data: st.DataObject) -> None:
    history = data.draw(histories(program))
    where = position(program, history, TODAY)
    assert where.span is not None
    rules = rules_of(program)
    for one in where.further:
        windows = [way.by for way in where.ways if way.tier == one.tier and way.purpose == one.purpose]
        if one.purpose == "reach" and one.amount and rules.index[one.counter] not in rules.levels:
            least = rules.tiers.index(one.tier)
            after = more(program, history, one, one.amount)
            assert _reached(program, after, least, max(filter(None, windows), default=None)), one
            if one.amount > 1:
                before = more(program, history, one, one.amount - 1)
                assert ranks(program, before)[0] < least, one


def _reached(program: Program, history: History, least: int, by: date | None) -> bool:
    """Whether the tier is held at once, or when the windows are over that are judged then."""
    spans = timeline(rules_of(program), history)
    days = [TODAY.toordinal(), *([by.toordinal() + 1] if by else [])]
    return any(span.rank >= least for day in days if (span := standing_on(spans, day)))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.id)
@settings(max_examples=50)
@given(data=st.data())
def test_so_much_more_and_no_less_keeps_the_tier(program: Program, data: st.DataObject) -> None:
    history = data.draw(histories(program))
    where = position(program, history, TODAY)
    assert where.span is not None
    rules, end = rules_of(program), where.span.hold.until
    for one in where.further:
        inside = one.first is None or one.first <= TODAY
        daily = any(track.by_day for track in rules.tracks)
        if one.purpose != "keep" or one.amount is None or rules.index[one.counter] in rules.levels:
            continue
        # what ends with any day has counted today already
        day = TODAY + timedelta(days=daily) if inside else one.first
        assert day is not None
        entry = (day.toordinal(), day.toordinal(), rules.index[one.counter], one.amount)
        after = history._replace(entries=sorted([*history.entries, entry]))
        span = standing_on(timeline(rules, after if one.amount else history), end)
        assert span is not None and span.rank >= where.span.rank, (one, span)


def test_a23_tier_day_and_reason_of_a_fall_are_told_sixty_days_ahead() -> None:
    program = next(program for program in PROGRAMS if program.id == "qantas")
    rules = rules_of(program)
    enrolled, flown = date(2023, 8, 14).toordinal(), date(2024, 9, 2).toordinal()
    credits = [(flown, flown, rules.index["status_credits"], 1400), (flown, flown, rules.index["own_flights"], 4)]
    history = History(enrolled, None, sorted(credits))
    account = Account(1, "Q", date(2023, 8, 14), None, "{}", None, None, None, None, "", None, None, 0, 0, 0, 0)
    told = told_of(program, account, history, {}, {}, date(2026, 7, 31) - timedelta(days=60)).data
    assert (told["tier"], told["standing"]["through"]) == ("platinum", date(2026, 7, 31))
    following = told["next"]
    assert (following["tier"], following["from"], following["through"]) == ("gold", date(2026, 8, 1), date(2027, 7, 31))
    assert following["reason"] == (
        "Platinum ends on July 31, 2026 unless it is kept; then one tier down at the end of a higher one"
    )
    keep = [way for way in told["ways"] if way["purpose"] == "keep"]
    assert [(way["first"], way["by"], way["met"]) for way in keep] == [(date(2025, 8, 1), date(2026, 7, 31), False)]
    assert {one["counter"]: one["missing"] for one in keep[0]["measures"]} == {"status_credits": "1200", "own_flights": "4"}
    # the day itself, and one tier a year from then on
    assert [(span["tier"], span["from"]) for span in told["timeline"]][-3:] == [
        ("gold", date(2026, 8, 1)), ("silver", date(2027, 8, 1)), ("bronze", date(2028, 8, 1))
    ]  # fmt: skip
