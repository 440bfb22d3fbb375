"""What follows the end of a tier: it is kept, held on in grace, falls by one, or falls to what else is held."""

from typing import TYPE_CHECKING

from loyalty.status.claims import OWN, Hold, Window
from loyalty.status.compiled import Ladder, Path
from loyalty.status.windows import Until, end_of_grace

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


def follow(walk: "Walk", at: int) -> None:
    """Judge the claims by activity that end on a day: the highest of them, if nothing as high by activity goes on."""
    ended = [hold for hold in walk.holds if hold.until <= at and hold.source in OWN]
    ladder = walk.rules.ladder_on(at)
    walk.time.fallen = (at, False)
    if not ended or not ladder.judges_ends:
        return
    best = max((hold for hold in ended if hold.rank not in ladder.layers), key=lambda hold: hold.rank, default=None)
    going = walk.own_rank(at)
    if best is not None and best.rank > going:
        walk.time.fallen = (at, not _succeed(walk, ladder, best, going, at))
    for hold in sorted(ended, key=lambda hold: hold.rank):
        under = ladder.layers.get(hold.rank)
        held = max(one.rank for one in walk.holds if one.begins <= at < one.until and one.rank not in ladder.layers)
        if under is not None and ladder.at_end and held >= under:
            _keep(walk, ladder, hold.rank, hold.rank, at)


def _succeed(walk: "Walk", ladder: Ladder, hold: Hold, going: int, at: int) -> bool:
    """What comes after a claim; tells whether its tier was kept."""
    if ladder.at_end:
        lower = [rank for rank in reversed(ladder.ranks) if going < rank < hold.rank] if ladder.lapse.to == "earned" else []
        for rank in (hold.rank, *lower):
            if _keep(walk, ladder, rank, hold.rank, at):
                return rank == hold.rank
    if ladder.lapse.grace is not None and hold.source != "grace":
        until = end_of_grace(ladder.lapse.grace, at)
        walk.take(hold._replace(begins=at, until=until, source="grace"), at)
        return False
    below = max((rank for rank in ladder.ranks if rank < hold.rank), default=0)
    if ladder.lapse.to == "one_tier_down" and below > going:
        until = _end_of(walk, ladder, ladder.landing[below].until, at)
        walk.take(Hold(below, at, until, "landed", edition=ladder.edition), at)
    return False


def _end_of(walk: "Walk", ladder: Ladder, until: Until, at: int) -> int:
    """The end of a validity that begins on a day, as if a path were met on it."""
    track = walk.rules.tracks[ladder.track]
    if track.personal:
        first, last = at, track.end_of_personal(at)
    else:
        _, first, last = track.frame_before(at) if track.by_day else track.frames(at, walk.enrolled)[-1]
    return walk.extended(ladder, until(first, last, track.months, at))


def _keep(walk: "Walk", ladder: Ladder, rank: int, held: int, at: int) -> bool:
    """Whether a path to keep a tier, or to reach it, was met when it ended; if so it goes on."""
    for window, paths in _judged(walk, ladder, rank, at):
        for path in paths:
            if path.met(window.totals) and walk.allowed(path, at, also=held):
                _kept(walk, ladder, window, rank, path, at, "kept" if rank == held else "earned")
                return True
    return False


def _judged(walk: "Walk", ladder: Ladder, rank: int, at: int) -> list[tuple[Window, list[Path]]]:
    """The windows that count at the end of a tier on a day, each with the paths of a tier that are counted in it."""
    found = []
    for place in sorted(ladder.tracks):
        track = walk.rules.tracks[place]
        ways = ladder.ways[place]
        window = walk.counts.judged(track, at - 1)
        if walk.rules.levels:
            walk.counts.average(window)
        if window.ladder is ladder and window.ways is not None:
            ways = window.ways
        keep, reach = [*dict(ways.keep).get(rank, ())], [*dict(ways.reach).get(rank, ())]
        if place == ladder.track and ladder.keep_window is not None:
            found.append((walk.counts.bound(ladder, track, ladder.keep_window, at), keep + reach))
        else:
            found.append((window, keep + reach))
    return found


def _kept(walk: "Walk", ladder: Ladder, window: Window, rank: int, path: Path, at: int, source: str) -> None:
    track = walk.rules.tracks[ladder.track]
    first, last = window.first, window.last
    if track.personal:
        first, last = (at, track.end_of_personal(at)) if rank not in ladder.layers else (at, _personal_end(walk, at))
    until = walk.extended(ladder, ladder.terms[rank].until(first, last, track.months, at))
    hold = walk.claim(window, rank, at, source, path, until)._replace(edition=ladder.edition)
    walk.pay(window, hold)
    walk.take(hold, at)


def _personal_end(walk: "Walk", at: int) -> int:
    """The last day of the personal window that is, or will be, open on a day."""
    window = walk.counts.personal
    assert window is not None and window.track is not None
    return window.last if window.last >= at else window.track.end_of_personal(at)


def next_personal(walk: "Walk", window: Window, at: int) -> None:
    """A personal window that is over is followed by the next, where the edition still has such windows."""
    track = walk.rules.tracks[walk.rules.ladder_on(at).track]
    if window is not walk.counts.personal or track is not window.track or window.last >= at:
        return
    fallen = walk.time.fallen == (at, True)
    following = walk.counts.follow(window, at, walk.own_rank(at), fallen)
    following.on = at
    walk.watch(following)
    walk.evaluate(following, at)


def claw_back(walk: "Walk", window: Window) -> None:
    """A reversal that leaves a paid counter below zero takes back the tier paid last, and returns its threshold."""
    if not window.ladder.strict:
        return
    for hold, place, threshold in reversed(walk.paid[:]):
        if window.totals[place] < 0 and hold in walk.holds:
            walk.holds.remove(hold)
            walk.paid.remove((hold, place, threshold))
            window.totals[place] += threshold
