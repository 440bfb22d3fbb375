"""What happens to a member by itself: facts that become known, editions that begin, attributes that change."""

from typing import TYPE_CHECKING, Any

from loyalty.status.claims import LIFETIME, OWN, Fact, History, Hold, Window
from loyalty.status.compiled import Ladder, Rules
from loyalty.status.windows import FAR
from loyalty.status.winning import extended, take

if TYPE_CHECKING:
    from loyalty.status.timeline import Walk

#: A fact, an edition, or the values of the member's attributes alone in a tuple.
Event = Fact | Ladder | tuple[Any, ...]


def events_of(rules: Rules, history: History) -> list[tuple[tuple[int, ...], Event]]:
    """What is known to happen, last first: attributes, then facts as they were stated, then editions."""
    enrolled = history.enrolled
    found: list[tuple[tuple[int, ...], Event]] = [(_order(fact, enrolled), fact) for fact in history.facts]
    found += [((ladder.begins, FAR**2), ladder) for ladder in rules.ladders[1:] if ladder.begins > enrolled]
    found += [((max(day, enrolled), -1, n), (values,)) for n, (day, values) in enumerate(history.traits[1:])]
    return sorted(found, key=lambda event: event[0], reverse=True)


def _order(fact: Fact, enrolled: int) -> tuple[int, ...]:
    """Facts of one day in the order in which they were stated; of one instant, revocations last."""
    return (max(fact.posted, enrolled), fact.at, int(fact.kind == "revoked"), fact.id)


def happen(walk: "Walk", event: Event, at: int) -> None:
    if isinstance(event, Ladder):
        _new_edition(walk, at)
    elif not isinstance(event, Fact):
        walk.counts.traits = event[0]
        _new_edition(walk, at)
    elif event.kind != "revoked":
        _given(walk, event, at)
    elif event.revokes is not None:
        walk.holds = [hold for hold in walk.holds if hold.fact != event.revokes]
        walk.goals = [goal for goal in walk.goals if goal[0].id != event.revokes]
    else:
        _revoke(walk, event.rank, at)


def _given(walk: "Walk", fact: Fact, at: int) -> None:
    begins = max(fact.begins, at)
    if fact.until > begins:
        walk.holds.append(Hold(fact.rank, begins, fact.until, fact.kind, fact.window, fact=fact.id))
    goal = walk.rules.ladder_on(at).goals.get(fact.offer) if fact.offer else None
    if goal is not None:
        ladder = walk.rules.ladder_on(at)
        window = Window(-2, fact.begins, fact.until - 1, None, ladder, ladder.lifetime, walk.counts.nothing())
        walk.goals.append((fact, goal, window))


def confirm(walk: "Walk", at: int) -> bool:
    """Offers whose goal is met: the tier holds on, from today."""
    met = [one for one in walk.goals if one[1].path.met(one[2].totals) and walk.allowed(one[1].path, at)]
    for fact, goal, window in met:
        walk.goals.remove((fact, goal, window))
        if walk.barred[0] == at and fact.rank > walk.barred[1]:
            continue
        totals, counted = tuple(window.totals), (window.first, window.last)
        until = goal.then(at, at, 12, at)
        edition = window.ladder.edition
        hold = Hold(fact.rank, at, until, "confirmed", None, goal.path, totals, edition, fact.id, counted=counted)
        take(walk, hold, at)
    return bool(met)


def _revoke(walk: "Walk", above: int, at: int) -> None:
    """End every claim above a rank that has begun; what a window gave, it does not give again."""
    walk.barred = (at, min(above, walk.barred[1]) if walk.barred[0] == at else above)
    for hold in [hold for hold in walk.holds if hold.rank > above and hold.begins <= at < hold.until]:
        walk.holds.remove(hold)
        walk.goals = [goal for goal in walk.goals if goal[0].id != hold.fact]  # a trial ends with its goal
        if hold.path is not None and hold.given_by is not None:
            window = walk.life if hold.given_by == LIFETIME else walk.counts.windows.get(hold.given_by, walk.counts.personal)
            if window is not None:
                window.won[hold.rank] = None
                window.watched = -1


def _extend(walk: "Walk", hold: Hold, until: int) -> None:
    """Hold a claim through a later day: it stays the one that its window won, and that was paid for."""
    if until == hold.until:
        return
    longer = hold._replace(until=until)
    walk.holds = [longer if one is hold else one for one in walk.holds]
    walk.paid = [(longer if one[0] is hold else one[0], *one[1:]) for one in walk.paid]
    for window in walk.counts.all():
        window.won.update({rank: longer for rank, won in window.won.items() if won is hold})


def _new_edition(walk: "Walk", at: int) -> None:
    """Windows still open are counted on under what now applies; what has been won is not taken away."""
    windows = walk.counts.refresh(at)
    for window in windows:
        walk.watch(window)
    ladder = walk.rules.ladder_on(at)
    if ladder.changed:
        for hold in [hold for hold in walk.holds if hold.source in OWN and hold.until > at]:
            _extend(walk, hold, extended(walk, hold.until, at))
    walk._choose(at, opening=True)  # who holds a tier as the edition begins: not one whose tier ends that day
    walk.look_again([window for window in windows if not (window.track is not None and window.track.at_end)], at)
