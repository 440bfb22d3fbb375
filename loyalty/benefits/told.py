"""Everything that a member has by benefits on a day, as one value: for pages, mail and commands."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from loyalty.benefits.choices import Choosing, choosings, high_enough, names
from loyalty.benefits.entitlements import Rights
from loyalty.benefits.periods import choice_in, edition_at, stretches, tier_at
from loyalty.benefits.queries import companions_of, rights
from loyalty.benefits.rights import Entitlement, Known, last_day
from loyalty.benefits.tables import Companion
from loyalty.benefits.words import reason
from loyalty.clock import day_of
from loyalty.i18n import _
from loyalty.program.benefit_words import Telling, telling
from loyalty.program.chart import Held
from loyalty.program.gifts import Gift
from loyalty.program.load import Edition, Program
from loyalty.status.booked import choice_of, is_open, milestone_of
from loyalty.status.queries import Account
from loyalty.status.words import tier_name, unit_of


@dataclass(frozen=True)
class Has:
    """What the member has of a benefit of the chart, by the tier of the day: of one with a parameter a line for each value."""

    benefit: str
    category: str
    name: str
    parameter: str | None
    words: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Right:
    """An entitlement with what is left of it: `left` may be taken today for a service today.

    `through` is its last day, none where it does not end; `used_then` were used before it was taken back, which is flagged.
    """

    number: int
    what: str
    name: str
    kind: str
    quota: int
    left: int
    held: int
    used: int
    begins: date
    through: date | None
    reason: str
    taken_back: date | None = None
    used_then: int = 0


@dataclass(frozen=True)
class Offered:
    """An option of an open choice, what it gives, and whether the member's tier may pick it."""

    option: str
    name: str
    gives: str
    allowed: bool


@dataclass(frozen=True)
class ToPick:
    """A choice that is open: how many options are still to be picked, through which day, and what falls to those who do not.

    `kind` is tier, or milestone of the ladder. `waiting` are options picked ahead that do not count yet.
    """

    kind: str
    choice: str
    name: str
    first: date
    last: date | None
    picks: int
    through: date | None
    options: tuple[Offered, ...]
    picked: tuple[str, ...]
    waiting: tuple[str, ...]
    default: str | None


@dataclass(frozen=True)
class With:
    """A companion: named for benefits, or sharing the status by `sharing` with the tier that is shared now."""

    key: str
    name: str
    number: str | None
    sharing: str | None
    tier: str | None
    begins: date
    through: date | None
    ended_on: date | None


@dataclass(frozen=True)
class Benefits:
    """All of it, as known at the end of a day. Without membership on that day it is empty. `more` entitlements are not told."""

    number: str
    as_of: date
    tier: str | None
    tier_name: str
    chart: tuple[Has, ...] = ()
    rights: tuple[Right, ...] = ()
    choices: tuple[ToPick, ...] = ()
    companions: tuple[With, ...] = ()
    next_tier: str | None = None
    adds: tuple[str, ...] = ()
    more: int = 0

    @property
    def left(self) -> dict[str, int]:
        """How many are left of each instrument and quota, in the order of use."""
        found: dict[str, int] = {}
        for right in self.rights:
            found[right.what] = found.get(right.what, 0) + right.left
        return found


def benefits_of(session: Session, program: Program, account: Account, day: date, language: str = "en") -> Benefits:
    """Everything that a member has on a day, as known at its end. The number of statements does not depend on the member."""
    mine = rights(session, program, [account], day)[account.member_id]
    companions = companions_of(session, [account.member_id]).get(account.member_id, [])
    return benefits_told(program, account, mine, companions, day, language)


def benefits_told(
    program: Program, account: Account, mine: Rights, companions: Sequence[Companion], day: date, language: str = "en",
    most: int | None = None,
) -> Benefits:  # fmt: skip
    """The same of what is read already; with `most`, of entitlements only so many, those of which something is left first."""
    tier = tier_at(mine.known.spans, day.toordinal())
    if tier is None:
        return Benefits(account.number, day, None, "")
    edition = edition_at(program, day.toordinal())
    words = telling(edition.chart, program.file, language)
    next_tier = _next(edition, tier)
    shown = [one for one in mine.entitlements if _shown(mine, one)]
    if most is not None:
        shown.sort(key=lambda one: (one.taken_back is not None, mine.left(one, mine.day) == 0))
    told = shown[:most]
    return Benefits(
        account.number, day, tier, tier_name(program, tier, language),
        tuple(_chart(words, tier)),
        tuple(_right(program, words, mine, one) for one in told),
        (*_to_pick(program, words, mine.known, day), *_milestones(program, words, mine.known, day)),
        tuple(_with(row) for row in companions if _known(program, row, day)),
        next_tier, tuple(words.adds(tier, next_tier)) if next_tier is not None else (), len(shown) - len(told),
    )  # fmt: skip


def _next(edition: Edition, tier: str) -> str | None:
    """The next higher tier that the chart tells of."""
    rank = edition.ranks.get(tier)
    return next((name for name, n in edition.ranks.items() if rank is not None and n == rank + 1), None)


