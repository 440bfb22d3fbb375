"""What a draft does to benefits, for those who move from tier to tier and for those who stay. Pure."""

from collections import Counter
from typing import NamedTuple

from loyalty.insight.backtest import Trial
from loyalty.program.chart import Addition, between


class Gain(NamedTuple):
    """What members with tier `now` and, under the draft, `then` would gain and lose; for those who stay both are the same."""

    now: str
    then: str
    members: int
    changes: tuple[Addition, ...]

    @property
    def gained(self) -> tuple[Addition, ...]:
        """What is new or better."""
        return tuple(one for one in self.changes if one.how in ("new", "better"))

    @property
    def lost(self) -> tuple[Addition, ...]:
        """What is less; what is only other is neither gained nor lost."""
        return tuple(one for one in self.changes if one.how == "less")


def gains(trial: Trial, matrix: Counter[tuple[str, str]]) -> list[Gain]:
    """For each pair of tiers of the matrix whose benefits differ: the changes, by the editions in force on the trial's day.

    Rises and falls first, the most members first; then those who stay, the highest tier first.
    """
    now, then = trial.now.edition_on(trial.on), trial.then.edition_on(trial.on)
    if now is None or then is None:
        return []
    found = [
        Gain(lower, higher, members, tuple(between(now.chart, lower, then.chart, higher)))
        for (lower, higher), members in matrix.items()
    ]
    told = [gain for gain in found if gain.changes and gain.members]
    moved = [gain for gain in told if gain.now != gain.then]
    stayed = [gain for gain in told if gain.now == gain.then]
    moved.sort(key=lambda gain: (-gain.members, gain.now, gain.then))
    return [*moved, *sorted(stayed, key=lambda gain: -trial.then.tiers.index(gain.then))]
