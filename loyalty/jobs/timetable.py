"""The timetable: every job that the schedule knows, as data."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from loyalty.errors import Refused
from loyalty.i18n import _
from loyalty.jobs import bulk, delivering, follow, letters, recalculate, requests, snapshot, telling, trim, webhooks
from loyalty.jobs.due import ALLOWED, Cron, read_cron
from loyalty.jobs.running import Runner
from loyalty.program.problems import listed, nearest
from loyalty.settings import Settings, SettingsInvalid

OFF = "off"


@dataclass(frozen=True)
class Job:
    """A job of the schedule.

    `does` is what it does, in a sentence; `counts` what its items are. `cron` is five fields by the program's clock, by that
    of a zone named sixth, or `off`. A due moment whose run has not ended `late` after it makes the job late. With `each`
    every moment that was missed is caught up, for its own day; without, they are taken as one, the newest. Jobs of one
    `lane` run one after another by due moment, in the order of the timetable; lanes run side by side.
    """

    name: str
    does: str
    cron: str
    late: timedelta
    each: bool
    lane: str
    counts: str
    run: Runner

    def at(self, zone: ZoneInfo) -> Cron | None:
        """When it is due, by a program's zone; never where it is off."""
        return None if self.cron == OFF else read_cron(self.cron, zone)


HOURS = timedelta(hours=1)
#: In the order in which jobs of one lane and one due moment run.
TIMETABLE = (
    Job("recalculate", _("Folds the members whose status may change, and logs what changes."), "30 2 * * *", late=2 * HOURS,
        each=True, lane="night", counts="members", run=recalculate.recalculate),
    Job("benefits", _("Lets shared status follow the member who shares it, and books what was picked ahead."), "0 3 * * *",
        late=2 * HOURS, each=True, lane="night", counts="members", run=follow.follow_benefits),
    Job("snapshot", _("Keeps the members per tier and the moves between tiers of each day that is over."), "15 3 * * *",
        late=3 * HOURS, each=False, lane="night", counts="months", run=snapshot.snapshot),
    Job("windows", _("Opens the windows of requests whose time has come."), "*/5 * * * *", late=HOURS, each=False,
        lane="requests", counts="requests", run=requests.windows),
    Job("clear", _("Gives out what is free of services in the order of their queues, and closes those that begin."),
        "*/5 * * * *", late=HOURS, each=False, lane="requests", counts="services", run=requests.clearing),
    Job("trim", _("Deletes runs and deliveries that are older than the settings keep, and old sign-ins, links and attempts."),
        "45 3 * * *", late=24 * HOURS, each=False, lane="night", counts="rows", run=trim.trim),
    Job("bulk", _("Does the rows of what staff do for many members, and tries them before."), "* * * * *", late=HOURS,
        each=False, lane="bulk", counts="rows", run=bulk.bulk),
    Job("messages", _("Makes the messages of what is new about members, and of the calendar."), "*/5 * * * *", late=HOURS,
        each=False, lane="messages", counts="members", run=telling.messages),
    Job("statements", _("Makes everyone's statement of the month that is over."), "0 5 1 * *", late=12 * HOURS,
        each=True, lane="messages", counts="members", run=telling.statements),
    Job("letters", _("Sends the letters with links to sign in, to join, to confirm an address."), "* * * * *", late=HOURS / 4,
        each=False, lane="mail", counts="letters", run=letters.letters),
    Job("deliver", _("Sends the messages that wait in the outbox."), "* * * * *", late=HOURS,
        each=False, lane="mail", counts="messages", run=delivering.deliver),
    Job("announce", _("Makes the deliveries of what is new about members to endpoints of webhooks."), "* * * * *", late=HOURS,
        each=False, lane="announce", counts="members", run=webhooks.announce),
    Job("webhooks", _("Sends the deliveries of webhooks that are due."), "* * * * *", late=HOURS, each=False, lane="webhooks",
        counts="attempts", run=webhooks.send_webhooks),
)  # fmt: skip


def jobs(settings: Settings) -> dict[str, Job]:
    """All jobs by name, at the times that the settings say. Raises SettingsInvalid with every unknown name and bad time."""
    known = {job.name: job for job in TIMETABLE}
    problems = [problem for name, cron in settings.jobs.items() for problem in _problems(known, name, cron)]
    if problems:
        raise SettingsInvalid("\n".join(problems))
    return {name: replace(job, cron=settings.jobs.get(name, job.cron)) for name, job in known.items()}


def _problems(known: dict[str, Job], name: str, cron: str) -> list[str]:
    if name not in known:
        return [f"Setting jobs.{name}: there is no job {name}; there are: {listed(known)}.{nearest(name, known)}"]
    try:
        replace(known[name], cron=cron).at(ZoneInfo("UTC"))
    except ValueError as error:
        return [f"Setting jobs.{name}: found {cron!r}: {error}; allowed: {OFF}, or {ALLOWED}."]
    return []


def job_named(settings: Settings, name: str) -> Job:
    """A job by name. Raises Refused: `unknown_job`."""
    known = jobs(settings)
    if name not in known:
        raise Refused("unknown_job", job=name, allowed=listed(known), nearest=nearest(name, known))
    return known[name]
