"""What a ladder would give a member beside tiers: a history that has received it, nothing written. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from loyalty.program.load import Program
from loyalty.status.awards import Given, Sheet
from loyalty.status.booked import Booked, choice_of
from loyalty.status.claims import History, known_through
from loyalty.status.compiled import Rules
from loyalty.status.folds import fold_at
from loyalty.status.timeline import Folded


class Extended(NamedTuple):
    """A history with what it is given, what its fold says, and the gifts, in the order of their days."""

    history: History
    said: Folded
    given: tuple[Given, ...]


def extended(
    program: Program, rules: Rules, history: History, day: int, booked: Sequence[Booked] = (), number: str = ""
) -> Extended:
    """A history as known on a day, with all that it is given through that day beyond what is booked already.

    As when every day is settled: the gifts of a day may change the tier by which the next deposit is measured. Raises
    Refused: `rewards_without_end`.
    """
    known = known_through(history, day)[0]
    fold = fold_at(rules, known, day)
    if not rules.rewards:
        return Extended(known, fold.said, ())
    sheet = Sheet(program, rules, 0, number, known_by(program, booked, date.fromordinal(day)))
    fold = sheet.bring_up(fold, known, lambda more: fold_at(rules, more, day))
    known = known._replace(entries=sorted([*known.entries, *sheet.counted]))
    return Extended(known, fold.said, tuple(sorted(sheet.given, key=lambda gift: gift.on)))


def known_by(program: Program, booked: Sequence[Booked], day: date) -> list[Booked]:
    """Awards as they were recorded at the end of a day, each a row of its own that may be changed."""
    return [_known(program, row, day) for row in booked if row.awarded_on <= day]


def _known(program: Program, row: Booked, day: date) -> Booked:
    last = day.isoformat()
    withdrawn = row.withdrawn_on if row.withdrawn_on is not None and row.withdrawn_on <= day else None
    chosen = [one for one in row.chosen if one["on"] <= last]
    settled = row.settled
    if row.choose_by is not None and withdrawn is None and day <= row.choose_by:
        settled = len(chosen) >= choice_of(program, row).pick
    gifts = [gift for gift in row.gifts if gift["on"] <= last]
    return replace(row, withdrawn_on=withdrawn, chosen=chosen, gifts=gifts, settled=settled)
