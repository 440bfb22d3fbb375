"""Windows and their totals: which windows an entry counts in, what rolls over, what a level was on average."""

from bisect import insort
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any

from loyalty.program.ladder import Window as Shape
from loyalty.status.claims import LIFETIME, Entry, History, Window, from_first
from loyalty.status.compiled import Fate, Ladder, Rules, Totals, Ways
from loyalty.status.rolling import Entries, Rolling, in_time
from loyalty.status.windows import FAR, TRACK, Frame, Track, before_end

#: How many days after what is known windows still roll over into the next.
HORIZON = 100 * 366


class Counts:
    """The windows of one member with their totals, and the days on which they are over."""

    def __init__(self, rules: Rules, history: History) -> None:
        self.rules = rules
        self.enrolled = history.enrolled
        self.today = history.today
        self.traits: tuple[Any, ...] = history.traits[0][1] if history.traits else ()
        self.given = bool(history.facts)
        self.horizon = 0
        if rules.times:
            known = history.entries[-1][0] if history.entries else 0
            self.horizon = (max(known, self.enrolled) if self.today >= FAR else self.today) + HORIZON
        self.later = FAR
        self.windows: dict[int, Window] = {}
        self.alarms: list[tuple[int, int]] = []
        self.levels: dict[int, list[tuple[int, int]]] = {place: [] for place in rules.levels}
        self.known = Entries()
        self.rolling = {track.place: Rolling(track, self.known) for track in rules.tracks if track.by_day}
        self.personal: Window | None = None
        self.awaited = -1
        self.life = self._lifetime() if rules.lives else None

    # --- entries ------------------------------------------------------------------------------------------------

    def window_of(self, on: int, posted: int) -> Window:
        """The one window that contains a day, where there is but one."""
        track = self.rules.tracks[0]
        return self.window(track, track.frame(on, self.enrolled), posted)

    def add(self, entry: Entry) -> list[Window]:
        """Count an entry in every window that it belongs to, and tell them."""
        posted, on, place, amount = entry
        if self.life is not None:
            self.life.totals[place] += amount
            self.life.fell |= amount < 0
        if place in self.levels:
            insort(self.levels[place], (on, amount))
        touched = [window for track in self.rules.tracks for window in self._touched(track, on, posted, place)]
        for window in touched:
            window.fell |= amount < 0
            if place not in self.levels:
                window.totals[place] += amount
        if self.rules.remembers and place not in self.levels:
            self.known.add(entry)
        return touched

    def _touched(self, track: Track, on: int, posted: int, place: int) -> list[Window]:
        if track.personal:
            window = self.personal_on(posted)
            if window is None or window.track is not track:
                return []
            if self.rules.rolls and window.key != self.awaited:  # what was revoked in it may be met in the next
                self.awaited = window.key
                self.alarm(window)
            return [window]
        if track.by_day:
            return self._ending(track, on, posted)
        frames = [frame for frame in track.frames(on, self.enrolled) if self.owns(track, frame[1])]
        found = [self.window(track, frame, posted) for frame in frames if in_time(track, frame[2], posted)]
        if place in self.levels:
            found += [window for window in self._of(track) if window.first > on]
        return found

    def _ending(self, track: Track, on: int, posted: int) -> list[Window]:
        """Windows that end with a day of activity: the entry's own, and those of later days that reach back to it."""
        frame, rolling = track.frame_before(on), self.rolling[track.place]
        if frame[0] not in self.windows and in_time(track, on, posted) and self.owns(track, frame[1]):
            rolling.open(self.window(track, frame, posted))
        return [window for window in rolling.containing(on) if in_time(track, window.last, posted)]

    def _of(self, track: Track) -> Iterator[Window]:
        return (window for window in self.windows.values() if window.track is track)

    def between(self, track: Track | None, first: int, last: int) -> Totals:
        """The totals of all that is known of some days; what came too late for a track's windows is left out."""
        totals = self.nothing()
        for _, posted, place, amount in self.known.between(first, last):
            if track is None or in_time(track, last, posted):
                totals[place] += amount
        return totals

    @property
    def levels_known(self) -> int:
        """The last day on which levels are judged: today, or so long after what is known last."""
        return min(self.today, self.horizon)

    def average(self, window: Window) -> None:
        """Bring the totals of levels in a window up to date: their averages, rounded down."""
        for place in self.levels:
            window.totals[place] = self.level_days(window, place) // (window.last - window.first + 1)

    def level_days(self, window: Window, place: int) -> int:
        """The sum of a level's value at each day of a window, days to come with what it is now."""
        changes = self.levels[place]
        return sum(amount * (window.last - max(on, window.first) + 1) for on, amount in changes if on <= window.last)

    # --- windows ------------------------------------------------------------------------------------------------

    def nothing(self) -> Totals:
        return self.rules.nothing[:]

    def owns(self, track: Track, first: int) -> bool:
        """Whether the edition in force on a window's first day counts in such windows."""
        return len(self.rules.ladders) == 1 or track.place in self.rules.ladder_on(first).tracks

    def window(self, track: Track, frame: Frame, posted: int) -> Window:
        """The window of a frame; made where it is the first time that something counts in it."""
        window = self.windows.get(frame[0])
        if window is None:
            key, first, last = frame
            ladder = self.ladder_for(track, first, last, posted)
            window = Window(key, first, last, track, ladder, self.ways(ladder, track, first), self.nothing())
            self.windows[key] = window
            if self.rules.times:
                window.rolled_in, window.rolled_out = self.nothing(), self.nothing()
                if last >= posted:
                    self.alarm(window)
        return window

    def alarm(self, window: Window) -> None:
        """Note that something happens when a window is over. Levels are judged up to today only."""
        day = max(window.last + 1, self.enrolled)
        levels = bool(self.levels) and window.track is not None and window.track.at_end
        if levels and day > self.today:
            self.later = min(self.later, day)
        elif day <= self.horizon:
            heappush(self.alarms, (day, window.key))

    def due(self, day: int) -> list[Window]:
        """The windows that are over by a day, first one first."""
        keys = []
        while self.alarms and self.alarms[0][0] <= day:
            keys.append(heappop(self.alarms)[1])
        windows = (self.windows.get(key) or self.personal for key in dict.fromkeys(keys))
        return sorted((window for window in windows if window is not None), key=from_first)

    def ladder_for(self, track: Track, first: int, last: int, posted: int) -> Ladder:
        """The edition that counts on a day for a window; before enrolment, that of enrolment."""
        if len(self.rules.ladders) == 1:
            return self.rules.ladders[0]
        return self.rules.ladder_for(track.place, first, min(max(posted, self.enrolled), last))

    def ways(self, ladder: Ladder, track: Track, first: int) -> Ways:
        """The paths of a window that begins on a day: those of an override where one applies."""
        if not ladder.changed:
            return ladder.ways[track.place]
        for n, changed in enumerate(ladder.changed):
            if changed.percent is not None and changed.applies(first, self.traits):
                return ladder.scaled[n][track.place]
        return ladder.ways[track.place]

    def counted(self, track: Track, day: int) -> Window:
        """The window of a track that tells how a day stands: of overlapping ones, that which ends first from then on."""
        if track.personal:
            window = self.personal_on(day)
            assert window is not None
            return window
        if not track.by_day:
            frames = track.frames(day, self.enrolled)
            if frames:
                owned = [frame for frame in frames if self.owns(track, frame[1])]
                return self.window(track, min(owned or frames, key=lambda frame: frame[2]), day)
        # a day that is in no window, where one was made to end sooner, is told as one of its own with nothing in it
        key, first, last = track.frame_before(day) if track.by_day else (track.place * TRACK + day, day, day)
        ladder = self.ladder_for(track, first, last, day)
        return Window(
            key, first, last, track, ladder, self.ways(ladder, track, first), self.between(track, first, last),
            rolled_in=self.nothing(), rolled_out=self.nothing(),
        )  # fmt: skip

    def judged(self, track: Track, day: int) -> Window:
        """The window of a track that counts when a tier ends after a day; of overlapping ones, that which ended last."""
        if track.personal or track.by_day or not track.overlapping:
            return self.counted(track, day)
        frame = min(track.frames(day, self.enrolled), key=lambda frame: frame[2])
        if frame[2] > day:
            frame = max(track.frames(frame[1] - 1, self.enrolled))
        return self.window(track, frame, day)

    def bound(self, ladder: Ladder, track: Track, shape: Shape, end: int) -> Window:
        """The window tied to the end of validity on a day, with what is known of it: never one of those that are laid."""
        first, last = before_end(shape, end)
        key = (len(self.rules.tracks) + track.place) * TRACK + first
        window = Window(key, first, last, track, ladder, Ways(), self.between(None, first, last))
        window.rolled_in, window.rolled_out = self.nothing(), self.nothing()
        self.average(window)
        return window

    def look_on(self) -> int | None:
        """The day after today on which a level is judged next."""
        return self.later if self.later < FAR else None

    def all(self) -> list[Window]:
        """The windows that something counts in, the lifetime apart."""
        return [*self.windows.values(), *([] if self.personal is None else [self.personal])]

    def refresh(self, day: int) -> list[Window]:
        """The windows still open on a day, with the paths that now apply to them."""
        self.personal_on(day)  # nothing may have asked for it since the one before was over
        windows = [window for window in self.all() if window.last >= day]
        windows.sort(key=from_first)
        for window in windows:
            assert window.track is not None
            window.ladder = self.ladder_for(window.track, window.first, window.last, day)
            window.ways = self.ways(window.ladder, window.track, window.first)
        if self.life is not None:
            self.life.ladder = self.rules.ladder_on(day)
            self.life.ways = self.life.ladder.lifetime
            windows.append(self.life)
        return windows

    def open_on(self, day: int) -> list[Window]:
        """The windows that are not over on a day, for ever included; not those that are judged when they are over."""
        self.personal_on(day)
        found = [
            window for window in (*self.windows.values(), self.personal, self.life)
            if window is not None and window.last >= day and not (window.track is not None and window.track.at_end)
        ]  # fmt: skip
        return sorted(found, key=from_first)

    def _lifetime(self) -> Window:
        ladder = self.rules.ladder_on(self.enrolled)
        return Window(LIFETIME, 0, FAR, None, ladder, ladder.lifetime, self.nothing())

    # --- personal windows ---------------------------------------------------------------------------------------

    def personal_on(self, day: int) -> Window | None:
        """The personal window open on a day; none where the edition in force has none."""
        track = self.rules.tracks[self.rules.ladder_on(max(day, self.enrolled)).track]
        if not track.personal:
            return None
        if self.personal is None or self.personal.track is not track:
            self.personal = self._opened(track, self._personal_since(track, max(day, self.enrolled)), posted=day)
        while self.personal.last < day:  # nothing happened at these ends, or there would have been an alarm
            self.follow(self.personal, self.personal.last + 1, 0, False, day)
        return self.personal

    def _personal_since(self, track: Track, day: int) -> int:
        """The first day of membership from which on editions have had a personal window."""
        since = self.enrolled
        for ladder in self.rules.ladders:
            if self.enrolled < ladder.begins <= day and self.rules.ladder_on(ladder.begins - 1).track != track.place:
                since = ladder.begins
        return since

    def restart(self, window: Window, day: int) -> Window:
        """A change of tier opens a personal window, with what is left in the counters; one of today is as good."""
        assert window.track is not None
        if self.personal is not None and self.personal.first == day:
            self.personal.last = window.track.end_of_personal(day)
            self.alarm(self.personal)
            return self.personal
        window.last = day - 1
        opened = self._opened(window.track, day)
        opened.totals = window.totals
        self.personal = opened
        self.alarm(opened)
        return opened

    def follow(self, window: Window, day: int, rank: int, fallen: bool, posted: int = 0) -> Window:
        """A personal window that is over is followed by the next, opened by what rolls over."""
        assert window.track is not None
        opened = self._opened(window.track, day, follows=True, posted=posted)
        for place, fate in window.ladder.fates.items():
            if fate.of is not None and rank >= fate.earned and not (fate.unless_fallen and fallen):
                opened.totals[place] = _part(fate, window.totals[place], rank)
        self.personal = opened
        if any(opened.totals) and (rank or self.given or opened.totals != window.totals):
            self.alarm(opened)
        return opened

    def _opened(self, track: Track, day: int, follows: bool = False, posted: int = 0) -> Window:
        last = track.end_of_personal(day, follows)
        ladder = self.ladder_for(track, day, last, max(day, posted))
        key = track.place * TRACK + day
        window = Window(key, day, last, track, ladder, self.ways(ladder, track, day), self.nothing())
        window.rolled_in, window.rolled_out = self.nothing(), self.nothing()
        return window

    # --- rollover -----------------------------------------------------------------------------------------------

    def roll(self, window: Window, posted: int, held: int) -> Window | None:
        """Bring what a closed window rolls over up to date; tells the next window where that changed.

        `held` is the rank of the window's last day.
        """
        track = window.track
        assert track is not None
        earned = max((rank for rank, hold in window.won.items() if hold is not None), default=0)
        carried = self.nothing()
        for place, fate in window.ladder.fates.items():
            if fate.of is not None and earned >= fate.earned and not (fate.unless_fallen and earned < held):
                carried[place] = _part(fate, _rolling(fate, window, place, earned), earned)
        if carried == window.rolled_out:
            return None
        frames = [frame for frame in track.frames(window.last + 1, self.enrolled) if frame[0] != window.key]
        frames = [frame for frame in frames if self.owns(track, frame[1])]
        if not frames:
            return None
        following = self.window(track, frames[0], posted)
        for place, (was, now) in enumerate(zip(window.rolled_out, carried, strict=True)):
            following.totals[place] += now - was
            following.rolled_in[place] += now - was
            following.fell |= now < was
        window.rolled_out = carried
        return following


def _rolling(fate: Fate, window: Window, place: int, earned: int) -> int:
    """What of a counter is there to roll over: all of it, or what is above the threshold of the tier earned."""
    total = window.totals[place]
    if fate.of == "excess":
        paths = dict(window.ways.reach).get(earned, ())
        thresholds = [need for path in paths for at, need in path.needs if at == place]
        if not thresholds or not earned:
            return 0
        excess = total - min(thresholds)
    else:
        excess = total
    return min(excess, total - window.rolled_in[place]) if fate.once else excess


def _part(fate: Fate, amount: int, rank: int) -> int:
    """So much percent of it, rounded down, and at most so much; never below zero."""
    part = int(max(amount, 0) * fate.percent // 100)
    most = fate.most if fate.most is None or isinstance(fate.most, int) else fate.most.get(rank, 0)
    return part if most is None else min(part, most)
