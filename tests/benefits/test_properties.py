"""What is true of entitlements whatever happens: never more used than there was, the same however often it is asked."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.benefits.choices import Picked
from loyalty.benefits.entitlements import Rights, rights_of
from loyalty.benefits.instruments import good_again, names, valid_day
from loyalty.benefits.periods import choice_of, periods, quota_of
from loyalty.benefits.rights import Granted, Known, Used
from loyalty.program.load import Program, load
from loyalty.status.windows import FAR
from tests.benefits import entitled
from tests.jobs import orbit

FIRST = date(2026, 1, 1).toordinal()
DAYS = 1100


@cache
def program(*changes: tuple[str, str]) -> Program:
    """Orbit with benefits; with changes, as (day, per of the lounge), further editions."""
    folder = Path(tempfile.mkdtemp())
    orbit.config(folder, ladder=entitled.LADDER, benefits=entitled.BENEFITS)
    for begins, per in changes:
        other = entitled.BENEFITS.replace("quota: {per: calendar_year}, cells: {low: 2, high: 4}",
                                          f"quota: {{per: {per}}}, cells: {{low: 1, high: 5}}")  # fmt: skip
        orbit.write_edition(folder, begins, ladder=entitled.LADDER, benefits=other)
    made = load(folder / "programs" / "orbit")
    shutil.rmtree(folder)
    return made


PROGRAMS = st.sampled_from([(), (("2027-03-15", "membership_year"),), (("2026-07-01", "membership_year"),
                                                                       ("2028-02-29", "calendar_year"))])  # fmt: skip
DAY = st.integers(FIRST, FIRST + DAYS)
SPANS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from(["ground", "low", "high"])), min_size=1, max_size=8)
ACTS = st.lists(
    st.tuples(
        DAY,
        st.sampled_from(["use", "use", "use", "return", "grant", "extend", "revoke", "pick"]),
        st.sampled_from(["lounge", "guests", "calls", "up", "seat", "pass"]),
        st.integers(1, 4),
    ),
    max_size=25,
)


def timeline(lengths: list[tuple[int, str]], enrolled: int) -> list[tuple[int, int, str]]:
    spans, at = [], enrolled
    for length, tier in lengths:
        spans.append((at, at + length, tier))
        at += length
    return [*spans, (at, FAR, "ground")]


def told(mine: Rights) -> list[tuple[object, ...]]:
    """What a day says of each entitlement, without what is only foreseen."""
    return sorted(
        (one.number, one.what, one.begins, one.quota(mine.day), mine.taken[one.number], mine.left(one, mine.day))
        for one in mine.entitlements
    )


def lived(made: Program, spans: list[tuple[int, int, str]], acts: list[tuple[int, str, str, int]]) -> Iterator[Known]:
    """A member's facts as they grow, act by act; what would be refused is left out."""
    known = Known(FIRST, None, spans, [(FIRST, ("window", None, None))])
    for n, (day, verb, what, amount) in enumerate(sorted(acts)):
        mine = rights_of(made, known, day)
        uses, grants = list(known.uses), list(known.grants)
        if verb == "use":
            on = valid_day(made, what, date.fromordinal(day + 7 * amount), date.fromordinal(day)).toordinal()
            parts = mine.take(what, amount, on)
            if sum(part for _, part in parts) == amount:
                uses += [Used(n, k, one.number, what, part, day, on, "used", None, None, None, str(n))
                         for k, (one, part) in enumerate(parts)]  # fmt: skip
        elif verb == "return" and (open_ := [use for use in uses if use.returned is None]):
            gone = open_[amount % len(open_)].id
            again = good_again(made, what, date.fromordinal(day))
            uses = [use._replace(state="returned", returned=day, until=again.toordinal() if again else None)
                    if use.id == gone else use for use in uses]  # fmt: skip
        elif verb == "grant":
            grants.append(Granted(n, "grant", what, amount, day, day + 100 * amount, None, day, "", "", "", str(n)))
        elif verb in ("extend", "revoke") and (mine.of(what)):
            one = mine.of(what)[amount % len(mine.of(what))]
            kind, until = ("extension", day + 200) if verb == "extend" else ("revocation", FAR)
            grants.append(Granted(n, kind, what, 0, day, until, one.number, day, "", "", "", str(n)))
        picks = list(known.picks)
        if verb == "pick":
            option = ["pass", "ups", "stars", "far"][amount - 1]
            (period,) = [one for one in periods(made, choice_of(made, "gift"), FIRST, day) if one.first <= day <= one.last]
            picks.append(Picked("gift", period.first, n, option, day, str(n)))
        known = Known(FIRST, None, spans, known.traits, (), picks, grants, uses)
        yield known


