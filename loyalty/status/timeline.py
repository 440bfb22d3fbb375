"""The fold: a member's history in, spans of tier out, each with its reason. Pure: no database, no clock.

Facts are walked in the order of the days on which they became known; each counts in the window of its own day. So what
is known later never rewrites an earlier day: a late flight of last year fills last year's window and raises the
status from the day it was posted. All facts of one day are taken together, so their order within the day says nothing.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from loyalty.status.ladder import Ladder, Path, Rules, Totals
from loyalty.status.windows import FAR, calendar_year, first_day, last_day

#: A counter entry: day posted, day it counts for, place of the counter, amount in its smallest step.
Entry = tuple[int, int, int, int]
#: The window of the totals that are never set back.
LIFETIME = 0


class Fact(NamedTuple):
    """A dated fact about status: `kind` is granted, invited, waived or revoked.

    A grant holds its `rank` in [begins, until), at the earliest from the day it was posted. A revocation ends the grant
    named by `revokes`, or else everything above its rank that has begun, the grants of its own day too.
    """

    posted: int
    id: int
    kind: str
    rank: int
    begins: int
    until: int
    revokes: int | None = None


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


class Walk:
    """A fold under way. `feed` takes entries in the order of their posting days; it may be called again with later ones."""

    def __init__(self, rules: Rules, history: History) -> None:
        self.rules = rules
        self.enrolled = history.enrolled
        self.left = FAR if history.left is None else history.left
        self.windows: dict[int, Window] = {}
        self.current = Hold(0, history.enrolled, FAR, "base")
        self.life = self._lifetime(history.enrolled) if any(ladder.lifetime for ladder in rules.ladders) else None
        self.latest = NO_WINDOW
        self.holds = [self.current]
        self.begins = history.enrolled
        self.opening = 0
        self.spans: list[Span] = []
        self.fell = False
        self.events: list[tuple[int, int, int, Fact | Ladder]] = sorted(
            [(max(fact.posted, self.enrolled), int(fact.kind == "revoked"), fact.id, fact) for fact in history.facts]
            + [(ladder.begins, 2, 0, ladder) for ladder in rules.ladders[1:] if ladder.begins > self.enrolled],
            key=lambda event: event[:3],
            reverse=True,
        )
        self.next = FAR
        self._choose(self.enrolled, opening=True)

    def feed(self, entries: Iterable[Entry]) -> None:
        """Count entries, ordered by posting day; evaluates once for each posting day."""
        life = self.life.totals if self.life else None
        touched: list[Window] = []
        posted = -1
        window = self.latest
        totals = window.totals
        for day, on, place, amount in entries:
            if day != posted:
                if touched:
                    self._judge(touched, posted)
                posted, touched = day, []
                if day >= self.next:
                    self.advance(day)
            if not window.first <= on <= window.last:
                window = self._window_of(on, day)
                totals = window.totals
            if window not in touched:
                touched.append(window)
                window.on = on
            elif on > window.on:
                window.on = on
            totals[place] += amount
            if life is not None:
                life[place] += amount
            if amount < 0:
                window.fell = self.fell = True
        if touched:
            self._judge(touched, posted)
        self.latest = window

    def advance(self, day: int) -> None:
        """Let everything happen that happens by itself up to the opening of a day: ends, grants, revocations, editions."""
        while self.next <= day:
            at = self.next
            while self.events and self.events[-1][0] <= at:
                self._happen(self.events.pop()[3], at)
            self._choose(at, opening=True)

    def rank_on(self, day: int) -> int:
        """The rank with which a day opened, as far as is known now; 0 before enrolment."""
        if day > self.begins:
            return self.current.rank
        if day == self.begins:
            return self.opening
        for span in reversed(self.spans):
            if span.begins <= day:
                return span.opening if span.begins == day else span.rank
        return 0

    def finish(self) -> tuple[Span, ...]:
        """The spans from enrolment on, without gap or overlap, to the end of membership or for ever."""
        self.advance(FAR - 1)
        spans = [*self.spans, Span(self.begins, FAR, self.current, self.opening)]
        return tuple(span._replace(until=min(span.until, self.left)) for span in spans if span.begins < self.left)

    def window_on(self, day: int) -> Window:
        """The window that a day's activity counts in, with its totals so far."""
        return self._window_of(day, day)

    # --- what follows -------------------------------------------------------------------------------------------

    def _window_of(self, on: int, posted: int) -> Window:
        key = calendar_year(on)
        window = self.windows.get(key)
        if window is None:
            first, last = first_day(key), last_day(key)
            window = self.windows[key] = Window(key, first, last, self._ladder_on(posted, last), self._nothing())
            self._watch(window)
        return window

    def _lifetime(self, day: int) -> Window:
        window = Window(LIFETIME, 0, FAR, self.rules.ladder_on(day), self._nothing())
        self._watch(window)
        return window

    def _ladder_on(self, day: int, last: int) -> Ladder:
        """The edition that counts on a day for a window of some last day; before enrolment, that of enrolment."""
        return self.rules.ladder_on(min(max(day, self.enrolled), last))

    def _nothing(self) -> Totals:
        return [0] * len(self.rules.counters)

    def _judge(self, touched: list[Window], day: int) -> None:
        """Draw the consequences of a day's entries: a glance at each window's next thresholds, more only if one is met.

        What reversals take away goes first, so that a tier that ends today keeps none. What was known before enrolment
        belongs to the opening of its day.
        """
        if self.life is not None:
            touched.append(self.life)
        at = max(day, self.enrolled)
        if self.fell:
            self._fall(touched, day)
            self._choose(at, opening=day < at)
        changed = False
        for window in touched:
            if window.watched != self.current.rank:
                self._watch(window)
            totals = window.totals
            for met in window.tests:
                if met(totals):
                    changed |= self._evaluate(window, day)
                    break
        if changed:
            self._choose(at, opening=day < at)

    def _watch(self, window: Window) -> None:
        """Note the paths whose being met would change something, for the rank now held."""
        ladder = window.ladder
        window.watched = self.current.rank
        window.pending = [way for way in _reach(window) if way[0] not in window.won]
        ways = window.pending[:1] if ladder.rising else window.pending
        window.tests = [path.met for _, paths in ways for path in paths]
        if window.watched and window.key != LIFETIME:
            window.tests += [
                path.met for rank, paths in ladder.keep if rank <= window.watched and rank not in window.won for path in paths
            ]

    def _evaluate(self, window: Window, day: int) -> bool:
        changed = False
        totals = window.totals
        for rank, paths in window.pending:
            for path in paths:
                if path.met(totals):
                    self._win(window, rank, path, day, "lifetime" if window is self.life else "earned")
                    changed = True
                    break
        for rank, paths in window.ladder.keep if window is not self.life else ():
            if self.current.rank >= rank and rank not in window.won:
                met = [path for path in paths if path.met(totals)]
                if met:
                    self._win(window, rank, met[0], day, "kept")
                    changed = True
        if changed:
            self._watch(window)
        return changed

    def _win(self, window: Window, rank: int, path: Path, day: int, source: str) -> None:
        until = FAR if window is self.life else window.ladder.until(window.key, window.on)
        hold = Hold(rank, day, until, source, window.key, path, tuple(window.totals), window.ladder.edition)
        window.won[rank] = hold
        if until > day:
            self.holds.append(hold)

    def _fall(self, touched: list[Window], day: int) -> None:
        for window in touched:
            if window.fell or window is self.life:
                self._recheck(window, day)
                window.fell = False
        self.fell = False

    def _recheck(self, window: Window, day: int) -> None:
        """After a reversal: end, or flag, the claims whose paths are no longer met."""
        lost = [hold for hold in window.won.values() if hold and not hold.short and not self._still_met(window, hold)]
        for hold in lost:
            if hold in self.holds:
                self.holds.remove(hold)
            if window.ladder.strict:
                del window.won[hold.rank]
            elif hold.until > day:
                window.won[hold.rank] = flagged = hold._replace(short=True)
                self.holds.append(flagged)
        if lost:
            self._watch(window)

    def _still_met(self, window: Window, hold: Hold) -> bool:
        """Whether a path of the claim's tier is met, of any edition from the one that gave it to the one that counts now."""
        first = self._ladder_on(hold.begins, window.last).begins
        ladders = [ladder for ladder in self.rules.ladders if first <= ladder.begins <= window.ladder.begins]
        ways = [ladder.lifetime if window is self.life else ladder.reach for ladder in ladders]
        if hold.source == "kept":
            ways += [ladder.keep for ladder in ladders]
        return any(path.met(window.totals) for way in ways for path in dict(way).get(hold.rank, ()))

    def _happen(self, event: Fact | Ladder, at: int) -> None:
        if isinstance(event, Ladder):
            self._new_edition(event, at)
        elif event.kind != "revoked":
            begins = max(event.begins, at)
            if event.until > begins:
                self.holds.append(Hold(event.rank, begins, event.until, event.kind, fact=event.id))
        elif event.revokes is not None:
            self.holds = [hold for hold in self.holds if hold.fact != event.revokes]
        else:
            self._revoke(event.rank, at)

    def _revoke(self, above: int, at: int) -> None:
        """End every claim above a rank that has begun; what a window gave, it does not give again."""
        for hold in [hold for hold in self.holds if hold.rank > above and hold.begins <= at < hold.until]:
            self.holds.remove(hold)
            if hold.window is not None:
                window = self.windows.get(hold.window, self.life)
                window.won[hold.rank] = None  # type: ignore[union-attr]

    def _new_edition(self, ladder: Ladder, at: int) -> None:
        """Windows still open are counted on under the new thresholds; what has been won is not taken away."""
        self._choose(at, opening=True)  # who holds a tier as the edition begins: not one whose tier ends that day
        for window in [*self.windows.values(), *([self.life] if self.life else [])]:
            if window.last >= at:
                window.ladder = ladder
                self._watch(window)
                self._evaluate(window, at)

    def _choose(self, at: int, opening: bool) -> None:
        """The best claim at a day becomes the standing; the higher tier first, then the longer."""
        self.holds = [hold for hold in self.holds if hold.until > at]
        best = max((hold for hold in self.holds if hold.begins <= at), key=lambda hold: (hold.rank, hold.until))
        if best is not self.current:
            if self.begins < at:
                self.spans.append(Span(self.begins, at, self.current, self.opening))
                self.begins = at
                self.opening = self.current.rank
            self.current = best
        if opening and self.begins == at:
            self.opening = self.current.rank
        coming = [hold.begins for hold in self.holds if hold.begins > at]
        if self.events:
            coming.append(self.events[-1][0])
        self.next = min([best.until, *coming])


def _reach(window: Window) -> tuple[tuple[int, tuple[Path, ...]], ...]:
    return window.ladder.lifetime if window.key == LIFETIME else window.ladder.reach


def timeline(rules: Rules, history: History) -> tuple[Span, ...]:
    """The spans of a member's tier from enrolment on: no gap, no overlap, the last one open or ended by leaving.

    Entries must be in the order of their posting days. Days are ordinals. The future is part of it: a tier that will
    lapse, a grant that will begin, a known edition that will apply, as far as today's facts tell.
    """
    walk = Walk(rules, history)
    walk.feed(history.entries)
    return walk.finish()


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
