"""Random lives under random programs of the whole language."""

from collections.abc import Set
from typing import Any

from hypothesis import strategies as st

from tests.model.oracle.calendar import EVER
from tests.model.oracle.terms import Life, Posting
from tests.model.plans import ALL, Plan, plans
from tests.model.programs import beginnings, programs
from tests.model.strategies import HORIZON, LAST, START, offsets, postings, stated

KINDS = ("granted", "granted", "invited", "waived", "matched", "gifted", "bought", "shared", "revoked", "revoked")


@st.composite
def lives(draw: Any, mechanics: Set[str] = ALL) -> Life:
    """A member's life under a program that uses some of the mechanics: one alone, named, is always used."""
    plan = draw(plans(frozenset(mechanics)))
    begins = draw(beginnings(plan))
    enrolled = START + draw(st.sampled_from([0, 0, 1, 30, 200, 365]))
    days = [max(START + at, enrolled) for at in draw(st.lists(offsets, min_size=4, max_size=8))]
    days += [max(begin.toordinal(), enrolled) for begin in begins[1:] if draw(st.booleans())]
    left = None if plan.milestones else draw(st.one_of(st.none(), st.none(), st.none(), st.integers(enrolled, LAST)))
    entries = draw(_postings(plan, days))
    facts = draw(_facts(plan, days)) if plan.offers or "facts" in mechanics else ()
    traits = draw(_traits(plan, enrolled, days)) if plan.when else ()
    program = draw(programs(plan, begins))
    return Life(program, enrolled, left, entries, facts, traits, HORIZON if plan.levels else EVER)


@st.composite
def _postings(draw: Any, plan: Plan, days: list[int]) -> tuple[Posting, ...]:
    positive = (9, 1, 4, 5, 7, 12, 20)
    amounts = (*positive, -1, -7) if plan.reversals else positive
    found = draw(postings(plan.counters, days, amounts, undone=plan.reversals, least=3))
    if plan.levels:
        level = plan.counters  # its place follows those of the counters
        more = draw(postings(1, days, (*amounts, 30), (0, 0, 0, 1, 40), plan.reversals))
        found += tuple(Posting(posting.posted, posting.on, level, posting.amount) for posting in more)
    return tuple(sorted(found, key=lambda posting: (posting.posted, posting.on, posting.counter, posting.amount)))


@st.composite
def _facts(draw: Any, plan: Plan, days: list[int]) -> Any:
    kinds = (*KINDS, *["trial"] * 10) if plan.offers else KINDS
    return draw(stated(plan.tiers, days, kinds))


@st.composite
def _traits(draw: Any, plan: Plan, enrolled: int, days: list[int]) -> tuple[tuple[int, tuple[Any, ...]], ...]:
    """What is known of the member from a day on: country and age, or nothing."""
    values = st.tuples(st.sampled_from(["cn", "de", "us", None]), st.sampled_from([17, 18, 35, 70, None]))
    changes = sorted(draw(st.sets(st.sampled_from(days), max_size=2))) if plan.on("traits") else []
    return tuple((day, draw(values)) for day in [enrolled, *(day for day in changes if day > enrolled)])
