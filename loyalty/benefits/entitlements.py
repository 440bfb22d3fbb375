"""A member's entitlements, worked out from what is stored, and what is left of them. Pure; days are ordinals.

docs/benefits.md says what each source gives, and in which order entitlements are used up.
"""

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property

from loyalty.benefits.rights import Entitlement, Granted, Known, Step
from loyalty.benefits.sources import sources
from loyalty.keys import digest
from loyalty.program.load import Program
from loyalty.status.windows import FAR


def entitlements_of(program: Program, known: Known, day: int) -> list[Entitlement]:
    """Every entitlement that a member had begun to have by a day, or been granted by then, as known on it, in the order of
    use; what has ended is among them."""
    changes = _Changes(known, day)
    entitled = {one.number: one for one in map(changes.made, sources(program, known, day))}
    _come_back(entitled, known, day, changes)
    return sorted(entitled.values(), key=lambda one: one.order)


class _Changes:
    """What staff did to entitlements by a day, and the end of membership."""

    def __init__(self, known: Known, day: int) -> None:
        self.end = FAR if known.left is None else known.left
        self.by_target: dict[int, list[Granted]] = {}
        for one in sorted(known.grants, key=lambda one: (one.posted, one.id)):
            if one.target is not None and one.posted <= day:
                self.by_target.setdefault(one.target, []).append(one)

    def made(self, one: Entitlement) -> Entitlement:
        """An entitlement with its end put off by extensions and brought forward by revocations and the end of membership."""
        changes = self.by_target.get(one.number, ())
        if not changes:
            return one if one.until <= self.end else replace(one, until=self.end)
        until, back = one.until, one.taken_back
        for change in changes:
            if change.kind == "extension":
                until = max(until, change.until) if back is None else until
            else:
                until, back = min(until, change.begins), change.begins if back is None else min(back, change.begins)
        told = [(change.kind, change.begins, change.until, change.author, change.reason) for change in changes]
        return replace(one, until=min(until, self.end), taken_back=back, why={**one.why, "changes": told})


def _come_back(entitled: dict[int, Entitlement], known: Known, day: int, changes: _Changes) -> None:
    """What came back with a later end is an entitlement of its own; what it was taken from keeps it as used."""
    waiting = [use for use in known.uses if use.until is not None and use.returned is not None and use.returned <= day]
    while ready := [use for use in waiting if use.entitlement in entitled]:
        for use in ready:
            waiting.remove(use)
            parent = entitled[use.entitlement]
            until = min(max(parent.until, use.until or 0), parent.taken_back or FAR)
            why = {**parent.why, "returned": use.returned, "of": parent.kind, "changes": ()}
            number = digest("returned", str(use.id), str(use.n))
            steps = (Step(use.returned or 0, use.amount),)
            one = Entitlement(number, use.what, "returned", use.returned or 0, until, steps, why, parent.taken_back)
            entitled[number] = changes.made(one)


@dataclass(frozen=True)
class Rights:
    """A member's entitlements on a day, in the order of use, with what was taken of them by then."""

    day: int
    entitlements: list[Entitlement]
    known: Known

    @cached_property
    def taken(self) -> Counter[int]:
        """By number of entitlement: what was taken and has not come back to it."""
        found: Counter[int] = Counter()
        for use in self.known.uses:
            back = use.returned is not None and use.returned <= self.day and use.until is None
            if use.on <= self.day and not back:
                found[use.entitlement] += use.amount
        return found

    def left(self, one: Entitlement, on: int) -> int:
        """How many of an entitlement may be taken today for a day: of what has begun, never more than that day's quota, nor
        than today's for a later day."""
        if one.begins > self.day or not one.holds(on):
            return 0
        quota = one.quota(on) if on <= self.day else min(one.quota(self.day), one.quota(on))
        return max(quota - self.taken[one.number], 0)

    def of(self, what: str) -> list[Entitlement]:
        """The entitlements of one name, in the order of use."""
        return [one for one in self.entitlements if one.what == what]

    def total(self, what: str, on: int) -> int:
        """How many of a name may be taken today for a day."""
        return sum(self.left(one, on) for one in self.of(what))

    def take(self, what: str, amount: int, on: int) -> list[tuple[Entitlement, int]]:
        """What a use of so many takes of which entitlements, in the order of use; fewer where fewer are left."""
        found = []
        for one in self.of(what):
            part = min(self.left(one, on), amount)
            if part:
                found.append((one, part))
                amount -= part
        return found


def rights_of(program: Program, known: Known, day: int) -> Rights:
    """What a member is entitled to on a day, as known at its end."""
    return Rights(day, entitlements_of(program, known, day), known)
