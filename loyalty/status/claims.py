"""What the fold works on: entries and facts in, claims to tiers and windows on the way, spans out. Days are ordinals."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from loyalty.status.ladder import Ladder, Path, Totals

#: A counter entry: day posted, day it counts for, place of the counter, amount in its smallest step.
Entry = tuple[int, int, int, int]
#: The window of the totals that are never set back.
LIFETIME = 0


class Fact(NamedTuple):
    """A dated fact about status: `kind` is granted, invited, waived or revoked.

    A grant holds its `rank` in [begins, until), at the earliest from the day it was posted. A revocation ends the grant
    named by `revokes`, or else everything above its rank that has begun, and what the day itself would bring above it.
    `at` orders the facts of one day; `window` is that of a waiver.
    """

    posted: int
    id: int
    kind: str
    rank: int
    begins: int
    until: int
    revokes: int | None = None
    at: int = 0
    window: int | None = None


class History(NamedTuple):
    """All that the fold knows of one member. `left` is the first day after membership."""

    enrolled: int
    left: int | None = None
    entries: Sequence[Entry] = ()
    facts: Sequence[Fact] = ()


class Hold(NamedTuple):
    """A claim to a tier in [begins, until) and the evidence for it; the best claim of a day is the standing."""

    rank: int
    begins: int
    until: int
    source: str
    window: int | None = None
    path: Path | None = None
    totals: tuple[int, ...] = ()
    edition: str = ""
    fact: int | None = None
    short: bool = False


class Span(NamedTuple):
    """The standing in [begins, until). `opening` is the rank with which its first day opened, before that day's activity."""

    begins: int
    until: int
    hold: Hold
    opening: int

    @property
    def rank(self) -> int:
        return self.hold.rank


@dataclass(slots=True)
class Window:
    """The counters of one window, the tiers not yet met in it and the claims won by it: none where one was revoked."""

    key: int
    first: int
    last: int
    ladder: Ladder
    totals: Totals
    pending: list[tuple[int, tuple[Path, ...]]] = field(default_factory=list)
    watched: int = -1
    tests: list[Callable[[Totals], bool]] = field(default_factory=list)
    on: int = 0
    fell: bool = False
    won: dict[int, Hold | None] = field(default_factory=dict)


#: Before the first entry: no day lies in it.
NO_WINDOW = Window(-1, 1, 0, None, [])  # type: ignore[arg-type]


def known_through(history: History, day: int) -> tuple[History, int | None]:
    """The history as it was known at the end of a day, and the day on which the next fact became known, if any did."""
    if not any(fact.posted > day for fact in history.facts) and (not history.entries or history.entries[-1][0] <= day):
        return history, None
    cut = bisect_right(history.entries, day, key=lambda entry: entry[0])
    later = [fact.posted for fact in history.facts if fact.posted > day]
    later += [entry[0] for entry in history.entries[cut : cut + 1]]
    facts = tuple(fact for fact in history.facts if fact.posted <= day)
    return history._replace(entries=history.entries[:cut], facts=facts), min(later)


def standing_on(spans: Sequence[Span], day: int) -> Span | None:
    """The span that holds on a day; none before enrolment and after leaving."""
    return next((span for span in spans if span.begins <= day < span.until), None)
