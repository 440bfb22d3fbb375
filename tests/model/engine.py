"""A drawn life as the engine takes it, and what its fold must agree in with the oracle."""

from collections.abc import Sequence
from datetime import date

from loyalty.status.claims import Fact, History, Span
from loyalty.status.ladder import Rules
from tests.model.oracle.calendar import EVER
from tests.model.oracle.days import Day
from tests.model.oracle.terms import Life
from tests.model.strategies import HORIZON


def rules_of(life: Life) -> Rules:
    """The rules of a life, compiled as the engine folds them."""
    from loyalty.status.ladder import compile_rules

    return compile_rules(life.program.editions, life.program.attributes)


def history_of(life: Life) -> History:
    """A member's history as the engine reads it, entries by posting day and the day they count for."""
    entries = sorted((posting.posted, posting.on, posting.counter, posting.amount) for posting in life.postings)
    facts = [Fact(**vars(fact)) for fact in life.stated]
    return History(life.enrolled, life.left, entries, facts, life.traits, life.today)


def tiers(spans: Sequence[Span]) -> list[tuple[int, int, int]]:
    """(first day, rank, end of its claim) of each change of either."""
    found: list[tuple[int, int, int]] = []
    for span in spans:
        if not found or found[-1][1:] != (span.rank, span.hold.until):
            found.append((span.begins, span.rank, span.hold.until))
    return found


def covers_membership(spans: Sequence[Span], life: Life) -> None:
    left = EVER if life.left is None else life.left
    assert [span.begins for span in spans] == [life.enrolled, *(span.until for span in spans[:-1])][: len(spans)]
    assert all(span.begins < span.until for span in spans)
    assert spans[-1].until == left if life.enrolled < left else spans == ()


def agree(spans: Sequence[Span], days: dict[int, Day]) -> None:
    """Every day has the tier, the end of its claim, the opening and one of the sources that the oracle says."""
    found = {day: span for span in spans for day in range(span.begins, min(span.until, HORIZON + 1))}
    assert found.keys() == days.keys()
    for day, span in found.items():
        wanted = days[day]
        opening = span.opening if day == span.begins else span.rank
        told = (date.fromordinal(day), span.rank, _shown(span.hold.until), opening)
        assert told == (date.fromordinal(day), wanted.rank, _shown(wanted.until), wanted.opening)
        assert span.hold.source in wanted.sources, date.fromordinal(day)


def _shown(until: int) -> date | None:
    return None if until >= EVER else date.fromordinal(until)
