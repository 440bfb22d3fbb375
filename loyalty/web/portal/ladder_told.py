"""The program and the rules of its ladder for everybody, worked out once for an edition and a language. Pure."""

from functools import lru_cache
from typing import Any

from loyalty.i18n import Language
from loyalty.program import ladder_words
from loyalty.program.benefit_words import telling
from loyalty.program.earning_words import line_told, table_rows
from loyalty.program.ladder import Tier
from loyalty.program.load import Edition
from loyalty.program.words import Words, validity, window, words_of

#: How many additions of a tier its card tells.
TOP = 4


@lru_cache(maxsize=128)
def tiers_told(edition: Edition, language: Language) -> tuple[dict[str, Any], ...]:
    """The tiers of an edition, lowest first: what each takes in a sentence, and what it adds to the one below."""
    words, gains = words_of(edition, language), telling(edition.chart, edition.head, language.code)
    ids = [tier.id for tier in edition.ladder.tiers]
    told = []
    for rank, tier in enumerate(edition.ladder.tiers):
        adds = gains.adds(ids[rank - 1], tier.id) if rank else []
        told.append({"id": tier.id, "name": language.own(tier.name), "ways": words.ways(tier), "adds": tuple(adds[:TOP]),
                     "more": max(len(adds) - TOP, 0)})  # fmt: skip
    return tuple(told)


@lru_cache(maxsize=128)
def ladder_told(edition: Edition, language: Language) -> dict[str, Any]:
    """All rules of an edition's ladder: what raises, what keeps, what drops, and all else that holds."""
    words, ladder = words_of(edition, language), edition.ladder
    settled = (ladder_words.keeping(words), ladder_words.lapse(words))
    return {
        "tiers": tuple(_tier(words, tier) for tier in ladder.tiers),
        "counted": window(ladder.main, language),
        "held": validity(ladder.validity, language),
        "kept_for": validity(ladder.keep_validity, language) if ladder.keep_validity else None,
        "keeping": settled[0], "lapse": settled[1],
        "strict": ladder.reversal == "strict",
        "rest": tuple(line for line in ladder_words.lines(words) if line not in settled),
    }  # fmt: skip


def _tier(words: Words, tier: Tier) -> dict[str, Any]:
    ladder, language = words.ladder, words.language
    return {
        "id": tier.id, "name": language.own(tier.name), "base": tier.id == ladder.base, "invitation": tier.invitation,
        "reach": tuple(map(words.path, tier.reach)), "keep": tuple(map(words.path, tier.keep)),
        "life": tuple(words.path(life.path) for life in ladder.lifetime if life.tier == tier.id),
        "trial": tuple(language.own(offer.name) for offer in ladder.offers if tier.id in offer.tiers),
        "held": validity(tier.validity, language) if tier.validity else None,
        "layer": words.tier(tier.layer_on) if tier.layer_on else None,
    }  # fmt: skip


@lru_cache(maxsize=128)
def earning_told(edition: Edition, language: Language) -> dict[str, Any]:
    """How activity earns: the lines of each kind of activity in words, and the tables that they look figures up in."""
    words = words_of(edition, language)
    lines: dict[str, list[str]] = {}
    for line in edition.earning.lines:
        lines.setdefault(line.activity, []).append(line_told(edition, line, words))
    kinds = [{"name": language.own(edition.activities.activities[kind].name), "lines": mine} for kind, mine in lines.items()]
    tables = [
        {"name": _table_name(edition, name, language), "by": [words.label(one) for one in table.by],
         "rows": list(table_rows(table, words).items())}
        for name, table in edition.earning.tables.items()
    ]  # fmt: skip
    return {"kinds": kinds, "tables": tables}


def _table_name(edition: Edition, name: str, language: Language) -> str:
    """What a table is called: it is that of the lines which look figures up in it, for it has no text of its own."""
    users = [
        language.own(line.name)
        for line in edition.earning.lines
        if any(getattr(getattr(step, step.verb), "table", None) == name for step in line.steps)
    ]
    return language.listed(users) if users else name.replace("_", " ")
