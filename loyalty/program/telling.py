"""The shape of messages.yaml: which facts members are told, when, how, and what they may refuse.

docs/programs.md tells every word with an example, docs/messages.md what each does, exactly.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from loyalty.program.values import Condition, Id, Part, Texts

Source = Literal[
    "joined", "activity", "status_change", "award", "request", "near", "ending", "choosing", "period", "birthday",
    "anniversary", "survey", "security",
]  # fmt: skip
Digest = Literal["each", "day", "week", "month"]
Priority = Literal["urgent", "usual", "low"]

#: The order in which they are sent.
PRIORITIES: tuple[Priority, ...] = ("urgent", "usual", "low")
#: What may be asked of a fact, by its source: type, and the only values where they are known. `tier` is the ladder's.
FIELDS: Mapping[str, Mapping[str, tuple[str, tuple[str, ...] | None]]] = {
    "joined": {},
    "activity": {"count": ("integer", None)},
    "status_change": {
        "kind": ("text", ("raised", "kept", "lowered", "shortened", "left")), "source": ("text", None),
        "old": ("tier", None), "new": ("tier", None),
    },
    "award": {"kind": ("text", ("milestone", "deposit", "choice")), "name": ("text", None), "choice": ("flag", None)},
    "request": {
        "state": ("text", ("refused", "pending", "waitlisted", "confirmed", "cleared", "not_cleared", "cancelled")),
        "reason": ("text", None), "request": ("text", None),
    },
    "near": {"next": ("tier", None), "percent": ("integer", None), "days": ("integer", None)},
    "ending": {"days": ("integer", None), "source": ("text", None)},
    "choosing": {"days": ("integer", None), "name": ("text", None)},
    "period": {"month": ("integer", None), "entries": ("integer", None)},
    "birthday": {"years": ("integer", None)},
    "anniversary": {"years": ("integer", None)},
    "survey": {"survey": ("text", None)},
    "security": {"what": ("text", None)},
}  # fmt: skip
#: The word that a source needs, and that no other may have.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "days": ("ending", "choosing"),
    "near": ("near",),
    "digest": ("activity",),
}


class Quiet(Part):
    """Hours of the member's day in which nothing is sent but what is urgent; past midnight where they end before they begin."""

    begins: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")] = Field(alias="from")
    """When they begin, HH:MM."""
    until: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    """When they are over, HH:MM."""

    @model_validator(mode="after")
    def _some(self) -> "Quiet":
        if self.begins == self.until:
            raise ValueError(f"found from and until {self.until}; allowed: two different times")
        return self


class Consent(Part):
    """Messages that a member may have or refuse together."""

    name: Texts
    """What members read where they choose."""
    sentence: Texts | None = None
    """What they are, in a sentence."""
    transactional: bool = False
    """They belong to the membership itself and cannot be refused."""
    given: bool = True
    """Whether they are sent to members who never said anything."""

    @model_validator(mode="after")
    def _told(self) -> "Consent":
        if self.transactional and not self.given:
            raise ValueError("allowed: given only without transactional, which nobody can refuse")
        return self


class MessageKind(Part):
    """A message: which facts it tells, and how it is treated. Its words are the folder of templates of its name."""

    name: Id
    """Its name, that of its folder of templates, in the books."""
    of: Source
    """The source of its facts."""
    when: Condition | None = None
    """Only facts of which this is so; it may ask for the fact's fields, `tier`, the member's, and `member.<attribute>`."""
    consent: Id
    """One of `consents`."""
    priority: Priority = "usual"
    """What is sent first; what is urgent knows no quiet hours."""
    within: Annotated[int, Field(ge=0, le=60)] = 7
    """A fact that is found more days after it happened is not told."""
    cool_down: Annotated[int, Field(ge=1, le=366)] | None = None
    """For so many days after one of these no other is made; what is still so afterwards is told then."""
    days: Annotated[tuple[Annotated[int, Field(ge=0, le=366)], ...], Field(min_length=1)] | None = None
    """For ending and choosing: so many days before the last day, once for each."""
    near: Annotated[int, Field(ge=1, le=99)] | None = None
    """For near: from so many percent of the way on."""
    digest: Digest | None = None
    """For activity: each by itself, or what a day, a week or a month brought together; a member may choose otherwise."""

    @model_validator(mode="after")
    def _fits(self) -> "MessageKind":
        for word, sources in NEEDS.items():
            given = getattr(self, word) is not None
            if given and self.of not in sources:
                raise ValueError(f"found {word} with {self.of}; allowed: {word} with {' or '.join(sources)} only")
            if not given and self.of in sources:
                raise ValueError(f"{self.of} needs {word}")
        if self.of == "near" and self.cool_down is None:
            raise ValueError("near needs cool_down: how near one is remains so from day to day")
        if self.days is not None and len(set(self.days)) < len(self.days):
            raise ValueError("allowed: each number of days once")
        return self


class MessagesFile(Part):
    """messages.yaml: what members are told."""

    sender: Texts | None = None
    """The name under which mail comes; the program's name without it. The address is a setting of the deployment."""
    quiet: Quiet | None = None
    """When members are left alone."""
    zone: Id | None = None
    """The attribute of members that names their IANA time zone; the program's zone holds for members without one."""
    born: Id | None = None
    """The attribute of members, of type day, that is their date of birth."""
    consents: dict[Id, Consent] = Field(default_factory=dict)
    """What members may refuse, and what they may not."""
    messages: tuple[MessageKind, ...] = ()
    """The messages."""

    def message(self, name: str) -> MessageKind | None:
        """A message by its name."""
        return next((message for message in self.messages if message.name == name), None)
