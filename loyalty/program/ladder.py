"""The shape of ladder.yaml: tiers, paths, windows, validity, lapse, what becomes of counters, milestones, offers.

docs/programs.md tells every word with an example.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from loyalty.program.gifts import Choice, Gift
from loyalty.program.values import Condition, Day, Exact, Id, Part, Texts
from loyalty.program.windows import FromEnd, Grace, MonthEnd, Months, Stretched, Validity, Window, YearDay, is_block, only

#: The shapes of windows and validity are imported from here too: a ladder is made of them.
__all__ = ["FromEnd", "Grace", "MonthEnd", "Stretched", "Validity", "Window", "YearDay"]


# --- paths ------------------------------------------------------------------------------------------------------


class Held(Part):
    """Time for which a tier or a higher one has been held: whole calendar years, or days; in all, or without a break."""

    tier: Id
    """This tier or a higher one."""
    years: Annotated[int, Field(ge=1, le=100)] | None = None
    """Whole calendar years."""
    days: Annotated[int, Field(ge=1, le=36525)] | None = None
    """Days."""
    unbroken: bool = False
    """Counted from the last day without the tier."""

    @model_validator(mode="after")
    def _one(self) -> "Held":
        only(self, "years", "days")
        return self


class GuardedPath(Part):
    """A path that asks for more than totals: all of what it names must hold."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    needs: dict[Id, Exact] = Field(default_factory=dict)
    """The least total of each counter; for a level, the least average."""
    holds: Id | None = None
    """Only for who holds this tier or a higher one."""
    held: Held | None = None
    """Only after a time with a tier."""
    when: Condition | None = None
    """Only for members with these attributes: `member.<attribute>` with a value, a list, or limits."""
    window: Id | None = None
    """Counted in this window of `windows`, not in the ladder's own."""

    @model_validator(mode="after")
    def _asks(self) -> "GuardedPath":
        if not self.needs and self.held is None:
            raise ValueError("allowed: needs or held; found neither")
        return self


def _is_guarded(value: Any) -> str:
    if not isinstance(value, dict):
        return "guarded" if isinstance(value, GuardedPath) else "plain"
    # a block within is no threshold: a misspelt `need: {...}` is told as a word of the long form
    blocks = any(isinstance(inner, dict) for inner in value.values())
    return "guarded" if blocks or GuardedPath.model_fields.keys() & value.keys() else "plain"


Needs = Annotated[dict[Id, Exact], Field(min_length=1)]
#: All thresholds of a path must be met: `{pqm: 25000, own_segments: 4}`, or a block with `needs` and guards.
Path = Annotated[Annotated[Needs, Tag("plain")] | Annotated[GuardedPath, Tag("guarded")], Discriminator(_is_guarded)]


def _is_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "path"


#: One path, or a list of which any is enough.
AnyPath = Annotated[
    Annotated[Path, Tag("path")] | Annotated[tuple[Path, ...], Field(min_length=1), Tag("list")], Discriminator(_is_list)
]


def guarded(path: Any) -> GuardedPath:
    """A path in its long form."""
    return path if isinstance(path, GuardedPath) else GuardedPath(needs=path)


def first_counter(path: Path) -> str | None:
    """The counter that a path names first; none where it needs no total."""
    return next(iter(guarded(path).needs), None)


# --- the end of validity ----------------------------------------------------------------------------------------


class Lapse(Part):
    """What happens at the end of validity: grace first, then the fall."""

    to: Literal["earned", "one_tier_down"] = "earned"
    """The highest tier still earned; or no lower than the tier below, a soft landing."""
    validity: Validity | None = None
    """How long the tier below then holds, in place of the ladder's validity."""
    grace: Grace | None = None
    """How long the tier is held on first."""
    floor: Id | None = None
    """Who once had this tier or a higher one by activity never falls below it."""


# --- what becomes of counters -----------------------------------------------------------------------------------


class ByTier(Part):
    """An amount that depends on the tier; none for a tier that is not named."""

    tier: Annotated[dict[Id, Exact], Field(min_length=1)]
    """The amount for each tier."""


def _is_by_tier(value: Any) -> str:
    return "by_tier" if isinstance(value, dict | ByTier) else "number"


