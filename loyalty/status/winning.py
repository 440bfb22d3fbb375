"""Claims won by a path: their evidence, what they cost, and how long they hold."""

from typing import TYPE_CHECKING

from loyalty.status.claims import OWN, Hold, Window
from loyalty.status.compiled import Path, Term
from loyalty.status.windows import FAR, TRACK, after_months

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk


def win(walk: "Walk", window: Window, rank: int, path: Path, day: int, source: str) -> None:
    kept = window.won.get(rank)
    if kept is not None and kept in walk.holds:
        walk.holds.remove(kept)  # reached now, and no longer only kept; but no shorter
        walk.over.append(kept._replace(until=max(day, walk.enrolled)))
    if walk.barred[0] == day and rank > walk.barred[1]:
        window.won[rank] = None
        return
    opened = window
    if window.track is not None and window.track.personal:
        layer = rank in window.ladder.layers  # opens no window: it is counted from the one that is open
        opened = (layer and walk.counts.personal) or walk.counts.restart(window, max(day, walk.enrolled))
    terms = window.ladder.keeping if source == "kept" else window.ladder.terms
    until = _until(walk, window, opened, rank, terms[rank], max(day, walk.enrolled))
    until = until if kept is None else max(until, kept.until)
    hold = claim(walk, window, rank, day, source, path, until)
    window.won[rank] = hold
    if source != "kept":
        window.reached.add(rank)
    pay(walk, window, hold)
    take(walk, hold, day)


def claim(walk: "Walk", window: Window, rank: int, day: int, source: str, path: Path, until: int) -> Hold:
    """The claim of a path met in a window, with its evidence."""
    counted = None if window.key < TRACK else (window.first, window.last)
    totals = tuple(window.totals)
    return Hold(rank, day, until, source, window.key, path, totals, window.ladder.edition, counted=counted)


def take(walk: "Walk", hold: Hold, day: int) -> None:
    """Hold a claim, if it is not over before it begins; the first to the floor's tier lays the floor."""
    if hold.until <= day:
        return
    walk.holds.append(hold)
    floor = walk.rules.ladder_on(day).floor
    if floor and hold.source in OWN and hold.rank >= floor and not walk.floored:
        walk.floored = True
        walk.holds.append(Hold(floor, day, FAR, "floor", edition=hold.edition))


def pay(walk: "Walk", window: Window, hold: Hold) -> None:
    """What the counters of the path that was met lose by it."""
    for place, threshold in hold.path.needs if hold.path and window.ladder.fates else ():
        fate = window.ladder.fates.get(place)
        if fate is not None and fate.met == "pay":
            window.totals[place] -= threshold
            walk.paid.append((hold, place, threshold, window.totals))
        elif fate is not None and fate.met == "zero":
            window.totals[place] = 0


def _until(walk: "Walk", window: Window, opened: Window, rank: int, term: Term, at: int) -> int:
    """The end of a tier reached or kept in a window; for a personal one, counted from the window that this opens."""
    if window is walk.life:
        return FAR
    every = window.track.every if window.track else 0
    if term.windows and window.track is not None and window.track.counted:
        until = window.track.later(window.first, window.last, term.windows, walk.enrolled)
    else:
        until = term.until(opened.first, opened.last, every, window.on)
    return extended(walk, put_off(walk, window, rank, term, until, at), at)


def put_off(walk: "Walk", window: Window, rank: int, term: Term, until: int, at: int) -> int:
    """The end of a tier; later where it is held by a claim from elsewhere than the window, so many months from that end.

    Of each such end the window must be near enough; what the window itself has won puts nothing off.
    """
    if not term.more:
        return until
    held = walk.holding(walk.holds, at)
    elsewhere = [hold for hold in held if hold.source in OWN and hold.rank >= rank and hold.given_by != window.key]
    near = [hold.until for hold in elsewhere if not term.in_last or after_months(hold.until, -term.in_last) <= window.first]
    return max([until, *(after_months(end, term.more) for end in near)])


def extended(walk: "Walk", until: int, at: int) -> int:
    """The end of validity as overrides of the edition in force put it off."""
    for changed in walk.rules.ladder_on(at).changed:
        if changed.until and changed.applies(until - 1, walk.counts.traits):
            until = max(until, changed.until)
    return until


def end_of(walk: "Walk", window: Window, rank: int, at: int) -> int:
    """The end of a tier reached in a window on a day, or on the window's last where that is over."""
    window.on = min(at, window.last)
    return _until(walk, window, window, rank, window.ladder.terms[rank], at)
