"""The languages of members: words from gettext catalogues, and numbers, days and instants as a language writes them.

English is the source and stands in the code. The catalogues are the .po files of `locale/`, read as they are: no build step.
`make messages` brings them up to date; a test holds that none lacks a text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache, reduce
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
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


#: How the last part of a sentence's list is joined to those before it.
JOINED = {
    "and": _("{one} and {other}"),
    "or": _("{one} or {other}"),
    "both": _("{need} and {other}"),
    "all": _("{condition} and {other}"),
    "any": _("{condition} or {other}"),
}
#: Chinese letters and marks, beside which another of them stands without a space.
WIDE = r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
#: A space of a text, beside what was filled in, between two of them; what is filled in stands between two marks.
SPACE = re.compile(f"(?<={WIDE}) (?=\ue000{WIDE})|(?<={WIDE}\ue001) (?={WIDE})")


def filled(text: str, fields: Mapping[str, object]) -> str:
    """A text with its `{fields}` filled in. Raises KeyError for one that is not given.

    A Chinese text has a space where a number or a foreign word is filled in, and none where that turns out to be Chinese.
    """
    if text.isascii():
        return text.format(**fields)
    marked = text.format(**{name: f"\ue000{field}\ue001" for name, field in fields.items()})
    return re.sub("[\ue000\ue001]", "", SPACE.sub("", marked))


class Text(str):
    """A text of the code with its fields filled in: English by itself, and `Language.told` tells it in any language."""

    text: str
    fields: Mapping[str, object]

    def __new__(cls, text: str, **fields: object) -> "Text":
        self = super().__new__(cls, text.format(**fields))
        self.text, self.fields = text, fields
        return self

    def told(self, language: "Language") -> str:
        """The text in a language, its fields told in it too."""
        return language.say(self.text, **{name: language.told(field) for name, field in self.fields.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        # as a field of a refusal it crosses from a worker process to its parent
        return (_text_again, (self.text, dict(self.fields)))


class Named(str):
    """What a program names in its languages: by itself its id, or its English name; `Language.told` tells its name in any."""

    texts: Mapping[str, str]

    def __new__(cls, name: str, texts: Mapping[str, str] | None = None) -> "Named":
        self = super().__new__(cls, name)
        self.texts = dict(texts or {})
        return self

    def told(self, language: "Language") -> str:
        """The name in a language; without one, the id with spaces."""
        return language.own(self.texts) if self.texts else self.replace("_", " ")

    def __reduce__(self) -> tuple[Any, ...]:
        return (Named, (str(self), dict(self.texts)))


class At(str):
    """An instant as the clock of a place shows it, 2026-11-27 18:00; `Language.told` tells it in any language."""

    instant: datetime
    zone: str

    def __new__(cls, instant: datetime, zone: str) -> "At":
        self = super().__new__(cls, f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}")
        self.instant, self.zone = instant, zone
        return self

    def told(self, language: "Language") -> str:
        """The instant in a language, and which clock."""
        return language.instant(self.instant, ZoneInfo(self.zone))

    def __reduce__(self) -> tuple[Any, ...]:
        return (At, (self.instant, self.zone))


def _text_again(text: str, fields: Mapping[str, object]) -> Text:
    return Text(text, **fields)


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
        return filled(self.catalogue.gettext(text) if text else "", fields)

    def many(self, count: int, one: str, more: str, **fields: object) -> str:
        """A text that depends on a number, `{count}`, in the form that this language has for it."""
        return filled(self.catalogue.ngettext(one, more, count), {"count": self.number(count), **fields})

    def own(self, texts: Mapping[str, str]) -> str:
        """A program's text in this language; the English one, or the first, where it has none."""
        return texts.get(self.code, texts.get("en", next(iter(texts.values()))))

    def number(self, value: Decimal | int) -> str:
        """An exact number with all its digits: 12,345.5."""
        return str(format_decimal(value, locale=self.locale, decimal_quantization=False))

    def percent(self, value: Decimal | int) -> str:
        """So many of a hundred: 25 -> 25%."""
        return str(format_percent(Decimal(value) / 100, locale=self.locale, decimal_quantization=False))

    def share(self, value: Decimal | int) -> str:
        """So many of a hundred as rules write it: 25 % in English, else as the language does."""
        return f"{self.number(value)} %" if self.code == "en" else self.percent(value)

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

    def moment(self, instant: datetime, zone: ZoneInfo) -> str:
        """An aware instant by a zone's clock, short, for tables that say which clock: Nov 27, 2026, 6:00 PM."""
        local = instant.astimezone(zone)
        time = format_time(local, "short", tzinfo=zone, locale=self.locale)
        return self.say(_("{day}, {time}"), day=self.day(local.date(), "medium"), time=time)

    def zone(self, zone: ZoneInfo) -> str:
        """What a zone is called: Central Time; UTC has no place and so no other name."""
        return "UTC" if zone.key.endswith("UTC") else str(get_timezone_name(zone, locale=self.locale))

    def month_name(self, month: int) -> str:
        """A month of any year, 1 to 12: March; 3月."""
        named = self.locale.months["stand-alone"]
        short = str(named["abbreviated"][month])
        return short if short[:1].isdigit() else str(named["wide"][month])

    def year_day(self, month: int, day: int) -> str:
        """A day of any year: March 1; 3月1日."""
        return str(format_skeleton("MMMMd", date(2000, month, day), locale=self.locale))

    def joined(self, parts: Iterable[str], word: Literal["and", "or", "both", "all", "any"] = "and") -> str:
        """Parts in a sentence, with no comma before the last: a, b and c; nothing for none.

        `both` are needs that must be met together; `all` and `any` are conditions.
        """
        *most, last = parts or [""]
        if not most:
            return last
        first = self.enumerated(most)
        return self.say(JOINED[word], one=first, need=first, condition=first, other=last)

    def enumerated(self, items: Iterable[str]) -> str:
        """Items one after the other: a, b, c; a、b、c."""
        return reduce(lambda one, other: self.say(_("{one}, {other}"), one=one, other=other), items)

    def clauses(self, parts: Iterable[str]) -> str:
        """The clauses of a sentence one after the other, empty ones left out: a, b; a，b."""
        kept = [part for part in parts if part] or [""]
        return reduce(lambda one, other: self.say(_("{clause}, {further}"), clause=one, further=other), kept)

    def sentences(self, parts: Iterable[str]) -> str:
        """Sentences in one line, empty ones left out: a; b."""
        kept = [part for part in parts if part] or [""]
        return reduce(lambda one, other: self.say(_("{sentence}; {further}"), sentence=one, further=other), kept)

    def told(self, value: object) -> str:
        """A figure of a sentence: a number, a day, a text that can be told in any language, a list of such; else as it is."""
        if isinstance(value, Text | Named | At):
            return value.told(self)
        if isinstance(value, bool):
            return self.say(_("yes")) if value else self.say(_("no"))
        if isinstance(value, int | Decimal):
            return self.number(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return self.day(value)
        return str(value)

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
