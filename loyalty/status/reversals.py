"""What a reversal takes away: claims whose paths are no longer met, tiers that were paid, milestones."""

from typing import TYPE_CHECKING

from loyalty.status.claims import Hold, Window

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


def fall(walk: "Walk", touched: list[Window], day: int) -> None:
    """Look at windows whose totals have fallen."""
    for window in touched:
        if window.fell or window is walk.life:
            if window.track is not None and window.track.at_end:
                walk.counts.average(window)
            if window.track is None or not window.track.personal:
                _recheck(walk, window, day)
            if walk.paid:
                _claw_back(walk, window)
            if walk.rules.marks:
                walk.marks.lowered.append(window)
            window.fell = False
    walk.fell = False


def _recheck(walk: "Walk", window: Window, day: int) -> None:
    """After a reversal: end, or flag, the claims whose paths are no longer met."""
    at = max(day, walk.enrolled)
    paid = [payment[0] for payment in walk.paid]  # taken back by what is left in the counter
    won = [hold for hold in window.won.values() if hold and not hold.short and hold not in paid]
    lost = [hold for hold in won if not _still_met(walk, window, hold, at)]
    for hold in lost:
        for claims in (walk.holds, walk.over):
            if hold in claims:
                claims.remove(hold)
        if window.ladder.strict:
            del window.won[hold.rank]
            window.reached.discard(hold.rank)
        elif hold.until > day:
            window.won[hold.rank] = flagged = hold._replace(short=True)
            walk.holds.append(flagged)
    if lost:
        walk.watch(window)


def _still_met(walk: "Walk", window: Window, hold: Hold, at: int) -> bool:
    """Whether a path of the claim's tier is met, of any edition from the one that gave it to the one that counts now.

    The guards of the path that gave it are not asked again. What was kept in a window of its own may have been kept by a path
    to reach, which is else counted in the ladder's.
    """
    if hold.path is not None and hold.path.met(window.totals):
        return True
    life = window is walk.life
    begins = min(max(hold.begins, walk.enrolled), window.last)
    first = walk.rules.ladder_on(begins).begins
    between = [ladder for ladder in walk.rules.ladders if first <= ladder.begins <= window.ladder.begins]
    place = window.track.place if window.track else 0
    found = [ladder.lifetime if life else ladder.ways[place] for ladder in between]
    found += [ladder.ways[ladder.track] for ladder in between if ladder.keep_track == place and not life]
    ways = [*(way.reach for way in (window.ways, *found))]
    if hold.source == "kept":
        ways += [way.keep for way in (window.ways, *found)]
    paths = (path for way in ways for path in dict(way).get(hold.rank, ()))
    return any(path.met(window.totals) and walk.allowed(path, at) for path in paths)


def _claw_back(walk: "Walk", window: Window) -> None:
    """What leaves a paid counter below zero takes back the tier paid last that still holds, and returns all that it cost."""
    if not window.ladder.strict:
        return
    for hold, place, _, totals in reversed(walk.paid[:]):
        if totals is window.totals and totals[place] < 0 and hold in walk.holds:
            walk.holds.remove(hold)
            for returned in [payment for payment in walk.paid if payment[0] is hold]:
                walk.paid.remove(returned)
                totals[returned[1]] += returned[2]
            if hold.source != "kept":
                window.reached.discard(hold.rank)
            window.won = {rank: won for rank, won in window.won.items() if won is not hold}
            walk.watch(window)
