"""One member folded for a day, with what the ladder gives by then and the next day to look again. Pure."""

from datetime import date
from typing import Any, NamedTuple

from loyalty.status.claims import Award, History, Span, known_through, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.deposits import Deposited, deposits_due, next_deposit
from loyalty.status.timeline import Folded as Said
from loyalty.status.timeline import fold
from loyalty.status.windows import FAR


class Fold(NamedTuple):
    """One member folded for a day: the timeline, the day on which the next fact became known, the deposits due by the day.

    `deposit_on` is the day on which the next window opens with a deposit.
    """

    said: Said
    day: int
    next_fact: int | None
    left: int | None
    deposits: tuple[Deposited, ...] = ()
    deposit_on: int | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        return self.said.spans

    @property
    def awards(self) -> list[Award]:
        """The milestones met by the day, as a member."""
        last = self.day if self.left is None else min(self.day, self.left - 1)
        return [award for award in self.said.awards if award.on <= last]

    @property
    def review_on(self) -> date | None:
        """The next day on which anything could change with no new fact, or a fact known later is to be folded.

        After membership nothing is given any more.
        """
        given = [self.deposit_on, *(day for award in self.said.awards for day in _days_of(award))]
        days = [span.begins for span in self.spans]
        days += [day for day in given if day is not None and (self.left is None or day < self.left)]
        days += [day for day in (self.next_fact, self.said.look_on, self.left) if day is not None]
        return _day(min((day for day in days if day > self.day), default=None))

    def standing(self, rules: Rules) -> tuple[Any, ...]:
        """What is kept of the span that holds on the day: tier, opening, begins, until, source; spans counted."""
        span = standing_on(self.spans, self.day)
        if span is None:
            return (None, None, None, None, "", len(self.spans))
        tier, opening = rules.tiers[span.rank], rules.tiers[span.opening]
        return (tier, opening, _day(span.begins), _day(span.hold.until), span.hold.source, len(self.spans))


def fold_at(rules: Rules, history: History, day: int) -> Fold:
    """One member folded with what was known on a day."""
    known, next_fact = known_through(history, day)
    said = fold(rules, known)
    if not rules.deposits:
        return Fold(said, day, next_fact, history.left)
    deposits = deposits_due(rules, known, said.spans, day)
    return Fold(said, day, next_fact, history.left, deposits, next_deposit(rules, history.enrolled, day))


def _days_of(award: Award) -> tuple[int | None, ...]:
    """The days on which something happens to an award: met, taken back, its choice over."""
    return award.on, award.withdrawn, None if award.choose_by is None else award.choose_by + 1


def _day(ordinal: int | None) -> date | None:
    """A day of a span or claim; none for ever."""
    return None if ordinal is None or ordinal >= FAR else date.fromordinal(ordinal)
