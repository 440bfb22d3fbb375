"""Words, numbers, days and instants by language; which catalogue serves a language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from loyalty.i18n import ENGLISH, Language, fitting, translated
from loyalty.program.load import load
from loyalty.status.words import reason
from tests.conftest import ROOT

HANS, HANT, FRENCH = translated("zh_Hans"), translated("zh_Hant"), translated("fr")
SKYWAY = load(ROOT / "config" / "programs" / "skyway")


@pytest.mark.parametrize(
    ("language", "number", "percent", "money", "cents", "day", "month", "listed"),
    [
        (ENGLISH, "12,345.5", "12.5%", "$60", "$12.50", "November 27, 2026", "November 2026", "a, b, and c"),
        (HANS, "12,345.5", "12.5%", "US$60", "US$12.50", "2026年11月27日", "2026年11月", "a、b和c"),
        (HANT, "12,345.5", "12.5%", "US$60", "US$12.50", "2026年11月27日", "2026年11月", "a、b和c"),
    ],
    ids=["en", "zh_Hans", "zh_Hant"],
)
def test_formats(
    language: Language, number: str, percent: str, money: str, cents: str, day: str, month: str, listed: str
) -> None:
    on = date(2026, 11, 27)
    assert language.number(Decimal("12345.5")) == number
    assert language.percent(Decimal("12.5")) == percent
    assert (language.money(60, "USD"), language.money(Decimal("12.5"), "USD")) == (money, cents)
    assert (language.day(on), language.month(on), language.listed("abc")) == (day, month, listed)


def test_exact_amounts_stay_exact() -> None:
    assert ENGLISH.number(Decimal("123456789012345.000001")) == "123,456,789,012,345.000001"
    assert ENGLISH.number(Decimal(50_000).normalize()) == "50,000"
    assert ENGLISH.number(Decimal("-0.5")) == "-0.5"
    assert ENGLISH.money(Decimal("0.125"), "EUR") == "€0.125"
    assert ENGLISH.money(1200, "JPY") == "¥1,200"


def test_an_instant_is_told_by_the_clock_of_its_place() -> None:
    """Eight in the evening in Chicago is the next morning in Taipei; both are told with the clock they are told by."""
    at = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    chicago, taipei = ZoneInfo("America/Chicago"), ZoneInfo("Asia/Taipei")
    assert ENGLISH.instant(at, chicago) == "November 27, 2026, 8:00\u202fPM (Central Time)"
    assert HANT.instant(at, taipei) == "2026年11月28日 上午10:00（台北時間）"
    assert HANS.instant(at, taipei) == "2026年11月28日 10:00（台北时间）"


def test_plurals() -> None:
    said = [language.many(n, "{count} day before", "{count} days before") for language in (ENGLISH, HANT) for n in (1, 2)]
    assert said == ["1 day before", "2 days before", "提前 1 天", "提前 2 天"]


def test_what_has_no_catalogue_is_told_in_english_words() -> None:
    assert FRENCH.say("at any time") == "at any time"
    assert FRENCH.day(date(2026, 11, 27)) == "27 novembre 2026"
    assert translated("no language").day(date(2026, 11, 27)) == "November 27, 2026"
    assert HANS.say("") == ""  # the empty text is the catalogue's header


@pytest.mark.parametrize(
    ("wanted", "served"),
    [
        ("zh-TW", "zh_Hant"), ("zh_HK", "zh_Hant"), ("zh-Hant-MO", "zh_Hant"), ("zh_Hant", "zh_Hant"), ("zh", "zh_Hans"),
        ("zh-CN", "zh_Hans"), ("zh_SG", "zh_Hans"), ("en-GB", "en"), ("fr", "en"), ("", "en"), ("??", "en"),
    ],
)  # fmt: skip
def test_the_language_that_fits(wanted: str, served: str) -> None:
    """Babel's own negotiation gives English to one who asks for zh-TW."""
    assert fitting(wanted, ("en", "zh_Hans", "zh_Hant")) == served
    assert fitting("zh-TW", ("en", "zh_Hans")) == "zh_Hans"  # Chinese of the other script before another language
    assert translated("zh-TW").say("at any time") == HANT.say("at any time") != HANS.say("at any time")


EVIDENCE = {
    "window": 2026, "edition": "2020-01-01", "needs": [["qualifying_miles", 50000], ["own_segments", 4]],
    "totals": {"qualifying_miles": 52300, "own_segments": 12},
}  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (ENGLISH, "reached with 52,300 of 50,000 qualifying miles and 12 of 4 Skyway segments in 2026 (rules of 2020-01-01)"),
        (HANS, "2026 年达到定级里程 52,300（需 50,000）及天途实际承运航段 12（需 4）（2020-01-01 版规则）"),
        (HANT, "2026 年達成卡籍哩程 52,300（需 50,000）及天途營運航段 12（需 4）（2020-01-01 版規則）"),
    ],
    ids=["en", "zh_Hans", "zh_Hant"],
)
def test_the_reason_of_a_tier_in_each_language(language: Language, said: str) -> None:
    assert reason(SKYWAY, "earned", EVIDENCE, {}, language) == said


@pytest.mark.parametrize("source", ["kept", "lifetime", "confirmed", "base", "landed", "grace", "floor"])
def test_every_source_has_its_words(source: str) -> None:
    told = [reason(SKYWAY, source, EVIDENCE, {}, language) for language in (ENGLISH, HANS, HANT)]
    assert len(set(told)) == 3 and all(told)
    short = {**EVIDENCE, "short": True, "counted": ["2026-03-01", "2027-02-28"]}
    if source in ("kept", "confirmed"):
        assert "from March 1, 2026 through February 28, 2027" in reason(SKYWAY, source, short, {})
        assert "although a reversal took the total below" in reason(SKYWAY, source, short, {})