Amount = Annotated[Annotated[Exact, Tag("number")] | Annotated[ByTier, Tag("by_tier")], Discriminator(_is_by_tier)]


class Rollover(Part):
    """What of a counter opens the next window."""

    of: Literal["all", "excess"]
    """The whole total, or what is above the threshold of the highest tier that it earned."""
    percent: Exact = Decimal(100)
    """So much of it, rounded down."""
    most: Amount | None = None
    """At most this; by tier, by the tier earned."""
    once: bool = False
    """What was rolled in is not rolled on."""
    earned: Id | None = None
    """Only for who earned this tier or a higher one in the window; a tier that was given does not count."""
    unless_fallen: bool = False
    """Not for who earned less than the tier held on the window's last day."""


class Counter(Part):
    """What becomes of a counter when a tier is reached, and at the end of its window; without this, nothing and zero."""

    when_met: Literal["keep", "zero", "pay"] = "keep"
    """When a tier is reached or kept by a path that needs it: it stays, is set to zero, or the threshold is taken off."""
    rollover: Rollover | None = None
    """What of it opens the next window."""


class Deposit(Part):
    """An amount that opens each window of the ladder, by the tier held on its first day or by attributes."""

    id: Id
    """Its name in the books."""
    unit: Id
    """What is booked."""
    amount: Amount
    """How much, for all or by tier."""
    when: Condition | None = None
    """Only for members with these attributes."""


class Accrual(Part):
    """A lifetime counter that grows with every day on which a tier is held, by so much."""

    counter: Id
    """The counter that grows."""
    per_day: Annotated[dict[Id, Exact], Field(min_length=1)]
    """By how much for a day with each tier."""
    through: Day | None = None
    """The last day that counts."""


# --- tiers ------------------------------------------------------------------------------------------------------


class Tier(Part):
    """A named level of status. The order in the file is the order of the ladder, lowest first."""

    id: Id
    """The name by which other files call it."""
    name: Texts
    """What members read."""
    reach: tuple[Path, ...] = ()
    """Any of these paths, each with all its thresholds, gets the tier."""
    keep: tuple[Path, ...] = ()
    """Any of these is enough for one who holds it; the paths of `reach` are always enough."""
    invitation: bool = False
    """Also given by the program's own choice."""
    layer_on: Id | None = None
    """Held only on top of this tier: it ends with it, and opens no window of its own."""
    validity: Validity | None = None
    """In place of the ladder's."""


class Lifetime(Part):
    """A tier for ever, from all-time totals."""

    tier: Id
    """The tier that is held for ever."""
    path: Path
    """What gets it, counted over all time."""


class Waiver(Part):
    """How much of a path staff may waive, by counter."""

    within: Annotated[dict[Id, Exact], Field(min_length=1)]
    """The most that may be missing, by counter."""


# --- milestones -------------------------------------------------------------------------------------------------


def _is_by_counter(value: Any) -> str:
    return "by_counter" if isinstance(value, dict) else "number"


#: So much of the only counter that there can be; or so much of each.
Every = Annotated[Annotated[Exact, Tag("number")] | Annotated[Needs, Tag("by_counter")], Discriminator(_is_by_counter)]


