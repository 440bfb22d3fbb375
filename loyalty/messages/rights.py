"""What the benefits say to messages: what is to be chosen, what is left, and why a request is as it is."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from loyalty.benefits.choices import Choosing as Walked
from loyalty.benefits.choices import Slot, choosings, high_enough, names
from loyalty.benefits.entitlements import Rights
from loyalty.benefits.periods import stretches
from loyalty.benefits.queries import known_of, rights
from loyalty.benefits.reasons import sentence
from loyalty.benefits.rights import Known, last_day
from loyalty.i18n import Language
from loyalty.messages.facts import Choosing, Person
from loyalty.program.catalog import Option
from loyalty.program.load import Program
from loyalty.program.values import Texts


class Options(NamedTuple):
    """A choice of a tier that is open: its name, how many may be picked still, what there is to pick, and the default."""

    name: Texts
    pick: int
    options: Mapping[str, Option]
    default: str | None


def choices_of(session: Session, program: Program, persons: Sequence[Person], today: date) -> dict[int, list[Choosing]]:
    """The choices of tiers that are open at the end of a day, by member_id; in a constant number of statements."""
    if not names(program):
        return {}
    known = known_of(session, program, [person.account for person in persons])
    return {member_id: list(_open(program, mine, today.toordinal())) for member_id, mine in known.items()}


def _open(program: Program, known: Known, day: int) -> Iterator[Choosing]:
    for name in names(program):
        for made in choosings(program, name, known.enrolled, known.spans, known.picks, day):
            for opened in sorted({slot.opened for slot in made.open}):
                yield _choosing(program, known, made, [slot for slot in made.open if slot.opened == opened], day)


def _choosing(program: Program, known: Known, made: Walked, slots: Sequence[Slot], day: int) -> Choosing:
    """What opened on one day and is still open: a rise within the period opens more."""
    slot = slots[0]
    laid = stretches(program, known.spans, made.period.first, min(made.period.last, day))
    picked = {one.option for one in made.given}
    fitting = {
        option: about
        for option, about in slot.choice.options.items()
        if high_enough(slot, option, laid, day) and (slot.choice.repeated or option not in picked)
    }
    about = Options(slot.choice.name, len(slots), fitting, slot.choice.default)
    days = [date.fromordinal(one) for one in (made.period.first, slot.opened, slot.through)]
    return Choosing(slot.choice.id, f"{days[0]} {days[1]}", days[1], days[2], about)


def rights_left(session: Session, program: Program, persons: Sequence[Person], today: date) -> Mapping[int, Rights]:
    """What members are entitled to on a day, by member_id; in a constant number of statements."""
    return rights(session, program, [person.account for person in persons], today)


def left_of(mine: Rights) -> Iterator[tuple[str, int, date | None]]:
    """What may still be used today: (instrument or benefit, how many, through when), what ends first first."""
    for one in mine.entitlements:
        left = mine.left(one, mine.day)
        if left:
            yield one.what, left, last_day(one.until)


def reason_of(row: Any, language: Language) -> str:
    """Why a request is as it is, in a sentence; nothing for a reason that is not known any more."""
    try:
        return sentence(row.reason, row.details, language)
    except KeyError:
        return ""
