"""The shape of benefits.yaml: categories, benefits with one typed cell for each tier, instruments, choices, campaigns, sharing.

docs/programs.md tells every word with an example, docs/benefits.md what each does, exactly.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from loyalty.program.gifts import Deadline, Gift
from loyalty.program.values import Condition, Count, Day, Id, Part, Texts
from loyalty.program.windows import Validity

#: What a cell's value is. A duration is `48h`, `3d`, `day_of_service` or `any_time`.
CellKind = Literal["flag", "count", "percent", "money", "duration", "set", "text", "rank", "grant"]
#: The spans in which a quota is counted or a choice is made.
Per = Literal["window", "calendar_year", "membership_year"]


class Category(Part):
    """A group of benefits on the chart."""

    id: Id
    """The name by which benefits call it."""
    name: Texts
    """What members read."""


class ParameterValue(Part):
    """One value of a parameter."""

    name: Texts
    """What members read."""
    below: Count | None = None
    """For a parameter of days before: the value holds for fewer days than this; the last value has none."""


class Parameter(Part):
    """What a cell may depend on beside the tier: the cabin wanted, or the days that are left before a service."""

    name: Texts
    """What members read."""
    of: Literal["word", "days_before"] = "word"
    """Whether it is named, or found from the days that are left."""
    values: Annotated[dict[Id, ParameterValue], Field(min_length=2)]
    """Its values; of days before, rising."""


class Quota(Part):
    """How often a benefit of kind count may be used: the cell is the number in each period."""

    per: Per
    """The period: the ladder's window, the calendar year, or the year from the day of enrolment."""
    at_fall: Literal["keep", "end"] = "keep"
    """When the tier is lost within the period: what is left may be used to its end, or the lower number holds at once."""


class Benefit(Part):
    """Something that a tier gives: a row of the chart, with one cell for each tier that has it."""

    id: Id
    """Its name in the books."""
    category: Id
    """The group it stands in."""
    name: Texts
    """What members read on the chart."""
    sentence: Texts | None = None
    """What it means, in a sentence."""
    small_print: Texts | None = None
    """What limits it."""
    kind: CellKind
    """What its cells hold."""
    by: Id | None = None
    """A parameter: each cell then holds a value for each of the parameter's values that it has one for."""
    words: dict[Id, Texts] = Field(default_factory=dict)
    """For a text or a set: the words that cells may use, the least first."""
    better: Literal["higher", "lower"] | None = None
    """Which of two values is the better one; a rank's is the lower, every other's the higher without it."""
    standard: Any = None
    """What everyone has, also without a cell. It is not counted as one."""
    cells: Annotated[dict[Id, Any], Field(min_length=1)]
    """The value for each tier; a tier without one does not have the benefit."""
    as_of: Literal["use", "booking", "better"] = "use"
    """Whose tier counts: that of the day of use, of the day of booking, or the better of the two."""
    quota: Quota | None = None
    """For a count: it is used up, and comes again with each period."""
    granted: Literal["tier", "milestone"] | None = None
    """For a grant: given by the tier, once in each window of the ladder; or told here and given by milestones of the ladder."""
    expires: Validity | None = None
    """For a grant by the tier: the instruments' end; without it, that of the period."""
    companions: Id | None = None
    """A benefit of kind count: so many companions of the same booking have this one too."""


class Like(Part):
    """A tier that has what another has, without cells of its own that would be counted, but for some."""

    tier: Id
    """The tier."""
    same: Id = Field(alias="as")
    """The tier whose cells it has."""
    but: dict[Id, Any] = Field(default_factory=dict)
    """Its own value of some benefits."""


class Instrument(Part):
    """A certificate, voucher or other right that is granted in numbers and used one by one."""

    id: Id
    """The name by which grants call it."""
    name: Texts
    """What members read."""
    sentence: Texts | None = None
    """What it is good for, in a sentence."""
    valid_on: Literal["service", "use"] = "service"
    """Which day must lie within its validity: that of the service, or that on which it is used or asked with."""
    returned: Annotated[int, Field(ge=1, le=3660)] | None = None
    """One that comes back holds at least so many days from then on; without it, as long as it held before."""


class Option(Part):
    """One thing to pick."""

    name: Texts
    """What members read."""
    at_least: Id | None = None
    """Only for this tier or a higher one."""
    gives: Annotated[tuple[Gift, ...], Field(min_length=1)]
    """What is granted when it is picked."""


class Choice(Part):
    """Options of which a tier lets the member pick some in each period; what is not picked in time falls to the default."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    per: Per
    """The period for which it is made."""
    picks: Annotated[dict[Id, Annotated[int, Field(ge=1, le=20)]], Field(min_length=1)]
    """How many options each tier picks."""
    options: Annotated[dict[Id, Option], Field(min_length=2)]
    """What there is to pick."""
    repeated: bool = False
    """Whether the same option may be picked more than once."""
    by: Deadline
    """The last day to pick; days are counted from that on which the choice opens."""
    default: Id | None = None
    """What is picked for those who did not; it gives instruments only. Without it, what is not picked is lost."""


class Campaign(Part):
    """Gifts to a group for a time: to each member once, on the first day on which all of it is true."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    first: Day = Field(alias="from")
    """The first day."""
    through: Day
    """The last day."""
    tiers: tuple[Id, ...] = ()
    """Only for members who hold one of these tiers; all without it."""
    when: Condition | None = None
    """Only for members with these attributes."""
    gives: Annotated[tuple[Gift, ...], Field(min_length=1)]
    """The instruments that are given."""

    @model_validator(mode="after")
    def _forwards(self) -> "Campaign":
        if self.through < self.first:
            raise ValueError(f"found through {self.through}, before from, {self.first}; allowed: that day or later")
        return self


class Sharing(Part):
    """Status that a member with a lifetime tier shares with a companion, for a calendar year at a time."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    lifetime: Annotated[dict[Id, Id | Literal["current"]], Field(min_length=1)]
    """By lifetime tier: the tier that the companion gets, or `current`, the tier that the member holds."""
    companions: Annotated[int, Field(ge=1, le=20)] = 1
    """With how many at a time."""
    through: Deadline
    """The last day for which a companion named in a year has it: a day of the year, so many years after."""


class BenefitsFile(Part):
    """benefits.yaml: what each tier gives."""

    categories: tuple[Category, ...] = ()
    """The groups of the chart, in its order."""
    parameters: dict[Id, Parameter] = Field(default_factory=dict)
    """What cells may depend on."""
    benefits: tuple[Benefit, ...] = ()
    """The rows of the chart, in its order."""
    like: tuple[Like, ...] = ()
    """Tiers that have what another tier has."""
    instruments: tuple[Instrument, ...] = ()
    """What is granted in numbers and used one by one."""
    choices: tuple[Choice, ...] = ()
    """What tiers let members pick."""
    campaigns: tuple[Campaign, ...] = ()
    """Gifts to a group for a time."""
    sharing: tuple[Sharing, ...] = ()
    """Status shared with a companion."""

    def benefit(self, name: str) -> Benefit:
        """A benefit by its name. Raises KeyError where there is none."""
        found = next((benefit for benefit in self.benefits if benefit.id == name), None)
        if found is None:
            raise KeyError(name)
        return found
