"""The requests clearing rate as the overview shows it: by kind and by tier, of the last week and the last month."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from loyalty.i18n import _
from loyalty.insight.rates import Decided, decided, median_waits
from loyalty.status.words import tier_name
from loyalty.web.portal.asking import Names, span_told
from loyalty.web.site import Site

#: The days of the two stretches.
WEEK, MONTH = 7, 30
By = Mapping[tuple[str, str], Decided]


@dataclass(frozen=True)
class Rate:
    """One line: what it counts, how many of its requests were decided and given in a week and in a month, and how long half of
    those given in the month had waited at most. Percents are whole, none where nothing was decided."""

    name: str
    week: Decided
    month: Decided
    wait: str

    @property
    def week_percent(self) -> int | None:
        return _percent(self.week)

    @property
    def month_percent(self) -> int | None:
        return _percent(self.month)


def _percent(one: Decided) -> int | None:
    """Rounded half up."""
    return (one.given * 200 + one.decided) // (2 * one.decided) if one.decided else None


def rates_told(site: Site) -> dict[str, list[Rate]] | None:
    """All, by kind and by tier, each in the program's order; none where nothing may be asked. Five statements."""
    if not any(edition.requests.requests for edition in site.program.editions):
        return None
    ends = {days: (site.now - timedelta(days=days), site.now) for days in (WEEK, MONTH)}
    week, month = (decided(site.reading, *ends[days]) for days in (WEEK, MONTH))
    waits = {by: median_waits(site.reading, *ends[MONTH], by) for by in ("all", "kind", "tier")}
    names = Names(site.program, site.edition, site.language)
    kinds = dict.fromkeys([*names.kinds, *(kind for kind, _tier in month)])
    tiers = [*reversed(site.program.tiers), ""]
    return {
        "all": _lines(site, [""], lambda _name: site.language.say(_("all")), week, month, waits["all"], lambda _pair: ""),
        "kinds": _lines(site, kinds, names.kind, week, month, waits["kind"], lambda pair: pair[0]),
        "tiers": _lines(site, tiers, lambda tier: _tier(site, tier), week, month, waits["tier"], lambda pair: pair[1]),
    }


def _tier(site: Site, tier: str) -> str:
    return tier_name(site.program, tier, site.language.code) if tier else site.language.say(_("no tier"))


def _lines(
    site: Site, wanted: Iterable[str], named: Callable[[str], str], week: By, month: By, waits: Mapping[str, timedelta],
    part: Callable[[tuple[str, str]], str],
) -> list[Rate]:  # fmt: skip
    """The lines of one grouping of which anything was decided."""
    lines = [
        Rate(named(name), _sum(week, name, part), _sum(month, name, part), _wait(site, waits.get(name))) for name in wanted
    ]
    return [one for one in lines if one.month.decided]


def _sum(found: By, name: str, part: Callable[[tuple[str, str]], str]) -> Decided:
    mine = [one for pair, one in found.items() if part(pair) == name]
    return Decided(sum(one.decided for one in mine), sum(one.given for one in mine))


def _wait(site: Site, wait: timedelta | None) -> str:
    if wait is None:
        return ""
    return span_told(wait, site.language) if wait >= timedelta(minutes=1) else site.language.say(_("at once"))
