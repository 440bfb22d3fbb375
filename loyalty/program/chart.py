"""What each tier of an edition gives: values looked up, the best of several tiers, and what one tier adds to another. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from loyalty.program.catalog import Benefit, BenefitsFile, Like
from loyalty.program.cells import Value, best, better_of, read_value


class Held(NamedTuple):
    """A tier that counts for a benefit, and why: the day of use or of booking, or the member whose companion one is."""

    tier: str
    why: Literal["use", "booking", "companion"] = "use"


class Had(NamedTuple):
    """What someone has of a benefit, and what gave it: the tiers that counted, none where everyone has it."""

    value: Value
    by: tuple[Held, ...]


class Addition(NamedTuple):
    """A difference between two tiers: of which benefit and parameter value, the values, and whether it is new, better, other
    or less."""

    benefit: Benefit
    parameter: str | None
    before: Value | None
    after: Value | None
    how: Literal["new", "better", "other", "less"]


@dataclass(frozen=True)
class Chart:
    """The benefits of one edition, ready to ask. `tiers` are the ladder's, lowest first."""

    file: BenefitsFile
    tiers: tuple[str, ...]

    @cached_property
    def _likes(self) -> Mapping[str, Like]:
        return {like.tier: like for like in self.file.like}

    @cached_property
    def benefits(self) -> Mapping[str, Benefit]:
        """The benefits by name, in the order of the chart."""
        return {benefit.id: benefit for benefit in self.file.benefits}

    def raw(self, benefit: Benefit, tier: str) -> Any:
        """What the file says for a tier: its cell, that of the tier that it is like, or nothing."""
        like = self._likes.get(tier)
        if like is None:
            return benefit.cells.get(tier)
        return like.but[benefit.id] if benefit.id in like.but else benefit.cells.get(like.same)

    def cell(self, name: str, tier: str, parameter: str | None = None) -> Value | None:
        """The value of a benefit for a tier; of one with a parameter, for that value of it. None where it has none.

        Raises KeyError where there is no such benefit.
        """
        return self.read(self.benefits[name], self.raw(self.benefits[name], tier), parameter)

    def standard(self, name: str, parameter: str | None = None) -> Value | None:
        """What everyone has of a benefit. Raises KeyError where there is no such benefit."""
        benefit = self.benefits[name]
        return self.read(benefit, benefit.standard, parameter)

    def read(self, benefit: Benefit, raw: Any, parameter: str | None) -> Value | None:
        """The value of a cell as its file says it, of a block that for one value of the parameter; none of none."""
        if benefit.by is not None and isinstance(raw, dict):
            raw = raw.get(parameter)
        return None if raw is None else read_value(benefit, raw)

    def parameter_of(self, benefit: Benefit, days: int) -> str | None:
        """The value of a benefit's parameter for a number of days before a service; none where it has no such parameter."""
        parameter = self.file.parameters.get(benefit.by or "")
        if parameter is None or parameter.of != "days_before":
            return None
        fits = (name for name, value in parameter.values.items() if value.below is None or days < value.below)
        return next(fits, None)

    def has(self, name: str, held: Iterable[Held], parameter: str | None = None) -> Had | None:
        """The best of what some tiers give, else what everyone has; none where that is nothing.

        Raises KeyError where there is no such benefit.
        """
        benefit = self.benefits[name]
        given = [(one, value) for one in held if (value := self.cell(name, one.tier, parameter)) is not None]
        everyone = self.standard(name, parameter)
        value = best(benefit, [*([] if everyone is None else [everyone]), *(mine for _, mine in given)])
        if value is None or value == everyone:
            return None if value is None else Had(value, ())
        return Had(value, tuple(one for one, mine in given if _gave(mine, value, everyone)))

    def given(self, name: str, tier: str | None, parameter: str | None = None) -> Value | None:
        """What a tier gives of a benefit, what everyone has among it; without a tier, what everyone has.

        Raises KeyError where there is no such benefit.
        """
        had = self.has(name, [] if tier is None else [Held(tier)], parameter)
        return None if had is None else had.value

    def held(self, name: str, use: str, booking: str | None = None) -> tuple[Held, ...]:
        """The tiers that count for a benefit: of the day of use, of that of booking, as its `as_of` says."""
        as_of = self.benefits[name].as_of
        if booking is None or as_of == "use":
            return (Held(use),)
        return (Held(booking, "booking"),) if as_of == "booking" else (Held(use), Held(booking, "booking"))

    def adds(self, lower: str, higher: str) -> list[Addition]:
        """What one tier gives that another does not, or otherwise, in the order of the chart; equal values are left out."""
        return between(self, lower, self, higher)

    def parameters(self, benefit: Benefit) -> tuple[str | None, ...]:
        """The values of a benefit's parameter; `(None,)` where it has none."""
        parameter = self.file.parameters.get(benefit.by or "")
        return (None,) if parameter is None else tuple(parameter.values)

    @cached_property
    def totals(self) -> Mapping[str, Any]:
        """How many categories and benefits the chart has, how many cells, and how many of each tier that has any."""
        per_tier = {
            tier: count
            for tier in self.tiers
            if (count := sum(benefit.cells.get(tier) is not None for benefit in self.file.benefits))
        }
        shown = {benefit.category for benefit in self.file.benefits}
        return {
            "categories": len(shown), "benefits": len(self.file.benefits), "cells": sum(per_tier.values()),
            "per_tier": per_tier,
        }  # fmt: skip


def between(before: Chart, lower: str, after: Chart, higher: str) -> list[Addition]:
    """What a tier of one chart gives that a tier of another does not, or otherwise; equal values are left out.

    In the order of `after`, then what is gone. A benefit of another kind, or with another parameter, is gone and new.
    """
    found: list[Addition] = []
    gone = {name: benefit for name, benefit in before.benefits.items() if not _alike(benefit, after.benefits.get(name))}
    for benefit in after.file.benefits:
        was = before if benefit.id in before.benefits and benefit.id not in gone else None
        for parameter in dict.fromkeys([*after.parameters(benefit), *(was.parameters(benefit) if was else ())]):
            old = was.given(benefit.id, lower, parameter) if was else None
            new = after.given(benefit.id, higher, parameter)
            if old != new:
                found.append(Addition(benefit, parameter, old, new, _how(benefit, old, new)))
    for benefit in gone.values():
        for parameter in before.parameters(benefit):
            if (old := before.given(benefit.id, lower, parameter)) is not None:
                found.append(Addition(benefit, parameter, old, None, "less"))
    return found


def _alike(benefit: Benefit, other: Benefit | None) -> bool:
    return other is not None and (benefit.kind, benefit.by) == (other.kind, other.by)


def _gave(mine: Value, value: Value, everyone: Value | None) -> bool:
    """Whether a tier's value is the best, or, where values are joined, brings something that not everyone has."""
    if isinstance(mine, frozenset):
        return bool(mine - everyone if isinstance(everyone, frozenset) else mine)
    if isinstance(mine, Mapping) and isinstance(value, Mapping):
        common = everyone if isinstance(everyone, Mapping) else {}
        return any(value[name] == n > common.get(name, 0) for name, n in mine.items())
    return mine == value


def _how(benefit: Benefit, before: Value | None, after: Value | None) -> Literal["new", "better", "other", "less"]:
    if before is None or after is None:
        return "new" if before is None else "less"
    if benefit.kind == "text" and before not in benefit.words:
        return "other"  # a word that the later edition does not rank
    joined = better_of(benefit, before, after)
    return "better" if joined == after else "less" if joined == before else "other"
