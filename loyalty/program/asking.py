"""The shape of requests.yaml: dated services, what may be asked of them, when, and in which order the asked-for is given out.

docs/programs.md tells every word with an example, docs/requests.md what each does, exactly.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from loyalty.program.models import ActivityField
from loyalty.program.values import Condition, Id, Part, Texts
from loyalty.program.windows import only

#: A time before a service: hours before its instant, days before its local day, on its day, or any time.
Ahead = Annotated[str, StringConstraints(pattern=r"^(any_time|day_of_service|[1-9][0-9]{0,3}[hd]|0h)$")]


class ServiceKind(Part):
    """A kind of dated service: a flight, a stay, a table."""

    name: Texts
    """What members read."""
    fields: dict[Id, ActivityField] = Field(default_factory=dict)
    """What is told of one, by name."""
    classes: Annotated[dict[Id, Texts], Field(min_length=1)]
    """The classes whose units are given out, the lowest first."""


class InstrumentUse(Part):
    """An instrument with which a request may be made."""

    instrument: Id
    """One of the instruments of benefits.yaml."""
    when: Condition | None = None
    """Only for requests of which this is so."""
    window: Ahead = "any_time"
    """When such a request may be confirmed."""
    each: Literal["traveller", "request"] = "traveller"
    """One for each traveller of the party, or one for the request."""


class AtOnce(Part):
    """Requests that are confirmed at once, whatever their window, where there is a unit."""

    benefit: Id
    """A benefit of kind set."""
    field: Id
    """The field of the request whose value must be in the member's set."""


class Key(Part):
    """One key of an order; exactly one."""

    tier: Literal["highest", "lowest"] | None = None
    """The tier with which the party is processed."""
    lifetime: Literal["highest", "lowest"] | None = None
    """The lifetime tier of the member."""
    instrument: Literal["first", "last"] | None = None
    """Requests with an instrument before or after those without."""
    field: Id | None = None
    """A field of the request; by `ranked`, or by its value."""
    counter: Id | None = None
    """The member's total of a counter in the last `months`, as known when the queue is made."""
    requested: Literal["earliest", "latest"] | None = None
    """The time of the request."""
    ranked: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """For a text or a flag: its values, the first first; what is not named comes last."""
    first: Literal["highest", "lowest"] = "highest"
    """For a counter or a field with a number: which comes first."""
    months: Annotated[int, Field(ge=1, le=120)] = 12
    """For a counter: so many months back from the day."""

    @model_validator(mode="after")
    def _one(self) -> "Key":
        only(self, "tier", "lifetime", "instrument", "field", "counter", "requested")
        if self.ranked is not None and self.field is None:
            raise ValueError("allowed: ranked only with field")
        return self


class Queue(Part):
    """Requests that stand together in the queue, in an order of their own; before them all of the queues above."""

    id: Id
    """Its name in what members are told."""
    name: Texts
    """What members read."""
    when: Condition | None = None
    """Only requests of which this is so; the last queue takes all that are left."""
    order: Annotated[tuple[Key, ...], Field(min_length=1)]
    """The keys, the first first. What is equal in all of them goes by the time of the request, then by its number."""


class RequestKind(Part):
    """Something that may be asked of a service."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read."""
    sentence: Texts | None = None
    """What it means, in a sentence."""
    service: Id
    """The kind of service."""
    classes: Annotated[dict[Id, tuple[Id, ...]], Field(min_length=1)]
    """By the class booked: the classes that may be asked for."""
    fields: dict[Id, ActivityField] = Field(default_factory=dict)
    """What is told with a request, by name."""
    when: Condition | None = None
    """Only requests of which this is so; others are refused."""
    benefit: Id
    """The benefit that gives the right to ask without an instrument."""
    window: Id
    """A benefit of kind duration: when a request without an instrument may be confirmed. One that has a parameter is asked
    with the class wanted."""
    at_once: AtOnce | None = None
    """Which requests are confirmed at once."""
    instruments: tuple[InstrumentUse, ...] = ()
    """With which instruments it may be asked, by those who have none of the benefit too."""
    companions: Id | None = None
    """A benefit of kind count: how many companions may be of the party; none without it."""
    party: Literal["own", "highest", "lowest"] = "own"
    """The tier with which a party is processed: the member's, the highest or the lowest of all in it. A party is given all
    that it asks for or nothing."""
    too_large: Literal["skip", "hold"] = "skip"
    """A party for which too few units are left is passed over, or holds up those behind it."""
    opens: Ahead = "any_time"
    """When a request may be made at all; an earlier one is refused."""
    closes: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}h$")] = "0h"
    """So long before the service requests and clearing end."""
    queues: Annotated[tuple[Queue, ...], Field(min_length=1)]
    """The order in which freed units are given out."""


class RequestsFile(Part):
    """requests.yaml: what members may ask for on dated services."""

    services: dict[Id, ServiceKind] = Field(default_factory=dict)
    """Kinds of service by name."""
    requests: tuple[RequestKind, ...] = ()
    """What may be asked."""
