"""Cross-checks: what one file says against what another has, so that a program that loads can run."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loyalty.program.conditions import Tell, Test, always, compile_condition
from loyalty.program.models import ActivitiesFile, EarningFile, LadderFile, Path, ProgramFile, UnitsFile
from loyalty.program.problems import listed, nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Scope, scope_of
from loyalty.program.steps import CompiledKind, Setting, compile_line

Tellers = Mapping[str, Callable[..., None]]


def check_program(head: ProgramFile, folder: str, tell: Tell) -> None:
    """program.yaml by itself: its folder's name, a time zone that exists, texts in every language."""
    if head.program != folder:
        tell(("program",), f"found {head.program}; allowed: the name of the folder, {folder}")
    try:
        ZoneInfo(head.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        tell(("zone",), f"found {head.zone}; allowed: an IANA time zone such as America/Chicago")
    _languages(head.name, head.languages, ("name",), tell)


def check_edition(
    head: ProgramFile,
    units: UnitsFile,
    activities: ActivitiesFile,
    earning: EarningFile,
    ladder: LadderFile,
    tell: Tellers,
) -> dict[str, CompiledKind]:
    """The files of one edition against each other; returns each kind of activity, ready to judge."""
    for way, texts in _texts_of(units, activities, earning, ladder):
        _languages(texts, head.languages, way[1:], tell[str(way[0])])
    check_ladder(ladder, units, tell["ladder"])
    tiers = tuple(tier.id for tier in ladder.tiers)
    scopes = {
        name: scope_of(kind, tiers, head.members.attributes, head.money_decimals)
        for name, kind in activities.activities.items()
    }
    _fields(activities, tell["activities"])
    setting = Setting(units.units, earning.tables, scopes, tell["earning"])
    compiled = [compile_line(line, setting, ("lines", n)) for n, line in enumerate(earning.lines)]
    _once([line.id for line in earning.lines], "earn line", lambda n: ("lines", n, "id"), tell["earning"])
    return {
        name: CompiledKind(
            name, scopes[name], _earns(name, kind.earns_when, scopes[name], tell["activities"]),
            tuple(line for line in compiled if line and line.activity == name),
        )
        for name, kind in activities.activities.items()
    }  # fmt: skip


def _earns(name: str, condition: object, scope: Scope, tell: Tell) -> Test:
    return always if condition is None else compile_condition(condition, scope, ("activities", name, "earns_when"), tell)


def _texts_of(units: Any, activities: Any, earning: Any, ladder: Any) -> Iterator[tuple[Way, Mapping[str, str]]]:
    for name, unit in units.units.items():
        yield ("units", "units", name, "name"), unit.name
    for name, kind in activities.activities.items():
        yield ("activities", "activities", name, "name"), kind.name
    for n, line in enumerate(earning.lines):
        yield ("earning", "lines", n, "name"), line.name
    for n, tier in enumerate(ladder.tiers):
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
            if about.one_of is not None and about.type != "text":
                tell((*way, "one_of"), f"{field} is {about.type}; allowed: one_of for a text only")
            if about.at_least is not None and about.type not in ("integer", "decimal", "money"):
                tell((*way, "at_least"), f"{field} is {about.type}; allowed: at_least for a number only")
            if field in ("tier", "all", "any", "not"):
                tell(way, f"the name {field} has a meaning of its own in conditions; allowed: any other")


# --- the ladder -------------------------------------------------------------------------------------------------


def check_ladder(ladder: LadderFile, units: UnitsFile, tell: Tell) -> None:
    """The ladder against the units: names, one order without ties, paths that can be met."""
    tiers = [tier.id for tier in ladder.tiers]
    _once(tiers, "tier", lambda n: ("tiers", n, "id"), tell)
    if ladder.base != tiers[0]:
        tell(("base",), f"found {ladder.base}; allowed: the lowest tier, {tiers[0]}.{nearest(ladder.base, tiers)}")
    if ladder.tiers[0].reach or ladder.tiers[0].keep:
        tell(("tiers", 0), f"the base tier {tiers[0]} is everybody's: it takes no path")
    for n, tier in enumerate(ladder.tiers):
        for kind in ("reach", "keep"):
            for p, path in enumerate(getattr(tier, kind)):
                _path(path, units, ("tiers", n, kind, p), tell)
        if tier.keep and not tier.reach and not tier.invitation:
            tell(("tiers", n, "keep"), f"{tier.id} can be kept but never got: add reach, or invitation: true")
        if n and not tier.reach and not tier.invitation and tier.id not in {life.tier for life in ladder.lifetime}:
            tell(("tiers", n), f"nothing gets {tier.id}: add reach, a lifetime path, or invitation: true")
    _ties(ladder, tell)
    for n, life in enumerate(ladder.lifetime):
        if life.tier not in tiers:
            tell(
                ("lifetime", n, "tier"),
                f"the tier {life.tier} is unknown; allowed: {listed(tiers)}.{nearest(life.tier, tiers)}",
            )
        _path(life.path, units, ("lifetime", n, "path"), tell)
    for counter in ladder.waiver.within if ladder.waiver else ():
        _counter(counter, units, ("waiver", "within", counter), tell)


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
