"""What tiers give, in words that members read: values of cells, notes, and what one tier adds to another. Pure.

Names, sentences and words of cells are the program's own texts, in the language asked for where it has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loyalty.i18n import Language, _, translated
from loyalty.program.catalog import Benefit
from loyalty.program.cells import Ahead, Value
from loyalty.program.chart import Addition, Chart
from loyalty.program.models import ProgramFile
from loyalty.program.words import english, number, validity

#: The fixed parts of what is said, by name.
PHRASES: Mapping[str, str] = {
    "flag": _("yes"),
    "nothing": "–",
    "at_start": _("until the start"),
    "day_of_service": _("day of service"),
    "any_time": _("any time"),
    "money": "{currency} {amount}",
    "window": _("{n} in each window of the ladder"),
    "calendar_year": _("{n} a calendar year"),
    "membership_year": _("{n} a membership year"),
    "new": _("New: {what}"),
    "changed": _("{about}: {after} instead of {before}"),
    "gone": _("No longer: {what}"),
    "what": _("{about}: {value}"),
    "of": _("{benefit}, {parameter}"),
    "everyone": _("everyone"),
    "use": _("by the tier on the day of use"),
    "booking": _("by the tier on the day of booking"),
    "better": _("by the better of the tiers on the days of booking and of use"),
    "companions": _("also for companions, as many as {benefit} says"),
    "keep": _("what is left when the tier is lost may be used to the end of the period"),
    "end": _("the lower number holds at once when the tier is lost"),
    "tier": _("given by the tier, once in each window of the ladder"),
    "milestone": _("given by milestones of the ladder"),
    "expires": _("valid {validity}"),
}


@dataclass(frozen=True)
class Telling:
    """Tells an edition's chart in a language: `currency` is that of money, with so many minor `decimals`."""

    chart: Chart
    currency: str
    decimals: int
    language: str = "en"

    @property
    def spoken(self) -> Language:
        """The language itself."""
        return translated(self.language)

    def text(self, texts: Mapping[str, str]) -> str:
        """A text of the program in the language, else in English, else in its first."""
        return texts.get(self.language) or english(texts)

    def phrase(self, name: str, **parts: object) -> str:
        """One of the fixed parts, filled in. Raises KeyError where there is none."""
        return self.spoken.say(PHRASES[name], **parts)

    def value(self, benefit: Benefit, value: Value | None) -> str:
        """A value as people say it: `yes`, `48 hours before`, `USD 50`, `2 upgrade vouchers`; a dash for none."""
        if value is None:
            return self.phrase("nothing")
        if isinstance(value, Mapping):
            return self.spoken.enumerated([self.so_many(n, self.instrument(name)) for name, n in value.items()] or [""])
        if isinstance(value, frozenset):
            return self.spoken.enumerated([self._word(benefit, word) for word in ordered(benefit, value)] or [""])
        if isinstance(value, Ahead):
            return self.ahead(value)
        if isinstance(value, str):
            return self._word(benefit, value)
        return self._number(benefit, value)

    def _number(self, benefit: Benefit, value: bool | int | Decimal) -> str:
        if benefit.kind == "flag":
            return self.phrase("flag")
        if benefit.kind == "money":
            if self.language != "en":
                return self.spoken.money(value, self.currency)
            amount = number(value) if value == int(value) else f"{value:,.{self.decimals}f}"
            return self.phrase("money", currency=self.currency, amount=amount)
        if benefit.kind == "percent":
            return self.spoken.share(value)
        n = number(value, self.spoken)
        return n if benefit.quota is None else self.phrase(benefit.quota.per, n=n)

    def ahead(self, value: Ahead) -> str:
        """A time before a service: `48 hours before`, `day of service`."""
        if value.hours is None and not value.days:
            return self.phrase(str(value))
        if value.hours == 0:
            return self.phrase("at_start")
        if value.hours is not None:
            return self.spoken.many(value.hours, "{count} hour before", "{count} hours before")
        return self.spoken.many(value.days or 0, "{count} day before", "{count} days before")

    def _word(self, benefit: Benefit, word: str) -> str:
        return self.text(benefit.words[word]) if word in benefit.words else word

    def instrument(self, name: str) -> str:
        """An instrument's name; where it is not declared, the one by which it is called."""
        found = next((one for one in self.chart.file.instruments if one.id == name), None)
        return self.text(found.name) if found else name.replace("_", " ")

    def so_many(self, n: int | Decimal, name: str) -> str:
        """So many of something: `1 voucher`, `2 vouchers`; in another language than English `2 × bon`."""
        if self.language != "en":
            return self.spoken.say(_("{n} × {name}"), n=number(n, self.spoken), name=name)
        return f"{number(n)} {name if n == 1 else plural(name)}"

    def parameter(self, benefit: Benefit, name: str) -> str:
        """A value of a benefit's parameter by its name; where this edition has it not, as it is called."""
        parameter = self.chart.file.parameters.get(benefit.by or "")
        known = parameter is not None and name in parameter.values
        return self.text(parameter.values[name].name) if parameter and known else name.replace("_", " ")

    def cell(self, benefit: Benefit, tier: str | None) -> str:
        """All that a tier has of a benefit, what everyone has among it; without a tier what everyone has.

        Of one with a parameter: `Business 24 hours before, First day of service`.
        """
        values = [(name, self.chart.given(benefit.id, tier, name)) for name in self.chart.parameters(benefit)]
        if benefit.by is None:
            return self.value(benefit, values[0][1])
        told = [
            self.spoken.say(_("{parameter} {value}"), parameter=self.parameter(benefit, name), value=self.value(benefit, value))
            for name, value in values
            if name is not None and value is not None
        ]
        return self.spoken.enumerated(told) if told else self.phrase("nothing")

    def notes(self, benefit: Benefit) -> dict[str, str]:
        """What else holds of a benefit, by its word: whose tier counts, companions, the end of a quota and of a grant."""
        found: dict[str, str] = {}
        if benefit.as_of != "use":
            found["as_of"] = self.phrase(benefit.as_of)
        if benefit.companions is not None:
            found["companions"] = self.phrase("companions", benefit=self.text(self.chart.benefits[benefit.companions].name))
        if benefit.quota is not None:
            found["quota"] = self.phrase(benefit.quota.at_fall)
        if benefit.granted is not None:
            found["granted"] = self.phrase(benefit.granted)
        if benefit.expires is not None:
            found["expires"] = self.phrase("expires", validity=validity(benefit.expires, self.spoken))
        return found

    def row(self, benefit: Benefit, parameter: str | None) -> str:
        """A benefit's name, with the value of its parameter where it has one: `Change fee, under 21 days before`."""
        name = self.text(benefit.name)
        return name if parameter is None else self.phrase("of", benefit=name, parameter=self.parameter(benefit, parameter))

    def addition(self, one: Addition) -> str:
        """One difference of two tiers: `New: Lounge`, `Bags: 3 instead of 2`, `No longer: Guests: 1`."""
        about = self.row(one.benefit, one.parameter)
        if one.before is not None and one.after is not None:
            before, after = (self.value(one.benefit, value) for value in (one.before, one.after))
            return self.phrase("changed", about=about, before=before, after=after)
        what = about
        if one.benefit.kind != "flag":
            what = self.phrase(
                "what", about=what, value=self.value(one.benefit, one.after if one.before is None else one.before)
            )
        return self.phrase("new" if one.before is None else "gone", what=what)

    def adds(self, lower: str, higher: str) -> list[str]:
        """What a tier gives that another does not, or otherwise, a line each, in the order of the chart."""
        return [self.addition(one) for one in self.chart.adds(lower, higher)]


def telling(chart: Chart, head: ProgramFile, language: str = "en") -> Telling:
    """The telling of a chart of a program."""
    return Telling(chart, head.money, head.money_decimals, language)


def ordered(benefit: Benefit, values: frozenset[str]) -> list[str]:
    """The members of a set in the order of the benefit's words, else of the alphabet."""
    words = list(benefit.words)
    return sorted(values, key=lambda value: (words.index(value) if value in words else len(words), value))


def plural(name: str) -> str:
    """An English name for several: voucher -> vouchers, pass -> passes; one that is told for several stays."""
    if name.endswith(("ss", "x", "ch", "sh")):
        return f"{name}es"
    return name if name.endswith("s") else f"{name}s"


def typed(benefit: Benefit, value: Value | None) -> Any:
    """A value as JSON, spelt as its file spells it: true, 3, "37.5", "48h", a list, a block; null for none."""
    if isinstance(value, frozenset):
        return ordered(benefit, value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else str(value)
    return str(value) if isinstance(value, Ahead) else value
