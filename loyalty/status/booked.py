"""An award as recorded: what was given for which milestone or deposit, and what there was to choose. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from loyalty.program.gifts import Choice
from loyalty.program.ladder import Milestone
from loyalty.program.load import Edition, Program


@dataclass(slots=True)
class Booked:
    """An award as recorded, or as it will be; see StatusAward.

    `gifts` are {unit, amount, on} or {instrument, amount, through, on}; `chosen` are {option, on} with author, reason and key
    where somebody picked.
    """

    member_id: int
    n: int
    kind: str
    name: str
    edition: str
    window: int
    window_on: date
    times: int
    awarded_on: date
    withdrawn_on: date | None
    gifts: list[dict[str, Any]]
    cause_id: int
    choose_by: date | None
    chosen: list[dict[str, Any]]
    settled: bool
    recorded_at: datetime
    withdrawn_at: datetime | None = None

    @property
    def identity(self) -> tuple[str, int, int, int]:
        """What an award of the fold is recognized by; a deposit is one for each window."""
        return (self.name, self.window, self.times, self.awarded_on.toordinal() if self.kind == "milestone" else 0)


def is_open(program: Program, row: Booked, day: date) -> bool:
    """Whether a choice was open at the end of a day."""
    if row.choose_by is None or not row.awarded_on <= day <= row.choose_by:
        return False
    if row.withdrawn_on is not None and row.withdrawn_on <= day:
        return False
    picked = [one for one in row.chosen if one["on"] <= day.isoformat()]
    return len(picked) < choice_of(program, row).pick


def edition_of(program: Program, name: str) -> Edition:
    """The edition of a name."""
    return next(edition for edition in program.editions if edition.name == name)


def milestone_of(program: Program, edition: str, name: str) -> Milestone:
    """A milestone of an edition."""
    return next(one for one in edition_of(program, edition).ladder.milestones if one.id == name)


def choice_of(program: Program, row: Booked) -> Choice:
    """What there was to pick for an award with a choice."""
    choice = milestone_of(program, row.edition, row.name).choice
    assert choice is not None
    return choice
