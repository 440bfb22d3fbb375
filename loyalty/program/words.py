"""An edition's ladder in words that a member would read, in the member's language; what has a name goes by that name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loyalty.i18n import ENGLISH, Language, _
from loyalty.program.labels import Label, Labels, label, member_labels
from loyalty.program.ladder import GuardedPath, Held, LadderFile, Path, Tier, guarded
from loyalty.program.models import UnitsFile
from loyalty.program.windows import FromEnd, Grace, Validity, Window, YearDay

if TYPE_CHECKING:
    from loyalty.program.load import Edition


def english(texts: Mapping[str, str]) -> str:
    """The English text, or the first where there is none."""
    return texts.get("en", next(iter(texts.values())))


def said(day: date, language: Language = ENGLISH) -> str:
    """A day: March 1, 2015."""
    return language.day(day)


def number(value: Decimal | int, language: Language = ENGLISH) -> str:
    """A number with its thousands set apart."""
    return language.number(value)


#: Years after one, from the same on.
AFTER = (
    _("of the same year"),
    _("of the next year"),
    _("of the second year after"),
    _("of the third year after"),
    _("of the fourth year after"),
    _("of the fifth year after"),
)


def after(years: int, language: Language = ENGLISH) -> str:
    """So many years after: `of the same year`, `of the second year after`."""
    return language.say(AFTER[years]) if years < len(AFTER) else language.say(_("of the year {n} years after"), n=years)


def many(count: int, what: str) -> str:
    """`1 decimal`, `12 decimals`: English alone."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def months(count: int, language: Language = ENGLISH) -> str:
    """`1 month`, `12 months`."""
    return language.many(count, "{count} month", "{count} months")


def days(count: int, language: Language = ENGLISH) -> str:
    """`1 day`, `30 days`."""
    return language.many(count, "{count} day", "{count} days")


