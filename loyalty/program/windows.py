"""The shapes of spans in ladder.yaml: windows in which counters are counted, validity, grace."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from loyalty.program.values import Count, Day, Part

Months = Annotated[int, Field(ge=1, le=1200)]


def only(part: Part, *names: str) -> str:
    """The one of some keys that a block has. Raises ValueError where it has none or several."""
    given = [name for name in names if getattr(part, name) is not None]
    if len(given) != 1:
        raise ValueError(f"allowed: exactly one of {', '.join(names)}; found {', '.join(given) or 'none'}")
    return given[0]


def is_block(value: Any) -> str:
    return "block" if isinstance(value, dict | Part) else "word"


# --- windows ----------------------------------------------------------------------------------------------------


class YearDay(Part):
    """A day of the year."""

    month: Annotated[int, Field(ge=1, le=12)]
    """The month, 1 to 12."""
    day: Annotated[int, Field(ge=1, le=28)] = 1
    """The day of the month, 1 to 28."""


FirstDay = Literal["enrolment", "enrolment_month", "tier_change", "month_after_tier_change"]
Begins = Annotated[Annotated[YearDay, Tag("block")] | Annotated[FirstDay, Tag("word")], Discriminator(is_block)]
Every = Annotated[
    Annotated[Months, Tag("number")] | Annotated[Literal["day"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "number"),
]


class Window(Part):
    """A span in which counters are counted."""

    months: Months | None = None
    """How long it is, in months."""
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """How long it is: months, or days."""
    begins: Begins | None = None
    """From which day windows are laid: a day of the year (January 1 without it), the day or the month of enrolment.

    With tier_change, a window begins when a tier is reached, kept or lost; activity counts in the window open when it is
    posted. With month_after_tier_change its months are counted from the first day of the month after.
    """
    every: Every | None = None
    """A new window begins every so many months, overlapping; `day`: one ends on each day of activity. As long as the window
    without it, one after another."""
    before_end: Annotated[int, Field(ge=0, le=24)] | None = None
    """Tied to the tier's validity: whole months, the last of them so many months before the month of its last day."""
    judged: Literal["as_earned", "at_end"] = "as_earned"
    """Whether a path is met on the day of the posting that meets it, or on the day after the window."""
    closes_after: Count | None = None
    """Activity posted later than so many days after the window's last day no longer counts in it."""

    @model_validator(mode="after")
    def _one(self) -> "Window":
        only(self, "months", "days")
        if self.days is not None and self.every != "day":
            raise ValueError("allowed: days only with every: day; otherwise months")
        if self.before_end is not None and (self.begins is not None or self.every is not None):
            raise ValueError("allowed: before_end without begins and every")
        if self.judged == "at_end" and self.every == "day":
            raise ValueError("allowed: judged at_end for windows of months")
        if self.personal and (self.every is not None or self.judged != "as_earned" or self.closes_after is not None):
            raise ValueError("allowed: tier_change without every, judged and closes_after")
        return self

    @property
    def personal(self) -> bool:
        """Whether a change of tier opens it."""
        return self.begins in ("tier_change", "month_after_tier_change")

    @property
    def overlapping(self) -> bool:
        """Whether a day may lie in several windows."""
        return self.every == "day" or (self.every is not None and self.months is not None and self.every < self.months)


class Stretched(Part):
    """One window that is not as long as the others: that which contains `day` goes from `from` through `through`."""

    day: Day
    """Any day by which the window is known."""
    first: Day = Field(alias="from")
    """Its first day."""
    through: Day
    """Its last day."""


# --- validity ---------------------------------------------------------------------------------------------------


class MonthEnd(Part):
    """Through the last day of a month: that of the window's first year plus `years_after`."""

    month: Annotated[int, Field(ge=1, le=12)]
    """The month, 1 to 12."""
    years_after: Annotated[int, Field(ge=0, le=20)]
    """So many years after the year of the first day of the window."""


class FromEnd(Part):
    """Longer by so many months than the tier is held already; only for activity of the last months before that end."""

    months: Months
    """So many months longer."""
    in_last: Months | None = None
    """The window must begin within so many months before the end."""


class Validity(Part):
    """How long a tier holds from the day it is reached; exactly one form."""

    through_end_of: MonthEnd | None = None
    """Through the end of a month, so many years after."""
    months: Months | None = None
    """This many months from the day of the activity that met the path; at the end of validity, from that day."""
    window_end: Annotated[int, Field(ge=0, le=20)] | None = None
    """Through the end of this many windows after the one in which the path was met."""
    whole_months: bool = False
    """With months: through the end of the month in which they end."""
    from_end: FromEnd | None = None
    """Beside the form: who holds the tier already gets the later of the two ends."""

    @model_validator(mode="after")
    def _one(self) -> "Validity":
        form = only(self, "through_end_of", "months", "window_end")
        if self.whole_months and form != "months":
            raise ValueError("allowed: whole_months only with months")
        return self


class Grace(Part):
    """How long a tier is held on after its end, while it may still be kept; exactly one form."""

    months: Months | None = None
    """So many months."""
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """So many days."""

    @model_validator(mode="after")
    def _one(self) -> "Grace":
        only(self, "months", "days")
        return self
