"""The shape of a program's files. Each class is one block of YAML; its docstrings become the editors' hints."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from loyalty.program.brand import Brand
from loyalty.program.values import Condition, Count, Day, Exact, Id, Part, Texts

#: From one review of a file to the next.
Months = Annotated[int, Field(ge=1, le=120)]

# --- program.yaml -----------------------------------------------------------------------------------------------


class Numbering(Part):
    """How member numbers are made for those who bring none: prefix, then digits, the last a Luhn check digit."""

    prefix: str = ""
    """What every number begins with."""
    digits: Annotated[int, Field(ge=4, le=15)] = 9
    """How many digits follow, the check digit among them."""


class Attribute(Part):
    """A fact about a member that rules may ask for."""

    type: Literal["text", "integer", "flag", "day"]
    """What its values are."""
    one_of: tuple[str, ...] | None = None
    """The only values allowed, for a text."""
    name: Texts | None = None
    """What members read; without it, its id."""
    names: dict[str, Texts] = Field(default_factory=dict)
    """What members read for values of `one_of`; a value without a name is told as it is."""
    stated: bool = False
    """Members may state it themselves, when they join and on their pages. Not for what rules give anything for."""


class Members(Part):
    """What is known of members beyond name and address."""

    number: Numbering = Numbering()
    """How their numbers are made."""
    attributes: dict[Id, Attribute] = Field(default_factory=dict)
    """Facts by name; rules ask for them as `member.<name>`."""
    household: Annotated[int, Field(ge=1, le=50)] = 8
    """So many members may share a household, invitations included; 1 for none."""


class FileField(Attribute):
    """A fact of the customer file: kept to look after the member. No rule asks for it."""

    group: Literal["basic", "extended"]
    """Where it stands: with the profile, or with what one knows beyond it."""


class Review(Part):
    """Whose file is looked through again, and how often; one that never was is due at once."""

    tiers: dict[Id, Months] = Field(default_factory=dict)
    """Months from one review to the next, for members who hold the tier."""
    managed: Months | None = None
    """The same for members who have an account manager; of two rules the sooner counts."""


class CustomerFile(Part):
    """What staff keep of a member beyond the profile, and members read of themselves."""

    fields: dict[Id, FileField] = Field(default_factory=dict)
    """Facts by name, beyond the profile and the attributes."""
    completeness: dict[Id, Annotated[int, Field(ge=1, le=1000)]] = Field(default_factory=dict)
    """The weight of each fact: of `name`, `email`, `phone`, `language`, attributes and fields by name, `household`, `contacts`,
    `competitors`. A file is complete when all that has a weight is there."""
    review: Review = Review()
    """When files are looked through again."""
    show_manager: bool = False
    """Members read on their pages who looks after them."""


class Route(Part):
    """A way between two airports that a kind of activity tells of: pages offer airports by name and work the distance out."""

    activity: Id
    """The kind of activity."""
    origin: Id
    """The field that holds the IATA code of the first airport."""
    destination: Id
    """The field that holds that of the last."""
    distance: Id
    """The field that holds the distance between them, along the great circle."""
    unit: Literal["miles", "kilometres"] = "miles"
    """What the distance is counted in."""


class ProgramFile(Part):
    """program.yaml: what holds for all editions."""

    program: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    """The name of its folder."""
    name: Texts
    """What the program is called, in each language."""
    zone: str
    """IANA time zone: its days are the program's days."""
    money: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    """ISO 4217 code."""
    money_decimals: Annotated[int, Field(ge=0, le=4)] = 2
    """Minor digits of the currency: 2 for cents, 0 for yen."""
    languages: Annotated[tuple[str, ...], Field(min_length=1)]
    """The languages in which every text stands."""
    members: Members = Members()
    """What is asked of members."""
    customer_file: CustomerFile = CustomerFile()
    """What is kept to look after members."""
    brand: Brand = Brand()
    """How it looks."""
    routes: tuple[Route, ...] = ()
    """Which fields of activities are airports, and the distance between them."""


# --- units.yaml -------------------------------------------------------------------------------------------------


class Unit(Part):
    """Something counted: points (spendable), counter (qualifying) or level (averaged over time)."""

    kind: Literal["points", "counter", "level"]
    """Whether it is spent, counted for status, or averaged."""
    name: Texts
    """What members read."""
    decimals: Annotated[int, Field(ge=0, le=6)] = 0
    """Places after the point; amounts are kept as integers in the smallest step."""


class UnitsFile(Part):
    """units.yaml: what is counted."""

    units: Annotated[dict[Id, Unit], Field(min_length=1)]
    """Units by the name that other files call them."""


# --- activities.yaml --------------------------------------------------------------------------------------------


class ActivityField(Part):
    """A typed fact of an activity."""

    type: Literal["text", "integer", "decimal", "money", "flag", "day"]
    """What its values are; money is in the currency of the program."""
    one_of: tuple[str, ...] | None = None
    """The only values allowed, for a text."""
    at_least: Count | None = None
    """The least value, for a number."""
    decimals: Annotated[int, Field(ge=0, le=6)] = 2
    """Places after the point, for decimal; money has the program's money_decimals."""
    optional: bool = False
    """May be left out; a missing number counts as 0 in earn lines, and `present: false` finds it in conditions."""
    name: Texts | None = None
    """What members read; without it, its id."""
    names: dict[str, Texts] = Field(default_factory=dict)
    """What members read for values of `one_of`; a value without a name is told as it is."""


