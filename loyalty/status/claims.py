"""What the fold works on: entries and facts in, claims to tiers and windows on the way, spans out. Days are ordinals."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from loyalty.status.compiled import Ladder, Path, Totals, Ways
from loyalty.status.windows import FAR, Track

#: A counter entry: day posted, day it counts for, place of the counter, amount in its smallest step.
Entry = tuple[int, int, int, int]
#: The key of the window of the totals that are never set back.
LIFETIME = 0
#: Claims that a member got by activity, and that may be kept or fall softly when they end.
OWN = frozenset(("earned", "kept", "landed", "grace"))
#: Claims that a path gave.
BY_PATH = frozenset(("earned", "kept", "lifetime"))


class Fact(NamedTuple):
    """A dated fact about status: `kind` is revoked, or the source of the claim that it gives.

    A grant holds its `rank` in [begins, until), at the earliest from the day it was posted. A revocation ends the grant
    named by `revokes`, or else everything above its rank that has begun, and what the day itself would bring above it.
    `at` orders the facts of one day; `window` is that of a waiver; `offer` that of a trial.
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
    offer: str | None = None


class History(NamedTuple):
    """All that the fold knows of one member. `left` is the first day after membership.

    `traits` are the values of the member's attributes, in the program's order, each with the day from which they are
    known. `today` is the last day to which levels are judged.
    """

    enrolled: int
    left: int | None = None
    entries: Sequence[Entry] = ()
    facts: Sequence[Fact] = ()
    traits: Sequence[tuple[int, tuple[Any, ...]]] = ()
    today: int = FAR


class Hold(NamedTuple):
    """A claim to a tier in [begins, until) and the evidence for it; the best claim of a day is the standing.

    `counted` are the first and last day of the window, where its key does not tell them.
    """

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
    counted: tuple[int, int] | None = None

    @property
    def given_by(self) -> int | None:
        """The window that gave it. Grace shows the evidence of the claim before it, but no window gave it."""
        return None if self.source == "grace" else self.window


class Span(NamedTuple):
    """The standing in [begins, until). `opening` is the rank with which its first day opened, before that day's activity."""

    begins: int
    until: int
    hold: Hold
    opening: int

    @property
    def rank(self) -> int:
        return self.hold.rank


class Award(NamedTuple):
    """A milestone met for the n-th time in a window, on a posting day; withdrawn on the day of a reversal, if it was.

    `choose_by` is the last day of its choice, if there is one.
    """

    milestone: str
    window: int
    n: int
    on: int
    withdrawn: int | None
    edition: str
    first: int
    last: int
    choose_by: int | None = None


@dataclass(slots=True, eq=False)
class Window:
    """The counters of one window, the tiers not yet met in it and the claims won by it: none where one was revoked."""

    key: int
    first: int
    last: int
    track: Track | None
    ladder: Ladder
    ways: Ways
    totals: Totals
    pending: list[tuple[int, tuple[Path, ...]]] = field(default_factory=list)
    watched: int = -1
    tests: list[Callable[[Totals], bool]] = field(default_factory=list)
    on: int = 0
    fell: bool = False
    won: dict[int, Hold | None] = field(default_factory=dict)
    reached: set[int] = field(default_factory=set)
    rolled_in: Totals = field(default_factory=list)
    rolled_out: Totals = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)

    def waits(self, at: int) -> bool:
        """Whether nothing can be won in it on a day: judged at its end, and not over."""
        return self.track is not None and self.track.at_end and self.last >= at

    def is_open_for(self, rank: int) -> bool:
        """Whether a tier can still be reached in it: not won yet, or only kept, but not reached before."""
        won = self.won.get(rank)
        kept = won is not None and won.source == "kept" and not won.short
        return rank not in self.won or (kept and rank not in self.reached)


def worth(hold: Hold) -> tuple[int, int, bool]:
    """Of two claims that of the higher tier counts, then the longer, then one that was worked for."""
    return (hold.rank, hold.until, hold.source in ("earned", "kept", "lifetime"))


def from_first(window: Window) -> tuple[int, int, int]:
    """The order in which windows are looked at: by their first days, then by their last."""
    return window.first, window.last, window.key


#: Before the first entry: no day lies in it.
NO_WINDOW = Window(-1, 1, 0, None, None, None, [])  # type: ignore[arg-type]


def known_through(history: History, day: int) -> tuple[History, int | None]:
    """The history as it was known at the end of a day, and the day on which the next fact became known, if any did."""
    later = [fact.posted for fact in history.facts if fact.posted > day]
    later += [known for known, _ in history.traits[1:] if known > day]
    if not later and (not history.entries or history.entries[-1][0] <= day):
        return (history if history.today <= day else history._replace(today=day)), None
    cut = bisect_right(history.entries, day, key=lambda entry: entry[0])
    later += [entry[0] for entry in history.entries[cut : cut + 1]]
    facts = tuple(fact for fact in history.facts if fact.posted <= day)
    traits = (*history.traits[:1], *(trait for trait in history.traits[1:] if trait[0] <= day))
    known = history._replace(entries=history.entries[:cut], facts=facts, traits=traits, today=min(day, history.today))
    return known, min(later)


def standing_on(spans: Sequence[Span], day: int) -> Span | None:
    """The span that holds on a day; none before enrolment and after leaving."""
    return next((span for span in spans if span.begins <= day < span.until), None)
