"""The languages of members: words from gettext catalogues, and numbers, days and instants as a language writes them.

English is the source and stands in the code. The catalogues are the .po files of `locale/`, read as they are: no build step.
`make messages` brings them up to date; a test holds that none lacks a text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time, get_timezone_name
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

FOLDER = Path(__file__).parent / "locale"


def _(text: str) -> str:
    """Mark a text for the catalogues; it stays as it is until `Language.say` tells it."""
    return text


@dataclass(frozen=True, eq=False)
class Language:
    """A language to tell something in. `code` is the program's (en, zh_Hant), `locale` what Babel formats by."""

    code: str
    locale: Locale
    catalogue: NullTranslations

    @property
    def tag(self) -> str:
        """The tag of BCP 47, as in HTML: zh-Hant."""
        return str(self.locale).replace("_", "-")

    def say(self, text: str, **fields: object) -> str:
        """A text of the code in this language, its `{fields}` filled in. Raises KeyError for a field that is not given."""
        return (self.catalogue.gettext(text) if text else "").format(**fields)

    def many(self, count: int, one: str, more: str, **fields: object) -> str:
        """A text that depends on a number, `{count}`, in the form that this language has for it."""
        return self.catalogue.ngettext(one, more, count).format(count=self.number(count), **fields)

    def own(self, texts: Mapping[str, str]) -> str:
        """A program's text in this language; the English one, or the first, where it has none."""
        return texts.get(self.code, texts.get("en", next(iter(texts.values()))))

    def number(self, value: Decimal | int) -> str:
        """An exact number with all its digits: 12,345.5."""
        return str(format_decimal(value, locale=self.locale, decimal_quantization=False))

    def percent(self, value: Decimal | int) -> str:
        """So many of a hundred: 25 -> 25%."""
        return str(format_percent(Decimal(value) / 100, locale=self.locale, decimal_quantization=False))

    def money(self, amount: Decimal | int, currency: str) -> str:
        """An amount of a currency (ISO 4217), exact: $60, $12.50, $0.125; whole amounts without cents."""
        value = Decimal(amount)
        if value == value.to_integral_value():
            return str(format_currency(value, currency, locale=self.locale, currency_digits=False, format=self._whole))
        return str(format_currency(value, currency, locale=self.locale, decimal_quantization=False))

    @property
    def _whole(self) -> str:
        """The pattern of the language's money without its digits after the point."""
        return re.sub(r"\.0+", "", self.locale.currency_formats["standard"].pattern)

    def day(self, day: date, form: Literal["short", "medium", "long", "full"] = "long") -> str:
        """A day: November 27, 2026; 2026年11月27日."""
        return format_date(day, form, locale=self.locale)

    def month(self, day: date) -> str:
        """The month of a day: November 2026; 2026年11月."""
        return str(format_skeleton("yMMMM", day, locale=self.locale))

    def instant(self, instant: datetime, zone: ZoneInfo) -> str:
        """An aware instant by a zone's clock, and which clock: November 27, 2026, 6:00 PM (Central Time)."""
        local = instant.astimezone(zone)
        named = get_timezone_name(local, zone_variant="generic", locale=self.locale)
        time = format_time(local, "short", tzinfo=zone, locale=self.locale)
        return self.say(_("{day}, {time} ({zone})"), day=self.day(local.date()), time=time, zone=named)

    def listed(self, items: Iterable[str], style: Literal["standard", "or", "unit"] = "standard") -> str:
        """A list in a sentence: a, b, and c; a、b和c."""
        return format_list([str(item) for item in items], style, locale=self.locale)


@cache
def translated(code: str) -> Language:
    """The language of a code, written with `-` or `_`: zh_Hant, also by zh-TW.

    One without a catalogue is told in English words; what Babel does not know, in English altogether.
    """
    locale = _locale(code)
    language, script = _spoken(code)
    found = (name for name in (f"{language}_{script}", language) if (FOLDER / name).is_dir())
    name = next(found, None)
    return Language(code, locale or Locale("en"), NullTranslations() if name is None else _catalogue(name))


def fitting(wanted: str, offered: Sequence[str]) -> str:
    """The offered language that fits a wanted one best, the first where none does: zh-TW, and zh-HK, are served by zh_Hant."""
    mine = _spoken(wanted)
    same = [code for code in offered if _spoken(code) == mine]
    near = [code for code in offered if _spoken(code)[0] == mine[0]]
    return next(iter([code for code in same if code == wanted] or same or near or offered))


def _spoken(code: str) -> tuple[str, str]:
    """Language and script; a script that goes without saying is added, so that zh is zh_Hans, and zh_TW is zh_Hant."""
    locale = _locale(code)
    if locale is None:
        return (code, "")
    likely = get_global("likely_subtags").get(locale.language, "")
    return (locale.language, locale.script or (likely.split("_")[1] if "_" in likely else ""))


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return None


@cache
def _catalogue(name: str) -> GNUTranslations:
    """A catalogue in memory, through the form that gettext reads."""
    with (FOLDER / name / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=name)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


#: The language of the source.
ENGLISH = translated("en")
