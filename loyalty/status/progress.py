"""Where a member stands: the span that holds and that which follows, the counters, the ways to keep and to rise. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from loyalty.program.load import Program
from loyalty.status.claims import History, Span, known_through, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.ladder import rules_of
from loyalty.status.paths import Look
from loyalty.status.timeline import Walk
from loyalty.status.ways import Further, Measure, Way, further_of

#: A fold that has begun already, gone on with what is known now; each call makes another.
Start = Callable[[History], Walk]


@dataclass(frozen=True)
class Trial:
    """A tier on trial by an offer in [begins, until), and its goal so far; `fact` is the offer's."""

    offer: str
    tier: str
    begins: int
    until: int
    measures: tuple[Measure, ...]
    fact: int


@dataclass(frozen=True)
class Position:
    """A member at the end of a day: the span, the next one of another tier, the totals of the day's window, and the ways:
    to the next tier, to keep this one, to one for ever; `further` is what each counter alone must still bring. `trials` are
    those under way.
    """

    span: Span | None
    next: Span | None
    spans: tuple[Span, ...]
    window: int
    totals: dict[str, int]
    lifetime: dict[str, int]
    ways: tuple[Way, ...]
    further: tuple[Further, ...]
    trials: tuple[Trial, ...]


def position(program: Program, history: History, day: date, start: Start | None = None) -> Position:
    """Where a member stands at the end of a day, as known then; `start` tells the fold of what came before the entries."""
    rules = rules_of(program)
    known, _ = known_through(history, day.toordinal())
    begun = start or partial(Walk, rules)
    walk, other = begun(known), begun(known)
    for one in (walk, other):
        one.feed(known.entries)
    walk.advance(day.toordinal())
    walk.time.accrue(day.toordinal() + 1)  # the day itself is told as over
    spans = other.finish()
    span = standing_on(spans, day.toordinal())
    window = walk.window_on(day.toordinal())
    life = walk.life.totals if walk.life else rules.nothing
    totals = dict(zip(rules.counters, window.totals, strict=True))
    lifetime = dict(zip(rules.counters, life, strict=True))
    trials = _trials(rules, walk, day.toordinal())
    ways = tuple(Look(walk, span, day.toordinal()).ways()) if span is not None else ()
    following = following_tier(spans, day.toordinal())
    return Position(span, following, spans, window.key, totals, lifetime, ways, further_of(ways, day), trials)


def _trials(rules: Rules, walk: Walk, day: int) -> tuple[Trial, ...]:
    """The offers whose goal is not met yet, through the last day of each."""
    found = []
    for fact, goal, window in walk.goals:
        if fact.begins <= day < fact.until:
            have = [(rules.counters[place], window.totals[place], need) for place, need in goal.path.needs]
            measures = tuple(Measure(name, total, need, max(need - total, 0)) for name, total, need in have)
            found.append(Trial(fact.offer or "", rules.tiers[fact.rank], fact.begins, fact.until, measures, fact.id))
    return tuple(found)


def following_tier(spans: Sequence[Span], day: int) -> Span | None:
    """The first span after a day's that is of another tier, as far as is known now."""
    span = standing_on(spans, day)
    if span is None:
        return None
    return next((later for later in spans if later.begins > day and later.rank != span.rank), None)