class ActivityKind(Part):
    """A kind of fact from outside: flight, stay, purchase, balance."""

    name: Texts
    """What members read."""
    fields: dict[Id, ActivityField]
    """What is told of one, by name."""
    earns_when: Condition | None = None
    """Where this is not so (a cancelled flight), the activity is kept and earns nothing."""


class ActivitiesFile(Part):
    """activities.yaml: what may be reported of members."""

    outside_membership: Literal["refuse", "accept"] = "refuse"
    """Whether activity before enrolment or after leaving is taken."""
    activities: Annotated[dict[Id, ActivityKind], Field(min_length=1)]
    """Kinds of activity by name."""


# --- earning.yaml -----------------------------------------------------------------------------------------------


class Band(Part):
    """One row of a band: its value holds below `below`; the last row has no `below`."""

    below: Exact | None = None
    """Where the row ends; the last row has no end."""
    value: Exact
    """The figure of the row."""


class Lookup(Part):
    """A figure that depends: on a table, on the band of a field, on the tier, or on a member's attribute."""

    table: Id | None = None
    """A table of `tables`."""
    band: Id | None = None
    """The field whose value picks the row of `rows`."""
    tier: dict[Id, Exact] | None = None
    """A figure for each tier."""
    member: Id | None = None
    """The attribute whose value picks from `values`."""
    rows: tuple[Band, ...] | None = None
    """The rows of a band, rising."""
    values: dict[str, Exact] | None = None
    """A figure for each value of the attribute."""
    otherwise: Exact | None = None
    """The figure where no row fits."""

    @model_validator(mode="after")
    def _one(self) -> "Lookup":
        given = [name for name in ("table", "band", "tier", "member") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"allowed: exactly one of table, band, tier, member; found {', '.join(given) or 'none'}")
        if (self.band is None) != (self.rows is None):
            raise ValueError("allowed: rows with band, and only with it")
        if (self.member is None) != (self.values is None):
            raise ValueError("allowed: values with member, and only with it")
        if self.band is not None and self.otherwise is not None:
            raise ValueError("allowed: otherwise without band, whose rows leave nothing over")
        return self


def _is_lookup(value: Any) -> str:
    return "lookup" if isinstance(value, dict | Lookup) else "number"


Figure = Annotated[Annotated[Exact, Tag("number")] | Annotated[Lookup, Tag("lookup")], Discriminator(_is_lookup)]
Rounding = Literal["half_up", "half_even", "down", "up"]


class Cap(Part):
    """At most this much from the line for one member in one window."""

    amount: Exact
    """The most that the line gives."""
    per: Literal["calendar_year", "calendar_month", "lifetime"]
    """The span in which it is counted."""


class Step(Part):
    """One named step of an earn line; exactly one key."""

    field: Id | None = None
    """Begin with a field of the activity."""
    amount: Exact | None = None
    """Begin with a fixed amount."""
    minimum: Figure | None = None
    """Raise to at least this; 0 changes nothing."""
    maximum: Figure | None = None
    """Lower to at most this."""
    rate: Figure | None = None
    """Multiply."""
    percent: Figure | None = None
    """Take this percent of it."""
    bonus: Figure | None = None
    """Add this percent to it."""
    cap: Cap | None = None
    """Cut so that the window's total stays within the cap."""
    round: Rounding | None = None
    """To the unit's smallest step."""

    @property
    def verb(self) -> str:
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _one(self) -> "Step":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"allowed: exactly one step a row; found {', '.join(given) or 'none'}")
        return self


class Table(Part):
    """Figures by the values of fields (of the activity, `tier`, or `member.<attribute>`), nested in the order of `by`."""

    by: Annotated[tuple[str, ...], Field(min_length=1)]
    """What picks a row: fields of the activity, `tier`, or `member.<attribute>`, one after the other."""
    rows: Annotated[dict[str, Any], Field(min_length=1)]
    """Figures by value, nested in the order of `by`."""
    otherwise: Exact | None = None
    """The figure where no row fits."""


class EarnLine(Part):
    """One rule that turns an activity into an amount of a unit."""

    id: Id
    """Its name in the books."""
    name: Texts
    """What members read on their statement."""
    unit: Id
    """What it gives."""
    activity: Id
    """The kind of activity that it judges."""
    first: Day | None = Field(default=None, alias="from")
    """The first day of activity that earns."""
    through: Day | None = None
    """The last day of activity that earns; that whole day still does."""
    when: Condition | None = None
    """Only activity of which this is so."""
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    """How the amount is worked out, step by step."""


class EarningFile(Part):
    """earning.yaml: how activity earns."""

    tables: dict[Id, Table] = Field(default_factory=dict)
    """Tables of figures by name, for steps."""
    lines: tuple[EarnLine, ...]
    """The earn lines; an activity goes through all of its kind."""
