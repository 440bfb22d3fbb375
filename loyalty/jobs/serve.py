"""The schedule kept: one process leads, and wakes each lane of jobs at its due moments."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
from threading import Event, Lock
from time import sleep

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from loyalty import clock
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.leading import leading
from loyalty.jobs.running import attempt
from loyalty.jobs.runs import Result, RunKey, told
from loyalty.jobs.schedule import due_runs, next_of
from loyalty.jobs.timetable import Job, jobs

#: A lane wakes as often at least: for what broke off, for what was killed, and where the machine's clock was set.
AT_LEAST = timedelta(minutes=1)

Say = Callable[[str], None]


class Stopped(BaseException):
    """The schedule is to stop: raised between two chunks or items, so that the run is one to go on with."""


def serve(deployment: Deployment, say: Say, poll: float = 1.0) -> None:
    """Keep the schedule until stopped: stand by until this process leads, then run what is due for as long as it does."""
    with leading(deployment) as leads:
        while True:
            if not leads():
                say("Another process leads the schedule; standing by.")
                while not leads():
                    sleep(poll)
            say("Leading the schedule.")
            _lead(deployment, leads, say, poll)
            say("The lead is lost.")


def _lead(deployment: Deployment, leads: Callable[[], bool], say: Say, poll: float) -> None:
    """Wake the lanes, each in a thread of its own, until the lead is lost or the process is to stop."""
    known = sorted(jobs(deployment.settings).values(), key=lambda job: job.lane)
    lanes = [Lane(deployment, list(mine), say) for _lane, mine in groupby(known, lambda job: job.lane)]
    scheduler = BackgroundScheduler(timezone="UTC", executors={lane.name: ThreadPoolExecutor(1) for lane in lanes})
    stop, arming = Event(), Lock()
    for lane in lanes:
        _arm(scheduler, lane, stop, arming, clock.now())
    scheduler.start()
    try:
        while leads():
            sleep(poll)
    finally:
        with arming:
            stop.set()
        scheduler.shutdown()


def _arm(scheduler: BackgroundScheduler, lane: "Lane", stop: Event, arming: Lock, at: datetime) -> None:
    """Wake a lane at an instant; after it, at the next due moment. The scheduler only wakes: what is due is worked out.

    Nothing is armed once it is to stop: to shut down, the scheduler waits for its lanes under the lock that arming takes.
    """

    def wake() -> None:
        if not lane.work(stop):
            return
        following = lane.next_wake(clock.now())
        with arming:
            if not stop.is_set():
                _arm(scheduler, lane, stop, arming, following)

    scheduler.add_job(wake, DateTrigger(run_date=at), id=f"{lane.name} {at.isoformat()}", executor=lane.name,
                      misfire_grace_time=None, replace_existing=True)  # fmt: skip


class Lane:
    """Jobs that run one after another."""

    def __init__(self, deployment: Deployment, mine: list[Job], say: Say) -> None:
        self.name, self.deployment, self.jobs, self.say = mine[0].lane, deployment, mine, say

    def next_wake(self, now: datetime) -> datetime:
        """The next due moment of any of its jobs, or a minute on."""
        due = (next_of(self.deployment, job, now) for job in self.jobs)
        return min(now + AT_LEAST, *(moment for moment in due if moment is not None))

    def work(self, stop: Event) -> bool:
        """Run what is due, by due moment, each once; False where it is to stop. What becomes due meanwhile has its turn.

        An error in finding what is due (the database may be away) is told, and it is looked for again at the next waking.
        """

        def progress(_done: int, _total: int) -> None:
            if stop.is_set():
                raise Stopped

        tried: set[RunKey] = set()
        try:
            while not stop.is_set() and (pair := self._next(tried)):
                job, key = pair
                tried.add(key)
                self._tell(attempt(self.deployment, job.run, key, clock.now(), self.deployment.settings.workers, progress))
        except Stopped:
            pass
        except Exception as error:
            self.say(f"{self.name}: {told(error)}")
        return not stop.is_set()

    def _next(self, tried: set[RunKey]) -> tuple[Job, RunKey] | None:
        due = due_runs(self.deployment, self.jobs, clock.now())
        return next((pair for pair in due if pair[1] not in tried), None)

    def _tell(self, result: Result) -> None:
        """Tell what came of a run, unless it had nothing to do."""
        if result.items or result.failures or result.error:
            because = f", {result.error}" if result.error else ""
            self.say(f"{result.job} of {result.due:%Y-%m-%d %H:%M} UTC: {result.status}, {result.items} done, "
                     f"{result.changes} changes, {len(result.failures)} failures{because}")  # fmt: skip
