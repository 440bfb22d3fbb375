"""The fold: a member's entries and facts, in the order in which they became known, into spans of tier. Pure.

docs/ladder.md tells what each word of a ladder does here, and the order of a day.
"""

from collections.abc import Iterable
from typing import NamedTuple

from loyalty.status import ends, happenings, winning
from loyalty.status.claims import BY_PATH, NO_WINDOW, OWN, Award, Entry, Fact, History, Hold, Span, Window, from_first, worth
from loyalty.status.compiled import Goal, Path, Rules, Totals
from loyalty.status.counting import Counts
from loyalty.status.held import Time
from loyalty.status.marks import Marks
from loyalty.status.reversals import fall
from loyalty.status.windows import FAR


class Walk:
    """A fold under way. `feed` takes entries in the order of their posting days; it may be called again with later ones."""

    def __init__(self, rules: Rules, history: History) -> None:
        self.rules = rules
        self.enrolled = history.enrolled
        self.left = FAR if history.left is None else history.left
        self.counts = Counts(rules, history)
        self.current = Hold(0, history.enrolled, FAR, "base")
        self.stands = 0  # counts the standings that ask for other paths to be watched
        self.life = self.counts.life
        self.latest = NO_WINDOW
        self.holds = [self.current]
        self.begins = history.enrolled
        self.opening = 0
        self.spans: list[Span] = []
        self.over: list[Hold] = []
        self.barred = (-1, 0)
        self.fell = False
        self.floored = False
        self.own: set[int] = set()
        self.marks = Marks(self)
        self.time = Time(self)
        self.goals: list[tuple[Fact, Goal, Window]] = []
        self.paid: list[tuple[Hold, int, int, Totals]] = []
        self.events = happenings.events_of(rules, history) if history.facts or history.traits or len(rules.ladders) > 1 else []
        self.next = FAR
        self._choose(self.enrolled, opening=True)

    def feed(self, entries: Iterable[Entry]) -> None:
        """Count entries, ordered by posting day; evaluates once for each posting day."""
        if not self.rules.plain:
            self._feed_all(entries)
            return
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
                window = self.counts.window_of(on, day)
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

    def _feed_all(self, entries: Iterable[Entry]) -> None:
        """The same for every kind of window."""
        touched: dict[int, Window] = {}
        posted = -1
        for entry in entries:
            day, on, place, amount = entry
            if day != posted:
                if posted >= 0:
                    self._judge([*touched.values()], posted)
                posted, touched = day, {}
                if day >= self.next:
                    self.advance(day)
                self.time.accrue(day)
            for window in self.counts.add(entry):
                window.on = max(window.on, on) if window.key in touched else on
                touched[window.key] = window
            for fact, _, goal in self.goals:
                if fact.begins <= on < fact.until:
                    goal.totals[place] += amount
            self.fell |= amount < 0
        if posted >= 0:
            self._judge([*touched.values()], posted)

    def advance(self, day: int) -> None:
        """Let everything happen that happens by itself up to the opening of a day: ends, grants, revocations, editions."""
        while self.next <= day:
            at, before = self.next, self.current.rank
            if self.rules.times:
                self._pass(at)
            by_time = self.time.due <= at
            while self.events and self.events[-1][0][0] <= at:
                happenings.happen(self, self.events.pop()[1], at)
            if by_time:  # by the rules of the day: an edition that begins today may ask for more, or no longer
                self.look_again(self.counts.open_on(at), at)
            self._choose(at, opening=True)
            if self.rules.marks:
                self.marks.follow((), before, at)

    def rank_on(self, day: int) -> int:
        """The rank with which a day opened, as far as is known now; 0 before enrolment."""
        if day > self.begins:
            return self.current.rank
        if day == self.begins:
            return self.opening
        for span in self.spans[::-1]:
            if span.begins <= day:
                return span.opening if span.begins == day else span.rank
        return 0

    def finish(self) -> tuple[Span, ...]:
        """The spans from enrolment on, without gap or overlap, to the end of membership or for ever."""
        self.advance(FAR - 1)
        spans = [*self.spans, Span(self.begins, FAR, self.current, self.opening)]
        return tuple(span._replace(until=min(span.until, self.left)) for span in spans if span.begins < self.left)

    def window_on(self, day: int) -> Window:
        """The window of the ladder that a day's activity counts in, with its totals so far.

        Levels stand in it with the average that they will have, if nothing changes.
        """
        window = self.counts.counted(self.rules.tracks[self.rules.ladder_on(max(day, self.enrolled)).track], day)
        if self.rules.levels:
            self.counts.average(window)
        return window

    def held_in(self, window: Window, day: int) -> int:
        """The rank held, on a day or, where the window was over by then, on its last, by a claim from elsewhere."""
        on = min(day, window.last)
        holds = self.holds if on == day else [*self.holds, *self.over]
        return max((hold.rank for hold in self.holding(holds, on) if hold.given_by != window.key), default=0)

    def holding(self, holds: Iterable[Hold], on: int) -> list[Hold]:
        """Those of some claims that hold on a day: a layer only where what it lies on is held."""
        begun = [hold for hold in holds if hold.begins <= on < hold.until]
        if not self.rules.layers:
            return begun
        layers = self.rules.ladder_on(on).layers
        under = max((hold.rank for hold in begun if hold.rank not in layers), default=0)
        return [hold for hold in begun if under >= layers.get(hold.rank, 0)]

    def held_at_end(self, day: int) -> int:
        """The rank of the standing at the end of a day that is over."""
        if day >= self.begins:
            return self.current.rank
        return next((span.rank for span in reversed(self.spans) if span.begins <= day), 0)

    def own_rank(self, at: int, layer: int = 0) -> int:
        """The highest rank held on a day by activity, layers apart; of a layer, whether that is held itself."""
        ranks = [hold.rank for hold in self.holding(self.holds, at) if hold.source in OWN]
        layers = self.rules.ladder_on(at).layers
        return max((rank for rank in ranks if (rank == layer if layer else rank not in layers)), default=0)

    # --- what follows -------------------------------------------------------------------------------------------

    def _judge(self, touched: list[Window], day: int) -> None:
        """Draw the consequences of a day's entries: a glance at each window's next thresholds, more only if one is met.

        What reversals take away goes first, so that a tier that ends today keeps none. What was known before enrolment
        belongs to the opening of its day.
        """
        if len(touched) > 1:
            touched.sort(key=from_first)
        if self.life is not None:
            touched.insert(0, self.life)
        at = day if day > self.enrolled else self.enrolled
        before = self.current.rank
        again = self.fell
        if again:
            fall(self, touched, day)
            self._choose(at, opening=day < at, look=False)  # what is held now may count, but after what is won today
        calm = self.rules.calm
        judged = touched
        if not calm:
            judged = self._judged(touched, day)
            again |= self._more(judged, day)
        for window in judged:
            if window.watched != self.stands:
                self.watch(window)
            totals = window.totals
            for met in window.tests:
                if met(totals):
                    again |= self.evaluate(window, day)
                    break
        if again:
            if len(judged) > 1 or self.rules.looks_again:
                self._settle(judged, day)
            self._choose(at, opening=day < at, look=False)
        if self.rules.marks:
            self.marks.follow(touched, before, at)
        if self.counts.alarms:
            self.next = min(self.next, self.counts.alarms[0][0])

    def _more(self, judged: list[Window], day: int) -> bool:
        """Goals that are met, and what closed windows roll over: the windows that it opens are judged too."""
        changed = bool(self.goals) and happenings.confirm(self, max(day, self.enrolled))
        if self.rules.rolls:
            closed = [window for window in judged if window.last < day]
            for window in closed:
                self.watch(window)
                changed |= self.evaluate(window, day)
            rolled = ends.roll(self, closed, day, judged)
            changed |= bool(rolled)
            judged += [window for window in rolled if window not in judged and not window.waits(day)]
        return changed

    def _settle(self, judged: list[Window], day: int) -> None:
        """Look at windows until nothing more is won: those of a day's entries, and the others that are open.

        What one gives may be what a path of another waits for. Months of the others run from the day.
        """
        at = max(day, self.enrolled)
        windows = [window for window in judged if window.ways.waits]
        if self.rules.looks_again:
            others = [window for window in self.counts.open_on(at) if window.ways.waits and window not in windows]
            for window in others:
                window.on = at
            windows += others
        windows.sort(key=from_first)
        self._until_nothing(windows, day)

    def _until_nothing(self, windows: list[Window], day: int) -> bool:
        changed = False
        for window in windows:
            if window.watched != self.stands:
                self.watch(window)
        again = True
        while again:
            again = False
            for window in windows:
                again |= self.evaluate(window, day)
            changed |= again
        return changed

    def _judged(self, touched: list[Window], day: int) -> list[Window]:
        """The windows that a posting may change something in: those judged at their end only when they are over."""
        for window in touched:
            if window.track is not None and window.track.at_end:
                self.counts.average(window)
        return [window for window in touched if not window.waits(day)]

    def _pass(self, at: int) -> None:
        """Time alone: windows that are over are judged, claims that end are followed, windows closed."""
        self.time.accrue(at)
        over = self.counts.due(at)
        for window in over:
            if window.track is not None and window.track.at_end:
                ends.judge(self, window, at)
        if self.rules.judges_ends:
            ends.follow(self, at)
        for window in over:
            if window.track is not None and window.track.personal:
                ends.next_personal(self, window, at)
        if self.rules.rolls:
            ends.roll(self, [window for window in over if window.track is not None and not window.track.personal], at)

    def watch(self, window: Window) -> None:
        """Note the paths whose being met would change something, for the rank now held."""
        ways = window.ways
        window.watched = self.stands
        window.pending = [way for way in ways.reach if window.is_open_for(way[0])]
        pending = window.pending[:1] if ways.rising else window.pending
        window.tests = [path.met for _, paths in pending for path in paths]
        if ways.keep and not window.ladder.at_end and (self.current.rank or window.last < self.begins):
            window.tests += [path.met for rank, paths in ways.keep if rank not in window.won for path in paths]

    def evaluate(self, window: Window, day: int) -> bool:
        """Win what a window's paths give, lowest tier first; tells whether anything was won."""
        changed = False
        at = max(day, self.enrolled)
        at_end = window.ladder.at_end and window is not self.life
        totals = window.totals
        for rank, paths in window.pending:
            if at_end and rank <= self.own_rank(at, rank if rank in window.ladder.layers else 0):
                continue
            for path in paths:
                if path.met(totals) and self.allowed(path, at):
                    winning.win(self, window, rank, path, day, "lifetime" if window is self.life else "earned")
                    changed = True
                    break
        keep = [] if at_end else [way for way in window.ways.keep if way[0] not in window.won]
        held = self.held_in(window, at) if keep else 0
        for rank, paths in keep:
            met = [path for path in paths if path.met(totals) and self.allowed(path, at)] if held >= rank else []
            if met:
                winning.win(self, window, rank, met[0], day, "kept")
                changed = True
        if changed:
            self.watch(window)
        return changed

    def allowed(self, path: Path, at: int, also: int = 0) -> bool:
        """Whether a path's guards let the member through; `also` is a rank that counts as held."""
        if path.holds and max([also, *(hold.rank for hold in self.holding(self.holds, at))]) < path.holds:
            return False
        if path.when is not None and not path.when(self.counts.traits):
            return False
        return path.held is None or self.time.met(path.held, at)

    def look_again(self, windows: Iterable[Window], at: int) -> bool:
        """With no new activity a path may count now: by other thresholds, by the tier held. Months then run from today."""
        windows = sorted(windows, key=from_first)
        for window in windows:
            window.on = at
        return self._until_nothing(windows, at)

    # --- the standing -------------------------------------------------------------------------------------------

    def _choose(self, at: int, opening: bool, look: bool = True) -> None:
        """The best claim at a day becomes the standing: the higher tier, then the longer, then what was worked for.

        One who rises, or is given a tier below a better one, holds what an open window's paths may have waited for; with keep:
        at_end, paths to reach have waited for own claims to be over.
        """
        over = [hold for hold in self.holds if hold.until <= at]
        if over:
            self.over += over
            self.holds = [hold for hold in self.holds if hold.until > at]
        best = max(self.holding(self.holds, at), key=worth)
        rises = best.rank > self.current.rank
        if best is not self.current:
            if self.begins < at:
                self.spans.append(Span(self.begins, at, self.current, self.opening))
                self.begins = at
                self.opening = self.current.rank
            self.stands += not (best.rank and self.current.rank)  # who holds some tier before and after watches the same paths
            self.current = best
        if opening and self.begins == at:
            self.opening = self.current.rank
        self._plan(at)
        waited = self.rules.looks_again and (self._freed(at) or rises or self._given_on(at))
        if look and waited and self.look_again(self.counts.open_on(at), at):
            self._choose(at, opening)

    def _freed(self, at: int) -> bool:
        """Whether a tier is no longer held by activity that was so when this was last asked, where that stands in the way."""
        if not self.rules.keeps_at_end:
            return False
        before, self.own = self.own, {hold.rank for hold in self.holding(self.holds, at) if hold.source in OWN}
        return not before <= self.own

    def _given_on(self, at: int) -> bool:
        """Whether a claim begins on a day that no path gave: what an open window's paths to keep may have waited for."""
        return any(hold.begins == at and hold.source not in BY_PATH and hold.source != "base" for hold in self.holds)

    def _plan(self, at: int) -> None:
        """The next day on which anything can happen by itself."""
        coming = [hold.begins for hold in self.holds if hold.begins > at]
        if self.events:
            coming.append(self.events[-1][0][0])
        if self.rules.times or self.rules.layers:
            coming += [hold.until for hold in self.holds if hold.source in OWN or self.rules.layers]
            coming += [self.time.plan(at), *(day for day, _ in self.counts.alarms[:1])]
        self.next = min([self.current.until, *coming])


class Folded(NamedTuple):
    """All that a fold says: the spans of tier, the milestones met, and the next day on which a level is judged."""

    spans: tuple[Span, ...]
    awards: tuple[Award, ...]
    look_on: int | None


def fold(rules: Rules, history: History) -> Folded:
    """A member's whole history folded. Entries must be in the order of their posting days; days are ordinals.

    The spans run from enrolment on without gap or overlap, the last one open or ended by leaving. The future is part of
    them: a tier that will lapse, a grant that will begin, a known edition that will apply, as far as today's facts tell.
    """
    walk = Walk(rules, history)
    walk.feed(history.entries)
    spans = walk.finish()
    return Folded(spans, tuple(walk.marks.awards), walk.counts.look_on())


def timeline(rules: Rules, history: History) -> tuple[Span, ...]:
    """The spans of a member's tier; see `fold`."""
    return fold(rules, history).spans
