"""The schedule worked out: what is due after downtime, what broke off, what is late; jobs of due items, one by one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from loyalty.errors import Refused
from loyalty.jobs import runs, timetable
from loyalty.jobs.deployment import Deployment
from loyalty.jobs.due import due_moments, read_cron
from loyalty.jobs.health import Health, health, history
from loyalty.jobs.running import attempt, each_item
from loyalty.jobs.runs import Progress, Result, RunKey
from loyalty.jobs.schedule import due_runs, run_due, run_now
from loyalty.jobs.serve import Lane, Stopped
from loyalty.jobs.tables import Run, RunChunk, RunFailure
from loyalty.jobs.timetable import TIMETABLE, Job, job_named, jobs
from loyalty.settings import Settings, SettingsInvalid, folder, read
from loyalty.status.queries import account_read, ladder_count, spans_of, tier_on
from tests.conftest import day
from tests.jobs import orbit

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NIGHT = orbit.noon("2026-06-15").replace(hour=2, minute=30)


def silent(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def deployment(deploy: Callable[..., Deployment], tmp_path: Path) -> Deployment:
    """Orbit, by UTC."""
    return deploy("orbit", config=orbit.config(tmp_path / "config"))


def a_job(name: str, cron: str, run: Any, each: bool = False, late: timedelta = HOUR, lane: str = "") -> Job:
    return Job(name, f"Does {name}.", cron, late=late, each=each, lane=lane or name, counts="things", run=run)


def ends(deployment: Deployment, key: RunKey, now: datetime, _workers: int, _progress: Progress) -> Result:
    """A job that has nothing to do."""
    return each_item(deployment, key, now, lambda _session: [], lambda _session, _item: 1, silent)


def breaks(deployment: Deployment, key: RunKey, now: datetime, _workers: int, _progress: Progress) -> Result:
    """A job that breaks off before anything is written."""
    raise ConnectionError("the relay is away")


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts jobs in the place of those of the timetable."""

    def put(*wanted: Job) -> None:
        monkeypatch.setattr(timetable, "TIMETABLE", wanted)

    return put


def dues(results: list[Result]) -> list[str]:
    return [f"{result.due:%d %H:%M}" for result in results]


def state(deployment: Deployment, now: datetime, name: str) -> Health:
    return next(job for job in health(deployment, now) if job.job == name)


# --- what is due ------------------------------------------------------------------------------------------------


def test_missed_nights_are_caught_up_each_for_its_own_day(deployment: Deployment) -> None:
    job = job_named(deployment.settings, "recalculate")
    assert dues(run_due(deployment, job, NIGHT + 9 * HOUR, silent)) == ["15 02:30"]
    results = run_due(deployment, job, NIGHT + 81 * HOUR, silent)
    assert [str(result.as_of) for result in results] == ["2026-06-16", "2026-06-17", "2026-06-18"]
    assert run_due(deployment, job, NIGHT + 81 * HOUR, silent) == []


def test_missed_minutes_are_taken_as_one_the_newest(deployment: Deployment) -> None:
    job = a_job("often", "* * * * *", ends)
    for after, due in ((0 * MINUTE, ["15 02:30"]), (0 * MINUTE, []), (MINUTE, ["15 02:31"]), (50 * HOUR, ["17 04:30"])):
        assert dues(run_due(deployment, job, NIGHT + after, silent)) == due


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=6))
def test_whenever_the_schedule_wakes_no_moment_is_lost_and_none_comes_twice(wakes: list[int]) -> None:
    """What runs at each waking, of moments that are each caught up, is together what was due from the first to the last."""
    cron = read_cron("30 2,14 * * *", ZoneInfo("Europe/Paris"))
    begins = at = NIGHT
    found = []
    for minutes in wakes:
        last = found[-1] if found else begins
        at += minutes * MINUTE
        found += due_moments(cron, last, at)
    assert found == due_moments(cron, begins, at)


def test_jobs_of_a_lane_are_due_in_the_order_of_their_moments(deployment: Deployment, known: Callable[..., None]) -> None:
    first = a_job("first", "30 2 * * *", ends, each=True, lane="night")
    second = a_job("second", "15 3 * * *", ends, each=True, lane="night")
    known(second, first)
    for job in (first, second):
        run_due(deployment, job, NIGHT + HOUR, silent)
    due = due_runs(deployment, [second, first], NIGHT + 50 * HOUR)
    assert [(job.name, key.due.day) for job, key in due] == [("first", 16), ("second", 16), ("first", 17), ("second", 17)]


