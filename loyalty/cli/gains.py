"""What a draft does to benefits, as data and in lines."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from loyalty.insight.backtest import Trial
from loyalty.insight.gains import Gain, gains
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.chart_told import addition_told
from loyalty.status.words import tier_name


def gains_told(trial: Trial, matrix: Counter[tuple[str, str]]) -> dict[str, Any]:
    """How many members the changes touch, and what they are for each move and for those who stay."""
    found, told = gains(trial, matrix), _telling(trial)
    touched, gain, lose = _counts(found)
    return {
        "touched": touched,
        "gain": gain,
        "lose": lose,
        "changes": [
            {
                "now": one.now,
                "then": one.then,
                "members": one.members,
                "changes": [addition_told(told, change) for change in one.changes],
            }
            for one in found
        ],
    }


def gain_lines(trial: Trial, matrix: Counter[tuple[str, str]]) -> Iterator[str]:
    """The same in lines; none where the draft changes no benefit of anybody."""
    found, told = gains(trial, matrix), _telling(trial)
    if not found:
        return
    touched, gain, lose = _counts(found)
    yield f"Benefits change for {touched:,} members: {gain:,} gain something, {lose:,} lose something."
    for one in found:
        yield _head(trial, one)
        yield from (f"  {told.addition(change)}" for change in one.changes)


def _counts(found: list[Gain]) -> tuple[int, int, int]:
    """Members whose benefits change; of them those who gain something, and those who lose something."""
    touched = sum(one.members for one in found)
    return touched, sum(one.members for one in found if one.gained), sum(one.members for one in found if one.lost)


def _head(trial: Trial, gain: Gain) -> str:
    name = tier_name(trial.then, gain.then)
    if gain.now == gain.then:
        return f"{gain.members:,} who stay {name}:"
    return f"{gain.members:,} from {tier_name(trial.now, gain.now)} to {name}:"


def _telling(trial: Trial) -> Telling:
    edition = trial.then.edition_on(trial.on) or trial.then.editions[-1]
    return telling(edition.chart, edition.head)
