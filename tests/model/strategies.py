"""Random programs and random histories, small enough that thresholds are crossed, lost and crossed again."""

from datetime import date
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from loyalty.program.ladder import MonthEnd, Validity
from loyalty.status.claims import Fact, History
from loyalty.status.compiled import Ladder, Path, Rules
from loyalty.status.windows import compile_validity
from tests.model.oracle import EVER, Life, Needs, Posting, Stated, Terms

START = date(2014, 1, 1).toordinal()
#: The last day that anything happens on, and the last that is compared: the longest validity is over by then.
LAST = START + 3 * 365
HORIZON = START + 5 * 365
#: Days on which something is likelier to go wrong: first and last days of windows, of months, the leap day.
EDGES = [
    date(year, month, day).toordinal() - START
    for year in (2014, 2015, 2016)
    for month, day in ((1, 1), (2, 1), (3, 1), (12, 31))
] + [date(2016, 2, 29).toordinal() - START]

offsets = st.one_of(st.integers(0, 400), st.integers(0, LAST - START), st.sampled_from(EDGES))
validities = st.one_of(
    st.builds(lambda month, years: Validity(through_end_of=MonthEnd(month=month, years_after=years)),
              st.sampled_from([1, 2, 6, 12]), st.integers(0, 2)),
    st.sampled_from([1, 3, 12, 13]).map(lambda months: Validity(months=months)),
    st.integers(0, 1).map(lambda more: Validity(window_end=more)),
)  # fmt: skip


# --- programs ---------------------------------------------------------------------------------------------------


def needs(counters: int, least: int = 1, most: int = 14) -> st.SearchStrategy[Needs]:
    return st.one_of(
        st.dictionaries(st.integers(0, counters - 1), st.integers(least, most), min_size=1, max_size=size) for size in (1, 2)
    )


@st.composite
def terms(
    draw: Any, begins: int, tiers: int, counters: int, keeps: bool = True, least: int = 0, strict: bool = False
) -> Terms:  # fmt: skip
    """One edition. Half of them rise: each path of a tier, with more of everything, is one of the tier above."""
    reach: dict[int, list[Needs]] = {}
    rising = draw(st.booleans())
    last: list[Needs] = []
    for rank in range(1, tiers + 1):
        if rising and last:
            paths = [{at: most + draw(st.integers(0, 6)) for at, most in path.items()} for path in last]
        else:
            paths = draw(st.lists(needs(counters, least), min_size=0 if rank > 1 else 1, max_size=2))
        if paths:
            reach[rank] = last = paths
    keep = {}
    if keeps and draw(st.sampled_from([True, True, False])):
        for rank in [rank for rank in range(1, tiers + 1) if draw(st.sampled_from([True, True, False]))]:
            less = [{at: (least + 1) // 2 for at, least in path.items()} for path in reach.get(rank, [])]
            keep[rank] = less or [draw(needs(counters, most=6))]
    lifetime = {rank: [draw(needs(counters, 10))] for rank in draw(st.sets(st.integers(1, tiers), max_size=2))}
    lifetime = lifetime if draw(st.integers(0, 2)) == 0 else {}
    return Terms(begins, f"edition {begins}", reach, keep, lifetime, draw(validities), strict or draw(st.booleans()))


@st.composite
def editions(draw: Any, tiers: int, counters: int, most: int = 3, **limits: Any) -> tuple[Terms, ...]:
    begins = sorted(draw(st.sets(offsets, max_size=most - 1)))
    return tuple(draw(terms(START + at, tiers, counters, **limits)) for at in [-1000, *begins])


# --- histories --------------------------------------------------------------------------------------------------


@st.composite
def postings(draw: Any, counters: int, days: list[int]) -> tuple[Posting, ...]:
    """Entries on a few posting days, so that days are shared; some late by up to two years, some negative, some undone."""
    found = []
    for _ in range(draw(st.sampled_from([6, 0, 3, 9, 12, 15]))):
        posted = draw(st.sampled_from(days))
        late = draw(st.sampled_from([0, 0, 0, 0, 1, 40, 250, 500]))
        counter, amount = draw(st.integers(0, counters - 1)), draw(st.sampled_from([9, 1, 4, 5, 7, 12, 20, -1, -7]))
        found.append(Posting(posted, posted - late, counter, amount))
        if draw(st.integers(0, 3)) == 0:
            undone = draw(st.sampled_from(days))
            found.append(Posting(max(posted, undone), posted - late, counter, -amount))
    return tuple(sorted(found, key=lambda posting: (posting.posted, posting.on, posting.counter, posting.amount)))


@st.composite
def stated(draw: Any, tiers: int, days: list[int]) -> tuple[Stated, ...]:
    """Grants and revocations. Their ids are in no order, as keys are hashed."""
    ids = draw(st.permutations(range(1, 6)))
    found: list[Stated] = []
    for n in range(draw(st.sampled_from([1, 0, 2, 3, 4]))):
        posted, rank = draw(st.sampled_from(days)), draw(st.integers(0, tiers))
        grants = [fact for fact in found if fact.kind != "revoked"]
        kind = draw(st.sampled_from(["granted", "granted", "invited", "waived", "revoked", "revoked"]))
        if kind != "revoked":
            begins = posted + draw(st.sampled_from([-10, 0, 0, 1, 50, 365]))
            until = draw(st.sampled_from([begins + 1, begins + 30, begins + 365, begins + 600, EVER]))
            window = date.fromordinal(posted).year if kind == "waived" else None
            found.append(Stated(posted, ids[n], kind, rank, begins, until, None, draw(instants), window))
        elif grants and draw(st.booleans()):
            grant = draw(st.sampled_from(grants))
            found.append(Stated(max(posted, grant.posted), ids[n], kind, 0, posted, EVER, grant.id, draw(instants)))
        else:
            found.append(Stated(posted, ids[n], kind, min(rank, tiers - 1), posted, EVER, None, draw(instants)))
    return tuple(found)


#: Facts of one day come one after another, or at the same instant.
instants = st.integers(0, 2)


@st.composite
def lives(draw: Any, most: int = 3, facts: bool = True, **limits: Any) -> Life:
    """A member's life under a program of 1 to 4 tiers above the base, 1 to 3 counters, 1 to `most` editions."""
    tiers, counters = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 2, 3]))
    enrolled = START + draw(st.sampled_from([0, 0, 1, 200, 365]))
    days = [max(START + at, enrolled - 60) for at in draw(st.lists(offsets, min_size=4, max_size=8))]
    rules = draw(editions(tiers, counters, most, **limits))
    # a posting on the very day that rules change
    days += [later.begins for later in rules[1:] if draw(st.booleans())]
    left = draw(st.one_of(st.none(), st.none(), st.none(), st.integers(enrolled, LAST)))
    facts_ = draw(stated(tiers, days)) if facts else ()
    return Life(rules, counters, enrolled, left, draw(postings(counters, days)), facts_)


