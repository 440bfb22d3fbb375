"""An edition's ladder in words that a member would read. English; what has a name of its own goes by that name."""

from calendar import month_name
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from loyalty.program.ladder import GuardedPath, Held, LadderFile, Path, Tier, guarded
from loyalty.program.models import UnitsFile
from loyalty.program.windows import FromEnd, Grace, Validity, Window, YearDay


def english(texts: Mapping[str, str]) -> str:
    """The English text, or the first where there is none."""
    return texts.get("en", next(iter(texts.values())))


def said(day: date) -> str:
    """A day: March 1, 2015."""
    return f"{month_name[day.month]} {day.day}, {day.year}"


def number(value: Decimal | int) -> str:
    """A number with its thousands set apart."""
    return f"{value:,}"


def after(years: int) -> str:
    """So many years after: `of the same year`, `of the second year after`."""
    words = ("same year", "next year", "second year after", "third year after", "fourth year after", "fifth year after")
    return f"of the {words[years]}" if years < len(words) else f"of the year {years} years after"


def many(count: int, what: str) -> str:
    """`1 month`, `12 months`."""
    return f"{number(count)} {what}{'' if count == 1 else 's'}"


def joined(parts: Iterable[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = parts
    return f"{', '.join(most)} {word} {last}" if most else last


def title(text: str) -> str:
    """The text with a capital letter first."""
    return text[:1].upper() + text[1:]


# --- conditions -------------------------------------------------------------------------------------------------

COMPARED = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}


def condition(given: Mapping[str, Any]) -> str:
    """A condition: `club: blue or green, children: at least 2`."""
    return ", ".join(_row(key, value) for key, value in given.items())


def _row(key: str, value: Any) -> str:
    if key in ("all", "any"):
        return f"({joined([condition(item) for item in value], 'and' if key == 'all' else 'or')})"
    if key == "not":
        return f"not ({condition(value)})"
    return f"{key.removeprefix('member.').replace('_', ' ')}: {_wanted(value)}"


def _wanted(value: Any) -> str:
    if isinstance(value, dict):
        return joined([_comparison(word, wanted) for word, wanted in value.items()])
    return joined([_plain(one) for one in (value if isinstance(value, list) else [value])], "or")


def _comparison(word: str, wanted: Any) -> str:
    if word == "present":
        return "known" if wanted else "not known"
    return _wanted(wanted) if word == "one_of" else f"{COMPARED[word]} {_plain(wanted)}"


def _plain(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


# --- windows and validity ---------------------------------------------------------------------------------------


#: Windows that have a name of their own, by their months.
CALENDAR = {1: "calendar months", 12: "calendar years"}


def window(given: Window) -> str:
    """Which span is counted: `calendar years`, `12 months from March 1`, `any 12 months in a row`."""
    length = many(given.months, "month") if given.months is not None else many(given.days or 0, "day")
    late = (
        f" (what comes in more than {many(given.closes_after, 'day')} late is left out)"
        if given.closes_after is not None
        else ""
    )
    end = ", judged at their end" if given.judged == "at_end" else ""
    return f"{_span(given, length)}{end}{late}"


def _span(given: Window, length: str) -> str:
    if given.before_end is not None:
        before = f"{many(given.before_end, 'month')} before" if given.before_end else "in"
        return f"the {length} that end {before} the month in which the tier ends"
    if given.every == "day":
        return f"the {length} that end with any day of activity"
    again = f", again every {many(given.every, 'month')}" if given.every not in (None, given.months) else ""
    if given.personal:
        first = "the month after " if given.begins == "month_after_tier_change" else ""
        return f"{length} from {first}each change of tier"
    if isinstance(given.begins, str):
        day = "day" if given.begins == "enrolment" else "month"
        return f"{length} from the {day} of enrolment{again}"
    begins = given.begins or YearDay(month=1)
    if (begins.month, begins.day) == (1, 1) and given.months in CALENDAR and not again:
        return CALENDAR[given.months]
    return f"{length} from {month_name[begins.month]} {begins.day}{again}"


def validity(given: Validity) -> str:
    """How long a tier holds: `through the end of January, 2 years after`."""
    if given.through_end_of is not None:
        month, years = month_name[given.through_end_of.month], given.through_end_of.years_after
        text = f"through the end of {month} {after(years)}"
    elif given.months is not None:
        text = f"for {many(given.months, 'month')}" + (", to the end of that month" if given.whole_months else "")
    elif given.window_end == 0:
        text = "to the end of the window in which it is reached"
    else:
        text = f"to the end of {'the next window' if given.window_end == 1 else f'{given.window_end} windows later'}"
    return text + (_from_end(given.from_end) if given.from_end else "")


def _from_end(given: FromEnd) -> str:
    last = f", with activity of the last {many(given.in_last, 'month')}" if given.in_last is not None else ""
    return f"; who holds it already, at least {many(given.months, 'month')} from its end{last}"


def grace(given: Grace) -> str:
    """How long a tier is held on: `for 3 more months`."""
    return f"{given.months} more months" if given.months is not None else f"{given.days} more days"


# --- paths ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Words:
    """Tells what names tiers and units, by the names that the edition gives them."""

    ladder: LadderFile
    units: UnitsFile

    def tier(self, name: str) -> str:
        """A tier's name."""
        return next((english(tier.name) for tier in self.ladder.tiers if tier.id == name), name)

    def unit(self, name: str) -> str:
        """A unit's name."""
        return english(self.units.units[name].name) if name in self.units.units else name

    def figure(self, unit: str, value: Decimal | int) -> str:
        """An amount of a unit: `50,000 qualifying miles`."""
        return f"{number(value)} {self.unit(unit)}"

    def path(self, given: Path) -> str:
        """What a path asks for: `50,000 qualifying miles and 4 own segments, while holding Gold`."""
        long = guarded(given)
        parts = [joined([self._need(unit, value) for unit, value in long.needs.items()])] if long.needs else []
        parts += [self._held(long.held)] if long.held else []
        return ", ".join(parts + self._guards(long))

    def _need(self, unit: str, value: Decimal) -> str:
        about = self.units.units.get(unit)
        return ("an average of " if about is not None and about.kind == "level" else "") + self.figure(unit, value)

    def _held(self, held: Held) -> str:
        length = many(held.years, "calendar year") if held.years is not None else many(held.days or 0, "day")
        return f"{length} as {self.tier(held.tier)} or higher{' without a break' if held.unbroken else ''}"

    def _guards(self, long: GuardedPath) -> list[str]:
        parts = [f"while holding {self.tier(long.holds)} or higher"] if long.holds else []
        parts += [f"for members with {condition(long.when)}"] if long.when else []
        named = self.ladder.windows.get(long.window or "")
        return parts + ([f"in {window(named)}"] if named else [])

    def paths(self, given: Iterable[Path]) -> str:
        """Paths of which any is enough."""
        return ", or ".join(self.path(path) for path in given)

    def whole(self, tier: Tier) -> str:
        """A tier with all that gets and keeps it."""
        return f"{english(tier.name)}: {self.ways(tier)}"

    def ways(self, tier: Tier) -> str:
        """All that gets and keeps a tier."""
        life = any(life.tier == tier.id for life in self.ladder.lifetime)
        others = (("by invitation", tier.invitation), ("for life", life), ("on trial", self._offered(tier)))
        ways = [self.path(path) for path in tier.reach] + [way for way, given in others if given]
        text = ", or ".join(ways) or ("everyone" if tier.id == self.ladder.base else "to who falls from the tier above")
        text += f"; to keep: {self.paths(tier.keep)}" if tier.keep else ""
        text += f"; only on top of {self.tier(tier.layer_on)} or higher" if tier.layer_on else ""
        return text + (f"; held {validity(tier.validity)}" if tier.validity else "")

    def _offered(self, tier: Tier) -> bool:
        return any(tier.id in offer.tiers for offer in self.ladder.offers)
