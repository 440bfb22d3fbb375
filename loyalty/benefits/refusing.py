"""Whether a request may be made at all; the rule that it breaks, and what would be allowed. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.benefits.asked import Asked
from loyalty.benefits.changes import Became
from loyalty.benefits.judging import Judged, Known, Wish, case_of, party_of
from loyalty.benefits.locking import local
from loyalty.benefits.windows import companions_of, has_right
from loyalty.i18n import Named, translated
from loyalty.program.benefit_words import telling
from loyalty.program.load import Program
from loyalty.program.request_words import labels_of
from loyalty.program.words import condition, english, words_of
from loyalty.status.words import thing, tier_named


@dataclass(frozen=True)
class Refusal:
    """What decides over a refusal: the request with its rules, as judged for today, and its service with its classes."""

    asked: Asked
    wish: Wish
    known: Known
    judged: Judged
    service: Any
    classes: tuple[str, ...]
    today: date
    now: datetime


def refusal_of(program: Program, about: Refusal, same: str | None) -> Became | None:
    """The first rule that a request breaks, if any; `same` is the key of one for the same service and class."""
    found = next(_broken(program, about, same), None)
    return None if found is None else Became("refused", found[0], found[1])


def _broken(program: Program, about: Refusal, same: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    wish, judged, service = about.wish, about.judged, about.service
    if service.state != "open":
        yield f"service_{service.state}", {}
    yield from _not_allowed(about)
    if judged.own is None:
        yield "not_a_member", {"on": about.today}
    yield from _untimely(about)
    if same is not None:
        yield "asked_already", {"key": same}
    yield from _no_right(program, about)
    allowed = companions_of(about.asked.edition.chart, about.asked.kind, party_of(about.asked, wish, about.known, about.today))
    if len(wish.companions) > allowed:
        yield "too_many_companions", {"companions": len(wish.companions), "allowed": allowed or []}


def _not_allowed(about: Refusal) -> Iterator[tuple[str, dict[str, Any]]]:
    asked, wish = about.asked, about.wish
    offered = [name for name in asked.kind.classes.get(wish.from_class, ()) if name in about.classes]
    if wish.to_class not in offered:
        from_class, to_class, *allowed = (asked.class_(name) for name in (wish.from_class, wish.to_class, *offered))
        yield "class_not_offered", {"from_class": from_class, "to_class": to_class, "allowed": allowed}
    elif not asked.when(case_of(asked, wish, about.known, about.judged.tier)):
        yield "fields_not_allowed", {"allowed": _told(asked, asked.kind.when)}


def _untimely(about: Refusal) -> Iterator[tuple[str, dict[str, Any]]]:
    zone = about.service.zone
    opens = about.asked.opens.opens_at(about.service.starts_at, ZoneInfo(zone))
    if about.wish.requested_at < opens:
        yield "too_early", {"opens_at": local(opens, zone)}
    if about.now >= about.judged.closes_at:
        yield "too_late", {"closes_at": local(about.judged.closes_at, zone)}


def _no_right(program: Program, about: Refusal) -> Iterator[tuple[str, dict[str, Any]]]:
    asked, wish, offered = about.asked, about.wish, about.asked.instruments
    chart, instruments = asked.edition.chart, [thing(program, name) for name in offered]
    if wish.instrument is None:
        if not has_right(chart, asked.kind, party_of(asked, wish, about.known, about.today)):
            benefit = chart.benefits[asked.kind.benefit]
            tiers = [tier_named(program, tier) for tier in chart.tiers if chart.raw(benefit, tier) is not None]
            tier = tier_named(program, about.judged.own or asked.edition.ladder.base)
            yield "no_benefit", {"tier": tier, "benefit": asked.benefit, "allowed": [*tiers, *instruments]}
    elif wish.instrument not in offered:
        yield "instrument_not_offered", {"instrument": thing(program, wish.instrument), "allowed": instruments}
    elif not offered[wish.instrument].test(case_of(asked, wish, about.known, about.judged.tier)):
        allowed = _told(asked, offered[wish.instrument].use.when)
        yield "instrument_not_allowed", {"instrument": thing(program, wish.instrument), "allowed": allowed}


def _told(asked: Asked, given: Any) -> Named:
    """A condition in words, in every language of the program."""
    texts = {}
    for code in asked.edition.head.languages:
        words = words_of(asked.edition, translated(code))
        names = labels_of(asked.kind, asked.service, telling(asked.edition.chart, asked.edition.head, code), words)
        texts[code] = condition(given, words.language, names)
    return Named(english(texts), texts)
