"""Due moments: the instants at which a cron line is due in a zone, also on the nights when its clock changes. Pure.

cronsim reads the five fields and tells the times of day that match; which instants those are is said here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from loyalty import clock

ALLOWED = "minute, hour, day of month, month, day of week, and a time zone where it is not the program's"
#: The next and the newest moment are looked for in spans that grow: a Sunday that is February 29 may be 40 years away.
SPANS = [timedelta(hours=1), *(timedelta(days=days) for days in (2, 40, 400, 3300, 18000))]
#: A time of day may be due as much as a day later than it reads, where a day was skipped.
SHIFT = timedelta(days=1)
#: No clock has been put back by more since 1970 (Antarctica/Vostok, 1994).
BACK = timedelta(hours=7)
#: Where the reader of the fields asks for a beginning.
ANY = datetime(2000, 1, 1)  # noqa: DTZ001 what a clock shows has no zone


@dataclass(frozen=True)
class Cron:
    """Five fields and the zone whose clock they mean. Days of the week are 0 to 7 from Sunday, or names."""

    fields: str
    zone: ZoneInfo

    @property
    def every_hour(self) -> bool:
        """It names no hours: it goes by elapsed time, through an hour that comes twice and past one that is skipped."""
        return self.fields.split()[1] == "*"

    @property
    def words(self) -> str:
        """The fields in words: "At 02:30 every day"."""
        return CronSim(self.fields, ANY).explain()


def read_cron(text: str, zone: ZoneInfo) -> Cron:
    """A cron line: five fields, and a time zone as the sixth in place of `zone`. Raises ValueError: what is wrong."""
    words = text.split()
    if len(words) == 6:
        name = words.pop()
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {name}") from None
    if len(words) != 5:
        raise ValueError(f"{len(words)} fields")
    cron = Cron(" ".join(words), zone)
    try:
        next(CronSim(cron.fields, ANY))
    except CronSimError as error:
        raise ValueError(str(error)[:1].lower() + str(error)[1:]) from None
    except StopIteration:
        raise ValueError("no day is like that") from None
    return cron


def due_moments(cron: Cron, after: datetime, until: datetime) -> list[datetime]:
    """The due moments in (after, until], first to last.

    Where hours are named there is one for every local time that matches: a time that is skipped falls as much later as the
    clock was put forward (Europe/Paris, 2026-03-29 02:30 at 03:30), one that comes twice is taken the first time, and a
    day that never was (Apia, 2011-12-30) has none. Two times that fall on one instant are one moment. Where the hour is
    `*` they are all instants at which the clock shows a time that matches, in both of two repeated hours.
    """
    first = _shown(after, cron.zone) - (BACK if cron.every_hour else SHIFT + BACK)
    last = _shown(until, cron.zone) + BACK
    times = takewhile(lambda shown: shown <= last, CronSim(cron.fields, first))
    found = {moment for shown in times for moment in _instants(cron, shown) if after < moment <= until}
    return sorted(found)


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What a zone's clock shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instants(cron: Cron, shown: datetime) -> Iterator[datetime]:
    if cron.every_hour:
        both = (shown.replace(tzinfo=cron.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        yield from (moment for moment in both if _shown(moment, cron.zone) == shown)
        return
    day = shown.date()
    if clock.start_of(day, cron.zone) < clock.start_of(day + timedelta(days=1), cron.zone):
        yield clock.instant_at(day, shown.time(), cron.zone)


def next_due(cron: Cron, after: datetime) -> datetime:
    """The first due moment after an instant."""
    return next(found[0] for span in SPANS if (found := due_moments(cron, after, after + span)))


def newest_due(cron: Cron, until: datetime) -> datetime:
    """The last due moment up to an instant."""
    return next(found[-1] for span in SPANS if (found := due_moments(cron, until - span, until)))
