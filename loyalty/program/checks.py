"""Cross-checks: what one file says against what another has, so that a program that loads can run."""

from collections.abc import Callable, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from loyalty.program.asking import RequestsFile
from loyalty.program.benefit_checks import check_chart, check_holders
from loyalty.program.catalog import BenefitsFile
from loyalty.program.conditions import Tell, always, compile_condition
from loyalty.program.customer_file import check_file
from loyalty.program.entitlement_checks import check_given, check_milestones
from loyalty.program.ladder import GuardedPath, LadderFile
from loyalty.program.ladder_checks import check_ladder
from loyalty.program.models import (
    ActivitiesFile,
    ActivityKind,
    EarningFile,
    ProgramFile,
    UnitsFile,
)
from loyalty.program.names import check_fields, names_of, once, one_of_text
from loyalty.program.problems import listed, nearest
from loyalty.program.request_checks import Around, check_asking, check_requests
from loyalty.program.scope import Scope, scope_of
from loyalty.program.steps import CompiledKind, CompiledLine, Setting, compile_line, names_tier
from loyalty.program.telling import MessagesFile
from loyalty.program.telling_checks import check_telling
from loyalty.program.texts import check_languages, names_of_fields, texts_of

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
    attributes = head.members.attributes
    for way, texts in names_of_fields(attributes, ("members", "attributes")):
        check_languages(texts, head.languages, way, tell)
    for name, attribute in attributes.items():
        one_of_text(name, attribute, ("members", "attributes", name), tell)
    check_file(head, tell)


def check_routes(head: ProgramFile, editions: Sequence[ActivitiesFile], tell: Tell) -> None:
    """Routes are of a kind of activity that some edition has, and name fields of it; told only where editions could be read."""
    kinds = {name: kind for file in editions for name, kind in file.activities.items()}
    for n, route in enumerate(head.routes if kinds else ()):
        kind = kinds.get(route.activity)
        if kind is None:
            hint = nearest(route.activity, kinds)
            tell(("routes", n, "activity"), f"the activity {route.activity} is unknown; allowed: {listed(kinds)}.{hint}")
            continue
        for part in ("origin", "destination", "distance"):
            name = getattr(route, part)
            if name not in kind.fields:
                hint = nearest(name, kind.fields)
                tell(("routes", n, part), f"the field {name} is unknown; allowed: {listed(kind.fields)}.{hint}")


def check_edition(
    head: ProgramFile | None,
    units: UnitsFile | None,
    activities: ActivitiesFile | None,
    earning: EarningFile | None,
    ladder: LadderFile | None,
    benefits: BenefitsFile | None,
    requests: RequestsFile | None,
    messages: MessagesFile | None,
    tell: Tellers,
) -> dict[str, CompiledKind] | None:
    """The files of one edition against each other, as far as they could be read.

    Returns each kind of activity, ready to judge; none where a file could not be read.
    """
    if head is not None:
        for way, texts in texts_of(units, activities, earning, ladder, benefits, requests):
            check_languages(texts, head.languages, way[1:], tell[str(way[0])])
    if units is not None:
        _unit_names(units, tell["units"])
    if activities is not None:
        for name, kind in activities.activities.items():
            check_fields(kind.fields, ("activities", name, "fields"), (), tell["activities"])
    if ladder is not None and units is not None:
        check_ladder(ladder, names_of(ladder, units, head.members.attributes if head else None, tell["ladder"]))
    if earning is not None:
        once([line.id for line in earning.lines], "earn line", lambda n: ("lines", n, "id"), tell["earning"])
    _promises(head, units, ladder, benefits, requests, tell)
    if head is None or units is None or activities is None or earning is None or ladder is None:
        return None
    if benefits is None or requests is None or messages is None:
        return None
    check_telling(messages, head, ladder, benefits, requests, tell["messages"])
    return _kinds(head, units, activities, earning, ladder, tell)


def _promises(
    head: ProgramFile | None,
    units: UnitsFile | None,
    ladder: LadderFile | None,
    benefits: BenefitsFile | None,
    requests: RequestsFile | None,
    tell: Tellers,
) -> None:
    """What tiers give and what may be asked for, each against what of the rest could be read."""
    if benefits is not None:
        check_chart(benefits, head.money_decimals if head else None, tell["benefits"])
    if requests is not None:
        check_asking(requests, tell["requests"])
    if benefits is None or ladder is None:
        return
    check_milestones(ladder, benefits, tell["ladder"])
    if units is None:
        return
    attributes = head.members.attributes if head else None
    names = names_of(ladder, units, attributes, tell["benefits"])
    check_holders(benefits, ladder, names)
    check_given(benefits, ladder, names)
    if requests is not None and head is not None:
        asked = names_of(ladder, units, attributes, tell["requests"])
        check_requests(requests, Around(benefits, asked, head.members.attributes, head.money_decimals))


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


def _unit_names(units: UnitsFile, tell: Tell) -> None:
    for name in units.units:
        if name in GuardedPath.model_fields:
            tell(("units", name), f"the name {name} has a meaning of its own in paths; allowed: any other")
