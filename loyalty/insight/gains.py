"""What a draft does to benefits, for those who move from tier to tier and for those who stay. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from loyalty.insight.backtest import Trial
from loyalty.program.catalog import Benefit
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


class Cost(NamedTuple):
    """What a benefit comes to more, or less, for all members together, in its own measure, or in money.
    `what` is the instrument that is given, none where the benefit itself counts."""

    benefit: Benefit
    what: str | None
    members: int
    amount: Decimal


def costs(found: Sequence[Gain]) -> list[Cost]:
    """What the changes come to for the members that they touch, by benefit, for all whose values can be added up."""
    members: Counter[tuple[str, str | None]] = Counter()
    sums: dict[tuple[str, str | None], Decimal] = {}
    benefits: dict[str, Benefit] = {}
    for gain in found:
        for change in gain.changes:
            for what, amount in _differences(change):
                key = (change.benefit.id, what)
                benefits[change.benefit.id] = change.benefit
                members[key] += gain.members
                sums[key] = sums.get(key, Decimal(0)) + amount * gain.members
    return [Cost(benefits[name], what, members[name, what], amount) for (name, what), amount in sums.items() if amount]


def _differences(change: Addition) -> Iterator[tuple[str | None, Decimal]]:
    """By how much a change differs for one member; nothing where its values are no amounts."""
    if change.benefit.kind in ("count", "money"):
        yield None, _amount(change.after) - _amount(change.before)
    elif change.benefit.kind == "grant":
        before, after = _pieces(change.before), _pieces(change.after)
        yield from ((what, Decimal(after.get(what, 0) - before.get(what, 0))) for what in dict.fromkeys([*before, *after]))


def _amount(value: Any) -> Decimal:
    return Decimal(0) if value is None else Decimal(value)


def _pieces(value: Any) -> Mapping[str, int]:
    return {} if value is None else value
