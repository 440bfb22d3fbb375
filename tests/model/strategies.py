"""Random simple programs and random histories, small enough that thresholds are crossed, lost and crossed again.

Simple: calendar years, plain paths to reach, to keep and for life. The whole language is drawn in programs.py.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from loyalty.program.ladder import LadderFile, Lifetime, MonthEnd, Tier, Validity
from loyalty.program.models import Unit
from tests.model.oracle.calendar import EVER
from tests.model.oracle.terms import Life, Posting, Program, Stated

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

#: Counter -> least total.
Needs = dict[int, int]

offsets = st.one_of(st.integers(0, 400), st.integers(0, LAST - START), st.sampled_from(EDGES))
validities = st.one_of(
    st.builds(lambda month, years: Validity(through_end_of=MonthEnd(month=month, years_after=years)),
              st.sampled_from([1, 2, 6, 12]), st.integers(0, 2)),
    st.sampled_from([1, 3, 12, 13]).map(lambda months: Validity(months=months)),
    st.integers(0, 1).map(lambda more: Validity(window_end=more)),
)  # fmt: skip


# --- programs ---------------------------------------------------------------------------------------------------


def needs(counters: int, least: int = 1, most: int = 14) -> st.SearchStrategy[Needs]:
    sizes = [
        st.dictionaries(st.integers(0, counters - 1), st.integers(least, most), min_size=1, max_size=size) for size in (1, 2)
    ]
    return st.one_of(sizes)


def ladder(
    tiers: int,
    reach: dict[int, list[Needs]],
    keep: dict[int, list[Needs]],
    lifetime: dict[int, list[Needs]],
    validity: Validity,
    strict: bool,
) -> LadderFile:
    """A ladder of calendar years with plain paths by rank."""

    def paths(ways: Sequence[Needs]) -> tuple[dict[str, Decimal], ...]:
        return tuple({f"c{counter}": Decimal(least) for counter, least in way.items()} for way in ways)

    named = [(rank, f"t{rank}") for rank in range(tiers + 1)]
    return LadderFile(
        base="t0",
        tiers=tuple(
            Tier(id=name, name={"en": name}, reach=paths(reach.get(rank, ())), keep=paths(keep.get(rank, ())))
            for rank, name in named
        ),
        window="calendar_year",
        validity=validity,
        reversal="strict" if strict else "keep_until_end",
        lifetime=tuple(Lifetime(tier=f"t{rank}", path=path) for rank, ways in lifetime.items() for path in paths(ways)),
    )


def units(counters: int) -> dict[str, Unit]:
    return {f"c{counter}": Unit(kind="counter", name={"en": "C"}) for counter in range(counters)}


@st.composite
def ladders(draw: Any, tiers: int, counters: int, keeps: bool = True, least: int = 0, strict: bool = False) -> LadderFile:
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
    return ladder(tiers, reach, keep, lifetime, draw(validities), strict or draw(st.booleans()))


@st.composite
def editions(draw: Any, /, tiers: int, counters: int, most: int = 3, **limits: Any) -> Program:
    begins = [START + at for at in sorted(draw(st.sets(offsets, max_size=most - 1)))]
    return Program(
        tuple(
            (date.fromordinal(at), draw(ladders(tiers, counters, **limits)), units(counters)) for at in [START - 1000, *begins]
        )
    )


# --- histories --------------------------------------------------------------------------------------------------


@st.composite
def postings(
    draw: Any,
    counters: int,
    days: list[int],
    amounts: Sequence[int] = (9, 1, 4, 5, 7, 12, 20, -1, -7),
    late: Sequence[int] = (0, 0, 0, 0, 1, 40, 250, 500),
    undone: bool = True,
    least: int = 0,
) -> tuple[Posting, ...]:
    """Entries on a few posting days, so that days are shared; some late by up to two years, some negative, some undone."""
    found = []
    for _ in range(max(draw(st.sampled_from([6, 0, 3, 9, 12, 15])), least)):
        posted = draw(st.sampled_from(days))
        on = posted - draw(st.sampled_from(late))
        counter, amount = draw(st.integers(0, counters - 1)), draw(st.sampled_from(amounts))
        found.append(Posting(posted, on, counter, amount))
        if undone and draw(st.integers(0, 3)) == 0:
            found.append(Posting(max(posted, draw(st.sampled_from(days))), on, counter, -amount))
    return tuple(sorted(found, key=lambda posting: (posting.posted, posting.on, posting.counter, posting.amount)))


@st.composite
def stated(
    draw: Any,
    tiers: int,
    days: list[int],
    kinds: Sequence[str] = ("granted", "granted", "invited", "waived", "revoked", "revoked"),
) -> tuple[Stated, ...]:
    """Grants and revocations. Their ids are in no order, as keys are hashed."""
    ids = draw(st.permutations(range(1, 6)))
    found: list[Stated] = []
    for n in range(draw(st.sampled_from([1, 0, 2, 3, 4]))):
        posted, rank = draw(st.sampled_from(days)), draw(st.integers(0, tiers))
        grants = [fact for fact in found if fact.kind not in ("revoked", "trial")]
        kind = draw(st.sampled_from(kinds))
        if kind == "trial":
            until = posted + draw(st.sampled_from([30, 90, 365]))
            found.append(Stated(posted, ids[n], kind, max(rank, 1), posted, until, None, draw(instants), offer="o1"))
        elif kind != "revoked":
            begins = posted + draw(st.sampled_from([-10, 0, 0, 1, 50, 365]))
            until = draw(st.sampled_from([begins + 1, begins + 30, begins + 365, begins + 600, EVER]))
            found.append(Stated(posted, ids[n], kind, rank, begins, until, None, draw(instants)))
        elif grants and draw(st.booleans()):
            grant = draw(st.sampled_from(grants))
            found.append(Stated(max(posted, grant.posted), ids[n], kind, 0, posted, EVER, grant.id, draw(instants)))
        else:
            found.append(Stated(posted, ids[n], kind, min(rank, tiers - 1), posted, EVER, None, draw(instants)))
    return tuple(found)


#: Facts of one day come one after another, or at the same instant.
instants = st.integers(0, 2)


@st.composite
def lives(draw: Any, /, most: int = 3, facts: bool = True, **limits: Any) -> Life:
    """A member's life under a program of 1 to 4 tiers above the base, 1 to 3 counters, 1 to `most` editions."""
    tiers, counters = draw(st.integers(1, 4)), draw(st.sampled_from([1, 1, 2, 3]))
    enrolled = START + draw(st.sampled_from([0, 0, 1, 200, 365]))
    days = [max(START + at, enrolled - 60) for at in draw(st.lists(offsets, min_size=4, max_size=8))]
    program = draw(editions(tiers, counters, most, **limits))
    # a posting on the very day that rules change
    days += [begins.toordinal() for begins, _, _ in program.editions[1:] if draw(st.booleans())]
    left = draw(st.one_of(st.none(), st.none(), st.none(), st.integers(enrolled, LAST)))
    facts_ = draw(stated(tiers, days)) if facts else ()
    return Life(program, enrolled, left, draw(postings(counters, days)), facts_)
