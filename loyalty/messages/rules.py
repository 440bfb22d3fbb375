"""When a message may be sent, and what an answer of a mail server means. Pure."""

import re
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from loyalty.clock import day_of, instant_at
from loyalty.program.telling import Quiet

#: A message is tried so often, over about two days; then it has failed.
TRIES = 14
#: The first wait after a failure that may pass, and the longest.
WAIT, LONGEST = timedelta(minutes=1), timedelta(hours=6)
#: Enhanced codes (RFC 3463) of a permanent failure that tell of the address itself: it is wrong, disabled, or moved away.
_ADDRESS = re.compile(r"5\.(1\.[0-9]+|2\.1)\b")
#: The same of a policy, a full mailbox, a message too large: another message may be taken.
_OTHER = re.compile(r"5\.[2-7]\.[0-9]+")


def quiet_until(quiet: Quiet | None, at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold at an instant are over, by the member's clock; none where none hold.

    On the night of a change of clocks they end at the first instant at which the clock shows `until`, or would have.
    """
    if quiet is None:
        return None
    begins, until = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.until)
    today = day_of(at, zone)
    for day in (today - timedelta(days=1), today):
        over = day if begins < until else day + timedelta(days=1)
        end = instant_at(over, until, zone)
        if instant_at(day, begins, zone) <= at < end:
            return end
    return None


def wait_after(attempts: int, random: Random) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, and up to half as long again by chance, so that many
    that failed together do not come back together."""
    doubled: timedelta = min(WAIT * (1 << min(attempts - 1, 20)), LONGEST)
    return doubled * (1 + random.random() / 2)


def is_final(code: int) -> bool:
    """Whether an SMTP answer is for good (5xx); another (4xx) may pass."""
    return 500 <= code < 600


def blames_address(code: int, answer: str) -> bool:
    """Whether a final answer to a recipient tells of the address itself, so that nothing is to be sent there any more."""
    if _ADDRESS.search(answer):
        return True
    return code in (550, 551, 553) and not _OTHER.search(answer)


def yearly(day: date, year: int) -> date:
    """The day of a year on which something of a day returns; February 29: the 28th in other years."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