def _chart(words: Telling, tier: str) -> Iterator[Has]:
    chart = words.chart
    for benefit in chart.file.benefits:
        for parameter in chart.parameters(benefit):
            had = chart.has(benefit.id, [Held(tier)], parameter)
            if had is not None:
                name = None if parameter is None else words.parameter(benefit, parameter)
                by = tuple(one.tier for one in had.by)
                told = words.value(benefit, had.value)
                yield Has(benefit.id, benefit.category, words.text(benefit.name), name, told, by)


def _shown(mine: Rights, one: Entitlement) -> bool:
    """What holds or is still to begin, and what was taken back after it was used."""
    running = max(one.begins, mine.day) < one.until
    return running or (one.taken_back is not None and mine.taken[one.number] > 0)


def _right(program: Program, words: Telling, mine: Rights, one: Entitlement) -> Right:
    uses = [use for use in mine.known.uses if use.entitlement == one.number and use.on <= mine.day]
    held = sum(use.amount for use in uses if use.state == "held")
    back = date.fromordinal(one.taken_back) if one.taken_back is not None else None
    taken = mine.taken[one.number]
    quota = one.quota(max(mine.day, one.begins))
    return Right(
        one.number, one.what, _name(words, one.what), one.kind, quota, mine.left(one, mine.day), held, taken - held,
        date.fromordinal(one.begins), last_day(one.until), reason(program, one, words.spoken), back,
        taken if back is not None else 0,
    )  # fmt: skip


def _name(words: Telling, what: str) -> str:
    benefit = words.chart.benefits.get(what)
    return words.instrument(what) if benefit is None else words.text(benefit.name)


# --- choices ----------------------------------------------------------------------------------------------------


def _to_pick(program: Program, words: Telling, known: Known, day: date) -> Iterator[ToPick]:
    at = day.toordinal()
    for name in names(program):
        for made in choosings(program, name, known.enrolled, known.spans, known.picks, at):
            if made.open or made.waiting:
                yield _picking(program, words, known, made, name, at)


def _picking(program: Program, words: Telling, known: Known, made: Choosing, name: str, at: int) -> ToPick:
    edition = made.open[0].edition if made.open else edition_at(program, min(at, made.period.last))
    choice = choice_in(edition, name)
    laid = stretches(program, known.spans, made.period.first, min(made.period.last, at))
    picked = tuple(one.option for one in made.given if one.how == "pick")
    options = tuple(
        Offered(
            option, words.text(about.name), _gives(program, words, about.gives),
            any(high_enough(slot, option, laid, at) for slot in made.open)
            and (choice is None or choice.repeated or option not in picked),
        )
        for option, about in (choice.options.items() if choice is not None else ())
    )  # fmt: skip
    through = last_day(min(slot.through for slot in made.open) + 1) if made.open else None
    return ToPick(
        "tier", name, words.text(choice.name) if choice is not None else name, date.fromordinal(made.period.first),
        last_day(made.period.last + 1), len(made.open), through, options, picked, tuple(one.option for one in made.waiting),
        choice.default if choice is not None else None,
    )  # fmt: skip


def _milestones(program: Program, words: Telling, known: Known, day: date) -> Iterator[ToPick]:
    """The open choices of milestones, which `loyalty status choose` takes."""
    for row in known.awards:
        if is_open(program, row, day):
            choice = choice_of(program, row)
            name = words.text(milestone_of(program, row.edition, row.name).name)
            chosen = tuple(one["option"] for one in row.chosen if one["on"] <= day.isoformat())
            given = {option: _gives(program, words, gifts) for option, gifts in choice.options.items()}
            # an option has no name but what it gives
            options = tuple(
                Offered(option, gives or words.spoken.say(_("nothing")), gives, True) for option, gives in given.items()
            )
            yield ToPick("milestone", row.name, name, row.window_on, None, choice.pick - len(chosen), row.choose_by, options,
                         chosen, (), choice.default)  # fmt: skip


def _gives(program: Program, words: Telling, gifts: Sequence[Gift]) -> str:
    return words.spoken.enumerated([_gift(program, words, gift) for gift in gifts] or [""])


def _gift(program: Program, words: Telling, gift: Gift) -> str:
    if gift.instrument is not None:
        return words.so_many(gift.amount, words.instrument(gift.instrument))
    unit = unit_of(program, gift.unit or "")
    name = words.text(unit.name) if unit is not None else gift.unit
    return words.spoken.say(_("{amount} {unit}"), amount=words.spoken.number(gift.amount), unit=name)


# --- companions -------------------------------------------------------------------------------------------------


def _known(program: Program, row: Companion, day: date) -> bool:
    """Whether a companion who had been named by a day is, or is still to be, one on it."""
    end = min(row.until or date.max, row.ended_on or date.max)
    return day < end and day_of(row.posted_at, program.zone) <= day


def _with(row: Companion) -> With:
    through = last_day(row.until.toordinal()) if row.until is not None else None
    return With(row.key, row.name, row.number, row.sharing, row.tier, row.begins, through, row.ended_on)
