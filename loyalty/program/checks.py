"""Cross-checks: what one file says against what another has, so that a program that loads can run."""

from collections.abc import Callable, Iterator, Mapping
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from loyalty.program.asking import RequestsFile
from loyalty.program.catalog import BenefitsFile
from loyalty.program.conditions import Tell, always, compile_condition
from loyalty.program.ladder import GuardedPath, LadderFile
from loyalty.program.ladder_checks import check_ladder
from loyalty.program.models import (
    ActivitiesFile,
    ActivityField,
    ActivityKind,
    Attribute,
    EarningFile,
    ProgramFile,
    UnitsFile,
)
from loyalty.program.names import names_of, once
from loyalty.program.problems import nearest
from loyalty.program.reader import Way
from loyalty.program.scope import Scope, scope_of
from loyalty.program.steps import CompiledKind, CompiledLine, Setting, compile_line, names_tier
from loyalty.program.texts import check_languages

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
    check_languages(head.name, head.languages, ("name",), tell)
    for name, attribute in head.members.attributes.items():
        _one_of(name, attribute, ("members", "attributes", name), tell)


def check_edition(
    head: ProgramFile | None,
    units: UnitsFile | None,
    activities: ActivitiesFile | None,
    earning: EarningFile | None,
    ladder: LadderFile | None,
    benefits: BenefitsFile | None,
    requests: RequestsFile | None,
    tell: Tellers,
) -> dict[str, CompiledKind] | None:
    """The files of one edition against each other, as far as they could be read.

    Returns each kind of activity, ready to judge; none where a file could not be read.
    """
    if head is not None:
        for way, texts in _texts_of(units, activities, earning, ladder):
            check_languages(texts, head.languages, way[1:], tell[str(way[0])])
    if units is not None:
        _unit_names(units, tell["units"])
    if activities is not None:
        _fields(activities, tell["activities"])
    if ladder is not None and units is not None:
        check_ladder(ladder, names_of(ladder, units, head.members.attributes if head else None, tell["ladder"]))
    if earning is not None:
        once([line.id for line in earning.lines], "earn line", lambda n: ("lines", n, "id"), tell["earning"])
    if head is None or units is None or activities is None or earning is None or ladder is None:
        return None
    if benefits is None or requests is None:
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
    for part in ("tiers", "milestones", "offers"):
        for n, named in enumerate(getattr(ladder, part) if ladder else ()):
            yield ("ladder", part, n, "name"), named.name


def _unit_names(units: UnitsFile, tell: Tell) -> None:
    for name in units.units:
        if name in GuardedPath.model_fields:
            tell(("units", name), f"the name {name} has a meaning of its own in paths; allowed: any other")


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
