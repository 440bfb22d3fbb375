"""The timetable: every job that the schedule knows, as data."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from loyalty.errors import Refused
from loyalty.i18n import _
from loyalty.jobs import bulk, delivering, follow, letters, recalculate, requests, snapshot, telling, trials, trim, webhooks
from loyalty.jobs.due import ALLOWED, Cron, read_cron
from loyalty.jobs.running import Runner
from loyalty.program.problems import listed, nearest
from loyalty.settings import Settings, SettingsInvalid

OFF = "off"


@dataclass(frozen=True)
class Job:
    """A job of the schedule.

    `does` is what it does, in a sentence; `label` what pages call it; `counts` what its items are. `cron` is five fields by the
    program's clock, by that of a zone named sixth, or `off`. A due moment whose run has not ended `late` after it makes the job
    late. With `each` every moment that was missed is caught up, for its own day; without, they are taken as one, the newest.
    Jobs of one `lane` run one after another by due moment, in the order of the timetable; lanes run side by side.
    """

    name: str
    does: str
    cron: str
    late: timedelta
    each: bool
    lane: str
    counts: str
    run: Runner
    label: str = ""

    def at(self, zone: ZoneInfo) -> Cron | None:
        """When it is due, by a program's zone; never where it is off."""
        return None if self.cron == OFF else read_cron(self.cron, zone)


HOURS = timedelta(hours=1)
#: In the order in which jobs of one lane and one due moment run.
TIMETABLE = (
    Job("recalculate", _("Folds the members whose status may change, and logs what changes."), "30 2 * * *", late=2 * HOURS,
        each=True, lane="night", counts=_("members"), run=recalculate.recalculate, label=_("Recalculation")),
    Job("benefits", _("Lets shared status follow the member who shares it, and books what was picked ahead."), "0 3 * * *",
        late=2 * HOURS, each=True, lane="night", counts=_("members"), run=follow.follow_benefits,
        label=_("Benefits of the day")),
    Job("snapshot", _("Keeps the members per tier and the moves between tiers of each day that is over."), "15 3 * * *",
        late=3 * HOURS, each=False, lane="night", counts=_("months"), run=snapshot.snapshot, label=_("Daily figures")),
    Job("windows", _("Opens the windows of requests whose time has come."), "*/5 * * * *", late=HOURS, each=False,
        lane="requests", counts=_("requests"), run=requests.windows, label=_("Windows of requests")),
    Job("clear", _("Gives out what is free of services in the order of their queues, and closes those that begin."),
        "*/5 * * * *", late=HOURS, each=False, lane="requests", counts=_("services"), run=requests.clearing,
        label=_("Clearing of queues")),
    Job("trim", _("Deletes runs and deliveries that are older than the settings keep, and old sign-ins, links and attempts."),
        "45 3 * * *", late=24 * HOURS, each=False, lane="night", counts=_("rows"), run=trim.trim, label=_("Clean-up")),
    Job("bulk", _("Does the rows of what staff do for many members, and tries them before."), "* * * * *", late=HOURS,
        each=False, lane="bulk", counts=_("rows"), run=bulk.bulk, label=_("Acts for many")),
    Job("trials", _("Tries the draft of an edition that staff ask it for on all members, and plays the scenarios."),
        "* * * * *", late=HOURS, each=False, lane="trials", counts=_("members"), run=trials.trials, label=_("Drafts tried")),
    Job("messages", _("Makes the messages of what is new about members, and of the calendar."), "*/5 * * * *", late=HOURS,
        each=False, lane="messages", counts=_("members"), run=telling.messages, label=_("Messages made")),
    Job("statements", _("Makes everyone's statement of the month that is over."), "0 5 1 * *", late=12 * HOURS,
        each=True, lane="messages", counts=_("members"), run=telling.statements, label=_("Monthly statements")),
    Job("letters", _("Sends the letters with links to sign in, to join, to confirm an address."), "* * * * *", late=HOURS / 4,
        each=False, lane="mail", counts=_("letters"), run=letters.letters, label=_("Letters with links")),
    Job("deliver", _("Sends the messages that wait in the outbox."), "* * * * *", late=HOURS,
        each=False, lane="mail", counts=_("messages"), run=delivering.deliver, label=_("Mail sent")),
    Job("announce", _("Makes the deliveries of what is new about members to endpoints of webhooks."), "* * * * *", late=HOURS,
        each=False, lane="announce", counts=_("members"), run=webhooks.announce, label=_("Webhooks made")),
    Job("webhooks", _("Sends the deliveries of webhooks that are due."), "* * * * *", late=HOURS, each=False, lane="webhooks",
        counts=_("attempts"), run=webhooks.send_webhooks, label=_("Webhooks sent")),
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
