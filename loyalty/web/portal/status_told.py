"""What the page on status says, as plain values: spans drawn and listed, what comes next, what was given, what to choose."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from loyalty.benefits.told import Benefits
from loyalty.i18n import Language, _
from loyalty.program.benefit_words import telling
from loyalty.program.ladder import guarded
from loyalty.program.load import Program
from loyalty.status.words import tier_name
from loyalty.web.drawing import Bar, spans_drawn
from loyalty.web.portal.home_told import next_told
from loyalty.web.portal.standing import Whole
from loyalty.web.portal.telling import amounts_of, measures_of, unit_name, ways_of

#: The timeline is drawn so far back; the list tells all of it.
YEARS = 8


def status_told(program: Program, whole: Whole, language: Language) -> dict[str, Any]:
    """All that the page shows of a member's status."""
    status, day = whole.status, whole.status["as_of"]
    spans = [_span(program, span, day, language) for span in status["timeline"]]
    return {
        "status": status,
        "now": next((span for span in spans if span["now"]), None),
        "next": next_told(program, status, language),
        "groups": ways_of(program, status["ways"], ("keep", "confirm", "reach"), language),
        "for_life": ways_of(program, status["ways"], ("lifetime",), language),
        "spans": spans[::-1],
        "drawn": timeline_drawn(program, status, language),
        "counters": amounts_of(program, status["counters"], language),
        "lifetime": amounts_of(program, _for_life(program, status, day), language),
        "further": [_further(program, one, language) for one in status["further"] if one["amount"] not in (None, "0")],
        "offers": [{**one, "name": tier_name(program, one["tier"], language.code),
                    "goal": list(measures_of(program, one["goal"], language))} for one in status["offers"]],
        "awards": [_award(program, one, language) for one in reversed(status["awards"])],
        "choices": choices_of(whole.benefits),
    }  # fmt: skip


def choices_of(benefits: Benefits) -> list[Any]:
    """The choices of milestones that are open."""
    return [one for one in benefits.choices if one.kind == "milestone" and one.picks]


def _span(program: Program, span: Mapping[str, Any], day: date, language: Language) -> dict[str, Any]:
    now = span["from"] <= day and (span["through"] is None or day <= span["through"])
    return {**span, "name": tier_name(program, span["tier"], language.code), "now": now, "foreseen": span["from"] > day}


def _for_life(program: Program, status: Mapping[str, Any], day: date) -> dict[str, str]:
    """The totals of a lifetime that some tier for life asks for."""
    edition = program.edition_on(day) or program.editions[0]
    asked = {counter for life in edition.ladder.lifetime for counter in guarded(life.path).needs}
    return {name: amount for name, amount in status["lifetime"].items() if name in asked}


def _further(program: Program, one: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {**one, "name": tier_name(program, one["tier"], language.code), "amount": Decimal(one["amount"]),
            "unit": unit_name(program, one["counter"], language)}  # fmt: skip


def _award(program: Program, one: Mapping[str, Any], language: Language) -> dict[str, Any]:
    return {**one, "gifts": [_gift(program, gift, one["on"], language) for gift in one["gifts"]]}


def _gift(program: Program, gift: Mapping[str, Any], on: date, language: Language) -> dict[str, Any]:
    edition = program.edition_on(on) or program.editions[0]
    words = telling(edition.chart, program.file, language.code)
    if "unit" in gift:
        return {
            "words": f"{language.number(Decimal(gift['amount']))} {unit_name(program, gift['unit'], language)}",
            "through": None,
        }
    through = gift.get("through")
    return {"words": words.so_many(int(gift["amount"]), words.instrument(gift["instrument"])),
            "through": date.fromisoformat(through) if isinstance(through, str) else through}  # fmt: skip


# --- the drawing ------------------------------------------------------------------------------------------------


def timeline_drawn(program: Program, status: Mapping[str, Any], language: Language) -> Markup | None:
    """The spans of tier over the years, a row for each tier, the highest on top; none for one who never was a member."""
    spans, today = status["timeline"], status["as_of"]
    if not spans:
        return None
    first = max(spans[0]["from"], date(today.year - YEARS, 1, 1))
    ends = [span["through"] for span in spans if span["through"] is not None]
    last = max([today + timedelta(days=180), *ends]) if spans[-1]["through"] is None else max(ends)
    bars = list(_bars(program, spans, first, last + timedelta(days=1), today, language))
    if not bars:
        return None
    tiers = sorted(
        {span["tier"] for span in spans if (span["through"] or last) >= first}, key=program.tiers.index, reverse=True
    )
    rows = [tier_name(program, tier, language.code) for tier in tiers]
    words = (language.say(_("Your tiers over the years")), "; ".join(bar.words for bar in bars), language.say(_("today")))
    return spans_drawn(bars, rows, today, words)


def _bars(
    program: Program, spans: Sequence[Mapping[str, Any]], first: date, end: date, today: date, language: Language
) -> Iterator[Bar]:  # fmt: skip
    brand = program.file.brand
    for span in spans:
        begins, until = max(span["from"], first), span["through"] + timedelta(days=1) if span["through"] else end
        if begins < until:
            name = tier_name(program, span["tier"], language.code)
            through = language.say(_(", through {day}"), day=language.day(span["through"])) if span["through"] else ""
            words = language.say(_("{tier} from {day}{through}"), tier=name, day=language.day(span["from"]), through=through)
            yield Bar(name, brand.cards.get(span["tier"], brand).colour, begins, until, words, span["from"] > today)