def test_a_run_now_leaves_what_is_due_to_the_schedule(deployment: Deployment) -> None:
    job = job_named(deployment.settings, "recalculate")
    result = run_now(deployment, job, NIGHT + HOUR, silent)
    assert (result.status, result.due) == ("done", NIGHT + HOUR)
    assert dues(run_due(deployment, job, NIGHT + HOUR, silent)) == ["15 02:30"]
    assert state(deployment, NIGHT + HOUR, "recalculate").last_due == NIGHT


def test_times_are_those_of_the_settings(deployment: Deployment) -> None:
    chosen = replace(deployment.settings, jobs={"recalculate": "0 4 * * * Asia/Kathmandu", "trim": "off"})
    moved = Deployment(chosen)
    assert dues(run_due(moved, job_named(chosen, "recalculate"), NIGHT, silent)) == ["14 22:15"]
    assert due_runs(moved, [job_named(chosen, "trim")], NIGHT) == []
    stands = state(moved, NIGHT, "trim")
    assert (stands.late, stands.next_due, stands.words) == (False, None, "off")
    moved.store.close()


def test_bad_times_and_unknown_jobs_are_all_told_at_once() -> None:
    with pytest.raises(SettingsInvalid) as refused:
        jobs(Settings(jobs={"recalculate": "2:30", "snapshots": "0 3 * * *", "trim": "0 3 * * * Mars", "snapshot": "off"}))
    assert str(refused.value).splitlines() == [
        "Setting jobs.recalculate: found '2:30': 1 fields; allowed: off, or minute, hour, day of month, month, day of week, "
        "and a time zone where it is not the program's.",
        "Setting jobs.snapshots: there is no job snapshots; "
        f"there are: {', '.join(job.name for job in TIMETABLE)}. Did you mean snapshot?",
        "Setting jobs.trim: found '0 3 * * * Mars': there is no time zone Mars; allowed: off, or minute, hour, day of month, "
        "month, day of week, and a time zone where it is not the program's.",
    ]


def test_the_example_of_the_settings_tells_every_default() -> None:
    assert jobs(read({"LOYALTY_SETTINGS": str(folder("config") / "settings.example.toml")})) == jobs(Settings())


def test_the_timetable_is_in_order() -> None:
    known = jobs(Settings())
    assert list(known) == [job.name for job in timetable.TIMETABLE]
    for job in known.values():
        assert job.does.endswith(".") and job.late > timedelta() and len(job.name) <= 40
        with pytest.raises(Refused):
            job_named(Settings(), job.name + "s")


# --- what breaks off --------------------------------------------------------------------------------------------


def test_a_run_that_breaks_off_is_recorded_and_tried_again_later_and_later(deployment: Deployment) -> None:
    broken, well = (a_job("nightly", "30 2 * * *", run, each=True) for run in (breaks, ends))
    (result,) = run_due(deployment, broken, NIGHT, silent)
    assert (result.status, result.error) == ("failed", "ConnectionError: the relay is away")
    tried = [minutes for minutes in range(1, 150) if run_due(deployment, broken, NIGHT + minutes * MINUTE, silent)]
    # one, two, four minutes after it broke off, which is a little later than it began; then an hour
    assert [later - earlier for earlier, later in pairwise([0, *tried])] == [2, 3, 5, 9, 17, 33, 61]
    assert [result.status for result in run_due(deployment, well, NIGHT + 5 * HOUR, silent)] == ["done"]
    with deployment.store.reading() as session:
        (run,) = history(session, "nightly", 5)
        assert (run.status, run.error, run.crashes) == ("done", None, len(tried) + 1)
    assert run_due(deployment, well, NIGHT + 6 * HOUR, silent) == []


def test_what_broke_off_is_taken_up_by_the_next_moment_where_moments_are_taken_as_one(deployment: Deployment) -> None:
    broken, well = (a_job("often", "*/5 * * * *", run) for run in (breaks, ends))
    run_due(deployment, broken, NIGHT, silent)
    assert dues(run_due(deployment, well, NIGHT + 2 * MINUTE, silent)) == ["15 02:30"]
    run_due(deployment, broken, NIGHT + 5 * MINUTE, silent)
    assert dues(run_due(deployment, well, NIGHT + 11 * MINUTE, silent)) == ["15 02:40"]
    assert run_due(deployment, well, NIGHT + 12 * MINUTE, silent) == []


