"""When a request may be confirmed: the window of a party, of an instrument, at once. Pure.

docs/requests.md tells what each word does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty.program.asking import RequestKind
from loyalty.program.cells import EVER, Ahead
from loyalty.program.chart import Chart


class Party(NamedTuple):
    """The tier with which a party is processed on the day of use and, where it is known, of booking; the member's own ones.

    `own` is none for one who is no member that day.
    """

    own: str | None
    processed: str
    own_booked: str | None = None
    processed_booked: str | None = None


def processed(rule: str, own: str, others: Sequence[str], ranks: Mapping[str, int]) -> str:
    """The tier of a party by the rule: the member's own, the highest or the lowest of all."""
    if rule == "own":
        return own
    pick = max if rule == "highest" else min
    return pick([own, *others], key=lambda tier: ranks.get(tier, -1))


def has_right(chart: Chart, kind: RequestKind, party: Party) -> bool:
    """Whether the member has the benefit that gives the right to ask, by the own tier; a number of 0 gives none."""
    if party.own is None:
        return False
    had = chart.has(kind.benefit, chart.held(kind.benefit, party.own, party.own_booked))
    return had is not None and bool(had.value)


def companions_of(chart: Chart, kind: RequestKind, party: Party) -> int:
    """How many companions may be of the party."""
    if kind.companions is None or party.own is None:
        return 0
    had = chart.has(kind.companions, chart.held(kind.companions, party.own, party.own_booked))
    return had.value if had is not None and isinstance(had.value, int) else 0


def is_at_once(chart: Chart, kind: RequestKind, party: Party, value: object) -> bool:
    """Whether a request with this value of the field needs no window: it is in the member's set."""
    if kind.at_once is None or value is None or party.own is None:
        return False
    had = chart.has(kind.at_once.benefit, chart.held(kind.at_once.benefit, party.own, party.own_booked))
    return had is not None and isinstance(had.value, frozenset) and value in had.value


def windows_of(
    chart: Chart, kind: RequestKind, party: Party, to_class: str, right: bool, instrument: Ahead | None
) -> tuple[Ahead, ...]:
    """The windows of a request, of which the earliest counts: the party's, where there is the right without an instrument,
    and the instrument's. One that has a parameter is asked with the class wanted."""
    parameter = to_class if chart.benefits[kind.window].by is not None else None
    held = chart.held(kind.window, party.processed, party.processed_booked)
    had = chart.has(kind.window, held, parameter) if right else None
    own = (had.value,) if had is not None and isinstance(had.value, Ahead) else ()
    return own if instrument is None else (*own, instrument)


def opens_at(windows: Sequence[Ahead], starts_at: datetime, zone: ZoneInfo, requested_at: datetime) -> datetime | None:
    """The instant from which a request may be confirmed, by the earliest of its windows: at any time, that of the request.

    None where there is no window: nothing opens it.
    """
    instant = min((window.opens_at(starts_at, zone) for window in windows), default=None)
    return requested_at if instant == EVER else instant


def closes_at(kind: RequestKind, starts_at: datetime) -> datetime:
    """The instant from which requests and clearing are over."""
    return starts_at - timedelta(hours=int(kind.closes.removesuffix("h")))
