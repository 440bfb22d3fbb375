"""The fold: a member's history in, spans of tier out, each with its reason. Pure: no database, no clock.

Facts are walked in the order of the days on which they became known; each counts in the window of its own day. So what
is known later never rewrites an earlier day: a late flight of last year fills last year's window and raises the
status from the day it was posted. All facts of one day are taken together, so their order within the day says nothing.
"""

from collections.abc import Iterable

from loyalty.status.claims import LIFETIME, NO_WINDOW, Entry, Fact, History, Hold, Span, Window
from loyalty.status.ladder import Ladder, Path, Rules, Totals
from loyalty.status.windows import FAR, calendar_year, first_day, last_day


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
        self.over: list[Hold] = []
        self.barred = (-1, 0)
        self.fell = False
        self.events: list[tuple[tuple[int, ...], Fact | Ladder]] = sorted(
            [(_order(fact, self.enrolled), fact) for fact in history.facts]
            + [((ladder.begins, FAR**2), ladder) for ladder in rules.ladders[1:] if ladder.begins > self.enrolled],
            key=lambda event: event[0],
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
            while self.events and self.events[-1][0][0] <= at:
                self._happen(self.events.pop()[1], at)
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

    def held_in(self, window: Window, day: int) -> int:
        """The rank held, on a day or, where the window was over by then, on its last, by a claim from elsewhere."""
        on = min(day, window.last)
        holds = self.holds if on == day else [*self.holds, *self.over]
        return max((hold.rank for hold in holds if hold.begins <= on < hold.until and hold.window != window.key), default=0)

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
        window.pending = [way for way in _reach(window) if _open(window, way[0])]
        ways = window.pending[:1] if ladder.rising else window.pending
        window.tests = [path.met for _, paths in ways for path in paths]
        if ladder.keep and window.key != LIFETIME and (window.watched or window.last < self.begins):
            window.tests += [path.met for rank, paths in ladder.keep if rank not in window.won for path in paths]

    def _evaluate(self, window: Window, day: int) -> bool:
        changed = False
        totals = window.totals
        for rank, paths in window.pending:
            for path in paths:
                if path.met(totals):
                    self._win(window, rank, path, day, "lifetime" if window is self.life else "earned")
                    changed = True
                    break
        keep = [way for way in window.ladder.keep if way[0] not in window.won] if window is not self.life else []
        held = self.held_in(window, max(day, self.enrolled)) if keep else 0
        for rank, paths in keep:
            met = [path for path in paths if path.met(totals)] if held >= rank else []
            if met:
                self._win(window, rank, met[0], day, "kept")
                changed = True
        if changed:
            self._watch(window)
        return changed

    def _win(self, window: Window, rank: int, path: Path, day: int, source: str) -> None:
        until = FAR if window is self.life else window.ladder.until(window.key, window.on)
        hold = Hold(rank, day, until, source, window.key, path, tuple(window.totals), window.ladder.edition)
        kept = window.won.get(rank)
        if kept in self.holds:
            self.holds.remove(kept)  # reached now, and no longer only kept
        if self.barred[0] == day and rank > self.barred[1]:
            window.won[rank] = None
            return
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
            for claims in (self.holds, self.over):
                if hold in claims:
                    claims.remove(hold)
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
                self.holds.append(Hold(event.rank, begins, event.until, event.kind, event.window, fact=event.id))
        elif event.revokes is not None:
            self.holds = [hold for hold in self.holds if hold.fact != event.revokes]
        else:
            self._revoke(event.rank, at)

    def _revoke(self, above: int, at: int) -> None:
        """End every claim above a rank that has begun; what a window gave, it does not give again."""
        self.barred = (at, min(above, self.barred[1]) if self.barred[0] == at else above)
        for hold in [hold for hold in self.holds if hold.rank > above and hold.begins <= at < hold.until]:
            self.holds.remove(hold)
            if hold.path is not None and hold.window is not None:
                window = self.windows.get(hold.window, self.life)
                window.won[hold.rank] = None  # type: ignore[union-attr]

    def _new_edition(self, ladder: Ladder, at: int) -> None:
        """Windows still open are counted on under the new thresholds; what has been won is not taken away."""
        windows = [window for window in (*self.windows.values(), self.life) if window is not None and window.last >= at]
        for window in windows:
            window.ladder = ladder
            self._watch(window)
        self._choose(at, opening=True)  # who holds a tier as the edition begins: not one whose tier ends that day
        self._look_again(windows, at)

    def _look_again(self, windows: Iterable[Window], at: int) -> bool:
        """With no new activity a path may count now: by other thresholds, by the tier held. Months then run from today."""
        changed = False
        for window in windows:
            window.on = at
            changed |= self._evaluate(window, at)
        return changed

    def _choose(self, at: int, opening: bool) -> None:
        """The best claim at a day becomes the standing: the higher tier, then the longer, then what was worked for.

        One who rises, or is given a tier below a better one, holds what an open window's paths to keep may have waited for.
        """
        self.over += [hold for hold in self.holds if hold.until <= at]
        self.holds = [hold for hold in self.holds if hold.until > at]
        best = max((hold for hold in self.holds if hold.begins <= at), key=_worth)
        rises = best.rank > self.current.rank or any(hold.begins == at and hold.fact is not None for hold in self.holds)
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
            coming.append(self.events[-1][0][0])
        self.next = min([best.until, *coming])
        if rises and any(ladder.keep for ladder in self.rules.ladders):
            self._keep(at, opening)

    def _keep(self, at: int, opening: bool) -> None:
        """Look at the paths to keep of windows still open, for one who has just risen."""
        if self._look_again([window for window in self.windows.values() if window.last >= at], at):
            self._choose(at, opening)


def _order(fact: Fact, enrolled: int) -> tuple[int, ...]:
    """Facts of one day in the order in which they were stated; of one instant, revocations last."""
    return (max(fact.posted, enrolled), fact.at, int(fact.kind == "revoked"), fact.id)


def _worth(hold: Hold) -> tuple[int, int, bool]:
    return (hold.rank, hold.until, hold.source in ("earned", "kept", "lifetime"))


def _open(window: Window, rank: int) -> bool:
    """Whether a tier can still be reached in a window: not won yet, or only kept."""
    won = window.won.get(rank)
    return rank not in window.won or (won is not None and won.source == "kept" and not won.short)


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
