"""What is stored of a member's benefits, and an entitlement as a value. Pure; days are ordinals, spans half-open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from loyalty.benefits.choices import Picked
from loyalty.benefits.periods import TierDays
from loyalty.status.booked import Booked
from loyalty.status.windows import FAR


class Granted(NamedTuple):
    """What staff did: a grant of `amount` for [`begins`, `until`), an extension of entitlement `target` to `until`, or its
    revocation from `begins` on; known from `posted`."""

    id: int
    kind: str
    what: str
    amount: int
    begins: int
    until: int
    target: int | None
    posted: int
    author: str
    approver: str
    reason: str
    key: str


class Used(NamedTuple):
    """`amount` taken of an entitlement on a day, for a service on another; `returned` is the day on which it came back, `until`
    its new end then."""

    id: int
    n: int
    entitlement: int
    what: str
    amount: int
    on: int
    service: int
    state: str
    request: int | None
    returned: int | None
    until: int | None
    key: str


@dataclass(frozen=True)
class Known:
    """What is stored of a member, as entitlements see it. `left` is the first day after membership.

    `spans` are the timeline, `traits` the attributes' values with the day from which they are known.
    """

    enrolled: int
    left: int | None = None
    spans: Sequence[TierDays] = ()
    traits: Sequence[tuple[int, tuple[Any, ...]]] = ()
    awards: Sequence[Booked] = ()
    picks: Sequence[Picked] = ()
    grants: Sequence[Granted] = ()
    uses: Sequence[Used] = ()


class Step(NamedTuple):
    """So many from a day on, because of a tier."""

    on: int
    amount: int
    tier: str | None = None


@dataclass(frozen=True)
class Entitlement:
    """A right to so many of `what` in [`begins`, `until`). `number` is a digest of its origin.

    `kind` is quota, tier, milestone, choice, campaign, staff or returned; `steps` tell how many, the first day first. `why`
    are the figures of its reason. `taken_back` is the day on which a reversal or staff ended it.
    """

    number: int
    what: str
    kind: str
    begins: int
    until: int
    steps: tuple[Step, ...]
    why: Mapping[str, Any] = field(default_factory=dict)
    taken_back: int | None = None

    @property
    def order(self) -> tuple[int, int, int]:
        """The order in which entitlements are used up: earliest end, then earliest begun, then lowest number."""
        return self.until, self.begins, self.number

    def quota(self, day: int) -> int:
        """How many it was for on a day, whether it held or not."""
        return next((step.amount for step in reversed(self.steps) if step.on <= day), 0)

    def holds(self, day: int) -> bool:
        return self.begins <= day < self.until


def last_day(until: int) -> date | None:
    """The last day of what ends before a day."""
    return None if until >= FAR else date.fromordinal(until - 1)
