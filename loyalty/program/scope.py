"""What a rule may ask about: the fields of an activity, the tier on its day, the member's attributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loyalty.program.models import ActivityKind, Attribute
from loyalty.program.values import day

#: An activity as rules see it: its field values, the tier's rank on its day, the member's attribute values.
#: Numbers are integers in the field's smallest step, a missing value is None.
Case = tuple[tuple[Any, ...], int, tuple[Any, ...]]
Getter = Callable[[Case], Any]


@dataclass(frozen=True)
class Subject:
    """One thing that can be asked: its type, how to get it from a case, the values it may have where they are listed."""

    name: str
    type: str
    get: Getter
    one_of: tuple[str, ...] | None = None
    decimals: int = 0
    optional: bool = False
    at_least: int | None = None

    @property
    def numeric(self) -> bool:
        return self.type in ("integer", "decimal", "money")

    def spelt(self, case: Case) -> Any:
        """The value of a case as files spell it: a tier by its name, a number with its point; none where it is missing."""
        value = self.get(case)
        if self.type == "tier" and self.one_of:
            return self.one_of[value] if value is not None and 0 <= value < len(self.one_of) else None
        return Decimal(value).scaleb(-self.decimals) if self.numeric and value is not None else value

    def literal(self, value: Any) -> Any:
        """A value of a rules file as the case holds it. Raises ValueError saying what is allowed."""
        if self.type == "flag":
            if not isinstance(value, bool):
                raise ValueError("allowed: true or false")
            return value
        if self.numeric:
            return self._scaled(value)
        if self.type == "day":
            return day(value).isoformat()
        if not isinstance(value, str):
            raise ValueError(f"allowed: a {self.type} in quotes")
        if self.one_of is not None and value not in self.one_of:
            raise ValueError(f"allowed: {', '.join(self.one_of)}")
        return self.one_of.index(value) if self.type == "tier" and self.one_of else value

    def _scaled(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise ValueError("allowed: a number")
        try:
            scaled = Decimal(value).scaleb(self.decimals)
        except ArithmeticError:
            raise ValueError("allowed: a number") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"allowed: a number with at most {self.decimals} places after the point")
        return int(scaled)


Scope = Mapping[str, Subject]


def scope_of(kind: ActivityKind, tiers: tuple[str, ...], attributes: Mapping[str, Attribute], money: int = 2) -> Scope:
    """Everything that a rule about one kind of activity may name. `money` is the currency's number of minor digits."""
    subjects = [_field(name, n, field, money) for n, (name, field) in enumerate(kind.fields.items())]
    subjects.append(Subject("tier", "tier", lambda case: case[1], tiers))
    return {subject.name: subject for subject in subjects} | member_scope(attributes)


def member_scope(attributes: Mapping[str, Attribute]) -> dict[str, Subject]:
    """What a rule may ask of a member alone: `member.<attribute>`."""
    subjects = [_attribute(name, n, attribute) for n, (name, attribute) in enumerate(attributes.items())]
    return {subject.name: subject for subject in subjects}


def _field(name: str, n: int, field: Any, money: int) -> Subject:
    decimals = {"decimal": field.decimals, "money": money}.get(field.type, 0)
    return Subject(name, field.type, lambda case: case[0][n], field.one_of, decimals, field.optional, field.at_least)


def _attribute(name: str, n: int, attribute: Attribute) -> Subject:
    return Subject(f"member.{name}", attribute.type, lambda case: case[2][n], attribute.one_of, optional=True)
