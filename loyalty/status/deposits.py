"""Deposits: which windows of a ladder open when, and with what. Pure; days are ordinals."""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from loyalty.status.claims import History, Span, standing_on
from loyalty.status.compiled import Ladder, Rules
from loyalty.status.windows import FAR, Frame


class Deposited(NamedTuple):
    """A deposit that is due: of which window, on which day, how much in the unit's smallest step."""

    id: str
    unit: str
    amount: int
    window: int
    first: int
    on: int
    edition: str


def deposits_due(rules: Rules, history: History, spans: Sequence[Span], day: int) -> tuple[Deposited, ...]:
    """Every deposit from enrolment to a day, whether booked or not, by the tier with which its day opened."""
    found = []
    for on, (key, first, _last), ladder in takewhile(lambda opened: opened[0] <= day, opened(rules, history.enrolled)):
        span = standing_on(spans, on)
        if span is None:
            continue
        rank = span.opening if span.begins == on else span.rank
        values = [values for since, values in history.traits if since <= on][-1:]
        for one in ladder.deposits:
            amount = one.amount if isinstance(one.amount, int) else one.amount.get(rank, 0)
            if amount and (one.when is None or one.when(values[0])):
                found.append(Deposited(one.id, one.unit, amount, key, first, on, ladder.edition))
    return tuple(found)


def next_deposit(rules: Rules, enrolled: int, day: int) -> int | None:
    """The first day after a day on which a window opens with a deposit."""
    return next((on for on, _frame, _ladder in opened(rules, enrolled) if on > day), None)


def opened(rules: Rules, enrolled: int) -> Iterator[tuple[int, Frame, Ladder]]:
    """The windows that open with deposits, each with its day and ladder: its first day, that of enrolment for the first.

    A window belongs to the edition in force on that day; before the first edition nothing is promised. It never ends.
    """
    ends = [*(ladder.begins for ladder in rules.ladders[1:]), FAR]
    for ladder, until in zip(rules.ladders, ends, strict=True):
        if not ladder.deposits:
            continue
        for frame in _frames(rules, ladder, max(ladder.begins, enrolled), enrolled, until):
            on = max(frame[1], enrolled)
            if ladder.begins <= on < until:
                yield on, frame, ladder


def _frames(rules: Rules, ladder: Ladder, at: int, enrolled: int, until: int) -> Iterator[Frame]:
    """The windows of a ladder from that of a day on, to the last that begins before another day."""
    track = rules.tracks[ladder.track]
    while True:
        frames = track.frames(at, enrolled)
        if not frames:  # stretched windows may leave days out
            at += 1
        elif frames[0][1] >= until:
            return
        else:
            yield frames[0]
            at = frames[0][2] + 1
        if at >= FAR or (not frames and at >= until):
            return