@settings(max_examples=60)
@given(changes=PROGRAMS, lengths=SPANS, acts=ACTS)
def test_never_more_than_there_was_and_every_use_is_accounted_for(
    changes: tuple[tuple[str, str], ...], lengths: list[tuple[int, str]], acts: list[tuple[int, str, str, int]]
) -> None:
    made = program(*changes)
    for known in lived(made, timeline(lengths, FIRST), acts):
        day = max([max(use.on, use.returned or 0) for use in known.uses] + [one.posted for one in known.grants], default=FIRST)
        mine = rights_of(made, known, day)
        entitled_to = {one.number: one for one in mine.entitlements}
        assert len(entitled_to) == len(mine.entitlements)
        for use in known.uses:
            assert use.entitlement in entitled_to
        for number, taken in mine.taken.items():
            most = max(step.amount for step in entitled_to[number].steps if step.on <= day)
            assert 0 < taken <= most
        running = [use for use in known.uses if use.returned is None or use.until is not None]
        assert sum(mine.taken.values()) == sum(use.amount for use in running)
        assert all(mine.left(one, on) >= 0 for one in mine.entitlements for on in (day, day + 30))


@settings(max_examples=60)
@given(changes=PROGRAMS, lengths=SPANS, acts=ACTS, days=st.lists(DAY, min_size=1, max_size=4))
def test_a_day_says_the_same_whenever_it_is_asked_and_numbers_stay(
    changes: tuple[tuple[str, str], ...], lengths: list[tuple[int, str]], acts: list[tuple[int, str, str, int]],
    days: list[int],
) -> None:  # fmt: skip
    """As known then: facts learnt later, and tiers held later, change nothing of what a day said."""
    made, spans = program(*changes), timeline(lengths, FIRST)
    for on in days:
        by_then = [Known(FIRST, None, spans, [(FIRST, ("window", None, None))])]
        whole = by_then[0]
        for known in lived(made, spans, acts):
            if max([use.on for use in known.uses] + [one.posted for one in known.grants] + [one.on for one in known.picks],
                   default=0) <= on and all((use.returned or 0) <= on for use in known.uses):  # fmt: skip
                by_then.append(known)
            whole = known
        before, after = rights_of(made, by_then[-1], on), rights_of(made, whole, on)
        assert told(before) == told(after) == told(rights_of(made, whole, on))
        cut = [(begins, min(until, on + 1), tier) for begins, until, tier in spans if begins <= on]
        known_then = Known(FIRST, None, cut, whole.traits, (), whole.picks, whole.grants, whole.uses)
        assert [row[:5] for row in told(rights_of(made, known_then, on))] == [row[:5] for row in told(after)]
        later = {one.number for one in rights_of(made, whole, on + 50).entitlements}
        assert {one.number for one in after.entitlements} <= later


@given(changes=PROGRAMS, lengths=SPANS, acts=ACTS, day=DAY)
def test_the_order_of_use_is_total_and_a_use_follows_it(
    changes: tuple[tuple[str, str], ...], lengths: list[tuple[int, str]], acts: list[tuple[int, str, str, int]], day: int
) -> None:
    made = program(*changes)
    known = [Known(FIRST, None, timeline(lengths, FIRST)), *lived(made, timeline(lengths, FIRST), acts)][-1]
    mine = rights_of(made, known, day)
    orders = [one.order for one in mine.entitlements]
    assert orders == sorted(set(orders))
    for what in names(made):
        for amount in (1, 3):
            parts = mine.take(what, amount, day)
            taken = {one.number: part for one, part in parts}
            assert sum(taken.values()) == min(amount, mine.total(what, day))
            # nobody behind is taken from while one before has any left
            for before, after in pairwise(mine.of(what)):
                if taken.get(after.number):
                    assert taken.get(before.number, 0) == mine.left(before, day)


@given(changes=PROGRAMS, enrolled=st.integers(date(2023, 1, 1).toordinal(), FIRST + 900), day=DAY,
       name=st.sampled_from(["lounge", "guests", "calls"]))  # fmt: skip
def test_every_day_lies_in_exactly_one_period(changes: tuple[tuple[str, str], ...], enrolled: int, day: int, name: str) -> None:
    made = program(*changes)
    found = list(periods(made, quota_of(made, name), enrolled, day))
    assert sum(one.first <= day <= one.last for one in found) == 1
    for one, following in pairwise(found):
        assert following.first == one.last + 1
    if name == "guests":
        anchor = date.fromordinal(enrolled)
        for one in found:
            first = date.fromordinal(one.first)
            assert (first.month, first.day) in {(anchor.month, anchor.day), (2, 28) if anchor.day == 29 else (0, 0)}
