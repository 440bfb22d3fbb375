"""What a ladder gives beside its tiers, worked out: gifts, deposits, and a history that has received them. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from loyalty.errors import Refused
from loyalty.program.ladder import Deadline, Gift, Milestone
from loyalty.program.load import Edition, Program
from loyalty.status.claims import Award, Entry, History, Span, known_through, standing_on
from loyalty.status.compiled import Rules
from loyalty.status.timeline import Folded, fold
from loyalty.status.windows import FAR, compile_validity

#: A gift may meet the next milestone; more often than so many times in a row, rules feed themselves.
ROUNDS = 20


# --- deposits ---------------------------------------------------------------------------------------------------


class Deposited(NamedTuple):
    """A deposit that is due: of which window, on which day, how much."""

    id: str
    unit: str
    amount: int
    window: int
    first: int
    on: int
    edition: str


def deposits_due(
    rules: Rules, enrolled: int, spans: Sequence[Span], traits: Sequence[tuple[int, tuple[Any, ...]]], day: int
) -> list[Deposited]:
    """Every deposit from enrolment to a day, whether booked or not. The first window's is of the day of enrolment."""
    found: list[Deposited] = []
    on = enrolled
    while on <= day:
        ladder = rules.ladder_on(on)
        frames = rules.tracks[ladder.track].frames(on, enrolled)
        key, first, last = frames[-1]
        span = standing_on(spans, on)
        if span is not None:
            rank = span.opening if span.begins == on else span.rank
            known = [values for since, values in traits if since <= on][-1:] or [()]
            for one in ladder.deposits:
                amount = one.amount if isinstance(one.amount, int) else one.amount.get(rank, 0)
                if amount and (one.when is None or one.when(known[0])):
                    found.append(Deposited(one.id, one.unit, amount, key, first, on, ladder.edition))
        on = last + 1
    return found


def next_deposit(rules: Rules, enrolled: int, day: int) -> int | None:
    """The first day after a day on which a window begins; none where nothing is deposited."""
    if not rules.deposits:
        return None
    track = rules.tracks[rules.ladder_on(day).track]
    return track.frames(max(day, enrolled), enrolled)[-1][2] + 1


# --- milestones -------------------------------------------------------------------------------------------------


def edition_of(program: Program, name: str) -> Edition:
    """The edition of a name."""
    return next(edition for edition in program.editions if edition.name == name)


def milestone_of(program: Program, edition: str, name: str) -> Milestone:
    """A milestone of an edition."""
    return next(one for one in edition_of(program, edition).ladder.milestones if one.id == name)


