"""What a ladder may name: tiers, units, windows, attributes; a name or a figure that cannot be is told at its place."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loyalty.program.conditions import Tell, compile_condition
from loyalty.program.ladder import ByTier, GuardedPath, LadderFile, Path, Window
from loyalty.program.models import ActivityField, Attribute, Unit, UnitsFile
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Scope, member_scope


def unknown(what: str, name: str, allowed: Collection[str]) -> str:
    """The sentence for a name that is none of those allowed."""
    return f"the {what} {name} is unknown; allowed: {listed(allowed)}.{nearest(name, allowed)}"


def once(names: list[str], what: str, way: Callable[[int], Way], tell: Tell) -> None:
    """Every name once: each later one is told."""
    for n, name in enumerate(names):
        if name in names[:n]:
            tell(way(n), f"the {what} {name} stands twice")


#: Words that conditions have for themselves.
RESERVED = ("tier", "all", "any", "not")


def check_fields(fields: Mapping[str, ActivityField], way: Way, taken: tuple[str, ...], tell: Tell) -> None:
    """Fields whose names conditions can use, each with the words of its type; `taken` are further names in use."""
    for name, about in fields.items():
        one_of_text(name, about, (*way, name), tell)
        if about.at_least is not None and about.type not in ("integer", "decimal", "money"):
            tell((*way, name, "at_least"), f"{name} is {about.type}; allowed: at_least for a number only")
        if name in (*RESERVED, *taken):
            tell((*way, name), f"the name {name} has a meaning of its own in conditions; allowed: any other")


def one_of_text(name: str, about: ActivityField | Attribute, way: Way, tell: Tell) -> None:
    """The values of a text alone can be listed."""
    if about.one_of is not None and about.type != "text":
        tell((*way, "one_of"), f"{name} is {about.type}; allowed: one_of for a text only")
    known = about.one_of or ()
    for value in about.names:
        if value not in known:
            hint = nearest(value, known)
            tell((*way, "names", value), f"{value} is no value of {name}; allowed, by one_of: {listed(known)}.{hint}")


@dataclass(frozen=True)
class Names:
    """The names of one edition's ladder; `attributes` is none where program.yaml could not be read."""

    tiers: tuple[str, ...]
    units: Mapping[str, Unit]
    windows: Mapping[str, Window]
    attributes: Scope | None
    tell: Tell

    def tier(self, name: str | None, way: Way) -> None:
        """A tier of the ladder, or none named."""
        if name is not None and name not in self.tiers:
            self.tell(way, unknown("tier", name, self.tiers))

    def by_tier(self, tiers: Iterable[str], way: Way) -> None:
        """The tiers that are the keys of a block."""
        for name in tiers:
            self.tier(name, (*way, name))

    def unit(self, name: str, way: Way) -> None:
        """A unit of any kind."""
        if name not in self.units:
            self.tell(way, unknown("unit", name, list(self.units)))

    def window(self, name: str | None, way: Way) -> None:
        """One of `windows`, or none named."""
        if name is not None and name not in self.windows:
            self.tell(way, unknown("window", name, list(self.windows)))

    def counter(self, name: str, way: Way, levels: bool = False, why: str = "not a counter") -> None:
        """A counter, or also a level; `why` tells what is wrong with another unit."""
        kinds = ("counter", "level") if levels else ("counter",)
        allowed = [unit for unit, about in self.units.items() if about.kind in kinds]
        if name not in self.units:
            self.tell(way, unknown("counter", name, allowed))
        elif name not in allowed:
            kind = self.units[name].kind
            self.tell(way, f"{name} is {kind}, {why if kind == 'level' else 'not a counter'}; allowed: {listed(allowed)}")

    def figure(self, unit: str | None, value: Decimal, way: Way) -> None:
        """An amount of a unit: not below zero, in the unit's steps."""
        about = self.units.get(unit or "")
        if about is not None and value.scaleb(about.decimals) % 1:
            self.tell(way, f"found {value}; allowed: at most {about.decimals} decimals, as {unit} has")
        if value < 0:
            self.tell(way, f"found {value}; allowed: 0 or more")

    def figures(self, needs: Mapping[str, Decimal], way: Way, levels: bool = False, why: str = "not a counter") -> None:
        """Thresholds by counter."""
        for counter, threshold in needs.items():
            self.counter(counter, (*way, counter), levels, why)
            self.figure(counter, threshold, (*way, counter))

    def amount(self, unit: str | None, amount: Decimal | ByTier | None, way: Way) -> None:
        """An amount of a unit, the same for all or by tier."""
        if isinstance(amount, ByTier):
            self.by_tier(amount.tier, (*way, "tier"))
            for tier, value in amount.tier.items():
                self.figure(unit, value, (*way, "tier", tier))
        elif amount is not None:
            self.figure(unit, amount, way)

    def when(self, condition: Any, way: Way) -> None:
        """A condition, which may ask for the member's attributes alone."""
        if condition is not None and self.attributes is not None:
            compile_condition(condition, self.attributes, way, self.tell)


def names_of(ladder: LadderFile, units: UnitsFile, attributes: Mapping[str, Attribute] | None, tell: Tell) -> Names:
    """The names that a ladder may use."""
    scope = None if attributes is None else member_scope(attributes)
    return Names(tuple(tier.id for tier in ladder.tiers), units.units, ladder.windows, scope, tell)


def needs_way(path: Path, way: Way) -> Way:
    """The way to the thresholds of a path, in either of its forms."""
    return (*way, "needs") if isinstance(path, GuardedPath) else way
