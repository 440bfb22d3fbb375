"""Where a member stands: the span that holds, and the counters against every path up and every path to keep. Pure."""

from dataclasses import dataclass
from datetime import date

from loyalty.program.load import Program
from loyalty.status.claims import History, Span, known_through, standing_on
from loyalty.status.compiled import Path, Rules
from loyalty.status.ladder import rules_of
from loyalty.status.timeline import Walk, timeline


@dataclass(frozen=True)
class Measure:
    """One counter of a path: what there is, what is needed; both in the counter's smallest step."""

    counter: str
    have: int
    need: int

    @property
    def missing(self) -> int:
        return max(self.need - self.have, 0)


@dataclass(frozen=True)
class Way:
    """One path: to `reach` or `keep` a tier, or to have it for `lifetime`; met when every measure is."""

    purpose: str
    tier: str
    measures: tuple[Measure, ...]

    @property
    def met(self) -> bool:
        return not any(measure.missing for measure in self.measures)


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
    """A member on a day: the span, the totals of the day's window, the ways to the next tier and to keep this one.

    And the trials under way.
    """

    span: Span | None
    spans: tuple[Span, ...]
    window: int
    totals: dict[str, int]
    lifetime: dict[str, int]
    ways: tuple[Way, ...]
    trials: tuple[Trial, ...] = ()


def position(program: Program, history: History, day: date) -> Position:
    """Where a member stands at the end of a day, as known then."""
    rules = rules_of(program)
    known, _ = known_through(history, day.toordinal())
    walk = Walk(rules, known)
    walk.feed(known.entries)
    walk.advance(day.toordinal())
    walk.time.accrue(day.toordinal() + 1)  # the day itself is told as over
    spans = timeline(rules, known)
    span = standing_on(spans, day.toordinal())
    window = walk.window_on(day.toordinal())
    life = walk.life.totals if walk.life else [0] * len(rules.counters)
    ways: list[Way] = []
    if span is not None:
        ways += _ways(
            rules,
            "keep",
            span.rank,
            [*_of(window.ways.keep, span.rank), *_of(window.ways.reach, span.rank)],
            window.totals,
        )
        above = next(((rank, paths) for rank, paths in window.ways.reach if rank > span.rank), None)
        if above is not None:
            ways += _ways(rules, "reach", above[0], list(above[1]), window.totals)
        for rank, paths in window.ladder.lifetime.reach:
            if not all(path.met(life) for path in paths):
                ways += _ways(rules, "lifetime", rank, list(paths), life)
                break
    named = dict(zip(rules.counters, window.totals, strict=True))
    lifetime = dict(zip(rules.counters, life, strict=True))
    return Position(span, spans, window.key, named, lifetime, tuple(ways), _trials(rules, walk, day.toordinal()))


def _trials(rules: Rules, walk: Walk, day: int) -> tuple[Trial, ...]:
    """The offers whose goal is not met yet, through the last day of each."""
    return tuple(
        Trial(fact.offer or "", rules.tiers[fact.rank], fact.begins, fact.until,
              _measures(rules, goal.path, window.totals), fact.id)
        for fact, goal, window in walk.goals if fact.begins <= day < fact.until
    )  # fmt: skip


def _measures(rules: Rules, path: Path, totals: list[int]) -> tuple[Measure, ...]:
    return tuple(Measure(rules.counters[at], totals[at], need) for at, need in path.needs)


def _of(ways: tuple[tuple[int, tuple[Path, ...]], ...], rank: int) -> tuple[Path, ...]:
    return dict(ways).get(rank, ())


def _ways(rules: Rules, purpose: str, rank: int, paths: list[Path], totals: list[int]) -> list[Way]:
    return [Way(purpose, rules.tiers[rank], _measures(rules, path, totals)) for path in paths]
