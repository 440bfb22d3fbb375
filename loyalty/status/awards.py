"""What a ladder gives a member beside tiers, brought up to what the fold says: milestones, deposits, choices. Pure.

Days are walked in their order, so that late and all at once comes to the same as each on its day.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import NamedTuple

from loyalty.errors import Refused
from loyalty.keys import LARGEST, digest
from loyalty.ledger.operations import Row
from loyalty.program.gifts import Gift
from loyalty.program.load import Program
from loyalty.status.booked import Booked, choice_of, edition_of, milestone_of
from loyalty.status.claims import Award, Entry, History
from loyalty.status.compiled import Rules
from loyalty.status.deposits import Deposited
from loyalty.status.folds import Fold
from loyalty.status.windows import FAR, TRACK, compile_validity

#: The kinds of award.
KINDS = ("milestone", "deposit")
#: Of a sheet that is only looked at.
NEVER = datetime.min.replace(tzinfo=UTC)
#: A gift may meet the next milestone the same day; more often in a row, what is given feeds itself.
ROUNDS = 20


class Step(NamedTuple):
    """Something still to be done, on a day; `do` does it and tells whether a counter was changed."""

    day: int
    order: int
    what: str
    do: Callable[[], bool]


class Given(NamedTuple):
    """One gift: what gave it, the n-th time, on which day; so much of a unit (smallest step) or of an instrument.

    The amount is negative where it is taken back.
    """

    name: str
    n: int
    on: int
    unit: str | None
    instrument: str | None
    amount: int


@dataclass
class Sheet:
    """One member's awards, and what is still to be written of them: rows, entries, causes to undo from a day on."""

    program: Program
    rules: Rules
    member_id: int
    number: str
    rows: list[Booked]
    now: datetime = NEVER
    entries: list[Row] = field(default_factory=list)
    undone: dict[tuple[int, int], date] = field(default_factory=dict)
    touched: dict[int, Booked] = field(default_factory=dict)
    counted: list[Entry] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)

    def bring_up(self, fold: Fold, history: History, fold_again: Callable[[History], Fold]) -> Fold:
        """Do all that is to be done, day by day; tells the fold with what that counts.

        Raises Refused: `rewards_without_end` where what is given on a day meets again and again what gives it.
        """
        last, rounds = 0, 0
        while steps := sorted(self.steps(fold), key=lambda step: step[:2]):
            day, order = steps[0].day, steps[0].order
            changed = [step.do() for step in steps if (step.day, step.order) == (day, order)]
            if any(changed):
                last, rounds = day, rounds + 1 if day == last else 1
                if rounds > ROUNDS:
                    raise Refused("rewards_without_end", number=self.number)
                fold = fold_again(history._replace(entries=sorted([*history.entries, *self.counted])))
        return fold

    def steps(self, fold: Fold) -> Iterator[Step]:
        """What the fold says and the rows do not, and the other way round."""
        said = {(one.milestone, one.window, one.n, one.on): one for one in fold.awards}
        due = {(one.id, one.window, 1, 0): one for one in fold.deposits}
        held = {row.identity: row for row in self.rows if row.withdrawn_on is None}
        gone = {row.identity: row.withdrawn_on.toordinal() for row in self.rows if row.withdrawn_on is not None}
        for identity, row in held.items():
            yield from self._surplus(row, said.get(identity), due.get(identity), fold)
        for identity, award in said.items():
            over = award.withdrawn is not None and award.withdrawn <= fold.day
            if identity not in held and not (over and identity in gone):
                day = max(award.on, gone.get(identity, 0))
                yield Step(day, 2, f"{award.milestone} of {_said(award.on)} is missing", partial(self._award, award, day))
        for identity, one in due.items():
            if identity not in held:
                day = max(one.on, gone.get(identity, 0))
                yield Step(day, 1, f"{one.id} of {_said(one.on)} is missing", partial(self._deposit, one, day))

    def _surplus(self, row: Booked, award: Award | None, due: Deposited | None, fold: Fold) -> Iterator[Step]:
        """What is recorded and should not be, or should not be any more; choices whose time is over."""
        day = row.awarded_on.toordinal()
        told = f"{row.name} of {row.awarded_on}"
        if due is not None and [(gift["unit"], gift["amount"]) for gift in row.gifts] == [(due.unit, due.amount)]:
            return
        if award is None:  # as if it had never been
            yield Step(day, 0, f"{told} should not be", partial(self._withdraw, row, day))
        elif award.withdrawn is not None and award.withdrawn <= fold.day:
            until = award.withdrawn
            yield Step(until, 0, f"{told} was taken back", partial(self._withdraw, row, until))
        elif not row.settled and award.choose_by is not None:
            after = max(award.choose_by + 1, day)
            if fold.left is not None and fold.left <= min(after, fold.day):
                yield Step(fold.left, 3, f"the choice of {told} is over", partial(self._settle, row))
            elif after <= fold.day:
                yield Step(after, 3, f"the choice of {told} is over", partial(self._default, row, award, after))

    # --- what is done -------------------------------------------------------------------------------------------

    def _row(self, kind: str, name: str, edition: str, window: int, first: int, times: int, on: int) -> Booked:
        n = len(self.rows)
        cause = digest("award", name, str(window), str(times), str(n))
        days = (date.fromordinal(first), date.fromordinal(on))
        row = Booked(
            self.member_id, n, kind, name, edition, window, days[0], times, days[1], None, [], cause, None, [], True, self.now
        )
        self.rows.append(row)
        self.touched[n] = row
        return row

    def _award(self, award: Award, on: int) -> bool:
        row = self._row("milestone", award.milestone, award.edition, award.window, award.first, award.n, award.on)
        if award.choose_by is not None:
            row.settled, row.choose_by = False, date.fromordinal(award.choose_by)
        return self._give(row, milestone_of(self.program, award.edition, award.milestone).gives, award, on)

    def _deposit(self, one: Deposited, on: int) -> bool:
        row = self._row("deposit", one.id, one.edition, one.window, one.first, 1, one.on)
        return self._book(row, one.unit, one.amount, on)

    def _give(self, row: Booked, gifts: Sequence[Gift], award: Award, on: int) -> bool:
        """Add gifts to an award: units are booked, instruments noted with their end. Tells whether a counter changed."""
        units = edition_of(self.program, row.edition).units.units
        changed = False
        for gift in gifts:
            if gift.unit is not None:
                changed |= self._book(row, gift.unit, int(gift.amount.scaleb(units[gift.unit].decimals)), on)
            else:
                through = _end(self.rules, gift, award, on)
                self.given.append(Given(row.name, row.times, on, None, gift.instrument, int(gift.amount)))
                row.gifts.append(
                    {"instrument": gift.instrument, "amount": int(gift.amount), "through": through, "on": _said(on)}
                )
        self.touched[row.n] = row
        return changed

    def _book(self, row: Booked, unit: str, amount: int, on: int) -> bool:
        if amount > LARGEST:
            raise Refused("amount_too_large", unit=unit, amount=amount)
        day = date.fromordinal(on)
        n = len(row.gifts)
        row.gifts.append({"unit": unit, "amount": amount, "on": _said(on)})
        self.entries.append(
            (self.member_id, row.cause_id, n, unit, amount, day, day, self.now, row.kind, row.kind, row.name, None, None)
        )
        self.given.append(Given(row.name, row.times, on, unit, None, amount))
        return self._count(unit, on, on, amount)

    def _count(self, unit: str, posted: int, on: int, amount: int) -> bool:
        place = self.rules.index.get(unit)
        if place is not None:
            self.counted.append((posted, on, place, amount))
        return place is not None

    def _withdraw(self, row: Booked, day: int) -> bool:
        """Take an award back from a day on: its entries are undone then, or on their own days where these are later."""
        row.withdrawn_on, row.withdrawn_at, row.settled = date.fromordinal(day), self.now, True
        self.undone[self.member_id, row.cause_id] = row.withdrawn_on
        self.touched[row.n] = row
        changed = False
        for gift in row.gifts:
            on = date.fromisoformat(gift["on"]).toordinal()
            unit, instrument = gift.get("unit"), gift.get("instrument")
            self.given.append(Given(row.name, row.times, max(on, day), unit, instrument, -gift["amount"]))
            if unit is not None:
                changed |= self._count(gift["unit"], max(on, day), on, -gift["amount"])
        return changed

    def _settle(self, row: Booked) -> bool:
        row.settled = True
        self.touched[row.n] = row
        return False

    def _default(self, row: Booked, award: Award, on: int) -> bool:
        """The deadline of a choice is over: what was not picked falls to the default."""
        choice = choice_of(self.program, row)
        changed = self._settle(row)
        while choice.default is not None and len(row.chosen) < choice.pick:
            row.chosen.append({"option": choice.default, "on": _said(on)})
            changed |= self._give(row, choice.options[choice.default], award, on)
        return changed

    def pick(self, row: Booked, award: Award, on: date, picked: dict[str, str]) -> None:
        """Take an option of an open choice."""
        choice = choice_of(self.program, row)
        row.chosen.append({**picked, "on": on.isoformat()})
        row.settled = len(row.chosen) >= choice.pick
        self._give(row, choice.options[picked["option"]], award, on.toordinal())


def _end(rules: Rules, gift: Gift, award: Award, on: int) -> str | None:
    """The last day of an instrument, as text; none where it does not end."""
    if gift.expires is None:
        return None
    months = 12 if award.window < TRACK else rules.tracks[award.window // TRACK].months
    until = compile_validity(gift.expires)(award.first, award.last, months, on)
    return None if until >= FAR else _said(until - 1)


def _said(day: int) -> str:
    return date.fromordinal(day).isoformat()
