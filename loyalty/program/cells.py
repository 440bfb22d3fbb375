"""The typed values of cells: read from what a file says, and which of two is the better one. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from loyalty.clock import start_of
from loyalty.program.catalog import Benefit
from loyalty.program.problems import listed, nearest
from loyalty.program.values import exact

#: Before any instant that a service can have: what any time opens at.
EVER = datetime(1, 1, 2, tzinfo=UTC)
_AHEAD = re.compile(r"([0-9]{1,4})([hd])")


class Ahead(NamedTuple):
    """A time before a service: `hours` before its instant, `days` before its local day (0: that day), or any time (neither)."""

    hours: int | None = None
    days: int | None = None

    @property
    def order(self) -> tuple[int, bool]:
        """What two are held against each other by: hours by which it opens before the start, at least; of as many, days,
        which begin with their midnight, are the longer."""
        if self.hours is not None:
            return self.hours, False
        return (10**9 if self.days is None else 24 * self.days), True

    def opens_at(self, starts_at: datetime, zone: ZoneInfo) -> datetime:
        """The instant from which it is open: exact hours before the start, or the beginning of a day in the service's zone.

        2013-05-20 18:00 and 48h: 2013-05-18 18:00; 2d: 2013-05-18 00:00; any time: EVER.
        """
        if self.hours is not None:
            return starts_at - timedelta(hours=self.hours)
        if self.days is None:
            return EVER
        return start_of(_local(starts_at, zone) - timedelta(days=self.days), zone)

    def __str__(self) -> str:
        if self.hours is not None:
            return f"{self.hours}h"
        return "any_time" if self.days is None else f"{self.days}d" if self.days else "day_of_service"


ANY_TIME, DAY_OF_SERVICE = Ahead(), Ahead(days=0)


def _local(starts_at: datetime, zone: ZoneInfo) -> date:
    return starts_at.astimezone(zone).date()


def ahead(text: str) -> Ahead:
    """`48h`, `3d`, `day_of_service`, `any_time` as a value. Raises ValueError saying what is allowed."""
    if text in ("any_time", "day_of_service"):
        return ANY_TIME if text == "any_time" else DAY_OF_SERVICE
    found = _AHEAD.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError("allowed: hours such as 48h, days such as 3d, day_of_service, any_time")
    amount = int(found[1])
    return Ahead(hours=amount) if found[2] == "h" else Ahead(days=amount)


#: The value of a cell: true; a count or rank; exact percent or money (in the currency, not its minor unit); a time before a
#: service; a set or one of words; so many of each instrument. A benefit with a parameter has one for each value of it.
Value = bool | int | Decimal | Ahead | frozenset[str] | str | Mapping[str, int]


def read_value(benefit: Benefit, raw: Any) -> Value:
    """One value of a benefit as its file says it. Raises ValueError saying what is allowed."""
    return _READ[benefit.kind](benefit, raw)


def _flag(_benefit: Benefit, raw: Any) -> Value:
    if raw is not True:
        raise ValueError("allowed: true, or nothing where the tier does not have it")
    return True


def _count(_benefit: Benefit, raw: Any) -> Value:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw < 10**9:
        raise ValueError("allowed: a whole number, 0 or more")
    return raw


def _exact(_benefit: Benefit, raw: Any) -> Value:
    value = exact(raw)
    if value < 0:
        raise ValueError("allowed: 0 or more")
    return value


def _set(benefit: Benefit, raw: Any) -> Value:
    if not isinstance(raw, list) or not raw or not all(isinstance(item, str) for item in raw):
        raise ValueError("allowed: a list of texts")
    if len(set(raw)) != len(raw):
        raise ValueError("allowed: every text once")
    for item in raw if benefit.words else ():
        _word(benefit, item)
    return frozenset(raw)


def _word(benefit: Benefit, raw: Any) -> Value:
    if not isinstance(raw, str) or raw not in benefit.words:
        raise ValueError(f"allowed: one of its words, {listed(benefit.words)}.{nearest(raw, benefit.words)}")
    return raw


def _grant(_benefit: Benefit, raw: Any) -> Value:
    if not isinstance(raw, dict) or not raw:
        raise ValueError("allowed: a block of instruments with a number for each")
    for number in raw.values():
        if isinstance(number, bool) or not isinstance(number, int) or not 0 < number < 10_000:
            raise ValueError("allowed: a block of instruments with a number from 1 for each")
    return dict(raw)


_READ: Mapping[str, Callable[[Benefit, Any], Value]] = {
    "flag": _flag, "count": _count, "rank": _count, "percent": _exact, "money": _exact, "set": _set, "text": _word,
    "grant": _grant, "duration": lambda _benefit, raw: ahead(raw),
}  # fmt: skip


def best(benefit: Benefit, values: list[Value]) -> Value | None:
    """The best of some values of one benefit: by its kind, and by `better` where it names one; none of none."""
    return reduce(lambda one, other: better_of(benefit, one, other), values) if values else None


def better_of(benefit: Benefit, one: Value, other: Value) -> Value:
    """The better of two values; sets and grants are joined, so that it may be neither of the two."""
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return one | other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {
            name: max(one.get(name, 0), other.get(name, 0)) for name in [*one, *(name for name in other if name not in one)]
        }
    lower = benefit.better == "lower" if benefit.better else benefit.kind == "rank"
    first, second = _order(benefit, one), _order(benefit, other)
    return one if (first <= second if lower else first >= second) else other


def _order(benefit: Benefit, value: Any) -> Any:
    if isinstance(value, Ahead):
        return value.order
    return list(benefit.words).index(value) if benefit.kind == "text" else value
