"""Short lives under small ladders, folded without a database: what is held and awarded, told by days."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType

import yaml

from loyalty.program.ladder import LadderFile
from loyalty.program.models import Attribute, Unit
from loyalty.status.claims import Entry, Fact, History
from loyalty.status.compiled import Rules
from loyalty.status.ladder import compile_rules
from loyalty.status.timeline import Folded, fold
from loyalty.status.windows import FAR

UNITS = {name: Unit(kind="counter", name={"en": name}) for name in ("km", "legs")}
UNITS["savings"] = Unit(kind="level", name={"en": "savings"})
ATTRIBUTES = {"country": Attribute(type="text")}
LADDER = """
base: base
tiers:
  - {id: base, name: {en: Base}}
  - {id: silver, name: {en: Silver}, reach: [{km: 10}]}
  - {id: gold, name: {en: Gold}, reach: [{km: 20}]}
window: calendar_year
"""
NONE: Mapping[str, str] = MappingProxyType({})
#: Day, tier, last day of its claim.
Change = tuple[str, str, str]


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


def km(on: str, amount: int, posted: str = "", counter: str = "km") -> Entry:
    """An amount of a counter for a day, perhaps posted later."""
    return day(posted or on), day(on), list(UNITS).index(counter), amount


def revoked(on: str, to: int) -> Fact:
    """Every tier above a rank ends."""
    return Fact(day(on), 1, "revoked", to, day(on), FAR)


def folded(
    ladder: str, entries: Sequence[Entry], editions: Mapping[str, str], facts: Sequence[Fact], countries: Mapping[str, str]
) -> tuple[Rules, Folded]:
    """The life of a member of New Year's Day 2014, of no country but those that are known from some days on."""
    texts = {"2010-01-01": ladder, **editions}
    files = {
        begins: LadderFile.model_validate_json(json.dumps(yaml.safe_load(text), default=str)) for begins, text in texts.items()
    }
    rules = compile_rules([(date.fromisoformat(begins), file, UNITS) for begins, file in files.items()], ATTRIBUTES)
    traits = [(day("2014-01-01"), (None,)), *((day(since), (country,)) for since, country in countries.items())]
    known = sorted(entries, key=lambda entry: entry[0])
    return rules, fold(rules, History(day("2014-01-01"), None, known, facts, traits if countries else ()))


def changes(
    ladder: str,
    *entries: Entry,
    editions: Mapping[str, str] = NONE,
    facts: Sequence[Fact] = (),
    countries: Mapping[str, str] = NONE,
) -> list[Change]:
    """What the member holds: each change of the tier or of its end."""
    rules, told = folded(ladder, entries, editions, facts, countries)
    found: list[Change] = []
    for span in told.spans:
        last = "ever" if span.hold.until >= FAR else date.fromordinal(span.hold.until - 1).isoformat()
        change = (date.fromordinal(span.begins).isoformat(), rules.tiers[span.rank], last)
        if not found or found[-1][1:] != change[1:]:
            found.append(change)
    return found


def awarded(ladder: str, *entries: Entry, facts: Sequence[Fact] = (), countries: Mapping[str, str] = NONE) -> list[str]:
    """The days of the member's awards, those that were taken back too."""
    return [date.fromordinal(award.on).isoformat() for award in folded(ladder, entries, NONE, facts, countries)[1].awards]