def deadline(by: Deadline, window_on: date, awarded_on: date) -> date:
    """The last day of a choice; the month's last where it has no such day."""
    if by.days is not None:
        return awarded_on + timedelta(days=by.days)
    month = date(window_on.year + by.years_after, by.month or 1, 1)
    return min(month + timedelta(days=by.day - 1), (month + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def end_of_gift(gift: Gift, first: int, last: int, on: date) -> str | None:
    """The last day of an instrument, as text; none where it does not end."""
    if gift.expires is None:
        return None
    until = compile_validity(gift.expires)(first, last, 12, on.toordinal())
    return None if until >= FAR else date.fromordinal(until - 1).isoformat()


# --- a history that has received them ---------------------------------------------------------------------------

#: What names an award: milestone, window, how many times, day; of a deposit: its id, window, 0, day.
Key = tuple[str, int, int, int]


class Booked(NamedTuple):
    """What the books hold of an award: units in their smallest step, picks still open, whether it was taken back."""

    units: tuple[tuple[str, int], ...] = ()
    open: int = 0
    withdrawn: bool = False


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


class Extended(NamedTuple):
    """A history with what it is given, what its fold says, and the gifts, in the order of their days."""

    history: History
    said: Folded
    given: tuple[Given, ...]


class _Step(NamedTuple):
    on: int
    key: Key
    then: Booked
    gifts: tuple[Given, ...]


NOTHING: Mapping[Key, Booked] = MappingProxyType({})


def extended(
    program: Program, rules: Rules, history: History, day: int, booked: Mapping[Key, Booked] = NOTHING, number: str = ""
) -> Extended:
    """A history as known on a day, with all that it is given through that day beyond what is booked already.

    As when every day is settled: the gifts of a day may change the tier by which the next deposit is measured. Raises
    Refused: `rewards_without_end`.
    """
    known = known_through(history, day)[0]
    said = fold(rules, known)
    books, given = dict(booked), list[Given]()
    last, round_ = 0, 0
    while rules.rewards:
        steps = sorted(_steps(program, rules, known, said, day, books), key=lambda step: step.on)
        if not steps:
            break
        round_ = round_ + 1 if steps[0].on == last else 0
        last = steps[0].on
        if round_ > ROUNDS:
            raise Refused("rewards_without_end", number=number)
        fresh = [step for step in steps if step.on == last]
        books |= {step.key: step.then for step in fresh}
        given += [gift for step in fresh for gift in step.gifts]
        entries = _entries(rules, fresh)
        if entries:
            known = known._replace(entries=sorted([*known.entries, *entries]))
            said = fold(rules, known)
    return Extended(known, said, tuple(given))


def _entries(rules: Rules, steps: Sequence[_Step]) -> list[Entry]:
    """What the gifts of some steps add to the counters."""
    gifts = [gift for step in steps for gift in step.gifts if gift.unit in rules.index]
    return [(gift.on, gift.on, rules.index[gift.unit or ""], gift.amount) for gift in gifts]


def _steps(
    program: Program, rules: Rules, history: History, said: Folded, day: int, books: Mapping[Key, Booked]
) -> Iterator[_Step]:
    """What is still to be given or taken back by a day."""
    for award in said.awards:
        step = _step(program, award, books)
        if step is not None and step.on <= day:
            yield step
    for one in deposits_due(rules, history.enrolled, said.spans, history.traits, day) if rules.deposits else ():
        key = (one.id, one.window, 0, one.on)
        if key not in books:
            yield _Step(one.on, key, Booked(((one.unit, one.amount),)), (Given(one.id, 1, one.on, one.unit, None, one.amount),))


def _step(program: Program, award: Award, books: Mapping[Key, Booked]) -> _Step | None:
    """What an award still calls for: its gifts, the default of a choice that is over, or that it is taken back."""
    key = (award.milestone, award.window, award.n, award.on)
    book = books.get(key)
    milestone = milestone_of(program, award.edition, award.milestone)
    choice = milestone.choice
    if book is None:
        gifts = _given(program, award, milestone.gives, award.on)
        return _Step(award.on, key, Booked(_units(gifts), choice.pick if choice else 0), gifts)
    if award.withdrawn is not None and not book.withdrawn:
        back = [Given(award.milestone, award.n, award.withdrawn, unit, None, -amount) for unit, amount in book.units]
        return _Step(award.withdrawn, key, book._replace(withdrawn=True, open=0), tuple(back))
    if choice is None or not book.open or award.withdrawn is not None:
        return None
    by = deadline(choice.by, date.fromordinal(award.first), date.fromordinal(award.on)).toordinal()
    options = choice.options[choice.default] * book.open if choice.default is not None else ()
    gifts = _given(program, award, options, by + 1)
    return _Step(by + 1, key, book._replace(units=book.units + _units(gifts), open=0), gifts)


def _given(program: Program, award: Award, gifts: Sequence[Gift], on: int) -> tuple[Given, ...]:
    units = edition_of(program, award.edition).units.units
    return tuple(
        Given(award.milestone, award.n, on, gift.unit, gift.instrument,
              int(gift.amount.scaleb(units[gift.unit].decimals)) if gift.unit is not None else int(gift.amount))
        for gift in gifts
    )  # fmt: skip


def _units(gifts: Sequence[Given]) -> tuple[tuple[str, int], ...]:
    return tuple((gift.unit, gift.amount) for gift in gifts if gift.unit is not None)