def test_a_run_that_breaks_off_after_a_chunk_goes_on_after_it(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    orbit.enrolled(deployment, [f"M{n}" for n in range(6)])
    monkeypatch.setattr(runs.stretches, "__defaults__", (2,))
    job = job_named(deployment.settings, "recalculate")

    def progress(done: int, _total: int) -> None:
        if done == 2:
            raise OSError("the disk is full")

    (result,) = run_due(deployment, job, NIGHT, progress)
    assert (result.status, result.error) == ("failed", "OSError: the disk is full")
    (result,) = run_due(deployment, job, NIGHT + HOUR, silent)
    assert (result.status, result.error, result.items) == ("done", None, 6)


def test_a_run_knows_how_long_it_took(deployment: Deployment) -> None:
    run_due(deployment, a_job("slow", "30 2 * * *", ends), NIGHT, silent)
    with deployment.store.reading() as session:
        (run,) = history(session, "slow", 1)
        assert run.finished_at is not None and NIGHT == run.started_at < run.finished_at < NIGHT + HOUR


def test_a_run_that_has_ended_is_answered_as_it_ended(deployment: Deployment) -> None:
    key = RunKey("nightly", NIGHT, day("2026-06-15"))
    first = attempt(deployment, ends, key, NIGHT, 1, silent)
    with deployment.store.reading() as session:
        before = [(run.started_at, run.finished_at, run.crashes) for run in history(session, "nightly", 2)]
    assert attempt(deployment, ends, key, NIGHT + HOUR, 1, silent) == first
    attempt(deployment, breaks, key, NIGHT + HOUR, 1, silent)
    with deployment.store.reading() as session:
        assert [(run.started_at, run.finished_at, run.crashes) for run in history(session, "nightly", 2)] == before


# --- lanes ------------------------------------------------------------------------------------------------------


def test_a_job_that_breaks_off_stops_no_other(deployment: Deployment, known: Callable[..., None]) -> None:
    known(a_job("a", "30 2 * * *", breaks, each=True, lane="night"), a_job("b", "31 2 * * *", ends, lane="night"))
    said: list[str] = []
    lane = Lane(deployment, list(jobs(deployment.settings).values()), said.append)
    assert lane.work(Event())
    assert [line.split(" of ")[0] for line in said] == ["a"] and "ConnectionError: the relay is away" in said[0]
    with deployment.store.reading() as session:
        assert {run.job: run.status for run in session.scalars(select(Run))} == {"a": "failed", "b": "done"}
    now = orbit.noon("2026-06-15")
    assert lane.next_wake(now) == now + MINUTE


def test_a_lane_that_cannot_find_out_what_is_due_says_so_and_looks_again(
    deployment: Deployment, known: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    known(a_job("a", "30 2 * * *", ends))
    said: list[str] = []
    lane = Lane(deployment, list(jobs(deployment.settings).values()), said.append)

    def away(*_: object) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(runs, "unfinished", away)
    assert lane.work(Event())
    assert said == ["a: ConnectionError: the database is away"]


def test_a_run_stops_between_two_items_and_is_one_to_go_on_with(deployment: Deployment, known: Callable[..., None]) -> None:
    done: list[int] = []
    stop = Event()

    def do(_session: Any, item: int) -> int:
        done.append(item)
        stop.set()
        return 1

    def run(deployment: Deployment, key: RunKey, now: datetime, _workers: int, progress: Progress) -> Result:
        return each_item(deployment, key, now, lambda _session: [n for n in (1, 2, 3) if n not in done], do, progress)

    known(a_job("a", "30 2 * * *", run))
    lane = Lane(deployment, list(jobs(deployment.settings).values()), print)
    assert not lane.work(stop)
    assert done == [1]
    with deployment.store.reading() as session:
        assert session.scalar(select(Run.status)) == "running"
    with deployment.store.reading() as session:
        key = runs.key_of(history(session, "a", 1)[0])
    result = attempt(deployment, run, key, NIGHT, 1, silent)
    assert (result.status, result.items, done) == ("done", 3, [1, 2, 3])


# --- late -------------------------------------------------------------------------------------------------------


def test_a20_health_turns_red_when_a_job_is_late_and_reads_stay_right(deployment: Deployment) -> None:
    """26 hours after a run on time; and Low ends on February 1, 2028 whether or not a run has been."""
    orbit.enrolled(deployment, ["M0"])
    orbit.travelled(deployment, "M0", "k", "2026-06-01", 150)
    job = job_named(deployment.settings, "recalculate")
    stands = state(deployment, NIGHT, "recalculate")
    assert (stands.late, stands.late_since, stands.last_status) == (True, None, "never run")
    run_due(deployment, job, NIGHT, silent)
    for after, late in ((0 * HOUR, False), (26 * HOUR, False), (26 * HOUR + MINUTE, True)):
        assert state(deployment, NIGHT + after, "recalculate").late == late
    assert state(deployment, NIGHT + 90 * HOUR, "recalculate").late_since == NIGHT + 24 * HOUR
    with deployment.store.reading() as session:
        account = account_read(session, "M0")
        assert account is not None
        spans = spans_of(session, [account.member_id])[account.member_id]
        assert [tier_on(spans, day(at)) for at in ("2028-01-31", "2028-02-01")] == ["low", "ground"]
        assert [row.tier for row in ladder_count(session, day("2028-02-01"))] == ["ground"]
    run_due(deployment, job, NIGHT + 90 * HOUR, silent)
    assert not state(deployment, NIGHT + 90 * HOUR, "recalculate").late


@pytest.mark.parametrize(
    ("cron", "each", "limit"),
    [("* * * * *", False, 10 * MINUTE), ("*/15 * * * *", False, 30 * MINUTE), ("30 2 15 * *", True, 24 * HOUR)],
)
def test_each_job_is_late_by_its_own_limit(
    deployment: Deployment, known: Callable[..., None], cron: str, each: bool, limit: timedelta
) -> None:
    job = a_job("a", cron, ends, each=each, late=limit)
    known(job)
    run_due(deployment, job, NIGHT, silent)
    following = due_moments(read_cron(cron, deployment.program.zone), NIGHT, NIGHT + 40 * 24 * HOUR)[0]
    assert not state(deployment, following + limit, "a").late
    assert state(deployment, following + limit + timedelta(seconds=1), "a").late


def test_a_job_whose_runs_break_off_is_late(deployment: Deployment, known: Callable[..., None]) -> None:
    broken, well = (a_job("a", "30 2 * * *", run, each=True) for run in (breaks, ends))
    known(broken)
    run_due(deployment, well, NIGHT, silent)
    run_due(deployment, broken, NIGHT + 24 * HOUR, silent)
    stands = state(deployment, NIGHT + 26 * HOUR, "a")
    assert (stands.late, stands.last_status, stands.last_error) == (True, "failed", "ConnectionError: the relay is away")
    # a later night that ends well does not hide the one that is still to be gone on with
    key = RunKey("a", NIGHT + 48 * HOUR, day("2026-06-17"), scheduled=True)
    attempt(deployment, ends, key, NIGHT + 48 * HOUR, 1, silent)
    assert state(deployment, NIGHT + 49 * HOUR, "a").late_since == NIGHT + 24 * HOUR
    run_due(deployment, well, NIGHT + 49 * HOUR, silent)
    assert not state(deployment, NIGHT + 49 * HOUR, "a").late


# --- items ------------------------------------------------------------------------------------------------------


@pytest.fixture
def letters(deployment: Deployment) -> Iterator[None]:
    """A table of things that are due, with ids as large as they come."""
    with deployment.store.transaction() as session:
        session.execute(text("CREATE TABLE letter (id BIGINT PRIMARY KEY, sent INTEGER NOT NULL)"))
        for item in LETTERS:
            session.execute(text("INSERT INTO letter VALUES (:item, 0)"), {"item": item})
    yield
    with deployment.store.transaction() as session:
        session.execute(text("DROP TABLE letter"))


LETTERS = (1, 2, 3, 2**62, 2**63 - 1)


def unsent(session: Any) -> list[int]:
    return list(session.scalars(text("SELECT id FROM letter WHERE sent = 0 ORDER BY id")))


def sending(bad: frozenset[int] = frozenset(), killed_after: int = 99) -> Any:
    """A job that sends letters; some of them cannot be, and it may be killed."""

    def send(session: Any, item: int) -> int | None:
        changed = session.execute(text("UPDATE letter SET sent = sent + 1 WHERE id = :item AND sent = 0"), {"item": item})
        if item in bad:
            raise ValueError(f"no address for {item}")
        return 2 if changed.rowcount else None

    def run(deployment: Deployment, key: RunKey, now: datetime, _workers: int, _progress: Progress) -> Result:
        def progress(done: int, _total: int) -> None:
            if done == killed_after:
                raise Stopped

        return each_item(deployment, key, now, unsent, send, progress)

    return run


@pytest.mark.usefixtures("letters")
def test_an_item_that_fails_is_recorded_nothing_of_it_stays_and_the_others_go_on(deployment: Deployment) -> None:
    bad = frozenset({2, 2**63 - 1})
    job = a_job("post", "* * * * *", sending(bad))
    (result,) = run_due(deployment, job, NIGHT, silent)
    assert (result.status, result.items, result.changes) == ("failed", 3, 6)
    assert result.failures == {item: f"ValueError: no address for {item}" for item in bad}
    with deployment.store.reading() as session:
        assert unsent(session) == sorted(bad)
    assert run_due(deployment, job, NIGHT, silent) == []
    (result,) = run_due(deployment, a_job("post", "* * * * *", sending()), NIGHT + MINUTE, silent)
    assert (result.status, result.items, result.failures) == ("done", 2, {})


@pytest.mark.usefixtures("letters")
def test_a_killed_run_goes_on_with_the_items_that_are_still_due(deployment: Deployment) -> None:
    bad = frozenset({1})
    with pytest.raises(Stopped):
        run_due(deployment, a_job("post", "* * * * *", sending(bad, killed_after=3)), NIGHT, silent)
    # the same run, though its failed item could be sent now: that is for the next
    (result,) = run_due(deployment, a_job("post", "* * * * *", sending()), NIGHT, silent)
    assert (result.status, result.items, list(result.failures)) == ("failed", 4, [1])
    (result,) = run_due(deployment, a_job("post", "* * * * *", sending()), NIGHT + MINUTE, silent)
    assert (result.status, result.items) == ("done", 1)


# --- history ----------------------------------------------------------------------------------------------------


def test_old_history_goes_and_what_the_schedule_goes_by_stays(deployment: Deployment) -> None:
    def item(deployment: Deployment, key: RunKey, now: datetime, _workers: int, _progress: Progress) -> Result:
        def do(_session: Any, item: int) -> int:
            if item == 2:
                raise ValueError("never")
            return 1

        return each_item(deployment, key, now, lambda _session: [1, 2], do, silent)

    busy, quiet = a_job("busy", "30 2 * * *", item, each=True), a_job("quiet", "30 2 * * *", ends, each=True)
    broken = a_job("broken", "30 2 * * *", breaks, each=True)
    for job in (busy, quiet):
        for nights in (0, 25):
            run_due(deployment, job, NIGHT + nights * 24 * HOUR, silent)
    run_due(deployment, broken, NIGHT, silent)
    night = NIGHT + 26 * 24 * HOUR
    few = Deployment(replace(deployment.settings, keep_runs=20, keep_quiet_runs=3))
    (result,) = run_due(few, job_named(few.settings, "trim"), night + 2 * HOUR, silent)
    few.store.close()
    with deployment.store.reading() as session:
        kept = {name: [run.due for run in history(session, name, 1000)] for name in ("busy", "quiet", "broken")}
        assert orbit.count(session, RunFailure) == len(kept["busy"])
    # the job that deletes is due at 03:45, on night 26
    assert kept["busy"] == [NIGHT + nights * 24 * HOUR for nights in range(25, 6, -1)]
    assert kept["quiet"] == [NIGHT + nights * 24 * HOUR for nights in range(25, 23, -1)]
    assert kept["broken"] == [NIGHT]
    assert (result.status, result.items) == ("done", 7 + 24)
    assert [run_due(deployment, job, night - HOUR, silent) for job in (busy, quiet)] == [[], []]
    with deployment.store.reading() as session:
        assert orbit.count(session, RunChunk) == 0
        assert session.scalar(select(func.count()).select_from(Run).where(Run.job == "trim")) == 1
