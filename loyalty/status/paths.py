"""What keeps a tier, what reaches the next, and by when: every path against what there is in the windows it counts in. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from loyalty.keys import dumps
from loyalty.status import ends, winning
from loyalty.status.claims import OWN, Span, Window
from loyalty.status.compiled import Path, Paths
from loyalty.status.ways import Guard, Measure, Way
from loyalty.status.windows import FAR, Track, after_months

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


class _Frame(NamedTuple):
    """A path in a window that it may be met in, through a day."""

    place: int
    window: Window
    path: Path
    by: int


class Look:
    """A walk at the end of a day, looked at for what may follow. Nothing is to be fed to the walk afterwards."""

    def __init__(self, walk: "Walk", span: Span, day: int) -> None:
        self.walk, self.rules, self.span, self.day = walk, walk.rules, span, day
        self.ladder = self.rules.ladder_on(day)

    def ways(self) -> list[Way]:
        """To keep the tier, to confirm it, to reach the next, to have one for ever."""
        reach = [way for rank in self._next() for way in self._told("reach", rank, self._reaching(rank))]
        life = self._lifetime()
        confirm = [
            self._way("confirm", fact.rank, _Frame(0, window, goal.path, window.last)) for fact, goal, window in self.walk.goals
        ]
        # what keeps the tier comes last: it looks at windows of the future
        return [*self._told("keep", self.span.rank, self._keeping()), *confirm, *reach, *life]

    # --- to reach -----------------------------------------------------------------------------------------------

    def _next(self) -> list[int]:
        """The next tier that a path reaches; where that is a layer, the next that is none, too."""
        above = sorted(
            {rank for window in self._open() for rank, _ in window.ways.reach if rank > self.span.rank}
            & set(self.ladder.all_ranks)
        )
        flat = [rank for rank in above if rank not in self.ladder.layers]
        return sorted({*above[:1], *flat[:1]})

    def _reaching(self, rank: int) -> Iterator[_Frame]:
        for window in self._open():
            if window.won.get(rank, True) is not None:  # what was revoked is not won again in the same window
                yield from self._in(window, window.ways.reach, rank)

    def _open(self) -> Iterator[Window]:
        """The windows that count what is posted today."""
        for track in self.rules.tracks:
            if track.personal:
                window = self.walk.counts.personal_on(self.day)
                if window is not None and window.track is track:
                    yield window
            elif track.by_day:
                window = self.walk.counts.counted(track, self.day)
                if self.walk.counts.owns(track, window.first):
                    yield window
            else:
                yield from self._laid(track, self.day)

    def _laid(self, track: Track, day: int) -> Iterator[Window]:
        """The windows of a track that contain a day; those to come by the edition known for their first day."""
        counts = self.walk.counts
        for frame in track.frames(day, self.walk.enrolled):
            if counts.owns(track, frame[1]):
                window = counts.window(track, frame, max(self.day, frame[1]))
                counts.average(window)
                yield window

    def _in(self, window: Window, ways: Paths, rank: int) -> Iterator[_Frame]:
        assert window.track is not None
        for path in dict(ways).get(rank, ()):
            by = self._drops_out(window, path) if window.track.by_day else window.last
            yield _Frame(window.track.place, window, path, by)

    def _drops_out(self, window: Window, path: Path) -> int:
        """Of a window that ends with any day: the last day that still counts all that counts now."""
        places = {place for place, _ in path.needs}
        known = self.walk.counts.known.between(window.first, window.last)
        first = next((on for on, _, place, _ in known if place in places), None)
        if first is None or window.track is None:
            return FAR
        shape = window.track.shape
        return after_months(first, shape.months) - 1 if shape.months else first + (shape.days or 1) - 1

    # --- to keep ------------------------------------------------------------------------------------------------

    def _keeping(self) -> Iterator[_Frame]:
        """Where the tier may be kept: judged when it ends, or met in the first window that would put its end off."""
        rank, hold = self.span.rank, self.span.hold
        if not rank or hold.until >= FAR:
            return
        own = hold.source in OWN
        ladder = self.rules.ladder_on(hold.until)
        if own and ladder.at_end:
            for window, paths in ends.judged_at(self.walk, ladder, rank, hold.until):
                for path in paths:
                    yield _Frame(ladder.track, window, path, min(window.last, hold.until - 1))
            return
        for window in self._prolonging(rank, hold.until):
            yield from self._in(window, window.ways.reach, rank)
            if not window.ladder.at_end:
                yield from self._in(window, window.ways.keep, rank)

    def _prolonging(self, rank: int, end: int) -> Iterator[Window]:
        """Of each track, the open windows in which the tier may be won beyond its end; else the first to come."""
        for track in self.rules.tracks:
            if track.personal or track.by_day:
                yield from (window for window in self._open() if window.track is track)
                continue
            on = self.day
            while on < end:
                windows = list(self._laid(track, on))
                found = [window for window in windows if rank not in window.won and self._ends(window, rank) > end]
                yield from found
                on = end if found or not windows else max(window.last for window in windows) + 1

    def _ends(self, window: Window, rank: int) -> int:
        """The end of the tier if it is won on a window's last day."""
        return winning.end_of(self.walk, window, rank, window.last)

    def _lifetime(self) -> list[Way]:
        life = self.walk.life
        for rank, paths in self.ladder.lifetime.reach if life is not None else ():
            assert life is not None
            if not all(path.met(life.totals) for path in paths) and rank not in life.won:
                return [self._way("lifetime", rank, _Frame(-1, life, path, FAR)) for path in paths]
        return []

    # --- told ---------------------------------------------------------------------------------------------------

    def _told(self, purpose: str, rank: int, frames: Iterable[_Frame]) -> list[Way]:
        """Each path once: in the window in which least of it is missing, then in that which ends last."""
        best: dict[tuple[int, int], tuple[tuple[Fraction, int], Way]] = {}
        for frame in frames:
            way = self._way(purpose, rank, frame)
            shares = [Fraction(measure.missing, measure.need) for measure in way.measures if measure.need]
            worth = (max(shares, default=Fraction(0)), -frame.by)
            key = (frame.place, id(frame.path))
            if key not in best or worth < best[key][0]:
                best[key] = (worth, way)
        ways = [way for _, way in best.values()]
        return [way for way in ways if not any(other.asks_less(way) for other in ways)]

    def _way(self, purpose: str, rank: int, frame: _Frame) -> Way:
        window, path = frame.window, frame.path
        life = window is self.walk.life
        measures = tuple(self._measure(window, place, need) for place, need in path.needs)
        first = None if life else date.fromordinal(window.first)
        by = None if frame.by >= FAR else date.fromordinal(frame.by)
        return Way(purpose, self.rules.tiers[rank], measures, tuple(self._guards(path, rank, purpose)), first, by)

    def _measure(self, window: Window, place: int, need: int) -> Measure:
        have = window.totals[place]
        more = max(need - have, 0)
        if window.track is not None and window.track.by_day:
            more = max(more, 1)  # it is looked at on a day of activity
        if more and place in self.walk.counts.levels and window.track is not None:
            # an average rises only by the days that are left
            days, left = window.last - window.first + 1, window.last - max(self.day, window.first) + 1
            more = -(-(need * days - self.walk.counts.level_days(window, place)) // max(left, 1))
        return Measure(self.rules.counters[place], have, need, more)

    def _guards(self, path: Path, rank: int, purpose: str) -> Iterator[Guard]:
        held = [hold for hold in self.walk.holds if hold.begins <= self.day < hold.until]
        layers = self.ladder.layers
        if path.holds:
            met = max([hold.rank for hold in held] + ([rank] if purpose == "keep" else [])) >= path.holds
            yield Guard("holds", met, self.rules.tiers[path.holds])
        if path.held is not None:
            long = path.held
            met = self.walk.time.met(long, self.day)
            yield Guard("held", met, self.rules.tiers[long.rank], long.years, long.days, long.unbroken)
        if path.when is not None:
            yield Guard("when", path.when(self.walk.counts.traits), when=dumps(path.asks))
        if rank in layers:
            met = any(hold.rank >= layers[rank] for hold in held if hold.rank not in layers)
            yield Guard("layer", met, self.rules.tiers[layers[rank]])
