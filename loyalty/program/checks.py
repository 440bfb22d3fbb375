"""Cross-checks: what one file says against what another has, so that a program that loads can run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from loyalty.program.conditions import Tell, always, compile_condition
from loyalty.program.ladder import LadderFile, Path, Tier
from loyalty.program.models import (
    ActivitiesFile,
    ActivityField,
    ActivityKind,
    Attribute,
    EarningFile,
    ProgramFile,
    UnitsFile,
)
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Scope, scope_of
from loyalty.program.steps import CompiledKind, CompiledLine, Setting, compile_line, names_tier

Tellers = Mapping[str, Callable[..., None]]


def check_program(head: ProgramFile, folder: str, tell: Tell) -> None:
    """program.yaml by itself: its folder's name, a time zone that exists, texts in every language."""
    if head.program != folder:
        tell(("program",), f"found {head.program}; allowed: the name of the folder, {folder}")
    try:
        ZoneInfo(head.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = nearest(head.zone, available_timezones())
        tell(("zone",), f"found {head.zone}; allowed: an IANA time zone such as America/Chicago.{hint}")
    _languages(head.name, head.languages, ("name",), tell)
    for name, attribute in head.members.attributes.items():
        _one_of(name, attribute, ("members", "attributes", name), tell)


def check_edition(
    head: ProgramFile | None,
    units: UnitsFile | None,
    activities: ActivitiesFile | None,
    earning: EarningFile | None,
    ladder: LadderFile | None,
    tell: Tellers,
) -> dict[str, CompiledKind] | None:
    """The files of one edition against each other, as far as they could be read.

    Returns each kind of activity, ready to judge; none where a file could not be read.
    """
    if head is not None:
        for way, texts in _texts_of(units, activities, earning, ladder):
            _languages(texts, head.languages, way[1:], tell[str(way[0])])
    if activities is not None:
        _fields(activities, tell["activities"])
    if ladder is not None and units is not None:
        check_ladder(ladder, units, tell["ladder"])
    if earning is not None:
        _once([line.id for line in earning.lines], "earn line", lambda n: ("lines", n, "id"), tell["earning"])
    if head is None or units is None or activities is None or earning is None or ladder is None:
        return None
    return _kinds(head, units, activities, earning, ladder, tell)


def _kinds(
    head: ProgramFile, units: UnitsFile, activities: ActivitiesFile, earning: EarningFile, ladder: LadderFile, tell: Tellers
) -> dict[str, CompiledKind]:
    tiers = tuple(tier.id for tier in ladder.tiers)
    scopes = {
        name: scope_of(kind, tiers, head.members.attributes, head.money_decimals)
        for name, kind in activities.activities.items()
    }
    setting = Setting(units.units, earning.tables, scopes, tell["earning"])
    compiled = [compile_line(line, setting, ("lines", n)) for n, line in enumerate(earning.lines)]
    return {
        name: _kind(name, kind, scopes[name], [line for line in compiled if line and line.activity == name], tell["activities"])
        for name, kind in activities.activities.items()
    }


def _kind(name: str, kind: ActivityKind, scope: Scope, lines: list[CompiledLine], tell: Tell) -> CompiledKind:
    when = kind.earns_when
    earns = always if when is None else compile_condition(when, scope, ("activities", name, "earns_when"), tell)
    return CompiledKind(name, scope, earns, tuple(lines), names_tier(when) or any(line.asks_tier for line in lines))


def _texts_of(
    units: UnitsFile | None, activities: ActivitiesFile | None, earning: EarningFile | None, ladder: LadderFile | None
) -> Iterator[tuple[Way, Mapping[str, str]]]:
    for name, unit in units.units.items() if units else ():
        yield ("units", "units", name, "name"), unit.name
    for name, kind in activities.activities.items() if activities else ():
        yield ("activities", "activities", name, "name"), kind.name
    for n, line in enumerate(earning.lines if earning else ()):
        yield ("earning", "lines", n, "name"), line.name
    for n, tier in enumerate(ladder.tiers if ladder else ()):
        yield ("ladder", "tiers", n, "name"), tier.name


def _languages(texts: Mapping[str, str], languages: tuple[str, ...], way: Way, tell: Tell) -> None:
    missing = [language for language in languages if language not in texts]
    if missing:
        tell(
            way,
            f"the text in {listed(missing)} is missing; allowed: every language of the program, {listed(languages)}",
        )
    for language in texts:
        if language not in languages:
            hint = nearest(language, languages)
            tell((*way, language), f"the language {language} is not the program's; allowed: {listed(languages)}.{hint}")


def _once(names: list[str], what: str, way: Callable[[int], Way], tell: Tell) -> None:
    for n, name in enumerate(names):
        if name in names[:n]:
            tell(way(n), f"the {what} {name} stands twice")


def _fields(activities: ActivitiesFile, tell: Tell) -> None:
    for name, kind in activities.activities.items():
        for field, about in kind.fields.items():
            way: Way = ("activities", name, "fields", field)
            _one_of(field, about, way, tell)
            if about.at_least is not None and about.type not in ("integer", "decimal", "money"):
                tell((*way, "at_least"), f"{field} is {about.type}; allowed: at_least for a number only")
            if field in ("tier", "all", "any", "not"):
                tell(way, f"the name {field} has a meaning of its own in conditions; allowed: any other")


def _one_of(name: str, about: ActivityField | Attribute, way: Way, tell: Tell) -> None:
    if about.one_of is not None and about.type != "text":
        tell((*way, "one_of"), f"{name} is {about.type}; allowed: one_of for a text only")


# --- the ladder -------------------------------------------------------------------------------------------------


def check_ladder(ladder: LadderFile, units: UnitsFile, tell: Tell) -> None:
    """The ladder against the units: names, one order without ties, paths that can be met."""
    tiers = [tier.id for tier in ladder.tiers]
    _once(tiers, "tier", lambda n: ("tiers", n, "id"), tell)
    if ladder.base != tiers[0]:
        tell(("base",), f"found {ladder.base}; allowed: the lowest tier, {tiers[0]}.{nearest(ladder.base, tiers[:1])}")
    if ladder.tiers[0].reach or ladder.tiers[0].keep:
        tell(("tiers", 0), f"the base tier {tiers[0]} is everybody's: it takes no path")
    for n, tier in enumerate(ladder.tiers):
        for kind in ("reach", "keep"):
            for p, path in enumerate(getattr(tier, kind)):
                _path(path, units, ("tiers", n, kind, p), tell)
        if n:
            _got(n, tier, {life.tier for life in ladder.lifetime}, tell)
    _ties(ladder, tell)
    for n, life in enumerate(ladder.lifetime):
        if life.tier not in tiers:
            tell(
                ("lifetime", n, "tier"),
                f"the tier {life.tier} is unknown; allowed: {listed(tiers)}.{nearest(life.tier, tiers)}",
            )
        _path(life.path, units, ("lifetime", n, "path"), tell)
    _path(ladder.waiver.within if ladder.waiver else {}, units, ("waiver", "within"), tell)


def _got(n: int, tier: Tier, lifetime: set[str], tell: Tell) -> None:
    if tier.keep and not tier.reach and not tier.invitation:
        tell(("tiers", n, "keep"), f"{tier.id} can be kept but never got: add reach, or invitation: true")
    elif not tier.reach and not tier.invitation and tier.id not in lifetime:
        tell(("tiers", n), f"nothing gets {tier.id}: add reach, a lifetime path, or invitation: true")


def _path(path: Path, units: UnitsFile, way: Way, tell: Tell) -> None:
    for counter, threshold in path.items():
        _counter(counter, units, (*way, counter), tell)
        unit = units.units.get(counter)
        if unit is not None and threshold.scaleb(unit.decimals) % 1:
            tell((*way, counter), f"found {threshold}; allowed: at most {unit.decimals} decimals, as {counter} has")
        if threshold < 0:
            tell((*way, counter), f"found {threshold}; allowed: 0 or more")


def _counter(name: str, units: UnitsFile, way: Way, tell: Tell) -> None:
    counters = [unit for unit, about in units.units.items() if about.kind == "counter"]
    if name not in units.units:
        tell(way, f"the counter {name} is unknown; allowed: {listed(counters)}.{nearest(name, counters)}")
    elif name not in counters:
        tell(way, f"{name} is {units.units[name].kind}, not a counter; allowed: {listed(counters)}")


def _ties(ladder: LadderFile, tell: Tell) -> None:
    """Two tiers with a path in common have no order: whoever meets it would have both."""
    seen: dict[tuple[tuple[str, Any], ...], str] = {}
    for n, tier in enumerate(ladder.tiers):
        for p, path in enumerate(tier.reach):
            key = tuple(sorted(path.items()))
            if key in seen:
                tell(
                    ("tiers", n, "reach", p),
                    f"{tier.id} and {seen[key]} have the same path; allowed: one tier for a path",
                )
            seen[key] = tier.id
