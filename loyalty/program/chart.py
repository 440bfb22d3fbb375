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
        return self._value(self.benefits[name], self.raw(self.benefits[name], tier), parameter)

    def standard(self, name: str, parameter: str | None = None) -> Value | None:
        """What everyone has of a benefit. Raises KeyError where there is no such benefit."""
        benefit = self.benefits[name]
        return self._value(benefit, benefit.standard, parameter)

    def _value(self, benefit: Benefit, raw: Any, parameter: str | None) -> Value | None:
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
        value = best(benefit, [value for _, value in given])
        everyone = self.standard(name, parameter)
        if value is None or (everyone is not None and better_of(benefit, everyone, value) == everyone):
            return None if everyone is None else Had(everyone, ())
        return Had(value, tuple(one for one, mine in given if better_of(benefit, mine, value) == mine))

    def held(self, name: str, use: str, booking: str | None = None) -> tuple[Held, ...]:
        """The tiers that count for a benefit: of the day of use, of that of booking, as its `as_of` says."""
        as_of = self.benefits[name].as_of
        if booking is None or as_of == "use":
            return (Held(use),)
        return (Held(booking, "booking"),) if as_of == "booking" else (Held(use), Held(booking, "booking"))

    def adds(self, lower: str, higher: str) -> list[Addition]:
        """What one tier gives that another does not, or otherwise, in the order of the chart; equal values are left out."""
        found = []
        for benefit in self.file.benefits:
            for parameter in self.parameters(benefit):
                before = self._with_standard(benefit.id, lower, parameter)
                after = self._with_standard(benefit.id, higher, parameter)
                if before != after:
                    found.append(Addition(benefit, parameter, before, after, _how(benefit, before, after)))
        return found

    def parameters(self, benefit: Benefit) -> tuple[str | None, ...]:
        """The values of a benefit's parameter; `(None,)` where it has none."""
        parameter = self.file.parameters.get(benefit.by or "")
        return (None,) if parameter is None else tuple(parameter.values)

    def _with_standard(self, name: str, tier: str, parameter: str | None) -> Value | None:
        had = self.has(name, [Held(tier)], parameter)
        return None if had is None else had.value

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


def _how(benefit: Benefit, before: Value | None, after: Value | None) -> Literal["new", "better", "other", "less"]:
    if before is None or after is None:
        return "new" if before is None else "less"
    joined = better_of(benefit, before, after)
    return "better" if joined == after else "less" if joined == before else "other"