# --- as the engine takes them -----------------------------------------------------------------------------------


def rules_of(life: Life) -> Rules:
    """The rules of a life, compiled as the engine folds them."""
    ladders = tuple(_ladder(given) for given in life.terms)
    ranks = 1 + max((rank for given in life.terms for rank in (*given.reach, *given.keep, *given.lifetime)), default=0)
    ranks = max([ranks, *(1 + fact.rank for fact in life.stated)])
    return Rules(
        tuple(f"tier {rank}" for rank in range(ranks)), tuple(f"counter {place}" for place in range(life.counters)), ladders
    )


def _ladder(given: Terms) -> Ladder:
    reach, keep, lifetime = (
        tuple((rank, tuple(_path(path) for path in paths)) for rank, paths in sorted(ways.items()))
        for ways in (given.reach, given.keep, given.lifetime)
    )
    until = compile_validity(given.validity)
    rising = _rises(given.reach) and _rises(given.lifetime)
    return Ladder(given.begins, given.name, reach, keep, lifetime, until, given.strict, rising)


def _path(path: Needs) -> Path:
    needs = tuple(path.items())
    return Path(lambda totals: all(totals[place] >= least for place, least in needs), needs)


def _rises(ways: dict[int, list[Needs]]) -> bool:
    """Whether every path of a tier asks for all that some path of the tier below asks for."""
    ordered = [paths for _, paths in sorted(ways.items())]
    return all(
        any(all(place in path and path[place] >= least for place, least in lower.items()) for lower in below)
        for below, paths in pairwise(ordered)
        for path in paths
    )


def history_of(life: Life) -> History:
    """A member's history as the engine reads it, entries by posting day and the day they count for."""
    entries = sorted((posting.posted, posting.on, posting.counter, posting.amount) for posting in life.postings)
    return History(life.enrolled, life.left, entries, [Fact(**vars(fact)) for fact in life.stated])
