"""Choices that tiers let members make: what opened when, what was picked, in time or ahead, and what fell to the default. Pure.

Days are ordinals. docs/benefits.md, "Choices", says what holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from loyalty.benefits.periods import Period, Stretch, TierDays, choice_in, choice_of, periods, stretches
from loyalty.program.catalog import Choice
from loyalty.program.gifts import Gift
from loyalty.program.load import Edition, Program
from loyalty.status.marks import deadline


class Picked(NamedTuple):
    """The n-th option that a member picked for the period that begins on a day, picked `on` a day."""

    choice: str
    period: int
    n: int
    option: str
    on: int
    key: str


class Slot(NamedTuple):
    """One option to pick: open from a day through a last one, by the rules of the edition on the day on which it opened."""

    n: int
    opened: int
    through: int
    edition: Edition
    choice: Choice


class Given(NamedTuple):
    """An option that a member has got, on a day: by a pick (`how`), the n-th, or by default, of the n-th to pick."""

    how: str
    choice: str
    n: int
    option: str
    period: Period
    on: int
    picked: int | None
    edition: str
    gifts: Sequence[Gift]


@dataclass
class Choosing:
    """A choice for one period at the end of a day: the slots that opened by then, what was given, what is still open, which
    picks wait, and how many were lost for want of a default."""

    period: Period
    slots: list[Slot] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    open: list[Slot] = field(default_factory=list)
    waiting: list[Picked] = field(default_factory=list)
    lost: int = 0


def options_given(
    program: Program, enrolled: int, spans: Sequence[TierDays], picks: Sequence[Picked], day: int
) -> Iterator[Given]:
    """Every option that a member has got by a day."""
    for name in names(program):
        for made in choosings(program, name, enrolled, spans, picks, day):
            yield from made.given


def names(program: Program) -> list[str]:
    """The choices of all editions."""
    return list(dict.fromkeys(choice.id for edition in program.editions for choice in edition.benefits.choices))


def choosings(
    program: Program, name: str, enrolled: int, spans: Sequence[TierDays], picks: Sequence[Picked], day: int
) -> Iterator[Choosing]:
    """A choice, period by period, for the periods that begin by a day."""
    for period in periods(program, choice_of(program, name), enrolled, day):
        if period.last >= enrolled:
            mine = sorted((one for one in picks if (one.choice, one.period) == (name, period.first)), key=lambda one: one.n)
            yield choosing(program, name, period, spans, [one for one in mine if one.on <= day], day)


def choosing(
    program: Program, name: str, period: Period, spans: Sequence[TierDays], picks: Sequence[Picked], day: int
) -> Choosing:
    """A choice for one period, walked from day to day: picks count in their order as soon as there is something to pick
    that they may be; what is not picked in time falls to the default the day after."""
    laid = stretches(program, spans, period.first, min(period.last, day))
    made = Choosing(period, waiting=list(picks))
    slots = _slots(name, period, laid)
    days = {slot.opened for slot in slots} | {max(slot.through + 1, slot.opened) for slot in slots}
    days |= {one.on for one in picks} | {one.begins for one in laid}
    for at in sorted(on for on in days if on <= day):
        opened = [slot for slot in slots if slot.opened == at]
        made.slots += opened
        made.open += opened
        _fill(made, laid, at)
        _expire(made, at)
    return made


def _slots(name: str, period: Period, laid: Sequence[Stretch]) -> list[Slot]:
    found: list[Slot] = []
    for begins, tier, edition in laid:
        choice = choice_in(edition, name)
        for n in range(len(found), choice.picks.get(tier, 0) if choice is not None else 0):
            assert choice is not None
            found.append(Slot(n, begins, deadline(choice.by, period.first, begins), edition, choice))
    return found


def _fill(made: Choosing, laid: Sequence[Stretch], at: int) -> None:
    for slot in list(made.open):
        if at > slot.through and at != slot.opened:
            continue
        pick = next(
            (one for one in made.waiting if one.on <= min(at, slot.through) and fits(made, slot, one.option, laid, at)), None
        )
        if pick is not None:
            made.waiting.remove(pick)
            made.open.remove(slot)
            _give(made, slot, "pick", pick.n, pick.option, at, pick.on)


def _expire(made: Choosing, at: int) -> None:
    for slot in [slot for slot in made.open if slot.through < at]:
        made.open.remove(slot)
        if slot.choice.default is None:
            made.lost += 1
        else:
            _give(made, slot, "default", slot.n, slot.choice.default, at, None)


def _give(made: Choosing, slot: Slot, how: str, n: int, option: str, at: int, picked: int | None) -> None:
    gifts = slot.choice.options[option].gives
    made.given.append(Given(how, slot.choice.id, n, option, made.period, at, picked, slot.edition.name, gifts))


def fits(made: Choosing, slot: Slot, option: str, laid: Sequence[Stretch], at: int) -> bool:
    """Whether an option may be picked on a day: there is such a one, it is not picked yet, the tier is high enough."""
    if option not in slot.choice.options:
        return False
    if not slot.choice.repeated and any(one.option == option and one.how == "pick" for one in made.given):
        return False
    return high_enough(slot, option, laid, at)


def high_enough(slot: Slot, option: str, laid: Sequence[Stretch], at: int) -> bool:
    """Whether a tier held in the period by a day is high enough for an option."""
    least = slot.choice.options[option].at_least
    ranks = slot.edition.ranks
    held = [ranks[one.tier] for one in laid if one.begins <= at and one.tier in ranks]
    return least is None or max(held, default=-1) >= ranks[least]
