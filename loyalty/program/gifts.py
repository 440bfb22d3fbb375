"""The shapes of what is granted: gifts, choices among them, and the last day to choose. Ladders and benefits give the same."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from loyalty.program.values import Exact, Id, Part
from loyalty.program.windows import Validity, only


class Gift(Part):
    """What is granted: an amount of a unit, or so many of an instrument with its own expiry; exactly one."""

    unit: Id | None = None
    """A unit, booked on the day of the grant."""
    instrument: Id | None = None
    """The name of a certificate, voucher or other right."""
    amount: Exact = Decimal(1)
    """How much, or how many."""
    expires: Validity | None = None
    """The instrument's own end; months run from the day of the grant."""

    @model_validator(mode="after")
    def _one(self) -> "Gift":
        only(self, "unit", "instrument")
        return self


class Deadline(Part):
    """The last day of a choice: a day of the year so many years after the window's first, or days after the milestone."""

    month: Annotated[int, Field(ge=1, le=12)] | None = None
    """The month of the last day."""
    day: Annotated[int, Field(ge=1, le=31)] = 1
    """Its day of the month."""
    years_after: Annotated[int, Field(ge=0, le=20)] = 0
    """So many years after the year of the first day of the window."""
    days: Annotated[int, Field(ge=1, le=3660)] | None = None
    """So many days after the milestone."""

    @model_validator(mode="after")
    def _one(self) -> "Deadline":
        only(self, "month", "days")
        return self


class Choice(Part):
    """Options of which the member picks some by a deadline; what is not picked then falls to the default."""

    pick: Annotated[int, Field(ge=1, le=20)] = 1
    """How many options the member picks."""
    options: Annotated[dict[Id, tuple[Gift, ...]], Field(min_length=2)]
    """What there is to pick, each some gifts."""
    by: Deadline
    """The last day to pick."""
    default: Id | None = None
    """Without it, what is not chosen is lost."""
