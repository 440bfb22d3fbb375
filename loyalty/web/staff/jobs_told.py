"""Jobs and their runs in words: when a job is due, how it stands, what a run came to; errors without anything personal."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty.clock import instant_of, ticks
from loyalty.i18n import Language, _
from loyalty.jobs.health import Health
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import OFF, Job
from loyalty.web.portal.asking import span_told

#: What the states of a run are called, and how they are lit.
STATES = {
    "waits": (_("waits for the schedule"), ""), "running": (_("running"), ""), "done": (_("done"), "good"),
    "failed": (_("failed"), "bad"), "never run": (_("has never run"), ""),
}  # fmt: skip
#: What is told of an error word by word: plain words of code. Names, numbers, addresses and what is quoted are not among them.
PLAIN = re.compile(r"[a-z][a-z_.:,;]*")
QUOTED = re.compile(r"""'[^']*'?|"[^"]*"?|«[^»]*»?|“[^”]*”?|\([^)]*\)?|\[[^\]]*\]?""")


def label_of(job: Job, language: Language) -> str:
    """What a job is called."""
    return language.say(job.label) or job.name


def due_told(fields: str, language: Language) -> str:
    """A cron line in words, where it is of a usual kind; else as it is."""
    if fields == OFF:
        return language.say(_("off"))
    minute, hour, day, month, weekday = fields.split()
    if (hour, day, month, weekday) == ("*", "*", "*", "*"):
        if minute == "*":
            return language.say(_("every minute"))
        if every := re.fullmatch(r"\*/([0-9]+)", minute):
            return language.say(_("every {count} minutes"), count=every[1])
    if (month, weekday) == ("*", "*") and minute.isdigit() and hour.isdigit():
        time = f"{int(hour):02}:{int(minute):02}"
        if day == "*":
            return language.say(_("every day at {time}"), time=time)
        if day.isdigit():
            return language.say(_("on day {day} of each month at {time}"), day=day, time=time)
    return fields


def took_told(run: Run, language: Language) -> str:
    """How long a run took; nothing while it has not ended."""
    if run.finished_at is None:
        return ""
    took = run.finished_at - run.started_at
    if took < timedelta(minutes=1):
        return language.say(_("{count} s"), count=language.number(round(took.total_seconds())))
    return span_told(took, language)


def error_told(error: str) -> str:
    """An error by its kind and its plain words: what could be a name, a number, an address or a value is left out."""
    kind, _colon, said = error.partition(":")
    words = QUOTED.sub(" … ", said.strip().partition("\n")[0]).split()
    kept = " ".join(word if PLAIN.fullmatch(word) else "…" for word in words)
    return ": ".join(part for part in (kind, re.sub(r"…( …)+", "…", kept)) if part.strip("… "))


@dataclass(frozen=True)
class RunTold:
    """A run in a table. `at` is its due moment in microseconds since 1970, by which its page is found."""

    at: int
    due: datetime
    by: str
    state: str
    lit: str
    took: str
    items: int
    changes: int
    failures: int
    crashes: int
    error: str
    ended: bool


def at_of(due: datetime) -> int:
    """A due moment as addresses name it."""
    return ticks(due)


def due_of(at: int) -> datetime | None:
    """The due moment that an address names; none beyond the calendar."""
    try:
        return instant_of(at)
    except OverflowError:
        return None


def run_told(run: Run, language: Language) -> RunTold:
    """A run, with who asked for it."""
    by = run.asked_by or language.say(_("the schedule") if run.scheduled else _("a command"))
    words, lit = STATES["waits" if run.waits else run.status]
    return RunTold(at_of(run.due), run.due, by, language.say(words), lit, took_told(run, language), run.items, run.changes,
                   run.failures, run.crashes, error_told(run.error or ""), run.finished_at is not None)  # fmt: skip


@dataclass(frozen=True)
class JobTold:
    """A job in the table of all. `late` says how late it is, empty where it is on time."""

    name: str
    label: str
    does: str
    due: str
    next_due: datetime | None
    last_due: datetime | None
    state: str
    lit: str
    items: int
    counts: str
    failures: int
    error: str
    late: str
    off: bool


def job_told(job: Job, one: Health, now: datetime, language: Language) -> JobTold:
    """A job and how it stands."""
    words, lit = STATES[one.last_status]
    late = ""
    if one.late:
        late = span_told(now - one.late_since, language) if one.late_since else language.say(_("has never run"))
    return JobTold(job.name, label_of(job, language), language.say(job.does), due_told(one.cron, language), one.next_due,
                   one.last_due, language.say(words), lit, one.last_items, language.say(job.counts), one.last_failures,
                   error_told(one.last_error or ""), late, one.cron == OFF)  # fmt: skip