class Milestone(Part):
    """Something granted at a threshold, beside the tiers: once in a window, or again every so much more."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    at: AnyPath
    """What must be met, in the ladder's window or in that which the path names: one path, or any of a list."""
    every: Every | None = None
    """Again every so much more of the first counter of `at`; by counter, where the paths of a list begin with several."""
    most: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """At most so many times in a window."""
    gives: tuple[Gift, ...] = ()
    """What is granted."""
    choice: Choice | None = None
    """Or what there is to pick."""
    reversal: Literal["take_back", "keep"] = "take_back"
    """When a reversal takes the total below: whether what was granted is taken back."""

    @model_validator(mode="after")
    def _one(self) -> "Milestone":
        if bool(self.gives) == (self.choice is not None):
            raise ValueError("allowed: exactly one of gives, choice")
        return self

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its paths, of which any is enough."""
        return self.at if isinstance(self.at, tuple) else (self.at,)

    def every_of(self, path: Path) -> Decimal | None:
        """How much more of the first counter of one of its paths meets it again; none where that meets it once."""
        return self.every.get(first_counter(path) or "") if isinstance(self.every, dict) else self.every


# --- offers and overrides ---------------------------------------------------------------------------------------


class Offer(Part):
    """Status on trial, by another program's status (match) or by the program's wish (trial), to be confirmed by a goal."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    tiers: Annotated[tuple[Id, ...], Field(min_length=1)]
    """The tiers that it may give."""
    trial: Validity
    """How long the tier is held on trial; months run from the day it is given."""
    goal: Path | None = None
    """Counted from the first to the last day of the trial. Without it there is nothing to confirm: a plain match."""
    then: Validity | None = None
    """How long the tier holds when the goal is met, from that day."""
    again_after: Months | None = None
    """Months before the same member may have it again; without it, once."""
    when: Condition | None = None
    """Only for members with these attributes."""

    @model_validator(mode="after")
    def _both(self) -> "Offer":
        if (self.goal is None) != (self.then is None):
            raise ValueError("allowed: goal and then together, or neither")
        return self


class Override(Part):
    """Other figures for a group and a time: exactly one of thresholds, extend."""

    id: Id
    """Its name in the books."""
    first: Day = Field(alias="from")
    """The first day of the time for which it holds."""
    through: Day
    """For windows that begin, or validity that ends, from the first through the last of these days."""
    when: Condition | None = None
    """Only for members with these attributes."""
    thresholds: Exact | None = None
    """The thresholds in percent, rounded up: 75 takes off a quarter."""
    extend: Day | None = None
    """The last day of validity in place of an earlier one."""

    @model_validator(mode="after")
    def _one(self) -> "Override":
        only(self, "thresholds", "extend")
        if self.through < self.first:
            raise ValueError(f"found through {self.through}, before from, {self.first}; allowed: that day or later")
        return self


class LadderFile(Part):
    """ladder.yaml: the tiers, what gets them and what keeps them."""

    base: Id
    """The tier that every member has."""
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    """The tiers, lowest first."""
    window: Annotated[
        Annotated[Literal["calendar_year"], Tag("word")] | Annotated[Window, Tag("block")], Discriminator(is_block)
    ]
    """The span in which the counters of a path are counted."""
    keep_window: Window | None = None
    """The span for paths to keep, where it is another; judged on the day on which the tier ends."""
    windows: dict[Id, Window] = Field(default_factory=dict)
    """Further windows, for paths that name them."""
    stretched: tuple[Stretched, ...] = ()
    """Windows of `window` that are longer or shorter than the others, as when one year gives way to another."""
    validity: Validity
    """How long a tier holds once it is reached."""
    keep_validity: Validity | None = None
    """How long a tier that is kept holds on, in place of `validity` and of the tiers' own."""
    keep: Literal["as_earned", "at_end"] = "as_earned"
    """Whether a tier is kept as soon as a path is met, or judged on the day on which it ends."""
    lapse: Annotated[
        Annotated[Literal["fall_to_earned"], Tag("word")] | Annotated[Lapse, Tag("block")], Discriminator(is_block)
    ] = "fall_to_earned"
    """At the end of validity: the highest tier that is still earned; or more, as a block."""
    reversal: Literal["strict", "keep_until_end"] = "strict"
    """When a reversal takes a total below its threshold: the tier ends at once, or is kept to its end and flagged."""
    counters: dict[Id, Counter] = Field(default_factory=dict)
    """What becomes of counters, by counter."""
    deposits: tuple[Deposit, ...] = ()
    """Amounts that open each window."""
    accruals: tuple[Accrual, ...] = ()
    """Lifetime counters that grow with time."""
    lifetime: tuple[Lifetime, ...] = ()
    """Tiers for ever."""
    milestones: tuple[Milestone, ...] = ()
    """Grants beside the tiers."""
    offers: tuple[Offer, ...] = ()
    """Matches, trials and challenges."""
    overrides: tuple[Override, ...] = ()
    """Other thresholds or ends for a group and a time."""
    waiver: Waiver | None = None
    """What staff may pardon."""

    @property
    def main(self) -> Window:
        """The ladder's own window."""
        return Window(months=12) if self.window == "calendar_year" else self.window
