"""Commands about the schedule: its jobs, their history, their health."""

import signal
import sys
from datetime import date, datetime
from zoneinfo import ZoneInfo

import click

from loyalty.cli.edge import opened
from loyalty.cli.jobs import say_results
from loyalty.cli.output import FOUND, as_of_option, emit, json_option, progress_bar, refusals, table
from loyalty.errors import Refused
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.health import Health, history
from loyalty.jobs.health import health as health_of
from loyalty.jobs.runs import failures_of, key_of
from loyalty.jobs.schedule import next_of, run_due, run_now
from loyalty.jobs.serve import serve
from loyalty.jobs.tables import Run
from loyalty.jobs.timetable import OFF, job_named


@click.command()
@click.argument("job")
@click.option("--now", "at_once", is_flag=True, help="Run it once now, due or not; the schedule's own runs are still to come.")
@as_of_option
@json_option
@refusals
def run(job: str, at_once: bool, as_of: date | None, as_json: bool) -> None:
    """Do what is due of a job: runs that were killed or broke off, then every due moment that was missed."""
    deployment, now = opened(as_of)
    known = job_named(deployment.settings, job)
    if known.cron == OFF and not at_once:
        raise Refused("job_off", job=job)
    with progress_bar(job) as step:
        results = [run_now(deployment, known, now, step)] if at_once else run_due(deployment, known, now, step)
    if not results and not as_json:
        click.echo(f"Nothing is due of {job} before {next_of(deployment, known, now):%Y-%m-%d %H:%M} UTC.")
    say_results(results, known.counts, as_json)


@click.command()
@refusals
def schedule() -> None:
    """Keep the schedule: run each job at its due moments until stopped. Start two; one leads, the other stands by."""
    deployment, _ = opened()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        serve(deployment, click.echo)
    except (KeyboardInterrupt, SystemExit):
        click.echo("The schedule has stopped.")


@click.group(invoke_without_command=True)
@as_of_option
@json_option
@click.pass_context
@refusals
def jobs(context: click.Context, as_of: date | None, as_json: bool) -> None:
    """Every job: what it does, when, its last run, its next, and whether it is late."""
    if context.invoked_subcommand is not None:
        return
    deployment, now = opened(as_of)
    found = health_of(deployment, now)
    if as_json:
        emit([vars(job) for job in found])
        return
    zone = deployment.program.zone
    rows = [(job.job, _when(job, zone), _last(job, zone), _at(job.next_due, zone), _state(job, zone)) for job in found]
    table(("job", "when", "last run", "next", ""), rows)
    click.echo(f"\nTimes are by the clock of {zone}.")
    for job in found:
        click.echo(f"  {job.job}: {job.does}")
        if job.last_error:
            click.echo(f"    broke off: {job.last_error}")


def _at(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment else "-"


def _when(job: Health, zone: ZoneInfo) -> str:
    return job.words if job.zone in ("", str(zone)) else f"{job.words}, {job.zone}"


def _last(job: Health, zone: ZoneInfo) -> str:
    if job.last_due is None or job.last_started is None:
        return job.last_status
    took = f" in {(job.last_ended - job.last_started).total_seconds():.1f} s" if job.last_ended else ""
    return f"{_at(job.last_due, zone)} {job.last_status}{took}"


def _state(job: Health, zone: ZoneInfo) -> str:
    if not job.late:
        return "" if job.cron == OFF else "on time"
    return f"LATE since {_at(job.late_since, zone)}" if job.late_since else "LATE, never run"


@jobs.command("history")
@click.argument("job")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="So many runs, the newest first.")
@json_option
@refusals
def job_history(job: str, last: int, as_json: bool) -> None:
    """The runs of a job: when each was due, how it ended, how long it took, what it did and what failed."""
    deployment, _ = opened()
    known = job_named(deployment.settings, job)
    with deployment.store.reading() as session:
        told = [(found, failures_of(session, key_of(found))) for found in history(session, job, last)]
    if as_json:
        emit([_run_data(found, failures) for found, failures in told])
        return
    _say_history(deployment, known.counts, told)


_TOLD = ("job", "due", "as_of", "everyone", "scheduled", "status", "started_at", "finished_at", "items", "changes", "chunks",
         "crashes", "error")  # fmt: skip


def _run_data(found: Run, failures: dict[int, str]) -> dict[str, object]:
    return {**{name: getattr(found, name) for name in _TOLD}, "failures": failures}


def _say_history(deployment: Deployment, counts: str, told: list[tuple[Run, dict[int, str]]]) -> None:
    zone = deployment.program.zone
    rows = []
    for found, _failures in told:
        took = f"{(found.finished_at - found.started_at).total_seconds():.1f} s" if found.finished_at else "-"
        by = "schedule" if found.scheduled else "hand"
        rows.append((_at(found.due, zone), by, found.status, took, found.items, found.changes, found.failures, found.crashes))
    table(("due", "by", "ended", "took", counts, "changes", "failures", "broke off"), rows, right=(3, 4, 5, 6, 7))
    for found, failures in told:
        for item, error in failures.items():
            click.echo(f"{_at(found.due, zone)}: {counts}: {item} failed: {error}")
        if found.error:
            click.echo(f"{_at(found.due, zone)}: broke off: {found.error}")


@click.command()
@as_of_option
@json_option
@refusals
def health(as_of: date | None, as_json: bool) -> None:
    """Tell whether every job has run on time; exit code 1 where one is late."""
    deployment, now = opened(as_of)
    found = health_of(deployment, now)
    if as_json:
        emit([vars(job) for job in found])
    for job in found if not as_json else ():
        ended = f"{job.last_done:%Y-%m-%d %H:%M} UTC" if job.last_done else "never"
        due = f"{job.next_due:%Y-%m-%d %H:%M} UTC" if job.next_due else "never, it is off"
        click.echo(f"{job.job}: {'LATE' if job.late else 'on time'}; last ended {ended} ({job.last_status}); next due {due}")
    if any(job.late for job in found):
        sys.exit(FOUND)