def joined(parts: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`: English alone."""
    return ENGLISH.joined(parts, "or" if word == "or" else "and")


def title(text: str) -> str:
    """The text with a capital letter first."""
    return text[:1].upper() + text[1:]


# --- conditions -------------------------------------------------------------------------------------------------

COMPARED = {
    "at_least": _("at least {value}"),
    "above": _("above {value}"),
    "at_most": _("at most {value}"),
    "below": _("below {value}"),
}


def condition(given: Mapping[str, Any], language: Language = ENGLISH, labels: Labels | None = None) -> str:
    """A condition: `club: blue or green, children: at least 2`; fields and values by their labels, where they have some."""
    return _Condition(language, labels or {}).told(given)


@dataclass(frozen=True)
class _Condition:
    """Tells a condition in a language."""

    language: Language
    labels: Labels

    def told(self, given: Mapping[str, Any]) -> str:
        return self.language.clauses(self._row(key, value) for key, value in given.items())

    def _row(self, key: str, value: Any) -> str:
        say = self.language.say
        if key in ("all", "any"):
            parts = [self.told(item) for item in value]
            return say(_("({conditions})"), conditions=self.language.joined(parts, "all" if key == "all" else "any"))
        if key == "not":
            return say(_("not ({condition})"), condition=self.told(value))
        name = self.labels.get(key) or Label(label(None, key, self.language))
        return say(_("{what}: {details}"), what=name.name, details=self._wanted(value, name))

    def _wanted(self, value: Any, name: Label) -> str:
        if isinstance(value, dict):
            return self.language.joined([self._comparison(word, wanted, name) for word, wanted in value.items()])
        return self.language.joined([self._plain(one, name) for one in (value if _several(value) else [value])], "or")

    def _comparison(self, word: str, wanted: Any, name: Label) -> str:
        if word == "present":
            return self.language.say(_("known")) if wanted else self.language.say(_("not known"))
        if word == "one_of":
            return self._wanted(wanted, name)
        return self.language.say(COMPARED[word], value=self._plain(wanted, name))

    def _plain(self, value: Any, name: Label) -> str:
        return self.language.told(value) if isinstance(value, bool) else name.values.get(str(value), str(value))


def _several(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


# --- windows and validity ---------------------------------------------------------------------------------------


#: Windows that have a name of their own, by their months.
CALENDAR = {1: _("calendar months"), 12: _("calendar years")}


def window(given: Window, language: Language = ENGLISH) -> str:
    """Which span is counted: `calendar years`, `12 months from March 1`, `any 12 months in a row`."""
    length = months(given.months, language) if given.months is not None else days(given.days or 0, language)
    text = _span(given, length, language)
    if given.judged == "at_end":
        text = language.say(_("{span}, judged at their end"), span=text)
    if given.closes_after is not None:
        late = days(given.closes_after, language)
        text = language.say(_("{span} (what comes in more than {days} late is left out)"), span=text, days=late)
    return text


def _span(given: Window, length: str, language: Language) -> str:
    say = language.say
    if given.before_end is not None:
        if not given.before_end:
            return say(_("the {length} that end in the month in which the tier ends"), length=length)
        before = months(given.before_end, language)
        return say(_("the {length} that end {before} before the month in which the tier ends"), length=length, before=before)
    if given.every == "day":
        return say(_("the {length} that end with any day of activity"), length=length)
    again = given.every not in (None, given.months)
    begins = given.begins or YearDay(month=1)
    if isinstance(begins, YearDay):
        if (begins.month, begins.day) == (1, 1) and given.months in CALENDAR and not again:
            return say(CALENDAR[given.months])
        text = say(_("{length} from {day}"), length=length, day=language.year_day(begins.month, begins.day))
    else:
        text = say(FROM[begins], length=length)
    return say(_("{span}, again every {length}"), span=text, length=months(int(given.every or 0), language)) if again else text


#: Windows that begin with a day of the member's own.
FROM = {
    "enrolment": _("{length} from the day of enrolment"),
    "enrolment_month": _("{length} from the month of enrolment"),
    "tier_change": _("{length} from each change of tier"),
    "month_after_tier_change": _("{length} from the month after each change of tier"),
}


def validity(given: Validity, language: Language = ENGLISH) -> str:
    """How long a tier holds: `through the end of January of the second year after`."""
    text = _form(given, language)
    return _from_end(text, given.from_end, language) if given.from_end else text


def _form(given: Validity, language: Language) -> str:
    say = language.say
    if given.through_end_of is not None:
        month = language.month_name(given.through_end_of.month)
        year = after(given.through_end_of.years_after, language)
        return say(_("through the end of {month} {year}"), month=month, year=year)
    if given.months is not None:
        whole = _("for {months}, to the end of that month") if given.whole_months else _("for {months}")
        return say(whole, months=months(given.months, language))
    if given.window_end == 0:
        return say(_("to the end of the window in which it is reached"))
    if given.window_end == 1:
        return say(_("to the end of the next window"))
    return say(_("to the end of {n} windows later"), n=given.window_end)


def _from_end(text: str, given: FromEnd, language: Language) -> str:
    least = months(given.months, language)
    if given.in_last is None:
        return language.say(_("{validity}; who holds it already, at least {months} from its end"), validity=text, months=least)
    last = _("{validity}; who holds it already, at least {months} from its end, with activity of the last {last}")
    return language.say(last, validity=text, months=least, last=months(given.in_last, language))


def grace(given: Grace, language: Language = ENGLISH) -> str:
    """How long a tier is held on: `3 more months`."""
    if given.months is not None:
        return language.many(given.months, "{count} more month", "{count} more months")
    return language.many(given.days or 0, "{count} more day", "{count} more days")


# --- paths ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """Tells what names tiers and units, by the names that the edition gives them, in a language.

    `labels` are those of fields that conditions name, `instruments` the names of what gifts give, `tables` what
    tables of earn lines go by; without one the id is told.
    """

    ladder: LadderFile
    units: UnitsFile
    language: Language = ENGLISH
    labels: Labels = field(default_factory=dict)
    instruments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)

    def say(self, text: str, **fields: object) -> str:
        """A text of the code in the language."""
        return self.language.say(text, **fields)

    def tier(self, name: str) -> str:
        """A tier's name."""
        return next((self.language.own(tier.name) for tier in self.ladder.tiers if tier.id == name), name)

    def unit(self, name: str) -> str:
        """A unit's name."""
        return self.language.own(self.units.units[name].name) if name in self.units.units else name

    def figure(self, unit: str, value: Decimal | int) -> str:
        """An amount of a unit: `50,000 qualifying miles`."""
        return self.say(_("{amount} {unit}"), amount=self.language.number(value), unit=self.unit(unit))

    def label(self, name: str) -> str:
        """What a field is called."""
        return self.labels[name].name if name in self.labels else label(None, name, self.language)

    def only(self, given: Mapping[str, Any] | None) -> str:
        """`for members with club: blue`; nothing without a condition."""
        if not given:
            return ""
        return self.say(_("for members with {condition}"), condition=condition(given, self.language, self.labels))

    def path(self, given: Path) -> str:
        """What a path asks for: `50,000 qualifying miles and 4 own segments, while holding Gold`."""
        long = guarded(given)
        needs = self.language.joined([self._need(unit, value) for unit, value in long.needs.items()], "both")
        return self.language.clauses([needs, self._held(long.held) if long.held else "", *self._guards(long)])

    def _need(self, unit: str, value: Decimal) -> str:
        about = self.units.units.get(unit)
        figure = self.figure(unit, value)
        level = about is not None and about.kind == "level"
        return self.say(_("an average of {figure}"), figure=figure) if level else figure

    def _held(self, held: Held) -> str:
        return held_told(held.years or 0, held.days or 0, self.tier(held.tier), held.unbroken, self.language)

    def _guards(self, long: GuardedPath) -> list[str]:
        parts = [self.say(_("while holding {tier} or higher"), tier=self.tier(long.holds))] if long.holds else []
        named = self.ladder.windows.get(long.window or "")
        span = self.say(_("in {span}"), span=window(named, self.language)) if named else ""
        return [*parts, self.only(long.when), span]

    def paths(self, given: Iterable[Path]) -> str:
        """Paths of which any is enough."""
        return self._any([self.path(path) for path in given])

    def _any(self, ways: Sequence[str]) -> str:
        text = ways[0]
        for way in ways[1:]:
            text = self.say(_("{path}, or {other}"), path=text, other=way)
        return text

    def whole(self, tier: Tier) -> str:
        """A tier with all that gets and keeps it."""
        return self.say(_("{what}: {details}"), what=self.language.own(tier.name), details=self.ways(tier))

    def ways(self, tier: Tier) -> str:
        """All that gets and keeps a tier."""
        life = any(life.tier == tier.id for life in self.ladder.lifetime)
        others = ((_("by invitation"), tier.invitation), (_("for life"), life), (_("on trial"), self._offered(tier)))
        ways = [self.path(path) for path in tier.reach] + [self.say(way) for way, given in others if given]
        fallen = _("everyone") if tier.id == self.ladder.base else _("to who falls from the tier above")
        parts = [self._any(ways) if ways else self.say(fallen)]
        parts += [self.say(_("to keep: {paths}"), paths=self.paths(tier.keep))] if tier.keep else []
        parts += [self.say(_("only on top of {tier} or higher"), tier=self.tier(tier.layer_on))] if tier.layer_on else []
        parts += [self.say(_("held {validity}"), validity=validity(tier.validity, self.language))] if tier.validity else []
        return self.language.sentences(parts)

    def _offered(self, tier: Tier) -> bool:
        return any(tier.id in offer.tiers for offer in self.ladder.offers)


def held_told(years: int, days_: int, tier: str, unbroken: bool, language: Language) -> str:
    """A tier held for so many calendar years, or days: `5 calendar years as Gold or higher without a break`."""
    whole = years > 0
    length = language.many(years, "{count} calendar year", "{count} calendar years") if whole else days(days_, language)
    text = _("{length} as {tier} or higher without a break") if unbroken else _("{length} as {tier} or higher")
    return language.say(text, length=length, tier=tier)


def words_of(edition: "Edition", language: Language = ENGLISH) -> Words:
    """The words of an edition with every name that it gives."""
    labels = member_labels(edition.head.members.attributes, language)
    instruments = {one.id: one.name for one in edition.benefits.instruments}
    return Words(edition.ladder, edition.units, language, labels, instruments)
