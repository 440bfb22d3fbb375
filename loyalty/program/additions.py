"""What one tier adds to another, and what is lost from one to another, in a language: names and values as members read them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from loyalty.i18n import Language, _
from loyalty.program.catalog import Benefit
from loyalty.program.cells import ANY_TIME, DAY_OF_SERVICE, Ahead, Value
from loyalty.program.chart import Addition
from loyalty.program.load import Edition


class Told(NamedTuple):
    """A difference in words: the benefit's name, how it differs, the value before and after; none where it needs no word."""

    name: str
    how: str
    before: str | None
    after: str | None


def gained(edition: Edition, lower: str, higher: str, language: Language) -> list[Told]:
    """What the higher tier adds to the lower one, what is new first, else in the order of the chart."""
    found = [one for one in edition.chart.adds(lower, higher) if one.how != "less"]
    return [_told(edition, one, language) for one in sorted(found, key=lambda one: one.how != "new")]


def lost(edition: Edition, higher: str, lower: str, language: Language) -> list[Told]:
    """What one who falls from the higher tier to the lower one has no more, or less of; what is gone first."""
    found = [one for one in edition.chart.adds(higher, lower) if one.how in ("less", "other")]
    return [_told(edition, one, language) for one in sorted(found, key=lambda one: one.after is not None)]


def _told(edition: Edition, one: Addition, language: Language) -> Told:
    parameters = edition.benefits.parameters
    name = language.own(one.benefit.name)
    if one.parameter is not None and one.benefit.by is not None:
        value = language.own(parameters[one.benefit.by].values[one.parameter].name)
        name = language.say(_("{name} ({parameter})"), name=name, parameter=value)
    before, after = (
        None if value is None else said(edition, one.benefit, value, language) for value in (one.before, one.after)
    )
    return Told(name, one.how, before, after)


def said(edition: Edition, benefit: Benefit, value: Value, language: Language) -> str | None:
    """A value of a benefit in words; none of a flag, whose name says it all."""
    return None if value is True else _SAID[benefit.kind](edition, benefit, value, language)


def _grant(edition: Edition, _benefit: Benefit, value: Mapping[str, int], language: Language) -> str:
    names = {instrument.id: language.own(instrument.name) for instrument in edition.benefits.instruments}
    return language.listed((f"{language.number(count)} × {names.get(name, name)}" for name, count in value.items()))


def _set(_edition: Edition, benefit: Benefit, value: frozenset[str], language: Language) -> str:
    order = list(benefit.words) or sorted(value)
    return language.listed(_word(benefit, item, language) for item in order if item in value)


def _word(benefit: Benefit, value: str, language: Language) -> str:
    return language.own(benefit.words[value]) if value in benefit.words else value


def _ahead(value: Ahead, language: Language) -> str:
    if value == ANY_TIME:
        return language.say(_("at any time"))
    if value == DAY_OF_SERVICE:
        return language.say(_("on the day itself"))
    if value.hours is not None:
        return language.many(value.hours, "{count} hour before", "{count} hours before")
    return language.many(value.days or 0, "{count} day before", "{count} days before")


_SAID: Mapping[str, Callable[[Edition, Benefit, Any, Language], str]] = {
    "count": lambda _edition, _benefit, value, language: language.number(value),
    "rank": lambda _edition, _benefit, value, language: language.number(value),
    "percent": lambda _edition, _benefit, value, language: language.percent(value),
    "money": lambda edition, _benefit, value, language: language.money(value, edition.head.money),
    "duration": lambda _edition, _benefit, value, language: _ahead(value, language),
    "text": lambda _edition, benefit, value, language: _word(benefit, value, language),
    "set": _set,
    "grant": _grant,
}
