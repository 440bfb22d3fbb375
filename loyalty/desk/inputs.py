"""What acts take: one model each, its fields with the labels that forms show. Pure.

A form, a file and a command give texts: empty ones are as if they were not given; `fields.distance` is `distance` of `fields`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from loyalty.errors import Refused
from loyalty.i18n import _
from loyalty.keys import dumps
from loyalty.program.problems import listed, nearest


class Input(BaseModel):
    """What an act takes. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @property
    def told(self) -> dict[str, Any]:
        """The input as JSON values, without what is left to its default: equal inputs are equal."""
        return self.model_dump(mode="json", exclude_defaults=True)


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized if value else ""
    except EmailNotValidError:
        raise ValueError(_("a mail address")) from None


def _given(value: Any) -> Any:
    return None if value == "" else value


Day = Annotated[date | None, BeforeValidator(_given)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Maybe = Annotated[str | None, BeforeValidator(_given), Field(max_length=200)]
Number = Annotated[int | None, BeforeValidator(_given)]
Pieces = Annotated[int, Field(ge=1, le=1_000_000)]
Pairs = dict[Annotated[str, Field(max_length=80)], Annotated[str, Field(max_length=500)]]


class ActivityInput(Input):
    kind: Name = Field(title=_("Kind"))
    on: date = Field(title=_("Day"))
    fields: Pairs = Field(default_factory=dict, title=_("Fields"))
    source: Annotated[str, Field(max_length=80)] = Field(default="staff", title=_("Source"))
    activity: Annotated[str, Field(max_length=200)] = Field(default="", title=_("Key of the source"))


class CorrectInput(ActivityInput):
    activity: Name = Field(title=_("Key of the source"))


class ReverseInput(Input):
    activity: Name = Field(title=_("Key of the source"))
    source: Annotated[str, Field(max_length=80)] = Field(default="staff", title=_("Source"))


class AdjustInput(Input):
    unit: Name = Field(title=_("Unit"))
    amount: Annotated[Decimal, Field(max_digits=20, allow_inf_nan=False)] = Field(title=_("Amount, up or down"))
    on: Day = Field(default=None, title=_("Day"))


class GrantBenefitInput(Input):
    what: Name = Field(title=_("Benefit"))
    amount: Pieces = Field(default=1, title=_("How many"))
    begins: Day = Field(default=None, title=_("First day"))
    through: Day = Field(default=None, title=_("Last day"))


class RightInput(Input):
    """An entitlement, named by its number, by the key of a grant, or by what it is of: exactly one of them."""

    right: Number = Field(default=None, title=_("Number of the entitlement"))
    given: Maybe = Field(default=None, title=_("Key of the grant"))
    what: Maybe = Field(default=None, title=_("Benefit"))

    @model_validator(mode="after")
    def one_name(self) -> "RightInput":
        if sum(value is not None for value in (self.right, self.given, self.what)) != 1:
            raise ValueError(_("exactly one of right, given, what"))
        return self


class ExtendBenefitInput(RightInput):
    through: date = Field(title=_("Last day"))


class UseInput(Input):
    what: Name = Field(title=_("Benefit"))
    amount: Pieces = Field(default=1, title=_("How many"))
    service_on: Day = Field(default=None, title=_("Day of the service"))


class ReturnInput(Input):
    used: Name = Field(title=_("Key of the use"))


class PickInput(Input):
    choice: Name = Field(title=_("Choice"))
    option: Name = Field(title=_("Option"))
    period_of: Day = Field(default=None, title=_("A day of the period"))


class CompanionInput(Input):
    name: Name = Field(title=_("Name"))
    number: Maybe = Field(default=None, title=_("Member number"))
    begins: Day = Field(default=None, title=_("First day"))
    through: Day = Field(default=None, title=_("Last day"))
    instead: Maybe = Field(default=None, title=_("Key of the companion who is replaced"))


class ShareInput(Input):
    """The companion is a member, who is given the tier that the program lets be shared."""

    sharing: Name = Field(title=_("Sharing"))
    number: Name = Field(title=_("Member number of the companion"))
    begins: Day = Field(default=None, title=_("First day"))


class EndCompanionInput(Input):
    companion: Name = Field(title=_("Key of the companion"))


class GrantTierInput(Input):
    tier: Name = Field(title=_("Tier"))
    begins: Day = Field(default=None, title=_("First day"))
    through: Day = Field(default=None, title=_("Last day"))
    kind: Literal["granted", "invited", "matched", "gifted", "bought"] = Field(default="granted", title=_("Kind of grant"))


class OfferInput(Input):
    offer: Name = Field(title=_("Offer"))
    tier: Name = Field(title=_("Tier"))
    evidence: Annotated[str, Field(max_length=500)] = Field(default="", title=_("What it rests on"))


class ExtendTierInput(Input):
    through: date = Field(title=_("Last day"))


class RevokeTierInput(Input):
    grant_key: Maybe = Field(default=None, title=_("Key of the grant; without it, every tier above the next field ends"))
    tier: Maybe = Field(default=None, title=_("The highest tier left"))


class WaiveInput(Input):
    tier: Name = Field(title=_("Tier"))
    window_of: Day = Field(default=None, title=_("A day of the window"))


class ChooseInput(Input):
    milestone: Name = Field(title=_("Milestone"))
    option: Name = Field(title=_("Option"))
    window_of: Day = Field(default=None, title=_("A day of the window"))


class ProfileInput(Input):
    """What is not given stays; an empty text takes away."""

    name: Annotated[str, Field(max_length=200)] | None = Field(default=None, title=_("Name"))
    email: Annotated[str, Field(max_length=254), AfterValidator(_address)] | None = Field(default=None, title=_("Mail address"))
    phone: Annotated[str, Field(max_length=40)] | None = Field(default=None, title=_("Phone"))
    language: Annotated[str, Field(max_length=20)] | None = Field(default=None, title=_("Language"))


class AttributesInput(Input):
    """An empty value takes an attribute away."""

    attributes: Pairs = Field(min_length=1, title=_("Attributes"))


class NothingInput(Input):
    """Nothing but the reason."""


class LeaveInput(Input):
    on: date = Field(title=_("First day after the membership"))


class ResendInput(Input):
    message: int = Field(title=_("Message"))


class NoteInput(Input):
    text: Annotated[str, Field(min_length=1, max_length=10_000)] = Field(title=_("Note"))


class FileInput(Input):
    """An empty value takes a fact away."""

    facts: Pairs = Field(min_length=1, title=_("Customer file"))


class ContactInput(Input):
    """A new contact, or all that is to be known of one from now on."""

    contact: Maybe = Field(default=None, title=_("Contact to change; without it a new one"))
    name: Name = Field(title=_("Name"))
    relation: Annotated[str, Field(max_length=100)] = Field(default="", title=_("Relation or role"))
    phone: Annotated[str, Field(max_length=40)] = Field(default="", title=_("Phone"))
    email: Annotated[str, Field(max_length=254), AfterValidator(_address)] = Field(default="", title=_("Mail address"))
    note: Annotated[str, Field(max_length=1000)] = Field(default="", title=_("Note"))


class RemoveContactInput(Input):
    contact: Name = Field(title=_("Contact"))


class CompetitorInput(Input):
    """Another program, or all that is to be known of one from now on."""

    competitor: Maybe = Field(default=None, title=_("Entry to change; without it a new one"))
    program: Annotated[str, Field(min_length=1, max_length=100)] = Field(title=_("Other program"))
    their_tier: Annotated[str, Field(max_length=100)] = Field(default="", title=_("Tier there"))
    share: Annotated[int | None, BeforeValidator(_given), Field(ge=0, le=100)] = Field(
        default=None, title=_("Share of wallet there, percent, estimated")
    )
    known_by: Annotated[str, Field(max_length=200)] = Field(default="", title=_("Known from"))
    as_of: Day = Field(default=None, title=_("As of"))


class RemoveCompetitorInput(Input):
    competitor: Name = Field(title=_("Other program"))


class ManagerInput(Input):
    """Nobody, where it is empty."""

    manager: Annotated[str, Field(max_length=100)] = Field(default="", title=_("Account manager"))


class AnswerInput(Input):
    """What the member reads; the activity that was posted for it, if one was."""

    case: Name = Field(title=_("Case"))
    text: Annotated[str, Field(min_length=1, max_length=4000)] = Field(title=_("What the member reads"))
    activity: Annotated[str, Field(max_length=200)] = Field(default="", title=_("Key of the activity that was posted for it"))
    source: Annotated[str, Field(max_length=80)] = Field(default="staff", title=_("Source of that activity"))


class CloseCaseInput(Input):
    case: Name = Field(title=_("Case"))
    text: Annotated[str, Field(max_length=4000)] = Field(default="", title=_("What the member reads"))


class RequestInput(Input):
    request: Name = Field(title=_("Key of the request"))
    source: Annotated[str, Field(max_length=80)] = Field(default="command", title=_("Source"))


class GiveBackInput(RequestInput):
    """Offloading: the unit is free for others, or gone with what took it."""

    becomes: Literal["free", "gone"] = Field(default="free", title=_("What becomes of the unit"))


class ServiceInput(Input):
    """A service by its kind and key."""

    kind: Name = Field(title=_("Kind"))
    service: Name = Field(title=_("Service"))


class ChangeServiceInput(ServiceInput):
    """`starts` without an offset is by the clock of the service's place."""

    how: Literal["units", "move", "close", "cancel", "replace"] = Field(title=_("What is done"))
    units: Pairs = Field(default_factory=dict, title=_("Units"))
    starts: Annotated[datetime | None, BeforeValidator(_given)] = Field(default=None, title=_("New start"))
    replaced_by: Maybe = Field(default=None, title=_("Replaced by"))


def read_input(shape: type[Input], raw: Mapping[str, Any]) -> Input:
    """The input that a form, a file or a command gives. Raises Refused: `missing_field`, `unknown_field`, `bad_field`."""
    if "\\u0000" in dumps(raw):
        raise Refused("bad_field", field="input", found="a zero byte", allowed="text", nearest="")
    try:
        return shape.model_validate(_nested(shape, raw))
    except ValidationError as error:
        raise _refusal(shape, error.errors()[0]) from None


def _nested(shape: type[Input], raw: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in raw.items():
        first, dot, rest = name.partition(".")
        if dot and shape.model_fields.get(first) is not None:
            if value != "" or shape in (AttributesInput, FileInput):
                found.setdefault(first, {})[rest] = value
        elif value != "" or shape is ProfileInput or first not in shape.model_fields:
            found[name] = value
    return found


def _refusal(shape: type[Input], error: Any) -> Refused:
    field = ".".join(str(step) for step in error["loc"]) or "input"
    known = list(shape.model_fields)
    if error["type"] == "extra_forbidden":
        return Refused("unknown_field", field=field, allowed=listed(known), nearest=nearest(field, known))
    said = str(error.get("ctx", {}).get("error", error["msg"]))
    if error["type"] == "missing":
        return Refused("missing_field", field=field, allowed="a value")
    return Refused("bad_field", field=field, found=repr(error["input"]), allowed=said, nearest="")
