"""What follows the end of a tier: it is kept, held on in grace, falls by one, or falls to what else is held."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from loyalty.status.claims import OWN, Hold, Window
from loyalty.status.compiled import Ladder, Path, Term
from loyalty.status.reversals import fall
from loyalty.status.windows import Track, end_of_grace
from loyalty.status.winning import claim, extended, pay, put_off, take

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


def follow(walk: "Walk", at: int) -> None:
    """Judge the claims by activity that end on a day: the highest of them, if nothing as high by activity goes on."""
    ended = [hold for hold in walk.holds if hold.until <= at and hold.source in OWN]
    ladder = walk.rules.ladder_on(at - 1)  # ends come before an edition that begins today
    walk.time.fallen = (at, False)
    if not ended or not ladder.judges_ends:
        return
    best = max((hold for hold in ended if hold.rank not in ladder.layers), key=_judged_first, default=None)
    going = walk.own_rank(at)
    if best is not None and best.rank > going:
        walk.time.fallen = (at, not _succeed(walk, ladder, best, going, at))
    for hold in sorted(ended, key=lambda hold: hold.rank):
        under = ladder.layers.get(hold.rank)
        held = max(one.rank for one in walk.holds if one.begins <= at < one.until and one.rank not in ladder.layers)
        goes_on = under is not None and walk.own_rank(at, hold.rank) == hold.rank
        if under is not None and ladder.at_end and held >= under and not goes_on:
            _keep(walk, ladder, hold.rank, hold.rank, at)


def _judged_first(hold: Hold) -> tuple[int, bool]:
    """Of claims that end on one day the highest tier is judged; grace follows one that was not grace already."""
    return hold.rank, hold.source != "grace"


def _succeed(walk: "Walk", ladder: Ladder, hold: Hold, going: int, at: int) -> bool:
    """What comes after a claim; tells whether its tier was kept."""
    if ladder.at_end:
        lower = [rank for rank in reversed(ladder.ranks) if going < rank < hold.rank] if ladder.lapse.to == "earned" else []
        for rank in (hold.rank, *lower):
            if _keep(walk, ladder, rank, hold.rank, at):
                return rank == hold.rank
    if ladder.lapse.grace is not None and hold.source != "grace":
        until = end_of_grace(ladder.lapse.grace, at)
        take(walk, hold._replace(begins=at, until=until, source="grace"), at)
        return False
    below = max((rank for rank in ladder.ranks if rank < hold.rank), default=0)
    if ladder.lapse.to == "one_tier_down" and below:
        until = _end_of(walk, ladder, ladder.landing[below], at)
        take(walk, Hold(below, at, until, "landed", edition=ladder.edition), at)
    return False


def _end_of(walk: "Walk", ladder: Ladder, term: Term, at: int) -> int:
    """The end of a validity that begins on a day, as if a path were met on it."""
    track = walk.rules.tracks[ladder.track]
    if track.personal:
        first, last = at, _personal_end(walk, at)
    else:
        _, first, last = track.frame_before(at) if track.by_day else ((0, at, at), *track.frames(at, walk.enrolled))[-1]
    return extended(walk, _goes_on(walk, track, term, first, last, at), at)


def _goes_on(walk: "Walk", track: Track, term: Term, first: int, last: int, at: int) -> int:
    if term.windows and track.counted:
        return track.later(first, last, term.windows, walk.enrolled)
    return term.after(first, last, track.every, at)


def _keep(walk: "Walk", ladder: Ladder, rank: int, held: int, at: int) -> bool:
    """Whether a path to keep a tier, or to reach it, was met when it ended; if so it goes on."""
    for window, paths in judged_at(walk, ladder, rank, at):
        for path in paths:
            if path.met(window.totals) and walk.allowed(path, at, also=held):
                _kept(walk, ladder, window, rank, path, at)
                return True
    return False


def judged_at(walk: "Walk", ladder: Ladder, rank: int, at: int) -> list[tuple[Window, list[Path]]]:
    """The windows that count at the end of a tier on a day, each with the paths of a tier that are counted in it."""
    found = []
    for place in sorted(ladder.tracks):
        track = walk.rules.tracks[place]
        if place == ladder.track and ladder.keep_window is not None:
            window = walk.counts.bound(ladder, track, ladder.keep_window, at)
        else:
            # what reaches a tier is counted, at its end, where what keeps it is
            kept = ladder.keep_track if place == ladder.track and ladder.keep_track is not None else place
            window = walk.counts.judged(walk.rules.tracks[kept], at - 1)
            if walk.rules.levels:
                walk.counts.average(window)
        ways = walk.counts.ways(ladder, track, window.first)
        paths = [*dict(ways.keep).get(rank, ()), *dict(ways.reach).get(rank, ())]
        if walk.rules.levels and at > walk.counts.levels_known:  # what a level will be is not known
            paths = [path for path in paths if not path.counts(walk.rules.levels)]
        found.append((window, paths))
    return found


def _kept(walk: "Walk", ladder: Ladder, window: Window, rank: int, path: Path, at: int) -> None:
    track = walk.rules.tracks[ladder.track]
    first, last = window.first, window.last
    if not track.personal and window.track is not None:
        track = window.track
    if track.personal:
        first, last = at, _personal_end(walk, at)
    until = put_off(walk, window, rank, ladder.keeping[rank], _goes_on(walk, track, ladder.keeping[rank], first, last, at), at)
    hold = claim(walk, window, rank, at, "kept", path, extended(walk, until, at))._replace(edition=ladder.edition)
    pay(walk, window, hold)
    if walk.counts.windows.get(window.key) is window:
        window.won[rank] = hold  # a reversal asks again
        window.watched = -1
    take(walk, hold, at)


def _personal_end(walk: "Walk", at: int) -> int:
    """The last day of the personal window that is, or will be, open on a day."""
    window = walk.counts.personal
    assert window is not None and window.track is not None
    return window.last if window.last >= at else window.track.end_of_personal(at, follows=True)


def next_personal(walk: "Walk", window: Window, at: int) -> None:
    """A personal window that is over is followed by the next, where the edition still has such windows."""
    track = walk.rules.tracks[walk.rules.ladder_on(at).track]
    if window is not walk.counts.personal or track is not window.track or window.last >= at:
        return
    holding = [hold for hold in walk.holds if hold.begins <= at < hold.until]
    fallen = walk.time.fallen == (at, True) or max(hold.rank for hold in walk.holding(holding, at)) < walk.current.rank
    own = max((hold.rank for hold in holding if hold.source in OWN), default=0)
    following = walk.counts.follow(window, at, own, fallen)
    following.on = at
    walk.watch(following)
    walk.evaluate(following, at)


def judge(walk: "Walk", window: Window, at: int) -> None:
    """Judge a window that is over. Where levels stand at more than nothing, the next windows begin without an entry."""
    assert window.track is not None
    walk.counts.average(window)
    walk.watch(window)
    window.on = at
    walk.evaluate(window, at)
    if walk.rules.marks:
        walk.marks.due.append(window)
    if walk.rules.levels and any(sum(amount for _, amount in changes) for changes in walk.counts.levels.values()):
        for frame in window.track.frames(at, walk.enrolled):
            if walk.counts.owns(window.track, frame[1]):
                walk.counts.window(window.track, frame, at)


def roll(walk: "Walk", closed: list[Window], at: int, today: Collection[Window] = ()) -> list[Window]:
    """Let closed windows roll over, each into the next, as long as that changes anything; tells the windows that it changed.

    `today` are those that have entries of the day: months run from these.
    """
    changed = []
    while closed:
        window = closed.pop(0)
        assert window.track is not None or window is walk.life
        if window.track is None or window.track.personal or window.track.overlapping:
            continue
        following = walk.counts.roll(window, at, walk.held_at_end(window.last))
        if following is None:
            continue
        if following.fell:
            fall(walk, [following], at)
        following.on = following.on if following in today else at
        changed.append(following)
        if not following.waits(at):
            walk.watch(following)
            walk.evaluate(following, at)
        if walk.rules.marks:
            walk.marks.due.append(following)
        if following.last < at:
            closed.append(following)
    return changed
